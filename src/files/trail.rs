//! Reading and checking the audit trail.

use super::{Files, FilesError, Subject};
use crate::catalog::{AuditRecord, ChainReport};
use crate::domain::{CustomerId, Origin, Timestamp};
use crate::policy::ReadAudit;

/// Records read at once.
const PAGE: u32 = 1000;
/// Pages that one request looks through for records that match.
const LOOKS: u32 = 20;

/// Which records are wanted: those that have all that is said here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who acted: an id, `operator` or `system`.
    pub actor: Option<String>,
    /// What was asked for.
    pub action: Option<String>,
    /// The id of what it was done with.
    pub object: Option<String>,
    /// The id of the call.
    pub call: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether a record has all of it.
    pub fn takes(&self, record: &AuditRecord) -> bool {
        let is = |wanted: &Option<String>, had: Option<&str>| wanted.as_deref().is_none_or(|wanted| had == Some(wanted));
        is(&self.actor, Some(&record.actor))
            && is(&self.action, Some(&record.action))
            && is(&self.object, record.object.as_deref())
            && is(&self.call, record.call.as_deref())
            && is(&self.outcome, Some(&record.outcome))
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
    }
}

/// Whose trail is read, and by whom.
#[derive(Debug, Clone, Copy)]
pub enum AuditReader<'a> {
    /// The asker's own customer's.
    Own(&'a Subject),
    /// A customer's, by the operator.
    Operator(CustomerId, &'a Origin),
}

/// Some records, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The records, in their order.
    pub records: Vec<AuditRecord>,
    /// The last place that was looked at; `None` at the end.
    pub next: Option<u64>,
}

impl Files {
    /// Records of a trail after a place. That somebody read them is recorded too.
    ///
    /// # Errors
    /// `Refused` without the right, `NotFound` for a customer that is none; else when the catalog does not answer.
    pub async fn audit_page(&self, reader: AuditReader<'_>, filter: &AuditFilter, after: u64, limit: u32) -> Result<AuditPage, FilesError> {
        let customer = self.reading(reader).await?;
        self.matching(customer, filter, after, limit).await
    }

    /// Signed checkpoints of a trail after a size, as text.
    ///
    /// # Errors
    /// As [`Files::audit_page`].
    pub async fn audit_checkpoints(&self, reader: AuditReader<'_>, after: u64, limit: u32) -> Result<Vec<(u64, String)>, FilesError> {
        let customer = self.reading(reader).await?;
        Ok(self.0.catalog.checkpoint_notes(&customer.to_string(), after, limit.clamp(1, PAGE)).await?)
    }

    /// Whose trail somebody may read, and leaves the record of it.
    async fn reading(&self, reader: AuditReader<'_>) -> Result<CustomerId, FilesError> {
        match reader {
            AuditReader::Own(subject) => {
                self.read_audit(subject, "read_audit").await?;
                Ok(subject.customer())
            }
            AuditReader::Operator(customer, origin) => {
                if self.0.catalog.customer(customer).await?.is_none() {
                    return Err(FilesError::NotFound);
                }
                self.0.catalog.record(customer, &Self::operator_entry("read_audit", origin, customer.to_string())).await?;
                Ok(customer)
            }
        }
    }

    async fn matching(&self, customer: CustomerId, filter: &AuditFilter, after: u64, limit: u32) -> Result<AuditPage, FilesError> {
        let limit = limit.clamp(1, PAGE) as usize;
        let (mut records, mut place) = (Vec::new(), after);
        for _ in 0..LOOKS {
            let page = self.0.catalog.audit_page(customer, place, PAGE).await?;
            let is_end = page.len() < PAGE as usize;
            for record in page {
                place = record.seq;
                if filter.takes(&record) {
                    records.push(record);
                }
                if records.len() == limit {
                    return Ok(AuditPage { records, next: Some(place) });
                }
            }
            if is_end {
                return Ok(AuditPage { records, next: None });
            }
        }
        Ok(AuditPage { records, next: Some(place) })
    }

    /// Checks the customer's chain from its start, with its checkpoints here and in the store.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog or the store does not answer.
    pub async fn verify_audit(&self, subject: &Subject) -> Result<ChainReport, FilesError> {
        self.read_audit(subject, "verify_audit").await?;
        self.verify(&subject.customer().to_string()).await
    }

    /// Checks every chain, for the operator.
    ///
    /// # Errors
    /// When the catalog or the store does not answer.
    pub async fn verify_all_audits(&self, origin: &Origin) -> Result<Vec<ChainReport>, FilesError> {
        self.0.catalog.record_system(&Self::operator_entry("verify_audit", origin, "every chain".to_owned())).await?;
        let mut reports = Vec::new();
        for chain in self.0.catalog.audit_chains().await? {
            reports.push(self.verify(&chain).await?);
        }
        Ok(reports)
    }

    async fn verify(&self, chain: &str) -> Result<ChainReport, FilesError> {
        let anchors = self.anchors_of(chain).await?;
        Ok(self.0.catalog.verify_sealed(chain, self.checkpoint_verifier()?, anchors).await?)
    }

    async fn read_audit(&self, subject: &Subject, action: &'static str) -> Result<(), FilesError> {
        let permit = self.permit_customer::<ReadAudit>(subject).await?;
        let entry = subject.allowed(action, "done", &permit);
        Ok(self.0.catalog.record(subject.customer(), &entry).await?)
    }
}
