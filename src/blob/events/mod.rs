//! Owns what a store tells of its objects: one reader for every format, the queue it comes through,
//! and what is ours of it.
//!
//! Must not act on what is told, nor believe it more than the store itself: an event is a hint.
//!
//! To add one: a format gets its shape in `parse`, with a sample of a real message in its tests.

mod ours;
mod parse;
mod queue;

pub use ours::Told;
pub use parse::{EventError, RawEvent, parse};
pub use queue::{Message, Queue};
