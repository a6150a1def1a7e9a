//! Text from outside made fit for the ear: numbers become words, signs become words or pauses,
//! what no voice can say (ids, hashes, addresses) goes.

use jiff::civil::Date;

use super::number::{cardinal, number_in_text, one_by_one, ordinal, year};
use super::time::{month_and_day, month_name};
use crate::domain::clean_text;

/// What the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::speech) enum Style {
    /// A file's name or title: hyphens and marks part words.
    Title,
    /// A name of a person, a team, a place: hyphens and commas stay.
    Name,
    /// Sentences: their marks stay.
    Prose,
}

/// Longest text looked at, in characters: reading is linear, and no ear takes more.
const MAX_CHARS: usize = 2_000;

/// A short text, at most so many words.
pub(in crate::speech) fn clean_words(text: &str, max_words: usize) -> String {
    limited(&words_of(text, Style::Name), max_words)
}

/// The first words, without a link word or a mark left hanging at the end.
pub(in crate::speech) fn limited(words: &[String], max_words: usize) -> String {
    const HANGING: [&str; 13] = ["and", "or", "of", "the", "a", "an", "for", "in", "on", "to", "by", "with", "from"];
    let mut kept = words.get(..max_words).unwrap_or(words);
    if words.len() > max_words {
        while let Some((_, before)) = kept.split_last().filter(|(last, _)| HANGING.contains(&last.to_lowercase().as_str())) {
            kept = before;
        }
    }
    kept.join(" ").trim_end_matches([',', ':', ';']).to_owned()
}

/// The words as they are said.
pub(in crate::speech) fn words_of(text: &str, style: Style) -> Vec<String> {
    let text = clean_text(text, MAX_CHARS);
    // A name without blanks is a file's: capitals inside it part words.
    let splits_capitals = style == Style::Title && !text.contains(' ');
    let mut said = Vec::new();
    for chunk in text.split(' ') {
        if let Some(words) = replacement(chunk) {
            let pause = chunk.chars().last().filter(|mark| style == Style::Prose && is_pause(*mark));
            said.extend(words.split(' ').map(str::to_owned));
            said.last_mut().into_iter().for_each(|last| last.extend(pause));
            continue;
        }
        for part in chunk.split('_').filter(|part| !is_opaque(part)) {
            Reader { atoms: &atoms(part), style, splits_capitals, start: said.len(), said: &mut said }.read();
        }
    }
    // "Q2", a blank, "2025": the year is known only after both were read.
    join_quarters(&mut said);
    said
}

const fn is_pause(mark: char) -> bool {
    matches!(mark, ',' | '.' | '?' | '!' | ':' | ';')
}

/// What is said instead of an address.
fn replacement(chunk: &str) -> Option<&'static str> {
    let is_link = chunk.contains("://") || chunk.starts_with("www.");
    let is_address = chunk.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.'));
    if is_link {
        Some("a link")
    } else if is_address {
        Some("an address")
    } else {
        None
    }
}

