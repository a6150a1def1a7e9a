//! Text and metadata of one file, by its kind.

use std::borrow::Cow;

use docling::{ConversionError, DoclingDocument, DocumentConverter, InputFormat, Node, SourceDocument};

use super::kind::{Kind, Reader};
use super::protocol::Reading;
use super::written::Written;
use super::{calendar, card, language, listing, mail, media, metadata, ole, package, pdf, picture, rtf, summary, written, xml};
use crate::domain::{AudioFacts, Category, ExtractionStatus, PhotoFacts, clean_text};

const LOCKED: &str = "it is locked with a password";
const DAMAGED: &str = "the file is damaged";
const SCANNED: &str = "it has no text layer; it looks scanned";
const NO_TEXT: &str = "no text was found in it";
const TOO_LARGE: &str = "it is larger than what is read for text";

/// Reads what there is. `whole` is false when the bytes are only the beginning of the file.
pub(super) fn read(kind: &Kind, bytes: Vec<u8>, whole: bool, name: &str, max_text: usize) -> Reading {
    let empty = |reason| Reading::without_text(ExtractionStatus::Empty, reason);
    match kind.reader {
        Reader::Nobody(reason) => empty(reason),
        Reader::Locked => Reading::without_text(ExtractionStatus::Locked, LOCKED),
        Reader::Media => {
            let mut reading = empty(if kind.category == Category::Video { "it is a video" } else { "it is a recording" });
            let recording = media::read(&bytes);
            let (title, artist, album) = (recording.title.clone(), recording.artist.clone(), recording.album);
            reading.facts.audio = Some(AudioFacts { title, artist, album }).filter(|audio| *audio != AudioFacts::default());
            reading.title = recording.title.and_then(|title| metadata::believable_title(&title, name));
            reading.author = recording.artist.and_then(|artist| metadata::believable_author(&artist));
            reading.created_date = recording.date;
            // The length of a recording that was cut is a guess.
            reading.duration_ms = recording.duration_ms.filter(|_| whole);
            cut(&tidy(&recording.words), max_text).clone_into(&mut reading.text);
            reading
        }
        _ if !whole => Reading::without_text(ExtractionStatus::Failed, TOO_LARGE),
        Reader::Picture => {
            let mut reading = empty("it is a picture");
            let found = picture::read(bytes, name);
            reading.title = found.title;
            reading.author = found.author;
            reading.created_date = found.date;
            reading.facts.photo = Some(found.photo).filter(|photo| *photo != PhotoFacts::default());
            reading.findings.extend(found.place);
            cut(&tidy(&found.words), max_text).clone_into(&mut reading.text);
            reading
        }
        Reader::Archive(packing) => {
            let mut reading = listing::read(packing, &bytes, name);
            reading.text = cut(&reading.text, max_text).to_owned();
            reading
        }
        Reader::Plain | Reader::Xml | Reader::Calendar | Reader::Card => {
            let source = SourceDocument::from_bytes("text", InputFormat::Text, bytes);
            match source.text() {
                Ok(text) => characters(kind, &text, name, max_text),
                Err(_) => Reading::without_text(ExtractionStatus::Failed, "its characters could not be decoded"),
            }
        }
        Reader::Document(format) => document(kind, format, bytes, name, max_text),
    }
}

/// Files written in characters. What a reader of one kind finds nothing in is text all the same.
fn characters(kind: &Kind, text: &str, name: &str, max_text: usize) -> Reading {
    let (title, author, date, words) = match kind.reader {
        Reader::Xml => {
            let found = xml::read(text);
            (found.title, None, None, Some(found.text).filter(|_| found.is_whole))
        }
        Reader::Calendar => {
            let found = calendar::read(text);
            (found.title, found.organiser, found.date, Some(found.text))
        }
        Reader::Card => {
            let found = card::read(text);
            (found.title, None, None, Some(found.text))
        }
        _ => (None, None, None, None),
    };
    let words = words.filter(|words| !words.trim().is_empty());
    let mut reading = with_text(words.as_deref().unwrap_or(text), kind, max_text);
    reading.title = title.and_then(|title| metadata::believable_title(&title, name));
    reading.author = author.and_then(|author| metadata::believable_author(&author));
    reading.created_date = date;
    reading
}

