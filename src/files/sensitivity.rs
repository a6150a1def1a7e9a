//! How sensitive files are: what was found in them, what people say of them, and the rules of a customer's own.

use std::collections::BTreeSet;

use regex::RegexBuilder;

use super::{Files, FilesError, Subject};
use crate::catalog::{CatalogError, NewSaid, OwnRuleRecord};
use crate::domain::{
    AuditEntry, Classification, CustomerId, FileId, FileRecord, Finding, LevelRule, OwnRule, OwnTopic, Sought, clean_text, level_of,
};
use crate::policy::{Classify, Organise, Permit, Read};

/// Longest reason, in characters.
const REASON: usize = 300;

/// What was found in a file, with what holds of it.
#[derive(Debug, Clone)]
pub struct FoundIn {
    /// The file.
    pub file: FileRecord,
    /// What was found in its present version.
    pub findings: Vec<Finding>,
}

/// By what files of a customer are looked through and judged.
#[derive(Debug, Clone)]
pub struct SensitivityRules {
    /// Its own rules of finding.
    pub own: Vec<OwnRuleRecord>,
    /// From how many findings on a file is how sensitive.
    pub levels: Vec<LevelRule>,
    /// Whether those are the usual ones.
    pub levels_are_usual: bool,
}

/// By what a worker looks through the files of a customer besides the built-in rules.
#[derive(Debug, Clone, Default)]
pub struct ToReadBy {
    /// Its own rules of finding.
    pub rules: Vec<OwnRule>,
    /// Its own categories.
    pub topics: Vec<OwnTopic>,
}

/// Of what was found before, what rules found that find nothing now.
pub(super) fn not_again(before: Vec<Finding>, now: &[Finding]) -> Vec<Finding> {
    before.into_iter().filter(|old| !now.iter().any(|new| (new.kind, &new.rule) == (old.kind, &old.rule))).collect()
}

