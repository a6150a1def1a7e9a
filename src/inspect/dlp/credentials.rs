//! Keys, tokens and passwords. Words first, over the whole text at once; the form of a rule only around its words; then how random
//! it is; then what is known to be a sample. Rules are data: `../rules/credentials.txt`.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::hits::Page;
use super::text::Text;
use crate::domain::FindingKind;

const RULES: &str = include_str!("../rules/credentials.txt");

/// How far before a word its form may begin, and how far after the word it may end, in characters.
const BEFORE: usize = 300;
const AFTER: usize = 3000;
/// How far around a form its second words may stand.
const AROUND: usize = 300;

/// What stands in a secret's place in instructions and samples, in small letters.
const SAMPLES: [&[u8]; 21] = [
    b"example",
    b"changeme",
    b"change_me",
    b"change-me",
    b"placeholder",
    b"your_",
    b"your-",
    b"yourpassword",
    b"xxxx",
    b"****",
    b"....",
    b"${",
    b"{{",
    b"<password",
    b"redacted",
    b"dummy",
    b"insert",
    b"process.env",
    b"os.environ",
    b"getenv",
    b"1234567890",
];

/// What stands there whole.
const NAMES: [&[u8]; 8] = [b"password", b"passwd", b"passwort", b"secret", b"token", b"mypassword", b"yourtoken", b"username"];

/// One rule.
#[derive(Debug)]
struct Rule {
    name: &'static str,
    also: Vec<&'static str>,
    entropy: f64,
    form: &'static str,
    /// Made when its words are met for the first time: most files have none.
    compiled: OnceLock<Option<Regex>>,
}

/// All rules, and the words of all.
#[derive(Debug)]
pub(super) struct Credentials {
    rules: Vec<Rule>,
    search: AhoCorasick,
    /// Whose each word is.
    owners: Vec<usize>,
}

/// A field of a block.
fn field(block: &'static str, name: &str) -> Option<&'static str> {
    block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

fn words(field: &'static str) -> Vec<&'static str> {
    field.split(", ").collect()
}

impl Credentials {
    pub fn new() -> Result<Self, Box<BuildError>> {
        let blocks = RULES.split("\n\n").filter(|block| block.contains("\nmatch "));
        let (mut rules, mut all, mut owners) = (Vec::new(), Vec::new(), Vec::new());
        for block in blocks {
            let (Some(name), Some(form)) = (field(block, "rule"), field(block, "match")) else { continue };
            let entropy = field(block, "entropy").and_then(|bits| bits.parse().ok()).unwrap_or(0.0);
            for word in field(block, "words").map(words).unwrap_or_default() {
                all.push(word);
                owners.push(rules.len());
            }
            let also = field(block, "also").map(words).unwrap_or_default();
            rules.push(Rule { name, also, entropy, form, compiled: OnceLock::new() });
        }
        let builder = AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(&all);
        Ok(Self { rules, search: builder.map_err(Box::new)?, owners })
    }

    pub fn find(&self, page: &mut Page<'_>) {
        let text = page.text;
        let mut windows: Vec<Vec<Range<usize>>> = vec![Vec::new(); self.rules.len()];
        for found in self.search.find_overlapping_iter(text.bytes()) {
            let Some(windows) = self.owners.get(found.pattern().as_usize()).and_then(|owner| windows.get_mut(*owner)) else { continue };
            let window = found.start().saturating_sub(BEFORE)..text.len().min(found.end() + AFTER);
            // Windows that touch are one: however often a word stands there, the text is looked through once.
            match windows.last_mut() {
                Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
                _ => windows.push(window),
            }
        }
        for (rule, windows) in self.rules.iter().zip(windows) {
            for window in windows {
                rule.find(page, window);
            }
        }
    }
}

impl Rule {
    fn form(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| RegexBuilder::new(self.form).unicode(false).build().ok()).as_ref()
    }

    fn find(&self, page: &mut Page<'_>, window: Range<usize>) {
        let Some(form) = self.form() else { return };
        let text = page.text;
        for found in form.captures_iter(text.slice(window.clone())) {
            let Some(secret) = found.get(1) else { continue };
            let span = window.start + secret.start()..window.start + secret.end();
            let value = secret.as_bytes();
            let is_one = entropy(value) >= self.entropy && !is_sample(value) && self.is_meant(text, &span) && !page.is_claimed(&span);
            if is_one {
                page.found(FindingKind::Credential, self.name, span, value, "*".repeat(12));
            }
        }
    }

    fn is_meant(&self, text: &Text, span: &Range<usize>) -> bool {
        if self.also.is_empty() {
            return true;
        }
        let around = text.slice(span.start.saturating_sub(AROUND)..text.len().min(span.end + AROUND)).to_ascii_lowercase();
        self.also.iter().any(|word| around.windows(word.len()).any(|here| here == word.as_bytes()))
    }
}

/// Bits a character, by how often each stands there (Shannon).
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX).max(1));
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length).map(|share| -share * share.log2()).sum()
}

/// Whether it stands for a secret and is none.
fn is_sample(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    let different: HashSet<u8> = value.iter().copied().collect();
    // What a program puts in later, and words that say what belongs there.
    let is_named = value.first().is_some_and(|first| b"$<[{%".contains(first)) || NAMES.contains(&value.as_slice());
    is_named || different.len() < 3 || SAMPLES.iter().any(|sample| value.windows(sample.len()).any(|here| here == *sample))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_words_a_form_that_compiles_and_a_group() {
        let rules = Credentials::new().unwrap();
        assert_eq!(rules.rules.len(), RULES.lines().filter(|line| line.starts_with("rule ")).count());
        for (number, rule) in rules.rules.iter().enumerate() {
            assert!(rules.owners.contains(&number), "{} has no words", rule.name);
            let form = RegexBuilder::new(rule.form).unicode(false).build().unwrap_or_else(|error| panic!("{}: {error}", rule.name));
            assert!(form.captures_len() >= 2, "{} has no group", rule.name);
        }
    }

    #[test]
    fn randomness_is_measured_in_bits_a_character() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!((entropy(b"0123456789abcdef") - 4.0).abs() < 1e-9);
    }
}
