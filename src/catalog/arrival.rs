//! Files arriving: uploads that are under way, and the file they become.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::files::{file_in, next_change};
use super::jobs::{NewJob, enqueue};
use super::rows::{RowRef, as_i64, list_json, micros};
use super::session::Scope;
use super::topics::keep_said;
use super::{Adoption, Catalog, CatalogError, JobKind, Sender, adopted, audit, direct, events, object_places, priority, quotas, sql};
use crate::domain::{
    AuditEntry, BlobId, Category, Checksum, CustomerId, ExtractionStatus, FileId, FileName, FileStatus, Folder, JobId, Owner, ScanStatus,
    Timestamp, Topic, TopicSaid, UploadId,
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
    /// What kind of file it is.
    pub category: Option<Category>,
    /// By which word it is sorted.
    #[serde(default)]
    pub topic: Option<Topic>,
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
    /// The object they are, where they lie where somebody else put them.
    pub adopted: Option<Adoption>,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub checksum: Checksum,
    /// The upload that brought them, where one did.
    pub upload: Option<UploadId>,
    /// The job that will look at them.
    pub job: JobId,
    /// The direct upload that this ends, where they came by one.
    pub closes: Option<UploadId>,
    /// Who is told what becomes of it, where somebody is.
    pub sender: Option<Sender>,
}

/// How a new file was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddedFile {
    /// The number of the new version.
    pub version: u32,
    /// Whether the customer already had these bytes, so that the uploaded object is not needed.
    pub duplicate: bool,
}

