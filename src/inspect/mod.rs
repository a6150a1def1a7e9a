//! Owns the judgement of untrusted bytes: scan verdict, type, text, metadata, summary. Whatever
//! parses bytes runs in a worker process (this binary re-executed) under limits.
//!
//! Must not reach storage, nor anything over the network but a scanner that is set, decide what happens to a file, or parse a byte of a
//! file in the server's own process.
//!
//! To add one: a format gets its row in `endings.rs` (and, where its bytes tell more than a signature, its arm
//! in `kind.rs`) and, if no reader fits, its reader beside `text.rs`; a scanner implements [`Scanner`] and joins
//! the panel in `inspector.rs`; a rule goes into `rules/*.yar` with a `verdict`; a system call that a reader cannot do without goes into
//! `syscalls.rs` with its reason.

mod archive;
mod calendar;
mod card;
mod cells;
mod clamd;
mod clamd_wire;
mod content_lines;
mod dlp;
mod endings;
mod engine;
mod film;
#[cfg(test)]
mod foreign;
mod inspector;
mod kind;
mod language;
mod listening;
mod listing;
mod mail;
mod media;
mod metadata;
mod names;
mod ods;
mod ole;
mod package;
mod panel;
mod pdf;
mod picture;
mod pieces;
mod preview;
mod process;
mod protocol;
mod rtf;
mod rules;
mod sandbox;
mod scanner;
mod sheets;
mod sound;
mod subjects;
mod summary;
mod syscalls;
mod table;
mod text;
mod unlock;
mod vba;
mod worker;
mod written;
mod xml;

pub use clamd::{AboveLimit, ClamdAddress, ClamdScanner, ClamdSettings};
pub use dlp::look_through;
pub use engine::LockedArchives;
pub use inspector::{Extracted, Inspector, InspectorSettings, Listened, LookedFor, Pictures, Tried, Undrawn, Unheard};
pub use listening::{Listener, LoadListener};
pub use protocol::{Confinement, Enforcement, KnownOfFile, Limits, Passage, WORKER_ARGUMENT};
pub use rules::{RuleFile, Rules, RulesError};
pub use scanner::{EmbeddedScanner, Scan, Scanner, ScannerFacts, Shortfall};
pub use subjects::{Sorter, Sorting};
pub use summary::summarise;
pub use worker::worker_main;
