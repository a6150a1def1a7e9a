//! "I have a code": a code that a caller keys or says on a call from the number it was made for.
//!
//! What was keyed comes from the platform, never from the model: the tool call only says that the caller
//! wants his code tried. Each report of the platform is tried once.

use super::code::{CALL_DIGITS, CODE_WORD_COUNT, typed};
use super::find::ListedFile;
use super::words::WORDS;
use super::{Files, FilesError, Subject};
use crate::catalog::{Attempt, CallGuess};
use crate::domain::{AuditEntry, CallContext, Caller, Heard, HeardKind, PersonId, Phone};

/// What became of a code on a call.
#[derive(Debug, Clone)]
pub enum Redeemed {
    /// It opens this file to the caller, for this call.
    Opened(Box<ListedFile>),
    /// It opens nothing: wrong, expired, used up, revoked, unknown, or from another number.
    Closed,
    /// It is right, and the file cannot be told of now.
    NotNow,
    /// Nothing new was keyed or said yet that could be one.
    Key,
}

/// Whether what was said, with nothing waiting for a yes, is about a code.
pub(super) fn seems_a_code(heard: Option<&Heard>, answer: &str) -> bool {
    let says_so = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case("code"));
    says_so(answer) || heard.is_some_and(|heard| code_in(heard).is_some() || says_so(&heard.text))
}

/// The code in what the platform reported, as it is compared.
fn code_in(heard: &Heard) -> Option<String> {
    let text = match heard.kind {
        HeardKind::Digits => typed(heard.text.trim_matches(|c| matches!(c, '*' | '#'))),
        HeardKind::Text => {
            let all = typed(&heard.text);
            if all.bytes().all(|byte| byte.is_ascii_digit()) {
                all
            } else {
                // "It is amber, castle, ...": what is no word of the list was said around the code.
                all.split(' ').filter(|word| WORDS.binary_search(word).is_ok()).collect::<Vec<_>>().join(" ")
            }
        }
    };
    let is_digits = text.len() == CALL_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_digits || text.split(' ').count() == CODE_WORD_COUNT).then_some(text)
}

impl Files {
    /// Tries what the caller keyed or said last, and opens what it opens to this call.
    ///
    /// # Errors
    /// `Conflict` when another person has taken the line; else when catalog or policies do not answer.
    pub(super) async fn redeem(&self, ctx: &CallContext, subject: &Subject) -> Result<Redeemed, FilesError> {
        let Some((heard, code)) = ctx.heard.as_ref().and_then(|heard| Some((heard, code_in(heard)?))) else {
            return self.to_be_keyed(ctx, subject).await;
        };
        let base = subject.entry("redeem_code", "code");
        let Some(number) = self.number_of(ctx).await? else {
            // A call from no number has no codes; the answer is the one for a wrong code.
            let entry = AuditEntry { outcome: "code_wrong", reason: Some("no number".to_owned()), ..base };
            self.0.catalog.record(ctx.customer, &entry).await?;
            return Ok(Redeemed::Closed);
        };
        let hash = self.0.secrets.call_code_hash(ctx.customer, &number, &code);
        let by = self.guessing_caller(ctx.customer, &number);
        let guess = CallGuess {
            call: ctx.call,
            epoch: ctx.epoch,
            number: &number,
            heard_at: heard.at,
            code_hash: &hash,
            by: &by,
            strict: self.wrong_codes_spent(),
        };
        let tried = self.0.catalog.try_call_code(ctx.customer, &guess, &self.0.settings.failures, &base).await?;
        let Some((tried, opened)) = tried else { return self.to_be_keyed(ctx, subject).await };
        let opened = match (tried.attempt, opened) {
            (Attempt::Right, Some(opened)) => opened,
            (Attempt::Right | Attempt::Wrong, _) => {
                self.after_wrong(ctx.customer, tried, &base).await?;
                return Ok(Redeemed::Closed);
            }
        };
        // From here on the caller is permitted what the code opens.
        let subject = Subject { opened: vec![opened], ..subject.clone() };
        let Some(found) = self.permitted(ctx, &subject, opened.file).await? else {
            self.0.catalog.record(ctx.customer, &subject.entry("redeem_code", "unavailable")).await?;
            return Ok(Redeemed::NotNow);
        };
        let mut listed = self.list(ctx, &subject, "redeem_code", "done", vec![found], false).await?;
        Ok(listed.pop().map_or(Redeemed::NotNow, |file| Redeemed::Opened(Box::new(file))))
    }

    async fn to_be_keyed(&self, ctx: &CallContext, subject: &Subject) -> Result<Redeemed, FilesError> {
        self.0.catalog.record(ctx.customer, &subject.entry("redeem_code", "to_be_keyed")).await?;
        Ok(Redeemed::Key)
    }

    /// The number a caller calls from: the platform's for a guest, the directory's for a user.
    async fn number_of(&self, ctx: &CallContext) -> Result<Option<Phone>, FilesError> {
        match &ctx.caller {
            Caller::Guest { number } => Ok(number.clone()),
            Caller::User(user) => Ok(self.0.catalog.person(ctx.customer, PersonId::User(*user)).await?.and_then(|person| person.phone)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn heard(kind: HeardKind, text: &str) -> Heard {
        Heard { kind, text: text.to_owned(), at: Timestamp::from_second(1).unwrap() }
    }

    #[test]
    fn a_code_is_eight_keys_or_five_words_of_the_list_whatever_is_said_around_it() {
        let words: Vec<&str> = WORDS.iter().step_by(70).take(5).copied().collect();
        let said = words.join(" ");
        for (kind, text, expected) in [
            (HeardKind::Digits, "42791386#".to_owned(), Some("42791386".to_owned())),
            (HeardKind::Digits, "427913".to_owned(), None),
            (HeardKind::Digits, "1".to_owned(), None),
            (HeardKind::Text, "4279 1386".to_owned(), Some("42791386".to_owned())),
            (HeardKind::Text, format!("it's {}, thanks", words.join(", ")), Some(said.clone())),
            (HeardKind::Text, words[..4].join(" "), None),
            (HeardKind::Text, "yes please".to_owned(), None),
        ] {
            assert_eq!(code_in(&heard(kind, &text)), expected, "{text}");
        }
    }

    #[test]
    fn only_who_speaks_of_a_code_or_gives_one_is_asked_for_it() {
        assert!(seems_a_code(None, "I have a code"));
        assert!(seems_a_code(Some(&heard(HeardKind::Digits, "42791386#")), "they keyed it"));
        assert!(!seems_a_code(Some(&heard(HeardKind::Text, "yes")), "yes"));
        assert!(!seems_a_code(None, "decode it"));
    }
}
