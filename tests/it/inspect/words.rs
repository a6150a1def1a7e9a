//! How many of the words that a reference reads are in a text that was read here.

use std::collections::HashMap;

/// Words of a text and how often each stands in it: letters and digits side by side, in small letters.
pub fn words_of(text: &str) -> HashMap<String, usize> {
    let mut words = HashMap::new();
    for word in text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    words
}

/// Words of the reference that were read, and all of them. A word counts as often as it stands there.
pub fn recalled(reference: &str, read: &str) -> (usize, usize) {
    let (wanted, have) = (words_of(reference), words_of(read));
    let found = wanted.iter().map(|(word, count)| (*count).min(have.get(word).copied().unwrap_or_default())).sum();
    (found, wanted.values().sum())
}
