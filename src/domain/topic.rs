//! By which word people sort a file, and what speaks for it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sought, Timestamp};

/// A category that people sort files by: one of ours, or one of a customer's own. It can be said: small letters, digits, and
/// single blanks or hyphens between words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = Topic::FORM, "minLength" = 2, "maxLength" = Topic::LONGEST))]
pub struct Topic(String);

/// A word that is no category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is words of small letters and digits with a blank or a hyphen between them, up to 40 characters")]
pub struct TopicError;

impl Topic {
    /// Longest name, in characters.
    pub const LONGEST: usize = 40;
    /// The form of a name.
    pub const FORM: &'static str = "^[a-z][a-z0-9]*([ -][a-z0-9]+)*$";
    /// Where nothing is sure.
    pub const GENERAL: &'static str = "general";
    /// Those that every customer has.
    pub const USUAL: [&'static str; 8] =
        ["financial", "contracts", "reports", "invoices", "correspondence", "recordings", "images", Self::GENERAL];

    /// Reads a name.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, TopicError> {
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let is_one = begins && (2..=Self::LONGEST).contains(&text.len()) && text.split([' ', '-']).all(is_word);
        if is_one { Ok(Self(text.to_owned())) } else { Err(TopicError) }
    }

    /// The one of files that nothing is sure of.
    pub fn general() -> Self {
        Self(Self::GENERAL.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether every customer has it.
    pub fn is_usual(&self) -> bool {
        Self::USUAL.contains(&self.as_str())
    }
}

impl TryFrom<String> for Topic {
    type Error = TopicError;

    fn try_from(text: String) -> Result<Self, TopicError> {
        Self::parse(&text)
    }
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        Self::parse(text)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Where something that speaks for a category was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HintPart {
    /// Its name.
    Name,
    /// Its title.
    Title,
    /// The first lines of its text.
    Head,
    /// Its text.
    Text,
    /// What kind of file it is.
    Kind,
    /// How its text is built.
    Structure,
    /// What people said of files like it.
    Memory,
}

/// One thing that speaks for a category: which rule, never what stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// For which.
    pub topic: Topic,
    /// Where it was seen.
    pub part: HintPart,
    /// Which rule, as its words say it.
    pub rule: String,
    /// How much it counts, in tenths of a point.
    pub points: u16,
}

impl Hint {
    /// Longest rule, in characters.
    pub const RULE: usize = 100;
    /// Most of one file.
    pub const MOST: usize = 200;
    /// Most that one counts, in tenths.
    pub const HIGHEST: u16 = 120;
}

/// Which category a file has by the rules, how sure that is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sorted {
    /// Which.
    pub topic: Topic,
    /// How sure, in hundredths.
    pub score: u8,
    /// What speaks for it, the weightiest first.
    pub reasons: Vec<Hint>,
    /// What it might be otherwise.
    pub runner_up: Option<RunnerUp>,
}

/// The second best.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerUp {
    /// Which.
    pub topic: Topic,
    /// How sure, in hundredths.
    pub score: u8,
}

impl Sorted {
    /// Most reasons that are kept.
    pub const REASONS: usize = 8;
    /// Points that `general` has of itself, in tenths: what another one needs more than to be told.
    const GENERAL: u32 = 50;
    /// Points that raise a category against another one e times, in tenths.
    const SCALE: f64 = 20.0;
    /// Points beyond which more change nothing, in tenths.
    const ENOUGH: u32 = 200;
    /// The least share that is sure enough, in hundredths.
    const SURE: u8 = 40;
    /// From which share on the second best is told, in hundredths.
    const TOLD: u8 = 5;

