//! What kind of file the bytes are: signature first, then the streams of an OLE container, then
//! the headers of a mail, and the name's ending only where bytes cannot tell.

use std::io::Cursor;

use docling::InputFormat;
use file_format::{FileFormat, Kind as FormatKind};

use super::endings::{UNLISTED, ending, of_format, of_mime};
use super::listing::{Packing, is_tar};
use super::{mail, ole};
use crate::domain::Category;

/// Who reads the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// The document library.
    Document(InputFormat),
    /// The bytes are the text.
    Plain,
    /// Text between marks.
    Xml,
    /// Events and tasks.
    Calendar,
    /// Address cards.
    Card,
    /// No text, but a list of members.
    Archive(Packing),
    /// Tags and length only.
    Media,
    /// A picture: no text, but what its headers say.
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

const UNKNOWN: &str = "application/octet-stream";

/// Why a file without known content has no text.
const NOT_KNOWN: &str = "it is not a kind of file that has text";

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
    let is_zip = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x07\x08");
    let format = FileFormat::from_reader(Cursor::new(bytes)).unwrap_or_default();
    match format {
        FileFormat::Zip => of_zip(bytes, extension),
        // A container whose directory is damaged still begins like one.
        FileFormat::ArbitraryBinaryData | FileFormat::PlainText if is_zip => of_zip(bytes, extension),
        FileFormat::ArbitraryBinaryData | FileFormat::PlainText => of_unsigned(bytes, extension),
        // Web pages may begin as XML documents do.
        FileFormat::ExtensibleMarkupLanguage if matches!(extension, Some("html" | "htm" | "xhtml")) => by_extension(extension),
        _ => of_signature(format, bytes, extension),
    }
}

/// A kind of office file.
pub(super) fn of_office(format: InputFormat) -> Option<Kind> {
    of_format(format)
}

fn kind(content_type: &str, category: Category, reader: Reader) -> Kind {
    Kind { content_type: content_type.to_owned(), category, reader }
}

fn unknown(reason: &'static str) -> Kind {
    kind(UNKNOWN, Category::Other, Reader::Nobody(reason))
}

/// Office's older container: the names of its streams tell who wrote it.
fn of_ole(bytes: &[u8], extension: Option<&str>) -> Kind {
    let by_name = ending(extension);
    match ole::contents(bytes) {
        ole::Contents::Word => kind("application/msword", Category::Document, Reader::Document(InputFormat::Doc)),
        ole::Contents::Excel => kind("application/vnd.ms-excel", Category::Spreadsheet, Reader::Document(InputFormat::Xls)),
        ole::Contents::PowerPoint => kind("application/vnd.ms-powerpoint", Category::Presentation, Reader::Document(InputFormat::Ppt)),
        ole::Contents::Message => kind("application/vnd.ms-outlook", Category::Mail, Reader::Document(InputFormat::Email)),
        ole::Contents::Visio => ending(Some("vsd")).unwrap_or_else(|| unknown(NOT_KNOWN)),
        // An encrypted package hides what it is; the name is all there is to go by. The reader is
        // asked because some are locked with a password that everybody's software knows.
        ole::Contents::Encrypted => match by_name {
            Some(Kind { content_type, category, reader: reader @ Reader::Document(_) }) => Kind { content_type, category, reader },
            _ => kind("application/x-ole-storage", Category::Document, Reader::Locked),
        },
        ole::Contents::Other => by_name.unwrap_or_else(|| kind("application/x-ole-storage", Category::Other, Reader::Nobody(NOT_KNOWN))),
    }
}

/// A document by its members, else a document by a name that says so while the directory is
/// damaged, else a plain archive.
fn of_zip(bytes: &[u8], extension: Option<&str>) -> Kind {
    use InputFormat::{Docx, Epub, Keynote, Numbers, Odp, Ods, Odt, Pages, Pptx, Visio, Xlsx};
    let is_packed = |kind: &Kind| {
        matches!(kind.reader, Reader::Document(Docx | Xlsx | Pptx | Odt | Ods | Odp | Epub | Visio | Pages | Numbers | Keynote))
    };
    let by_members = InputFormat::detect(bytes).and_then(of_format).filter(is_packed);
    let document = by_members.or_else(|| ending(extension).filter(is_packed));
    document.unwrap_or_else(|| kind("application/zip", Category::Archive, Reader::Archive(Packing::Zip)))
}