/// A name of a rule as it is kept.
fn rule_name(name: &str) -> Result<String, FilesError> {
    let is_one = (1..=OwnRule::NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'));
    let reason = format!("is up to {} small letters, digits, `-` and `_`", OwnRule::NAME);
    if is_one { Ok(name.to_owned()) } else { Err(FilesError::Invalid { field: "rule", reason }) }
}

/// What is sought, as it is kept: words without what cannot be seen, each once; a pattern that compiles within bounds.
pub(super) fn sought(sought: &Sought) -> Result<Sought, FilesError> {
    let invalid = |field, reason: String| Err(FilesError::Invalid { field, reason });
    match sought {
        Sought::Words(words) => {
            let clean: BTreeSet<String> = words.iter().map(|word| clean_text(word, OwnRule::WORD + 1)).collect();
            if clean.is_empty() || words.len() > OwnRule::WORDS {
                return invalid("words", format!("are 1 to {} words or phrases", OwnRule::WORDS));
            }
            if clean.iter().any(|word| word.chars().count() > OwnRule::WORD || word.chars().filter(|c| c.is_alphanumeric()).count() < 2) {
                return invalid("words", format!("have 2 to {} characters each", OwnRule::WORD));
            }
            Ok(Sought::Words(clean.into_iter().collect()))
        }
        Sought::Pattern(pattern) => {
            if !(1..=OwnRule::PATTERN).contains(&pattern.len()) {
                return invalid("pattern", format!("has 1 to {} bytes", OwnRule::PATTERN));
            }
            let built = RegexBuilder::new(pattern).unicode(false).size_limit(OwnRule::COMPILED).build();
            match built.map(|pattern| pattern.is_match("")) {
                Ok(false) => Ok(Sought::Pattern(pattern.clone())),
                Ok(true) => invalid("pattern", "matches nothing at all, so it is in every file".to_owned()),
                // The last line says what is wrong; those before draw an arrow under it.
                Err(error) => invalid("pattern", error.to_string().lines().last().unwrap_or_default().trim().to_owned()),
            }
        }
    }
}

/// Rules that say of no kind and count two things.
fn level_rules(rules: &[LevelRule]) -> Result<(), FilesError> {
    let different: BTreeSet<_> = rules.iter().map(|rule| (rule.kind, rule.at_least)).collect();
    if different.len() != rules.len() || rules.len() > LevelRule::MOST || rules.iter().any(|rule| rule.at_least == 0) {
        let reason = format!("are up to {} rules, each from 1 on, and no two of one type and number", LevelRule::MOST);
        return Err(FilesError::Invalid { field: "levels", reason });
    }
    Ok(())
}

impl Files {
    /// Says how sensitive a file is, whatever was found in it; `None` takes back what was said. Whoever may edit it may say that
    /// it is more so; that it is less so takes the right to classify.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; `Invalid` without a reason; `Conflict` when another version arrived meanwhile; else when it could not
    /// be committed.
    pub async fn classify(&self, subject: &Subject, file: FileId, level: Option<Classification>, reason: &str) -> Result<(), FilesError> {
        let record = self.known(subject, file, "classify").await?;
        let becomes = level.unwrap_or(record.found);
        let base = if becomes < record.classification {
            let permit = self.permit_or_refuse::<Classify>(subject, &record).await?;
            subject.file_entry("done", &record, &permit)
        } else {
            let permit = self.permit_or_refuse::<Organise>(subject, &record).await?;
            AuditEntry { action: "classify", ..subject.file_entry("done", &record, &permit) }
        };
        let reason = clean_text(reason, REASON);
        if reason.is_empty() {
            self.0.catalog.record(record.customer, &AuditEntry { outcome: "invalid", ..base }).await?;
            return Err(FilesError::Invalid { field: "reason", reason: "says why, for whoever looks at it later".to_owned() });
        }
        let told = match level {
            Some(level) => format!("`{}` becomes `{}`: {reason}", record.classification.as_str(), level.as_str()),
            None => format!("`{}` becomes what was found, `{}`: {reason}", record.classification.as_str(), becomes.as_str()),
        };
        let entry = AuditEntry { reason: Some(told), ..base };
        let new = NewSaid { version: record.version, level, reason };
        match self.0.catalog.classify_file(subject.customer(), file, &new, &entry).await {
            Ok(()) => {
                self.0.changed.notify_waiters();
                Ok(())
            }
            Err(CatalogError::Conflict(reason)) => Err(FilesError::Conflict(reason)),
            Err(error) => Err(error.into()),
        }
    }

    /// What was found in a file, masked. It takes the right to read it.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; else when the catalog does not answer.
    pub async fn findings(&self, subject: &Subject, file: FileId) -> Result<FoundIn, FilesError> {
        let record = self.known(subject, file, "findings").await?;
        let permit = self.permit_or_refuse::<Read>(subject, &record).await?;
        let entry = AuditEntry { action: "findings", ..subject.file_entry("done", &record, &permit) };
        self.0.catalog.record(record.customer, &entry).await?;
        let findings = self.0.catalog.findings(record.customer, file, record.version).await?;
        Ok(FoundIn { file: record, findings })
    }

    fn rules_entry(subject: &Subject, permit: &Permit<Classify>, action: &'static str, reason: Option<String>) -> AuditEntry {
        AuditEntry { reason, ..subject.allowed(action, "done", permit) }
    }

    /// By what files of the customer are looked through and judged.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn sensitivity_rules(&self, subject: &Subject) -> Result<SensitivityRules, FilesError> {
        let permit = self.permit_customer::<Classify>(subject).await?;
        let customer = subject.customer();
        self.0.catalog.record(customer, &Self::rules_entry(subject, &permit, "list_own_rules", None)).await?;
        let (own, levels) = tokio::try_join!(self.0.catalog.own_rules(customer), self.0.catalog.level_rules(customer))?;
        let levels_are_usual = levels.is_empty();
        let levels = if levels_are_usual { LevelRule::USUAL.to_vec() } else { levels };
        Ok(SensitivityRules { own, levels, levels_are_usual })
    }

    /// Keeps a rule of the customer's own, in place of the one of its name. Files are looked through by it when they are read next.
    ///
    /// # Errors
    /// `Refused` without the right; `Invalid` when it is none; `Conflict` when there would be too many; else when it could not be
    /// committed.
    pub async fn set_own_rule(&self, subject: &Subject, rule: &OwnRule) -> Result<OwnRule, FilesError> {
        let permit = self.permit_customer::<Classify>(subject).await?;
        let name = rule_name(&rule.name)?;
        if rule.at_least == 0 {
            return Err(FilesError::Invalid { field: "at_least", reason: "is from 1 on".to_owned() });
        }
        let rule = OwnRule { name, sought: sought(&rule.sought)?, at_least: rule.at_least, level: rule.level };
        let told = format!("rule {} from {} on gives `{}`", rule.name, rule.at_least, rule.level.as_str());
        let entry = Self::rules_entry(subject, &permit, "set_own_rule", Some(told));
        match self.0.catalog.set_own_rule(subject.customer(), &rule, &entry).await {
            Ok(()) => Ok(rule),
            Err(CatalogError::Conflict(reason)) => Err(FilesError::Conflict(reason)),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a rule of the customer's own away. What it found stays until a file is read again.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` when there is none of that name; else when it could not be committed.
    pub async fn remove_own_rule(&self, subject: &Subject, name: &str) -> Result<(), FilesError> {
        let permit = self.permit_customer::<Classify>(subject).await?;
        let Ok(name) = rule_name(name) else { return Err(self.absent(subject, "remove_own_rule", None).await?) };
        let entry = Self::rules_entry(subject, &permit, "remove_own_rule", Some(format!("rule {name}")));
        match self.0.catalog.remove_own_rule(subject.customer(), &name, &entry).await {
            Ok(()) => Ok(()),
            Err(CatalogError::Conflict(_)) => Err(self.absent(subject, "remove_own_rule", None).await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Says from how many findings on files are how sensitive; none for the usual. Files are judged by it when they are read next.
    ///
    /// # Errors
    /// `Refused` without the right; `Invalid` when two rules contradict each other; else when it could not be committed.
    pub async fn set_level_rules(&self, subject: &Subject, rules: &[LevelRule]) -> Result<(), FilesError> {
        let permit = self.permit_customer::<Classify>(subject).await?;
        level_rules(rules)?;
        let entry = Self::rules_entry(subject, &permit, "set_level_rules", Some(format!("{} rules", rules.len())));
        Ok(self.0.catalog.set_level_rules(subject.customer(), rules, &entry).await?)
    }

    /// The rules and categories of a customer's own by which a worker looks through its files.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn to_read_by(&self, customer: CustomerId) -> Result<ToReadBy, FilesError> {
        let (rules, topics) = tokio::try_join!(self.0.catalog.own_rules(customer), self.0.catalog.own_topics(customer))?;
        Ok(ToReadBy { rules: rules.into_iter().map(|own| own.rule).collect(), topics: topics.into_iter().map(|own| own.own).collect() })
    }

    /// How sensitive findings make a file of a customer.
    pub(super) async fn level_by(&self, customer: CustomerId, findings: &[Finding]) -> Result<Classification, FilesError> {
        if findings.is_empty() {
            return Ok(Classification::default());
        }
        let (own, levels) = tokio::try_join!(self.0.catalog.own_rules(customer), self.0.catalog.level_rules(customer))?;
        let own: Vec<OwnRule> = own.into_iter().map(|own| own.rule).collect();
        Ok(level_of(findings, if levels.is_empty() { &LevelRule::USUAL } else { &levels }, &own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FindingKind;

    #[test]
    fn names_of_rules_can_stand_in_an_address() {
        for (name, is_one) in [("heron", true), ("staff-no_2", true), ("", false), ("Heron", false), ("a/b", false), ("é", false)] {
            assert_eq!(rule_name(name).is_ok(), is_one, "{name}");
        }
        assert!(rule_name(&"x".repeat(OwnRule::NAME + 1)).is_err());
    }

    #[test]
    fn words_are_cleaned_and_have_bounds() {
        let words = |words: &[&str]| sought(&Sought::Words(words.iter().map(|word| (*word).to_owned()).collect()));
        assert_eq!(words(&["heron", " heron\u{202e} ", "Zoë"]).unwrap(), Sought::Words(vec!["Zoë".to_owned(), "heron".to_owned()]));
        for bad in [&[][..], &["x"], &["heron", "  "], &["--"]] {
            assert!(words(bad).is_err(), "{bad:?}");
        }
        assert!(words(&[&"x".repeat(OwnRule::WORD + 1)]).is_err());
        assert!(words(&vec!["heron"; OwnRule::WORDS + 1]).is_err());
    }

    #[test]
    fn a_pattern_compiles_within_bounds_and_is_not_in_every_file() {
        let pattern = |text: &str| sought(&Sought::Pattern(text.to_owned()));
        assert!(pattern(r"\bSN-[0-9]{5}\b").is_ok());
        for bad in ["", "(", "x*", r"(?:a{1000}){1000}", &"x".repeat(OwnRule::PATTERN + 1)] {
            let error = pattern(bad).unwrap_err();
            assert!(matches!(&error, FilesError::Invalid { field: "pattern", reason } if !reason.is_empty()), "{error}");
        }
    }

    #[test]
    fn no_two_level_rules_speak_of_one_count() {
        let rule = |at_least| LevelRule { kind: FindingKind::Email, at_least, level: Classification::Confidential };
        assert!(level_rules(&[rule(1), rule(2)]).is_ok());
        assert!(level_rules(&LevelRule::USUAL).is_ok());
        for bad in [vec![rule(1), rule(1)], vec![rule(0)], (1..=51).map(rule).collect()] {
            assert!(level_rules(&bad).is_err(), "{bad:?}");
        }
    }
}