/// Whether a part of a name is a hash, a UUID or a random id, with or without an ending: long,
/// letters and digits mixed without sense.
fn is_opaque(part: &str) -> bool {
    let part = part.trim_matches(|sign: char| !sign.is_alphanumeric());
    let part = part.split('.').next().unwrap_or_default();
    let bare: String = part.chars().filter(|sign| *sign != '-').collect();
    let has_digit = bare.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = bare.bytes().any(|byte| byte.is_ascii_alphabetic());
    if !(has_digit && has_letter && bare.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return false;
    }
    let is_hex = bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    let changes = bare.bytes().zip(bare.bytes().skip(1)).filter(|(a, b)| a.is_ascii_digit() != b.is_ascii_digit()).count();
    (is_hex && bare.len() >= 8 && changes >= 2) || (changes >= 4 && bare.len() >= 10 && bare == part)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Atom<'a> {
    Word(&'a str),
    Number(&'a str),
    Mark(char),
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Class {
    Letter,
    Digit,
    Other,
}

fn class(sign: char) -> Class {
    // Other scripts' numerals have no word here, and would be read as digits.
    if sign.is_ascii_digit() {
        Class::Digit
    } else if sign.is_alphabetic() && !sign.is_numeric() {
        Class::Letter
    } else {
        Class::Other
    }
}

fn atoms(chunk: &str) -> Vec<Atom<'_>> {
    let mut found = Vec::new();
    let mut rest = chunk;
    while let Some(first) = rest.chars().next() {
        let kind = class(first);
        let mut end = first.len_utf8();
        if kind != Class::Other {
            end = rest.len();
            let mut signs = rest.char_indices().peekable();
            while let Some((at, sign)) = signs.next() {
                let next_is_letter = signs.peek().is_some_and(|(_, next)| class(*next) == Class::Letter);
                let inside = kind == Class::Letter && matches!(sign, '\'' | '’') && next_is_letter;
                if class(sign) != kind && !inside {
                    end = at;
                    break;
                }
            }
        }
        let (atom, after) = rest.split_at(end);
        found.push(match kind {
            Class::Letter => Atom::Word(atom),
            Class::Digit => Atom::Number(atom),
            Class::Other => Atom::Mark(first),
        });
        rest = after;
    }
    found
}

struct Reader<'a> {
    atoms: &'a [Atom<'a>],
    style: Style,
    splits_capitals: bool,
    /// How many words were said before this chunk.
    start: usize,
    said: &'a mut Vec<String>,
}

impl<'a> Reader<'a> {
    fn read(mut self) {
        while let Some((first, rest)) = self.atoms.split_first() {
            let used = self.read_number_form().unwrap_or_else(|| {
                self.read_atom(*first, rest.first().copied());
                1
            });
            self.atoms = self.atoms.get(used..).unwrap_or_default();
        }
    }

    /// Forms of several atoms around a number; gives how many were read.
    fn read_number_form(&mut self) -> Option<usize> {
        let atoms = self.atoms;
        if let [Atom::Number(y), Atom::Mark(a @ ('-' | '.' | '/')), Atom::Number(m), Atom::Mark(b), Atom::Number(d), ..] = atoms
            && a == b
            && let Some(date) = date_of(y, m, d)
        {
            return Some(self.take(5, &date_words(date)));
        }
        if let [Atom::Number(y), Atom::Mark('-'), Atom::Number(m), ..] = atoms
            && y.len() == 4
            && m.len() == 2
            && !matches!(atoms.get(3), Some(Atom::Mark('-')))
            && let Some(date) = date_of(y, m, "01")
        {
            return Some(self.take(3, &format!("{} {}", month_name(date), year(u64::from(date.year().unsigned_abs())))));
        }
        match atoms {
            [Atom::Number(all), ..] if all.len() == 8 && compact_date(all).is_some() => {
                let date = compact_date(all)?;
                Some(self.take(1, &date_words(date)))
            }
            [Atom::Word(v), Atom::Number(major), rest @ ..] if is_one_of(v, &["v", "ver", "rev", "version"]) => {
                let word = if is_one_of(v, &["rev"]) { "revision" } else { "version" };
                Some(self.read_decimal(word, major, rest, 2))
            }
            [Atom::Word(fy), Atom::Number(short), ..] if is_one_of(fy, &["fy"]) && short.len() <= 4 => {
                let words = format!("fiscal {}", number_in_text(short));
                Some(self.take(2, &words))
            }
            [Atom::Mark(sign @ ('$' | '€' | '£')), Atom::Number(_), ..] => self.read_money(*sign),
            [Atom::Number(number), Atom::Mark('%'), ..] => Some(self.take(2, &format!("{} percent", number_in_text(number)))),
            [Atom::Number(number), Atom::Word(suffix), ..] if is_one_of(suffix, &["st", "nd", "rd", "th"]) && number.len() <= 3 => {
                let words = ordinal(number.parse().ok()?);
                Some(self.take(2, &words))
            }
            [Atom::Number(_), Atom::Mark(','), Atom::Number(next), ..] if next.len() == 3 => {
                let (value, used) = self.grouped_number(0)?;
                Some(self.take(used, &cardinal(value)))
            }
            [Atom::Number(major), rest @ ..] if matches!(rest, [Atom::Mark('.'), Atom::Number(_), ..]) => {
                Some(self.read_decimal("", major, rest, 1))
            }
            _ => None,
        }
    }

