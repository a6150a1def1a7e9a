//! Owns the search index: one tantivy index per customer, matching of spoken names of files and
//! people, ranking, and references to what was listed.
//!
//! Must not be believed: it returns ids and scores, never facts; whoever asks loads the files from
//! the catalog and asks the policies again. Must not touch another room.
//!
//! To add one: a field goes into `schema` (and `schema::LAYOUT` counts up, which rebuilds every
//! index), a rule for spoken words into `spoken`, a ranking signal into `rank`, a nickname into
//! `nicknames`.

mod certainty;
mod doc;
mod error;
mod index;
mod indexes;
mod listed;
mod nicknames;
mod people;
mod query;
mod rank;
mod retrieve;
mod schema;
mod sounds;
mod spoken;
mod tokens;

#[cfg(test)]
mod tests;

pub use certainty::{Certainty, decide};
pub use doc::{Change, Doc};
pub use error::SearchError;
pub use index::CustomerIndex;
pub use indexes::{IndexSettings, Indexes};
pub use listed::{ListedItem, ListedPick, pick_listed};
pub use people::{MatchKind, PeoplePick, PersonMatch, PersonName, decide_people, rank_people};
pub use query::{Hit, Hits, Query, Visible};
pub use spoken::{ordinal, small_number};
