//! Signed checkpoints of the audit trail, put where whoever can write the catalog cannot reach:
//! `audit/{chain}/{size}` in the metadata bucket, each written once.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::ObjectLockMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::error::{BlobError, status};
use super::payload::SignedPayload;
use super::store::Store;
use super::upload::checksum;
use crate::domain::{CustomerId, Timestamp};

/// Largest note that is read, in bytes: one has less than a thousand.
const MAX_NOTE: i64 = 16 * 1024;
/// Notes read at once.
const AT_ONCE: usize = 8;

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
        let sum = checksum_of(note);
        let mut request = self.client().put_object().bucket(self.metadata_bucket()).key(&key).if_none_match("*");
        if let Some(until) = until {
            request =
                request.object_lock_mode(ObjectLockMode::Compliance).object_lock_retain_until_date(DateTime::from_secs(until.as_second()));
        }
        let request = request.content_type("text/plain; charset=utf-8").body(Bytes::copy_from_slice(note.as_bytes()).into());
        let answer = if self.keeps_checksums() {
            self.timed(request.checksum_sha256(STANDARD.encode(sum)).send()).await
        } else {
            self.timed(request.customize().interceptor(SignedPayload(sum)).send()).await
        };
        match answer {
            Ok(_) => Ok(()),
            Err(error) if matches!(status(&error), Some(409 | 412)) => {
                if self.read_note(&key).await?.as_deref() == Some(note) {
                    Ok(())
                } else {
                    Err(BlobError::Changed)
                }
            }
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// The newest notes of a chain, at most so many, with their sizes, oldest first.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn anchors(&self, chain: Anchored, newest: usize) -> Result<Vec<(u64, String)>, BlobError> {
        let prefix = format!("audit/{chain}/");
        let mut sizes = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let request = self.client().list_objects_v2().bucket(self.metadata_bucket()).prefix(&prefix).set_start_after(after.take());
            let page = self.timed(request.send()).await.map_err(BlobError::of)?;
            sizes.extend(page.contents().iter().filter_map(|object| object.key()?.strip_prefix(&prefix)?.parse::<u64>().ok()));
            let excess = sizes.len().saturating_sub(newest);
            sizes.drain(..excess);
            after = page.contents().last().and_then(|object| object.key()).map(str::to_owned);
            if page.is_truncated() != Some(true) || after.is_none() {
                break;
            }
        }
        let notes = stream::iter(sizes).map(|size| async move { Ok::<_, BlobError>((size, self.read_note(&name(chain, size)).await?)) });
        let notes: Vec<(u64, Option<String>)> = notes.buffered(AT_ONCE).try_collect().await?;
        Ok(notes.into_iter().filter_map(|(size, note)| Some((size, note?))).collect())
    }

    /// What lies there; `None` when nothing does. What is no text, or too long for a note, is told as
    /// an empty one: nobody signed it.
    async fn read_note(&self, key: &str) -> Result<Option<String>, BlobError> {
        let request = self.client().get_object().bucket(self.metadata_bucket()).key(key);
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

fn checksum_of(note: &str) -> [u8; 32] {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    hash.update(note.as_bytes());
    *checksum(hash).digest()
}
