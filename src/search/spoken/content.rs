//! What of a request names the file: fillers and phrases of asking fall away, words for kinds and
//! for time are read as such.

use jiff::civil::Date;

use super::super::tokens::{Cut, split};
use super::dates::{DateRange, relative};
use super::normalise::{Unit, normalise_words};
use crate::domain::Category;

/// A request, taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// Words that name the file.
    pub units: Vec<Unit>,
    /// Kinds of file the words speak of.
    pub kinds: Vec<Category>,
    /// The span of time the words speak of: "last month".
    pub span: Option<DateRange>,
    /// Whether the newest is meant: "the latest invoice".
    pub newest: bool,
}

/// Phrases of asking, longest first; they may stand anywhere.
const PHRASES: &[&[&str]] = &[
    &["do", "you", "happen", "to", "have"],
    &["i", "would", "like", "to", "have"],
    &["i", "am", "looking", "for"],
    &["i", "would", "like"],
    &["do", "we", "have"],
    &["do", "you", "have"],
    &["i", "was", "wondering", "if"],
    &["im", "looking", "for"],
    &["we", "are", "looking", "for"],
    &["could", "i", "have"],
    &["can", "i", "have"],
    &["may", "i", "have"],
    &["can", "i", "get"],
    &["could", "i", "get"],
    &["let", "me", "have"],
    &["let", "me", "see"],
    &["is", "there"],
    &["are", "there"],
    &["looking", "for"],
    &["search", "for"],
    &["look", "for"],
    &["look", "up"],
    &["pull", "up"],
    &["bring", "up"],
    &["dig", "up"],
    &["can", "you"],
    &["could", "you"],
    &["would", "you"],
    &["will", "you"],
    &["i", "need"],
    &["we", "need"],
    &["i", "want"],
    &["id", "like"],
    &["you", "know"],
    &["i", "mean"],
    &["sort", "of"],
    &["kind", "of"],
    &["find", "me"],
    &["find", "us"],
    &["show", "me"],
    &["send", "me"],
    &["give", "me"],
    &["get", "me"],
    &["tell", "me"],
    &["read", "me"],
    &["thank", "you"],
];

/// Words that never name a file.
const FILLERS: &[&str] = &[
    "uh",
    "um",
    "uhm",
    "er",
    "erm",
    "eh",
    "hm",
    "hmm",
    "mm",
    "ah",
    "please",
    "kindly",
    "okay",
    "ok",
    "hey",
    "hi",
    "hello",
    "yeah",
    "yes",
    "well",
    "basically",
    "actually",
    "just",
    "thanks",
    "a",
    "an",
    "the",
    "of",
    "in",
    "on",
    "at",
    "to",
    "for",
    "from",
    "by",
    "with",
    "about",
    "and",
    "or",
    "my",
    "our",
    "your",
    "their",
    "his",
    "her",
    "its",
    "that",
    "this",
    "these",
    "those",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "it",
    "i",
    "me",
    "we",
    "us",
    "you",
    "he",
    "she",
    "they",
    "as",
    "do",
    "does",
    "did",
    "has",
    "have",
    "had",
    "what",
    "which",
    "where",
    "who",
    "how",
    "there",
    "so",
    "if",
    "into",
    "dated",
    "called",
    "named",
    "titled",
];

/// Words of asking that drop only at the start of a request: in the middle they may be a title.
const OPENERS: &[&str] = &["share", "send", "find", "show", "get", "give", "open", "read", "fetch", "describe", "forward"];

/// Words that say "a file" and nothing else.
const GENERIC: &[&str] = &["file", "files", "document", "documents", "doc", "docs", "copy", "thing", "ones"];

/// The kind of file a word speaks of.
pub fn kind(word: &str) -> Option<Category> {
    match word {
        "spreadsheet" | "spreadsheets" | "excel" | "workbook" | "xlsx" | "csv" => Some(Category::Spreadsheet),
        "deck" | "decks" | "slides" | "slide" | "presentation" | "presentations" | "powerpoint" | "slideshow" => {
            Some(Category::Presentation)
        }
        "email" | "emails" | "mail" | "mails" => Some(Category::Mail),
        "picture" | "pictures" | "photo" | "photos" | "image" | "images" | "photograph" | "screenshot" => Some(Category::Image),
        "recording" | "recordings" | "audio" | "voicemail" => Some(Category::Recording),
        "video" | "videos" | "movie" | "clip" => Some(Category::Video),
        "zip" => Some(Category::Archive),
        _ => None,
    }
}

