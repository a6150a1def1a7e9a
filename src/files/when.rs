//! When something was done, as callers say it: "yesterday", "on Monday morning", "an hour ago".

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};

use crate::domain::Timestamp;
use crate::search::{ordinal, small_number};

/// From the first instant until before the second.
pub(super) type Window = (Timestamp, Timestamp);

/// Words that only join.
const FILLERS: &[&str] =
    &["on", "in", "the", "at", "about", "around", "from", "of", "during", "within", "sometime", "earlier", "back", "and", "roughly"];
/// How far back "just now" reaches.
const JUST_NOW: SignedDuration = SignedDuration::from_mins(15);
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// Reads a time that has passed; `None` when the words name none.
pub(super) fn window(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Window> {
    let lower = text.to_lowercase();
    let said: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && !FILLERS.contains(word)).collect();
    if let Some(window) = sliding(&said, now) {
        return Some(window);
    }
    let (said, part) = part_of_day(&said);
    let (from, to) = days(said, part, zone.to_datetime(now).date())?;
    match part {
        Some(part) if from == to => part.of(from, zone),
        Some(_) => None,
        None => Some((start(from, zone)?, start(to.tomorrow().ok()?, zone)?)),
    }
}

fn start(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.to_datetime(Time::midnight())).ok()
}

/// Hours of a day, from its midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Morning,
    Afternoon,
    Evening,
    Night,
}

impl Part {
    fn of(self, day: Date, zone: &TimeZone) -> Option<Window> {
        let (from, to) = match self {
            Self::Morning => (0, 12),
            Self::Afternoon => (12, 18),
            Self::Evening => (17, 24),
            // A night goes on into the next day.
            Self::Night => (18, 30),
        };
        let at = |hours: i64| zone.to_timestamp(day.to_datetime(Time::midnight()).checked_add(hours.hours()).ok()?).ok();
        Some((at(from)?, at(to)?))
    }
}

fn part_of_day<'w, 's>(said: &'w [&'s str]) -> (&'w [&'s str], Option<Part>) {
    let Some((last, rest)) = said.split_last() else { return (said, None) };
    match *last {
        "morning" => (rest, Some(Part::Morning)),
        "afternoon" => (rest, Some(Part::Afternoon)),
        "evening" => (rest, Some(Part::Evening)),
        "night" => (rest, Some(Part::Night)),
        _ => (said, None),
    }
}

/// "just now", "two hours ago", "the last ten minutes": spans that end now or are a while ago.
fn sliding(said: &[&str], now: Timestamp) -> Option<Window> {
    let ago = |span: SignedDuration| now.checked_sub(span).ok();
    // What was done in this very moment lies before the end too.
    let end = now.checked_add(SignedDuration::from_secs(1)).ok()?;
    match said {
        ["now"] | ["just" | "right", "now"] | ["moment" | "second", "ago"] | ["a", "moment" | "second", "ago"] => {
            Some((ago(JUST_NOW)?, end))
        }
        ["last" | "past", rest @ ..] => Some((ago(amount(rest, 1)?)?, end)),
        [rest @ .., "ago"] => {
            let span = amount(rest, 0)?;
            // People round: "an hour ago" is anything from half an hour to an hour and a half.
            Some((ago(span.checked_add(span / 2)?)?, ago(span / 2)?))
        }
        _ => None,
    }
}

/// A number of minutes or hours; without a number, `least` of them have to be one.
fn amount(said: &[&str], least: usize) -> Option<SignedDuration> {
    let (unit, number) = said.split_last()?;
    let seconds: i64 = match *unit {
        "minute" | "minutes" | "min" | "mins" => 60,
        "hour" | "hours" => 3_600,
        _ => return None,
    };
    if number.is_empty() && least == 0 {
        return None;
    }
    let half = matches!(number, ["half", "an" | "a"] | ["half"]);
    let count = if half { 1 } else { count(number)? };
    Some(SignedDuration::from_secs(seconds.checked_mul(count)? / if half { 2 } else { 1 }))
}

