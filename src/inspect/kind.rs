//! What kind of file the bytes are: signature first, then the streams of an OLE container, then
//! the headers of a mail, and the name's ending only where bytes cannot tell.

use std::io::Cursor;

use docling::InputFormat;
use file_format::{FileFormat, Kind as FormatKind};

use super::{mail, ole};
use crate::domain::Category;

/// Who reads the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// The document library.
    Document(InputFormat),
    /// The bytes are the text.
    Plain,
    /// Tags and length only.
    Media,
    /// A picture: no text, but a date and an author.
    Picture,
    /// A password is needed.
    Locked,
    /// Nobody; the reason in plain words.
    Nobody(&'static str),
}

/// A kind of file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// MIME type.
    pub content_type: String,
    /// What it is for.
    pub category: Category,
    /// Who reads it.
    pub reader: Reader,
}

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const UNKNOWN: &str = "application/octet-stream";

/// Why a file without known content has no text.
const NOT_KNOWN: &str = "it is not a kind of file that has text";

/// Endings that name a kind by themselves: (ending, MIME type, category, reader).
const ENDINGS: &[(&str, &str, Category, Reader)] = &[
    ("txt", "text/plain", Category::Document, Reader::Plain),
    ("log", "text/plain", Category::Document, Reader::Plain),
    ("md", "text/markdown", Category::Document, Reader::Document(InputFormat::Md)),
    ("markdown", "text/markdown", Category::Document, Reader::Document(InputFormat::Md)),
    ("csv", "text/csv", Category::Spreadsheet, Reader::Plain),
    ("tsv", "text/tab-separated-values", Category::Spreadsheet, Reader::Plain),
    ("html", "text/html", Category::Document, Reader::Document(InputFormat::Html)),
    ("htm", "text/html", Category::Document, Reader::Document(InputFormat::Html)),
    ("xhtml", "application/xhtml+xml", Category::Document, Reader::Document(InputFormat::Html)),
    ("json", "application/json", Category::Other, Reader::Plain),
    ("xml", "application/xml", Category::Other, Reader::Document(InputFormat::Md)),
    ("yaml", "application/yaml", Category::Other, Reader::Plain),
    ("yml", "application/yaml", Category::Other, Reader::Plain),
    ("ics", "text/calendar", Category::Other, Reader::Plain),
    ("vcf", "text/vcard", Category::Other, Reader::Plain),
    ("eml", "message/rfc822", Category::Mail, Reader::Document(InputFormat::Email)),
    ("vtt", "text/vtt", Category::Document, Reader::Plain),
    ("srt", "application/x-subrip", Category::Document, Reader::Plain),
    ("rtf", "application/rtf", Category::Document, Reader::Document(InputFormat::Rtf)),
    ("pdf", "application/pdf", Category::Document, Reader::Document(InputFormat::Pdf)),
    ("docx", DOCX, Category::Document, Reader::Document(InputFormat::Docx)),
    ("docm", "application/vnd.ms-word.document.macroEnabled.12", Category::Document, Reader::Document(InputFormat::Docx)),
    ("xlsx", XLSX, Category::Spreadsheet, Reader::Document(InputFormat::Xlsx)),
    ("xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12", Category::Spreadsheet, Reader::Document(InputFormat::Xlsx)),
    ("xlsb", "application/vnd.ms-excel.sheet.binary.macroEnabled.12", Category::Spreadsheet, Reader::Document(InputFormat::Xlsx)),
    ("pptx", PPTX, Category::Presentation, Reader::Document(InputFormat::Pptx)),
    ("pptm", "application/vnd.ms-powerpoint.presentation.macroEnabled.12", Category::Presentation, Reader::Document(InputFormat::Pptx)),
    ("doc", "application/msword", Category::Document, Reader::Document(InputFormat::Doc)),
    ("xls", "application/vnd.ms-excel", Category::Spreadsheet, Reader::Document(InputFormat::Xls)),
    ("ppt", "application/vnd.ms-powerpoint", Category::Presentation, Reader::Document(InputFormat::Ppt)),
    ("msg", "application/vnd.ms-outlook", Category::Mail, Reader::Document(InputFormat::Email)),
    ("odt", "application/vnd.oasis.opendocument.text", Category::Document, Reader::Document(InputFormat::Odt)),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet", Category::Spreadsheet, Reader::Document(InputFormat::Ods)),
    ("odp", "application/vnd.oasis.opendocument.presentation", Category::Presentation, Reader::Document(InputFormat::Odp)),
];

/// What the name alone says; used where the bytes say nothing.
pub(super) fn by_extension(extension: Option<&str>) -> Kind {
    ending(extension).unwrap_or_else(|| unknown(NOT_KNOWN))
}

