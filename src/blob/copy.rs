//! Copies within the store, without the bytes passing through this process.

use std::time::Duration;

use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::task::JoinSet;

use super::error::{BlobError, is_absent};
use super::key::ObjectKey;
use super::multipart::{Multipart, Sums};
use super::store::{Facts, Store};
use super::upload::{collect, part_size};

/// The store's copy of the largest object may take this long.
const COPY_READ: Duration = Duration::from_mins(5);
/// Parts of a copy under way at once: they cost no memory here.
const COPIES_AT_ONCE: usize = 4;
/// `x-amz-copy-source` is a path, percent-encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Store {
    /// Copies an object within the store, replacing what lies at `to`; in parts where it is larger
    /// than the store copies at once. `None` when there is nothing at `from`.
    ///
    /// # Errors
    /// `Changed` when the source is replaced meanwhile; else when the store does not answer or refuses.
    pub async fn copy(&self, from: &ObjectKey, to: &ObjectKey) -> Result<Option<()>, BlobError> {
        let Some(facts) = self.look(from).await? else { return Ok(None) };
        self.copy_known(from, &facts, to).await
    }

    /// The same of an object that has been looked at: exactly these bytes are copied, or none.
    ///
    /// # Errors
    /// As [`Store::copy`].
    pub async fn copy_known(&self, from: &ObjectKey, facts: &Facts, to: &ObjectKey) -> Result<Option<()>, BlobError> {
        let (bucket, name) = self.place(from);
        let source = utf8_percent_encode(&format!("{bucket}/{name}"), PATH).to_string();
        if facts.size > self.tuning().copy_whole {
            return self.copy_parts(source, facts, to).await.map(Some);
        }
        let (to_bucket, to_name) = self.place(to);
        let patience = TimeoutConfig::builder().read_timeout(COPY_READ.max(self.tuning().read)).build();
        let request = self.client().copy_object().copy_source(source).copy_source_if_match(&facts.etag).bucket(to_bucket).key(to_name);
        let request = request.customize().config_override(Config::builder().timeout_config(patience));
        match self.carried(request.send()).await {
            Ok(_) => Ok(Some(())),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(BlobError::of(error)),
        }
    }

    async fn copy_parts(&self, source: String, facts: &Facts, to: &ObjectKey) -> Result<(), BlobError> {
        let part = part_size(self.tuning().copy_part, facts.size);
        let upload = Multipart::begin(self, to, Sums::None).await?;
        // Dropped on any error: what is under way stops.
        let mut under_way = JoinSet::new();
        let mut done = Vec::new();
        let copied = async {
            for (start, number) in (0..facts.size).step_by(usize::try_from(part).unwrap_or(usize::MAX)).zip(1..) {
                while under_way.len() >= COPIES_AT_ONCE {
                    collect(&mut under_way, &mut done).await?;
                }
                let last = start.saturating_add(part).min(facts.size).saturating_sub(1);
                under_way.spawn(upload.copy(number, source.clone(), facts.etag.clone(), format!("bytes={start}-{last}")));
            }
            while !under_way.is_empty() {
                collect(&mut under_way, &mut done).await?;
            }
            Ok(())
        };
        match copied.await {
            Ok(()) => upload.complete(done, facts.size).await,
            Err(error) => {
                drop(under_way);
                upload.give_up().await;
                Err(error)
            }
        }
    }
}
