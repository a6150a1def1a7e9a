//! What the store tells of objects. It is a hint: what it would change is checked against the store
//! and the rows first, so that a late, doubled, disordered or forged word changes nothing wrongly.
//!
//! A word of an upload's arrival, and of a return from the archive, is noted for whoever asks: an upload becomes
//! a file when its sender completes it, and nothing archives files yet. What a verdict does is in `verdicts.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::errand::Errand;
use super::{Files, FilesError};
use crate::blob::ObjectKey;
use crate::catalog::{CatalogError, Reference};
use crate::domain::{Happened, StoreEvent};

/// How many events there were since this process started.
#[derive(Debug, Default)]
pub(super) struct EventCounts {
    noted: AtomicU64,
    foreign: AtomicU64,
    given_up: AtomicU64,
    /// Posts that were not proved.
    pub(super) unproved: AtomicU64,
}

/// What a message of events came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventTally {
    /// Events about objects of customers.
    pub noted: u64,
    /// Events about other buckets, other keys, and customers that are not ours.
    pub foreign: u64,
    /// Messages that could not be read or handled, and were let go.
    pub given_up: u64,
}

impl Files {
    /// Takes in a message of the store, in whatever format.
    ///
    /// # Errors
    /// `Invalid` when it cannot be read; else when catalog or store do not answer: the same message may
    /// be handed in again.
    pub async fn store_message(&self, body: &[u8]) -> Result<EventTally, FilesError> {
        let told = self
            .0
            .stores
            .told(body)
            .map_err(|error| FilesError::Invalid { field: "body", reason: format!("is no event of a store: {error}") })?;
        let mut tally = EventTally { foreign: told.foreign as u64, ..EventTally::default() };
        self.0.events.foreign.fetch_add(tally.foreign, Ordering::Relaxed);
        for event in &told.events {
            if self.object_event(event).await? {
                tally.noted += 1;
            } else {
                tally.foreign += 1;
            }
        }
        Ok(tally)
    }

    /// Counts a message that was let go, and says so once where it is handled.
    pub fn give_up_message(&self, error: &FilesError, bytes: usize) {
        self.0.events.given_up.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(code = %error.code(), message.bytes = bytes, error = %error, "a message of the store was given up");
    }

    /// What became of events since this process started.
    pub fn event_counts(&self) -> EventTally {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.0.events;
        EventTally { noted: of(&counts.noted), foreign: of(&counts.foreign), given_up: of(&counts.given_up) }
    }

    /// Takes in what the store told of one object; `false` when its customer is not ours. That bytes
    /// which rows refer to are gone is a record that calls for somebody, and changes no row.
    ///
    /// # Errors
    /// When catalog or store do not answer.
    pub async fn object_event(&self, event: &StoreEvent) -> Result<bool, FilesError> {
        let judged = if let Happened::Judged(status) = event.happened { Some(status) } else { None };
        if judged.is_some() && self.is_of_others(event.customer, &event.object_key, event.etag.as_deref()).await? {
            self.0.events.foreign.fetch_add(1, Ordering::Relaxed);
            return Ok(false);
        }
        let entry = match event.happened {
            Happened::Created => None,
            Happened::Removed => self.is_missed(event).await?.then(|| Self::worker_entry("object_removed", "alarm", &event.object_key)),
            Happened::Restored => Some(Self::worker_entry("object_restored", "done", &event.object_key)),
            Happened::Judged(status) => Some(Self::worker_entry("object_judged", status.as_str(), &event.object_key)),
        };
        match self.0.catalog.note_object_event(event, entry.as_ref()).await {
            Ok(kept) => {
                self.0.events.noted.fetch_add(1, Ordering::Relaxed);
                if kept && event.happened == Happened::Removed {
                    tracing::error!(customer.id = %event.customer, "bytes of a file were removed from the store by somebody else");
                }
                if let Some(status) = judged {
                    // Doubled ones too: what the one before did not come to is done.
                    self.heed(event.customer, &event.object_key, status).await?;
                }
                Ok(true)
            }
            Err(CatalogError::Conflict(_)) => {
                self.0.events.foreign.fetch_add(1, Ordering::Relaxed);
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a file's bytes or text lie at the key by the rows, and not by the store.
    async fn is_missed(&self, event: &StoreEvent) -> Result<bool, FilesError> {
        if self.0.catalog.object_reference(event.customer, &event.object_key).await? != Some(Reference::Blob) {
            return Ok(false);
        }
        let Ok(key) = ObjectKey::parse(event.customer, &event.object_key) else { return Ok(false) };
        Ok(self.store(Errand::of_worker(event.customer)).await?.head(&key).await?.is_none())
    }
}