/// What the bytes say, with the name as the tie-break.
pub(super) fn detect(bytes: &[u8], name: &str) -> Kind {
    let extension = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let extension = extension.as_deref();
    if bytes.is_empty() {
        let Kind { content_type, category, .. } = by_extension(extension);
        return Kind { content_type, category, reader: Reader::Nobody("the file is empty") };
    }
    if bytes.starts_with(&ole::MAGIC) {
        return of_ole(bytes, extension);
    }
    let is_zip = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x07\x08PK");
    let format = FileFormat::from_reader(Cursor::new(bytes)).unwrap_or_default();
    match format {
        FileFormat::Zip => of_zip(extension),
        // A container whose directory is damaged still begins like one.
        FileFormat::ArbitraryBinaryData | FileFormat::PlainText if is_zip => of_zip(extension),
        FileFormat::ArbitraryBinaryData | FileFormat::PlainText => of_unsigned(bytes, extension),
        // Web pages may begin as XML documents do.
        FileFormat::ExtensibleMarkupLanguage if matches!(extension, Some("html" | "htm" | "xhtml")) => by_extension(extension),
        _ => of_format(format, bytes, extension),
    }
}

fn kind(content_type: &str, category: Category, reader: Reader) -> Kind {
    Kind { content_type: content_type.to_owned(), category, reader }
}

fn unknown(reason: &'static str) -> Kind {
    kind(UNKNOWN, Category::Other, Reader::Nobody(reason))
}

fn ending(extension: Option<&str>) -> Option<Kind> {
    let extension = extension?;
    ENDINGS.iter().find(|(known, ..)| *known == extension).map(|(_, mime, category, reader)| kind(mime, *category, *reader))
}

fn of_mime(mime: &str) -> Option<Kind> {
    ENDINGS.iter().find(|(_, known, ..)| *known == mime).map(|(_, mime, category, reader)| kind(mime, *category, *reader))
}

/// Office's older container: the names of its streams tell who wrote it.
fn of_ole(bytes: &[u8], extension: Option<&str>) -> Kind {
    let by_name = ending(extension);
    match ole::contents(bytes) {
        ole::Contents::Word => kind("application/msword", Category::Document, Reader::Document(InputFormat::Doc)),
        ole::Contents::Excel => kind("application/vnd.ms-excel", Category::Spreadsheet, Reader::Document(InputFormat::Xls)),
        ole::Contents::PowerPoint => kind("application/vnd.ms-powerpoint", Category::Presentation, Reader::Document(InputFormat::Ppt)),
        ole::Contents::Message => kind("application/vnd.ms-outlook", Category::Mail, Reader::Document(InputFormat::Email)),
        // An encrypted package hides what it is; the name is all there is to go by. The reader is
        // asked because some are locked with a password that everybody's software knows.
        ole::Contents::Encrypted => match by_name {
            Some(Kind { content_type, category, reader: reader @ Reader::Document(_) }) => Kind { content_type, category, reader },
            _ => kind("application/x-ole-storage", Category::Document, Reader::Locked),
        },
        ole::Contents::Other => by_name.unwrap_or_else(|| kind("application/x-ole-storage", Category::Other, Reader::Nobody(NOT_KNOWN))),
    }
}

/// A plain archive, unless the name says that it is a document whose directory is damaged.
fn of_zip(extension: Option<&str>) -> Kind {
    use InputFormat::{Docx, Odp, Ods, Odt, Pptx, Xlsx};
    let document = ending(extension).filter(|kind| matches!(kind.reader, Reader::Document(Docx | Xlsx | Pptx | Odt | Ods | Odp)));
    document.unwrap_or_else(|| kind("application/zip", Category::Archive, Reader::Nobody("it is an archive")))
}

/// No signature: a mail, some kind of text, or an old format that only its reader knows.
fn of_unsigned(bytes: &[u8], extension: Option<&str>) -> Kind {
    if !looks_like_text(bytes) {
        let old = match InputFormat::detect(bytes) {
            Some(InputFormat::Doc) => of_mime("application/msword"),
            Some(InputFormat::Pdf) => of_mime("application/pdf"),
            _ => None,
        };
        return old.unwrap_or_else(|| unknown(NOT_KNOWN));
    }
    if mail::looks_like_mail(bytes) {
        return kind("message/rfc822", Category::Mail, Reader::Document(InputFormat::Email));
    }
    if InputFormat::detect(bytes) == Some(InputFormat::Html) {
        return kind("text/html", Category::Document, Reader::Document(InputFormat::Html));
    }
    match ending(extension) {
        // A text file cannot be a picture or an office file, whatever its name says.
        Some(kind) if matches!(kind.reader, Reader::Plain) || is_markup(&kind) => kind,
        _ => kind("text/plain", Category::Document, Reader::Plain),
    }
}

