//! Owns everything a caller hears: the texts under `prompts/say/`, one typed struct for each, and
//! the values in them made fit for the ear (dates, sizes, names, codes); and what a recipient reads, the
//! texts under `prompts/message/`.
//!
//! Must not do I/O after start-up, call a model, or decide what to say: a tool chooses the line.
//!
//! To add one: write `prompts/say/en/NAME.txt`; declare its struct with `line!` in the file of
//! `lines/` it belongs to, every value a [`Spoken`] or an enum; put NAME into `lines/catalogue.rs`;
//! give it a short and a longest sample in `lines/samples.rs`. The tests fail until all four agree,
//! and until both samples pass [`lint_line`].

mod choice;
mod gsm;
mod keys;
mod letters;
mod line;
mod lines;
mod lint;
mod must_say;
mod render;
mod spoken;
mod values;

pub use choice::{Candidate, Choice, Differs, Narrowing, choice, narrowing, what_differs};
pub use keys::{Keys, choose_keys, confirm_keys, key_means_yes};
pub use letters::Written;
pub use line::Line;
pub use lines::*;
pub use lint::{LineFault, MAX_WORDS, lint_line};
pub use must_say::MustSay;
pub use render::{Speech, SpeechError};
pub use spoken::Spoken;
pub use values::*;