impl Catalog {
    /// Notes that bytes are about to arrive, so that a sweep finds what never became a file.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn begin_upload(&self, customer: CustomerId, upload: UploadId, object_key: &str) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            sql::query("INSERT INTO uploads (id, customer_id, object_key, created_at) VALUES ($1, $2, $3, $4)")
                .bind(upload.to_string())
                .bind(customer.to_string())
                .bind(object_key)
                .bind(micros(self.clock().now()))
                .execute(&mut tx)
                .await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Forgets an upload whose object is gone; with an entry when somebody is to be told.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn abandon_upload(&self, customer: CustomerId, upload: UploadId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            sql::query("DELETE FROM uploads WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(upload.to_string())
                .execute(&mut tx)
                .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Uploads that began before an instant and never became a file, in the order of their ids after one of them:
    /// `(customer, upload, object key)`.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn stale_uploads(
        &self,
        before: Timestamp,
        after: Option<UploadId>,
        limit: u32,
    ) -> Result<Vec<(CustomerId, UploadId, String)>, CatalogError> {
        let rows: Vec<(String, String, String)> =
            sql::query("SELECT customer_id, id, object_key FROM uploads WHERE created_at < $1 AND id > $2 ORDER BY id LIMIT $3")
                .bind(micros(before))
                .bind(after.map(|id| id.to_string()).unwrap_or_default())
                .bind(i64::from(limit))
                .fetch_all(&mut self.read(Scope::House).await?)
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
    /// The upload of bytes the customer already has stays noted, so that a sweep removes its object
    /// when the program stops before doing so.
    ///
    /// # Errors
    /// `Conflict` when the file to get a version cannot take one now, the customer does not have that
    /// owner, or the link it came under takes nothing more; `Full` when it may not have so much; else when
    /// it could not be committed.
    pub async fn add_file(&self, new: &NewFile, entry: &AuditEntry) -> Result<AddedFile, CatalogError> {
        let now = self.clock().now();
        let customer = new.customer.to_string();
        self.verb(|| async {
            let mut tx = self.begin(new.customer).await?;
            // One statement, since two uploads of the same bytes may arrive at once; the blob that is there wins.
            let (blob,): (String,) = sql::query(
                "INSERT INTO blobs (id, customer_id, content_key, object_key, size, checksum, scan_status, created_at, adopted, \
                 pin_etag, pin_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                 ON CONFLICT (customer_id, content_key) DO UPDATE SET unreferenced_at = NULL RETURNING id",
            )
            .bind(new.blob.to_string())
            .bind(&customer)
            .bind(&new.content_key)
            .bind(&new.object_key)
            .bind(as_i64(new.size))
            .bind(new.checksum.to_string())
            .bind(ScanStatus::Pending.as_str())
            .bind(micros(now))
            .bind(i64::from(new.adopted.is_some()))
            .bind(new.adopted.as_ref().map(|adoption| adoption.pin.etag.clone()))
            .bind(new.adopted.as_ref().and_then(|adoption| adoption.pin.version.clone()))
            .fetch_one(&mut tx)
            .await?;
            let duplicate = blob != new.blob.to_string();
            if duplicate {
                let blob = RowRef { table: "blobs", id: &blob }.parsed(&blob)?;
                object_places::left(&mut tx, new.customer, &new.object_key, blob, now).await?;
            }
            let seq = next_change(&mut tx, new.customer).await?;
            let given = serde_json::to_string(&new.given).map_err(|_| CatalogError::Corrupt { table: "files", id: new.id.to_string() })?;
            let version = if let Some(existing) = file_in(&mut tx, new.customer, new.id).await? {
                // Adopted bytes that changed before they were scanned are gone: no verdict on them will ever come.
                let is_overtaken = new.adopted.is_some() && matches!(existing.status, FileStatus::Scanning | FileStatus::Processing);
                if !is_overtaken {
                    existing.status.to(FileStatus::Scanning).map_err(|_| CatalogError::Conflict("the file cannot take a new version now"))?;
                }
                let version = existing.version.saturating_add(1);
                // What was read from the version before says nothing of this one.
                sql::query(
                    "UPDATE files SET name = $3, given = $4, title = $5, content_type = $6, version = $7, blob_id = $8, status = $9, \
                     extraction_status = $10, extraction_reason = NULL, unlock = NULL, excerpt = NULL, summary = NULL, page_count = NULL, \
                     duration_ms = NULL, language = NULL, facts = NULL, updated_at = $11, change_seq = $12 WHERE customer_id = $1 AND id = $2",
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
                .execute(&mut tx)
                .await?;
                version
            } else {
                sql::query(
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
                .execute(&mut tx)
                .await?;
                1
            };
            if let Some(topic) = &new.given.topic {
                let said = TopicSaid { topic: topic.clone(), by: entry.actor.to_string(), at: now };
                keep_said(&mut tx, new.customer, new.id, &said).await?;
            }
            quotas::grow(&mut tx, new.customer, version == 1, new.size).await?;
            sql::query(
                "INSERT INTO versions (customer_id, file_id, number, blob_id, name, added_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(&customer)
            .bind(new.id.to_string())
            .bind(i64::from(version))
            .bind(&blob)
            .bind(new.name.as_str())
            .bind(entry.actor.to_string())
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            let priority = priority::of_arrival(&mut tx, new, now).await?;
            let job = NewJob { id: new.job, customer: new.customer, kind: JobKind::Scan, file: new.id, version, priority };
            enqueue(&mut tx, &job, now).await?;
            if let Some(upload) = new.upload.filter(|_| !duplicate) {
                sql::query("DELETE FROM uploads WHERE customer_id = $1 AND id = $2")
                    .bind(&customer)
                    .bind(upload.to_string())
                    .execute(&mut tx)
                    .await?;
            }
            if let Some(adoption) = &new.adopted {
                adopted::adopt(&mut tx, new.customer, new.id, new.size, version, adoption, now).await?;
            }
            if let Some(direct) = new.closes {
                let came_in = direct::close_with_file(&mut tx, new.customer, direct, new.id).await?;
                if came_in != new.object_key {
                    let blob = RowRef { table: "blobs", id: &blob }.parsed(&blob)?;
                    object_places::left(&mut tx, new.customer, &came_in, blob, now).await?;
                }
            }
            if let Some(sender) = &new.sender {
                events::arrived(&mut tx, new.customer, new.id, version, sender, now).await?;
            }
            let entry = AuditEntry { version: Some(version), ..entry.clone() };
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, &entry).await?;
            tx.commit().await?;
            Ok(AddedFile { version, duplicate })
        })
        .await
    }
}
