//! Who is at the door: what a secret opens.

use super::calls::CALLS;
use super::keys::{CUSTOMERS, OPERATORS};
use super::secrets::token_hash;
use super::{CallAccess, Files, FilesError, KeyAccess};
use crate::domain::{Actor, AuditEntry, Decision, Door, Origin};

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
        match secret.split_once('_') {
            Some((CALLS, _)) => self.call_by_token(secret).await,
            Some((CUSTOMERS | OPERATORS, _)) => self.key_by_secret(secret).await,
            // Nothing of ours begins like that: the catalog is not asked.
            _ => Ok(None),
        }
    }

    async fn call_by_token(&self, token: &str) -> Result<Option<Access>, FilesError> {
        let Some(record) = self.0.catalog.call_by_token(&token_hash(token)).await?.filter(|record| record.is_alive(self.now())) else {
            return Ok(None);
        };
        let customer = self.0.catalog.customer(record.customer).await?;
        Ok(customer.map(|customer| Access::Call(Box::new(CallAccess::of(record, customer.is_test)))))
    }

    async fn key_by_secret(&self, secret: &str) -> Result<Option<Access>, FilesError> {
        let found = self.0.catalog.key_by_secret(&token_hash(secret)).await?;
        let Some((key, _)) = found.filter(|(key, shown)| key.opens_by(*shown, self.now())) else { return Ok(None) };
        if let Some(customer) = key.customer {
            return Ok(self.key_of(customer, key).await?.map(Access::Key));
        }
        self.note_use(&key).await;
        Ok(Some(Access::Operator))
    }

    /// Records refusals before a customer is known, `count` of them at once.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn record_strangers(&self, count: u64, door: Door) -> Result<(), FilesError> {
        let entry = AuditEntry {
            decision: Decision::Deny,
            reason: Some(format!("{count} requests without a valid credential")),
            ..AuditEntry::new(Actor::System, &door.into(), "authenticate", "refused")
        };
        Ok(self.0.catalog.record_system(&entry).await?)
    }

    pub(super) fn operator_entry(action: &'static str, origin: &Origin, object: String) -> AuditEntry {
        AuditEntry {
            object: Some(object),
            decision: Decision::Allow,
            policy: Some("operator".to_owned()),
            ..AuditEntry::new(Actor::Operator, origin, action, "done")
        }
    }
}
