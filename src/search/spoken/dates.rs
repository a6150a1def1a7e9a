//! Months, written dates, and simple spans of time relative to today.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date as civil};

use super::normalise::{Unit, is_digits};

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// `1` to `12` as a month's name.
pub fn month_name(month: i8) -> Option<&'static str> {
    usize::try_from(month).ok()?.checked_sub(1).and_then(|at| MONTHS.get(at)).copied()
}

fn month(word: &str) -> Option<&'static str> {
    // "may" and "mar" are exact or nothing; "sept" is the one abbreviation of four letters.
    MONTHS.iter().copied().find(|name| *name == word || word.len() == 3 && name.starts_with(word) || word == "sept" && *name == "september")
}

fn in_range(text: &str, low: u16, high: u16) -> Option<u16> {
    if !is_digits(text) || text.len() > 4 {
        return None;
    }
    text.parse().ok().filter(|value| (low..=high).contains(value))
}

/// Months by their short names, and dates in digits (`2023-08-24`, `20230824`, `08/24/2023`) by the
/// month's name.
pub fn date(rest: &[Unit]) -> Option<(Vec<Unit>, usize)> {
    let first = rest.first()?;
    if let Some(name) = month(&first.norm).filter(|name| *name != first.norm) {
        return Some((vec![Unit::of(name, rest.get(..1)?)], 1));
    }
    if let Some(made) = compact(first) {
        return Some((made, 1));
    }
    let [one, two, ..] = rest else { return None };
    let three = rest.get(2);
    if in_range(&one.norm, 1900, 2099).is_some()
        && two.norm.len() == 2
        && let Some(month) = in_range(&two.norm, 1, 12)
    {
        let day = three.and_then(|unit| in_range(&unit.norm, 1, 31).map(|day| (unit, day)));
        let mut made = vec![one.clone(), named(month, two)];
        made.extend(day.map(|(unit, day)| Unit::of(day.to_string(), std::slice::from_ref(unit))));
        let used = made.len();
        return Some((made, used));
    }
    let three = three.filter(|unit| in_range(&unit.norm, 1900, 2099).is_some())?;
    let (a, b) = (in_range(&one.norm, 1, 31)?, in_range(&two.norm, 1, 31)?);
    match (a, b) {
        (month @ 1..=12, 13..) => Some((vec![named(month, one), two.clone(), three.clone()], 3)),
        (13.., month @ 1..=12) => Some((vec![one.clone(), named(month, two), three.clone()], 3)),
        _ => None,
    }
}

fn named(month: u16, from: &Unit) -> Unit {
    let name = i8::try_from(month).ok().and_then(month_name).unwrap_or_default();
    Unit::of(name, std::slice::from_ref(from))
}

/// `20230824`; the digits stay, since they may be a number after all.
fn compact(unit: &Unit) -> Option<Vec<Unit>> {
    if !is_digits(&unit.norm) || unit.norm.len() != 8 {
        return None;
    }
    let year = in_range(unit.norm.get(..4)?, 1900, 2099)?;
    let month = in_range(unit.norm.get(4..6)?, 1, 12)?;
    let day = in_range(unit.norm.get(6..)?, 1, 31)?;
    let name = i8::try_from(month).ok().and_then(month_name)?;
    let said_before = |norm: String| Unit { norm, said: Vec::new() };
    Some(vec![unit.clone(), said_before(year.to_string()), said_before(name.to_owned()), said_before(day.to_string())])
}

/// The words by which a date is asked for: month, year, quarter, day.
pub fn date_words(date: Date) -> [String; 4] {
    [
        month_name(date.month()).unwrap_or_default().to_owned(),
        date.year().to_string(),
        format!("q{}", (date.month() - 1) / 3 + 1),
        date.day().to_string(),
    ]
}

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

impl DateRange {
    /// Whether a day lies in it.
    pub fn contains(self, date: Date) -> bool {
        self.from <= date && date <= self.to
    }
}

/// A span relative to today at the front of some words, and how many words say it.
pub fn relative(words: &[&str], today: Date) -> Option<(DateRange, usize)> {
    let from_to = |from: Date, to: Date| Some(DateRange { from, to });
    let (range, used) = match words {
        ["today", ..] => (from_to(today, today), 1),
        ["yesterday", ..] => (today.yesterday().ok().and_then(|day| from_to(day, day)), 1),
        [which @ ("last" | "this" | "previous" | "past"), unit, ..] => (span(*which == "this", unit, today), 2),
        _ => (None, 0),
    };
    range.map(|range| (range, used))
}

fn span(this: bool, unit: &str, today: Date) -> Option<DateRange> {
    let back = i32::from(!this);
    let (from, next) = match unit {
        "week" => {
            let monday = today.checked_sub(today.weekday().since(Weekday::Monday).days()).ok()?;
            let from = monday.checked_sub((back * 7).days()).ok()?;
            (from, from.checked_add(7.days()).ok()?)
        }
        "month" => {
            let from = today.first_of_month().checked_sub(back.months()).ok()?;
            (from, from.checked_add(1.month()).ok()?)
        }
        "quarter" => {
            let first = civil(today.year(), (today.month() - 1) / 3 * 3 + 1, 1);
            let from = first.checked_sub((back * 3).months()).ok()?;
            (from, from.checked_add(3.months()).ok()?)
        }
        "year" => {
            let from = today.first_of_year().checked_sub(back.years()).ok()?;
            (from, from.checked_add(1.year()).ok()?)
        }
        _ => return None,
    };
    Some(DateRange { from, to: next.yesterday().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_spans_are_whole_weeks_months_quarters_years() {
        let today = civil(2026, 3, 4);
        for (said, from, to) in [
            ("today", civil(2026, 3, 4), civil(2026, 3, 4)),
            ("yesterday", civil(2026, 3, 3), civil(2026, 3, 3)),
            ("this week", civil(2026, 3, 2), civil(2026, 3, 8)),
            ("last week", civil(2026, 2, 23), civil(2026, 3, 1)),
            ("last month", civil(2026, 2, 1), civil(2026, 2, 28)),
            ("this quarter", civil(2026, 1, 1), civil(2026, 3, 31)),
            ("last quarter", civil(2025, 10, 1), civil(2025, 12, 31)),
            ("last year", civil(2025, 1, 1), civil(2025, 12, 31)),
        ] {
            let words: Vec<&str> = said.split(' ').collect();
            assert_eq!(relative(&words, today), Some((DateRange { from, to }, words.len())), "{said}");
        }
        assert_eq!(relative(&["last", "invoice"], today), None);
    }

    #[test]
    fn a_date_is_found_by_month_year_quarter_and_day() {
        assert_eq!(date_words(civil(2025, 8, 24)), ["august", "2025", "q3", "24"]);
    }
}