/// "a", "two", "a couple", "twenty five"; one when nothing is said.
fn count(said: &[&str]) -> Option<i64> {
    let number = |word: &str| match word {
        "a" | "an" => Some(1),
        "couple" => Some(2),
        "few" => Some(3),
        _ => tens(word).or_else(|| small_number(word).and_then(|value| i64::try_from(value).ok())),
    };
    match said {
        [] => Some(1),
        [one] => number(one),
        ["a", more @ ("couple" | "few")] => number(more),
        [ten, one] => Some(tens(ten)? + number(one).filter(|one| *one < 10)?),
        _ => None,
    }
}

fn tens(word: &str) -> Option<i64> {
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
        .iter()
        .position(|ten| *ten == word)
        .and_then(|at| i64::try_from(at).ok())
        .map(|at| (at + 2) * 10)
}

/// The first and the last day that are meant.
fn days(said: &[&str], part: Option<Part>, today: Date) -> Option<(Date, Date)> {
    let back = |days: i64| today.checked_sub(days.days()).ok();
    let one = |day: Date| Some((day, day));
    match said {
        ["today" | "tonight"] => one(today),
        ["this"] if part.is_some() => one(today),
        ["yesterday"] => one(back(1)?),
        ["last"] if part == Some(Part::Night) => one(back(1)?),
        ["day", "before", "yesterday"] => one(back(2)?),
        [which @ ("this" | "last" | "previous"), unit @ ("week" | "month" | "year")] => whole(unit, i64::from(*which != "this"), today),
        [number @ .., "day" | "days", "ago"] if !number.is_empty() => one(back(count(number)?)?),
        [number @ .., "week" | "weeks", "ago"] if !number.is_empty() => whole("week", count(number)?, today),
        [number @ .., "month" | "months", "ago"] if !number.is_empty() => whole("month", count(number)?, today),
        [last @ ("last" | "this"), day] => one(weekday(day, *last == "last", today)?),
        [day] => match weekday(day, false, today) {
            Some(day) => one(day),
            None => calendar(said, today),
        },
        _ => calendar(said, today),
    }
}

/// A whole week, month or year, so many before the present one.
fn whole(unit: &str, back: i64, today: Date) -> Option<(Date, Date)> {
    let (from, next) = match unit {
        "week" => {
            let monday = today.checked_sub(i64::from(today.weekday().since(Weekday::Monday)).days()).ok()?;
            let from = monday.checked_sub((back.checked_mul(7)?).days()).ok()?;
            (from, from.checked_add(7.days()).ok()?)
        }
        "month" => {
            let from = today.first_of_month().checked_sub(back.months()).ok()?;
            (from, from.checked_add(1.month()).ok()?)
        }
        _ => {
            let from = today.first_of_year().checked_sub(back.years()).ok()?;
            (from, from.checked_add(1.year()).ok()?)
        }
    };
    Some((from, next.yesterday().ok()?))
}

/// The latest such day, today among them unless it is called the last.
fn weekday(word: &str, before_today: bool, today: Date) -> Option<Date> {
    let (_, day) = WEEKDAYS.iter().find(|(name, _)| *name == word)?;
    let since = i64::from(today.weekday().since(*day));
    let since = if since == 0 && before_today { 7 } else { since };
    today.checked_sub(since.days()).ok()
}

