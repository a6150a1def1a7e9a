//! What is said of what became of a file.

use super::super::line::line;
use crate::speech::Spoken;

line! {
    /// Somebody opened it by its link.
    HistoryOpened = "history_opened" {
        /// What the file is called.
        title: Spoken,
        /// Who opened it last; nobody named where anyone with the link could.
        opener: Option<Spoken>,
        /// When: `spoken_past`.
        when: Spoken,
        /// How often in all, where that is more than once: "three times".
        times: Option<Spoken>,
        /// Others who opened it, two at most.
        others: Vec<Spoken>,
        /// Somebody who has it and has not opened it.
        waiting: Option<Spoken>,
    }
    shorter |line| {
        if line.title.words() > 4 {
            Some(Self { title: line.title.first_words(4), ..line.clone() })
        } else if !line.others.is_empty() {
            Some(Self { others: Vec::new(), ..line.clone() })
        } else if line.waiting.is_some() {
            Some(Self { waiting: None, ..line.clone() })
        } else {
            None
        }
    };

    /// It was shared and never opened by a link.
    HistoryUnopened = "history_unopened" {
        /// What the file is called.
        title: Spoken,
        /// Whether the caller gave the newest share.
        by_caller: bool,
        /// Who gave it else, where somebody of the directory did.
        giver: Option<Spoken>,
        /// Who has it by the newest share.
        recipient: Spoken,
        /// When that was given: `spoken_past`.
        when: Spoken,
        /// Whether it was taken back since.
        taken_back: bool,
        /// Whether it has come to its end since.
        ended: bool,
    }
    shorter |line| {
        let is_long = |text: &Spoken| text.words() > 4;
        if is_long(&line.title) {
            Some(Self { title: line.title.first_words(4), ..line.clone() })
        } else if is_long(&line.recipient) {
            Some(Self { recipient: line.recipient.first_words(4), ..line.clone() })
        } else {
            let giver = line.giver.as_ref().filter(|giver| is_long(giver))?;
            Some(Self { giver: Some(giver.first_words(4)), ..line.clone() })
        }
    };

    /// It was never shared.
    HistoryUnshared = "history_unshared" {
        /// What the file is called.
        title: Spoken,
    };
}
