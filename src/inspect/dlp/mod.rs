//! Owns what is sensitive in text: a file for each family of findings, their rules, and how they are masked.
//!
//! Must not give back what it found, depend on anything but the text, or take more than linear time for it.
//!
//! To add one: a state's number is a row in `ids.rs` with its check in `checks.rs` and its source; a credential is a block in
//! `../rules/credentials.txt`; words that must stand near go into `context.rs`; another family is a file beside these, called
//! in `screen.rs`. Each has numbers of its own in `tests.rs`, right ones and wrong ones.

mod birth;
mod cards;
mod checks;
mod contact;
mod context;
mod credentials;
mod health;
mod hits;
mod iban;
mod ids;
mod own;
mod screen;
mod text;

#[cfg(test)]
mod tests;

pub(super) use own::Search;
pub(super) use screen::Screen;
pub use screen::look_through;
pub(super) use text::{Text, is_word};
