//! Whether an answer is the caller's yes: a decision without I/O.
//!
//! A yes counts when it can have come from the caller: never in the batch of tool calls that asked, and
//! either by a later turn that the platform reported, by a form that the caller filled in, or, where
//! neither is to be had, by the model's word after the question can have been heard. What comes from
//! outside the model outranks what the model says it heard. A no never needs evidence.

use crate::domain::{Heard, HeardKind, Timestamp};
use crate::policy::Evidence;

/// A yes, a no, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Yes,
    No,
    Neither,
}

/// What opens a yes, whatever follows.
const YES: &[&str] = &["yes", "yeah", "yep", "yup", "absolutely", "definitely", "confirm", "confirmed", "affirmative"];
/// What is a yes alone, and the beginning of anything else: "right, so what I need is the lease".
const ALSO_YES: &[&str] = &["sure", "ok", "okay", "correct", "right", "exactly", "1", "one", "true"];
/// Phrases that are a yes when nothing else is said: within a sentence they are a new request.
const PHRASES: &[&str] = &[
    "go ahead",
    "go on",
    "do it",
    "do that",
    "that's right",
    "thats right",
    "that is right",
    "that's correct",
    "sounds good",
    "send it",
    "share it",
    "of course",
    "press one",
    "pressed one",
    "number one",
];
/// What carries no meaning in an answer.
const FILLERS: &[&str] =
    &["um", "uh", "er", "oh", "well", "please", "thanks", "thank", "you", "now", "then", "just", "hm", "hmm", "ah", "and"];
const NO: &[&str] = &[
    "no", "nope", "nah", "not", "don't", "dont", "stop", "cancel", "wait", "wrong", "never", "negative", "abort", "forget", "2", "two",
    "false",
];
/// A longer turn is not the answer to a question of yes or no, however it begins.
const LONGEST_ANSWER: usize = 16;

/// Reads an answer. A no anywhere wins: "yes, no, wait" is no yes. Neither is a question back, nor a
/// sentence that only contains a word of assent: "the March one", "share it with Dana".
pub(super) fn word(text: &str) -> Word {
    let lower = text.to_lowercase().replace('’', "'");
    let words: Vec<&str> = lower.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| NO.contains(word)) {
        return Word::No;
    }
    let meant: Vec<&str> = words.iter().copied().filter(|word| !FILLERS.contains(word)).collect();
    let Some(first) = meant.first() else { return Word::Neither };
    if lower.contains('?') || words.len() > LONGEST_ANSWER {
        return Word::Neither;
    }
    if YES.contains(first) || is_assent(&meant) { Word::Yes } else { Word::Neither }
}

/// Whether words are nothing but assent, in any number and order.
fn is_assent(words: &[&str]) -> bool {
    let Some((first, rest)) = words.split_first() else { return true };
    if YES.contains(first) || ALSO_YES.contains(first) {
        return is_assent(rest);
    }
    PHRASES.iter().any(|phrase| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        words.strip_prefix(phrase.as_slice()).is_some_and(is_assent)
    })
}

/// Reads what the platform reported.
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

const fn strength(kind: HeardKind) -> Evidence {
    match kind {
        HeardKind::Text => Evidence::Heard,
        HeardKind::Digits => Evidence::Keypad,
    }
}

/// What may be done with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ruling {
    /// Do it.
    Do,
    /// Give it up.
    Drop,
    /// Neither yes nor no, or a yes that may have been said to something else.
    AskAgain,
    /// Nobody can have heard the question yet, or only the model says yes.
    NotHeard,
    /// A yes that was spoken where a pressed key is asked for.
    NeedsKey,
}

