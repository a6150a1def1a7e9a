//! What any tool may have to say.

use serde::Serialize;

use super::super::line::{Line, line};
use crate::speech::Spoken;

/// An argument of a tool, as a caller would think of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What to look for.
    Query,
    /// What kind of file.
    Kind,
    /// Which file.
    File,
    /// Who gets it.
    With,
    /// What the recipient may do.
    Rights,
    /// For how long.
    Lifetime,
    /// How often.
    Downloads,
    /// When it was done.
    When,
    /// Digits or words.
    Style,
    /// Yes or no.
    Answer,
    /// Any other.
    Other,
}

impl Field {
    /// By the name the tools' schemas use.
    pub fn of(argument: &str) -> Self {
        match argument {
            "query" | "alternatives" => Self::Query,
            "kind" => Self::Kind,
            "file" => Self::File,
            "with" => Self::With,
            "rights" => Self::Rights,
            "lifetime" => Self::Lifetime,
            "downloads" => Self::Downloads,
            "when" => Self::When,
            "style" => Self::Style,
            "answer" => Self::Answer,
            _ => Self::Other,
        }
    }
}

/// A part of Satchel that does not answer, as a caller would think of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The files themselves.
    Store,
    /// Finding them.
    Search,
    /// The address book.
    People,
    /// Anything else.
    General,
}

line! {
    /// Nothing went as it should.
    Apology = "apology" {};

    /// There is no such thing, or the caller may not know of it: the same words, as there must be
    /// no difference to hear.
    NotFound = "not_found" {};

    /// Not allowed, to somebody who may know the thing.
    NotAllowed = "not_allowed" {};

    /// An argument could not be understood; the line asks for it.
    Invalid = "invalid" {
        /// Which.
        field: Field,
    };

    /// A part does not answer.
    Unavailable = "unavailable" {
        /// Which.
        part: Part,
    };

    /// It takes longer than a breath; the handle goes into `data`, not into the ear.
    Working = "working" {
        /// What it is about.
        about: Option<Spoken>,
    };

    /// The model named a file that this call did not list.
    Listed = "listed" {
        /// How many were listed.
        count: Spoken,
        /// The last of them, three at most.
        titles: Vec<Spoken>,
        /// Whether there were more.
        more: bool,
    }
    shorter |line| {
        let titles: Vec<_> = line.titles.iter().map(|title| title.first_words(5)).collect();
        (titles != line.titles).then(|| Self { titles, ..line.clone() })
    };

    /// The model named a file, and this call has listed none.
    NothingListed = "nothing_listed" {};

    /// The file is locked away. Only for callers who may know that.
    Quarantined = "quarantined" {
        /// What it is called.
        title: Spoken,
    };

    /// The file waits for the scanner, so this cannot be done yet.
    StillChecking = "still_checking" {
        /// What it is called.
        title: Spoken,
    };

    /// Over a limit on rate or number.
    TooMany = "too_many" {};

    /// The same request again: nothing was done twice.
    AsISaid = "as_i_said" {
        /// The earlier answer.
        answer: Spoken,
    };
}

/// Refused to somebody who may not know that the thing exists: word for word [`NotFound`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {}

impl Line for Refused {
    const NAME: &'static str = NotFound::NAME;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Speech;

    #[test]
    fn refused_and_not_found_cannot_be_told_apart() {
        let speech = Speech::load("en").unwrap();
        assert_eq!(speech.say(&Refused {}), speech.say(&NotFound {}));
    }

    #[test]
    fn an_argument_that_no_line_names_is_asked_for_in_general() {
        assert_eq!((Field::of("with"), Field::of("alternatives"), Field::of("x_y")), (Field::With, Field::Query, Field::Other));
    }
}
