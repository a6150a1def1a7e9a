//! What the store tells of objects. It is a hint: what it would change is checked against the store
//! and the rows first, so that a late, doubled, disordered or forged word changes nothing wrongly.
//!
//! Today a word of an upload's arrival, of a return from the archive and of a verdict is noted for
//! whoever asks: [`Files::judge`] takes a verdict into its own. A verdict that comes after a file was
//! admitted is a record, and no quarantine yet.

use std::sync::atomic::{AtomicU64, Ordering};

use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

use super::{Files, FilesError};
use crate::blob::ObjectKey;
use crate::catalog::{CatalogError, Reference};
use crate::domain::{AuditEntry, CustomerId, EventOrder, Happened, ScanStatus, ScanVerdict, StoreEvent, Timestamp};

/// How old an object without a row must be before the sweep takes it for garbage: its row is written
/// before its bytes, so that a day is far more than enough.
const GARBAGE_HOURS: i64 = 24;
/// How long the order of events is remembered; a queue keeps a message for at most 14 days.
const REMEMBERED_HOURS: i64 = 30 * 24;

/// What whoever posts events must show; kept as a hash.
#[derive(Clone)]
pub struct EventToken([u8; 32]);

impl std::fmt::Debug for EventToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("EventToken(hidden)")
    }
}

fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    for (target, byte) in hash.iter_mut().zip(digest(&SHA256, text.as_bytes()).as_ref()) {
        *target = *byte;
    }
    hash
}

impl EventToken {
    /// Of the text that is to be shown.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(hash(text))
    }

    /// Whether this is the text, in a time that does not tell how much of it is right.
    pub fn is(&self, shown: &str) -> bool {
        self.0.ct_eq(&hash(shown)).into()
    }
}

/// How many events there were since this process started.
#[derive(Debug, Default)]
pub(super) struct EventCounts {
    noted: AtomicU64,
    foreign: AtomicU64,
    given_up: AtomicU64,
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
    /// Whether a text is what posters of events must show; `None` where nobody may post any.
    pub fn is_event_token(&self, shown: &str) -> Option<bool> {
        self.0.settings.event_token.as_ref().map(|token| token.is(shown))
    }

    /// Takes in a message of the store, in whatever format.
    ///
    /// # Errors
    /// `Invalid` when it cannot be read; else when catalog or store do not answer: the same message may
    /// be handed in again.
    pub async fn store_message(&self, body: &[u8]) -> Result<EventTally, FilesError> {
        let told = self
            .0
            .store
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
        Ok(self.store(event.customer).head(&key).await?.is_none())
    }

    /// The stricter of our verdict and of what the store's scanner said of the same object.
    pub(super) async fn strictest(&self, customer: CustomerId, object_key: &str, ours: &ScanVerdict) -> Result<ScanVerdict, FilesError> {
        let theirs = self.0.catalog.object_note(customer, object_key).await?.and_then(|note| note.verdict);
        Ok(match theirs {
            Some(theirs @ (ScanStatus::Infected | ScanStatus::Suspicious)) if ours.status.strictest(theirs) != ours.status => {
                ScanVerdict { status: theirs, engine: "the store's scanner".to_owned(), findings: vec!["store.verdict".to_owned()] }
            }
            _ => ours.clone(),
        })
    }

    /// Compares what lies under `uploads/` for over a day with the rows: what no row knows is removed,
    /// what an open upload waits for is noted as arrived. For stores without events, and for events
    /// that were lost. Gives how many objects were removed.
    ///
    /// # Errors
    /// When catalog or store do not answer.
    pub async fn reconcile_uploads(&self) -> Result<u64, FilesError> {
        let hours_ago = |hours| self.now().saturating_sub(jiff::SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN);
        let (garbage, forgotten) = (hours_ago(GARBAGE_HOURS), hours_ago(REMEMBERED_HOURS));
        let mut removed = 0;
        for customer in self.0.catalog.customers().await? {
            let mut after = None;
            loop {
                let page = self.store(customer.id).uploads(customer.id, after.as_deref()).await?;
                for object in page.objects.iter().filter(|object| object.written < garbage) {
                    removed += self.reconcile(customer.id, &object.key, object.written).await?;
                }
                // A page that names nothing could be asked for for ever.
                match (page.truncated, page.last) {
                    (true, Some(last)) if after.as_ref() != Some(&last) => after = Some(last),
                    _ => break,
                }
            }
            self.0.catalog.forget_object_events(customer.id, forgotten).await?;
        }
        Ok(removed)
    }

    async fn reconcile(&self, customer: CustomerId, key: &ObjectKey, written: Timestamp) -> Result<u64, FilesError> {
        let order = EventOrder::new(None, written);
        let event = StoreEvent { customer, object_key: key.as_str().to_owned(), happened: Happened::Created, order };
        match self.0.catalog.object_reference(customer, key.as_str()).await? {
            Some(Reference::Blob) => Ok(0),
            Some(Reference::Upload) => self.object_event(&event).await.map(|_| 0),
            None => {
                self.store(customer).delete(key).await?;
                let entry = AuditEntry {
                    reason: Some("no row knows it".to_owned()),
                    ..Self::worker_entry("sweep_object", "done", &event.object_key)
                };
                self.0.catalog.record(customer, &entry).await?;
                Ok(1)
            }
        }
    }
}
