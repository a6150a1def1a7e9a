//! The rules as data: which words, where, count how much for which category.

use super::super::dlp::Text;
use crate::domain::{HintPart, Topic};

const RULES: &str = include_str!("../rules/subjects.txt");

/// One line of the rules.
#[derive(Debug)]
pub(super) struct Rule {
    pub topic: Topic,
    pub part: HintPart,
    /// In tenths, for each different word.
    pub points: u16,
    /// How many different words count.
    pub most: usize,
    pub words: Vec<Word>,
}

/// A word or a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As the rules say it.
    pub said: String,
    /// As texts are looked through for it.
    pub folded: Vec<u8>,
    /// Whether letters may stand before it.
    pub open_before: bool,
    /// Whether letters may stand after it.
    pub open_after: bool,
}

impl Word {
    fn new(said: &str) -> Self {
        let bare = said.trim_matches('*');
        Self {
            folded: Text::new(bare).bytes().to_ascii_lowercase(),
            open_before: said.starts_with('*'),
            open_after: said.ends_with('*'),
            said: said.to_owned(),
        }
    }
}

fn part(word: &str) -> Option<HintPart> {
    Some(match word {
        "name" => HintPart::Name,
        "title" => HintPart::Title,
        "head" => HintPart::Head,
        "text" => HintPart::Text,
        "kind" => HintPart::Kind,
        "structure" => HintPart::Structure,
        _ => return None,
    })
}

/// `4.5` as tenths.
fn tenths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    Some(whole.parse::<u16>().ok()? * 10 + rest.parse::<u16>().ok().filter(|rest| *rest < 10)?)
}

/// `name 5 of 1: invoice, bill`.
fn rule(topic: &Topic, line: &str) -> Option<Rule> {
    let (head, words) = line.split_once(':')?;
    let mut head = head.split_whitespace();
    let (part, points) = (part(head.next()?)?, tenths(head.next()?)?);
    let most = head.next().filter(|of| *of == "of").and(head.next())?.parse().ok()?;
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Word::new).collect();
    Some(Rule { topic: topic.clone(), part, points, most, words })
}

/// All rules, or the first line that is none.
pub(super) fn all() -> Result<Vec<Rule>, String> {
    let mut topic = Topic::general();
    let mut rules = Vec::new();
    for line in RULES.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("category ") {
            Some(name) => topic = Topic::parse(name).map_err(|_| line.to_owned())?,
            None => rules.push(rule(&topic, line).ok_or_else(|| line.to_owned())?),
        }
    }
    Ok(rules)
}
