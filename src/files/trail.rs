//! Reading and checking the audit trail.

use super::{Files, FilesError, Subject};
use crate::catalog::{AuditRecord, ChainReport};
use crate::domain::{AuditEntry, CustomerId, Decision};
use crate::policy::ReadAudit;

impl Files {
    /// Records of the customer after a place.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn audit_page(&self, subject: &Subject, after: u64, limit: u32) -> Result<Vec<AuditRecord>, FilesError> {
        self.read_audit(subject, "read_audit").await?;
        Ok(self.0.catalog.audit_page(subject.customer(), after, limit.clamp(1, 1000)).await?)
    }

    /// Checks the customer's chain from its start.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn verify_audit(&self, subject: &Subject) -> Result<ChainReport, FilesError> {
        self.read_audit(subject, "verify_audit").await?;
        Ok(self.0.catalog.verify_chain(&subject.customer().to_string()).await?)
    }

    /// Checks every chain, for the operator.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn verify_all_audits(&self) -> Result<Vec<ChainReport>, FilesError> {
        let mut reports = Vec::new();
        for chain in self.0.catalog.audit_chains().await? {
            reports.push(self.0.catalog.verify_chain(&chain).await?);
        }
        Ok(reports)
    }

    /// Records of any customer, for the operator's export.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn audit_export(&self, customer: CustomerId, after: u64) -> Result<Vec<AuditRecord>, FilesError> {
        Ok(self.0.catalog.audit_page(customer, after, 1000).await?)
    }

    async fn read_audit(&self, subject: &Subject, action: &'static str) -> Result<(), FilesError> {
        let permit = self.permit_customer::<ReadAudit>(subject).await?;
        let entry = AuditEntry { decision: Decision::Allow, policy: Some(permit.policies().to_owned()), ..subject.entry(action, "done") };
        Ok(self.0.catalog.record(subject.customer(), &entry).await?)
    }
}
