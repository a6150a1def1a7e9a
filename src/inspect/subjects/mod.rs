//! Owns what a file is about, by rules: words in its name, title and text, how the text is built, and the customer's own.
//!
//! Must not give back what stands in a file, depend on anything but what was read, or take more than linear time for it.
//!
//! To add one: words are lines of `../rules/subjects.txt`; a way in which texts are built is a sign in `signs.rs`, named in those
//! rules. Texts that show it go into `fixtures/subjects/labelled.jsonl`.

mod own;
mod rules;
mod signs;
mod sorter;

#[cfg(test)]
mod tests;

pub(super) use sorter::by_name;
pub use sorter::{Sorter, Sorting};
