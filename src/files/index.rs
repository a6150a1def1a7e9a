//! Keeping the index in step with the catalog's change feed. Not a job: each serving process
//! follows the feed into its own index, which stores how far it came.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::TryStreamExt;

use super::errand::Errand;
use super::{Files, FilesError};
use crate::blob::ObjectKey;
use crate::catalog::Change as Changed;
use crate::domain::{CustomerId, Topic};
use crate::policy::tokens;
use crate::search::{Change, CustomerIndex, Doc};

/// Changes read at once.
const PAGE: u32 = 1000;
/// Text of one commit of the index, in bytes; a commit costs as much as hundreds of short files.
const COMMIT_BYTES: usize = 32 * 1024 * 1024;
/// As much of a file's text as is indexed, in bytes.
const TEXT_LIMIT: usize = 2 * 1024 * 1024;

impl Files {
    /// Waits until this process changed something, at most `at_most`: other processes change things too.
    pub async fn changed(&self, at_most: Duration) {
        // A time-out is as good as a change: the feed is read either way.
        let _elapsed = tokio::time::timeout(at_most, self.0.changed.notified()).await;
    }

    /// Brings the indexes of all customers up to date; gives the number of changes taken in.
    ///
    /// # Errors
    /// When catalog, store or index do not answer; what was taken in before stays.
    pub async fn follow_all(&self) -> Result<u64, FilesError> {
        let mut count = 0;
        for (customer, last) in self.0.catalog.last_changes().await? {
            // Most customers have not changed since the last look: their indexes need not even be open.
            if self.followed(customer) < last {
                count += self.follow(customer).await?;
            }
        }
        Ok(count)
    }

    /// The index of a customer, to be searched. One that was begun anew since it was last followed is
    /// filled again by the next look at the feed.
    pub(super) async fn index_of(&self, customer: CustomerId) -> Result<Arc<CustomerIndex>, FilesError> {
        let index = self.0.indexes.customer(customer).await?;
        if index.applied() < self.followed(customer) {
            self.0.followed.lock().unwrap_or_else(PoisonError::into_inner).remove(&customer);
            self.0.changed.notify_waiters();
        }
        Ok(index)
    }

    /// Up to which change this process is known to have followed a customer.
    fn followed(&self, customer: CustomerId) -> u64 {
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner).get(&customer).copied().unwrap_or(0)
    }

    /// Brings one customer's index up to date.
    ///
    /// # Errors
    /// As [`Files::follow_all`].
    pub async fn follow(&self, customer: CustomerId) -> Result<u64, FilesError> {
        let index = self.0.indexes.customer(customer).await?;
        let mut count = 0;
        loop {
            let changes = self.0.catalog.changes(customer, index.applied(), PAGE).await?;
            let mut batch = Vec::with_capacity(changes.len());
            let (mut bytes, mut reached) = (0, index.applied());
            for change in &changes {
                let change_seq = change.file.change_seq;
                let change = self.index_change(change).await?;
                bytes += change.text_bytes();
                reached = change_seq;
                batch.push(change);
                if bytes >= COMMIT_BYTES {
                    break;
                }
            }
            if batch.is_empty() {
                break;
            }
            count += batch.len() as u64;
            index.apply(batch, reached).await?;
        }
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner).insert(customer, index.applied());
        Ok(count)
    }

    async fn index_change(&self, change: &Changed) -> Result<Change, FilesError> {
        let file = &change.file;
        if !file.status.is_findable() {
            return Ok(Change::Remove(file.id));
        }
        // Text counts only once the file is active: nothing of unjudged bytes is ever searched.
        let text = match (&change.text_key, file.status.is_readable()) {
            (Some(key), true) => self.text_of(file.customer, key).await?,
            _ => String::new(),
        };
        Ok(Change::Put(Box::new(Doc {
            file: file.id,
            title: file.title.clone(),
            name: file.name.clone(),
            author: file.author.clone(),
            tags: file.tags.clone(),
            category: file.category,
            topic: Some(file.topic.to_string()).filter(|topic| topic != Topic::GENERAL),
            folder: file.folder.clone(),
            date: file.created_date,
            added: file.added_at,
            text,
            tokens: tokens(&Self::facts(file, &change.grants)),
        })))
    }

    /// The first part of a file's extracted text.
    pub(super) async fn text_of(&self, customer: CustomerId, key: &str) -> Result<String, FilesError> {
        let key = ObjectKey::parse(customer, key).map_err(|_| FilesError::Sealed { what: "text key" })?;
        let Some(mut object) = self.store(Errand::of_worker(customer)).await?.get(&key, None).await? else { return Ok(String::new()) };
        let mut bytes = Vec::new();
        while bytes.len() < TEXT_LIMIT {
            match object.stream.try_next().await {
                Ok(Some(piece)) => bytes.extend_from_slice(&piece),
                Ok(None) => break,
                Err(source) => return Err(crate::blob::BlobError::Body { source }.into()),
            }
        }
        bytes.truncate(TEXT_LIMIT);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
