//! Calendars (iCalendar, RFC 5545): each event and task as a few lines.

use std::fmt::Write as _;

use jiff::civil::{Date, DateTime};

use super::content_lines::{ContentLine, lines};

/// Entries written out; a calendar of years has thousands, and its first ones tell what it is.
const MAX_ENTRIES: usize = 500;
/// People named per entry.
const MAX_PEOPLE: usize = 30;

/// A calendar as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Calendar {
    /// What the first entry is called.
    pub title: Option<String>,
    /// Who called the first entry together.
    pub organiser: Option<String>,
    /// The day on which the first entry begins.
    pub date: Option<Date>,
    /// All entries.
    pub text: String,
}

/// What was read of an event, a task or a note.
#[derive(Debug, Default)]
struct Entry {
    summary: Option<String>,
    start: Option<Moment>,
    end: Option<Moment>,
    place: Option<String>,
    organiser: Option<String>,
    people: Vec<String>,
    rhythm: Option<&'static str>,
    is_cancelled: bool,
    description: Option<String>,
}

/// Reads a calendar; empty when there is no entry in it.
pub(super) fn read(text: &str) -> Calendar {
    let mut calendar = Calendar::default();
    let mut entry: Option<Entry> = None;
    // What stands inside an entry besides it: its alarms.
    let mut inner = 0_usize;
    let mut count = 0;
    for line in lines(text) {
        let is_entry = matches!(line.text().to_ascii_uppercase().as_str(), "VEVENT" | "VTODO" | "VJOURNAL");
        match (line.name.as_str(), &mut entry) {
            ("BEGIN", None) if is_entry => entry = Some(Entry::default()),
            ("BEGIN", Some(_)) => inner += 1,
            ("END", Some(done)) if inner == 0 => {
                done.write(&mut calendar);
                entry = None;
                count += 1;
                if count == MAX_ENTRIES {
                    break;
                }
            }
            ("END", Some(_)) => inner -= 1,
            (_, Some(open)) if inner == 0 => open.take(&line),
            _ => {}
        }
    }
    // A file that was cut still has what its last entry began with.
    if let Some(open) = entry {
        open.write(&mut calendar);
    }
    calendar
}

impl Entry {
    fn take(&mut self, line: &ContentLine) {
        let text = || Some(line.text()).filter(|text| !text.is_empty());
        match line.name.as_str() {
            "SUMMARY" => self.summary = text(),
            "DTSTART" => self.start = Moment::parse(line),
            "DTEND" | "DUE" => self.end = Moment::parse(line),
            "LOCATION" => self.place = text(),
            "DESCRIPTION" => self.description = text(),
            "ORGANIZER" => self.organiser = person(line),
            "ATTENDEE" if self.people.len() < MAX_PEOPLE => self.people.extend(person(line)),
            "STATUS" => self.is_cancelled = line.text().eq_ignore_ascii_case("CANCELLED"),
            "RRULE" => self.rhythm = rhythm(&line.text()),
            _ => {}
        }
    }

    fn write(&self, calendar: &mut Calendar) {
        let Calendar { title, organiser, date, text } = calendar;
        if title.is_none() {
            title.clone_from(&self.summary);
            organiser.clone_from(&self.organiser);
            *date = self.start.as_ref().map(|start| start.at.date());
        }
        let people = (!self.people.is_empty()).then(|| self.people.join(", "));
        let when = self.start.as_ref().map(|start| start.until(self.end.as_ref()));
        for (label, value) in [
            ("", self.summary.as_deref()),
            ("", self.is_cancelled.then_some("Cancelled")),
            ("When: ", when.as_deref()),
            ("Repeats: ", self.rhythm),
            ("Where: ", self.place.as_deref()),
            ("Organiser: ", self.organiser.as_deref()),
            ("Attendees: ", people.as_deref()),
            ("", self.description.as_deref()),
        ] {
            if let Some(value) = value {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{label}{value}");
            }
        }
        text.push('\n');
    }
}

/// A day, or a time as its writer's clock shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moment {
    at: DateTime,
    has_time: bool,
    zone: Option<String>,
}

