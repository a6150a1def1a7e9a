//! What "the second one" or "the March one" means among what was just listed.

use jiff::civil::Date;

use super::schema::stem;
use super::sounds::{alike, key};
use super::spoken::{content, date_words, normalise_words, ordinal, small_number};
use super::tokens::{Cut, split};

/// Something the caller was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedItem {
    /// Its title, as it was said.
    pub title: String,
    /// The file's name.
    pub name: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// The date on it.
    pub date: Option<Date>,
    /// Its number in the list, from 1.
    pub position: usize,
}

/// Which of the listed things is meant, by index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedPick {
    /// The words do not speak of the list.
    None,
    /// This one.
    One(usize),
    /// Any of these: ask.
    Several(Vec<usize>),
}

/// Words that speak of something already named.
const POINTERS: &[&str] = &["one", "ones", "that", "those", "it"];
/// Words that say how to count, and nothing else.
const COUNTERS: &[&str] =
    &["number", "option", "choice", "item", "result", "the", "one", "please", "of", "them", "uh", "um", "yes", "that", "ones"];
/// A likeness that counts as the same word.
const SAME: f32 = 0.85;

/// Reads a reference to a list. `today` anchors "last month".
pub fn pick_listed(words: &str, listed: &[ListedItem], today: Date) -> ListedPick {
    let words = split(words, Cut::Words).parts;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if listed.is_empty() || words.is_empty() {
        return ListedPick::None;
    }
    if let Some(position) = by_position(&words, listed) {
        return listed.iter().position(|item| item.position == position).map_or(ListedPick::None, ListedPick::One);
    }
    if let Some(newest) = by_age(&words) {
        return extreme(listed, newest);
    }
    by_attributes(&words, listed, today)
}

/// "the first one", "number two", "the last one": words that only count.
fn by_position(words: &[&str], listed: &[ListedItem]) -> Option<usize> {
    let mut counted = None;
    let mut before = "";
    for (at, word) in words.iter().enumerate() {
        // "the one from the third" is a day.
        if matches!(before, "from" | "dated" | "since") {
            return None;
        }
        let is_pronoun = *word == "one" && (at > 0 && !matches!(before, "number" | "option" | "choice" | "item" | "result"));
        let number = match *word {
            _ if is_pronoun => None,
            "last" | "bottom" => listed.iter().map(|item| item.position).max(),
            "former" | "top" => listed.iter().map(|item| item.position).min(),
            "latter" => listed.iter().map(|item| item.position).max(),
            word => ordinal(word).or_else(|| small_number(word)).and_then(|number| usize::try_from(number).ok()),
        };
        match number {
            Some(_) if counted.is_some() => return None,
            Some(number) => counted = Some(number),
            None if COUNTERS.contains(word) => {}
            None => return None,
        }
        before = word;
    }
    counted
}

/// "the newer one", "the oldest": whether the newest is meant.
fn by_age(words: &[&str]) -> Option<bool> {
    let rest: Vec<&str> = words.iter().copied().filter(|word| !COUNTERS.contains(word)).collect();
    match rest.as_slice() {
        ["newer" | "newest" | "latest" | "later" | "recent"] | ["more" | "most", "recent"] => Some(true),
        ["older" | "oldest" | "earlier" | "earliest"] => Some(false),
        _ => None,
    }
}

fn extreme(listed: &[ListedItem], newest: bool) -> ListedPick {
    // Without a date on every one nobody knows which is newer.
    let Some(dates) = listed.iter().map(|item| item.date).collect::<Option<Vec<Date>>>() else {
        return ListedPick::Several((0..listed.len()).collect());
    };
    let wanted = if newest { dates.iter().max() } else { dates.iter().min() };
    pick(dates.iter().enumerate().filter(|(_, date)| Some(*date) == wanted).map(|(at, _)| at).collect())
}

fn pick(found: Vec<usize>) -> ListedPick {
    match found.as_slice() {
        [] => ListedPick::None,
        [one] => ListedPick::One(*one),
        _ => ListedPick::Several(found),
    }
}