    fn read_decimal(&mut self, head: &str, major: &str, rest: &[Atom<'_>], before: usize) -> usize {
        let mut words = format!("{head} {}", number_in_text(major));
        let mut used = before;
        let mut rest = rest;
        while let [Atom::Mark('.'), Atom::Number(minor), after @ ..] = rest {
            words = format!("{words} point {}", one_by_one(minor.get(..4).unwrap_or(minor)));
            used += 2;
            rest = after;
        }
        self.take(used, words.trim())
    }

    fn read_money(&mut self, sign: char) -> Option<usize> {
        let (value, used) = self.grouped_number(1)?;
        let unit = match sign {
            '$' => "dollar",
            '€' => "euro",
            _ => "pound",
        };
        let plural = if value == 1 { "" } else { "s" };
        Some(self.take(used + 1, &format!("{} {unit}{plural}", cardinal(value))))
    }

    /// A number whose thousands may be set apart by commas, from an atom on; and how many atoms.
    fn grouped_number(&self, from: usize) -> Option<(u64, usize)> {
        let mut atoms = self.atoms.get(from..)?;
        let mut digits = String::new();
        let mut used = 0;
        while let [Atom::Number(number), after @ ..] = atoms {
            if used > 0 && number.len() != 3 {
                break;
            }
            digits.push_str(number);
            used += 1;
            atoms = match after {
                [Atom::Mark(','), next @ ..] if matches!(next.first(), Some(Atom::Number(group)) if group.len() == 3) => {
                    used += 1;
                    next
                }
                _ => &[],
            };
        }
        digits.parse().ok().map(|value| (value, used))
    }

    fn read_atom(&mut self, atom: Atom<'a>, next: Option<Atom<'a>>) {
        match atom {
            Atom::Word(word) => self.push_word(word),
            Atom::Number(number) => self.push(&number_in_text(number)),
            Atom::Mark(mark) => self.push_mark(mark, next),
        }
    }

    fn push_word(&mut self, word: &str) {
        let is_shouted = word.len() >= 5 && word.bytes().all(|byte| byte.is_ascii_uppercase()) && word.contains(['A', 'E', 'I', 'O', 'U']);
        if self.style == Style::Title && is_shouted {
            let (first, rest) = word.split_at(1);
            self.push(&format!("{first}{}", rest.to_lowercase()));
        } else if self.splits_capitals {
            self.push(&split_capitals(word));
        } else {
            self.push(word);
        }
    }

    fn push_mark(&mut self, mark: char, next: Option<Atom<'a>>) {
        let joins_words = matches!(next, Some(Atom::Word(_)));
        match mark {
            '&' => self.push("and"),
            '+' => self.push("plus"),
            '%' => self.push("percent"),
            '@' => self.push("at"),
            '#' => self.push("number"),
            '.' if matches!(next, Some(Atom::Word(word)) if is_one_of(word, &["com", "org", "net", "io"])) => self.push("dot"),
            '-' | '‐' | '‑' if joins_words && self.style != Style::Title && self.said.len() > self.start => self.glue("-"),
            ',' if next.is_none() && self.style != Style::Title => self.glue(","),
            _ if is_pause(mark) && next.is_none() && self.style == Style::Prose => self.glue(mark.encode_utf8(&mut [0; 4])),
            _ => {}
        }
    }

    /// Adds to the end of the last word, once.
    fn glue(&mut self, mark: &str) {
        if let Some(last) = self.said.last_mut().filter(|last| last.ends_with(char::is_alphanumeric)) {
            last.push_str(mark);
        }
    }

    fn take(&mut self, used: usize, words: &str) -> usize {
        self.push(words);
        used
    }

    fn push(&mut self, words: &str) {
        for word in words.split_whitespace() {
            match self.said.last_mut().filter(|last| last.ends_with('-')) {
                Some(last) => last.push_str(word),
                None => self.said.push(word.to_owned()),
            }
        }
    }
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|have| word.eq_ignore_ascii_case(have))
}

