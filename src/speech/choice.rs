//! Several hits made into one question out of what differs.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;

use super::spoken::Spoken;
use super::values::list::with_the;
use super::values::number::{cardinal, is_number_word, ordinal};
use super::values::{speakable_title, spoken_date, spoken_folder, spoken_kind, spoken_month, spoken_name, spoken_year};
use crate::domain::{Category, Folder};

/// One hit, as far as a question can be made of it.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// Title or file name.
    pub title: &'a str,
    /// Who wrote it.
    pub author: Option<&'a str>,
    /// The date on the document.
    pub date: Option<Date>,
    /// What it is for.
    pub kind: Category,
    /// Where it lies.
    pub folder: &'a Folder,
    /// Number of the version.
    pub version: u32,
    /// Who it was shared with, where shares are the candidates.
    pub recipient: Option<&'a str>,
}

/// What tells candidates apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Differs {
    /// Their names.
    Title,
    /// The year of their date.
    Year,
    /// The month of their date.
    Month,
    /// The day of their date.
    Date,
    /// Who wrote them.
    Author,
    /// What they are for.
    Kind,
    /// Their version.
    Version,
    /// Where they lie.
    Folder,
    /// Who they were shared with.
    Recipient,
    /// Nothing that can be said: they are called by their order.
    Nothing,
}

/// A question between two or three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What it is made of.
    pub by: Differs,
    /// What all are called, when that is the same.
    pub title: Option<Spoken>,
    /// Each candidate as the question names it, in order: "the one from March".
    pub options: Vec<Spoken>,
}

/// A question that makes many fewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Narrowing {
    /// What it asks for.
    pub by: Differs,
    /// The commonest answers, three at most.
    pub values: Vec<Spoken>,
    /// Whether there are other answers.
    pub more: bool,
}

