//! Files, versions and blobs: arriving, being judged, being admitted, being listed.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::engine::Tx;
use super::rows::{FileRow, RowRef, as_i64, list_json, micros, select_files};
use super::{Catalog, CatalogError, audit};
use crate::domain::{
    AuditEntry, BlobId, Category, Checksum, CustomerId, Extraction, ExtractionStatus, FileId, FileName, FileRecord, FileStatus, Folder,
    JobId, Owner, ScanStatus, ScanVerdict, Timestamp, UploadId,
};

/// What the sender said of a file; it outranks what is read from the bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// What people call it.
    pub title: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Key words.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What it is for.
    pub category: Option<Category>,
    /// The date on the document.
    pub created_date: Option<Date>,
}

/// A file whose bytes are stored.
#[derive(Debug)]
pub struct NewFile {
    /// Which; an existing file of the customer when these bytes are its next version.
    pub id: FileId,
    /// Whose.
    pub customer: CustomerId,
    /// Who owns it.
    pub owner: Owner,
    /// Where it lies.
    pub folder: Folder,
    /// The name it arrived with.
    pub name: FileName,
    /// What the sender said of it.
    pub given: Given,
    /// What it is called until it has been read.
    pub working_title: String,
    /// MIME type as declared, until it has been looked at.
    pub content_type: String,
    /// The id its bytes get, unless the customer already has them.
    pub blob: BlobId,
    /// Keyed hash of the content, for deduplication within the customer.
    pub content_key: String,
    /// Where the bytes lie.
    pub object_key: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub checksum: Checksum,
    /// The upload that brought them.
    pub upload: UploadId,
    /// The job that will look at them.
    pub job: JobId,
}

/// How a new file was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddedFile {
    /// The number of the new version.
    pub version: u32,
    /// Whether the customer already had these bytes, so that the uploaded object is not needed.
    pub duplicate: bool,
}

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
}

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
    /// When it arrived.
    pub created_at: Timestamp,
}

/// The scanner's judgement of a file, with where its bytes lie from now on.
#[derive(Debug)]
pub struct Judgement<'a> {
    /// The verdict.
    pub verdict: &'a ScanVerdict,
    /// The new place of the bytes, when they moved.
    pub object_key: Option<String>,
}

/// What was read from a clean file.
#[derive(Debug)]
pub struct Admission {
    /// What people call it.
    pub title: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// Key words.
    pub tags: Vec<String>,
    /// What it is for.
    pub category: Category,
    /// The date on it.
    pub created_date: Option<Date>,
    /// MIME type by content.
    pub content_type: String,
    /// How reading went.
    pub extraction: Extraction,
    /// First words.
    pub excerpt: Option<String>,
    /// Extractive summary.
    pub summary: Option<String>,
    /// Pages, slides, sheets.
    pub page_count: Option<u32>,
    /// Length in milliseconds.
    pub duration_ms: Option<u64>,
    /// Where the text lies.
    pub text_key: Option<String>,
    /// The new place of the bytes.
    pub object_key: String,
}

/// Moves the customer's change feed on by one and gives the new number.
pub(super) async fn next_change(tx: &mut Tx, customer: CustomerId) -> Result<i64, CatalogError> {
    let (seq,): (i64,) = sqlx::query_as("UPDATE customers SET change_seq = change_seq + 1 WHERE id = $1 RETURNING change_seq")
        .bind(customer.to_string())
        .fetch_one(&mut **tx)
        .await?;
    Ok(seq)
}