fn date_of(year: &str, month: &str, day: &str) -> Option<Date> {
    let number: i16 = year.parse().ok().filter(|number| (1900..2100).contains(number))?;
    Date::new(number, month.parse().ok()?, day.parse().ok()?).ok()
}

fn compact_date(digits: &str) -> Option<Date> {
    date_of(digits.get(..4)?, digits.get(4..6)?, digits.get(6..)?)
}

fn date_words(date: Date) -> String {
    format!("{} {}", month_and_day(date), year(u64::from(date.year().unsigned_abs())))
}

/// `AcmeInvoice` is two words; `McDonald` and `iPhone` are one.
fn split_capitals(word: &str) -> String {
    let mut out = String::new();
    let mut since = 0;
    let mut before = ' ';
    for sign in word.chars() {
        if sign.is_uppercase() && before.is_lowercase() && since >= 3 && !out.ends_with("Mac") {
            out.push(' ');
            since = 0;
        }
        out.push(sign);
        since += 1;
        before = sign;
    }
    out
}

/// "Q two" before a year is "second quarter".
fn join_quarters(said: &mut Vec<String>) {
    let mut at = 0;
    while let Some([letter, digit, next]) = said.get(at..at + 3) {
        let name = match digit.as_str() {
            "one" => "first",
            "two" => "second",
            "three" => "third",
            "four" => "fourth",
            _ => "",
        };
        if letter.eq_ignore_ascii_case("q") && !name.is_empty() && is_year_start(next, said.get(at + 3)) {
            said.splice(at..at + 2, [name.to_owned(), "quarter".to_owned()]);
        }
        at += 1;
    }
}

fn is_year_start(word: &str, after: Option<&String>) -> bool {
    match word {
        "nineteen" | "twenty" => after.is_some_and(|after| {
            ["ten", "eleven", "twelve"].contains(&after.as_str())
                || ["teen", "ty"].iter().any(|end| after.ends_with(end))
                || after.contains('-')
        }),
        "two" => after.is_some_and(|after| after == "thousand"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_keeps_its_pauses_and_loses_its_figures() {
        let said = |text| words_of(text, Style::Prose).join(" ");
        for (text, words) in [
            ("Revenue rose 12% to $1,250,000.", "Revenue rose twelve percent to one million two hundred fifty thousand dollars."),
            ("See https://x.example/a?b=1, please!", "See a link, please!"),
            ("Mail john@acme.com; ask for Ann-Marie (HR).", "Mail an address; ask for Ann-Marie HR."),
            ("Version 1.2.3 of 3rd May", "Version one point two point three of third May"),
            ("Signed 2025-03-01: R&D", "Signed March first twenty twenty-five: R and D"),
            ("**Bold** `code` <b>", "Bold code b"),
        ] {
            assert_eq!(said(text), words, "{text}");
        }
    }

    #[test]
    fn ids_and_hashes_are_not_read_out() {
        for opaque in ["550e8400-e29b-41d4-a716-446655440000", "8f3a9c2b1d", "01h455vb4pex5vsknk084sn02q.pdf"] {
            assert!(is_opaque(opaque), "{opaque}");
            assert_eq!(clean_words(opaque, 9), "", "{opaque}");
        }
        for plain in ["Q2", "v12", "COVID19", "deadbeef", "20250301", "B2B", "follow-up", "2025-plan"] {
            assert!(!is_opaque(plain), "{plain}");
        }
    }

    #[test]
    fn a_cut_leaves_no_link_word_hanging() {
        assert_eq!(clean_words("Minutes of the board of directors", 5), "Minutes of the board");
        assert_eq!(clean_words("Minutes of the", 5), "Minutes of the");
    }

    #[test]
    fn hostile_text_is_read_in_bounded_time_and_stays_speakable() {
        let wild = "\u{202E}\u{0}<script>```{{ 7*7 }}'''---...___🙂 %%%%".repeat(2_000);
        for style in [Style::Title, Style::Name, Style::Prose] {
            let said = words_of(&wild, style).join(" ");
            assert!(said.chars().all(crate::speech::lint::is_spoken), "{style:?}");
            assert!(said.len() < 20_000);
        }
    }
}