    /// The category that most speaks for, where it has four tenths of all or more; else `general`. The score of each is its share: `e^(points / 2)`
    /// of the sum of that over all. Categories that every customer has take part with nothing, `general` with five points.
    pub fn by(hints: &[Hint]) -> Self {
        let mut points: BTreeMap<&str, u32> = Topic::USUAL.into_iter().map(|usual| (usual, 0)).collect();
        points.insert(Topic::GENERAL, Self::GENERAL);
        for hint in hints.iter().take(Hint::MOST).filter(|hint| hint.topic.as_str() != Topic::GENERAL) {
            let sum = points.entry(hint.topic.as_str()).or_default();
            *sum = sum.saturating_add(hint.points.min(Hint::HIGHEST).into());
        }
        let weigh = |points: u32| (f64::from(points.min(Self::ENOUGH)) / Self::SCALE).exp();
        let whole: f64 = points.values().map(|points| weigh(*points)).sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share between 0 and 100")]
        let share = |points: u32| (weigh(points) / whole * 100.0).round() as u8;
        let mut order: Vec<(&str, u32)> = points.into_iter().collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        // Where no one is sure, the best is only what it might be.
        let is_sure = |(name, points): &(&str, u32)| *name == Topic::GENERAL || share(*points) >= Self::SURE;
        if order.first().is_some_and(|first| !is_sure(first))
            && let Some(general) = order.iter().position(|(name, _)| *name == Topic::GENERAL)
        {
            let general = order.remove(general);
            order.insert(0, general);
        }
        let mut order = order.into_iter().filter_map(|(name, points)| Some((Topic::parse(name).ok()?, share(points))));
        let (topic, score) = order.next().unwrap_or_else(|| (Topic::general(), 0));
        let runner_up = order.next().filter(|(_, score)| *score >= Self::TOLD).map(|(topic, score)| RunnerUp { topic, score });
        let mut reasons: Vec<Hint> = hints.iter().filter(|hint| hint.topic == topic).cloned().collect();
        reasons.sort_by(|a, b| b.points.cmp(&a.points).then_with(|| a.part.cmp(&b.part)));
        reasons.truncate(Self::REASONS);
        Self { topic, score, reasons, runner_up }
    }
}

/// What a person said a file is. It holds for the file and all its later versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSaid {
    /// Which.
    pub topic: Topic,
    /// Who: an id.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A category of a customer's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTopic {
    /// What it is called; none of ours.
    pub topic: Topic,
    /// What speaks for it.
    pub sought: Sought,
}

impl OwnTopic {
    /// Most of one customer.
    pub const MOST: usize = 50;
    /// Largest that all of a customer may be together, in bytes of their words and patterns.
    pub const TOGETHER: usize = 64 << 10;

    /// Bytes of what it looks for.
    pub fn size(&self) -> usize {
        self.sought.size()
    }
}

/// What of a file other files are compared with once a person said what it is: never more than what is alike between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Likeness {
    /// Its name without digits, months and ending; none where nothing is left that says anything.
    pub pattern: Option<String>,
    /// Who sent or wrote it.
    pub sender: Option<String>,
}

/// Words of dates, which differ between files that are alike.
const MONTHS: [&str; 24] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
];

impl Likeness {
    /// Longest part that is kept, in characters.
    pub const LONGEST: usize = 100;
    /// Letters a pattern has at least.
    const LETTERS: usize = 3;

    /// Of a file with this name and author.
    pub fn of(stem: &str, author: Option<&str>) -> Self {
        let words = stem.to_lowercase();
        let words = words.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty() && !MONTHS.contains(word));
        let pattern: String = words.collect::<Vec<_>>().join(" ").chars().take(Self::LONGEST).collect();
        let sender: Option<String> = author.map(|author| author.trim().to_lowercase().chars().take(Self::LONGEST).collect());
        let says_something = |text: &String| text.chars().filter(|letter| letter.is_alphabetic()).count() >= Self::LETTERS;
        Self { pattern: Some(pattern).filter(says_something), sender: sender.filter(says_something) }
    }
}

/// How often people said of files that are alike that they are something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What they said.
    pub topic: Topic,
    /// Of how many files with such a name.
    pub by_name: u32,
    /// Of how many from the same sender, with another name.
    pub by_sender: u32,
}

impl Remembered {
    /// Most corrections of one customer that are kept; the oldest make room.
    pub const MOST: usize = 1000;

