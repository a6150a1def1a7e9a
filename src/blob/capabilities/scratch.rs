//! Objects and answers of a probe: what was made is noted, so that it can be removed again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::blob::error::BlobError;
use crate::domain::{Clock, SystemClock, SystemEntropy, random_bytes};

/// Under which keys probes work. No customer's id begins like this.
const PREFIX: &str = "satchel-probe";
/// How old, in seconds, what a probe made is when it must have been cut off.
const LEFT_AFTER: i64 = 3600;
/// How long removing one scratch object may take.
const REMOVAL: Duration = Duration::from_secs(10);

/// What a store says to a request that it may not know.
pub enum Answer<T> {
    /// It did it.
    Done(T),
    /// It will not; its error code.
    Refused(String),
}

impl<T> Answer<T> {
    /// What it did, turned into something else.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Done(done) => Answer::Done(turn(done)),
            Self::Refused(code) => Answer::Refused(code),
        }
    }

    /// Sorts an outcome: a refusal is an answer, silence an error.
    pub fn of<E>(outcome: Result<T, SdkError<E, HttpResponse>>) -> Result<Self, BlobError>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        match outcome {
            Ok(done) => Ok(Self::Done(done)),
            Err(error) => Ok(Self::Refused(refusal(error)?)),
        }
    }
}

/// The store's code for a request that it refused.
fn refusal<E>(error: SdkError<E, HttpResponse>) -> Result<String, BlobError>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(answer) => match answer.raw().status().as_u16() {
            // Not 501: that is the answer of a store that does not know the request.
            408 | 429 | 500 | 502..=599 => Err(BlobError::of(error)),
            // An answer that the client cannot read is no feature either.
            200..=299 => Ok("an answer that cannot be read".to_owned()),
            status => Ok(error.code().map_or_else(|| status.to_string(), str::to_owned)),
        },
        SdkError::ResponseError(answer) if answer.raw().status().is_success() => Ok("an answer that cannot be read".to_owned()),
        _ => Err(BlobError::of(error)),
    }
}

/// The scratch objects of one probe in one bucket.
pub struct Scratch<'a> {
    pub client: &'a Client,
    pub bucket: &'a str,
    token: String,
    made: Mutex<Vec<(String, Option<String>)>>,
}

impl<'a> Scratch<'a> {
    pub fn new(client: &'a Client, bucket: &'a str) -> Self {
        Self { client, bucket, token: hex::encode(random_bytes::<8>(&SystemEntropy)), made: Mutex::new(Vec::new()) }
    }

    /// A key that nobody else uses.
    pub fn key(&self, name: &str) -> String {
        format!("{PREFIX}/{}/{name}", self.token)
    }

    /// Notes an object, or one version of it, for removal.
    pub fn note(&self, key: &str, version: Option<&str>) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push((key.to_owned(), version.map(str::to_owned)));
    }

    /// Removes what probes left that were cut off, an hour ago or before: a younger one may be at work.
    pub async fn remove_old(&self) -> Result<(), BlobError> {
        let before = SystemClock.now().as_second() - LEFT_AFTER;
        let found = self.client.list_objects_v2().bucket(self.bucket).prefix(format!("{PREFIX}/")).send().await.map_err(BlobError::of)?;
        for object in found.contents() {
            if let Some(key) = object.key().filter(|_| object.last_modified().is_some_and(|written| written.secs() < before)) {
                self.note(key, None);
            }
        }
        self.remove().await;
        Ok(())
    }

    /// Removes what was noted. What cannot be removed is logged: it costs a few bytes.
    pub async fn remove(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for (key, version) in made {
            let removal = self.client.delete_object().bucket(self.bucket).key(&key).set_version_id(version).send();
            match tokio::time::timeout(REMOVAL, removal).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(error = %BlobError::of(error), "a scratch object of the probe stays behind"),
                Err(_) => tracing::warn!("a scratch object of the probe stays behind: the store does not answer"),
            }
        }
    }
}
