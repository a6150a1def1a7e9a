//! The lines that calendars and address cards are made of (RFC 5545 section 3.1, RFC 6350 section
//! 3.3): `NAME;PARAMETER=value:VALUE`, folded at any width.

use std::borrow::Cow;

use super::text::cut;

/// Longest line kept, in bytes; a photograph inside a card is longer and says nothing.
const MAX_LINE: usize = 8 << 10;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContentLine {
    /// Name in capitals, without the group before it (`item1.`).
    pub name: String,
    /// Parameters as written: name in capitals and value without quotes.
    parameters: Vec<(String, String)>,
    /// Value as written, with its escapes.
    raw: String,
}

impl ContentLine {
    fn parse(line: &str) -> Option<Self> {
        let (head, raw) = split_outside_quotes(line, ':')?;
        let mut parts = pieces_outside_quotes(head, ';').into_iter();
        let name = parts.next()?.rsplit('.').next()?.trim().to_ascii_uppercase();
        let parameters = parts
            .map(|part| {
                // vCard 2.1 writes bare values: `TEL;HOME`.
                let (name, value) = part.split_once('=').unwrap_or(("TYPE", part));
                (name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned())
            })
            .collect();
        (!name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')).then(|| Self {
            name,
            parameters,
            raw: raw.to_owned(),
        })
    }

    /// The first value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value as text: escapes taken out.
    pub fn text(&self) -> String {
        unescape(&self.value()).trim().to_owned()
    }

    /// The parts of a value with several, such as `Lee;Ann;;;`.
    pub fn parts(&self) -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut is_escaped = false;
        for character in self.value().chars() {
            if character == ';' && !is_escaped {
                parts.push(String::new());
            } else if let Some(part) = parts.last_mut() {
                part.push(character);
            }
            is_escaped = character == '\\' && !is_escaped;
        }
        parts.iter().map(|part| unescape(part).trim().to_owned()).collect()
    }

    /// The value without the encoding of vCard 2.1.
    fn value(&self) -> Cow<'_, str> {
        let is_encoded = self.parameters.iter().any(|(_, value)| value.eq_ignore_ascii_case("quoted-printable"));
        if is_encoded { quoted_printable(&self.raw).into() } else { (&self.raw).into() }
    }
}

/// All lines of a text, unfolded; what is no such line is left out.
pub(super) fn lines(text: &str) -> Vec<ContentLine> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match lines.last_mut().map(|open| (is_soft_broken(open), open)) {
            // A quoted-printable value goes on in the next line without any fold.
            Some((true, open)) if open.len() + line.len() <= MAX_LINE => {
                open.pop();
                open.push_str(line);
            }
            Some((_, open)) if line.starts_with([' ', '\t']) => {
                if open.len() + line.len() <= MAX_LINE {
                    open.extend(line.chars().skip(1));
                }
            }
            _ => lines.push(cut(line, MAX_LINE).to_owned()),
        }
    }
    lines.iter().filter_map(|line| ContentLine::parse(line.trim_end())).collect()
}

fn is_soft_broken(line: &str) -> bool {
    line.ends_with('=') && line.to_ascii_uppercase().contains("QUOTED-PRINTABLE")
}

fn split_outside_quotes(text: &str, separator: char) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    let at = text.find(|character| {
        is_quoted ^= character == '"';
        character == separator && !is_quoted
    })?;
    Some((text.get(..at)?, text.get(at + separator.len_utf8()..)?))
}

fn pieces_outside_quotes(mut text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    while let Some((piece, rest)) = split_outside_quotes(text, separator) {
        pieces.push(piece);
        text = rest;
    }
    pieces.push(text);
    pieces
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

/// RFC 2045 section 6.7, taken for UTF-8, which is what senders of today mean by it.
fn quoted_printable(value: &str) -> String {
    let bytes = value.strip_suffix('=').unwrap_or(value).as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(first) = bytes.get(at) {
        let code = (*first == b'=').then(|| bytes.get(at + 1..at + 3)).flatten();
        let byte = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        out.push(byte.unwrap_or(*first));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(line: &str) -> ContentLine {
        lines(line).remove(0)
    }

    #[test]
    fn a_line_has_a_name_parameters_and_a_value() {
        let line = one("item1.ORGANIZER;CN=\"Lee; Ann: Ms\";X=1:mailto:ann@acme.example");
        assert_eq!((line.name.as_str(), line.parameter("CN")), ("ORGANIZER", Some("Lee; Ann: Ms")));
        assert_eq!(line.text(), "mailto:ann@acme.example");
        assert_eq!(one("N:Lee;Ann\\; Ms;;;").parts(), ["Lee", "Ann; Ms", "", "", ""]);
    }

    #[test]
    fn folded_and_encoded_lines_are_made_whole() {
        assert_eq!(one("SUMMARY:Budget\r\n  meet\r\n ing\\, final\\nday\r\n").text(), "Budget meeting, final\nday");
        assert_eq!(one("FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen=\r\n Ray=\r\n").text(), "Jürgen Ray");
        assert_eq!(lines("no line of this kind\n:empty\n"), []);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_within_its_size(text in "(?s).{0,300}", glue in "[A-Z;:=\"\\\\\r\n 0-9]{0,200}") {
            let text = format!("{glue}{text}{glue}");
            for line in lines(&text) {
                prop_assert!(line.text().len() <= 3 * text.len());
                prop_assert!(line.parts().len() <= text.len() + 1);
            }
        }
    }
}