    /// What they count: a name more than a sender. One file alone does not decide, two with such a name do where nothing else is sure; a sender
    /// never does alone, since one person writes of many things.
    pub fn hints(&self) -> Vec<Hint> {
        let counted = |count: u32, first: u16, each: u16, most: u16| match count {
            0 => 0,
            more => (first + each * u16::try_from(more - 1).unwrap_or(u16::MAX / 100).min(100)).min(most),
        };
        let said = |count: u32, like: &str| match count {
            1 => format!("one file {like} was said to be {}", self.topic),
            many => format!("{many} files {like} were said to be {}", self.topic),
        };
        [
            (self.by_name, counted(self.by_name, 40, 25, 100), "with a name like this"),
            (self.by_sender, counted(self.by_sender, 20, 10, 45), "from this sender"),
        ]
        .into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, points, like)| Hint { topic: self.topic.clone(), part: HintPart::Memory, rule: said(count, like), points })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(topic: &str, points: u16) -> Hint {
        Hint { topic: Topic::parse(topic).unwrap(), part: HintPart::Name, rule: topic.to_owned(), points }
    }

    #[test]
    fn a_category_can_be_said() {
        for name in Topic::USUAL.into_iter().chain(["lab results", "form 10-k", "a1"]) {
            assert_eq!(Topic::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "a", "Contracts", "lab  results", "lab_results", " lab", "1040", "lab-", "a/b", "verträge", &"x".repeat(41)] {
            assert_eq!(Topic::parse(name), Err(TopicError), "{name}");
        }
    }

    #[test]
    fn nothing_sure_is_general_and_more_points_are_surer() {
        assert_eq!(Sorted::by(&[]).topic, Topic::general());
        assert_eq!(Sorted::by(&[hint("invoices", 30)]).topic, Topic::general());
        let torn = Sorted::by(&[hint("invoices", 70), hint("contracts", 70), hint("reports", 60)]);
        assert_eq!((torn.topic, torn.runner_up.unwrap().topic.as_str()), (Topic::general(), "contracts"), "none has four tenths");
        let some = Sorted::by(&[hint("invoices", 60)]);
        let more = Sorted::by(&[hint("invoices", 60), hint("invoices", 60)]);
        assert_eq!((some.topic.as_str(), more.topic.as_str()), ("invoices", "invoices"));
        assert!(some.score < more.score && more.score <= 100, "{some:?} {more:?}");
        assert_eq!(some.runner_up.unwrap().topic, Topic::general());
    }

    #[test]
    fn the_second_best_is_told_and_reasons_are_those_of_the_best() {
        let sorted = Sorted::by(&[hint("invoices", 40), hint("contracts", 70), hint("contracts", 20), hint("lab results", 80)]);
        assert_eq!(sorted.topic.as_str(), "contracts");
        assert_eq!(sorted.runner_up.unwrap().topic.as_str(), "lab results");
        assert_eq!(sorted.reasons.iter().map(|reason| reason.points).collect::<Vec<_>>(), [70, 20]);
    }

    #[test]
    fn no_hint_counts_without_end() {
        let sorted = Sorted::by(&[hint("invoices", u16::MAX), hint("contracts", 60), hint("contracts", 70)]);
        assert_eq!(sorted.topic.as_str(), "contracts", "130 tenths are more than the most of one");
    }

    #[test]
    fn names_are_alike_without_digits_and_months() {
        let pattern = |stem: &str| Likeness::of(stem, None).pattern;
        assert_eq!(pattern("Acme_Statement-2024-03"), pattern("acme statement (7) May 2025"));
        assert_eq!(pattern("Acme_Statement-2024-03").as_deref(), Some("acme statement"));
        assert_eq!((pattern("2024-03-01"), pattern("a1 Dec"), pattern("")), (None, None, None));
        assert_eq!(Likeness::of("x", Some(" Ann Lee ")).sender.as_deref(), Some("ann lee"));
        assert_eq!(Likeness::of("x", Some("")).sender, None);
    }

    #[test]
    fn what_people_said_of_like_files_counts_and_says_so() {
        let remembered = |by_name, by_sender| Remembered { topic: Topic::parse("contracts").unwrap(), by_name, by_sender };
        let hints = remembered(2, 1).hints();
        let told: Vec<&str> = hints.iter().map(|hint| hint.rule.as_str()).collect();
        assert_eq!(told, ["2 files with a name like this were said to be contracts", "one file from this sender was said to be contracts"]);
        assert!(hints.iter().all(|hint| hint.points > 0 && hint.points <= Hint::HIGHEST));
        assert!(remembered(0, 0).hints().is_empty());
        assert_eq!(remembered(u32::MAX, u32::MAX).hints().iter().map(|hint| hint.points).collect::<Vec<_>>(), [100, 45]);
    }
}
