//! Signed checkpoints of the audit trail, put where whoever can write the catalog cannot reach:
//! `audit/{chain}/{size}` in the metadata bucket, each written once.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::ObjectLockMode;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use ring::digest::{Context, SHA256};

use super::capabilities::{Feature, Standing, standing};
use super::error::{BlobError, status};
use super::store::Store;
use super::upload::{Stored, checksum};
use crate::domain::{CustomerId, Timestamp};

/// Largest note that is read, in bytes: one has less than a thousand.
const MAX_NOTE: i64 = 16 * 1024;
/// Notes read at once.
const AT_ONCE: usize = 8;

/// Sizes that are noted, and the version of the note to read where there are several.
type Found = BTreeMap<u64, Option<String>>;

/// Whose chain is anchored: a customer's, or the house's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchored {
    /// A customer's.
    Customer(CustomerId),
    /// That of refusals before a customer was known.
    House,
}

impl std::fmt::Display for Anchored {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Customer(customer) => customer.fmt(out),
            Self::House => out.write_str("system"),
        }
    }
}

impl Store {
    /// Puts a note there for good; that it lies there already is success. With `until`, under object
    /// lock in compliance mode: nobody deletes it before that day.
    ///
    /// # Errors
    /// `Changed` when another note lies there; else when the store does not take it.
    pub async fn anchor(&self, chain: Anchored, size: u64, note: &str, until: Option<Timestamp>) -> Result<(), BlobError> {
        let key = name(chain, size);
        let mut request = self.client().put_object().bucket(self.metadata_bucket()).key(&key).if_none_match("*");
        if let Some(until) = until {
            request =
                request.object_lock_mode(ObjectLockMode::Compliance).object_lock_retain_until_date(DateTime::from_secs(until.as_second()));
        }
        let request = request.content_type("text/plain; charset=utf-8").body(Bytes::copy_from_slice(note.as_bytes()).into());
        let mut hash = Context::new(&SHA256);
        hash.update(note.as_bytes());
        match self.send_whole(request, Stored { size: note.len() as u64, checksum: checksum(hash) }).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(status(&error), Some(409 | 412)) => {
                if self.read_note(&key, None).await?.as_deref() == Some(note) {
                    Ok(())
                } else {
                    Err(BlobError::Changed)
                }
            }
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// Whether the bucket of the notes was made with object lock; not, where the store does not know or tell.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn locks_anchors(&self) -> Result<bool, BlobError> {
        Ok(standing(self.client(), self.metadata_bucket(), Feature::ObjectLock).await? == Standing::On)
    }

    /// The newest notes of a chain, at most so many, with their sizes, oldest first. Where the bucket
    /// keeps versions, the first one of each counts, removed or not: what was put over it later is
    /// nobody's word.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn anchors(&self, chain: Anchored, newest: usize) -> Result<Vec<(u64, String)>, BlobError> {
        let prefix = format!("audit/{chain}/");
        let found = match self.first_versions(&prefix, newest).await? {
            Some(found) => found,
            None => self.present(&prefix, newest).await?,
        };
        let notes = stream::iter(found).map(|(size, version)| async move {
            let note = self.read_note(&name(chain, size), version).await?;
            Ok::<_, BlobError>(note.map(|note| (size, note)))
        });
        let notes: Vec<Option<(u64, String)>> = notes.buffered(AT_ONCE).try_collect().await?;
        Ok(notes.into_iter().flatten().collect())
    }

    /// The sizes that are noted, each with the first version of its note; `None` where the store does not
    /// know of versions.
    async fn first_versions(&self, prefix: &str, newest: usize) -> Result<Option<Found>, BlobError> {
        let mut found = Found::new();
        let (mut key, mut version) = (None, None);
        loop {
            let request = self.client().list_object_versions().bucket(self.metadata_bucket()).prefix(prefix);
            let page = match self.timed(request.set_key_marker(key.take()).set_version_id_marker(version.take()).send()).await {
                Ok(page) => page,
                Err(error) if status(&error) == Some(501) => return Ok(None),
                Err(error) => return Err(BlobError::of(error)),
            };
            for told in page.versions() {
                let Some(size) = told.key().and_then(|key| key.strip_prefix(prefix)?.parse().ok()) else { continue };
                // Of one key the newest comes first.
                found.insert(size, told.version_id().filter(|version| *version != "null").map(str::to_owned));
                if found.len() > newest {
                    found.pop_first();
                }
            }
            (key, version) = (page.next_key_marker().map(str::to_owned), page.next_version_id_marker().map(str::to_owned));
            if page.is_truncated() != Some(true) || key.is_none() {
                return Ok(Some(found));
            }
        }
    }

    async fn present(&self, prefix: &str, newest: usize) -> Result<Found, BlobError> {
        let mut found = Found::new();
        let mut after: Option<String> = None;
        loop {
            let request = self.client().list_objects_v2().bucket(self.metadata_bucket()).prefix(prefix).set_start_after(after.take());
            let page = self.timed(request.send()).await.map_err(BlobError::of)?;
            for size in page.contents().iter().filter_map(|object| object.key()?.strip_prefix(prefix)?.parse().ok()) {
                found.insert(size, None);
                if found.len() > newest {
                    found.pop_first();
                }
            }
            after = page.contents().last().and_then(|object| object.key()).map(str::to_owned);
            if page.is_truncated() != Some(true) || after.is_none() {
                return Ok(found);
            }
        }
    }

    /// What lies there; `None` when nothing does. What is no text, or too long for a note, is told as
    /// an empty one: nobody signed it.
    async fn read_note(&self, key: &str, version: Option<String>) -> Result<Option<String>, BlobError> {
        let request = self.client().get_object().bucket(self.metadata_bucket()).key(key).set_version_id(version);
        let answer = match self.timed(request.send()).await {
            Ok(answer) => answer,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(BlobError::of(error)),
        };
        if answer.content_length().is_none_or(|length| length > MAX_NOTE) {
            return Ok(Some(String::new()));
        }
        let bytes = answer.body.collect().await.map_err(|error| BlobError::Unavailable { source: error.into() })?;
        Ok(Some(String::from_utf8(bytes.to_vec()).unwrap_or_default()))
    }
}

/// Sorts by size.
fn name(chain: Anchored, size: u64) -> String {
    format!("audit/{chain}/{size:020}")
}