/// "the March one", "the one from Acme": everything said fits. Without such a pointer the words are
/// a new request, unless two words or more fit one thing alone.
fn by_attributes(words: &[&str], listed: &[ListedItem], today: Date) -> ListedPick {
    let points = words.iter().any(|word| POINTERS.contains(word));
    let asked = content(&words.join(" "), today);
    let wanted: Vec<&str> =
        asked.units.iter().map(|unit| unit.norm.as_str()).filter(|word| !POINTERS.contains(word) && *word != "1").collect();
    if wanted.is_empty() && asked.span.is_none() {
        return ListedPick::None;
    }
    let fits = |item: &ListedItem| {
        let own = words_of(item);
        let in_span = asked.span.is_none_or(|span| item.date.is_some_and(|date| span.contains(date)));
        in_span && explains(&own, &wanted)
    };
    let found: Vec<usize> = listed.iter().enumerate().filter(|(_, item)| fits(item)).map(|(at, _)| at).collect();
    if points || wanted.len() >= 2 && found.len() == 1 { pick(found) } else { ListedPick::None }
}

/// Whether every wanted word is among a thing's own, alone or joined to the next ("north wind").
fn explains(own: &[String], wanted: &[&str]) -> bool {
    let has = |word: &str| own.iter().any(|known| is_same(word, known));
    match wanted {
        [] => true,
        [word, rest @ ..] if has(word) => explains(own, rest),
        [word, next, rest @ ..] if has(&format!("{word}{next}")) => explains(own, rest),
        _ => false,
    }
}

fn words_of(item: &ListedItem) -> Vec<String> {
    let text = [item.title.as_str(), item.name.as_str(), item.author.as_deref().unwrap_or_default()].join(" ");
    let mut words: Vec<String> = normalise_words(&split(&text, Cut::Names).parts).into_iter().map(|unit| unit.norm).collect();
    words.extend(item.date.map(date_words).into_iter().flatten());
    words
}

fn is_same(a: &str, b: &str) -> bool {
    a == b || stem(a) == stem(b) || alike(a, &key(a), b, &key(b)) >= SAME
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn item(position: usize, title: &str, author: &str, date: Option<Date>) -> ListedItem {
        ListedItem {
            title: title.to_owned(),
            name: format!("{}.pdf", title.replace(' ', "_")),
            author: Some(author.to_owned()),
            date,
            position,
        }
    }

    fn invoices() -> Vec<ListedItem> {
        vec![
            item(1, "Acme invoice 4729", "Acme", Some(date(2026, 3, 3))),
            item(2, "Northwind invoice", "Northwind", Some(date(2026, 2, 11))),
            item(3, "Acme invoice 5100", "Acme", Some(date(2025, 6, 20))),
        ]
    }

    #[test]
    fn the_caller_points_at_what_was_listed() {
        let today = date(2026, 3, 4);
        for (words, expected) in [
            ("the first one", ListedPick::One(0)),
            ("first", ListedPick::One(0)),
            ("the 2nd one please", ListedPick::One(1)),
            ("number two", ListedPick::One(1)),
            ("number one", ListedPick::One(0)),
            ("uh option three", ListedPick::One(2)),
            ("the last one", ListedPick::One(2)),
            ("the seventh one", ListedPick::None),
            ("the March one", ListedPick::One(0)),
            ("the one from June", ListedPick::One(2)),
            ("the one from the third", ListedPick::One(0)),
            ("the one from last month", ListedPick::One(1)),
            ("the newer one", ListedPick::One(0)),
            ("the oldest", ListedPick::One(2)),
            ("the most recent one", ListedPick::One(0)),
            ("the one from Acme", ListedPick::Several(vec![0, 2])),
            ("the north wind one", ListedPick::One(1)),
            ("the one from Globex", ListedPick::None),
            ("invoice forty seven twenty nine", ListedPick::One(0)),
            ("the lease", ListedPick::None),
            ("acme", ListedPick::None),
            ("the second quarter report", ListedPick::None),
            ("", ListedPick::None),
        ] {
            assert_eq!(pick_listed(words, &invoices(), today), expected, "{words}");
        }
        assert_eq!(pick_listed("the first one", &[], today), ListedPick::None);
    }

    #[test]
    fn without_dates_nobody_knows_which_is_newer() {
        let mut list = invoices();
        list[1].date = None;
        assert_eq!(pick_listed("the newer one", &list, date(2026, 3, 4)), ListedPick::Several(vec![0, 1, 2]));
    }
}
