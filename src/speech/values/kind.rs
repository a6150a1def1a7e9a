//! Kinds and sizes of files.

use super::number::{cardinal, counted};
use crate::domain::{Category, Topic};
use crate::speech::Spoken;

/// What a file is for: "document", "recording"; anything else is a "file".
pub fn spoken_kind(kind: Category) -> Spoken {
    Spoken::new(match kind {
        Category::Document => "document",
        Category::Spreadsheet => "spreadsheet",
        Category::Presentation => "presentation",
        Category::Mail => "email",
        Category::Image => "picture",
        Category::Recording => "recording",
        Category::Video => "video",
        Category::Archive => "archive",
        Category::Other => "file",
    })
}

/// What a file is by the word it is sorted by, where that says more than its kind: "invoice", "contract". Pictures, recordings and mails are
/// called so whatever they are about.
pub fn spoken_sort(kind: Category, topic: &Topic) -> Spoken {
    let more = match (kind, topic.as_str()) {
        (Category::Document, "invoices") => "invoice",
        (Category::Document, "contracts") => "contract",
        (Category::Document | Category::Presentation, "reports") => "report",
        (Category::Document, "correspondence") => "letter",
        _ => return spoken_kind(kind),
    };
    Spoken::new(more)
}

/// A size in decimal units, one figure after the point below ten: "three hundred kilobytes", "one
/// point two megabytes".
pub fn spoken_size(bytes: u64) -> Spoken {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "terabyte"), (1_000_000_000, "gigabyte"), (1_000_000, "megabyte"), (1_000, "kilobyte")];
    // The unit whose rounded number is not zero: 999,999 bytes are one megabyte, not a thousand kilobytes.
    let Some((unit, name)) = UNITS.into_iter().find(|(unit, _)| bytes.saturating_add(unit / 2_000) >= *unit) else {
        return Spoken::new("under a kilobyte");
    };
    let tenths = u64::try_from((u128::from(bytes) * 10 + u128::from(unit / 2)) / u128::from(unit)).unwrap_or(u64::MAX);
    let (whole, part) = (tenths / 10, tenths % 10);
    Spoken::new(match (whole, part) {
        (0..10, 1..) => format!("{} point {} {name}s", cardinal(whole), cardinal(part)),
        (0..10, _) => counted(whole, name),
        _ => counted(whole + u64::from(part >= 5), name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_two_figures() {
        for (bytes, words) in [
            (0, "under a kilobyte"),
            (999, "under a kilobyte"),
            (1_000, "one kilobyte"),
            (1_024, "one kilobyte"),
            (1_240, "one point two kilobytes"),
            (300_000, "three hundred kilobytes"),
            (999_999, "one megabyte"),
            (1_200_000, "one point two megabytes"),
            (12_600_000, "thirteen megabytes"),
            (5_000_000_000, "five gigabytes"),
            (2_000_000_000_000, "two terabytes"),
        ] {
            assert_eq!(spoken_size(bytes).as_str(), words);
        }
        assert!(spoken_size(u64::MAX).as_str().ends_with("terabytes"));
    }

    #[test]
    fn a_document_is_called_by_what_it_is_and_everything_else_by_its_kind() {
        for (kind, topic, word) in [
            (Category::Document, "invoices", "invoice"),
            (Category::Document, "general", "document"),
            (Category::Document, "lab results", "document"),
            (Category::Spreadsheet, "invoices", "spreadsheet"),
            (Category::Presentation, "reports", "report"),
            (Category::Mail, "correspondence", "email"),
            (Category::Image, "contracts", "picture"),
        ] {
            assert_eq!(spoken_sort(kind, &Topic::parse(topic).unwrap()).as_str(), word, "{topic}");
        }
    }

    #[test]
    fn every_kind_has_a_word() {
        let words: std::collections::BTreeSet<_> = Category::ALL.into_iter().map(spoken_kind).collect();
        assert_eq!(words.len(), Category::ALL.len());
    }
}