/// What bears on an answer.
#[derive(Debug, Clone)]
pub(super) struct Facts<'a> {
    /// What the model says the caller said.
    pub answer: &'a str,
    /// What the platform reported last, unless it was used up as a code.
    pub heard: Option<&'a Heard>,
    /// Whether this is the batch of tool calls that asked.
    pub same_batch: bool,
    /// When the question was put, the last time.
    pub asked_at: Timestamp,
    /// Before then nobody can have heard it.
    pub not_before: Timestamp,
    /// When the call put another question since.
    pub other_asked_at: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
    /// What is asked for beside the model's word.
    pub demanded: Evidence,
}

/// Rules on an answer that came through a tool's arguments.
pub(super) fn rule(facts: &Facts<'_>) -> Ruling {
    // What the caller said after the question, by the platform's own account.
    let turn = facts.heard.filter(|heard| heard.at > facts.asked_at).map(|heard| (heard_word(heard), heard));
    // A yes that came after another question may be a yes to that one.
    let is_ours = |at: Timestamp| facts.other_asked_at.is_none_or(|other| at <= other);
    match (word(facts.answer), turn) {
        (Word::No, _) | (_, Some((Word::No, _))) => Ruling::Drop,
        _ if facts.same_batch => Ruling::NotHeard,
        // The model heard a yes that the platform's transcript does not hold.
        (_, Some((Word::Neither, _))) | (Word::Neither, _) => Ruling::AskAgain,
        (Word::Yes, Some((Word::Yes, heard))) if !is_ours(heard.at) => Ruling::AskAgain,
        (Word::Yes, Some((Word::Yes, heard))) if strength(heard.kind) < facts.demanded => Ruling::NeedsKey,
        (Word::Yes, None) if facts.demanded > Evidence::ModelWord || facts.now < facts.not_before => Ruling::NotHeard,
        (Word::Yes, None) if !is_ours(facts.now) => Ruling::AskAgain,
        (Word::Yes, Some((Word::Yes, _)) | None) => Ruling::Do,
    }
}

