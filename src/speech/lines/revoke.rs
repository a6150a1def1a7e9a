//! What is said when something that was shared is taken back.

use serde::Serialize;

use super::super::line::line;
use crate::speech::Spoken;

/// How far what is taken back had been opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenedBefore {
    /// One share, never opened.
    Never,
    /// One share, opened so many times.
    Already,
    /// Several shares, none opened.
    NoneOfThem,
    /// Several shares, so many of them opened.
    SomeOfThem,
    /// Several shares, all opened.
    AllOfThem,
}

/// What separates several shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SharesDiffer {
    /// Who has them.
    Recipient,
    /// What they are of.
    Title,
    /// When they were given.
    When,
}

line! {
    /// Taken back.
    RevokeDone = "revoke_done" {
        /// How many files, where there are too many to name.
        count: Option<Spoken>,
        /// What the files are called, two at most.
        titles: Vec<Spoken>,
        /// From whom: two at most, or how many people.
        recipients: Vec<Spoken>,
        /// How far they had been opened.
        opened: OpenedBefore,
        /// "twice" of one share, "two" of several.
        times: Option<Spoken>,
    }
    shorter |line| {
        let is_long = |text: &Spoken| text.words() > 4;
        let short = |texts: &[Spoken]| texts.iter().map(|text| text.first_words(4)).collect();
        if line.titles.iter().any(is_long) {
            Some(Self { titles: short(&line.titles), ..line.clone() })
        } else if line.recipients.iter().any(is_long) {
            Some(Self { recipients: short(&line.recipients), ..line.clone() })
        } else {
            None
        }
    };

    /// It could be two or three things.
    ChooseShare = "revoke_choose" {
        /// What separates them.
        by: SharesDiffer,
        /// Each by that.
        options: Vec<Spoken>,
    }
    shorter |line| {
        let is_long = line.options.iter().any(|option| option.words() > 8);
        is_long.then(|| Self { options: line.options.iter().map(|option| option.first_words(8)).collect(), ..line.clone() })
    };

    /// It could be more than three things.
    ManyShares = "revoke_many" {
        /// How many.
        count: Spoken,
    };

    /// Nothing like it is shared.
    NothingShared = "revoke_nothing" {};
}
