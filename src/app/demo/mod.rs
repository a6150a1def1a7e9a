//! Owns the demo customer: its people and files, which travel in the binary, how they are put into
//! a fresh folder, and what is printed to try next.
//!
//! Must not do anything that a program with an API key could not do.
//!
//! To add one: a person goes into `fixtures/people.json`, a file with its line into
//! `fixtures/files/`; something to paste into `paste`.

mod paste;
mod seed;
mod state;
mod world;

pub use paste::{Announcement, OpenCall};
pub use seed::{SeedError, seed};
pub use state::{DemoState, STATE_FILE};
