//! Spelling aloud.

use unicode_normalization::UnicodeNormalization;

use super::digits::spoken_digits;
use super::number::digit_word;
use crate::speech::Spoken;

/// The word for a letter in the ICAO spelling alphabet, as the recommendation writes it.
const fn alphabet(letter: char) -> Option<&'static str> {
    Some(match letter {
        'A' => "Alfa",
        'B' => "Bravo",
        'C' => "Charlie",
        'D' => "Delta",
        'E' => "Echo",
        'F' => "Foxtrot",
        'G' => "Golf",
        'H' => "Hotel",
        'I' => "India",
        'J' => "Juliett",
        'K' => "Kilo",
        'L' => "Lima",
        'M' => "Mike",
        'N' => "November",
        'O' => "Oscar",
        'P' => "Papa",
        'Q' => "Quebec",
        'R' => "Romeo",
        'S' => "Sierra",
        'T' => "Tango",
        'U' => "Uniform",
        'V' => "Victor",
        'W' => "Whiskey",
        'X' => "X-ray",
        'Y' => "Yankee",
        'Z' => "Zulu",
        _ => return None,
    })
}

/// The letter without its accents, in upper case; the letter itself where it has no plain form.
pub(in crate::speech) fn plain_letter(letter: char) -> char {
    let base = letter.nfd().next().unwrap_or(letter);
    base.to_uppercase().next().unwrap_or(base)
}

/// Each sign as it is said when a name is spelled: "S as in Sierra", "hyphen", "new word".
pub fn spell(text: &str) -> Vec<String> {
    text.trim().nfc().filter_map(spell_sign).collect()
}

fn spell_sign(sign: char) -> Option<String> {
    let plain = plain_letter(sign);
    let has_accent = plain.is_ascii_alphabetic() && !sign.is_ascii();
    match (sign, alphabet(plain)) {
        (_, Some(word)) if has_accent => Some(format!("{plain} as in {word}, with an accent")),
        (_, Some(word)) => Some(format!("{plain} as in {word}")),
        ('-', _) => Some("hyphen".to_owned()),
        ('\'' | '’', _) => Some("apostrophe".to_owned()),
        ('.', _) => Some("dot".to_owned()),
        ('@', _) => Some("at".to_owned()),
        ('_', _) => Some("underscore".to_owned()),
        ('+', _) => Some("plus".to_owned()),
        (' ', _) => Some("new word".to_owned()),
        _ => digit_word(sign).map(str::to_owned).or_else(|| sign.is_alphabetic().then(|| plain.to_string())),
    }
}

/// The bare letters: "S M Y T H E".
pub fn spell_letters(text: &str) -> Spoken {
    let letters = text.nfc().filter(|letter| letter.is_alphabetic()).flat_map(char::to_uppercase);
    Spoken::new(letters.map(String::from).collect::<Vec<_>>().join(" "))
}

/// A mail address or a number as it is said: "jane dot doe two at example dot com", "plus 1 5 5, 5 0 1".
pub fn spoken_address(address: &str) -> Spoken {
    if address.starts_with('+') {
        return Spoken::new(format!("plus {}", spoken_digits(address)));
    }
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for sign in address.to_lowercase().chars() {
        if sign.is_alphabetic() {
            word.push(sign);
            continue;
        }
        words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        words.extend(spell_sign(sign));
    }
    words.extend((!word.is_empty()).then_some(word));
    Spoken::new(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_with_the_alphabet() {
        assert_eq!(spell("Ng"), ["N as in November", "G as in Golf"]);
        assert_eq!(
            spell("O'Né-4 x"),
            [
                "O as in Oscar",
                "apostrophe",
                "N as in November",
                "E as in Echo, with an accent",
                "hyphen",
                "four",
                "new word",
                "X as in X-ray"
            ]
        );
        assert_eq!(spell("Ю"), ["Ю"]);
        assert!(spell(" \u{202E} ").is_empty());
    }

    #[test]
    fn an_address_is_said_with_its_signs() {
        for (address, words) in [
            ("jane.doe2@my-firm.example", "jane dot doe two at my hyphen firm dot example"),
            ("a_b+c@example.com", "a underscore b plus c at example dot com"),
            ("+15550100142", "plus 1 5 5, 5 0 1, 0 0 1, 4 2"),
        ] {
            assert_eq!(spoken_address(address).as_str(), words);
        }
        assert_eq!(spell("j@x.de").join(", "), "J as in Juliett, at, X as in X-ray, dot, D as in Delta, E as in Echo");
    }

    #[test]
    fn bare_letters_are_set_apart() {
        assert_eq!(spell_letters("Smythe").as_str(), "S M Y T H E");
        assert_eq!(spell_letters("O'Hé").as_str(), "O H É");
    }

    #[test]
    fn every_letter_of_the_alphabet_starts_its_word() {
        for letter in 'A'..='Z' {
            assert!(alphabet(letter).is_some_and(|word| word.starts_with(letter)), "{letter}");
        }
    }
}
