//! What of a message is about objects of ours.

use crate::blob::embedded::{Fetched, Raised};
use crate::blob::key::{ObjectKey, Role};
use crate::blob::store::Store;
use crate::domain::{CustomerId, EventOrder, Happened, StoreEvent};

/// What a message told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Of objects of ours.
    pub events: Vec<StoreEvent>,
    /// How many were of other buckets, or of keys that Satchel does not write.
    pub foreign: usize,
    /// How many were of kinds that say nothing to us.
    pub silent: usize,
}

impl Told {
    /// Takes in an event of the object under a key of ours, or of somebody else's.
    pub(in crate::blob) fn take(&mut self, key: Option<ObjectKey>, happened: Option<Happened>, order: EventOrder, etag: Option<String>) {
        match (key, happened) {
            (None, _) => self.foreign += 1,
            (Some(_), None) => self.silent += 1,
            (Some(key), Some(happened)) => self.events.extend(event(&key, happened, order, etag)),
        }
    }
}

impl Store {
    /// What the embedded store raised, when it is about an object of ours.
    pub fn told_by_embedded(&self, raised: &Raised) -> Option<StoreEvent> {
        let key = self.owned(&raised.bucket, &raised.key)?;
        let happened = if raised.is_there { Happened::Created } else { Happened::Removed };
        event(&key, happened, EventOrder::new(Some(&raised.sequencer), raised.at), None)
    }

    /// Whose object was read from the embedded store, where it is one that Satchel writes: the customer, and
    /// the key as the catalog stores it.
    pub fn read_from_embedded(&self, fetched: &Fetched) -> Option<(CustomerId, String)> {
        let key = self.owned(&fetched.bucket, &fetched.key)?;
        Some((key.customer()?, key.as_str().to_owned()))
    }

    /// The key of an object in one of the buckets, when it is one that Satchel writes.
    pub(in crate::blob) fn owned(&self, bucket: &str, key: &str) -> Option<ObjectKey> {
        let role = match bucket {
            files if files == self.files_bucket() => Role::Files,
            metadata if metadata == self.metadata_bucket() => Role::Metadata,
            _ => return None,
        };
        ObjectKey::of_place(role, key)
    }
}

fn event(key: &ObjectKey, happened: Happened, order: EventOrder, etag: Option<String>) -> Option<StoreEvent> {
    Some(StoreEvent { customer: key.customer()?, object_key: key.as_str().to_owned(), happened, order, etag })
}