/// Why a password opened nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shut {
    /// It is another one.
    Wrong,
    /// No password opens it here.
    Otherwise,
}

/// Reads a document that a password opens.
pub(super) fn unlocked(
    kind: &Kind,
    format: InputFormat,
    bytes: Vec<u8>,
    name: &str,
    password: &str,
    max_text: usize,
) -> Result<Reading, Shut> {
    read_document(kind, format, bytes, name, max_text, Some(password))
}

fn document(kind: &Kind, format: InputFormat, bytes: Vec<u8>, name: &str, max_text: usize) -> Reading {
    read_document(kind, format, bytes, name, max_text, None).unwrap_or_else(|_| Reading::without_text(ExtractionStatus::Locked, LOCKED))
}

fn read_document(
    kind: &Kind,
    format: InputFormat,
    bytes: Vec<u8>,
    name: &str,
    max_text: usize,
    password: Option<&str>,
) -> Result<Reading, Shut> {
    // Neutral settings: no network, no files beside it, tables without padding.
    let converter = DocumentConverter::new().compact_tables(true).list_attachments(true).password(password.map(str::to_owned));
    let source = SourceDocument::from_bytes("document", format, bytes);
    let found = converter.document_metadata(&source);
    let old = own_properties(format, &source.bytes);
    // Converting takes the bytes; some formats are looked at a second time.
    let again = if has_second_look(format) { source.bytes.clone() } else { Vec::new() };
    let head = (kind.category == Category::Mail).then(|| mail::head(&source.bytes)).flatten();
    let (mut reading, seen) = match converter.convert(source) {
        Ok(whole) => {
            let seen = Seen::of(kind, format, &whole.document);
            (with_parts(&written::write(whole.document), kind, max_text), seen)
        }
        Err(error) if format == InputFormat::Pdf => {
            (pdf_without_text(&error, (&again, password), found.is_empty(), kind, max_text)?, Seen::default())
        }
        Err(error) => (failed(&error)?, Seen::default()),
    };
    if reading.status == ExtractionStatus::Empty && reading.text.is_empty() {
        let words = look_again(format, &again);
        if !words.trim().is_empty() {
            reading = with_text(&words, kind, max_text);
        }
    }
    let Seen { envelope, heading, pages } = seen;
    reading.facts.mail = head.or_else(|| envelope.facts());
    reading.title = envelope.subject.or_else(|| {
        let titles = [found.title.as_deref(), old.title.as_deref(), heading.as_deref()];
        titles.into_iter().flatten().find_map(|title| metadata::believable_title(title, name))
    });
    reading.author =
        envelope.from.or_else(|| metadata::authors(&found)).or_else(|| old.author.as_deref().and_then(metadata::believable_author));
    reading.created_date = envelope.date.or_else(|| metadata::created(&found)).or(old.created);
    let pages = pages.or(reading.page_count);
    let pages = pages.or_else(|| metadata::counted_pages(&found)).or(old.pages);
    reading.page_count = pages.filter(|_| kind.category != Category::Mail);
    Ok(reading)
}

/// What a document shows while it is still one.
#[derive(Default)]
struct Seen {
    envelope: mail::Envelope,
    heading: Option<String>,
    pages: Option<u32>,
}

impl Seen {
    fn of(kind: &Kind, format: InputFormat, document: &DoclingDocument) -> Self {
        Self {
            envelope: if kind.category == Category::Mail { mail::envelope(document) } else { mail::Envelope::default() },
            heading: if kind.content_type.starts_with("text/") { first_heading(document) } else { None },
            pages: pages(document, format),
        }
    }
}

fn has_second_look(format: InputFormat) -> bool {
    use InputFormat::{Docx, Odp, Ods, Odt, Pdf, Pptx, Rtf, Xlsx};
    matches!(format, Pdf | Rtf | Docx | Xlsx | Pptx | Odt | Ods | Odp)
}

