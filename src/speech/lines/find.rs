//! What is said after a search.

use super::super::choice::{Choice, Narrowing};
use super::super::line::line;
use crate::speech::Spoken;

line! {
    /// One file was found. It asks nothing: what to do with it is the caller's to say.
    FindOne = "find_one" {
        /// What it is called.
        title: Spoken,
        /// "document".
        kind: Spoken,
        /// Its day, to be said after "from".
        date: Option<Spoken>,
        /// Who wrote it.
        author: Option<Spoken>,
    };

    /// One file was found that still waits for the scanner.
    FindOneChecking = "find_one_checking" {
        /// What it is called.
        title: Spoken,
    };

    /// One file was found that is locked away. Only for callers who may know that.
    FindOneQuarantined = "find_one_quarantined" {
        /// What it is called.
        title: Spoken,
    };

    /// Two or three were found.
    FindSeveral = "find_several" {
        /// How many.
        count: Spoken,
        /// The question between them.
        choice: Choice,
    }
    shorter |line| line.choice.title.is_some().then(|| Self { choice: Choice { title: None, ..line.choice.clone() }, ..line.clone() });

    /// More than three were found.
    FindMany = "find_many" {
        /// How many.
        count: Spoken,
        /// The question that makes them fewer.
        narrowing: Narrowing,
    };

    /// Nothing was found that comes near.
    FindNone = "find_none" {};

    /// Nothing was found; one comes near.
    FindNoneNearest = "find_none_nearest" {
        /// What the nearest is called.
        nearest: Spoken,
    };

    /// An answer that comes late, after the talk has gone on.
    Late = "late" {
        /// What it is about.
        about: Spoken,
        /// The answer.
        answer: Spoken,
    }
    shorter |line| (line.about.words() > 3).then(|| Self { about: line.about.first_words(3), ..line.clone() });
}
