//! When somebody was born: a date that there is, with words near that say what of.

use std::ops::Range;

use jiff::civil::Date;

use super::context::Context;
use super::hits::{Page, mask};
use super::text::{Text, is_word};
use crate::domain::FindingKind;

/// Years in which somebody may be born of whom there are records.
const YEARS: Range<i16> = 1900..2100;

/// First letters of months in the languages whose words are known, folded; three are enough to tell them apart.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty"],
    &["feb", "fev", "lut"],
    &["mar", "mae", "mrz", "maa"],
    &["apr", "avr", "abr", "kwi"],
    &["may", "mai", "mei", "mag", "maj"],
    &["jun", "juin", "giu", "cze"],
    &["jul", "juil", "lug", "lip"],
    &["aug", "aou", "ago", "sie"],
    &["sep", "set", "wrz"],
    &["oct", "okt", "out", "ott", "paz"],
    &["nov", "lis"],
    &["dec", "dez", "dic", "gru"],
];

/// A number or a word of a date, with what ends it.
fn piece(text: &Text, from: usize) -> Range<usize> {
    let is_number = text.at(from).is_ascii_digit();
    let same = |byte: &&u8| if is_number { byte.is_ascii_digit() } else { byte.is_ascii_alphabetic() };
    from..from + text.slice(from..text.len().min(from + 12)).iter().take_while(same).count()
}

fn number(raw: &[u8]) -> Option<i16> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

fn month(raw: &[u8]) -> Option<i8> {
    let word = String::from_utf8_lossy(raw).to_ascii_lowercase();
    // `jun` is in `juin` no more than `jul` in `juil`: the longest that fits has it.
    let fitting = MONTHS.iter().zip(1_i8..).flat_map(|(names, number)| names.iter().map(move |name| (name.len(), *name, number)));
    fitting.filter(|(_, name, _)| word.starts_with(name)).max_by_key(|(length, _, _)| *length).map(|(_, _, number)| number)
}

/// A date that begins there, in any usual way of writing one.
fn date(text: &Text, from: usize) -> Option<Range<usize>> {
    let mut pieces = [const { 0..0 }; 3];
    let mut at = from;
    for (count, slot) in pieces.iter_mut().enumerate() {
        if count > 0 {
            let gap = text.slice(at..text.len().min(at + 4)).iter().take_while(|byte| !is_word(**byte) && **byte != b'\n').count();
            // "1st", "2nd of", "12 de".
            at += gap;
        }
        let here = piece(text, at);
        if here.is_empty() {
            return None;
        }
        at = here.end;
        if text.slice(here.clone()).iter().all(u8::is_ascii_digit)
            && ["st", "nd", "rd", "th"].iter().any(|end| text.slice(at..at + 2) == end.as_bytes())
        {
            at += 2;
        }
        for of in [" de ", " of "] {
            if text.slice(at..at + 4).eq_ignore_ascii_case(of.as_bytes()) {
                at += 3;
            }
        }
        *slot = here;
    }
    let [a, b, c] = pieces.clone().map(|span| number(text.slice(span)));
    let [word_a, word_b, _] = pieces.clone().map(|span| month(text.slice(span)));
    let year = |year: i16| if year < 100 { if year > 30 { 1900 + year } else { 2000 + year } } else { year };
    let narrow = |value: i16| i8::try_from(value).ok();
    let dates: Vec<(i16, Option<i8>, Option<i8>)> = match (a, b, c) {
        (Some(a), Some(b), Some(c)) if a >= 1000 => vec![(a, narrow(b), narrow(c))],
        (Some(a), Some(b), Some(c)) => vec![(year(c), narrow(b), narrow(a)), (year(c), narrow(a), narrow(b))],
        (Some(day), None, Some(c)) => vec![(year(c), word_b, narrow(day))],
        (None, Some(day), Some(c)) => vec![(year(c), word_a, narrow(day))],
        _ => return None,
    };
    let is_one = dates.into_iter().any(|(year, month, day)| {
        YEARS.contains(&year) && matches!((month, day), (Some(month), Some(day)) if Date::new(year, month, day).is_ok())
    });
    let end = pieces.last().map_or(at, |last| last.end);
    is_one.then_some(from..end)
}

pub(super) fn find(page: &mut Page<'_>) {
    if !page.has(Context::Birth) {
        return;
    }
    let mut at = 0;
    while at < page.text.len() {
        let byte = page.text.at(at);
        let begins = byte.is_ascii_alphanumeric() && !is_word(page.text.before(at));
        if begins
            && let Some(span) = date(page.text, at)
            && page.text.stands_alone(&span)
            && !page.is_claimed(&span)
            && page.is_near(Context::Birth, &span)
        {
            at = span.end;
            let raw = page.text.slice(span.clone());
            let (value, sample) = (raw.to_ascii_lowercase(), mask(raw, 0));
            page.found(FindingKind::BirthDate, "birth_date", span, &value, sample);
            continue;
        }
        at += 1;
    }
}
