//! Owns what a recogniser does to words: numbers, years, quarters, dates, letters and fillers as
//! they are said, brought to one written form.
//!
//! Must not know an index or a file; text in, words out. Every rewrite keeps what was said beside
//! it, so that a wrong rewrite never loses a hit.
//!
//! To add one: a rule gets a pass over `Unit`s in the file of its subject, a place in
//! `normalise::PASSES`, and rows in the table of that file.

mod content;
mod dates;
mod letters;
mod normalise;
mod numbers;
mod quarters;

pub use content::{Content, content, kind};
pub use dates::{DateRange, date_words};
pub use letters::letter;
#[cfg(test)]
pub use normalise::normalise;
pub use normalise::{Unit, normalise_words};
pub use numbers::{ordinal, small_number};