/// No signature: a mail, some kind of text, or an old format that only its reader knows.
fn of_unsigned(bytes: &[u8], extension: Option<&str>) -> Kind {
    if !looks_like_text(bytes) {
        let old = match InputFormat::detect(bytes) {
            Some(InputFormat::Doc) => of_mime("application/msword"),
            Some(InputFormat::Pdf) => of_mime("application/pdf"),
            _ => None,
        };
        let tar = is_tar(bytes).then(|| of_mime("application/x-tar")).flatten();
        return old.or(tar).unwrap_or_else(|| unknown(NOT_KNOWN));
    }
    if mail::looks_like_mail(bytes) {
        // A saved page is written as a mail without people.
        if let Some(page) = ending(extension).filter(|kind| kind.reader == Reader::Document(InputFormat::Mhtml)) {
            return page;
        }
        return kind("message/rfc822", Category::Mail, Reader::Document(InputFormat::Email));
    }
    if InputFormat::detect(bytes) == Some(InputFormat::Html) {
        return kind("text/html", Category::Document, Reader::Document(InputFormat::Html));
    }
    let marked = [(&b"BEGIN:VCALENDAR"[..], "text/calendar"), (b"BEGIN:VCARD", "text/vcard"), (b"<?xml", "application/xml")];
    let head = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if let Some((_, mime)) = marked.iter().find(|(mark, _)| head.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark))) {
        return of_mime(mime).unwrap_or_else(|| unknown(NOT_KNOWN));
    }
    match ending(extension) {
        // A text file cannot be a picture or an office file, whatever its name says.
        Some(kind) if is_text(&kind) => kind,
        _ => kind("text/plain", Category::Document, Reader::Plain),
    }
}

/// Whether a file of this kind is written in characters.
fn is_text(kind: &Kind) -> bool {
    use InputFormat::{Email, Html, Md, Mhtml, Svg};
    matches!(kind.reader, Reader::Plain | Reader::Xml | Reader::Calendar | Reader::Card | Reader::Document(Md | Html | Email | Mhtml | Svg))
}

fn of_signature(format: FileFormat, bytes: &[u8], extension: Option<&str>) -> Kind {
    let mime = match format.media_type() {
        "audio/vnd.wave" => "audio/wav",
        "video/matroska" => "video/x-matroska",
        // A film whose tracks are not told: they stand behind what was read, or are cut off.
        "application/mp4" => "video/mp4",
        "text/xml" => "application/xml",
        other => other,
    };
    if let Some(kind) = of_mime(mime) {
        // Text that a signature names less precisely than the sender did: a mail that begins
        // with markup, notes that begin with a tag.
        if is_text(&kind) && mail::looks_like_mail(bytes) {
            return of_unsigned(bytes, extension);
        }
        return kind;
    }
    let category = match format.kind() {
        FormatKind::Document | FormatKind::Ebook => Category::Document,
        FormatKind::Spreadsheet => Category::Spreadsheet,
        FormatKind::Presentation => Category::Presentation,
        _ if mime == "video/mp4" => Category::Video,
        FormatKind::Image => Category::Image,
        FormatKind::Audio => Category::Recording,
        FormatKind::Video => Category::Video,
        FormatKind::Archive | FormatKind::Compressed | FormatKind::Package => Category::Archive,
        _ => Category::Other,
    };
    let reader = match category {
        Category::Image => Reader::Picture,
        Category::Recording | Category::Video => Reader::Media,
        // Packages of programs are archives of the first kind.
        Category::Archive if bytes.starts_with(b"PK") => Reader::Archive(Packing::Zip),
        Category::Archive => Reader::Nobody(UNLISTED),
        _ => match InputFormat::from_mime(mime).or_else(|| InputFormat::from_extension(format.extension())) {
            Some(InputFormat::Image | InputFormat::Audio | InputFormat::Video) | None if looks_like_text(bytes) => {
                if bytes.starts_with(b"<?xml") { Reader::Xml } else { Reader::Plain }
            }
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
