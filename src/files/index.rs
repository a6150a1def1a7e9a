//! Keeping the index in step with the catalog's change feed. Not a job: each serving process
//! follows the feed into its own index, which stores how far it came.

use std::time::Duration;

use futures::TryStreamExt;

use super::{Files, FilesError};
use crate::blob::ObjectKey;
use crate::catalog::Change as Changed;
use crate::domain::CustomerId;
use crate::policy::tokens;
use crate::search::{Change, Doc};

const BATCH: u32 = 200;
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
        for customer in self.0.catalog.customers().await? {
            count += self.follow(customer.id).await?;
        }
        Ok(count)
    }

    /// Brings one customer's index up to date.
    ///
    /// # Errors
    /// As [`Files::follow_all`].
    pub async fn follow(&self, customer: CustomerId) -> Result<u64, FilesError> {
        let index = self.0.indexes.customer(customer).await?;
        let mut count = 0;
        while self.0.catalog.last_change(customer).await? > index.applied() {
            let changes = self.0.catalog.changes(customer, index.applied(), BATCH).await?;
            let Some(last) = changes.last().map(|change| change.file.change_seq) else { break };
            let mut batch = Vec::with_capacity(changes.len());
            for change in &changes {
                batch.push(self.index_change(change).await?);
            }
            count += batch.len() as u64;
            index.apply(batch, last).await?;
        }
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
            folder: file.folder.clone(),
            date: file.created_date,
            added: file.added_at,
            text,
            tokens: tokens(&Self::facts(file, &change.grants)),
        })))
    }

    /// The first part of a file's extracted text.
    async fn text_of(&self, customer: CustomerId, key: &str) -> Result<String, FilesError> {
        let key = ObjectKey::parse(customer, key).map_err(|_| FilesError::Sealed { what: "text key" })?;
        let Some(mut object) = self.0.store.get(&key, None).await? else { return Ok(String::new()) };
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