fn is_markup(kind: &Kind) -> bool {
    matches!(kind.reader, Reader::Document(InputFormat::Md | InputFormat::Html | InputFormat::Email))
}

fn of_format(format: FileFormat, bytes: &[u8], extension: Option<&str>) -> Kind {
    let mime = match format.media_type() {
        "audio/vnd.wave" => "audio/wav",
        "video/matroska" => "video/x-matroska",
        "text/xml" => "application/xml",
        other => other,
    };
    if let Some(kind) = of_mime(mime) {
        // Text that a signature names less precisely than the sender did: a mail that begins
        // with markup, notes that begin with a tag.
        let is_text = matches!(kind.reader, Reader::Plain) || is_markup(&kind);
        if is_text && mail::looks_like_mail(bytes) {
            return of_unsigned(bytes, extension);
        }
        return kind;
    }
    let category = match format.kind() {
        FormatKind::Document | FormatKind::Ebook => Category::Document,
        FormatKind::Spreadsheet => Category::Spreadsheet,
        FormatKind::Presentation => Category::Presentation,
        FormatKind::Image => Category::Image,
        FormatKind::Audio => Category::Recording,
        FormatKind::Video => Category::Video,
        FormatKind::Archive | FormatKind::Compressed | FormatKind::Package => Category::Archive,
        _ => Category::Other,
    };
    let reader = match category {
        Category::Image => Reader::Picture,
        Category::Recording | Category::Video => Reader::Media,
        Category::Archive => Reader::Nobody("it is an archive"),
        _ => match InputFormat::from_mime(mime).or_else(|| InputFormat::from_extension(format.extension())) {
            Some(InputFormat::Image | InputFormat::Audio | InputFormat::Video) | None if looks_like_text(bytes) => Reader::Plain,
            Some(InputFormat::Image | InputFormat::Audio | InputFormat::Video) | None => Reader::Nobody(NOT_KNOWN),
            Some(_) if format.kind() == FormatKind::Executable => Reader::Nobody("it is a program"),
            Some(InputFormat::Text) => Reader::Plain,
            Some(readable) => Reader::Document(readable),
        },
    };
    kind(mime, category, reader)
}

/// Whether the beginning reads as text in an encoding with one byte or more per character.
fn looks_like_text(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return true;
    }
    let head = bytes.get(..bytes.len().min(8 << 10)).unwrap_or_default();
    let odd = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    !head.contains(&0) && odd * 50 <= head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8], name: &str) -> (String, Category) {
        let kind = detect(bytes, name);
        (kind.content_type, kind.category)
    }

    #[test]
    fn bytes_decide_before_the_name() {
        for (bytes, name, mime, category) in [
            (&b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n"[..], "photo.png", "application/pdf", Category::Document),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "contract.pdf", "image/png", Category::Image),
            (b"{\\rtf1\\ansi Hello}", "letter.doc", "application/rtf", Category::Document),
            (b"<!DOCTYPE html><html><body>Hi</body></html>", "page.txt", "text/html", Category::Document),
            (b"RIFF\x24\0\0\0WAVEfmt ", "voicemail", "audio/wav", Category::Recording),
        ] {
            assert_eq!(seen(bytes, name), (mime.to_owned(), category), "{name}");
        }
    }

    #[test]
    fn the_name_decides_between_kinds_of_text() {
        for (name, mime, category) in [
            ("rows.csv", "text/csv", Category::Spreadsheet),
            ("readme.md", "text/markdown", Category::Document),
            ("notes.txt", "text/plain", Category::Document),
            ("data.json", "application/json", Category::Other),
            ("notes.pdf", "text/plain", Category::Document),
            ("notes", "text/plain", Category::Document),
        ] {
            assert_eq!(seen(b"one, two, three\n", name), (mime.to_owned(), category), "{name}");
        }
    }

    #[test]
    fn a_mail_is_known_by_its_headers() {
        let mail =
            b"From: Ann <ann@acme.example>\r\nTo: bob@acme.example\r\nSubject: Hello\r\nDate: Mon, 3 Mar 2025 10:00:00 +0000\r\n\r\nHi";
        assert_eq!(seen(mail, "message").0, "message/rfc822");
        assert_eq!(seen(b"Subject to change: everything\nand more", "plan.txt").0, "text/plain");
    }

    #[test]
    fn what_nobody_knows_is_said_so() {
        let kind = detect(&[0, 1, 2, 3, 0xFF, 0xD9, 7, 0], "thing.pdf");
        assert_eq!((kind.content_type.as_str(), kind.reader), (UNKNOWN, Reader::Nobody(NOT_KNOWN)));
        assert_eq!(detect(b"", "x.docx").reader, Reader::Nobody("the file is empty"));
    }
}
