//! Dates, times of day and lengths of time.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::number::{cardinal, counted, ordinal, year};
use crate::domain::Timestamp;
use crate::speech::Spoken;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

pub(in crate::speech) fn month_name(date: Date) -> &'static str {
    match date.month() {
        1 => "January",
        2 => "February",
        3 => "March",
        4 => "April",
        5 => "May",
        6 => "June",
        7 => "July",
        8 => "August",
        9 => "September",
        10 => "October",
        11 => "November",
        _ => "December",
    }
}

fn weekday_name(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn year_of(date: Date) -> String {
    year(u64::from(date.year().unsigned_abs()))
}

/// "March third".
pub(in crate::speech) fn month_and_day(date: Date) -> String {
    format!("{} {}", month_name(date), ordinal(u64::from(date.day().unsigned_abs())))
}

/// A day: "today", "yesterday", "Thursday" for the five days before, "March third", with the year
/// when it is another. Fits after "from".
pub fn spoken_date(date: Date, today: Date) -> Spoken {
    let days_ago = today.duration_since(date).as_hours() / 24;
    Spoken::new(match days_ago {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        -1 => "tomorrow".to_owned(),
        2..=6 => weekday_name(date).to_owned(),
        _ if date.year() == today.year() => month_and_day(date),
        _ => format!("{}, {}", month_and_day(date), year_of(date)),
    })
}

/// A month: "March", with the year when it is another.
pub fn spoken_month(date: Date, today: Date) -> Spoken {
    let month = month_name(date);
    Spoken::new(if date.year() == today.year() { month.to_owned() } else { format!("{month} {}", year_of(date)) })
}

/// From the first day of something to its last: "on March third", "in March", "from January to June", with the year when it
/// is another, "from twenty nineteen to twenty twenty-six" where it takes more than three years.
pub fn spoken_span(from: Date, to: Date, today: Date) -> Spoken {
    const LONG: i16 = 3;
    let month = |date: Date| format!("{} {}", month_name(date), year_of(date));
    let ending = if to.year() == today.year() { String::new() } else { format!(" {}", year_of(to)) };
    Spoken::new(if from == to {
        format!("on {}{}", month_and_day(from), if ending.is_empty() { ending } else { format!(",{ending}") })
    } else if from.year() == to.year() && from.month() == to.month() {
        format!("in {}{ending}", month_name(from))
    } else if from.year() == to.year() {
        format!("from {} to {}{ending}", month_name(from), month_name(to))
    } else if to.year() - from.year() > LONG {
        format!("from {} to {}", year_of(from), year_of(to))
    } else {
        format!("from {} to {}", month(from), month(to))
    })
}

/// A time of day: "two thirty in the afternoon", "nine in the morning", "noon".
pub fn spoken_time(at: Timestamp, zone: &TimeZone) -> Spoken {
    Spoken::new(time_of_day(zone.to_datetime(at).time()))
}

fn time_of_day(time: Time) -> String {
    let (hour, minute) = (u64::from(time.hour().unsigned_abs()), u64::from(time.minute().unsigned_abs()));
    match (hour, minute) {
        (0, 0) => return "midnight".to_owned(),
        (12, 0) => return "noon".to_owned(),
        _ => {}
    }
    let clock = cardinal(if hour.is_multiple_of(12) { 12 } else { hour % 12 });
    let part = match hour {
        0..=11 => "in the morning",
        12..=17 => "in the afternoon",
        18..=20 => "in the evening",
        _ => "at night",
    };
    match minute {
        0 => format!("{clock} {part}"),
        1..=9 => format!("{clock} oh {} {part}", cardinal(minute)),
        _ => format!("{clock} {} {part}", cardinal(minute)),
    }
}

/// A day and a time of day: "tomorrow at two thirty in the afternoon".
pub fn spoken_moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Spoken {
    let (at, now) = (zone.to_datetime(at), zone.to_datetime(now));
    Spoken::new(format!("{} at {}", spoken_date(at.date(), now.date()), time_of_day(at.time())))
}

/// A time of day as it is told: "ten past three", "half past nine", "three o'clock", "noon".
fn clock_time(time: Time) -> String {
    let (hour, minute) = (u64::from(time.hour().unsigned_abs()), u64::from(time.minute().unsigned_abs()));
    let on_the_clock = |hour: u64| cardinal(if hour.is_multiple_of(12) { 12 } else { hour % 12 });
    let (this, next) = (on_the_clock(hour), on_the_clock(hour + 1));
    match (hour, minute) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "noon".to_owned(),
        (_, 0) => format!("{this} o'clock"),
        (_, 15) => format!("quarter past {this}"),
        (_, 30) => format!("half past {this}"),
        (_, 45) => format!("quarter to {next}"),
        (_, 5 | 10 | 20 | 25) => format!("{} past {this}", cardinal(minute)),
        (_, 35 | 40 | 50 | 55) => format!("{} to {next}", cardinal(60 - minute)),
        (_, 1..=9) => format!("{this} oh {}", cardinal(minute)),
        _ => format!("{this} {}", cardinal(minute)),
    }
}

