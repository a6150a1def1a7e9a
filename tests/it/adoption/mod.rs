//! Objects that are adopted where they lie: over every store, with and without versions, changed and
//! removed behind our back, and beside what other customers have.

mod bucket;
mod cut_off;
mod lying;
mod places;
mod terminal;

pub use bucket::{Adopting, Versions};
