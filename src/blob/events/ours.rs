//! What of a message is about objects of ours.

use super::parse::{EventError, RawEvent, parse};
use crate::blob::embedded::Raised;
use crate::blob::key::{ObjectKey, Role};
use crate::blob::store::Store;
use crate::domain::{EventOrder, Happened, StoreEvent};

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

impl Store {
    /// Reads a message, whatever store it came from.
    ///
    /// # Errors
    /// When it is no message of a format that is known.
    pub fn told(&self, body: &[u8]) -> Result<Told, EventError> {
        let mut told = Told::default();
        for RawEvent { bucket, key, happened, order, etag } in parse(body)? {
            match (self.owned(&bucket, &key), happened) {
                (None, _) => told.foreign += 1,
                (Some(_), None) => told.silent += 1,
                (Some(key), Some(happened)) => told.events.extend(event(&key, happened, order, etag)),
            }
        }
        Ok(told)
    }

    /// What the embedded store raised, when it is about an object of ours.
    pub fn told_by_embedded(&self, raised: &Raised) -> Option<StoreEvent> {
        let key = self.owned(&raised.bucket, &raised.key)?;
        let happened = if raised.is_there { Happened::Created } else { Happened::Removed };
        event(&key, happened, EventOrder::new(Some(&raised.sequencer), raised.at), None)
    }

    fn owned(&self, bucket: &str, key: &str) -> Option<ObjectKey> {
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
