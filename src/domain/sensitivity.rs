//! How sensitive a file is, and what in it makes it so.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// How sensitive a file is; each level holds everything of the one below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// Anybody may know it.
    Public,
    /// For the customer's own people, unless it is given to somebody.
    #[default]
    Internal,
    /// To be given away with care.
    Confidential,
    /// Not to leave the customer.
    Restricted,
}

impl Classification {
    /// Every level, the least sensitive first.
    pub const ALL: [Self; 4] = [Self::Public, Self::Internal, Self::Confidential, Self::Restricted];

    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }

    /// How high it is, from 0.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Public => 0,
            Self::Internal => 1,
            Self::Confidential => 2,
            Self::Restricted => 3,
        }
    }
}

/// What kind of thing was found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The number of a payment card.
    Card,
    /// Keys, tokens, passwords.
    Credential,
    /// A number by which a state knows a person.
    NationalId,
    /// Somebody's health.
    Health,
    /// The number of a bank account.
    Iban,
    /// When somebody was born.
    BirthDate,
    /// Where a picture was taken.
    Location,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// What a rule of the customer's own looks for.
    Custom,
}

impl FindingKind {
    /// Every kind, the ones told first in front.
    pub const ALL: [Self; 10] = [
        Self::Card,
        Self::Credential,
        Self::NationalId,
        Self::Health,
        Self::Iban,
        Self::BirthDate,
        Self::Location,
        Self::Email,
        Self::Phone,
        Self::Custom,
    ];

    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Credential => "credential",
            Self::NationalId => "national_id",
            Self::Health => "health",
            Self::Iban => "iban",
            Self::BirthDate => "birth_date",
            Self::Location => "location",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Custom => "custom",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// In which part of a file something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilePart {
    /// Its name.
    Name,
    /// Its title.
    Title,
    /// Its author.
    Author,
    /// Its text.
    Text,
    /// What else it says of itself.
    Properties,
}

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingPlace {
    /// In which part.
    pub part: FilePart,
    /// In which line of it, from 1.
    pub line: u32,
    /// Characters of the part before it.
    pub offset: u64,
}

/// What one rule found in a file. Never the thing itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: FindingKind,
    /// Which rule found it, as `us_ssn`; of the customer's own, its name.
    pub rule: String,
    /// How many different ones there are.
    pub count: u32,
    /// Where the first ones stand.
    pub places: Vec<FindingPlace>,
    /// The first one, masked.
    pub sample: String,
}

impl Finding {
    /// Most places that are kept of one rule.
    pub const PLACES: usize = 5;
    /// Most rules of which findings are kept.
    pub const RULES: usize = 200;
    /// Longest masked sample, in characters.
    pub const SAMPLE: usize = 64;
}

/// How many of one kind there are in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingCount {
    /// What kind.
    #[serde(rename = "type")]
    pub kind: FindingKind,
    /// How many different ones.
    pub count: u32,
}

impl FindingCount {
    /// The findings of a file by kind, in the order in which they are told.
    pub fn sum(findings: &[Finding]) -> Vec<Self> {
        let of =
            |kind| findings.iter().filter(|finding| finding.kind == kind).fold(0_u32, |sum, finding| sum.saturating_add(finding.count));
        FindingKind::ALL.into_iter().map(|kind| Self { kind, count: of(kind) }).filter(|found| found.count > 0).collect()
    }
}

/// From how many different ones on a kind of finding makes a file how sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelRule {
    /// What kind.
    #[serde(rename = "type")]
    pub kind: FindingKind,
    /// From how many on.
    #[schemars(range(min = 1))]
    pub at_least: u32,
    /// How sensitive.
    pub level: Classification,
}

impl LevelRule {
    /// Most of one customer.
    pub const MOST: usize = 50;

    const fn new(kind: FindingKind, at_least: u32, level: Classification) -> Self {
        Self { kind, at_least, level }
    }

    /// What holds until a customer says otherwise. One account number is on every invoice, and an address on every letter: it
    /// takes many to make a list.
    pub const USUAL: [Self; 12] = [
        Self::new(FindingKind::Card, 1, Classification::Restricted),
        Self::new(FindingKind::Credential, 1, Classification::Restricted),
        Self::new(FindingKind::NationalId, 1, Classification::Confidential),
        Self::new(FindingKind::NationalId, 5, Classification::Restricted),
        Self::new(FindingKind::Health, 1, Classification::Confidential),
        Self::new(FindingKind::Health, 5, Classification::Restricted),
        Self::new(FindingKind::Iban, 10, Classification::Confidential),
        Self::new(FindingKind::BirthDate, 1, Classification::Confidential),
        Self::new(FindingKind::BirthDate, 20, Classification::Restricted),
        Self::new(FindingKind::Location, 1, Classification::Confidential),
        Self::new(FindingKind::Email, 50, Classification::Confidential),
        Self::new(FindingKind::Phone, 50, Classification::Confidential),
    ];
}

