//! Files, versions and blobs as they are, and how they go.

use super::arrival::Given;
use super::rows::{FileRow, RowRef, micros, select_files};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, quotas, sql, sweeps};
use crate::domain::{AuditEntry, BlobId, Checksum, CustomerId, FileId, FileRecord, FileStatus, Pin, Preview, ScanStatus, Timestamp};

/// Bytes, as stored once per customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRecord {
    /// Which.
    pub id: BlobId,
    /// Where they lie.
    pub object_key: String,
    /// Where their text lies.
    pub text_key: Option<String>,
    /// How many.
    pub size: u64,
    /// SHA-256.
    pub checksum: Checksum,
    /// The scanner's word.
    pub scan: ScanStatus,
    /// Which bytes of an object that lies where somebody else put it: such an object is read, and never
    /// moved or removed.
    pub adopted: Option<Pin>,
    /// Whether there are pictures of what they look like.
    pub preview: Preview,
}

/// Moves the customer's change feed on by one and gives the new number.
pub(super) async fn next_change(tx: &mut Tx, customer: CustomerId) -> Result<i64, CatalogError> {
    let (seq,): (i64,) = sql::query("UPDATE customers SET change_seq = change_seq + 1 WHERE id = $1 RETURNING change_seq")
        .bind(customer.to_string())
        .fetch_one(tx)
        .await?;
    Ok(seq)
}

