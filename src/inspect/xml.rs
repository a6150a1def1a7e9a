//! XML of any kind: the text of its elements, without a schema. Entities that a document defines
//! itself are not expanded.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Elements within elements; deeper ones end the reading.
const MAX_DEPTH: usize = 4096;
/// Text kept, in bytes, before it is cut to what was asked for.
const MAX_TEXT: usize = 16 << 20;

/// A document as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Xml {
    /// Text of the first element called `title`.
    pub title: Option<String>,
    /// Texts of all elements: one that directly follows another element begins a new line, one
    /// inside running text stays in its line.
    pub text: String,
    /// Whether the document could be read to its end.
    pub is_whole: bool,
}

/// Reads a document, as far as it is well formed.
pub(super) fn read(document: &str) -> Xml {
    let mut reader = Reader::from_str(document);
    // Whether an element is closed by its own name matters to no reader of its text.
    reader.config_mut().check_end_names = false;
    let mut xml = Xml::default();
    let mut depth = 0_usize;
    let mut title_from: Option<(usize, usize)> = None;
    // Whether nothing stood between the last tag and this one.
    let mut is_after_tag = true;
    while xml.text.len() < MAX_TEXT {
        let Ok(event) = reader.read_event() else { return xml };
        match event {
            Event::Start(tag) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return xml;
                }
                end_line(&mut xml.text, is_after_tag);
                if xml.title.is_none() && title_from.is_none() && tag.local_name().as_ref().eq_ignore_ascii_case(b"title") {
                    title_from = Some((depth, xml.text.len()));
                }
                is_after_tag = true;
            }
            Event::End(_) => {
                if let Some((_, from)) = title_from.filter(|(at, _)| *at == depth) {
                    xml.title = xml.text.get(from..).map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
                    title_from = None;
                }
                depth = depth.saturating_sub(1);
                is_after_tag = true;
            }
            Event::Empty(_) => {
                end_line(&mut xml.text, is_after_tag);
                is_after_tag = true;
            }
            Event::Text(text) => {
                if let Ok(text) = text.decode() {
                    is_after_tag = push(&mut xml.text, &text, is_after_tag);
                }
            }
            Event::CData(text) => {
                if let Ok(text) = text.decode() {
                    is_after_tag = push(&mut xml.text, &text, is_after_tag);
                }
            }
            Event::GeneralRef(name) => {
                if let Ok(Some(character)) = name.resolve_char_ref() {
                    xml.text.push(character);
                } else if let Some(text) = name.decode().ok().and_then(|name| resolve_predefined_entity(&name)) {
                    xml.text.push_str(text);
                }
                is_after_tag = false;
            }
            Event::Eof => {
                xml.is_whole = true;
                return xml;
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    xml
}

fn end_line(text: &mut String, is_after_tag: bool) {
    if is_after_tag && !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Appends; true when the text was only the white space between two lines of a document.
fn push(out: &mut String, text: &str, is_after_tag: bool) -> bool {
    if text.trim().is_empty() && text.contains('\n') {
        return is_after_tag;
    }
    out.push_str(text);
    text.is_empty() && is_after_tag
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_are_lines_and_running_text_stays_whole() {
        let xml = read(
            "<?xml version=\"1.0\"?><!DOCTYPE order [<!ENTITY firm \"Acme\">]>\n<order xmlns:d=\"urn:x\" id=\"7\">\n  <d:title>Order of <b>steel</b>, May</d:title>\n  \
             <buyer><name>Ann Lee</name><firm>Acme &amp; Sons &#x263A; &firm;</firm></buyer>\n  <note><![CDATA[Deliver <early>]]></note><empty/></order>",
        );
        assert_eq!(xml.title.as_deref(), Some("Order of steel, May"));
        assert_eq!(xml.text, "Order of steel, May\nAnn Lee\nAcme & Sons \u{263A} \nDeliver <early>\n");
        assert!(xml.is_whole);
    }

    #[test]
    fn a_broken_document_gives_what_stands_before_the_break() {
        let xml = read("<a><b>first</b><c>second</c><d <");
        assert!(xml.text.starts_with("first\nsecond") && !xml.is_whole, "{xml:?}");
        assert!(!read(&"<a>".repeat(MAX_DEPTH + 1)).is_whole);
    }

    proptest! {
        #[test]
        fn any_document_is_read_without_panic(document in "(<[a-c/!?]{0,3}[ a=\"]{0,4}>?|&[#x0-9a-z]{0,5};?|\\PC|\n){0,60}") {
            prop_assert!(read(&document).text.len() <= 4 * document.len() + 16);
        }
    }
}
