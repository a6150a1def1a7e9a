//! Cells of a table, and what characters in one mean: a number, a day, or words. Where a form has two readings,
//! both are kept until its column decides.

use jiff::civil::{Date, date};

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    Day(Date),
    /// A day written as `3/4/2026`: with the day in front, and with the month in front, where there is such a day.
    Slashed {
        day_first: Option<Date>,
        month_first: Option<Date>,
    },
    Words(String),
    /// Something without a value to tell: a truth, a time of day, a fault.
    Other,
}

/// Longest text that may be a number or a day, in bytes.
const SHORT: usize = 40;
/// Digits of the longest number that is a quantity; longer ones name something.
const DIGITS: usize = 15;

/// What these characters mean.
pub(super) fn of_text(text: &str) -> Option<Cell> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let short = Some(text).filter(|text| text.len() <= SHORT);
    let meant = short.and_then(|text| day(text).or_else(|| number(text).map(Cell::Number)));
    Some(meant.unwrap_or_else(|| Cell::Words(text.to_owned())))
}

/// A day that a file may be about.
pub(super) fn believable_day(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok().filter(|day| (date(1900, 1, 1)..date(2200, 1, 1)).contains(day))
}

/// `2026-03-01` with or without a time, `2026/03/01`, `01.03.2026`, `3/1/2026`.
fn day(text: &str) -> Option<Cell> {
    let head = text.split(['T', ' ']).next().unwrap_or_default();
    // What stands behind the day is a time of day, or it is no day.
    let rest = text.get(head.len()..).unwrap_or_default();
    if !rest.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, 'T' | 'Z' | ' ' | ':' | '.' | '+' | '-')) {
        return None;
    }
    let separator = head.chars().find(|sign| !sign.is_ascii_digit())?;
    let parts: Vec<&str> = head.split(separator).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let part = |text: &str, longest: usize| {
        let fits = (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<i16>().ok()).flatten()
    };
    let small = |number: i16| i8::try_from(number).ok();
    let made = |year: i16, month: i16, day: i16| believable_day(year, small(month)?, small(day)?);
    match separator {
        '-' | '/' if first.len() == 4 => made(part(first, 4)?, part(second, 2)?, part(third, 2)?).map(Cell::Day),
        '.' if third.len() == 4 => made(part(third, 4)?, part(second, 2)?, part(first, 2)?).map(Cell::Day),
        '/' if third.len() == 4 => {
            let (year, first, second) = (part(third, 4)?, part(first, 2)?, part(second, 2)?);
            let (day_first, month_first) = (made(year, second, first), made(year, first, second));
            (day_first.is_some() || month_first.is_some()).then_some(Cell::Slashed { day_first, month_first })
        }
        _ => None,
    }
}

/// `1,234.50`, `1.234,50`, `$12`, `12 EUR`, `(3.20)` for less than nothing, `15%`. A lone comma before three digits parts
/// thousands. What begins with a nought is no quantity: postal codes and telephones do.
fn number(text: &str) -> Option<f64> {
    let (text, is_negative) = match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let text = text.trim_matches(|sign: char| matches!(sign, '$' | '€' | '£' | '¥' | '%' | ' ' | '\u{A0}' | '\u{202F}'));
    let text = ["USD", "EUR", "GBP", "CHF", "JPY"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(text).trim();
    let (text, is_negative) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (rest.trim_start_matches(['$', '€', '£', ' ']), !is_negative),
        None => (text, is_negative),
    };
    let plain: String = text.chars().filter(|sign| !matches!(sign, '\u{A0}' | '\u{202F}' | '\'' | ' ')).collect();
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let is_written_so = plain.starts_with(|sign: char| sign.is_ascii_digit() || sign == '.')
        && plain.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    if !is_written_so || digits == 0 || digits > DIGITS {
        return None;
    }
    let (whole, part) = match (plain.rfind('.'), plain.rfind(',')) {
        (Some(dot), Some(comma)) => split(&plain, dot.max(comma)),
        (Some(dot), None) if plain.matches('.').count() == 1 => split(&plain, dot),
        (None, Some(comma)) if plain.matches(',').count() == 1 && plain.len() - comma != 4 => split(&plain, comma),
        _ => (plain.as_str(), ""),
    };
    if whole.len() > 1 && whole.starts_with('0') || !is_grouped(whole) || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let value: f64 = format!("{whole}.{part}0").parse().ok()?;
    Some(if is_negative { -value } else { value })
}

fn split(text: &str, at: usize) -> (&str, &str) {
    (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
}

/// Digits alone, or in groups of three behind the first.
fn is_grouped(whole: &str) -> bool {
    let mut groups = whole.split(['.', ',']);
    let first = groups.next().unwrap_or_default();
    let mut is_parted = false;
    let rest = groups.all(|group| {
        is_parted = true;
        group.len() == 3
    });
    rest && (!is_parted || (1..=3).contains(&first.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written_in_several_countries() {
        for (text, value) in [
            ("12", Some(12.0)),
            ("1,234.50", Some(1234.5)),
            ("1.234,50", Some(1234.5)),
            ("1,234", Some(1234.0)),
            ("12,5", Some(12.5)),
            ("1'234.50", Some(1234.5)),
            ("$ 1,200", Some(1200.0)),
            ("€12.00", Some(12.0)),
            ("12 EUR", Some(12.0)),
            ("(3.20)", Some(-3.2)),
            ("-3.20", Some(-3.2)),
            ("-$3", Some(-3.0)),
            ("15%", Some(15.0)),
            (".5", Some(0.5)),
            ("0.5", Some(0.5)),
            ("0", Some(0.0)),
            ("02139", None),
            ("4242424242424242", None),
            ("12-34", None),
            ("1,23,456", None),
            ("1.2.3", None),
            ("3 apples", None),
            ("e5", None),
            ("", None),
            ("$", None),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn days_are_read_and_two_readings_are_both_kept() {
        let march = Some(Cell::Day(date(2026, 3, 1)));
        for text in ["2026-03-01", "2026-03-01T10:00:00Z", "2026-03-01 10:00", "2026/03/01", "01.03.2026", "1.3.2026"] {
            assert_eq!(day(text), march, "{text}");
        }
        let both = Cell::Slashed { day_first: Some(date(2026, 4, 3)), month_first: Some(date(2026, 3, 4)) };
        assert_eq!(day("3/4/2026"), Some(both));
        assert_eq!(day("25/4/2026"), Some(Cell::Slashed { day_first: Some(date(2026, 4, 25)), month_first: None }));
        for text in ["2026-13-01", "31.02.2026", "25/25/2026", "1.2.3", "2026-03", "2026-03-01 to 2026-04-01", "1601-01-01", "a-b-c"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_words() {
        assert_eq!(of_text(" Rent "), Some(Cell::Words("Rent".to_owned())));
        assert_eq!(of_text("  "), None);
        assert_eq!(of_text("7"), Some(Cell::Number(7.0)));
        assert_eq!(of_text(&"7".repeat(50)), Some(Cell::Words("7".repeat(50))));
    }
}
