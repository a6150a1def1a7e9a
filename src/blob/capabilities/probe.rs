//! Asking a store for everything it can do.

use std::time::Duration;

use super::buckets::{known, standing, tried, turned_off};
use super::feature::{Capabilities, Capability, Feature};
use super::objects;
use super::scratch::{Answer, Scratch};
use crate::blob::error::BlobError;
use crate::blob::store::Store;
use crate::domain::{SystemEntropy, random_bytes};

/// How long a whole probe may take.
const AT_MOST: Duration = Duration::from_mins(1);

/// What is asked of a bucket and not of an object.
const OF_BUCKETS: [Feature; 5] = [Feature::Versioning, Feature::Lifecycle, Feature::Notifications, Feature::ObjectLock, Feature::LegalHold];

/// How far a probe goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Scratch objects in the files bucket, and what that bucket says of itself: what a server may do
    /// at each start, with the rights it has anyway.
    InPlace,
    /// A scratch bucket too, where the bucket in use has something turned off: it tells whether the
    /// store could. Needs the right to make and delete buckets; without it, as [`Depth::InPlace`].
    ScratchBucket,
}

impl Store {
    /// Finds out what the store does by itself, within a minute. Scratch objects are removed again,
    /// versions too.
    ///
    /// # Errors
    /// When the store does not answer, or refuses plain reads and writes.
    pub async fn capabilities(&self, depth: Depth) -> Result<Capabilities, BlobError> {
        let (client, bucket) = (self.client(), self.files_bucket());
        let scratch = Scratch::new(client, bucket);
        let objects = tokio::time::timeout(AT_MOST, of_objects(&scratch)).await;
        scratch.remove().await;
        let mut all = objects.map_err(|elapsed| BlobError::Unavailable { source: elapsed.into() })??;
        scratch.remove_old().await?;
        let mut off = Vec::new();
        for feature in OF_BUCKETS {
            let standing = standing(client, bucket, feature).await?;
            match known(feature, &standing) {
                Some(capability) => all.push(capability),
                None => off.push(feature),
            }
        }
        match depth {
            Depth::InPlace => all.extend(off.into_iter().map(turned_off)),
            Depth::ScratchBucket => all.extend(self.on_a_scratch_bucket(&off).await?),
        }
        Ok(Capabilities::new(all))
    }

    /// What a bucket made for the question says of features that the bucket in use has turned off.
    async fn on_a_scratch_bucket(&self, off: &[Feature]) -> Result<Vec<Capability>, BlobError> {
        if off.is_empty() {
            return Ok(Vec::new());
        }
        let bucket = format!("satchel-probe-{}", hex::encode(random_bytes::<8>(&SystemEntropy)));
        let client = self.client();
        let locked = Answer::of(self.create(&bucket).object_lock_enabled_for_bucket(true).send().await)?;
        let locks = matches!(locked, Answer::Done(_));
        if !locks && matches!(Answer::of(self.create(&bucket).send().await)?, Answer::Refused(_)) {
            return Ok(off.iter().copied().map(turned_off).collect());
        }
        let found = self.try_all(&bucket, off, locks).await;
        if let Err(error) = client.delete_bucket().bucket(&bucket).send().await {
            tracing::warn!(bucket, error = %BlobError::of(error), "the scratch bucket of the probe stays behind");
        }
        found
    }

    async fn try_all(&self, bucket: &str, off: &[Feature], locks: bool) -> Result<Vec<Capability>, BlobError> {
        let mut found = Vec::with_capacity(off.len());
        for feature in off.iter().copied() {
            let needs_lock = matches!(feature, Feature::ObjectLock | Feature::LegalHold);
            let outcome = if needs_lock && !locks {
                Err("no bucket is made with object lock".to_owned())
            } else {
                tried(self.client(), bucket, feature).await?
            };
            found.push(match outcome {
                Ok(()) => turned_off(feature),
                Err(why) => Capability::without(feature, &format!("the store does not do it (`{why}`)")),
            });
        }
        Ok(found)
    }
}

async fn of_objects(scratch: &Scratch<'_>) -> Result<Vec<Capability>, BlobError> {
    let plain = objects::plain(scratch).await?;
    let mut all = vec![
        objects::conditional_writes(scratch).await?,
        objects::checksums(scratch).await?,
        objects::tagging(scratch, &plain).await?,
        objects::annotations(scratch).await?,
        objects::archive(scratch).await?,
    ];
    all.extend(objects::keys(scratch).await?);
    Ok(all)
}
