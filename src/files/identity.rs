//! Who is at the door: what a secret opens.

use super::secrets::token_hash;
use super::{CallAccess, Files, FilesError, KeyAccess};
use crate::domain::{Actor, AuditEntry, Decision, Door};

/// What a credential opens.
pub enum Access {
    /// The operator of this server.
    Operator,
    /// A program of a customer.
    Key(KeyAccess),
    /// A tool call within a call.
    Call(Box<CallAccess>),
}

impl Files {
    /// What a secret opens now; `None` when nothing. The caller of this records refusals.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<Access>, FilesError> {
        let hash = token_hash(secret);
        let now = self.now();
        if let Some(record) = self.0.catalog.call_by_token(&hash).await? {
            if !record.is_alive(now) {
                return Ok(None);
            }
            let Some(customer) = self.0.catalog.customer(record.customer).await? else { return Ok(None) };
            return Ok(Some(Access::Call(Box::new(CallAccess { record, is_test: customer.is_test }))));
        }
        let Some(key) = self.0.catalog.key_by_secret(&hash).await? else { return Ok(None) };
        if !key.is_alive(now) {
            return Ok(None);
        }
        let Some(customer) = key.customer else { return Ok(Some(Access::Operator)) };
        let Some(customer) = self.0.catalog.customer(customer).await? else { return Ok(None) };
        Ok(Some(Access::Key(KeyAccess { key: key.id, customer: customer.id, permissions: key.permissions, is_test: customer.is_test })))
    }

    /// Records refusals before a customer is known, `count` of them at once.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn record_strangers(&self, count: u64, door: Door) -> Result<(), FilesError> {
        let entry = AuditEntry {
            actor: Actor::System,
            call: None,
            door,
            source: None,
            action: "authenticate",
            object: None,
            version: None,
            content_hash: None,
            decision: Decision::Deny,
            policy: None,
            outcome: "refused",
            reason: Some(format!("{count} requests without a valid credential")),
        };
        Ok(self.0.catalog.record_system(&entry).await?)
    }

    pub(super) fn operator_entry(action: &'static str, door: Door, object: String) -> AuditEntry {
        AuditEntry {
            actor: Actor::Operator,
            call: None,
            door,
            source: None,
            action,
            object: Some(object),
            version: None,
            content_hash: None,
            decision: Decision::Allow,
            policy: Some("operator".to_owned()),
            outcome: "done",
            reason: None,
        }
    }
}
