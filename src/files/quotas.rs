//! How much a customer may have: the operator decides, no policy of the customer.

use super::{Files, FilesError};
use crate::catalog::{Quota, Usage};
use crate::domain::{AuditEntry, CustomerId, Origin};

impl Files {
    /// How much a customer may have, and has.
    ///
    /// # Errors
    /// `NotFound` for a customer that is none; else when the catalog does not answer.
    pub async fn quota(&self, customer: CustomerId, origin: &Origin) -> Result<(Quota, Usage), FilesError> {
        let found = self.0.catalog.quota(customer).await?.ok_or(FilesError::NotFound)?;
        self.0.catalog.record(customer, &Self::operator_entry("read_quota", origin, customer.to_string())).await?;
        Ok(found)
    }

    /// Sets how much a customer may have, and says what it has.
    ///
    /// # Errors
    /// `NotFound` for a customer that is none; else when it could not be committed.
    pub async fn set_quota(&self, customer: CustomerId, quota: Quota, origin: &Origin) -> Result<(Quota, Usage), FilesError> {
        let told = |most: Option<u64>| most.map_or_else(|| "any".to_owned(), |most| most.to_string());
        let entry = AuditEntry {
            reason: Some(format!("{} files, {} bytes", told(quota.files), told(quota.bytes))),
            ..Self::operator_entry("set_quota", origin, customer.to_string())
        };
        if !self.0.catalog.set_quota(customer, quota, &entry).await? {
            return Err(FilesError::NotFound);
        }
        self.0.catalog.quota(customer).await?.ok_or(FilesError::NotFound)
    }
}
