//! Somebody's health: words for illnesses and treatments, and codes of diagnoses, where words of a patient's record stand near.
//! A word alone is in every newspaper, and a code alone is a place in a warehouse.
//!
//! Source: the form of codes is that of ICD-10 (WHO, <https://icd.who.int/browse10>) and ICD-10-CM (CDC, official guidelines,
//! section I.A.2): a letter, a digit, a digit or letter, and after a point up to four more.

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

use super::context::Context;
use super::hits::Page;
use super::text::{Text, is_word};
use crate::domain::FindingKind;

const TERMS: &str = include_str!("../rules/health.txt");

fn terms() -> impl Iterator<Item = &'static str> {
    TERMS.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What looks for the words.
#[derive(Debug)]
pub(super) struct Terms {
    search: AhoCorasick,
}

impl Terms {
    pub fn new() -> Result<Self, Box<BuildError>> {
        let builder = AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(terms());
        Ok(Self { search: builder.map_err(Box::new)? })
    }

    pub fn find(&self, page: &mut Page<'_>) {
        let text = page.text;
        for found in self.search.find_iter(text.bytes()) {
            let span = found.start()..found.end();
            if is_word(text.before(span.start)) || is_word(text.at(span.end)) || page.is_claimed(&span) {
                continue;
            }
            if page.is_near(Context::Health, &span) {
                let value = text.slice(span.clone()).to_ascii_lowercase();
                let first = text.slice(span.clone()).first().copied().map_or('*', char::from);
                page.found(FindingKind::Health, "health_term", span, &value, format!("{first}***"));
            }
        }
        codes(page);
    }
}

/// How long a code that begins there is.
fn code(text: &Text, at: usize) -> Option<usize> {
    let is_begun = text.at(at).is_ascii_uppercase() && text.at(at + 1).is_ascii_digit();
    let third = text.at(at + 2);
    if !is_begun || !(third.is_ascii_digit() || matches!(third, b'A' | b'B')) {
        return None;
    }
    let more =
        text.slice(at + 4..text.len().min(at + 9)).iter().take_while(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()).count();
    let length = if text.at(at + 3) == b'.' && (1..=4).contains(&more) { 4 + more } else { 3 };
    text.stands_alone(&(at..at + length)).then_some(length)
}

fn codes(page: &mut Page<'_>) {
    let mut at = 0;
    while at < page.text.len() {
        match code(page.text, at) {
            Some(length) => {
                let span = at..at + length;
                at += length;
                if page.is_near(Context::Medical, &span) && !page.is_claimed(&span) {
                    let value = page.text.slice(span.clone()).to_vec();
                    let sample = value.first().copied().map_or('*', char::from);
                    page.found(FindingKind::Health, "icd_10", span, &value, format!("{sample}**"));
                }
            }
            None => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_folded_as_texts_are_and_none_stands_twice() {
        let mut all: Vec<&str> = terms().collect();
        assert!(all.len() > 100);
        for term in &all {
            assert!(term.is_ascii() && term.to_lowercase() == *term, "{term}");
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