/// How sensitive findings make a file: the highest level that any rule gives. A customer's own rules of finding bring
/// their level with them, in `own` by name.
pub fn level_of(findings: &[Finding], rules: &[LevelRule], own: &[OwnRule]) -> Classification {
    let counts = FindingCount::sum(findings);
    let by_kind = rules.iter().filter(|rule| counts.iter().any(|found| found.kind == rule.kind && found.count >= rule.at_least));
    let by_own = own.iter().filter(|rule| {
        findings.iter().any(|found| found.kind == FindingKind::Custom && found.rule == rule.name && found.count >= rule.at_least)
    });
    let levels = by_kind.map(|rule| rule.level).chain(by_own.map(|rule| rule.level));
    levels.max().unwrap_or_default().max(Classification::default())
}

/// What a person said of how sensitive a file is. It holds for the version it was said of; of later ones what is higher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// How sensitive.
    pub level: Classification,
    /// Of which version.
    pub version: u32,
    /// Who: an id.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What a rule of a customer's own looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sought {
    /// Any of these words or phrases, whole and in any case.
    Words(Vec<String>),
    /// What matches this regular expression.
    Pattern(String),
}

/// A rule of a customer's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRule {
    /// What it is called; no two of a customer are called the same.
    pub name: String,
    /// What it looks for.
    pub sought: Sought,
    /// From how many different ones on the file is so sensitive.
    pub at_least: u32,
    /// How sensitive.
    pub level: Classification,
}

impl Sought {
    /// Bytes of what is looked for.
    pub fn size(&self) -> usize {
        match self {
            Self::Words(words) => words.iter().map(String::len).sum(),
            Self::Pattern(pattern) => pattern.len(),
        }
    }
}

impl OwnRule {
    /// Most of one customer.
    pub const MOST: usize = 50;
    /// Longest name, in characters.
    pub const NAME: usize = 64;
    /// Most words of one rule.
    pub const WORDS: usize = 1000;
    /// Longest word or phrase, in characters.
    pub const WORD: usize = 80;
    /// Longest pattern, in bytes.
    pub const PATTERN: usize = 500;
    /// Largest that a compiled pattern may be, in bytes.
    pub const COMPILED: usize = 256 << 10;
    /// Largest that all rules of a customer may be together, in bytes of their words and patterns.
    pub const TOGETHER: usize = 256 << 10;

    /// Bytes of what it looks for.
    pub fn size(&self) -> usize {
        self.sought.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: FindingKind, rule: &str, count: u32) -> Finding {
        Finding { kind, rule: rule.to_owned(), count, places: Vec::new(), sample: String::new() }
    }

    #[test]
    fn levels_stand_in_order_and_internal_is_where_they_begin() {
        assert!(Classification::ALL.is_sorted());
        assert_eq!(Classification::default(), Classification::Internal);
        for level in Classification::ALL {
            assert_eq!(Classification::parse(level.as_str()), Some(level));
        }
        assert_eq!(Classification::ALL.map(Classification::rank), [0, 1, 2, 3]);
    }

    #[test]
    fn findings_raise_a_file_to_the_highest_level_that_any_rule_gives() {
        let usual = &LevelRule::USUAL;
        for (findings, level) in [
            (vec![], Classification::Internal),
            (vec![found(FindingKind::Email, "email", 3)], Classification::Internal),
            (vec![found(FindingKind::Email, "email", 50)], Classification::Confidential),
            (vec![found(FindingKind::Iban, "iban", 1)], Classification::Internal),
            (vec![found(FindingKind::NationalId, "us_ssn", 1)], Classification::Confidential),
            (vec![found(FindingKind::NationalId, "us_ssn", 3), found(FindingKind::NationalId, "de_tax_id", 2)], Classification::Restricted),
            (vec![found(FindingKind::Email, "email", 50), found(FindingKind::Card, "visa", 1)], Classification::Restricted),
        ] {
            assert_eq!(level_of(&findings, usual, &[]), level, "{findings:?}");
        }
    }

    #[test]
    fn a_rule_of_a_customers_own_brings_its_level_and_never_lowers() {
        let words = Sought::Words(vec!["project heron".to_owned()]);
        let heron = OwnRule { name: "heron".to_owned(), sought: words, at_least: 2, level: Classification::Restricted };
        let public = OwnRule { name: "press".to_owned(), level: Classification::Public, at_least: 1, ..heron.clone() };
        let one = [found(FindingKind::Custom, "heron", 1)];
        let two = [found(FindingKind::Custom, "heron", 2)];
        assert_eq!(level_of(&one, &[], std::slice::from_ref(&heron)), Classification::Internal);
        assert_eq!(level_of(&two, &[], std::slice::from_ref(&heron)), Classification::Restricted);
        assert_eq!(level_of(&[found(FindingKind::Custom, "press", 4)], &[], &[public]), Classification::Internal);
    }

    #[test]
    fn findings_are_summed_by_kind_in_the_order_they_are_told() {
        let findings =
            [found(FindingKind::Phone, "phone", 2), found(FindingKind::Card, "visa", 1), found(FindingKind::Card, "mastercard", 4)];
        let sums: Vec<(FindingKind, u32)> = FindingCount::sum(&findings).into_iter().map(|sum| (sum.kind, sum.count)).collect();
        assert_eq!(sums, [(FindingKind::Card, 5), (FindingKind::Phone, 2)]);
    }
}
