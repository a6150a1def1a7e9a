//! Owns the names of what is measured, how it is told to whoever watches, and the only clock that measures
//! durations.
//!
//! Must not touch anything but `domain`.
//!
//! To add one: a metric gets a constant in [`metric`] with its unit in the name, and is told by the room
//! that publishes it.

pub mod metric;

mod exposition;
mod histogram;
mod stopwatch;

pub use exposition::Exposition;
pub use histogram::Histogram;
pub use stopwatch::Stopwatch;
