//! Spoken codes: what they are made of, how they are tried, and how they are keyed on a call.

mod calls;
mod guesses;
mod model;
mod sums;
mod words;
