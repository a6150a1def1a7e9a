//! The same tool call twice is one effect: answers kept under the client's key.

use ring::digest::{SHA256, digest};

use super::{Files, FilesError};
use crate::catalog::Seen;
use crate::domain::{Actor, AuditEntry, CallContext, Timestamp};

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
            Seen::Answered(sealed) => {
                self.note(ctx, "repeat", "answered", Some(tool.to_owned())).await?;
                Once::Answered(self.0.secrets.unseal(ctx.customer, "answer", &sealed).ok_or(FilesError::Sealed { what: "answer" })?)
            }
            Seen::Other => Once::OtherRequest,
        })
    }

    /// Keeps the answer under the request's key, or frees the key when nothing was done.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn settle(&self, ctx: &CallContext, answer: Option<&str>) -> Result<(), FilesError> {
        let Some(key) = &ctx.idempotency_key else { return Ok(()) };
        // An answer may hold a code, which is kept sealed wherever it lies.
        let seal = |text| self.0.secrets.seal(ctx.customer, "answer", text).ok_or(FilesError::Sealed { what: "answer" });
        let sealed = answer.map(seal).transpose()?;
        Ok(self.0.catalog.settle(ctx.customer, ctx.call, key, sealed.as_deref()).await?)
    }

    /// Records a request of a call that never reached a use case.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn note(
        &self,
        ctx: &CallContext,
        action: &'static str,
        outcome: &'static str,
        reason: Option<String>,
    ) -> Result<(), FilesError> {
        let entry = AuditEntry {
            assurance: Some(ctx.verified),
            call: Some(ctx.call),
            reason,
            ..AuditEntry::new(Actor::of_call(ctx.call, &ctx.caller), &ctx.origin, action, outcome)
        };
        Ok(self.0.catalog.record(ctx.customer, &entry).await?)
    }
}
