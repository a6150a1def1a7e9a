//! What a customer's own rules look for. Their size is bounded where they are taken in, and again here.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::hits::{Page, mask};
use super::text::{Text, is_word};
use crate::domain::{FindingKind, OwnRule, Sought};

/// Rules of one customer, made ready.
#[derive(Debug, Default)]
pub(super) struct Own {
    rules: Vec<(String, Search)>,
}

/// What one rule looks for, made ready.
#[derive(Debug)]
pub(in crate::inspect) enum Search {
    Words(AhoCorasick),
    Pattern(Box<Regex>),
}

impl Own {
    /// What can be made ready of these; a rule that cannot is left out, as its taking in would have refused it.
    pub fn new(rules: &[OwnRule]) -> Self {
        let ready = rules.iter().take(OwnRule::MOST).filter_map(|rule| Some((rule.name.clone(), Search::new(&rule.sought)?)));
        Self { rules: ready.collect() }
    }

    pub fn find(&self, page: &mut Page<'_>) {
        for (name, search) in &self.rules {
            for span in search.spans(page.text) {
                let raw = page.text.slice(span.clone());
                let (value, sample) = (raw.to_ascii_lowercase(), mask(raw, 0));
                page.found(FindingKind::Custom, name, span, &value, sample);
            }
        }
    }
}

impl Search {
    /// Made ready; `None` for what its taking in would have refused.
    pub fn new(sought: &Sought) -> Option<Self> {
        match sought {
            Sought::Words(words) => {
                // Folded as the text is, so that "Zoë" is found however it is written.
                let words: Vec<Vec<u8>> = words.iter().take(OwnRule::WORDS).map(|word| Text::new(word).bytes().to_vec()).collect();
                let builder = AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(words);
                builder.ok().map(Self::Words)
            }
            Sought::Pattern(pattern) => {
                let mut builder = RegexBuilder::new(pattern);
                builder.unicode(false).size_limit(OwnRule::COMPILED).dfa_size_limit(OwnRule::COMPILED * 4);
                builder.build().ok().map(|pattern| Self::Pattern(Box::new(pattern)))
            }
        }
    }

    /// Where it stands.
    pub fn spans(&self, text: &Text) -> Vec<Range<usize>> {
        match self {
            Self::Words(words) => {
                let found = words.find_iter(text.bytes()).map(|found| found.start()..found.end());
                found.filter(|span| !is_word(text.before(span.start)) && !is_word(text.at(span.end))).collect()
            }
            Self::Pattern(pattern) => {
                let found = pattern.find_iter(text.bytes()).map(|found| found.start()..found.end());
                found.filter(|span| !span.is_empty()).collect()
            }
        }
    }
}