/// "March", "March third", "the third of March 2025", "2026-03-01": a day or a month that is not to come.
fn calendar(said: &[&str], today: Date) -> Option<(Date, Date)> {
    if let [year, month, day] = said
        && let (4, Ok(year), Ok(month), Ok(day)) = (year.len(), year.parse(), month.parse(), day.parse())
    {
        let day = Date::new(year, month, day).ok()?;
        return Some((day, day));
    }
    let (mut month, mut day, mut year) = (None, None, None);
    let mut ten = 0;
    for word in said {
        if let Some(at) = MONTHS.iter().position(|name| name == word) {
            month = Some(i8::try_from(at + 1).ok()?);
        } else if word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()) {
            year = Some(word.parse::<i16>().ok()?);
        } else if let (Some(tens), None) = (tens(word), day) {
            ten = tens;
        } else {
            let number = ordinal(word).or_else(|| small_number(word)).and_then(|number| i64::try_from(number).ok())?;
            day = Some(i8::try_from(number.checked_add(ten)?).ok()?);
        }
    }
    match (month, day) {
        (Some(month), Some(day)) => {
            let this = Date::new(year.unwrap_or_else(|| today.year()), month, day).ok()?;
            let day = if year.is_none() && this > today { this.checked_sub(1.year()).ok()? } else { this };
            Some((day, day))
        }
        (Some(month), None) => {
            let this = Date::new(year.unwrap_or_else(|| today.year()), month, 1).ok()?;
            let first = if year.is_none() && this > today { this.checked_sub(1.year()).ok()? } else { this };
            Some((first, first.last_of_month()))
        }
        // "the third": of this month, or of the one before.
        (None, Some(day)) if year.is_none() => {
            let this = Date::new(today.year(), today.month(), day).ok()?;
            let day = if this > today { this.checked_sub(1.month()).ok()? } else { this };
            Some((day, day))
        }
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Wednesday in Berlin, twenty to three in the afternoon.
    fn window(said: &str) -> Option<Window> {
        super::window(said, "2026-03-04T13:40:00Z".parse().unwrap(), &berlin())
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    #[test]
    fn times_that_passed_are_read_as_they_are_said() {
        for (said, from, to) in [
            ("yesterday", "2026-03-03T00:00", "2026-03-04T00:00"),
            ("today", "2026-03-04T00:00", "2026-03-05T00:00"),
            ("this morning", "2026-03-04T00:00", "2026-03-04T12:00"),
            ("yesterday afternoon", "2026-03-03T12:00", "2026-03-03T18:00"),
            ("last night", "2026-03-03T18:00", "2026-03-04T06:00"),
            ("the day before yesterday", "2026-03-02T00:00", "2026-03-03T00:00"),
            ("on Monday", "2026-03-02T00:00", "2026-03-03T00:00"),
            ("on Wednesday", "2026-03-04T00:00", "2026-03-05T00:00"),
            ("last Wednesday", "2026-02-25T00:00", "2026-02-26T00:00"),
            ("Friday evening", "2026-02-27T17:00", "2026-02-28T00:00"),
            ("two days ago", "2026-03-02T00:00", "2026-03-03T00:00"),
            ("a week ago", "2026-02-23T00:00", "2026-03-02T00:00"),
            ("last week", "2026-02-23T00:00", "2026-03-02T00:00"),
            ("this month", "2026-03-01T00:00", "2026-04-01T00:00"),
            ("last year", "2025-01-01T00:00", "2026-01-01T00:00"),
            ("in February", "2026-02-01T00:00", "2026-03-01T00:00"),
            ("in June", "2025-06-01T00:00", "2025-07-01T00:00"),
            ("on the third of March", "2026-03-03T00:00", "2026-03-04T00:00"),
            ("March twenty first", "2025-03-21T00:00", "2025-03-22T00:00"),
            ("the second", "2026-03-02T00:00", "2026-03-03T00:00"),
            ("the 28th", "2026-02-28T00:00", "2026-03-01T00:00"),
            ("2026-03-01", "2026-03-01T00:00", "2026-03-02T00:00"),
            ("just now", "2026-03-04T14:25", "2026-03-04T14:40:01"),
            ("an hour ago", "2026-03-04T13:10", "2026-03-04T14:10"),
            ("half an hour ago", "2026-03-04T13:55", "2026-03-04T14:25"),
            ("the last hour", "2026-03-04T13:40", "2026-03-04T14:40:01"),
            ("the past ten minutes", "2026-03-04T14:30", "2026-03-04T14:40:01"),
            ("twenty five minutes ago", "2026-03-04T14:02:30", "2026-03-04T14:27:30"),
        ] {
            let at = |text: &str| berlin().to_timestamp(text.parse().unwrap()).unwrap();
            assert_eq!(window(said), Some((at(from), at(to))), "{said}");
        }
    }

    #[test]
    fn what_names_no_time_is_none() {
        for said in
            ["", "whenever", "ago", "last", "the quarterly report", "February 30", "morning glory", "99999999999999 hours ago", "the 99th"]
        {
            assert_eq!(window(said), None, "{said}");
        }
    }

    #[test]
    fn whatever_is_said_ends_after_it_begins() {
        bolero::check!().with_iterations(2000).with_type::<String>().for_each(|text| {
            if let Some((from, to)) = window(text) {
                assert!(from < to, "{text}");
            }
        });
    }
}
