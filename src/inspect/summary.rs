//! A short extractive summary: sentences of the text itself, no model.
//!
//! Each sentence of running text scores the mean frequency of its content words in the whole
//! text (Luhn 1958), raised at the beginning of the document, where authors say what it is
//! about. The best one is taken, and a second one while both stay within a breath.

use std::collections::{HashMap, HashSet};

use crate::domain::clean_text;

/// Longest summary, in words.
const MAX_WORDS: usize = 30;
/// Shortest sentence worth saying, in words.
const MIN_WORDS: usize = 6;
/// Text looked at, in characters; a summary of a book is one of its beginning.
const MAX_CHARACTERS: usize = 100_000;
/// Sentences compared.
const MAX_SENTENCES: usize = 400;
/// From this length on, a line without a full stop goes on in the next one, in characters.
const WRAPPED_LINE: usize = 45;

/// Words that carry no subject.
const STOP_WORDS: [&str; 72] = [
    "about", "above", "after", "again", "against", "also", "among", "another", "because", "been", "before", "being", "below", "between",
    "both", "cannot", "could", "does", "doing", "down", "during", "each", "from", "further", "have", "having", "here", "herein", "hereof",
    "however", "into", "itself", "just", "more", "most", "must", "only", "other", "ours", "over", "same", "shall", "should", "some",
    "such", "than", "that", "their", "them", "then", "there", "these", "they", "this", "those", "through", "under", "until", "upon",
    "very", "were", "what", "when", "where", "which", "while", "whom", "will", "with", "within", "would", "your",
];

/// Parts of sentences that every document has and none is about.
const BOILERPLATE: [&str; 18] = [
    "all rights reserved",
    "copyright",
    "confidential",
    "disclaimer",
    "unsubscribe",
    "intended recipient",
    "click here",
    "privacy policy",
    "terms of use",
    "cookies",
    "table of contents",
    "this page intentionally",
    "view in browser",
    "sent from my",
    "lorem ipsum",
    "do not reply",
    "licensed to the",
    "licensed under",
];

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: [&str; 22] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "no", "inc", "ltd", "co", "corp", "vs", "e.g", "i.e", "etc", "approx", "fig", "sec", "art",
    "dept", "jan", "feb",
];

/// One or two sentences of the text, at most about thirty words; `None` when it has no running
/// text. Plain characters only.
#[must_use]
pub fn summarise(text: &str) -> Option<String> {
    let sentences: Vec<String> = paragraphs(text).iter().flat_map(|paragraph| sentences(paragraph)).take(MAX_SENTENCES).collect();
    let frequency = frequencies(&sentences);
    let mut ranked: Vec<(usize, f64)> = sentences
        .iter()
        .enumerate()
        .filter(|(_, sentence)| is_worth_saying(sentence))
        .map(|(index, sentence)| (index, score(sentence, index, &frequency)))
        .collect();
    ranked.sort_by(|(first, one), (second, other)| other.total_cmp(one).then(first.cmp(second)));
    let (best, _) = *ranked.first()?;
    let mut chosen = vec![best];
    let mut words = word_count(sentences.get(best)?);
    for (index, _) in ranked.iter().skip(1) {
        let Some(sentence) = sentences.get(*index) else { continue };
        let is_new = sentences.get(best).is_some_and(|taken| overlap(taken, sentence) < 0.6);
        if is_new && words + word_count(sentence) <= MAX_WORDS {
            words += word_count(sentence);
            chosen.push(*index);
            break;
        }
    }
    chosen.sort_unstable();
    let said: Vec<&str> = chosen.iter().filter_map(|index| sentences.get(*index).map(String::as_str)).collect();
    debug_assert!(words <= MAX_WORDS);
    // Readers of marked-up text leave a blank between a link and its full stop.
    Some(clean_text(&said.join(" "), 400).replace(" .", ".").replace(" ,", ",").replace(" ;", ";"))
}

/// Running text: lines wrapped by a mailer or a printer are joined, all other lines stand alone.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    let mut open = false;
    let mut seen = 0;
    for line in text.lines() {
        seen += line.chars().count();
        if seen > MAX_CHARACTERS {
            break;
        }
        let line = line.trim_start_matches(['#', '>', '*', '-', '•', ' ', '\t']).trim_end();
        if line.is_empty() {
            open = false;
            continue;
        }
        match paragraphs.last_mut().filter(|_| open) {
            Some(paragraph) => {
                paragraph.push(' ');
                paragraph.push_str(line);
            }
            None => paragraphs.push(line.to_owned()),
        }
        open = line.chars().count() >= WRAPPED_LINE && !line.ends_with(['.', '!', '?', ':']);
    }
    paragraphs
}

fn sentences(paragraph: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let mut upcoming = paragraph.split_whitespace().peekable();
    while let Some(word) = upcoming.next() {
        words.push(word);
        let starts_anew = upcoming.peek().is_none_or(|next| {
            next.trim_start_matches(['"', '“', '(', '\'']).starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
        });
        if ends_sentence(word) && starts_anew {
            sentences.push(words.join(" "));
            words.clear();
        }
    }
    if !words.is_empty() {
        sentences.push(words.join(" "));
    }
    sentences
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '”', ')', '\'']);
    if bare.ends_with(['!', '?']) {
        return true;
    }
    let Some(stem) = bare.strip_suffix('.') else { return false };
    let stem = stem.trim_start_matches(['(', '"', '“']).to_lowercase();
    let is_initial = stem.chars().count() == 1 && stem.chars().all(char::is_alphabetic);
    !stem.is_empty() && !is_initial && !ABBREVIATIONS.contains(&stem.as_str())
}

