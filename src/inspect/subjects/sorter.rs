//! One look at a file for what speaks for its category.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use aho_corasick::AhoCorasick;

use super::super::dlp::{Text, is_word};
use super::own::Own;
use super::rules::{Rule, all};
use super::signs;
use crate::domain::{Category, Hint, HintPart, OwnTopic};

/// Characters of a text that count as its beginning.
const HEAD: usize = 1200;

/// What is known of a file when it is sorted.
#[derive(Debug, Clone, Copy)]
pub struct Sorting<'a> {
    /// The name it arrived with.
    pub name: &'a str,
    /// What it calls itself.
    pub title: &'a str,
    /// What kind of file it is.
    pub kind: Category,
    /// Its text.
    pub text: &'a str,
    /// Pages, slides or sheets.
    pub pages: Option<u32>,
    /// Whether the number of a bank account is in it.
    pub has_account: bool,
}

/// What looks for it: the rules, made ready.
#[derive(Debug)]
pub struct Sorter {
    rules: Vec<Rule>,
    search: AhoCorasick,
    /// For each pattern of the search the rules, and which of their words, it stands for.
    meanings: Vec<Vec<(usize, usize)>>,
}

impl Sorter {
    /// Made ready.
    ///
    /// # Errors
    /// When a built-in rule cannot be read, which a test rules out.
    pub fn new() -> io::Result<Self> {
        let rules = all().map_err(|line| io::Error::other(format!("this is no rule: {line}")))?;
        let mut patterns: BTreeMap<&[u8], Vec<(usize, usize)>> = BTreeMap::new();
        for (rule, of) in rules.iter().enumerate().filter(|(_, of)| !matches!(of.part, HintPart::Kind | HintPart::Structure)) {
            for (word, known) in of.words.iter().enumerate() {
                patterns.entry(&known.folded).or_default().push((rule, word));
            }
        }
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns.keys()).map_err(io::Error::other)?;
        let meanings = patterns.into_values().collect();
        Ok(Self { rules, search, meanings })
    }

    /// What speaks for which category, by the built-in rules and a customer's own.
    pub fn look(&self, of: &Sorting<'_>, own: &[OwnTopic]) -> Vec<Hint> {
        let own = Own::new(own);
        let mut found: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut hints = Vec::new();
        let text = Text::new(of.text);
        let (name, title) = (Text::new(&apart(of.name)), Text::new(&apart(of.title)));
        for (part, text) in [(HintPart::Name, &name), (HintPart::Title, &title), (HintPart::Text, &text)] {
            self.words(part, text, &mut found);
        }
        for (part, raw) in [(HintPart::Name, of.name), (HintPart::Title, of.title)] {
            own.look(part, &Text::new(&format!("{raw}\n{}", apart(raw))), &mut hints);
        }
        own.look(HintPart::Text, &text, &mut hints);
        let signs = signs::of(&text, of.pages, of.has_account);
        for (number, rule) in self.rules.iter().enumerate() {
            let is_there = |word: &str| match rule.part {
                HintPart::Kind => word == of.kind.as_str(),
                HintPart::Structure => signs.contains(word),
                _ => false,
            };
            found.extend(rule.words.iter().enumerate().filter(|(_, word)| is_there(&word.said)).map(|(word, _)| (number, word)));
        }
        for (number, rule) in self.rules.iter().enumerate() {
            let words = found.range((number, 0)..(number + 1, 0)).filter_map(|(_, word)| rule.words.get(*word));
            hints.extend(words.take(rule.most).map(|word| Hint {
                topic: rule.topic.clone(),
                part: rule.part,
                rule: word.said.trim_matches('*').to_owned(),
                points: rule.points,
            }));
        }
        hints.truncate(Hint::MOST);
        hints
    }

    /// The words of rules that stand in a part.
    fn words(&self, part: HintPart, text: &Text, found: &mut BTreeSet<(usize, usize)>) {
        for hit in self.search.find_overlapping_iter(text.bytes()) {
            let (before, after) = (is_word(text.before(hit.start())), is_word(text.at(hit.end())));
            for (rule, word) in self.meanings.get(hit.pattern().as_usize()).into_iter().flatten() {
                let Some(known) = self.rules.get(*rule) else { continue };
                let is_here = known.part == part || (part == HintPart::Text && known.part == HintPart::Head && hit.start() < HEAD);
                let is_whole = known.words.get(*word).is_some_and(|word| (word.open_before || !before) && (word.open_after || !after));
                if is_here && is_whole {
                    found.insert((*rule, *word));
                }
            }
        }
    }
}

/// A name as words: "AcmeInvoice_2024-03.pdf" is "Acme Invoice 2024 03 pdf".
fn apart(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let mut was_small = false;
    for letter in name.chars() {
        if was_small && letter.is_uppercase() {
            out.push(' ');
        }
        was_small = letter.is_lowercase();
        out.push(if matches!(letter, '_' | '-' | '.' | '+') { ' ' } else { letter });
    }
    out
}

/// What a name and a kind alone say, for a file that could not be read.
pub(in crate::inspect) fn by_name(name: &str, kind: Category) -> Vec<Hint> {
    let of = Sorting { name, title: "", kind, text: "", pages: None, has_account: false };
    Sorter::new().map(|sorter| sorter.look(&of, &[])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn names_fall_into_words() {
        for (name, words) in [
            ("AcmeInvoice_2024-03.pdf", "Acme Invoice 2024 03 pdf"),
            ("NDA.docx", "NDA docx"),
            ("mein Mietvertrag", "mein Mietvertrag"),
            ("ÜbersichtÄrzte", "Übersicht Ärzte"),
        ] {
            assert_eq!(apart(name), words);
        }
    }
}
