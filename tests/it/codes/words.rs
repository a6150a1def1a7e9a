//! The words of codes, as an ear has them.

use rphonetic::DoubleMetaphone;
use satchel::files::CODE_WORDS;
use strsim::levenshtein;

#[test]
fn words_are_plain_short_and_sorted() {
    assert!(CODE_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(CODE_WORDS.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()) && (4..=12).contains(&word.len())));
}

/// How a word may sound: one key or two.
fn sounds(word: &str) -> Vec<String> {
    let found = DoubleMetaphone::new(Some(12)).double_metaphone(word);
    let mut sounds = vec![found.primary(), found.alternate()];
    sounds.dedup();
    sounds
}

/// How far apart two words are at the least, by the keys of their sounds.
fn apart(one: &[String], other: &[String]) -> usize {
    one.iter().flat_map(|a| other.iter().map(|b| levenshtein(a, b))).min().unwrap()
}

#[test]
fn no_two_words_are_spelled_or_sound_nearly_alike() {
    let heard: Vec<_> = CODE_WORDS.iter().map(|word| sounds(word)).collect();
    let mut alike = Vec::new();
    for (at, word) in CODE_WORDS.iter().enumerate() {
        for (after, other) in CODE_WORDS.iter().enumerate().skip(at + 1) {
            if levenshtein(word, other) < 3 || apart(&heard[at], &heard[after]) < 2 {
                alike.push(format!("{word} {other} {:?} {:?}", heard[at], heard[after]));
            }
        }
    }
    assert!(alike.is_empty(), "{alike:#?}");
}

#[test]
fn the_measure_finds_words_that_sound_alike() {
    for (one, other) in [("flower", "flour"), ("paddle", "petal"), ("bakery", "becker"), ("sailor", "seller")] {
        assert!(apart(&sounds(one), &sounds(other)) < 2, "{one} {other}: {:?} {:?}", sounds(one), sounds(other));
    }
}
