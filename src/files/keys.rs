//! Keys: of a customer's programs, and of the operator.

use super::{Files, FilesError, Subject};
use crate::catalog::{KeyRecord, NewKey};
use crate::domain::{AuditEntry, Decision, Door, KeyId, Permissions, Timestamp, clean_text};
use crate::policy::ManageKeys;

/// A key that was just made.
pub struct CreatedKey {
    /// Which.
    pub id: KeyId,
    /// Its secret, shown once.
    pub secret: String,
}

impl Files {
    /// Makes a key of the operator; for the start of a server.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn create_operator_key(&self) -> Result<CreatedKey, FilesError> {
        let id = KeyId::new(&*self.0.clock, &*self.0.entropy);
        let token = self.0.secrets.token("sop");
        let key = NewKey { id, secret_hash: token.hash, label: "operator".to_owned(), permissions: Permissions::all(), expires_at: None };
        self.0.catalog.add_operator_key(&key, &Self::operator_entry("create_key", Door::Cli, id.to_string())).await?;
        Ok(CreatedKey { id, secret: token.secret })
    }

    /// Makes another key of the customer, never with more than its maker has.
    ///
    /// # Errors
    /// `Refused` without the right; else when it could not be committed.
    pub async fn create_key(
        &self,
        subject: &Subject,
        label: &str,
        permissions: &Permissions,
        expires_at: Option<Timestamp>,
    ) -> Result<CreatedKey, FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let id = KeyId::new(&*self.0.clock, &*self.0.entropy);
        let token = self.0.secrets.token("sk");
        let permissions = Permissions::only(permissions.iter().filter(|wanted| subject.principal.permissions.has(*wanted)));
        let key = NewKey { id, secret_hash: token.hash, label: clean_text(label, 200), permissions, expires_at };
        let entry = AuditEntry {
            object: Some(id.to_string()),
            decision: Decision::Allow,
            policy: Some(permit.policies().to_owned()),
            ..subject.entry("create_key", "done")
        };
        self.0.catalog.add_key(subject.customer(), &key, &entry).await?;
        Ok(CreatedKey { id, secret: token.secret })
    }

    /// Keys of the customer.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn keys(&self, subject: &Subject) -> Result<Vec<KeyRecord>, FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let entry =
            AuditEntry { decision: Decision::Allow, policy: Some(permit.policies().to_owned()), ..subject.entry("list_keys", "done") };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(self.0.catalog.keys(subject.customer()).await?)
    }

    /// Revokes a key of the customer.
    ///
    /// # Errors
    /// `NotFound` when it is not a living key of this customer, `Refused` without the right.
    pub async fn revoke_key(&self, subject: &Subject, key: KeyId) -> Result<(), FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let entry = AuditEntry {
            object: Some(key.to_string()),
            decision: Decision::Allow,
            policy: Some(permit.policies().to_owned()),
            ..subject.entry("revoke_key", "done")
        };
        if self.0.catalog.revoke_key(subject.customer(), key, &entry).await? { Ok(()) } else { Err(FilesError::NotFound) }
    }
}
