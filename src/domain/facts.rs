//! What a file says of itself beside its text: tables in numbers, and what its kind notes down.
//!
//! Every word in here is the file's own: untrusted, short, and without control and bidi characters.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Day, clean_text};

/// What a file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "FileFacts")]
pub struct Facts {
    /// The sheets of a spreadsheet, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<SheetFacts>,
    /// Sheets beyond those.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_sheets: u32,
    /// Of a photograph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoFacts>,
    /// Of a mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailFacts>,
    /// Of sound and moving pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<AudioFacts>,
}

/// One sheet of a spreadsheet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SheetFacts {
    /// What it is called; `null` where its format has no names for sheets.
    pub name: Option<String>,
    /// Whether whoever opens the file does not see it.
    pub hidden: bool,
    /// Rows that hold something, without the heads of columns and without totals.
    pub rows: u64,
    /// Whether all rows were looked at; `false`: there are more.
    pub complete: bool,
    /// Its columns, from the left.
    pub columns: Vec<ColumnFacts>,
    /// Columns beyond those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_columns: u32,
}

/// One column of a sheet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColumnFacts {
    /// What its head says; `null` without one.
    pub name: Option<String>,
    /// The first and the last date, of a column of dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateSpan>,
    /// Sums of a column of quantities. Numbers that name something, as those of accounts and persons, are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<NumberFacts>,
}

/// From one day to another, both of them in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DateSpan {
    /// The first.
    #[schemars(with = "Day")]
    pub from: Date,
    /// The last.
    #[schemars(with = "Day")]
    pub to: Date,
}

impl DateSpan {
    /// The one day alone.
    pub const fn of(day: Date) -> Self {
        Self { from: day, to: day }
    }

    /// Wide enough for both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }
}

/// A column of quantities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NumberFacts {
    /// How many there are.
    pub count: u64,
    /// All of them together.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// What a camera noted down. Where it was is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhotoFacts {
    /// Maker and model.
    pub camera: Option<String>,
    /// When it was taken, by the camera's clock: `2026-03-01T14:05:00`.
    pub taken_at: Option<String>,
    /// Pixels from left to right.
    pub width: Option<u32>,
    /// Pixels from top to bottom.
    pub height: Option<u32>,
}

/// The head of a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailFacts {
    /// Who wrote it.
    pub from: Vec<String>,
    /// To whom.
    pub to: Vec<String>,
    /// And to whom besides.
    pub cc: Vec<String>,
    /// When it was written, as it says, with its distance from UTC.
    pub sent_at: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// Its own id.
    pub message_id: Option<String>,
}

