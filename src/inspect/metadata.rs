//! What a document says about itself, and which of it deserves belief.

use docling::DocumentMetadata;
use jiff::civil::Date;

use crate::domain::clean_text;

/// Longest title and author kept, in characters.
const MAX_FIELD: usize = 300;

/// Titles that a program wrote, not a person.
const JUNK_TITLES: [&str; 16] = [
    "untitled",
    "untitled document",
    "untitled spreadsheet",
    "untitled presentation",
    "no title",
    "title",
    "document",
    "new document",
    "blank",
    "default",
    "powerpoint presentation",
    "slide 1",
    "pdf",
    "unknown",
    "none",
    "null",
];

/// Endings of a title that is really the name of the file it was made from.
const FILE_ENDINGS: [&str; 16] =
    [".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".pdf", ".rtf", ".txt", ".odt", ".qxd", ".indd", ".tex", ".dvi", ".html", ".tmp"];

/// Authors that a program wrote.
const JUNK_AUTHORS: [&str; 14] = [
    "unknown",
    "user",
    "author",
    "admin",
    "administrator",
    "none",
    "default",
    "owner",
    "anonymous",
    "windows user",
    "microsoft user",
    "microsoft office user",
    "python-docx",
    "openpyxl",
];

/// The title, unless it is a program's default or just the name of the file.
pub(super) fn believable_title(title: &str, file_name: &str) -> Option<String> {
    let title = clean_text(title, MAX_FIELD);
    let lower = title.to_lowercase();
    let file_name = file_name.to_lowercase();
    let stem = file_name.rsplit_once('.').map_or(file_name.as_str(), |(stem, _)| stem);
    let is_default = JUNK_TITLES.contains(&lower.as_str())
        || ["microsoft word - ", "microsoft powerpoint - ", "microsoft excel - ", "untitled"].iter().any(|start| lower.starts_with(start))
        || ["document", "book", "presentation", "slide"].iter().any(|word| lower.strip_prefix(word).is_some_and(is_number));
    let is_file = lower == file_name || lower == stem || FILE_ENDINGS.iter().any(|end| lower.ends_with(end));
    let letters = title.chars().filter(|character| character.is_alphabetic()).count();
    (letters >= 2 && !is_default && !is_file).then_some(title)
}

fn is_number(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().all(|character| character.is_ascii_digit())
}

/// The author, unless it is a program's default.
pub(super) fn believable_author(author: &str) -> Option<String> {
    let author = clean_text(author, MAX_FIELD);
    let lower = author.to_lowercase();
    (author.chars().any(char::is_alphabetic) && !JUNK_AUTHORS.contains(&lower.as_str())).then_some(author)
}

/// All authors in one line.
pub(super) fn authors(metadata: &DocumentMetadata) -> Option<String> {
    let names: Vec<String> = metadata.authors.iter().take(8).filter_map(|author| believable_author(author)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The day on the document: made, else dated.
pub(super) fn created(metadata: &DocumentMetadata) -> Option<Date> {
    [&metadata.created, &metadata.date].into_iter().flatten().find_map(|text| date_of(text))
}

/// Pages or slides, where the writer counted them.
pub(super) fn counted_pages(metadata: &DocumentMetadata) -> Option<u32> {
    ["pages", "slides"].into_iter().filter_map(|key| metadata.properties.get(key)?.parse().ok()).find(|count| *count > 0)
}

/// The day of an ISO 8601 date or instant, as written: the writer's day, not the one in UTC.
/// Dates before 1970 and after 2199 are clocks that were never set.
pub(super) fn date_of(text: &str) -> Option<Date> {
    let day: Date = text.trim().get(..10)?.parse().ok()?;
    (1970..2200).contains(&day.year()).then_some(day)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_programs_default_is_no_title() {
        for junk in [
            "Untitled",
            "Microsoft Word - Q2.docx",
            "Document1",
            "PowerPoint Presentation",
            "report",
            "Report.PDF",
            "12-34",
            " ",
            "scan.tmp",
        ] {
            assert_eq!(believable_title(junk, "report.pdf"), None, "{junk}");
        }
        assert_eq!(believable_title(" Quarterly\u{202E} Report ", "q2.pdf").as_deref(), Some("Quarterly Report"));
        assert_eq!(believable_title("Document Retention Policy", "p.docx").as_deref(), Some("Document Retention Policy"));
    }

    #[test]
    fn a_date_is_the_day_that_was_written() {
        assert_eq!(date_of("2025-03-01T23:30:00-08:00"), Some(date(2025, 3, 1)));
        assert_eq!(date_of("2025-03-01"), Some(date(2025, 3, 1)));
        for unset in ["1601-01-01T00:00:00Z", "2025", "2025-13-01", "", "yesterday at ten"] {
            assert_eq!(date_of(unset), None, "{unset}");
        }
    }

    #[test]
    fn authors_join_without_defaults() {
        let metadata = DocumentMetadata { authors: vec!["Ann Lee".into(), "User".into(), "Bob".into()], ..DocumentMetadata::default() };
        assert_eq!(authors(&metadata).as_deref(), Some("Ann Lee, Bob"));
    }
}