impl Moment {
    fn parse(line: &ContentLine) -> Option<Self> {
        let value = line.text();
        let (day, time) = value.split_once('T').unwrap_or((value.as_str(), ""));
        let date = Date::strptime("%Y%m%d", day.get(..8)?).ok()?;
        let clock = time.get(..4).and_then(|clock| jiff::civil::Time::strptime("%H%M", clock).ok());
        let zone = if time.ends_with('Z') { Some("UTC".to_owned()) } else { line.parameter("TZID").map(str::to_owned) };
        (1900..2200).contains(&date.year()).then(|| Self {
            at: date.to_datetime(clock.unwrap_or_default()),
            has_time: clock.is_some(),
            zone,
        })
    }

    /// "2025-03-03 10:00 to 11:30 (Europe/Berlin)".
    fn until(&self, end: Option<&Self>) -> String {
        let mut out = self.at.date().to_string();
        if self.has_time {
            let _ = write!(out, " {}", self.at.strftime("%H:%M"));
        }
        match end {
            Some(end) if end.has_time && end.at.date() == self.at.date() => {
                let _ = write!(out, " to {}", end.at.strftime("%H:%M"));
            }
            // The end of whole days is the day after the last one.
            Some(end) if !end.has_time => match end.at.date().yesterday() {
                Ok(last) if last > self.at.date() => {
                    let _ = write!(out, " to {last}");
                }
                _ => {}
            },
            Some(end) => {
                let _ = write!(out, " to {}", end.at.strftime("%Y-%m-%d %H:%M"));
            }
            None => {}
        }
        if let Some(zone) = &self.zone {
            let _ = write!(out, " ({zone})");
        }
        out
    }
}

/// The name of a person, or the address where there is no name.
fn person(line: &ContentLine) -> Option<String> {
    let value = line.text();
    let address = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")).and_then(|_| value.get(7..)).unwrap_or(&value);
    line.parameter("CN").map(str::to_owned).or_else(|| Some(address.to_owned()).filter(|address| !address.is_empty()))
}

fn rhythm(rule: &str) -> Option<&'static str> {
    let frequency = rule.split(';').find_map(|part| part.strip_prefix("FREQ="))?;
    match frequency {
        "DAILY" => Some("daily"),
        "WEEKLY" => Some("weekly"),
        "MONTHLY" => Some("monthly"),
        "YEARLY" => Some("yearly"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events_are_told_in_lines() {
        let calendar = read(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Budget review\r\nDTSTART;TZID=Europe/Berlin:20250303T100000\r\n\
             DTEND;TZID=Europe/Berlin:20250303T113000\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nLOCATION:Room 5\\, first floor\r\n\
             ORGANIZER;CN=Ann Lee:mailto:ann@acme.example\r\nATTENDEE:mailto:bob@acme.example\r\n\
             BEGIN:VALARM\r\nDESCRIPTION:Ring\r\nEND:VALARM\r\nEND:VEVENT\r\n\
             BEGIN:VEVENT\r\nSUMMARY:Holiday\r\nDTSTART;VALUE=DATE:20250801\r\nDTEND;VALUE=DATE:20250816\r\nSTATUS:CANCELLED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        );
        assert_eq!(calendar.title.as_deref(), Some("Budget review"));
        assert_eq!((calendar.organiser.as_deref(), calendar.date), (Some("Ann Lee"), Some(date(2025, 3, 3))));
        assert_eq!(
            calendar.text,
            "Budget review\nWhen: 2025-03-03 10:00 to 11:30 (Europe/Berlin)\nRepeats: weekly\nWhere: Room 5, first floor\n\
             Organiser: Ann Lee\nAttendees: bob@acme.example\n\nHoliday\nCancelled\nWhen: 2025-08-01 to 2025-08-15\n\n"
        );
    }

    #[test]
    fn a_calendar_that_was_cut_gives_its_last_entry() {
        let calendar = read("BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Pay the rent\nDUE:20250401T08");
        assert_eq!((calendar.title.as_deref(), calendar.text.as_str()), (Some("Pay the rent"), "Pay the rent\n\n"));
        assert_eq!(read("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), Calendar::default());
    }

    proptest! {
        #[test]
        fn any_lines_are_read_without_panic(lines in prop::collection::vec(
            "(BEGIN:VEVENT|END:VEVENT|BEGIN:VALARM|END:VALARM|DTSTART|DTEND|SUMMARY|ORGANIZER|RRULE)(;CN=[^\r\n]{0,5})?:[0-9TZ\\PC]{0,20}", 0..20)) {
            let text = lines.join("\r\n");
            prop_assert!(read(&text).text.len() <= 8 * text.len() + 64);
        }
    }
}
