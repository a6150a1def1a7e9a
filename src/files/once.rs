//! The same tool call twice is one effect: answers kept under the client's key.

use ring::digest::{SHA256, digest};

use super::{Files, FilesError};
use crate::catalog::Seen;
use crate::domain::{CallContext, Timestamp};

const KEPT_SECONDS: i64 = 600;

/// What is known of a request under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// It is new, or has no key: go on, then [`Files::settle`].
    Fresh,
    /// It is under way.
    Running,
    /// It was answered so.
    Answered(String),
    /// Its key was used for another request.
    OtherRequest,
}

impl Files {
    /// Claims the request's key.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn once(&self, ctx: &CallContext, tool: &str, arguments: &str) -> Result<Once, FilesError> {
        let Some(key) = &ctx.idempotency_key else { return Ok(Once::Fresh) };
        let hash = hex::encode(digest(&SHA256, format!("{tool}\n{arguments}").as_bytes()));
        let forget = self.now().saturating_sub(jiff::SignedDuration::from_secs(KEPT_SECONDS)).unwrap_or(Timestamp::MIN);
        Ok(match self.0.catalog.claim(ctx.customer, ctx.call, key, &hash, forget).await? {
            Seen::Fresh => Once::Fresh,
            Seen::Running => Once::Running,
            Seen::Answered(answer) => Once::Answered(answer),
            Seen::Other => Once::OtherRequest,
        })
    }

    /// Keeps the answer under the request's key, or frees the key when nothing was done.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn settle(&self, ctx: &CallContext, answer: Option<&str>) -> Result<(), FilesError> {
        match &ctx.idempotency_key {
            Some(key) => Ok(self.0.catalog.settle(ctx.customer, ctx.call, key, answer).await?),
            None => Ok(()),
        }
    }
}
