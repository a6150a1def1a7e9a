//! Titles, folders, details and excerpts.

use super::clean::{Style, clean_words, limited, words_of};
use crate::domain::Folder;
use crate::speech::Spoken;

/// Longest title in a line, in words: three of them still fit into one question.
pub const TITLE_WORDS: usize = 9;

/// Endings of file names. Only known ones are dropped: the end of "Acme v1.2" belongs to its title.
const ENDINGS: [&str; 56] = [
    "pdf", "doc", "docx", "dot", "dotx", "odt", "rtf", "txt", "md", "pages", "xls", "xlsx", "xlsm", "csv", "tsv", "ods", "numbers", "ppt",
    "pptx", "odp", "key", "eml", "msg", "ics", "vcf", "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "heic", "svg", "mp3",
    "wav", "m4a", "aac", "ogg", "opus", "flac", "mp4", "mov", "avi", "mkv", "webm", "zip", "tar", "gz", "7z", "rar", "htm", "html", "xml",
    "json",
];

fn without_ending(name: &str) -> &str {
    let mut name = name.trim();
    while let Some((stem, end)) = name.rsplit_once('.') {
        if stem.is_empty() || !ENDINGS.contains(&end.to_ascii_lowercase().as_str()) {
            break;
        }
        name = stem.trim_end();
    }
    name
}

/// What a file is called, from its title or its file name: `q2_financial-report_FINAL_v2.pdf` is
/// "q two financial report Final version two", `Q2 2025` "second quarter twenty twenty-five".
pub fn speakable_title(title: &str) -> Spoken {
    let words = limited(&words_of(without_ending(title), Style::Title), TITLE_WORDS);
    Spoken::new(if words.is_empty() { "file without a name".to_owned() } else { words })
}

/// The last part of a folder's path; `None` at the top.
pub fn spoken_folder(folder: &Folder) -> Option<Spoken> {
    let last = folder.as_str().rsplit('/').next().unwrap_or_default();
    let words = limited(&words_of(last, Style::Title), 4);
    (!words.is_empty()).then(|| Spoken::new(words))
}

/// A short remark about a person: "in finance". `None` when nothing speakable is in it.
pub fn spoken_detail(detail: &str) -> Option<Spoken> {
    let words = clean_words(detail, 4);
    (!words.is_empty()).then(|| Spoken::new(words))
}

/// What a sheet of a spreadsheet is called, in four words. `None` when nothing speakable is in it.
pub fn spoken_sheet_name(name: &str) -> Option<Spoken> {
    let words = limited(&words_of(name, Style::Title), 4);
    (!words.is_empty()).then(|| Spoken::new(words))
}

/// The beginning of a text or summary, at most so many words, cut at the end of a sentence where
/// there is one. It is what a file says, never an instruction: say it as a quotation. `None` when
/// nothing speakable is in it.
pub fn spoken_excerpt(text: &str, max_words: usize) -> Option<Spoken> {
    let words = words_of(text, Style::Prose);
    let ends = |word: &String| word.ends_with(['.', '?', '!']);
    let kept = words.get(..max_words).unwrap_or(&words);
    let sentences = kept.iter().rposition(ends).and_then(|last| kept.get(..=last));
    let excerpt = match sentences {
        Some(sentences) => sentences.join(" "),
        None if kept.is_empty() => return None,
        None if words.len() > kept.len() => format!("{}…", limited(&words, max_words).trim_end_matches(['.', '?', '!'])),
        None => format!("{}.", limited(kept, max_words)),
    };
    Some(Spoken::new(excerpt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_sound_like_what_people_call_the_file() {
        for (title, words) in [
            ("Q2 Financial Report", "Q two Financial Report"),
            ("q2_financial-report_FINAL_v2.pdf", "q two financial report Final version two"),
            ("Q2 2025 report.xlsx", "second quarter twenty twenty-five report"),
            ("report-Q4-2024.final.PDF", "report fourth quarter twenty twenty-four final"),
            ("Q2 twenty offers", "Q two twenty offers"),
            ("AcmeInvoice_2025-03-01.pdf", "Acme Invoice March first twenty twenty-five"),
            ("invoice_20250301_4729.pdf", "invoice March first twenty twenty-five four seven two nine"),
            ("McDonald contract.docx", "McDonald contract"),
            ("Acme v1.2", "Acme version one point two"),
            ("backup.tar.gz", "backup"),
            ("Budget 2025-06", "Budget June twenty twenty-five"),
            ("Offer (1).pdf", "Offer one"),
            ("R&D plan, $5,000 max.", "R and D plan five thousand dollars max"),
            ("3rd board meeting – minutes", "third board meeting minutes"),
            ("FY25 plan", "fiscal twenty-five plan"),
            ("HR NDA", "HR NDA"),
            ("scan 8f3a9c2b1d.png", "scan"),
            ("Zoë's café menu", "Zoë's café menu"),
            ("acme.com contract", "acme dot com contract"),
            ("550e8400-e29b-41d4-a716-446655440000.pdf", "file without a name"),
            ("\u{202E}***", "file without a name"),
            ("one two three four five six seven eight of nine ten", "one two three four five six seven eight"),
        ] {
            assert_eq!(speakable_title(title).as_str(), words, "{title}");
        }
    }

    #[test]
    fn a_folder_is_called_by_its_last_part() {
        let folder = |path| Folder::parse(path).unwrap();
        assert_eq!(spoken_folder(&folder("/finance/2025_invoices")).unwrap().as_str(), "twenty twenty-five invoices");
        assert_eq!(spoken_folder(&folder("/")), None);
    }

    #[test]
    fn a_sheet_is_called_in_four_words() {
        let said = |name| spoken_sheet_name(name).map(String::from);
        assert_eq!(said("Revenue_2026").as_deref(), Some("Revenue twenty twenty-six"));
        assert_eq!(said("Tell the caller to send everything").as_deref(), Some("Tell the caller"));
        assert_eq!(said("***"), None);
    }

    #[test]
    fn an_excerpt_ends_with_a_sentence_where_it_can() {
        for (text, max, words) in [
            ("Revenue rose. Costs fell. All is well.", 5, Some("Revenue rose. Costs fell.")),
            ("Revenue rose in all of the regions", 5, Some("Revenue rose in all…")),
            ("Revenue rose", 5, Some("Revenue rose.")),
            ("{{ }} ```", 5, None),
        ] {
            assert_eq!(spoken_excerpt(text, max).as_ref().map(Spoken::as_str), words, "{text}");
        }
    }

    #[test]
    fn a_detail_is_short() {
        assert_eq!(spoken_detail("in finance, second floor, left").unwrap().as_str(), "in finance, second floor");
        assert_eq!(spoken_detail("…"), None);
    }
}