/// The words of a file that the library opened and gave no text for.
fn look_again(format: InputFormat, bytes: &[u8]) -> String {
    match format {
        InputFormat::Rtf => rtf::look_again(bytes),
        InputFormat::Pdf => String::new(),
        _ => package::look_again(bytes),
    }
}

/// Properties in formats whose metadata the library does not read.
fn own_properties(format: InputFormat, bytes: &[u8]) -> ole::Summary {
    if bytes.starts_with(&ole::MAGIC) {
        ole::summary(bytes)
    } else if format == InputFormat::Rtf {
        let rtf::Info { title, author, created, pages } = rtf::info(bytes);
        ole::Summary { title, author, created, pages }
    } else {
        ole::Summary::default()
    }
}

/// A PDF that the library gave no text for.
fn pdf_without_text(
    error: &ConversionError,
    (bytes, password): (&[u8], Option<&str>),
    says_nothing: bool,
    kind: &Kind,
    max_text: usize,
) -> Result<Reading, Shut> {
    let look = pdf::look_again(bytes, password);
    let mut reading = if !look.text.trim().is_empty() {
        with_text(&look.text, kind, max_text)
    } else if says_nothing && look.pages.is_none() && pdf::is_encrypted(bytes) {
        // One that opens without a password would have given its properties at least, or its pages.
        return Err(Shut::Wrong);
    } else if matches!(error, ConversionError::Parse(_)) {
        // It opened and had no text: the one parse error without a cause.
        Reading::without_text(ExtractionStatus::Empty, SCANNED)
    } else {
        failed(error)?
    };
    reading.page_count = look.pages;
    Ok(reading)
}

/// Markdown and web pages carry their title as their first heading.
fn first_heading(document: &DoclingDocument) -> Option<String> {
    document.nodes.iter().take(3).find_map(|node| match node {
        Node::Heading { level: 1, text } => Some(text.replace("&amp;", "&").replace("\\_", "_")),
        _ => None,
    })
}

/// Pages, sheets or slides, where the reader marks them.
fn pages(document: &DoclingDocument, format: InputFormat) -> Option<u32> {
    let marked = document.nodes.iter().filter(|node| matches!(node, Node::PageInfo { .. })).count();
    let breaks = document.nodes.iter().filter(|node| matches!(node, Node::PageBreak)).count();
    let count = match format {
        _ if marked > 0 => marked,
        InputFormat::Xls | InputFormat::Ppt => breaks + 1,
        _ => return None,
    };
    u32::try_from(count).ok()
}

fn failed(error: &ConversionError) -> Result<Reading, Shut> {
    if let Some(lock) = error.encryption() {
        return Err(if lock.needs_password() { Shut::Wrong } else { Shut::Otherwise });
    }
    Ok(match error {
        ConversionError::UnsupportedFormat(_) | ConversionError::UnknownFormat { .. } | ConversionError::UnsupportedOption(_) => {
            Reading::without_text(ExtractionStatus::Empty, "it is not a kind of file that has text")
        }
        ConversionError::Timeout(_) => Reading::without_text(ExtractionStatus::Failed, "reading it took too long"),
        _ if error.limit().is_some() => Reading::without_text(ExtractionStatus::Failed, "it unpacks to more than is read for text"),
        _ => Reading::without_text(ExtractionStatus::Failed, DAMAGED),
    })
}

fn with_text(raw: &str, kind: &Kind, max_text: usize) -> Reading {
    with_parts(&Written { body: raw.to_owned(), aside: String::new() }, kind, max_text)
}

