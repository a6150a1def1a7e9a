//! How words sound, and how alike two words are.

use rphonetic::{DoubleMetaphone, Encoder};

/// Longest phonetic code, in letters: long enough for two joined words.
const MAX_CODE: usize = 10;
/// Longest word that is given to the encoder, in bytes.
const MAX_WORD: usize = 40;

/// The double metaphone code of a word; empty for numbers and for what is too short to tell.
pub fn key(word: &str) -> String {
    if word.len() > MAX_WORD || word.len() < 2 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return String::new();
    }
    let code = DoubleMetaphone::new(Some(MAX_CODE)).encode(word);
    // One consonant says too little: half of all short words would meet in it.
    if code.len() < 2 { String::new() } else { code.to_lowercase() }
}

/// Codes of words and of joined neighbours ("ack me" and "acme" meet).
pub fn keys_of(words: &[&str]) -> Vec<String> {
    let joined = words.windows(2).filter_map(|pair| match pair {
        [a, b] if is_plain(a) && is_plain(b) => Some(key(&format!("{a}{b}"))),
        _ => None,
    });
    words.iter().map(|word| key(word)).chain(joined).filter(|code| !code.is_empty()).collect()
}

fn is_plain(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// How alike two words are, 0 to 1, by sound and by letters. Numbers are alike or not, save for the
/// pairs that recognisers confuse (`fifteen`, `fifty`).
pub fn alike(a: &str, a_sound: &str, b: &str, b_sound: &str) -> f32 {
    if a == b {
        return 1.0;
    }
    let numeric = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    if numeric(a) || numeric(b) {
        return if is_teen_ten(a, b) { 0.5 } else { 0.0 };
    }
    let length = a.len().max(b.len());
    if length < 3 || a.len().min(b.len()) * 2 < length {
        return 0.0;
    }
    let letters = strsim::jaro_winkler(a, b);
    let sound = if sounds_same(a_sound, b_sound, letters) { 0.88 } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
    let letters = if letters >= 0.8 { (letters * 0.92) as f32 } else { 0.0 };
    letters.max(sound)
}

/// Whether two codes are the same word. Two consonants alone ("renee", "ryan") need like letters too.
fn sounds_same(a: &str, b: &str, letters: f64) -> bool {
    a.len() > 1 && a == b && (a.len() > 2 || letters >= 0.7)
}

/// Whether two words sound the same.
pub fn is_soundalike(a: &str, a_sound: &str, b: &str, b_sound: &str) -> bool {
    sounds_same(a_sound, b_sound, strsim::jaro_winkler(a, b))
}

/// `15` and `50`, also at the end of a year: 2015 and 2050, 2018 and 2089.
fn is_teen_ten(a: &str, b: &str) -> bool {
    let swapped = |text: &str| -> Option<String> {
        let head = text.get(..text.len().checked_sub(2)?)?;
        match text.as_bytes().get(text.len() - 2..)? {
            [b'1', unit @ b'3'..=b'9'] => Some(format!("{head}{}0", char::from(*unit))),
            // "twenty eighteen an..." is heard as "twenty eighty nine".
            [tens @ b'5'..=b'9', b'9'] if head.len() == 2 => Some(format!("{head}1{}", char::from(*tens))),
            [tens @ b'3'..=b'9', b'0'] => Some(format!("{head}1{}", char::from(*tens))),
            _ => None,
        }
    };
    swapped(a).is_some_and(|other| other == b) || swapped(b).is_some_and(|other| other == a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(a: &str, b: &str) -> f32 {
        alike(a, &key(a), b, &key(b))
    }

    #[test]
    fn soundalikes_share_a_key() {
        for (a, b) in [("smith", "smyth"), ("katherine", "catherine"), ("northwind", "northwynd"), ("invoice", "envoys")] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        assert!(keys_of(&["ack", "me"]).contains(&key("acme")));
        assert_eq!(key("2025"), "");
        assert_eq!(key("é"), "");
    }

    #[test]
    fn near_words_are_alike_and_numbers_are_equal_or_not() {
        assert!(similarity("lamers", "lemurs") > 0.7);
        assert!(similarity("lease", "invoice") < 0.5);
        assert!(similarity("2015", "2016") < f32::EPSILON);
        assert!(similarity("2015", "2050") > 0.4);
        assert!(similarity("2018", "2089") > 0.4);
        assert!(similarity("renee", "ryan") < 0.8);
    }

    proptest::proptest! {
        #[test]
        fn the_encoder_takes_any_word(word in "[a-z]{0,45}") {
            proptest::prop_assert!(key(&word).len() <= MAX_CODE);
        }
    }
}
