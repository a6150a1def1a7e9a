//! Lengths of time as callers say them: "two hours", "a week", "30 days", "an hour and a half".

use crate::domain::{Lifetime, LifetimeError};

const NUMBERS: &[(&str, i64)] = &[
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("couple", 2),
    ("three", 3),
    ("few", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("forty-five", 45),
    ("fifty", 50),
    ("sixty", 60),
    ("ninety", 90),
];

fn unit_seconds(word: &str) -> Option<i64> {
    Some(match word {
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 7 * 86_400,
        "fortnight" => 14 * 86_400,
        "month" | "months" => 30 * 86_400,
        "year" | "years" => 365 * 86_400,
        _ => return None,
    })
}

fn number(word: &str) -> Option<i64> {
    word.parse().ok().or_else(|| NUMBERS.iter().find(|(known, _)| *known == word).map(|(_, value)| *value))
}

/// Reads a length of time.
pub(super) fn parse(text: &str) -> Result<Lifetime, LifetimeError> {
    let lower = text.to_lowercase();
    let words: Vec<String> = split_digits(&lower);
    let (mut total, mut pending, mut last_unit): (i64, Option<i64>, Option<i64>) = (0, None, None);
    for word in words.iter().map(String::as_str) {
        if let Some(value) = number(word) {
            // "a couple", "a few": the second word counts. "forty five": tens and units.
            pending = Some(match pending {
                Some(tens) if tens >= 20 && tens % 10 == 0 && value < 10 && word != "a" => tens.saturating_add(value),
                _ => value,
            });
        } else if let Some(seconds) = unit_seconds(word) {
            total = total.saturating_add(pending.take().unwrap_or(1).saturating_mul(seconds));
            last_unit = Some(seconds);
        } else if word == "half" {
            match last_unit {
                Some(seconds) => total = total.saturating_add(seconds / 2),
                // "half an hour", "half a day"
                None => return half_of(&words),
            }
            pending = None;
        } else if !matches!(word, "for" | "and" | "of" | "the" | "about" | "around" | "only" | "just" | "next" | "long") {
            return Err(LifetimeError::Unreadable);
        }
    }
    if total == 0 || pending.is_some_and(|left| left > 1) { Err(LifetimeError::Unreadable) } else { Lifetime::from_seconds(total) }
}

fn half_of(words: &[String]) -> Result<Lifetime, LifetimeError> {
    let unit = words.iter().find_map(|word| unit_seconds(word)).ok_or(LifetimeError::Unreadable)?;
    Lifetime::from_seconds(unit / 2)
}

/// Words, with digits parted from the letters that follow them: "24h" is two words.
fn split_digits(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|word| !word.is_empty()) {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = word.split_at(digits);
        words.extend([number, rest].into_iter().filter(|part| !part.is_empty()).map(str::to_owned));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_they_are_said() {
        for (text, seconds) in [
            ("2 hours", 7_200),
            ("two hours", 7_200),
            ("an hour", 3_600),
            ("for a week", 604_800),
            ("24h", 86_400),
            ("thirty days", 2_592_000),
            ("forty five minutes", 2_700),
            ("a couple of days", 172_800),
            ("an hour and a half", 5_400),
            ("half an hour", 1_800),
            ("one hour and thirty minutes", 5_400),
            ("a month", 2_592_000),
        ] {
            assert_eq!(parse(text).map(Lifetime::seconds), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for (text, error) in [
            ("", LifetimeError::Unreadable),
            ("forever", LifetimeError::Unreadable),
            ("30", LifetimeError::Unreadable),
            ("-5 days ago", LifetimeError::Unreadable),
            ("0 days", LifetimeError::Unreadable),
            ("two years", LifetimeError::TooLong { max_days: 365 }),
            ("99999999999999999999 days", LifetimeError::Unreadable),
            ("9000000000000000000 years", LifetimeError::TooLong { max_days: 365 }),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