/// Takes a request apart. `today` anchors "last month".
pub fn content(text: &str, today: Date) -> Content {
    let words = split(text, Cut::Words).parts;
    let mut found = Content::default();
    let mut kept: Vec<String> = Vec::new();
    let mut rest: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut opening = true;
    let mut before = "";
    while let Some(first) = rest.first().copied() {
        if let Some(phrase) = PHRASES.iter().find(|phrase| rest.starts_with(phrase)) {
            rest.drain(..phrase.len());
            continue;
        }
        if let Some((span, used)) = relative(&rest, today) {
            found.span = Some(span);
            rest.drain(..used);
            continue;
        }
        let is_pronoun = first == "one" && matches!(before, "the" | "that" | "this" | "which" | "newest" | "latest");
        before = first;
        if is_pronoun {
            // "the one from March" counts nothing.
        } else if matches!(first, "latest" | "newest" | "recent") {
            found.newest = true;
        } else if first == "most" && rest.get(1) == Some(&"recent") {
            // `recent` follows.
        } else if !(opening && OPENERS.contains(&first)) {
            // After an article a word of asking is a noun: "the share purchase agreement".
            opening &= FILLERS.contains(&first) && !matches!(first, "the" | "a" | "an" | "my" | "our" | "your" | "that" | "this");
            found.kinds.extend(kind(first));
            kept.push(first.to_owned());
        }
        rest.remove(0);
    }
    let units = normalise_words(&kept);
    let is_plain = |unit: &Unit, list: &[&str]| match unit.said.as_slice() {
        [word] => list.contains(&word.as_str()),
        _ => false,
    };
    found.units = units.into_iter().filter(|unit| !is_plain(unit, FILLERS) && !is_plain(unit, GENERIC)).collect();
    found
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn words(text: &str) -> String {
        content(text, date(2026, 3, 4)).units.into_iter().map(|unit| unit.norm).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn asking_falls_away_and_the_name_stays() {
        for (said, names) in [
            ("uh can you find the q two financial report please", "q2 financial report"),
            ("please send me the lease for twelve main street", "lease 12 main street"),
            ("share the Q2 report with John", "q2 report john"),
            ("I'm looking for the um n d a with acme", "nda acme"),
            ("the share purchase agreement", "share purchase agreement"),
            ("the file", ""),
            ("that document from march", "march"),
            ("invoice one", "invoice 1"),
            ("", ""),
        ] {
            assert_eq!(words(said), names, "{said}");
        }
    }

    #[test]
    fn kinds_spans_and_recency_are_read() {
        let found = content("the latest spreadsheet from last month", date(2026, 3, 4));
        assert_eq!(found.kinds, [Category::Spreadsheet]);
        assert!(found.newest);
        assert_eq!(found.span, Some(DateRange { from: date(2026, 2, 1), to: date(2026, 2, 28) }));
        assert_eq!(found.units.len(), 1);
        assert_eq!(content("the deck", date(2026, 3, 4)).kinds, [Category::Presentation]);
        assert_eq!(content("invoice", date(2026, 3, 4)), Content { units: vec![Unit::word("invoice")], ..Content::default() });
    }

    #[test]
    fn any_words_can_be_looked_for() {
        let today = date(2026, 3, 2);
        bolero::check!().with_iterations(2000).with_type::<(Vec<u8>, String)>().for_each(|(picks, text)| {
            let words = [
                "q2",
                "cue",
                "two",
                "thousand",
                "twenty",
                "last",
                "march",
                "the",
                "9",
                "999999999999",
                "million",
                "first",
                "of",
                "v",
                "point",
            ];
            let said: Vec<&str> = picks.iter().map(|pick| words[usize::from(*pick) % words.len()]).collect();
            for said in [said.join(" "), text.clone()] {
                let _content = content(&said, today);
            }
        });
    }
}
