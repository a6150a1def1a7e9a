//! Owns what a store can do by itself: how it is found out, and what Satchel does where it cannot.
//!
//! Must not believe an answer that says "accepted": a probe counts what can be read back, or what is
//! refused as it must be. Must leave nothing behind in the store.
//!
//! To add one: a [`Feature`] with its fallback in `feature`, and its probe in `objects` or `buckets`.

mod buckets;
mod feature;
mod objects;
mod probe;
mod scratch;

pub(super) use buckets::{Standing, standing};
pub use feature::{Capabilities, Capability, Feature, Support};
pub(super) use objects::archive_of as archive;
pub use probe::Depth;
pub(super) use scratch::Answer;
