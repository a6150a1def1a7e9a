//! Kinds of file by the ending of a name and by MIME type.

use docling::InputFormat;

use super::kind::{Kind, Reader};
use super::listing::Packing;
use crate::domain::Category;

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

type Row = (&'static str, &'static str, Category, Reader);

/// Text without a signature: (ending, MIME type, category, reader).
const TEXTS: &[Row] = &[
    ("txt", "text/plain", Category::Document, Reader::Plain),
    ("log", "text/plain", Category::Document, Reader::Plain),
    ("md", "text/markdown", Category::Document, Reader::Document(InputFormat::Md)),
    ("markdown", "text/markdown", Category::Document, Reader::Document(InputFormat::Md)),
    ("csv", "text/csv", Category::Spreadsheet, Reader::Plain),
    ("tsv", "text/tab-separated-values", Category::Spreadsheet, Reader::Plain),
    ("html", "text/html", Category::Document, Reader::Document(InputFormat::Html)),
    ("htm", "text/html", Category::Document, Reader::Document(InputFormat::Html)),
    ("xhtml", "application/xhtml+xml", Category::Document, Reader::Document(InputFormat::Html)),
    ("mhtml", "multipart/related", Category::Document, Reader::Document(InputFormat::Mhtml)),
    ("mht", "multipart/related", Category::Document, Reader::Document(InputFormat::Mhtml)),
    ("json", "application/json", Category::Other, Reader::Plain),
    ("xml", "application/xml", Category::Other, Reader::Xml),
    ("yaml", "application/yaml", Category::Other, Reader::Plain),
    ("yml", "application/yaml", Category::Other, Reader::Plain),
    ("ics", "text/calendar", Category::Other, Reader::Calendar),
    ("vcf", "text/vcard", Category::Other, Reader::Card),
    ("eml", "message/rfc822", Category::Mail, Reader::Document(InputFormat::Email)),
    ("vtt", "text/vtt", Category::Document, Reader::Plain),
    ("srt", "application/x-subrip", Category::Document, Reader::Plain),
    ("rtf", "application/rtf", Category::Document, Reader::Document(InputFormat::Rtf)),
    ("svg", "image/svg+xml", Category::Image, Reader::Document(InputFormat::Svg)),
];

/// Office files: (ending, MIME type, category, reader).
const OFFICE: &[Row] = &[
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
    ("epub", "application/epub+zip", Category::Document, Reader::Document(InputFormat::Epub)),
    ("pages", "application/vnd.apple.pages", Category::Document, Reader::Document(InputFormat::Pages)),
    ("numbers", "application/vnd.apple.numbers", Category::Spreadsheet, Reader::Document(InputFormat::Numbers)),
    ("key", "application/vnd.apple.keynote", Category::Presentation, Reader::Document(InputFormat::Keynote)),
    ("vsdx", "application/vnd.ms-visio.drawing.main+xml", Category::Document, Reader::Document(InputFormat::Visio)),
    ("vsdm", "application/vnd.ms-visio.drawing.macroEnabled.main+xml", Category::Document, Reader::Document(InputFormat::Visio)),
    ("vsd", "application/vnd.visio", Category::Document, Reader::Nobody(OLD_VISIO)),
];

/// Archives: (ending, MIME type, category, reader).
const ARCHIVES: &[Row] = &[
    ("zip", "application/zip", Category::Archive, Reader::Archive(Packing::Zip)),
    ("tar", "application/x-tar", Category::Archive, Reader::Archive(Packing::Tar)),
    ("gz", "application/gzip", Category::Archive, Reader::Archive(Packing::Gzip)),
    ("tgz", "application/gzip", Category::Archive, Reader::Archive(Packing::Gzip)),
    ("7z", "application/x-7z-compressed", Category::Archive, Reader::Archive(Packing::SevenZip)),
    ("rar", "application/vnd.rar", Category::Archive, Reader::Nobody(UNLISTED)),
];

/// Why a drawing of old Visio has no text.
const OLD_VISIO: &str = "it is a drawing in an old format that is not read here";
/// Why an archive has no list.
pub(super) const UNLISTED: &str = "it is an archive of a kind that is not opened here";

fn rows() -> impl Iterator<Item = &'static Row> {
    OFFICE.iter().chain(TEXTS).chain(ARCHIVES)
}

fn kind((_, mime, category, reader): &Row) -> Kind {
    Kind { content_type: (*mime).to_owned(), category: *category, reader: *reader }
}

/// The kind that an ending stands for.
pub(super) fn ending(extension: Option<&str>) -> Option<Kind> {
    let extension = extension?;
    rows().find(|(known, ..)| *known == extension).map(kind)
}

/// The kind of a MIME type.
pub(super) fn of_mime(mime: &str) -> Option<Kind> {
    rows().find(|(_, known, ..)| *known == mime).map(kind)
}

/// The first kind that a reader of the document library reads.
pub(super) fn of_format(format: InputFormat) -> Option<Kind> {
    rows().find(|(.., reader)| *reader == Reader::Document(format)).map(kind)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_ending_stands_for_one_kind() {
        let mut seen = HashSet::new();
        for (ending, ..) in rows() {
            assert!(seen.insert(ending), "{ending}");
        }
    }
}
