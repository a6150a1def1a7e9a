//! The versions of a file: one of them, and how an old one becomes the newest again.

use super::collect::refer_to;
use super::files::{file_in, next_change};
use super::jobs::{NewJob, enqueue};
use super::priority::{Priority, uncrowded};
use super::rows::{RowRef, micros};
use super::{Catalog, CatalogError, JobKind, audit, quotas, sql};
use crate::domain::{
    AuditEntry, BlobId, Checksum, CustomerId, ExtractionStatus, FileId, FileName, FileStatus, JobId, ScanStatus, Timestamp,
};

/// A version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// Its number, from 1.
    pub number: u32,
    /// Its bytes.
    pub blob: BlobId,
    /// The name it arrived with.
    pub name: FileName,
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub checksum: Checksum,
    /// The scanner's word on its bytes.
    pub scan: ScanStatus,
    /// Who put it in place: an id.
    pub added_by: String,
    /// When it arrived.
    pub created_at: Timestamp,
}

type VersionRow = (i64, String, String, i64, String, String, String, i64);

fn record(
    (number, blob, name, size, checksum, scan, added_by, created_at): VersionRow,
    file: FileId,
) -> Result<VersionRecord, CatalogError> {
    let id = file.to_string();
    let row = RowRef { table: "versions", id: &id };
    Ok(VersionRecord {
        number: row.number(number)?,
        blob: row.parsed(&blob)?,
        name: FileName::parse(&name).map_err(|_| row.corrupt())?,
        size: row.number(size)?,
        checksum: row.known(Checksum::parse(&checksum))?,
        scan: row.known(ScanStatus::parse(&scan))?,
        added_by,
        created_at: row.instant(created_at)?,
    })
}

/// The columns of a [`VersionRow`], of the file `$2` of the customer `$1`.
macro_rules! select_versions {
    ($tail:literal) => {
        concat!(
            "SELECT v.number, v.blob_id, v.name, b.size, b.checksum, b.scan_status, v.added_by, v.created_at FROM versions v \
             JOIN blobs b ON b.customer_id = v.customer_id AND b.id = v.blob_id WHERE v.customer_id = $1 AND v.file_id = $2 ",
            $tail
        )
    };
}

impl Catalog {
    /// The last thousand versions of a file, newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn versions(&self, customer: CustomerId, file: FileId) -> Result<Vec<VersionRecord>, CatalogError> {
        let rows: Vec<VersionRow> = sql::query(select_versions!("ORDER BY v.number DESC LIMIT 1000"))
            .bind(customer.to_string())
            .bind(file.to_string())
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        rows.into_iter().map(|row| record(row, file)).collect()
    }

    /// One version of a file.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn version(&self, customer: CustomerId, file: FileId, number: u32) -> Result<Option<VersionRecord>, CatalogError> {
        let row: Option<VersionRow> = sql::query(select_versions!("AND v.number = $3"))
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(i64::from(number))
            .fetch_optional(&mut self.read(customer).await?)
            .await?;
        row.map(|row| record(row, file)).transpose()
    }

    /// Makes the bytes of an old version the newest one, in state `scanning`, with the job that will
    /// look at them: what was known of them may have changed since. Gives the number of the new version.
    ///
    /// # Errors
    /// `Conflict` when the file cannot take a version now, has no such version, or its bytes were not
    /// found clean; `Full` when the customer may not have so much; else when it could not be committed.
    pub async fn restore_version(
        &self,
        customer: CustomerId,
        file: FileId,
        number: u32,
        job: JobId,
        entry: &AuditEntry,
    ) -> Result<u32, CatalogError> {
        let at = self.clock().now();
        let now = micros(at);
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let existing = file_in(&mut tx, customer, file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
            existing.status.to(FileStatus::Scanning).map_err(|_| CatalogError::Conflict("the file cannot take a new version now"))?;
            let row: Option<VersionRow> = sql::query(select_versions!("AND v.number = $3"))
                .bind(customer.to_string())
                .bind(file.to_string())
                .bind(i64::from(number))
                .fetch_optional(&mut tx)
                .await?;
            let old = row.map(|row| record(row, file)).transpose()?.ok_or(CatalogError::Conflict("there is no such version"))?;
            if old.scan != ScanStatus::Clean {
                return Err(CatalogError::Conflict("this version was not found clean"));
            }
            refer_to(&mut tx, customer, old.blob).await?;
            let (version, seq) = (existing.version.saturating_add(1), next_change(&mut tx, customer).await?);
            // What was read from the version before says nothing of this one.
            sql::query(
                "UPDATE files SET name = $3, content_type = 'application/octet-stream', version = $4, blob_id = $5, status = $6, \
                 extraction_status = $7, extraction_reason = NULL, unlock = NULL, excerpt = NULL, summary = NULL, page_count = NULL, \
                 duration_ms = NULL, language = NULL, facts = NULL, updated_at = $8, change_seq = $9 WHERE customer_id = $1 AND id = $2",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(old.name.as_str())
            .bind(i64::from(version))
            .bind(old.blob.to_string())
            .bind(FileStatus::Scanning.as_str())
            .bind(ExtractionStatus::Pending.as_str())
            .bind(now)
            .bind(seq)
            .execute(&mut tx)
            .await?;
            sql::query(
                "INSERT INTO versions (customer_id, file_id, number, blob_id, name, added_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(i64::from(version))
            .bind(old.blob.to_string())
            .bind(old.name.as_str())
            .bind(entry.actor.to_string())
            .bind(now)
            .execute(&mut tx)
            .await?;
            let priority = uncrowded(&mut tx, customer, Priority::Upload).await?;
            enqueue(&mut tx, &NewJob { id: job, customer, kind: JobKind::Scan, file, version, priority }, at).await?;
            quotas::grow(&mut tx, customer, false, old.size).await?;
            let entry = AuditEntry { version: Some(version), content_hash: Some(old.checksum.hex()), ..entry.clone() };
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), &entry).await?;
            tx.commit().await?;
            Ok(version)
        })
        .await
    }

    /// Notes that the bytes of one version were handed out.
    ///
    /// # Errors
    /// `Conflict` when nothing of the file may be handed out any more; else when it could not be committed.
    pub async fn accessed_version(&self, customer: CustomerId, file: FileId, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = micros(self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let noted = sql::query(
                "UPDATE files SET last_accessed = $3 WHERE customer_id = $1 AND id = $2 AND status NOT IN ('quarantined', 'expired', 'deleted')",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(now)
            .execute(&mut tx)
            .await?;
            if noted == 0 {
                return Err(CatalogError::Conflict("the file cannot be handed out now"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }
}
