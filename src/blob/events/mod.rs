//! Owns what a store tells of its objects: one reader for every format, the queue it comes through, the
//! proof that it comes from a topic, and what is ours of it.
//!
//! Must not act on what is told, nor believe it more than the store itself: an event is a hint.
//!
//! To add one: a format gets its shape in `parse`, with a sample of a real message in its tests.

mod certificate;
mod ours;
mod parse;
mod queue;
#[cfg(test)]
mod tests;
mod topic;

pub use certificate::SigningCertificate;
pub use ours::Told;
pub use parse::{EventError, RawEvent, parse};
pub use queue::{Message, Queue};
pub use topic::{TopicArn, TopicError, TopicKind, TopicMessage};