fn with_parts(written: &Written, kind: &Kind, max_text: usize) -> Reading {
    let mut text = tidy(&written.body);
    let body = text.len().min(max_text);
    let aside = tidy(&written.aside);
    if !aside.is_empty() {
        text.push_str(if text.is_empty() { "" } else { "\n\n" });
        text.push_str(&aside);
    }
    let text = cut(&text, max_text).to_owned();
    if text.is_empty() {
        let reason = if kind.content_type == "application/pdf" { SCANNED } else { NO_TEXT };
        return Reading::without_text(ExtractionStatus::Empty, reason);
    }
    // Rows of numbers have no sentence worth repeating.
    let summary = match kind.category {
        Category::Spreadsheet | Category::Other => None,
        _ => summary::summarise(cut(&text, body)),
    };
    let language = match kind.category {
        Category::Document | Category::Presentation | Category::Mail => language::of(&text),
        _ => None,
    };
    let mut reading = Reading::without_text(ExtractionStatus::Done, "");
    reading.reason = None;
    reading.text = text;
    reading.summary = summary;
    reading.language = language.map(str::to_owned);
    reading
}

/// Lines without control characters, without the drawing of tables, one blank line at most.
fn tidy(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut blank = true;
    for line in raw.lines() {
        let Some(line) = row(line.trim()) else { continue };
        let line = clean_text(&line, usize::MAX);
        if line.is_empty() {
            if !blank {
                out.push('\n');
            }
            blank = true;
            continue;
        }
        out.push_str(&line);
        out.push('\n');
        blank = false;
    }
    out.truncate(out.trim_end().len());
    out
}

/// A table's row as its cells; `None` for the rule under its head.
fn row(line: &str) -> Option<Cow<'_, str>> {
    let Some(inner) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else { return Some(line.into()) };
    if inner.chars().all(|character| matches!(character, '-' | ':' | '|' | ' ')) {
        return None;
    }
    let cells: Vec<&str> = inner.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
    Some(cells.join(", ").into())
}

/// At most `max` bytes, whole characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::super::kind::detect;
    use super::*;

    fn reading(bytes: &[u8], name: &str) -> Reading {
        read(&detect(bytes, name), bytes.to_vec(), true, name, 1000)
    }

    #[test]
    fn tables_lose_their_drawing() {
        assert_eq!(tidy("Sales\n\n\n| Month | Sum |\n| --- | --- |\n| May | 12 |\n"), "Sales\n\nMonth, Sum\nMay, 12");
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("", 5), "");
    }

    #[test]
    fn a_mail_gives_subject_sender_and_date() {
        let mail = b"From: \"Lee, Ann\" <ann@acme.example>\r\nTo: bob@acme.example\r\nSubject: Budget_2025 & plans\r\nDate: Mon, 3 Mar 2025 10:00:00 -0500\r\n\r\nThe budget is attached.\r\n";
        let reading = reading(mail, "x.eml");
        assert_eq!(reading.title.as_deref(), Some("Budget_2025 & plans"));
        assert_eq!(reading.author.as_deref(), Some("Lee, Ann"));
        assert_eq!(reading.created_date, Some(jiff::civil::date(2025, 3, 3)));
        assert!(reading.text.contains("The budget is attached."), "{}", reading.text);
    }

    #[test]
    fn markdown_gives_plain_text_and_its_heading() {
        let reading = reading(b"# Travel policy\n\nBook **early** and [ask](https://acme.example).\n", "p.md");
        assert_eq!(reading.title.as_deref(), Some("Travel policy"));
        assert!(reading.text.contains("Book early and ask"), "{}", reading.text);
    }

    #[test]
    fn what_has_no_text_says_so() {
        for (bytes, name, status, reason) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "p.png", ExtractionStatus::Empty, "it is a picture"),
            (b"", "a.txt", ExtractionStatus::Empty, "the file is empty"),
            (b"   \n \n", "a.txt", ExtractionStatus::Empty, NO_TEXT),
            (b"%PDF-1.4\nnothing more", "a.pdf", ExtractionStatus::Failed, DAMAGED),
        ] {
            let reading = reading(bytes, name);
            assert_eq!((reading.status, reading.reason.as_deref()), (status, Some(reason)), "{name}");
        }
    }

    #[test]
    fn the_beginning_of_a_file_is_not_taken_for_the_file() {
        let reading = read(&detect(b"hello", "a.txt"), b"hello".to_vec(), false, "a.txt", 10);
        assert_eq!((reading.status, reading.reason.as_deref()), (ExtractionStatus::Failed, Some(TOO_LARGE)));
    }
}