/// Puts a file at the end of the change feed, since what may be found of it changed.
pub(super) async fn touch(tx: &mut Tx, customer: CustomerId, file: FileId, now: Timestamp) -> Result<(), CatalogError> {
    let seq = next_change(tx, customer).await?;
    sql::query("UPDATE files SET change_seq = $3, updated_at = $4 WHERE customer_id = $1 AND id = $2")
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(seq)
        .bind(micros(now))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn file_in(tx: &mut Tx, customer: CustomerId, file: FileId) -> Result<Option<FileRecord>, CatalogError> {
    let row: Option<FileRow> = sql::query(select_files!("WHERE f.customer_id = $1 AND f.id = $2"))
        .bind(customer.to_string())
        .bind(file.to_string())
        .fetch_optional(tx)
        .await?;
    row.map(FileRow::into_record).transpose()
}

impl Catalog {
    /// One file at its current version.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn file(&self, customer: CustomerId, file: FileId) -> Result<Option<FileRecord>, CatalogError> {
        let row: Option<FileRow> = sql::query(select_files!("WHERE f.customer_id = $1 AND f.id = $2"))
            .bind(customer.to_string())
            .bind(file.to_string())
            .fetch_optional(&mut self.read(customer).await?)
            .await?;
        row.map(FileRow::into_record).transpose()
    }

    /// Several files at their current versions, in this order; those that are not there are left out.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn files_of(&self, customer: CustomerId, files: &[FileId]) -> Result<Vec<FileRecord>, CatalogError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<FileRow> = sql::query(select_files!("WHERE f.customer_id = $1"))
            .bind(customer.to_string())
            .one_of("f.id", files)
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        let mut records = rows.into_iter().map(FileRow::into_record).collect::<Result<Vec<_>, _>>()?;
        records.sort_by_key(|record| files.iter().position(|file| *file == record.id));
        Ok(records)
    }

    /// What the sender said of a file.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn given(&self, customer: CustomerId, file: FileId) -> Result<Option<Given>, CatalogError> {
        let row: Option<(String,)> = sql::query("SELECT given FROM files WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(file.to_string())
            .fetch_optional(&mut self.read(customer).await?)
            .await?;
        row.map(|(json,)| serde_json::from_str(&json).map_err(|_| CatalogError::Corrupt { table: "files", id: file.to_string() }))
            .transpose()
    }

    /// The files of a customer that came last, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn newest_files(&self, customer: CustomerId, limit: u32) -> Result<Vec<FileRecord>, CatalogError> {
        let rows: Vec<FileRow> =
            sql::query(select_files!("WHERE f.customer_id = $1 AND f.status <> 'deleted' ORDER BY f.id DESC LIMIT $2"))
                .bind(customer.to_string())
                .bind(i64::from(limit))
                .fetch_all(&mut self.read(customer).await?)
                .await?;
        rows.into_iter().map(FileRow::into_record).collect()
    }

    /// Files of a customer after an id, oldest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn files_after(&self, customer: CustomerId, after: Option<FileId>, limit: u32) -> Result<Vec<FileRecord>, CatalogError> {
        let rows: Vec<FileRow> =
            sql::query(select_files!("WHERE f.customer_id = $1 AND f.id > $2 AND f.status <> 'deleted' ORDER BY f.id LIMIT $3"))
                .bind(customer.to_string())
                .bind(after.map(|id| id.to_string()).unwrap_or_default())
                .bind(i64::from(limit))
                .fetch_all(&mut self.read(customer).await?)
                .await?;
        rows.into_iter().map(FileRow::into_record).collect()
    }

    /// Where bytes lie, and what is known of them; nothing once they were given up.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn blob(&self, customer: CustomerId, blob: BlobId) -> Result<Option<BlobRecord>, CatalogError> {
        type Row = (String, Option<String>, i64, String, String, i64, Option<String>, Option<String>, Option<String>, Option<String>);
        let row: Option<Row> = sql::query(
            "SELECT object_key, text_key, size, checksum, scan_status, adopted, pin_etag, pin_version, preview, preview_reason FROM blobs \
                 WHERE customer_id = $1 AND id = $2 AND collected_at IS NULL",
        )
        .bind(customer.to_string())
        .bind(blob.to_string())
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        let Some((object_key, text_key, size, checksum, scan, adopted, etag, version, preview, reason)) = row else { return Ok(None) };
        let id = blob.to_string();
        let row = RowRef { table: "blobs", id: &id };
        Ok(Some(BlobRecord {
            id: blob,
            object_key,
            text_key,
            size: row.number(size)?,
            checksum: row.known(Checksum::parse(&checksum))?,
            scan: row.known(ScanStatus::parse(&scan))?,
            adopted: if adopted == 0 { None } else { Some(Pin { etag: row.known(etag)?, version }) },
            preview: match (preview.as_deref(), reason) {
                (None, _) => Preview::NotYet,
                (Some("made"), _) => Preview::Made,
                (Some("none"), Some(reason)) => Preview::Never(reason),
                _ => return Err(row.corrupt()),
            },
        }))
    }

    /// Marks a file deleted; its bytes stay until they are swept.
    ///
    /// # Errors
    /// `Conflict` when it is gone, held or retained; else when it could not be committed.
    pub async fn delete_file(&self, customer: CustomerId, file: FileId, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let record = file_in(&mut tx, customer, file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
            record.status.to(FileStatus::Deleted).map_err(|_| CatalogError::Conflict("the file is already deleted"))?;
            if record.hold || record.retention_until.is_some_and(|until| now < until) {
                return Err(CatalogError::Conflict("the file is held"));
            }
            sql::query("UPDATE files SET status = 'deleted', deleted_at = $3 WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(file.to_string())
                .bind(micros(now))
                .execute(&mut tx)
                .await?;
            quotas::shrink(&mut tx, customer, file).await?;
            touch(&mut tx, customer, file, now).await?;
            sweeps::due(&mut tx, customer, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Notes that bytes were handed out.
    ///
    /// # Errors
    /// `Conflict` when the file is not active any more; else when it could not be committed.
    pub async fn accessed(&self, customer: CustomerId, file: FileId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let noted = sql::query("UPDATE files SET last_accessed = $3 WHERE customer_id = $1 AND id = $2 AND status = 'active'")
                .bind(customer.to_string())
                .bind(file.to_string())
                .bind(micros(self.clock().now()))
                .execute(&mut tx)
                .await?;
            if noted == 0 {
                return Err(CatalogError::Conflict("the file cannot be handed out now"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}
