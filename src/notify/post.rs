//! The port to addresses outside: one request with a body, one answer.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;

/// What an address outside answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// How long it wants to be left alone (`Retry-After` in seconds).
    pub retry_after: Option<Duration>,
    /// The first bytes of its body, as many as the implementation reads.
    pub body: Bytes,
}

/// Nothing was answered: whether the request arrived is not known.
#[derive(Debug, thiserror::Error)]
#[error("an address outside did not answer")]
pub struct PostError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl PostError {
    /// Its causes, in a line.
    pub fn causes(&self) -> String {
        let mut causes = Vec::new();
        let mut next: Option<&dyn std::error::Error> = Some(&*self.0);
        while let Some(error) = next {
            causes.push(error.to_string());
            next = error.source();
        }
        causes.join(": ")
    }
}

/// Posts to an address outside. Implementations bound time and size, follow no redirect, and say nothing of what was
/// sent.
#[async_trait]
pub trait Post: std::fmt::Debug + Send + Sync {
    /// Sends a body with these headers, and gives what was answered, whatever its status.
    ///
    /// # Errors
    /// When nothing was answered.
    async fn post(&self, url: &Url, headers: &[(&str, &str)], body: Bytes) -> Result<Answer, PostError>;

    /// Whether the address may be asked at all, without asking it: its name resolves to where requests may go.
    ///
    /// # Errors
    /// When it may not.
    async fn reachable(&self, url: &Url) -> Result<(), PostError>;
}
