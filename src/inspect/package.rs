//! Office files in ZIP packages that the document library gives no text for: headers and footers,
//! words with their pronunciation, embedded pages. Their parts are read as plain XML.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::xml;

/// Bytes of one part that are unpacked.
const MAX_PART: u64 = 8 << 20;
/// Parts read.
const MAX_PARTS: usize = 200;

/// Where words stand in a package: (beginning of a part's name, its ending). What a layout or a
/// master page says ("Click to edit") is not the document's, and styles hold only fields.
const WORDS: [(&str, &str); 9] = [
    ("word/document", ".xml"),
    ("word/header", ".xml"),
    ("word/footer", ".xml"),
    ("word/footnotes", ".xml"),
    ("word/comments", ".xml"),
    ("ppt/slides/slide", ".xml"),
    ("ppt/notesSlides/", ".xml"),
    ("xl/drawings/drawing", ".xml"),
    ("content.xml", ""),
];

/// The text of all parts with words; empty when there is none.
pub(super) fn look_again(bytes: &[u8]) -> String {
    let Ok(mut package) = ZipArchive::new(Cursor::new(bytes)) else { return String::new() };
    let names: Vec<String> = package.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned).collect();
    let mut text = String::new();
    let is_word = |name: &&String| WORDS.iter().any(|(start, end)| name.starts_with(start) && name.ends_with(end));
    for name in names.iter().filter(is_word).take(MAX_PARTS) {
        let Ok(part) = package.by_name(name) else { continue };
        let mut document = Vec::new();
        if part.take(MAX_PART).read_to_end(&mut document).is_ok() {
            text.push_str(&xml::read(&String::from_utf8_lossy(&document)).text);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn only_parts_with_words_of_the_document_are_read() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, part) in [
            ("word/document.xml", "<w:document><w:ruby><w:t>東京</w:t></w:ruby></w:document>"),
            ("word/header1.xml", "<w:hdr><w:p><w:t>Acme Legal</w:t></w:p></w:hdr>"),
            ("word/styles.xml", "<w:styles><w:t>Heading 1</w:t></w:styles>"),
            ("ppt/slideMasters/slideMaster1.xml", "<p><a:t>Click to edit</a:t></p>"),
        ] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(part.as_bytes()).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        let text = look_again(&bytes);
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["東京", "Acme", "Legal"]);
        assert_eq!(look_again(&bytes[..40]), "");
    }
}
