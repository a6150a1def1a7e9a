//! What is said about one file.

use serde::Serialize;

use super::super::line::line;
use crate::speech::Spoken;

/// What stands in the way of using a file at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// It must be restored first.
    Archived,
    /// It is coming back from the archive.
    Restoring,
    /// It is past its lifetime.
    Expired,
    /// It must not be deleted.
    Held,
    /// Its text was read behind a password; its bytes are still locked.
    Locked,
}

/// A password that was given for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenPassword {
    /// It is being tried.
    Trying,
    /// It does not open it.
    Wrong,
}

/// The sheets of a spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpokenSheets {
    /// "two sheets"; `None` for a single one.
    pub count: Option<Spoken>,
    /// Those that are told one by one.
    pub named: Vec<SpokenSheet>,
    /// "three others".
    pub others: Option<Spoken>,
    /// "one is": how many are hidden.
    pub hidden: Option<Spoken>,
}

/// One sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpokenSheet {
    /// What it is called.
    pub name: Option<Spoken>,
    /// "two hundred fourteen rows".
    pub rows: Spoken,
    /// "from January to June".
    pub when: Option<Spoken>,
}

impl SpokenSheets {
    /// With less in it; `None` where nothing can go.
    fn shorter(&self) -> Option<Self> {
        let mut shorter = self.clone();
        let mut dropped = shorter.hidden.take().is_some();
        for sheet in &mut shorter.named {
            dropped |= sheet.when.take().is_some();
        }
        dropped.then_some(shorter)
    }
}

line! {
    /// All that is known of a file but its text, as far as two breaths carry: when its rows are from goes first,
    /// then who has it, its author, its sheets, the end of its title.
    DescribeFile = "describe_file" {
        /// What it is called.
        title: Spoken,
        /// "document".
        kind: Spoken,
        /// How long it is: "three pages", "four minutes".
        extent: Option<Spoken>,
        /// Its day, to be said after "from".
        date: Option<Spoken>,
        /// Who wrote it.
        author: Option<Spoken>,
        /// Who has it besides its owner: "John and two others".
        shared_with: Option<Spoken>,
        /// What is in a spreadsheet.
        sheets: Option<SpokenSheets>,
        /// What stands in the way of using it.
        note: Option<Note>,
    }
    shorter |line| {
        let mut shorter = line.clone();
        if let Some(sheets) = line.sheets.as_ref().and_then(SpokenSheets::shorter) {
            shorter.sheets = Some(sheets);
            return Some(shorter);
        }
        let has_dropped =
            shorter.shared_with.take().is_some() || shorter.author.take().is_some() || shorter.sheets.take().is_some();
        if !has_dropped {
            shorter.title = shorter.title.first_words(4);
        }
        (shorter != *line).then_some(shorter)
    };

    /// A file whose text is behind a password.
    DescribeLocked = "describe_locked" {
        /// What it is called.
        title: Spoken,
        /// "document".
        kind: Spoken,
        /// What became of a password that was given.
        tried: Option<GivenPassword>,
    };

    /// A file whose text could not be read.
    DescribeUnreadable = "describe_unreadable" {
        /// What it is called.
        title: Spoken,
        /// "document".
        kind: Spoken,
    };

    /// A file that has arrived and still waits for the scanner.
    DescribeChecking = "describe_checking" {
        /// What it is called.
        title: Spoken,
    };

    /// A file that is locked away. Only for callers who may know that.
    DescribeQuarantined = "describe_quarantined" {
        /// What it is called.
        title: Spoken,
    };
}