/// Puts a file at the end of the change feed, since what may be found of it changed.
pub(super) async fn touch(tx: &mut Tx, customer: CustomerId, file: FileId, now: Timestamp) -> Result<(), CatalogError> {
    let seq = next_change(tx, customer).await?;
    sqlx::query("UPDATE files SET change_seq = $3, updated_at = $4 WHERE customer_id = $1 AND id = $2")
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(seq)
        .bind(micros(now))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn file_in(tx: &mut Tx, customer: CustomerId, file: FileId) -> Result<Option<FileRecord>, CatalogError> {
    let row: Option<FileRow> = sqlx::query_as(select_files!("WHERE f.customer_id = $1 AND f.id = $2"))
        .bind(customer.to_string())
        .bind(file.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(FileRow::into_record).transpose()
}

async fn finish_job(tx: &mut Tx, job: JobId) -> Result<(), CatalogError> {
    let done = sqlx::query("UPDATE jobs SET state = 'done', leased_until = NULL WHERE id = $1 AND state = 'leased'")
        .bind(job.to_string())
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(CatalogError::Conflict("the job was taken over by another worker")) }
}

impl Catalog {
    /// Notes that bytes are about to arrive, so that a sweep finds what never became a file.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn begin_upload(&self, customer: CustomerId, upload: UploadId, object_key: &str) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO uploads (id, customer_id, object_key, created_at) VALUES ($1, $2, $3, $4)")
            .bind(upload.to_string())
            .bind(customer.to_string())
            .bind(object_key)
            .bind(micros(self.clock().now()))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets an upload whose object is gone; with an entry when somebody is to be told.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn abandon_upload(&self, customer: CustomerId, upload: UploadId, entry: &AuditEntry) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM uploads WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(upload.to_string())
            .execute(&mut *tx)
            .await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Uploads that began before an instant and never became a file: `(customer, upload, object key)`.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn stale_uploads(&self, before: Timestamp, limit: u32) -> Result<Vec<(CustomerId, UploadId, String)>, CatalogError> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT customer_id, id, object_key FROM uploads WHERE created_at < $1 ORDER BY id LIMIT $2")
                .bind(micros(before))
                .bind(i64::from(limit))
                .fetch_all(self.readers())
                .await?;
        rows.into_iter()
            .map(|(customer, upload, key)| {
                let row = RowRef { table: "uploads", id: &upload };
                Ok((row.parsed(&customer)?, row.parsed(&upload)?, key))
            })
            .collect()
    }

    /// Stores a file, or the next version of one, in state `scanning`, with the job that will look at it.
    ///
    /// # Errors
    /// `Conflict` when the file to get a version is gone or cannot take one now; else when it could not be committed.
    pub async fn add_file(&self, new: &NewFile, entry: &AuditEntry) -> Result<AddedFile, CatalogError> {
        let now = self.clock().now();
        let customer = new.customer.to_string();
        let mut tx = self.begin().await?;
        let known: Option<(String,)> = sqlx::query_as("SELECT id FROM blobs WHERE customer_id = $1 AND content_key = $2")
            .bind(&customer)
            .bind(&new.content_key)
            .fetch_optional(&mut *tx)
            .await?;
        let duplicate = known.is_some();
        let blob = if let Some((id,)) = known {
            id
        } else {
            sqlx::query(
                "INSERT INTO blobs (id, customer_id, content_key, object_key, size, checksum, scan_status, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(new.blob.to_string())
            .bind(&customer)
            .bind(&new.content_key)
            .bind(&new.object_key)
            .bind(as_i64(new.size))
            .bind(new.checksum.to_string())
            .bind(ScanStatus::Pending.as_str())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
            new.blob.to_string()
        };
        let seq = next_change(&mut tx, new.customer).await?;
        let given = serde_json::to_string(&new.given).map_err(|_| CatalogError::Corrupt { table: "files", id: new.id.to_string() })?;
        let version = if let Some(existing) = file_in(&mut tx, new.customer, new.id).await? {
            existing.status.to(FileStatus::Scanning).map_err(|_| CatalogError::Conflict("the file cannot take a new version now"))?;
            let version = existing.version.saturating_add(1);
            sqlx::query(
                "UPDATE files SET name = $3, given = $4, title = $5, content_type = $6, version = $7, blob_id = $8, status = $9, \
                 extraction_status = $10, extraction_reason = NULL, updated_at = $11, change_seq = $12 WHERE customer_id = $1 AND id = $2",
            )
            .bind(&customer)
            .bind(new.id.to_string())
            .bind(new.name.as_str())
            .bind(&given)
            .bind(&new.working_title)
            .bind(&new.content_type)
            .bind(i64::from(version))
            .bind(&blob)
            .bind(FileStatus::Scanning.as_str())
            .bind(ExtractionStatus::Pending.as_str())
            .bind(micros(now))
            .bind(seq)
            .execute(&mut *tx)
            .await?;
            version
        } else {
            sqlx::query(
                "INSERT INTO files (id, customer_id, owner_id, folder, name, given, title, author, tags, category, created_date, content_type, \
                 version, blob_id, status, extraction_status, added_at, updated_at, change_seq) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15, $16, $16, $17)",
            )
            .bind(new.id.to_string())
            .bind(&customer)
            .bind(match new.owner {
                Owner::User(user) => Some(user.to_string()),
                Owner::Service => None,
            })
            .bind(new.folder.as_str())
            .bind(new.name.as_str())
            .bind(&given)
            .bind(&new.working_title)
            .bind(&new.given.author)
            .bind(list_json(&new.given.tags))
            .bind(new.given.category.unwrap_or(Category::Other).as_str())
            .bind(new.given.created_date.map(|date| date.to_string()))
            .bind(&new.content_type)
            .bind(&blob)
            .bind(FileStatus::Scanning.as_str())
            .bind(ExtractionStatus::Pending.as_str())
            .bind(micros(now))
            .bind(seq)
            .execute(&mut *tx)
            .await?;
            1
        };
        sqlx::query(
            "INSERT INTO versions (customer_id, file_id, number, blob_id, name, added_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&customer)
        .bind(new.id.to_string())
        .bind(i64::from(version))
        .bind(&blob)
        .bind(new.name.as_str())
        .bind(entry.actor.to_string())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO jobs (id, customer_id, kind, file_id, version, state, attempts, run_at, created_at) VALUES ($1, $2, 'inspect', $3, $4, 'ready', 0, $5, $5)",
        )
        .bind(new.job.to_string())
        .bind(&customer)
        .bind(new.id.to_string())
        .bind(i64::from(version))
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM uploads WHERE customer_id = $1 AND id = $2")
            .bind(&customer)
            .bind(new.upload.to_string())
            .execute(&mut *tx)
            .await?;
        let entry = AuditEntry { version: Some(version), ..entry.clone() };
        audit::append(&mut tx, self.clock(), self.entropy(), &customer, &entry).await?;
        tx.commit().await?;
        Ok(AddedFile { version, duplicate })
    }

    /// Stores the scanner's verdict: a clean file goes on to `processing`, a harmful one into
    /// quarantine (its job is done then), one that could not be scanned stays where it is.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on meanwhile; else when it could not be committed.
    pub async fn judge(
        &self,
        customer: CustomerId,
        file: FileId,
        version: u32,
        judgement: &Judgement<'_>,
        job: JobId,
        entry: &AuditEntry,
    ) -> Result<FileStatus, CatalogError> {
        let now = self.clock().now();
        let mut tx = self.begin().await?;
        let record = file_in(&mut tx, customer, file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
        if record.version != version {
            return Err(CatalogError::Conflict("a newer version of the file has arrived"));
        }
        let next = match judgement.verdict.status {
            ScanStatus::Clean => FileStatus::Processing,
            ScanStatus::Infected | ScanStatus::Suspicious => FileStatus::Quarantined,
            ScanStatus::Failed | ScanStatus::Pending => record.status,
        };
        if next != record.status {
            record.status.to(next).map_err(|_| CatalogError::Conflict("the file is not waiting for a verdict"))?;
        }
        sqlx::query(
            "UPDATE blobs SET scan_status = $3, scan_engine = $4, scan_findings = $5, object_key = COALESCE($6, object_key) \
             WHERE customer_id = $1 AND id = $2",
        )
        .bind(customer.to_string())
        .bind(record.blob.to_string())
        .bind(judgement.verdict.status.as_str())
        .bind(&judgement.verdict.engine)
        .bind(list_json(&judgement.verdict.findings))
        .bind(&judgement.object_key)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE files SET status = $3 WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(next.as_str())
            .execute(&mut *tx)
            .await?;
        if next == FileStatus::Quarantined {
            finish_job(&mut tx, job).await?;
        }
        touch(&mut tx, customer, file, now).await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(next)
    }

    /// Makes a clean file `active` with what was read from it, and finishes its job.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on meanwhile; else when it could not be committed.
    pub async fn admit(
        &self,
        customer: CustomerId,
        file: FileId,
        version: u32,
        admission: &Admission,
        job: JobId,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = self.clock().now();
        let mut tx = self.begin().await?;
        let record = file_in(&mut tx, customer, file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
        if record.version != version || record.scan != ScanStatus::Clean {
            return Err(CatalogError::Conflict("this version was not found clean"));
        }
        record.status.to(FileStatus::Active).map_err(|_| CatalogError::Conflict("the file is not being processed"))?;
        sqlx::query(
            "UPDATE files SET title = $3, author = $4, tags = $5, category = $6, created_date = $7, content_type = $8, status = $9, \
             extraction_status = $10, extraction_reason = $11, excerpt = $12, summary = $13, page_count = $14, duration_ms = $15 \
             WHERE customer_id = $1 AND id = $2",
        )
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(&admission.title)
        .bind(&admission.author)
        .bind(list_json(&admission.tags))
        .bind(admission.category.as_str())
        .bind(admission.created_date.map(|date| date.to_string()))
        .bind(&admission.content_type)
        .bind(FileStatus::Active.as_str())
        .bind(admission.extraction.status.as_str())
        .bind(&admission.extraction.reason)
        .bind(&admission.excerpt)
        .bind(&admission.summary)
        .bind(admission.page_count.map(i64::from))
        .bind(admission.duration_ms.map(as_i64))
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE blobs SET object_key = $3, text_key = $4 WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(record.blob.to_string())
            .bind(&admission.object_key)
            .bind(&admission.text_key)
            .execute(&mut *tx)
            .await?;
        finish_job(&mut tx, job).await?;
        touch(&mut tx, customer, file, now).await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// One file at its current version.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn file(&self, customer: CustomerId, file: FileId) -> Result<Option<FileRecord>, CatalogError> {
        let row: Option<FileRow> = sqlx::query_as(select_files!("WHERE f.customer_id = $1 AND f.id = $2"))
            .bind(customer.to_string())
            .bind(file.to_string())
            .fetch_optional(self.readers())
            .await?;
        row.map(FileRow::into_record).transpose()
    }

    /// What the sender said of a file.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn given(&self, customer: CustomerId, file: FileId) -> Result<Option<Given>, CatalogError> {
        let row: Option<(String,)> = sqlx::query_as("SELECT given FROM files WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(file.to_string())
            .fetch_optional(self.readers())
            .await?;
        row.map(|(json,)| serde_json::from_str(&json).map_err(|_| CatalogError::Corrupt { table: "files", id: file.to_string() }))
            .transpose()
    }

    /// Files of a customer after an id, oldest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn files_after(&self, customer: CustomerId, after: Option<FileId>, limit: u32) -> Result<Vec<FileRecord>, CatalogError> {
        let rows: Vec<FileRow> =
            sqlx::query_as(select_files!("WHERE f.customer_id = $1 AND f.id > $2 AND f.status <> 'deleted' ORDER BY f.id LIMIT $3"))
                .bind(customer.to_string())
                .bind(after.map(|id| id.to_string()).unwrap_or_default())
                .bind(i64::from(limit))
                .fetch_all(self.readers())
                .await?;
        rows.into_iter().map(FileRow::into_record).collect()
    }

    /// Where bytes lie, and what is known of them.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn blob(&self, customer: CustomerId, blob: BlobId) -> Result<Option<BlobRecord>, CatalogError> {
        let row: Option<(String, Option<String>, i64, String, String)> =
            sqlx::query_as("SELECT object_key, text_key, size, checksum, scan_status FROM blobs WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(blob.to_string())
                .fetch_optional(self.readers())
                .await?;
        let Some((object_key, text_key, size, checksum, scan)) = row else { return Ok(None) };
        let id = blob.to_string();
        let row = RowRef { table: "blobs", id: &id };
        Ok(Some(BlobRecord {
            id: blob,
            object_key,
            text_key,
            size: row.number(size)?,
            checksum: row.known(Checksum::parse(&checksum))?,
            scan: row.known(ScanStatus::parse(&scan))?,
        }))
    }

    /// Versions of a file, newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn versions(&self, customer: CustomerId, file: FileId) -> Result<Vec<VersionRecord>, CatalogError> {
        let rows: Vec<(i64, String, String, i64, String, i64)> = sqlx::query_as(
            "SELECT v.number, v.blob_id, v.name, b.size, b.checksum, v.created_at FROM versions v JOIN blobs b ON b.id = v.blob_id \
             WHERE v.customer_id = $1 AND v.file_id = $2 ORDER BY v.number DESC",
        )
        .bind(customer.to_string())
        .bind(file.to_string())
        .fetch_all(self.readers())
        .await?;
        let id = file.to_string();
        let row = RowRef { table: "versions", id: &id };
        rows.into_iter()
            .map(|(number, blob, name, size, checksum, created_at)| {
                Ok(VersionRecord {
                    number: row.number(number)?,
                    blob: row.parsed(&blob)?,
                    name: FileName::parse(&name).map_err(|_| row.corrupt())?,
                    size: row.number(size)?,
                    checksum: row.known(Checksum::parse(&checksum))?,
                    created_at: row.instant(created_at)?,
                })
            })
            .collect()
    }

    /// Marks a file deleted; its bytes stay until they are swept.
    ///
    /// # Errors
    /// `Conflict` when it is gone, held or retained; else when it could not be committed.
    pub async fn delete_file(&self, customer: CustomerId, file: FileId, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        let mut tx = self.begin().await?;
        let record = file_in(&mut tx, customer, file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
        record.status.to(FileStatus::Deleted).map_err(|_| CatalogError::Conflict("the file is already deleted"))?;
        if record.hold || record.retention_until.is_some_and(|until| now < until) {
            return Err(CatalogError::Conflict("the file is held"));
        }
        sqlx::query("UPDATE files SET status = 'deleted' WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(file.to_string())
            .execute(&mut *tx)
            .await?;
        touch(&mut tx, customer, file, now).await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that bytes were handed out.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn accessed(&self, customer: CustomerId, file: FileId, entry: &AuditEntry) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE files SET last_accessed = $3 WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(micros(self.clock().now()))
            .execute(&mut *tx)
            .await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
