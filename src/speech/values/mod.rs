//! Owns the reading of values: what a date, a size, a name or a code sounds like in English.
//!
//! Must not know any line, or do I/O: every function is pure.
//!
//! To add one: a function that gives a [`crate::speech::Spoken`], in the file of its subject, with
//! a table of examples as its test. Join the words with blanks, write no digits but single ones.

pub(in crate::speech) mod clean;
mod digits;
mod findings;
mod kind;
pub(in crate::speech) mod list;
pub(in crate::speech) mod number;
mod people;
mod spelling;
mod text;
mod time;

pub use digits::{spoken_code_words, spoken_digits, spoken_digits_slowly};
pub use findings::spoken_findings;
pub use kind::{spoken_kind, spoken_size, spoken_sort};
pub use list::{Join, spoken_list};
pub use number::{spoken_count, spoken_hidden, spoken_more_sheets, spoken_pages, spoken_people, spoken_rows, spoken_times, spoken_year};
pub use people::{spoken_name, spoken_name_difference, spoken_recipient};
pub use spelling::{spell, spell_letters, spoken_address};
pub use text::{TITLE_WORDS, speakable_title, spoken_detail, spoken_excerpt, spoken_folder, spoken_sheet_name};
pub use time::{
    spoken_date, spoken_duration, spoken_left, spoken_length, spoken_moment, spoken_month, spoken_past, spoken_span, spoken_time,
};
