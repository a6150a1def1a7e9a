//! What was found, by rule: how many different ones, where the first ones stand, and one of them masked.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::context::{Context, Words};
use super::text::Text;
use crate::domain::{FilePart, Finding, FindingKind, FindingPlace};

/// Different ones of a rule that are told apart; beyond, each counts as another one.
const TOLD_APART: usize = 10_000;

/// Findings while a file is looked through.
#[derive(Debug, Default)]
pub(super) struct Hits {
    found: BTreeMap<(FindingKind, String), Found>,
}

#[derive(Debug)]
struct Found {
    count: u32,
    seen: HashSet<u64>,
    places: Vec<FindingPlace>,
    sample: String,
}

impl Hits {
    /// What came of it, bounded, in the order in which kinds are told.
    pub fn findings(self) -> Vec<Finding> {
        let finding = |((kind, rule), found): ((FindingKind, String), Found)| Finding {
            kind,
            rule,
            count: found.count,
            places: found.places,
            sample: found.sample.chars().take(Finding::SAMPLE).collect(),
        };
        self.found.into_iter().take(Finding::RULES).map(finding).collect()
    }
}

/// One part of a file while it is looked through. What one family claims is not another one's.
pub(super) struct Page<'a> {
    pub text: &'a Text,
    part: FilePart,
    words: Words,
    claimed: Vec<bool>,
    hits: &'a mut Hits,
}

impl<'a> Page<'a> {
    pub fn new(text: &'a Text, part: FilePart, words: Words, hits: &'a mut Hits) -> Self {
        Self { text, part, words, claimed: vec![false; text.len()], hits }
    }

    /// Whether words of this kind stand near a span, or at the head of its paragraph.
    pub fn is_near(&self, context: Context, span: &Range<usize>) -> bool {
        self.words.near(self.text, span) & context.bit() != 0
    }

    /// Whether words of this kind stand anywhere in it.
    pub fn has(&self, context: Context) -> bool {
        self.words.all() & context.bit() != 0
    }

    /// Whether a family before has it.
    pub fn is_claimed(&self, span: &Range<usize>) -> bool {
        self.claimed.get(span.clone()).is_none_or(|claimed| claimed.iter().any(|claimed| *claimed))
    }

    /// Takes down what was found. `value` tells it from others of its rule, however it is written.
    pub fn found(&mut self, kind: FindingKind, rule: &str, span: Range<usize>, value: &[u8], sample: String) {
        if let Some(claimed) = self.claimed.get_mut(span.clone()) {
            claimed.fill(true);
        }
        let place = FindingPlace {
            part: self.part,
            line: u32::try_from(self.text.line(span.start) + 1).unwrap_or(u32::MAX),
            offset: span.start as u64,
        };
        let found = self.hits.found.entry((kind, rule.to_owned())).or_insert_with(|| Found {
            count: 0,
            seen: HashSet::new(),
            places: Vec::new(),
            sample,
        });
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        let value = hasher.finish();
        if found.seen.contains(&value) {
            return;
        }
        if found.seen.len() < TOLD_APART {
            found.seen.insert(value);
        }
        found.count = found.count.saturating_add(1);
        if found.places.len() < Finding::PLACES {
            found.places.push(place);
        }
    }
}

/// Every letter and digit a star but the last `shown` ones.
pub(super) fn mask(raw: &[u8], shown: usize) -> String {
    let whole = raw.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let mut left = whole;
    let star = |byte: &u8| {
        if !byte.is_ascii_alphanumeric() {
            // What stands between is told where it is a separator, and hidden where it may be a letter.
            return if matches!(byte, b' ' | b'-' | b'.' | b'/' | b'+' | b'(' | b')') { char::from(*byte) } else { '*' };
        }
        left -= 1;
        if left < shown && whole > shown { char::from(*byte) } else { '*' }
    };
    raw.iter().map(star).collect()
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn a_mask_shows_the_end_alone_and_never_the_whole() {
        assert_eq!(mask(b"4242 4242 4242 4242", 4), "**** **** **** 4242");
        assert_eq!(mask(b"078-05-1120", 2), "***-**-**20");
        assert_eq!(mask(b"ab", 2), "**");
        assert_eq!(mask(b"secret", 0), "******");
        assert_eq!(mask(b"a\x01b", 0), "***");
    }
}
