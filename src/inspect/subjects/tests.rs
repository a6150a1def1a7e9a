//! The rules as a whole: every line is one, and texts of our own making are sorted as they are labelled.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::dlp::Text;
use super::rules::all;
use super::{Sorter, Sorting, by_name, signs};
use crate::domain::{Category, HintPart, OwnTopic, Sorted, Sought, Topic};

static SORTER: LazyLock<Sorter> = LazyLock::new(|| Sorter::new().unwrap());

fn of<'a>(name: &'a str, text: &'a str) -> Sorting<'a> {
    Sorting { name, title: "", kind: Category::Document, text, pages: None, has_account: false }
}

#[test]
fn every_rule_speaks_for_a_category_of_ours_and_of_signs_that_there_are() {
    let rules = all().unwrap();
    assert!(rules.len() > 30, "{}", rules.len());
    for rule in &rules {
        assert!(rule.topic.is_usual() && rule.topic.as_str() != Topic::GENERAL, "{rule:?}");
        assert!(rule.points > 0 && rule.points <= crate::domain::Hint::HIGHEST && rule.most > 0 && !rule.words.is_empty(), "{rule:?}");
        for word in &rule.words {
            match rule.part {
                HintPart::Structure => assert!(signs::ALL.contains(&word.said.as_str()), "{word:?}"),
                HintPart::Kind => assert!(Category::parse(&word.said).is_some(), "{word:?}"),
                _ => assert!(word.folded.iter().any(u8::is_ascii_alphanumeric), "{word:?}"),
            }
        }
    }
    for usual in Topic::USUAL.into_iter().filter(|usual| *usual != Topic::GENERAL) {
        assert!(rules.iter().any(|rule| rule.topic.as_str() == usual), "{usual}");
    }
}

#[test]
fn a_word_counts_whole_unless_its_rule_is_open() {
    let rules = |name: &str| -> Vec<String> { SORTER.look(&of(name, ""), &[]).into_iter().map(|hint| hint.rule).collect() };
    assert_eq!(rules("Invoice_2024-03.pdf"), ["invoice"]);
    assert_eq!(rules("Mietvertrag.pdf"), ["vertrag"]);
    assert_eq!(rules("invoiced.pdf"), Vec::<String>::new());
    assert_eq!(rules("AcmeInvoice.pdf"), ["invoice"], "words that are written as one");
}

#[test]
fn reasons_say_rules_and_never_what_stands_in_the_file() {
    let text = "Invoice number 88123\nQuennell Widgets\nTotal due 99.00";
    let hints = SORTER.look(&of("a.pdf", text), &[]);
    assert!(hints.len() > 2, "{hints:?}");
    assert!(hints.iter().all(|hint| !hint.rule.contains("88123") && !hint.rule.to_lowercase().contains("quennell")), "{hints:?}");
}

#[test]
fn a_customers_own_words_and_patterns_speak_for_its_own_categories() {
    let own = |name: &str, sought| OwnTopic { topic: Topic::parse(name).unwrap(), sought };
    let topics = [
        own("lab results", Sought::Words(vec!["haemoglobin".to_owned(), "reference range".to_owned(), "leukocytes".to_owned()])),
        own("tickets", Sought::Pattern(r"\bTK-[0-9]{4}\b".to_owned())),
        own("broken", Sought::Pattern("(".to_owned())),
        own("invoices", Sought::Words(vec!["soup".to_owned()])),
    ];
    let sorted = |name: &str, text: &str| Sorted::by(&SORTER.look(&of(name, text), &topics));
    let found = sorted("a.pdf", "Haemoglobin 14.1\nLeukocytes 6.0\nReference Range 4 to 10");
    assert_eq!(found.topic.as_str(), "lab results", "{found:?}");
    assert!(found.reasons.iter().all(|reason| reason.rule.starts_with("lab results")), "{found:?}");
    assert_eq!(sorted("TK-1042.pdf", "").topic.as_str(), "tickets");
    assert_eq!(sorted("TK-10423.pdf", "").topic.as_str(), "general");
    assert_eq!(sorted("soup.txt", "soup").topic.as_str(), "general", "no rule of ours is taken over");
}

#[test]
fn a_file_that_could_not_be_read_speaks_by_its_name_and_kind() {
    assert_eq!(Sorted::by(&by_name("Master Services Agreement.pdf", Category::Document)).topic.as_str(), "contracts");
    assert_eq!(Sorted::by(&by_name("a.mp3", Category::Recording)).topic.as_str(), "recordings");
    assert_eq!(Sorted::by(&by_name("a.pdf", Category::Document)).topic.as_str(), "general");
}

#[test]
fn any_text_is_looked_at() {
    bolero::check!().with_iterations(2000).with_type::<(String, String)>().for_each(|(name, text)| {
        let hints = SORTER.look(&Sorting { title: text, ..of(name, text) }, &[]);
        assert!(Sorted::by(&hints).score <= 100);
        let _ = signs::of(&Text::new(text), None, false);
    });
}

/// Texts of our own making, each with its category.
const LABELLED: &str = include_str!("../../../fixtures/subjects/labelled.jsonl");

/// How many of them may be sorted otherwise, by category. These only go down.
const OTHERWISE: [(&str, usize); 7] =
    [("financial", 4), ("contracts", 4), ("reports", 5), ("invoices", 4), ("correspondence", 3), ("recordings", 1), ("general", 2)];

#[test]
fn texts_of_our_own_are_sorted_as_they_are_labelled() {
    #[derive(serde::Deserialize)]
    struct Labelled {
        category: Topic,
        name: String,
        #[serde(default)]
        title: String,
        kind: Option<Category>,
        text: String,
    }
    let mut texts = BTreeMap::<Topic, usize>::new();
    let mut otherwise = BTreeMap::<Topic, Vec<String>>::new();
    for line in LABELLED.lines() {
        let Labelled { category, name, title, kind, text } = serde_json::from_str(line).unwrap();
        *texts.entry(category.clone()).or_default() += 1;
        let kind = kind.unwrap_or(Category::Document);
        let sorted = Sorted::by(&SORTER.look(&Sorting { title: &title, kind, ..of(&name, &text) }, &[]));
        if sorted.topic != category {
            otherwise.entry(category).or_default().push(format!("{name}: {} at {}", sorted.topic, sorted.score));
        }
    }
    assert!(texts.len() == Topic::USUAL.len() && texts.values().all(|count| *count >= 10), "{texts:?}");
    for (category, names) in otherwise {
        let allowed = OTHERWISE.iter().find(|(of, _)| *of == category.as_str()).map_or(0, |(_, count)| *count);
        assert!(names.len() <= allowed, "{category}: {names:#?}");
    }
}