/// When something happened: "at ten past three", "yesterday at noon", "on Thursday at half past nine".
/// The part of the day is said where the clock alone could mean another: "at ten past three in the morning".
pub fn spoken_past(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Spoken {
    let (at, now) = (zone.to_datetime(at), zone.to_datetime(now));
    let days_ago = now.date().duration_since(at.date()).as_hours() / 24;
    let day = match days_ago {
        0 => String::new(),
        1 => "yesterday ".to_owned(),
        _ => format!("on {} ", spoken_date(at.date(), now.date())),
    };
    let is_plain = at.time().minute() == 0 && matches!(at.time().hour(), 0 | 12);
    let is_told_apart = days_ago == 0 && (at.time().hour() < 12) == (now.time().hour() < 12);
    let part = match at.time().hour() {
        _ if is_plain || is_told_apart => "",
        0..=11 => " in the morning",
        12..=17 => " in the afternoon",
        18..=20 => " in the evening",
        _ => " at night",
    };
    Spoken::new(format!("{day}at {}{part}", clock_time(at.time())))
}

/// A length of time that was chosen, in its two largest units: "seven days", "ten minutes", "one
/// hour and thirty minutes", "one year".
pub fn spoken_duration(seconds: u64) -> Spoken {
    if seconds == 365 * DAY {
        return Spoken::new("one year");
    }
    let (first, second) = match seconds {
        0..MINUTE => ((seconds, "second"), (0, "")),
        MINUTE..HOUR => ((seconds / MINUTE, "minute"), (seconds % MINUTE, "second")),
        HOUR..DAY => ((seconds / HOUR, "hour"), (seconds % HOUR / MINUTE, "minute")),
        _ => ((seconds / DAY, "day"), (seconds % DAY / HOUR, "hour")),
    };
    let head = counted(first.0, first.1);
    Spoken::new(if second.0 == 0 { head } else { format!("{head} and {}", counted(second.0, second.1)) })
}

/// How long something still lives, never too long: the largest unit, rounded down; "less than a
/// minute".
pub fn spoken_left(seconds: u64) -> Spoken {
    Spoken::new(match seconds {
        0..MINUTE => "less than a minute".to_owned(),
        MINUTE..HOUR => counted(seconds / MINUTE, "minute"),
        HOUR..DAY => counted(seconds / HOUR, "hour"),
        _ => counted(seconds / DAY, "day"),
    })
}

/// How long a recording plays, to the minute where it has some: "forty seconds", "four minutes",
/// "one hour and five minutes".
pub fn spoken_length(milliseconds: u64) -> Spoken {
    let seconds = milliseconds.saturating_add(500) / 1_000;
    let minutes = seconds.saturating_add(30) / 60;
    spoken_duration(if seconds < 90 { seconds.max(1) } else { minutes * MINUTE })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::CallSettings;

    #[test]
    fn near_days_have_names_and_far_ones_a_year() {
        // A Saturday.
        let today = date(2026, 3, 14);
        for (day, words) in [
            (date(2026, 3, 14), "today"),
            (date(2026, 3, 13), "yesterday"),
            (date(2026, 3, 15), "tomorrow"),
            (date(2026, 3, 12), "Thursday"),
            (date(2026, 3, 8), "Sunday"),
            (date(2026, 3, 7), "March seventh"),
            (date(2026, 1, 3), "January third"),
            (date(2026, 12, 31), "December thirty-first"),
            (date(2025, 3, 3), "March third, twenty twenty-five"),
            (date(2006, 8, 20), "August twentieth, two thousand six"),
        ] {
            assert_eq!(spoken_date(day, today).as_str(), words);
        }
    }

    #[test]
    fn a_month_of_another_year_says_so() {
        let today = date(2026, 3, 14);
        assert_eq!(spoken_month(date(2026, 2, 1), today).as_str(), "February");
        assert_eq!(spoken_month(date(2025, 2, 1), today).as_str(), "February twenty twenty-five");
    }

    #[test]
    fn a_span_is_as_exact_as_one_would_say() {
        let today = date(2026, 3, 14);
        for (from, to, words) in [
            (date(2026, 3, 3), date(2026, 3, 3), "on March third"),
            (date(2025, 3, 3), date(2025, 3, 3), "on March third, twenty twenty-five"),
            (date(2026, 3, 3), date(2026, 3, 9), "in March"),
            (date(2026, 1, 3), date(2026, 6, 9), "from January to June"),
            (date(2025, 1, 3), date(2025, 6, 9), "from January to June twenty twenty-five"),
            (date(2025, 11, 3), date(2026, 6, 9), "from November twenty twenty-five to June twenty twenty-six"),
            (date(2019, 11, 3), date(2026, 6, 9), "from twenty nineteen to twenty twenty-six"),
        ] {
            assert_eq!(spoken_span(from, to, today).as_str(), words);
        }
    }

    #[test]
    fn times_are_said_in_the_callers_zone() {
        let berlin = CallSettings { locale: "en".into(), time_zone: "Europe/Berlin".into() }.zone();
        let nowhere = CallSettings { locale: "en".into(), time_zone: "Mars/Olympus".into() }.zone();
        for (at, zone, words) in [
            ("2026-03-14T13:30:00Z", &berlin, "two thirty in the afternoon"),
            ("2026-03-14T13:30:00Z", &nowhere, "one thirty in the afternoon"),
            ("2026-03-14T08:00:00Z", &berlin, "nine in the morning"),
            ("2026-03-14T11:00:00Z", &berlin, "noon"),
            ("2026-03-14T23:00:00Z", &berlin, "midnight"),
            ("2026-03-14T23:05:00Z", &berlin, "twelve oh five in the morning"),
            ("2026-03-14T18:15:00Z", &berlin, "seven fifteen in the evening"),
            ("2026-03-14T21:00:00Z", &berlin, "ten at night"),
        ] {
            assert_eq!(spoken_time(at.parse().unwrap(), zone).as_str(), words, "{at}");
        }
        let moment = spoken_moment("2026-03-14T23:30:00Z".parse().unwrap(), "2026-03-14T12:00:00Z".parse().unwrap(), &berlin);
        assert_eq!(moment.as_str(), "tomorrow at twelve thirty in the morning");
    }

    #[test]
    fn what_happened_is_told_by_the_clock() {
        let berlin = CallSettings { locale: "en".into(), time_zone: "Europe/Berlin".into() }.zone();
        // A Saturday, ten to four in the afternoon.
        let now = "2026-03-14T14:50:00Z".parse().unwrap();
        for (at, words) in [
            ("2026-03-14T14:10:00Z", "at ten past three"),
            ("2026-03-14T14:45:59Z", "at quarter to four"),
            ("2026-03-14T14:00:00Z", "at three o'clock"),
            ("2026-03-14T11:00:00Z", "at noon"),
            ("2026-03-14T08:30:00Z", "at half past nine in the morning"),
            ("2026-03-14T14:07:00Z", "at three oh seven"),
            ("2026-03-14T13:12:00Z", "at two twelve"),
            ("2026-03-13T11:00:00Z", "yesterday at noon"),
            ("2026-03-13T20:35:00Z", "yesterday at twenty-five to ten at night"),
            ("2026-03-12T08:15:00Z", "on Thursday at quarter past nine in the morning"),
            ("2026-03-03T17:55:00Z", "on March third at five to seven in the evening"),
        ] {
            assert_eq!(spoken_past(at.parse().unwrap(), now, &berlin).as_str(), words, "{at}");
        }
    }

    #[test]
    fn lengths_of_time_keep_two_units() {
        for (seconds, words) in [
            (0, "zero seconds"),
            (60, "one minute"),
            (90, "one minute and thirty seconds"),
            (600, "ten minutes"),
            (5_400, "one hour and thirty minutes"),
            (86_400, "one day"),
            (7 * 86_400, "seven days"),
            (90_061, "one day and one hour"),
            (365 * 86_400, "one year"),
        ] {
            assert_eq!(spoken_duration(seconds).as_str(), words);
        }
    }

    #[test]
    fn what_is_left_is_never_said_too_long() {
        for (seconds, words) in [
            (59, "less than a minute"),
            (479, "seven minutes"),
            (7_199, "one hour"),
            (7 * 86_400 - 1, "six days"),
            (0, "less than a minute"),
        ] {
            assert_eq!(spoken_left(seconds).as_str(), words);
        }
    }

    #[test]
    fn recordings_are_as_long_as_one_would_say() {
        for (milliseconds, words) in [
            (0, "one second"),
            (40_200, "forty seconds"),
            (60_000, "one minute"),
            (75_000, "one minute and fifteen seconds"),
            (242_000, "four minutes"),
            (3_900_000, "one hour and five minutes"),
        ] {
            assert_eq!(spoken_length(milliseconds).as_str(), words);
        }
        assert!(spoken_length(u64::MAX).as_str().contains("days"));
    }
}
