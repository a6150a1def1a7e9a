//! What becomes of a deleted file's bytes: kept for a while, then let go, then, when no other file
//! stands for them for longer than any address of them lives, given up and removed.
//!
//! Rows first, then objects: a crash leaves garbage that is noted, never a row without its bytes.

use jiff::SignedDuration;

use super::errand::Errand;
use super::sweeps::AT_ONCE;
use super::{Files, FilesError};
use crate::blob::ObjectKey;
use crate::catalog::{CatalogError, Collected};
use crate::domain::{AuditEntry, CustomerId, Timestamp};

/// How long what is deleted stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// From the deletion of a file until its bytes are let go.
    pub deleted: SignedDuration,
    /// From then until bytes that no other file stands for are given up. Never under [`Keeping::LEAST_GRACE`].
    pub grace: SignedDuration,
}

impl Keeping {
    /// Longer than an address lives (a minute), a download begun with it lasts, and a worker holds a file.
    pub const LEAST_GRACE: SignedDuration = SignedDuration::from_hours(6);
}

impl Default for Keeping {
    fn default() -> Self {
        Self { deleted: SignedDuration::from_hours(30 * 24), grace: SignedDuration::from_hours(24) }
    }
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Deleted files whose bytes were let go.
    pub released: u64,
    /// Blobs that were given up.
    pub collected: u64,
    /// Objects that were removed.
    pub objects: u64,
}

impl Swept {
    /// Whether there was nothing to do.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A race that somebody else won is no failure: what was to be done is done, or not to be done.
pub(super) fn unless_lost<T>(result: Result<T, CatalogError>) -> Result<Option<T>, FilesError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(CatalogError::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Files {
    pub(super) async fn release_deleted(&self, customer: CustomerId, before: Timestamp) -> Result<u64, FilesError> {
        let mut released = 0;
        for file in self.0.catalog.releasable(customer, before, AT_ONCE).await? {
            let entry = Self::worker_entry("release", "done", file);
            released += u64::from(unless_lost(self.0.catalog.release_file(customer, file, before, &entry).await)?.is_some());
        }
        Ok(released)
    }

    pub(super) async fn collect_unreferenced(&self, customer: CustomerId, before: Timestamp) -> Result<u64, FilesError> {
        let mut collected = 0;
        for id in self.0.catalog.collectable(customer, before, AT_ONCE).await? {
            let Some(blob) = self.0.catalog.blob(customer, id).await? else { continue };
            let mut places: Vec<ObjectKey> = Vec::new();
            if blob.adopted.is_none() {
                // A worker that was cut off may have left a copy at any of these.
                places.push(Self::object_of(customer, &blob)?);
                places.extend(ObjectKey::first_places(customer, id));
            }
            if let Some(text) = &blob.text_key {
                places.push(ObjectKey::parse(customer, text).map_err(|_| FilesError::Sealed { what: "object key" })?);
            }
            places.extend(ObjectKey::previews(customer, id));
            places.sort();
            places.dedup();
            let garbage: Vec<_> = places.iter().map(|place| self.garbage(place)).collect();
            let entry = AuditEntry { content_hash: Some(blob.checksum.hex()), ..Self::worker_entry("collect", "done", id) };
            let done = unless_lost(self.0.catalog.collect_blob(customer, id, before, &garbage, &entry).await)?;
            collected += u64::from(done == Some(Collected::Yes));
        }
        Ok(collected)
    }

    pub(super) async fn remove_garbage(&self, customer: CustomerId) -> Result<u64, FilesError> {
        let mut removed = 0;
        for garbage in self.0.catalog.due_garbage(customer, AT_ONCE).await? {
            let Ok(key) = ObjectKey::parse(customer, &garbage.object_key) else {
                return Err(FilesError::Sealed { what: "object key" });
            };
            if unless_lost(self.0.catalog.claim_garbage(customer, garbage.id).await)?.is_none() {
                continue;
            }
            self.remove_object(Errand::of_worker(customer), &key).await?;
            self.0.catalog.forget_garbage(customer, garbage.id).await?;
            removed += 1;
        }
        Ok(removed)
    }
}
