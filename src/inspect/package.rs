//! Office files in ZIP packages that the document library gives no text for: headers and footers,
//! words with their pronunciation, embedded pages. Of
//! their parts only runs of text are read: what else stands there are positions and switches.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use zip::ZipArchive;

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
            push_runs(&mut text, &String::from_utf8_lossy(&document));
        }
    }
    text
}

/// Appends the runs of text of a part, a paragraph in a line.
fn push_runs(out: &mut String, part: &str) {
    let mut reader = Reader::from_str(part);
    reader.config_mut().check_end_names = false;
    // OpenDocument writes text straight into paragraphs, Office into runs within them.
    let mut runs = 0_usize;
    let is_run = |name: &[u8]| matches!(name, b"t" | b"p" | b"h");
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) if is_run(tag.local_name().as_ref()) => runs += 1,
            Event::End(tag) if is_run(tag.local_name().as_ref()) => {
                runs = runs.saturating_sub(1);
                if runs == 0 {
                    out.push('\n');
                }
            }
            Event::Text(text) if runs > 0 => out.push_str(&text.decode().unwrap_or_default()),
            Event::GeneralRef(name) if runs > 0 => {
                let character = name.resolve_char_ref().ok().flatten().map(String::from);
                let known = || name.decode().ok().and_then(|name| resolve_predefined_entity(&name)).map(str::to_owned);
                out.push_str(&character.or_else(known).unwrap_or_default());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    out.push('\n');
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
            ("word/header1.xml", "<w:hdr><w:p><w:t>Acme &amp; Legal</w:t></w:p></w:hdr>"),
            ("xl/drawings/drawing1.xml", "<xdr:from><xdr:col>7</xdr:col></xdr:from>"),
            ("word/styles.xml", "<w:styles><w:t>Heading 1</w:t></w:styles>"),
            ("ppt/slideMasters/slideMaster1.xml", "<p><a:t>Click to edit</a:t></p>"),
        ] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(part.as_bytes()).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        let text = look_again(&bytes);
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["東京", "Acme", "&", "Legal"]);
        assert_eq!(look_again(&bytes[..40]), "");
    }
}