/// A whole sentence of words, not a heading, a row, an address or small print.
fn is_worth_saying(sentence: &str) -> bool {
    let words = word_count(sentence);
    let lower = sentence.to_lowercase();
    let visible = sentence.chars().filter(|character| !character.is_whitespace()).count();
    let letters = sentence.chars().filter(|character| character.is_alphabetic()).count();
    let digits = sentence.chars().filter(char::is_ascii_digit).count();
    let capitals = sentence.split_whitespace().filter(|word| word.len() > 3 && !word.chars().any(char::is_lowercase)).count();
    let is_header = ["from:", "to:", "cc:", "date:", "subject:", "sent:"].iter().any(|header| lower.starts_with(header));
    (MIN_WORDS..=MAX_WORDS).contains(&words)
        && sentence
            .starts_with(|character: char| (character.is_alphanumeric() && !character.is_lowercase()) || matches!(character, '"' | '“'))
        && sentence.trim_end_matches(['"', '”', ')']).ends_with(['.', '!', '?'])
        && letters * 10 >= visible * 7
        && digits * 6 <= visible
        && capitals * 2 < words
        && sentence.matches([',', ';']).count() * 3 <= words + 2
        && !sentence.contains(['@', '|', '{', '}', '<', '>', '\\', '='])
        && !sentence.contains("...")
        && !lower.contains("http")
        && !lower.contains("www.")
        && !is_header
        && !BOILERPLATE.iter().any(|phrase| lower.contains(phrase))
}

fn content_words(sentence: &str) -> impl Iterator<Item = String> + '_ {
    sentence
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| word.chars().count() > 3)
        .map(str::to_lowercase)
        .filter(|word| !STOP_WORDS.contains(&word.as_str()))
}

fn frequencies(sentences: &[String]) -> HashMap<String, u32> {
    let mut counts = HashMap::new();
    for word in sentences.iter().flat_map(|sentence| content_words(sentence)) {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

fn score(sentence: &str, index: usize, frequency: &HashMap<String, u32>) -> f64 {
    let words: HashSet<String> = content_words(sentence).collect();
    let sum: f64 = words.iter().filter_map(|word| frequency.get(word)).map(|count| f64::from(*count)).sum();
    let mean = sum / f64::from(u32::try_from(words.len().max(3)).unwrap_or(u32::MAX));
    // The first sentences count up to twice as much, the tenth about a tenth more.
    mean * (1.0 + 1.0 / (1.0 + f64::from(u32::try_from(index).unwrap_or(u32::MAX))))
}

/// Share of the second sentence's content words that the first one has.
fn overlap(first: &str, second: &str) -> f64 {
    let have: HashSet<String> = content_words(first).collect();
    let words: HashSet<String> = content_words(second).collect();
    let common = words.intersection(&have).count();
    f64::from(u32::try_from(common).unwrap_or(u32::MAX)) / f64::from(u32::try_from(words.len().max(1)).unwrap_or(u32::MAX))
}

fn word_count(sentence: &str) -> usize {
    sentence.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_about_the_subject_is_chosen() {
        let text = "QUARTERLY REPORT\nAcme Corp., 1 Main Street\n\nRevenue for the second quarter grew by twelve percent to four million dollars. \
                    The office plants were watered on time by the staff. Growth of revenue came from new customers in Europe.\n\nPage 1 of 9\n";
        let summary = summarise(text).unwrap();
        assert!(summary.starts_with("Revenue for the second quarter grew by twelve percent"), "{summary}");
        assert!(!summary.contains("plants"), "{summary}");
        assert!(word_count(&summary) <= MAX_WORDS);
    }

    #[test]
    fn text_without_sentences_has_no_summary() {
        for text in [
            "",
            "Invoice\nAcme Corp\n1 Main Street\nTotal 1,200.00",
            "Month, Sum, Tax\nMay, 12, 3\nJune, 14, 4",
            "From: ann@acme.example\nTo: bob@acme.example",
            "This message and its attachments are confidential and meant for the intended recipient.",
            "one two three four five six seven eight nine ten without any end to it",
        ] {
            assert_eq!(summarise(text), None, "{text}");
        }
    }

    #[test]
    fn wrapped_lines_are_one_sentence() {
        let text = "The lease between the landlord and the tenant of the\nwarehouse ends on the last day of June next year.\n";
        assert_eq!(
            summarise(text).as_deref(),
            Some("The lease between the landlord and the tenant of the warehouse ends on the last day of June next year.")
        );
    }

    #[test]
    fn abbreviations_do_not_end_a_sentence() {
        assert_eq!(
            sentences("Dr. Ann Lee met Mr. Bob J. Smith today. They agreed."),
            ["Dr. Ann Lee met Mr. Bob J. Smith today.", "They agreed."]
        );
    }

    #[test]
    fn hidden_characters_do_not_reach_the_summary() {
        let summary = summarise("The contract\u{202E} renews every year\u{200B} unless one party ends it in time.").unwrap();
        assert_eq!(summary, "The contract renews every year unless one party ends it in time.");
    }
}
