//! The caller's answer to the one question that waits in a call.
//!
//! A yes counts when it can have come from the caller: not in the batch of tool calls that asked,
//! and either after a later turn of the caller that the platform reported, or, where the platform
//! reports none, after the question can have been heard. What the platform heard outranks what the
//! model says it heard.

use super::asked::{Confirmed, Question};
use super::{Files, FilesError};
use crate::catalog::Pending;
use crate::domain::{CallContext, Heard, HeardKind, Timestamp};

/// What became of an answer.
#[derive(Debug, Clone)]
pub enum Answered {
    /// Yes: it is done.
    Done(Confirmed),
    /// No: nothing was done.
    Cancelled,
    /// Neither yes nor no; it still waits.
    Unclear(Question),
    /// Nobody can have heard the question yet, or only the model says yes; it still waits.
    NotHeard(Question),
    /// Nothing waits.
    Nothing,
    /// It waited too long.
    Expired,
    /// The file changed since the question.
    Changed,
}

/// A yes, a no, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Yes,
    No,
    Neither,
}

const YES: &[&str] = &[
    "yes",
    "yeah",
    "yep",
    "yup",
    "sure",
    "ok",
    "okay",
    "correct",
    "right",
    "confirm",
    "confirmed",
    "affirmative",
    "absolutely",
    "exactly",
    "1",
    "one",
    "true",
];
const YES_PHRASES: &[&str] = &["go ahead", "do it", "please do", "that's right", "thats right", "sounds good", "send it", "share it"];
const NO: &[&str] = &[
    "no", "nope", "nah", "not", "don't", "dont", "stop", "cancel", "wait", "wrong", "never", "negative", "abort", "forget", "2", "two",
    "false",
];

/// Reads an answer. A no anywhere wins: "yes, no, wait" is no yes.
fn word(text: &str) -> Word {
    let lower = text.to_lowercase().replace('’', "'");
    let words: Vec<&str> = lower.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| NO.contains(word)) {
        return Word::No;
    }
    let joined = words.join(" ");
    if words.iter().any(|word| YES.contains(word)) || YES_PHRASES.iter().any(|phrase| joined.contains(phrase)) {
        Word::Yes
    } else {
        Word::Neither
    }
}

fn heard_word(heard: &Heard) -> Word {
    match heard.kind {
        HeardKind::Text => word(&heard.text),
        HeardKind::Digits => match heard.text.trim().trim_end_matches('#') {
            "1" => Word::Yes,
            "2" => Word::No,
            _ => Word::Neither,
        },
    }
}

/// What may be done with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ruling {
    Do,
    Drop,
    AskAgain,
    NotHeard,
}

/// What bears on an answer.
struct Evidence<'a> {
    answer: &'a str,
    heard: Option<&'a Heard>,
    same_batch: bool,
    asked_at: Timestamp,
    not_before: Timestamp,
    now: Timestamp,
    outside_needs_more: bool,
}

fn rule(evidence: &Evidence<'_>) -> Ruling {
    // What the caller said after the question, by the platform's own account.
    let turn = evidence.heard.filter(|heard| heard.at > evidence.asked_at).map(heard_word);
    match (word(evidence.answer), turn) {
        // A refusal never needs evidence.
        (Word::No, _) | (_, Some(Word::No)) => Ruling::Drop,
        _ if evidence.same_batch => Ruling::NotHeard,
        // The model heard a yes that the platform's transcript does not hold.
        (_, Some(Word::Neither)) | (Word::Neither, _) => Ruling::AskAgain,
        (Word::Yes, None) if evidence.outside_needs_more || evidence.now < evidence.not_before => Ruling::NotHeard,
        (Word::Yes, Some(Word::Yes) | None) => Ruling::Do,
    }
}

