//! The alphabet of text messages, GSM 03.38: what is outside of it makes a message hold 70 characters
//! instead of 160.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

const BASIC: &str =
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Written by two: an escape goes before.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

fn cost(letter: char) -> Option<usize> {
    if BASIC.contains(letter) { Some(1) } else { EXTENDED.contains(letter).then_some(2) }
}

/// How many septets a text takes; `None` when it holds what the alphabet has not.
pub(in crate::speech) fn septets(text: &str) -> Option<usize> {
    text.chars().map(cost).sum()
}

/// The same text with every letter of the alphabet that has a near one there: `ş` is `s`, `’` is `'`.
/// Letters of other scripts stay as they are.
pub(in crate::speech) fn folded(text: &str) -> String {
    text.nfc()
        .flat_map(|letter| {
            if cost(letter).is_some() {
                return vec![letter];
            }
            let near = match letter {
                '’' | '‘' | '`' => '\'',
                '“' | '”' => '"',
                '–' | '—' => '-',
                'ł' => 'l',
                'Ł' => 'L',
                'đ' => 'd',
                'Đ' => 'D',
                'ı' => 'i',
                '\u{a0}' | '\u{202f}' => ' ',
                other => other,
            };
            let bare: Vec<char> = std::iter::once(near).nfd().filter(|part| !is_combining_mark(*part)).collect();
            if bare.iter().all(|part| cost(*part).is_some()) { bare } else { vec![letter] }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_in_septets_where_the_alphabet_has_it() {
        for (text, expected) in [("", Some(0)), ("Zoë", None), ("Jörg é", Some(6)), ("5 €", Some(4)), ("日", None)] {
            assert_eq!(septets(text), expected, "{text}");
        }
    }

    #[test]
    fn letters_that_the_alphabet_has_not_become_their_nearest() {
        for (text, expected) in
            [("Zoë O’Brien", "Zoe O'Brien"), ("Łukasz Żółć", "Lukasz Zolc"), ("Jörg", "Jörg"), ("João", "Joao"), ("日本", "日本")]
        {
            assert_eq!(folded(text), expected, "{text}");
        }
    }
}