/// Tags of sound and moving pictures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AudioFacts {
    /// What it is called.
    pub title: Option<String>,
    /// Who made it.
    pub artist: Option<String>,
    /// Of what it is a part.
    pub album: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Facts {
    /// Most sheets of which something is kept.
    pub const SHEETS: usize = 20;
    /// Most columns of one sheet.
    pub const COLUMNS: usize = 30;
    /// Most columns of all sheets together.
    pub const ALL_COLUMNS: usize = 120;
    /// Longest name of a sheet, a column or a person, in characters.
    pub const NAME: usize = 80;
    /// Longest line of any kind, in characters.
    pub const LINE: usize = 300;
    /// Most people of one line of a mail's head.
    pub const PEOPLE: usize = 20;

    /// Whether nothing is told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Its words but those of tables, which stand in the text too: a line each.
    pub fn words(&self) -> String {
        let mail = self.mail.iter().flat_map(|mail| mail.from.iter().chain(&mail.to).chain(&mail.cc).chain(&mail.subject));
        let audio = self.audio.iter().flat_map(|audio| audio.title.iter().chain(&audio.artist).chain(&audio.album));
        mail.chain(audio).map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Within the bounds, whoever made it: names cut and cleaned, lists cut and counted, numbers that are none left out.
    #[must_use]
    pub fn bounded(self) -> Self {
        let mut left = Self::ALL_COLUMNS;
        let beyond = self.sheets.len().saturating_sub(Self::SHEETS);
        let sheets = self.sheets.into_iter().take(Self::SHEETS).map(|sheet| sheet.bounded(&mut left)).collect();
        Self {
            sheets,
            more_sheets: self.more_sheets.saturating_add(counted(beyond)),
            photo: self.photo.map(PhotoFacts::bounded),
            mail: self.mail.map(MailFacts::bounded),
            audio: self.audio.map(AudioFacts::bounded),
        }
    }
}

fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn cleaned(text: Option<String>, longest: usize) -> Option<String> {
    text.map(|text| clean_text(&text, longest)).filter(|text| !text.is_empty())
}

impl SheetFacts {
    fn bounded(self, left: &mut usize) -> Self {
        let kept = self.columns.len().min(Facts::COLUMNS).min(*left);
        *left -= kept;
        let beyond = counted(self.columns.len() - kept);
        let columns = self.columns.into_iter().take(kept).map(ColumnFacts::bounded).collect();
        Self { name: cleaned(self.name, Facts::NAME), columns, more_columns: self.more_columns.saturating_add(beyond), ..self }
    }

    /// The dates in it: those of its first column of dates.
    pub fn dates(&self) -> Option<DateSpan> {
        self.columns.iter().find_map(|column| column.dates)
    }
}

impl ColumnFacts {
    fn bounded(self) -> Self {
        let is_finite = |numbers: &NumberFacts| [numbers.sum, numbers.min, numbers.max].into_iter().all(f64::is_finite);
        Self {
            name: cleaned(self.name, Facts::NAME),
            dates: self.dates.filter(|dates| dates.from <= dates.to),
            numbers: self.numbers.filter(is_finite),
        }
    }
}

impl PhotoFacts {
    fn bounded(self) -> Self {
        Self { camera: cleaned(self.camera, Facts::NAME), taken_at: cleaned(self.taken_at, 40), ..self }
    }
}

impl MailFacts {
    fn bounded(self) -> Self {
        let people = |people: Vec<String>| -> Vec<String> {
            people.into_iter().filter_map(|person| cleaned(Some(person), 2 * Facts::NAME)).take(Facts::PEOPLE).collect()
        };
        Self {
            from: people(self.from),
            to: people(self.to),
            cc: people(self.cc),
            sent_at: cleaned(self.sent_at, 40),
            subject: cleaned(self.subject, Facts::LINE),
            message_id: cleaned(self.message_id, Facts::LINE),
        }
    }
}

impl AudioFacts {
    fn bounded(self) -> Self {
        Self { title: cleaned(self.title, Facts::LINE), artist: cleaned(self.artist, Facts::LINE), album: cleaned(self.album, Facts::LINE) }
    }
}

/// A language as BCP 47 writes it: a language's letters, and what narrows it down. `None` for what cannot be one.
pub fn language_tag(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let language = parts.next().filter(|part| (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase()))?;
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (text.len() <= 35 && !language.is_empty() && parts.all(is_part)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn column(name: &str) -> ColumnFacts {
        ColumnFacts { name: Some(name.to_owned()), ..ColumnFacts::default() }
    }

    #[test]
    fn what_a_worker_says_is_cut_to_the_bounds() {
        let sheet = SheetFacts {
            name: Some(format!("Cost\u{202E}s\n{}", "x".repeat(500))),
            columns: vec![column(&"y".repeat(500)); 300],
            ..SheetFacts::default()
        };
        let facts = Facts { sheets: vec![sheet; 50], more_sheets: 1, ..Facts::default() }.bounded();
        assert_eq!((facts.sheets.len(), facts.more_sheets), (Facts::SHEETS, 31));
        let columns: usize = facts.sheets.iter().map(|sheet| sheet.columns.len()).sum();
        assert_eq!(columns, Facts::ALL_COLUMNS);
        assert_eq!(facts.sheets[0].more_columns, 270);
        assert_eq!(facts.sheets[19].more_columns, 300);
        let name = facts.sheets[0].name.as_deref().unwrap();
        assert!(name.starts_with("Costs x") && name.chars().count() == Facts::NAME, "{name}");
    }

    #[test]
    fn what_is_no_number_and_what_runs_backwards_is_left_out() {
        let numbers = Some(NumberFacts { count: 1, sum: f64::NAN, min: 0.0, max: 0.0 });
        let dates = Some(DateSpan { from: date(2026, 2, 1), to: date(2026, 1, 1) });
        let bounded = ColumnFacts { name: None, dates, numbers }.bounded();
        assert_eq!(bounded, ColumnFacts::default());
    }

    #[test]
    fn the_words_of_a_head_are_looked_through_with_the_rest() {
        let mail = MailFacts { to: vec!["Bob".to_owned()], cc: vec!["cleo@acme.example".to_owned()], ..MailFacts::default() };
        let audio = AudioFacts { album: Some("Letters".to_owned()), ..AudioFacts::default() };
        let facts = Facts { mail: Some(mail), audio: Some(audio), ..Facts::default() };
        assert_eq!(facts.words(), "Bob\ncleo@acme.example\nLetters");
        assert_eq!(Facts::default().words(), "");
    }

    #[test]
    fn a_language_is_a_tag_or_nothing() {
        for (text, is_one) in [
            ("en", true),
            ("de-CH", true),
            ("zh-Hant-TW", true),
            ("EN", false),
            ("english", false),
            ("e", false),
            ("en-", false),
            ("", false),
        ] {
            assert_eq!(language_tag(text).is_some(), is_one, "{text}");
        }
    }
}