impl Files {
    /// Takes the caller's answer to what waits in this call.
    ///
    /// # Errors
    /// `Refused` and the like when rights changed since the question; `Conflict` when another answer
    /// came first; else when the catalog does not answer.
    pub async fn answer(&self, ctx: &CallContext, answer: &str) -> Result<Answered, FilesError> {
        let subject = self.caller(ctx).await?;
        let Some(pending) = self.0.catalog.pending(ctx.customer, ctx.call, ctx.epoch).await? else {
            self.0.catalog.record(ctx.customer, &subject.entry("confirm", "nothing")).await?;
            return Ok(Answered::Nothing);
        };
        if self.now() >= pending.expires_at {
            self.0.catalog.drop_pending(ctx.customer, ctx.call, pending.id, &subject.entry("confirm", "expired")).await?;
            return Ok(Answered::Expired);
        }
        let reviewed = self.review(ctx, &pending).await?;
        if reviewed.is_changed() {
            self.0.catalog.drop_pending(ctx.customer, ctx.call, pending.id, &reviewed.entry(&subject, "changed")).await?;
            return Ok(Answered::Changed);
        }
        match rule(&self.evidence(ctx, answer, &pending, reviewed.is_outside()).await?) {
            Ruling::Do => {
                let confirmed = (ctx.call, pending.id);
                Ok(Answered::Done(self.carry_out(ctx, &subject, confirmed, reviewed).await?))
            }
            Ruling::Drop => {
                self.0.catalog.drop_pending(ctx.customer, ctx.call, pending.id, &reviewed.entry(&subject, "cancelled")).await?;
                Ok(Answered::Cancelled)
            }
            Ruling::AskAgain => {
                self.0.catalog.not_understood(ctx.customer, ctx.call, pending.id, &reviewed.entry(&subject, "unclear")).await?;
                Ok(Answered::Unclear(reviewed.question(pending.failures.saturating_add(1))?))
            }
            Ruling::NotHeard => {
                self.0.catalog.not_understood(ctx.customer, ctx.call, pending.id, &reviewed.entry(&subject, "not_heard")).await?;
                Ok(Answered::NotHeard(reviewed.question(pending.failures.saturating_add(1))?))
            }
        }
    }

    async fn evidence<'a>(
        &self,
        ctx: &'a CallContext,
        answer: &'a str,
        pending: &Pending,
        outside: bool,
    ) -> Result<Evidence<'a>, FilesError> {
        // After text of a file reached the model, its own word is not enough to send things outside.
        let read_files = self.0.catalog.call(ctx.customer, &ctx.call.to_string()).await?.is_some_and(|call| call.untrusted_at.is_some());
        Ok(Evidence {
            answer,
            heard: ctx.heard.as_ref(),
            same_batch: pending.batch.is_some() && pending.batch == ctx.batch,
            asked_at: pending.created_at,
            not_before: pending.not_before,
            now: self.now(),
            outside_needs_more: outside && read_files,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_anywhere_is_no_yes() {
        for (text, expected) in [
            ("yes", Word::Yes),
            ("Yeah, go ahead.", Word::Yes),
            ("do it", Word::Yes),
            ("1", Word::Yes),
            ("no", Word::No),
            ("yes, no, wait", Word::No),
            ("don’t", Word::No),
            ("2", Word::No),
            ("", Word::Neither),
            ("what was the name again?", Word::Neither),
            ("John in finance", Word::Neither),
        ] {
            assert_eq!(word(text), expected, "{text}");
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn heard(text: &str, second: i64) -> Heard {
        Heard { kind: HeardKind::Text, text: text.to_owned(), at: at(second) }
    }

    fn evidence<'a>(answer: &'a str, heard: Option<&'a Heard>) -> Evidence<'a> {
        Evidence { answer, heard, same_batch: false, asked_at: at(100), not_before: at(105), now: at(110), outside_needs_more: false }
    }

    #[test]
    fn the_models_yes_counts_when_the_question_can_have_been_heard() {
        assert_eq!(rule(&evidence("yes", None)), Ruling::Do);
        assert_eq!(rule(&Evidence { now: at(104), ..evidence("yes", None) }), Ruling::NotHeard);
        assert_eq!(rule(&Evidence { same_batch: true, ..evidence("yes", None) }), Ruling::NotHeard);
        assert_eq!(rule(&Evidence { outside_needs_more: true, ..evidence("yes", None) }), Ruling::NotHeard);
    }

    #[test]
    fn what_the_platform_heard_outranks_the_model() {
        let said_no = heard("no, stop", 103);
        let said_yes = heard("yes please", 103);
        let said_else = heard("hm, what?", 103);
        let before = heard("yes", 99);
        assert_eq!(rule(&evidence("yes", Some(&said_no))), Ruling::Drop);
        assert_eq!(rule(&Evidence { now: at(103), outside_needs_more: true, ..evidence("yes", Some(&said_yes)) }), Ruling::Do);
        assert_eq!(rule(&evidence("yes", Some(&said_else))), Ruling::AskAgain);
        assert_eq!(rule(&Evidence { now: at(101), ..evidence("yes", Some(&before)) }), Ruling::NotHeard);
        assert_eq!(rule(&Evidence { same_batch: true, ..evidence("yes", Some(&said_yes)) }), Ruling::NotHeard);
    }

    #[test]
    fn a_no_never_needs_evidence_and_a_mumble_asks_again() {
        assert_eq!(rule(&Evidence { same_batch: true, now: at(100), ..evidence("no", None) }), Ruling::Drop);
        assert_eq!(rule(&evidence("maybe", None)), Ruling::AskAgain);
    }
}
