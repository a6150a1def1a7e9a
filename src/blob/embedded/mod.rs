//! Owns the S3 endpoint that serves bytes from a folder of this machine: its listener, its index
//! and its files. Nothing outside names its parts; the client reaches it over HTTP like any store.
//!
//! Must not know customers, files or keys: to it a key is text. Must not acknowledge what is not
//! durable.
//!
//! To add one: an S3 operation gets its method in `service`, its query in `index` or its change in
//! `change`. An option that is not kept must be refused, never ignored.

mod attributes;
mod change;
mod commit;
mod copying;
mod disk;
mod fetches;
mod index;
mod intake;
mod listing;
mod raise;
mod reading;
mod server;
mod service;
mod service_listing;
mod service_multipart;
mod sums;
mod whole_sums;

#[cfg(test)]
mod tests;

pub use fetches::Fetched;
pub use raise::Raised;
pub use server::{Embedded, EmbeddedError, EmbeddedSettings};
