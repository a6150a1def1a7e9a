//! Owns the composition of the whole: settings, the parts of a serving process, how it starts,
//! drains and stops, and the command line.
//!
//! Must not decide anything about files, people or rights: commands speak HTTP to a server, or
//! call a use case. No room imports this one.
//!
//! To add one: a command gets its arguments in `arguments`, its file under `commands/` and its arm
//! in `entry`; a setting gets its field, default and doc line in `settings`.

mod arguments;
mod bridge;
mod client;
mod commands;
mod demo;
mod doors;
mod entry;
mod events;
mod failure;
mod folder;
mod house;
mod issuers;
mod logging;
mod open_files;
mod outgoing;
mod platform;
mod settings;
mod speech_model;
mod terminal;
mod typed;

pub use entry::main;
pub use outgoing::{Outgoing, OutgoingError};