/// Longest title that can be an option beside another, in words.
const SHORT_TITLE: usize = 5;
/// Words that no name begins or ends with.
const LEANING: &[&str] = &["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "the", "to", "with"];
/// Most answers a question names.
const NAMED: usize = 3;

/// What tells all candidates apart, the easiest to say first.
pub fn what_differs(candidates: &[Candidate<'_>], today: Date) -> Differs {
    if short_titles(candidates).is_some() {
        return Differs::Title;
    }
    [Differs::Month, Differs::Date, Differs::Author, Differs::Kind, Differs::Version, Differs::Folder, Differs::Recipient, Differs::Title]
        .into_iter()
        .find(|by| distinct_values(candidates, *by, today).is_some())
        .unwrap_or(Differs::Nothing)
}

/// The question between two or three candidates: "the one from March or the one from June?".
pub fn choice(candidates: &[Candidate<'_>], today: Date) -> Choice {
    let by = what_differs(candidates, today);
    let titles: Vec<Spoken> = candidates.iter().map(|candidate| speakable_title(candidate.title)).collect();
    let title = titles.first().filter(|first| titles.iter().all(|title| same(title, first))).cloned();
    let short = short_titles(candidates).filter(|_| by == Differs::Title);
    let values = short.map(|short| (short, true)).or_else(|| distinct_values(candidates, by, today).map(|values| (values, false)));
    let options = match values {
        Some((values, is_short)) => values.iter().map(|value| option(by, value, is_short)).collect(),
        None => (1..).zip(candidates).map(|(place, _)| Spoken::new(format!("the {} one", ordinal(place)))).collect(),
    };
    Choice { by, title, options }
}

/// The question that leaves the fewest of many: the attribute whose three commonest values split
/// them best.
pub fn narrowing(candidates: &[Candidate<'_>], today: Date) -> Narrowing {
    let mut best: Option<(usize, Narrowing)> = None;
    for by in [Differs::Month, Differs::Year, Differs::Author, Differs::Kind, Differs::Folder, Differs::Recipient] {
        let (left, question) = split(candidates, by, today);
        let is_better = best.as_ref().is_none_or(|(least, _)| left < *least);
        if question.values.len() > 1 && is_better {
            best = Some((left, question));
        }
    }
    best.map_or(Narrowing { by: Differs::Nothing, values: Vec::new(), more: false }, |(_, question)| question)
}

/// How many pairs of candidates an answer would leave together, and the question.
fn split(candidates: &[Candidate<'_>], by: Differs, today: Date) -> (usize, Narrowing) {
    let mut groups: Vec<(Spoken, usize)> = Vec::new();
    let mut unnamed = 0;
    for candidate in candidates {
        match value(candidate, by, today) {
            Some(value) => match groups.iter_mut().find(|(have, _)| same(have, &value)) {
                Some((_, count)) => *count += 1,
                None => groups.push((value, 1)),
            },
            None => unnamed += 1,
        }
    }
    // Stable: among equals the better hit is named first.
    groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let others: usize = unnamed + groups.iter().skip(NAMED).map(|(_, count)| count).sum::<usize>();
    let left = others * others + groups.iter().take(NAMED).map(|(_, count)| count * count).sum::<usize>();
    let values = groups.into_iter().take(NAMED).map(|(value, _)| value).collect();
    (left, Narrowing { by, values, more: others > 0 })
}

fn value(candidate: &Candidate<'_>, by: Differs, today: Date) -> Option<Spoken> {
    match by {
        Differs::Title => Some(speakable_title(candidate.title)),
        Differs::Year => candidate.date.map(|date| spoken_year(date.year())),
        Differs::Month => candidate.date.map(|date| spoken_month(date, today)),
        Differs::Date => candidate.date.map(|date| spoken_date(date, today)),
        Differs::Author => candidate.author.map(spoken_name),
        Differs::Kind => Some(spoken_kind(candidate.kind)),
        Differs::Version => Some(Spoken::new(format!("version {}", cardinal(u64::from(candidate.version))))),
        Differs::Folder => spoken_folder(candidate.folder),
        Differs::Recipient => candidate.recipient.map(spoken_name),
        Differs::Nothing => None,
    }
}

/// The values of all candidates, when each has one and no two sound the same.
fn distinct_values(candidates: &[Candidate<'_>], by: Differs, today: Date) -> Option<Vec<Spoken>> {
    let values: Vec<Spoken> = candidates.iter().map(|candidate| value(candidate, by, today)).collect::<Option<_>>()?;
    let seen: BTreeSet<String> = values.iter().map(|value| value.as_str().to_lowercase()).collect();
    (seen.len() == candidates.len()).then_some(values)
}

fn same(a: &Spoken, b: &Spoken) -> bool {
    a.as_str().to_lowercase() == b.as_str().to_lowercase()
}

fn option(by: Differs, value: &Spoken, is_short: bool) -> Spoken {
    Spoken::new(match by {
        Differs::Title if is_short => value.to_string(),
        Differs::Title => with_the(value.as_str()),
        Differs::Year | Differs::Month | Differs::Date => format!("the one from {value}"),
        Differs::Author => format!("the one by {value}"),
        Differs::Folder => format!("the one in {value}"),
        Differs::Recipient => format!("the one shared with {value}"),
        Differs::Kind => format!("the {value}"),
        Differs::Version | Differs::Nothing => value.to_string(),
    })
}

/// Titles as short as they can be told apart: without the words they begin and end with alike
/// ("March", "June"), or whole when they are short.
fn short_titles(candidates: &[Candidate<'_>]) -> Option<Vec<Spoken>> {
    let titles = distinct_values(candidates, Differs::Title, Date::ZERO)?;
    let words: Vec<Vec<&str>> = titles.iter().map(|title| title.as_str().split(' ').collect()).collect();
    let head = alike(&words, |title, at| title.get(at).copied());
    let tail = alike(&words, |title, at| title.iter().rev().nth(at).copied());
    let shortest = words.iter().map(Vec::len).min().unwrap_or(0);
    let rests: Vec<Vec<&str>> = if head + tail < shortest && head + tail > 0 {
        let (head, tail) = with_whole_numbers(&words, head, tail);
        words.iter().map(|title| title.get(head..title.len() - tail).unwrap_or_default().to_vec()).collect()
    } else {
        Vec::new()
    };
    let is_clear = !rests.is_empty() && rests.iter().all(|rest| (1..=3).contains(&rest.len()) && !hangs(rest));
    if is_clear {
        return Some(rests.into_iter().map(|rest| Spoken::new(rest.join(" "))).collect());
    }
    words.iter().all(|title| title.len() <= SHORT_TITLE).then(|| titles.iter().map(|title| Spoken::new(with_the(title.as_str()))).collect())
}

/// Whether words lean on others that were cut off: "Proposal for".
fn hangs(words: &[&str]) -> bool {
    let leans = |word: Option<&&str>| word.is_some_and(|word| LEANING.contains(&word.to_lowercase().as_str()));
    leans(words.first()) || leans(words.last())
}

/// Takes back from the common beginning what belongs to a number ("twenty" of a year, the "Q" of
/// "Q two"), and from the common end the "quarter" of "second quarter".
fn with_whole_numbers(titles: &[Vec<&str>], head: usize, tail: usize) -> (usize, usize) {
    let Some(first) = titles.first() else { return (head, tail) };
    let all_start = |at: usize| titles.iter().all(|title| title.get(at).is_some_and(|word| is_number_word(word)));
    if !all_start(head) {
        return (head, tail);
    }
    let after = first.len().checked_sub(tail).and_then(|at| first.get(at));
    if after == Some(&"quarter") {
        return (head, tail - 1);
    }
    let digits = first.get(..head).unwrap_or_default().iter().rev().take_while(|word| is_number_word(word)).count();
    let is_single = digits == 0 && titles.iter().all(|title| title.len() - tail - head == 1);
    (head - digits - usize::from(is_single && head > 0), tail)
}

/// How many words all have alike, counted from one end.
fn alike<'a>(titles: &[Vec<&'a str>], word: impl Fn(&[&'a str], usize) -> Option<&'a str>) -> usize {
    let shortest = titles.iter().map(Vec::len).min().unwrap_or(0);
    let is_alike = |at: usize| {
        let first = titles.first().and_then(|title| word(title, at));
        first.is_some_and(|first| titles.iter().all(|title| word(title, at).is_some_and(|other| other.eq_ignore_ascii_case(first))))
    };
    (0..shortest).take_while(|at| is_alike(*at)).count()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 3, 14);

    fn file<'a>(title: &'a str, folder: &'a Folder) -> Candidate<'a> {
        Candidate { title, author: None, date: None, kind: Category::Document, folder, version: 1, recipient: None }
    }

    fn words(options: &[Spoken]) -> Vec<&str> {
        options.iter().map(Spoken::as_str).collect()
    }

    #[test]
    fn the_question_between_two_is_made_of_what_differs() {
        let (top, finance, legal) = (Folder::default(), Folder::parse("finance").unwrap(), Folder::parse("x/legal").unwrap());
        let same = file("Acme invoice.pdf", &top);
        let on = |month, day| Some(date(2026, month, day));
        for (one, other, by, options) in [
            (
                Candidate { date: on(1, 3), ..same.clone() },
                Candidate { date: on(2, 4), ..same.clone() },
                Differs::Month,
                ["the one from January", "the one from February"],
            ),
            (
                Candidate { date: on(1, 3), ..same.clone() },
                Candidate { date: on(1, 9), ..same.clone() },
                Differs::Date,
                ["the one from January third", "the one from January ninth"],
            ),
            (
                Candidate { author: Some("Anna Lee"), date: on(1, 3), ..same.clone() },
                Candidate { author: Some("Tom Ek"), ..same.clone() },
                Differs::Author,
                ["the one by Anna Lee", "the one by Tom Ek"],
            ),
            (same.clone(), Candidate { kind: Category::Spreadsheet, ..same.clone() }, Differs::Kind, ["the document", "the spreadsheet"]),
            (same.clone(), Candidate { version: 2, ..same.clone() }, Differs::Version, ["version one", "version two"]),
            (
                Candidate { folder: &finance, ..same.clone() },
                Candidate { folder: &legal, ..same.clone() },
                Differs::Folder,
                ["the one in finance", "the one in legal"],
            ),
            (
                Candidate { recipient: Some("Anna"), ..same.clone() },
                Candidate { recipient: Some("Tom"), ..same.clone() },
                Differs::Recipient,
                ["the one shared with Anna", "the one shared with Tom"],
            ),
            (same.clone(), same.clone(), Differs::Nothing, ["the first one", "the second one"]),
        ] {
            let asked = choice(&[one, other], TODAY);
            assert_eq!((asked.by, words(&asked.options)), (by, options.to_vec()));
            assert_eq!(asked.title.as_ref().map(Spoken::as_str), Some("Acme invoice"));
        }
    }

    #[test]
    fn titles_that_differ_are_named_as_briefly_as_they_can() {
        let top = Folder::default();
        for (titles, options) in [
            (vec!["Acme invoice March", "Acme invoice June"], vec!["March", "June"]),
            (vec!["Q1_report.pdf", "Q2_report.pdf", "Q3_report.pdf"], vec!["Q one", "Q two", "Q three"]),
            (vec!["Lease", "Acme invoice"], vec!["the Lease", "the Acme invoice"]),
            (vec!["Plan 2024", "Plan 2025"], vec!["twenty twenty-four", "twenty twenty-five"]),
            (vec!["Sales Q1 2025", "Sales Q2 2025"], vec!["first quarter", "second quarter"]),
            (vec!["Notes 2025-03-03", "Notes 2025-03-09"], vec!["March third", "March ninth"]),
            (vec!["Note Tidewater Foods", "Offer for Tidewater Foods"], vec!["the Note Tidewater Foods", "the Offer for Tidewater Foods"]),
            (vec!["Report", "Report final"], vec!["the Report", "the Report final"]),
        ] {
            let files: Vec<_> = titles.iter().map(|title| file(title, &top)).collect();
            let asked = choice(&files, TODAY);
            assert_eq!((asked.by, words(&asked.options), asked.title), (Differs::Title, options, None));
        }
    }

    #[test]
    fn three_that_no_single_value_separates_are_called_by_order() {
        let top = Folder::default();
        let same = file("Acme invoice", &top);
        let files = [Candidate { version: 2, ..same.clone() }, same.clone(), same];
        assert_eq!(words(&choice(&files, TODAY).options), ["the first one", "the second one", "the third one"]);
    }

    #[test]
    fn many_are_narrowed_by_what_splits_them_best() {
        let top = Folder::default();
        let same = file("Acme invoice", &top);
        let with = |author: Option<&'static str>, month| Candidate { author, date: Some(date(2026, month, 1)), ..same.clone() };
        let by_author = [with(Some("Ann"), 1), with(Some("Bob"), 1), with(Some("Cy"), 1), with(Some("Bob"), 1), with(None, 2)];
        let asked = narrowing(&by_author, TODAY);
        assert_eq!((asked.by, words(&asked.values), asked.more), (Differs::Author, vec!["Bob", "Ann", "Cy"], true));
        let by_month = [with(Some("Ann"), 1), with(Some("Ann"), 2), with(Some("Ann"), 3), with(Some("Ann"), 3)];
        let asked = narrowing(&by_month, TODAY);
        assert_eq!((asked.by, words(&asked.values), asked.more), (Differs::Month, vec!["March", "January", "February"], false));
        let alike = [same.clone(), same.clone(), same.clone(), same];
        assert_eq!(narrowing(&alike, TODAY).by, Differs::Nothing);
    }
}
