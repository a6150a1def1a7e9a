//! Owns how the two buckets are to be set up: what is wanted, what differs, and changing only that.
//!
//! Must not touch what others set on the buckets: rules, statements and destinations that are not
//! Satchel's are read, kept and written back. Must not count as done what cannot be read back.
//!
//! To add one: an [`Aspect`] with `read` and `write` in the file of its subject, and its fallback in
//! `aspect`.

mod access;
mod aspect;
mod cors;
mod keeping;
mod lifecycle;
mod notifications;
mod run;
mod wanted;

pub use aspect::{Aspect, Line, Report, State};
pub use run::Mode;
pub use wanted::{Destination, SetupSettings};