/// Rules on an answer that the caller gave in a form of the client's, past the model.
pub(super) const fn rule_on_form(accepted: bool, demanded: Evidence) -> Ruling {
    match (accepted, demanded) {
        (false, _) => Ruling::Drop,
        (true, Evidence::ModelWord | Evidence::Heard) => Ruling::Do,
        (true, Evidence::Keypad) => Ruling::NeedsKey,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_is_nothing_but_a_yes_and_a_no_anywhere_is_no_yes() {
        for (text, expected) in [
            ("yes", Word::Yes),
            ("Yeah, go ahead.", Word::Yes),
            ("do it", Word::Yes),
            ("um, yes please, share it with Dana", Word::Yes),
            ("ok, go on then", Word::Yes),
            ("that's right, thank you", Word::Yes),
            ("1", Word::Yes),
            ("number one", Word::Yes),
            ("no", Word::No),
            ("yes, no, wait", Word::No),
            ("don’t", Word::No),
            ("2", Word::No),
            ("", Word::Neither),
            ("please", Word::Neither),
            ("what was the name again?", Word::Neither),
            ("yes?", Word::Neither),
            ("John in finance", Word::Neither),
            ("the March one", Word::Neither),
            ("share it with Dana", Word::Neither),
            ("send it to my accountant please", Word::Neither),
            ("right, so what I need is the lease", Word::Neither),
            ("okay what else is in that folder", Word::Neither),
            ("yes I was telling my wife about it the other day and she said the file was somewhere else", Word::Neither),
        ] {
            assert_eq!(word(text), expected, "{text}");
        }
    }

    #[test]
    fn whatever_is_said_is_read_without_a_fault() {
        bolero::check!().with_iterations(2000).with_type::<String>().for_each(|text| {
            let denied = format!("{text} no");
            assert_eq!(word(&denied), Word::No, "`{denied}`");
        });
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn said(text: &str, second: i64) -> Heard {
        Heard { kind: HeardKind::Text, text: text.to_owned(), at: at(second) }
    }

    fn keyed(digits: &str, second: i64) -> Heard {
        Heard { kind: HeardKind::Digits, ..said(digits, second) }
    }

    fn facts<'a>(answer: &'a str, heard: Option<&'a Heard>) -> Facts<'a> {
        Facts {
            answer,
            heard,
            same_batch: false,
            asked_at: at(100),
            not_before: at(105),
            other_asked_at: None,
            now: at(110),
            demanded: Evidence::ModelWord,
        }
    }

    #[test]
    fn the_models_yes_counts_when_the_question_can_have_been_heard() {
        assert_eq!(rule(&facts("yes", None)), Ruling::Do);
        assert_eq!(rule(&Facts { now: at(104), ..facts("yes", None) }), Ruling::NotHeard);
        assert_eq!(rule(&Facts { same_batch: true, ..facts("yes", None) }), Ruling::NotHeard);
        for demanded in [Evidence::Heard, Evidence::Keypad] {
            assert_eq!(rule(&Facts { demanded, ..facts("yes", None) }), Ruling::NotHeard);
        }
    }

    #[test]
    fn what_the_platform_heard_outranks_the_model() {
        let (no, yes, other, before) = (said("no, stop", 103), said("yes please", 103), said("hm, what?", 103), said("yes", 99));
        assert_eq!(rule(&facts("yes", Some(&no))), Ruling::Drop);
        assert_eq!(rule(&Facts { now: at(103), demanded: Evidence::Heard, ..facts("yes", Some(&yes)) }), Ruling::Do);
        assert_eq!(rule(&facts("yes", Some(&other))), Ruling::AskAgain);
        assert_eq!(rule(&Facts { now: at(101), ..facts("yes", Some(&before)) }), Ruling::NotHeard);
        assert_eq!(rule(&Facts { demanded: Evidence::Heard, ..facts("yes", Some(&before)) }), Ruling::NotHeard, "said before the question");
        assert_eq!(rule(&Facts { same_batch: true, ..facts("yes", Some(&yes)) }), Ruling::NotHeard);
        // The words that led to the question, reported late, are no answer to it.
        let request = said("share it with John", 101);
        assert_eq!(rule(&facts("yes", Some(&request))), Ruling::AskAgain);
    }

    #[test]
    fn a_yes_to_another_question_is_no_yes_to_this_one() {
        let after = |heard| Facts { other_asked_at: Some(at(106)), ..facts("yes", heard) };
        let (first, second) = (said("yes", 104), keyed("1", 108));
        assert_eq!(rule(&after(Some(&first))), Ruling::Do, "it was said before the other question was put");
        assert_eq!(rule(&after(Some(&second))), Ruling::AskAgain);
        assert_eq!(rule(&after(None)), Ruling::AskAgain);
        assert_eq!(rule(&Facts { answer: "no", ..after(None) }), Ruling::Drop);
    }

    #[test]
    fn a_spoken_yes_is_less_than_a_pressed_key() {
        let (spoken, pressed) = (said("yes", 106), keyed("1#", 106));
        for (heard, demanded, expected) in [
            (&spoken, Evidence::Heard, Ruling::Do),
            (&spoken, Evidence::Keypad, Ruling::NeedsKey),
            (&pressed, Evidence::Keypad, Ruling::Do),
            (&pressed, Evidence::Heard, Ruling::Do),
        ] {
            assert_eq!(rule(&Facts { demanded, ..facts("yes", Some(heard)) }), expected, "{heard:?} {demanded:?}");
        }
        assert_eq!(rule_on_form(true, Evidence::Heard), Ruling::Do);
        assert_eq!(rule_on_form(true, Evidence::Keypad), Ruling::NeedsKey);
        assert_eq!(rule_on_form(false, Evidence::ModelWord), Ruling::Drop);
    }

    #[test]
    fn a_no_never_needs_evidence_and_a_mumble_asks_again() {
        assert_eq!(rule(&Facts { same_batch: true, now: at(100), ..facts("no", None) }), Ruling::Drop);
        assert_eq!(rule(&facts("maybe", None)), Ruling::AskAgain);
    }
}
