//! Text made ready for being looked through: one byte for each character, so that an offset in it is one in the text.

use std::ops::Range;

/// Stands for a letter that is none of ours.
const LETTER: u8 = 0x01;
/// Stands for any other character.
const OTHER: u8 = 0x02;

/// A part of a file.
#[derive(Debug)]
pub(in crate::inspect) struct Text {
    bytes: Vec<u8>,
    /// Where each line begins.
    lines: Vec<usize>,
    /// For each line the first one of its paragraph: the head of a table says what stands in its columns.
    heads: Vec<usize>,
}

impl Text {
    pub fn new(raw: &str) -> Self {
        let bytes: Vec<u8> = raw.chars().map(fold).collect();
        let mut lines = vec![0];
        lines.extend(bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1));
        let mut heads = Vec::with_capacity(lines.len());
        let (mut head, mut was_blank) = (0, true);
        for (number, &start) in lines.iter().enumerate() {
            let end = lines.get(number + 1).map_or(bytes.len(), |next| next - 1);
            let is_blank = bytes.get(start..end).is_none_or(|line| line.iter().all(u8::is_ascii_whitespace));
            if was_blank {
                head = number;
            }
            was_blank = is_blank;
            heads.push(head);
        }
        Self { bytes, lines, heads }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The byte there; a blank outside.
    pub fn at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b' ')
    }

    /// The byte before it; a blank at the beginning.
    pub fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(b' ', |at| self.at(at))
    }

    pub fn slice(&self, span: Range<usize>) -> &[u8] {
        self.bytes.get(span).unwrap_or_default()
    }

    /// Which line a place is in, from 0.
    pub fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// From where to where a line goes.
    pub fn line_span(&self, line: usize) -> Range<usize> {
        let start = self.lines.get(line).copied().unwrap_or(self.len());
        start..self.lines.get(line + 1).map_or(self.len(), |next| next - 1)
    }

    /// The first line of the paragraph that a place is in.
    pub fn head(&self, at: usize) -> Range<usize> {
        self.line_span(self.heads.get(self.line(at)).copied().unwrap_or(0))
    }

    /// Whether nothing before and after a span makes it a piece of a longer word or number.
    pub fn stands_alone(&self, span: &Range<usize>) -> bool {
        let joins = |byte: u8| matches!(byte, b'-' | b'.' | b'/' | b'+');
        let (before, after) = (self.before(span.start), self.at(span.end));
        if is_word(before) || is_word(after) {
            return false;
        }
        let further_before = span.start.checked_sub(2).map_or(b' ', |at| self.at(at));
        let goes_on_before = joins(before) && further_before.is_ascii_digit();
        let goes_on_after = joins(after) && self.at(span.end + 1).is_ascii_digit();
        !goes_on_before && !goes_on_after
    }
}

/// Whether a byte belongs to a word.
pub(in crate::inspect) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == LETTER
}

/// A character as the byte it is looked for by: accents off, all blanks one, all hyphens one, digits of other scripts as ours.
fn fold(character: char) -> u8 {
    match character {
        '\0'..='\u{7f}' => u8::try_from(character).unwrap_or(OTHER),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => b' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => b'-',
        'à'..='å' => b'a',
        'À'..='Å' => b'A',
        'ç' => b'c',
        'Ç' => b'C',
        'è'..='ë' | 'ę' => b'e',
        'È'..='Ë' => b'E',
        'ì'..='ï' => b'i',
        'Ì'..='Ï' => b'I',
        'ñ' | 'ń' => b'n',
        'Ñ' => b'N',
        'ò'..='ö' | 'ø' => b'o',
        'Ò'..='Ö' | 'Ø' => b'O',
        'ś' => b's',
        'ù'..='ü' => b'u',
        'Ù'..='Ü' => b'U',
        'ý' | 'ÿ' => b'y',
        'ź' | 'ż' => b'z',
        'ł' => b'l',
        // Full width, as keyboards of East Asia write them.
        '\u{ff01}'..='\u{ff5e}' => u8::try_from(u32::from(character) - 0xfee0).unwrap_or(OTHER),
        '\u{660}'..='\u{669}' => digit(character, 0x660),
        '\u{6f0}'..='\u{6f9}' => digit(character, 0x6f0),
        '\u{966}'..='\u{96f}' => digit(character, 0x966),
        _ if character.is_alphanumeric() => LETTER,
        _ => OTHER,
    }
}

fn digit(character: char, zero: u32) -> u8 {
    u8::try_from(u32::from(character) - zero).map_or(OTHER, |digit| b'0' + digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_in_it_is_one_in_the_text() {
        let text = Text::new("Zoë\u{a0}é: ４５\u{2011}٣\n\nb");
        assert_eq!(text.bytes(), b"Zoe e: 45-3\n\nb");
        assert_eq!([0, 10, 11, 12, 13].map(|at| text.line(at)), [0, 0, 0, 1, 2]);
    }

    #[test]
    fn a_paragraph_begins_after_a_blank_line() {
        let text = Text::new("name, ssn\nann, 1\nbob, 2\n\nnotes\nc");
        let head = |at| String::from_utf8(text.slice(text.head(at)).to_vec()).unwrap();
        assert_eq!(head(0), "name, ssn");
        assert_eq!(head(18), "name, ssn");
        assert_eq!(head(text.len() - 1), "notes");
    }

    #[test]
    fn a_piece_of_a_longer_number_does_not_stand_alone() {
        for (text, alone) in [
            ("a 12 b", true),
            ("x12", false),
            ("12x", false),
            ("3.12", false),
            ("12-3", false),
            ("12.", true),
            ("(12)", true),
            ("12,3", true),
        ] {
            let at = text.find("12").unwrap();
            assert_eq!(Text::new(text).stands_alone(&(at..at + 2)), alone, "{text}");
        }
    }
}
