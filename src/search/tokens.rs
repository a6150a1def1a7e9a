//! Splits names and sentences into lower-case words without accents.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest word kept, in characters; longer runs (encoded data, rulers) are no words.
pub const MAX_WORD: usize = 40;

/// Words of a text, and the spellings of compounds that were taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Every word, in order.
    pub parts: Vec<String>,
    /// `jpmorgan` for `JPMorgan`, `pge` for `PG&E`: compounds as one word.
    pub wholes: Vec<String>,
}

/// Where a run of letters is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// At digits and punctuation: sentences.
    Words,
    /// At changes of case too: names of files.
    Names,
}

/// Lower case, compatibility forms and accents folded: `Ünïcode Ⅱ ß` becomes `unicode ii ss`.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character.to_ascii_lowercase());
        } else {
            push_folded(character, &mut out);
        }
    }
    out
}

fn push_folded(character: char, out: &mut String) {
    for plain in character.nfkd().filter(|plain| !is_combining_mark(*plain)) {
        for lower in plain.to_lowercase() {
            match lower {
                'ß' => out.push_str("ss"),
                'æ' => out.push_str("ae"),
                'œ' => out.push_str("oe"),
                'ø' => out.push('o'),
                'đ' | 'ð' => out.push('d'),
                'ł' => out.push('l'),
                'þ' => out.push_str("th"),
                'ı' => out.push('i'),
                '’' | 'ʼ' => out.push('\''),
                other => out.push(other),
            }
        }
    }
}

/// Splits at white space, punctuation, digits and, for names, changes of case. `1st` stays whole,
/// a possessive `'s` falls away, `&` between words is `and`.
pub fn split(text: &str, cut: Cut) -> Words {
    let mut words = Words::default();
    for chunk in text.split(|c: char| !(c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '\'' | '’' | '&' | 'ʼ'))) {
        split_chunk(chunk, cut, &mut words);
    }
    words
}

fn split_chunk(chunk: &str, cut: Cut, words: &mut Words) {
    let chunk = chunk.trim_matches(['\'', '’', 'ʼ']);
    let chunk = ["'s", "’s", "'S", "’S"].iter().find_map(|end| chunk.strip_suffix(end)).unwrap_or(chunk);
    if chunk.is_empty() {
        return;
    }
    let mut parts = Vec::new();
    for (number, joined) in chunk.split('&').enumerate() {
        if number > 0 {
            parts.push("and".to_owned());
        }
        split_run(joined, cut, &mut parts);
    }
    if chunk.contains('&') && parts.len() > 2 || cut == Cut::Names && parts.len() > 1 {
        let whole: String = fold(chunk).chars().filter(|c| c.is_alphanumeric()).collect();
        if whole.chars().count() <= MAX_WORD {
            words.wholes.push(whole);
        }
    }
    words.parts.extend(parts.into_iter().filter(|part| part.chars().count() <= MAX_WORD));
}

fn split_run(run: &str, cut: Cut, parts: &mut Vec<String>) {
    let run: Vec<char> = run.chars().filter(|c| c.is_alphanumeric() || is_combining_mark(*c)).collect();
    let mut piece = String::new();
    let mut before: Option<char> = None;
    for (at, current) in run.iter().copied().enumerate() {
        let next = run.get(at + 1).copied();
        if before.is_some_and(|before| is_border(before, current, next, cut)) {
            parts.push(fold(&piece));
            piece.clear();
        }
        piece.push(current);
        before = Some(current);
    }
    if !piece.is_empty() {
        parts.push(fold(&piece));
    }
    join_ordinals(parts);
}

fn is_border(before: char, current: char, next: Option<char>, cut: Cut) -> bool {
    if before.is_numeric() != current.is_numeric() && !is_combining_mark(current) {
        return true;
    }
    cut == Cut::Names && current.is_uppercase() && (before.is_lowercase() || before.is_uppercase() && next.is_some_and(char::is_lowercase))
}

/// `2`, `nd` belong together.
fn join_ordinals(parts: &mut Vec<String>) {
    if let [.., number, suffix] = parts.as_mut_slice()
        && number.bytes().all(|b| b.is_ascii_digit())
        && matches!(suffix.as_str(), "st" | "nd" | "rd" | "th")
    {
        number.push_str(suffix);
        parts.pop();
    }
}

/// The character 3-grams and 4-grams of a word with its edges marked.
pub fn grams(word: &str) -> Vec<String> {
    let edged: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
    let mut out: Vec<String> = edged.windows(3).chain(edged.windows(4)).map(|gram| gram.iter().collect()).collect();
    out.sort_unstable();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_at_case_digits_and_punctuation() {
        for (name, parts, wholes) in [
            ("AcmeInvoice_4729.pdf", "acme invoice 4729 pdf", "acmeinvoice"),
            ("JPMorgan-2025Q3", "jp morgan 2025 q 3", "jpmorgan 2025q3"),
            ("PG_E_2018_10K", "pg e 2018 10 k", "10k"),
            ("PG&E Corporation", "pg and e corporation", "pge"),
            ("Müller's Bericht", "muller bericht", ""),
            ("eBay", "e bay", "ebay"),
            ("2nd draft", "2nd draft", ""),
            ("d'Ambrosia O’Brien", "d ambrosia o brien", "dambrosia obrien"),
        ] {
            let words = split(name, Cut::Names);
            assert_eq!((words.parts.join(" "), words.wholes.join(" ")), (parts.to_owned(), wholes.to_owned()), "{name}");
        }
    }

    #[test]
    fn sentences_keep_words_of_mixed_case_whole() {
        assert_eq!(split("the JPMorgan 10-K, d'Ambrosia's", Cut::Words).parts, ["the", "jpmorgan", "10", "k", "dambrosia"]);
    }

    #[test]
    fn grams_mark_the_edges_of_a_word() {
        assert_eq!(grams("ab"), ["^ab", "^ab$", "ab$"]);
        assert!(grams("").is_empty());
    }
}
