//! Uploads whose bytes go straight to the store: what was promised of them, and what became of it.

use sqlx::FromRow;

use super::arrival::Given;
use super::rows::{RowRef, as_i64, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, quotas, sql, sweeps};
use crate::domain::{AuditEntry, Checksum, CustomerId, FileId, FileName, Folder, Timestamp, UploadId, UserId};

/// What became of a direct upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectState {
    /// Its bytes may come.
    Open,
    /// It is this file.
    Done(FileId),
    /// Its sender gave it up.
    GivenUp,
    /// What came was not what was promised.
    Refused,
}

impl DirectState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done(_) => "done",
            Self::GivenUp => "given_up",
            Self::Refused => "refused",
        }
    }
}

/// A direct upload.
#[derive(Debug, Clone)]
pub struct DirectUpload {
    /// Which; the same id leads a sweep to its object.
    pub id: UploadId,
    /// Whose.
    pub customer: CustomerId,
    /// Where its bytes go.
    pub object_key: String,
    /// The store's name for an upload of parts, and the bytes of each but the last; `None` for a
    /// single request.
    pub parts: Option<(String, u64)>,
    /// Bytes promised.
    pub size: u64,
    /// SHA-256 promised, where the sender knew it.
    pub checksum: Option<Checksum>,
    /// The name the file is to have.
    pub name: FileName,
    /// Where it is to lie.
    pub folder: Folder,
    /// Whose it is to be, as its sender asked.
    pub owner: Option<UserId>,
    /// What its sender said of it.
    pub given: Given,
    /// MIME type as declared.
    pub content_type: Option<String>,
    /// The file that is to get these bytes as its next version.
    pub replaces: Option<FileId>,
    /// Who began it, as the audit trail names him.
    pub begun_by: String,
    /// What became of it.
    pub state: DirectState,
    /// Until when it may be completed.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct DirectRow {
    id: String,
    customer_id: String,
    object_key: String,
    parts_id: Option<String>,
    part_size: Option<i64>,
    size: i64,
    checksum: Option<String>,
    name: String,
    folder: String,
    owner_id: Option<String>,
    given: String,
    content_type: Option<String>,
    replaces: Option<String>,
    begun_by: String,
    state: String,
    file_id: Option<String>,
    expires_at: i64,
}

/// How many uploads may be open at once when one more begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MostOpen {
    /// Of the customer, those of upload links apart.
    OfCustomer(u32),
    /// Of who begins this one.
    OfSender(u32),
}

impl DirectRow {
    fn into_record(self) -> Result<DirectUpload, CatalogError> {
        let row = RowRef { table: "direct_uploads", id: &self.id };
        Ok(DirectUpload {
            id: row.parsed(&self.id)?,
            customer: row.parsed(&self.customer_id)?,
            object_key: self.object_key.clone(),
            parts: match (&self.parts_id, self.part_size) {
                (Some(id), Some(size)) => Some((id.clone(), row.number(size)?)),
                (None, None) => None,
                _ => return Err(row.corrupt()),
            },
            size: row.number(self.size)?,
            checksum: self.checksum.as_deref().map(|text| row.known(Checksum::parse(text))).transpose()?,
            name: FileName::parse(&self.name).map_err(|_| row.corrupt())?,
            folder: Folder::parse(&self.folder).map_err(|_| row.corrupt())?,
            owner: self.owner_id.as_deref().map(|text| row.parsed(text)).transpose()?,
            given: serde_json::from_str(&self.given).map_err(|_| row.corrupt())?,
            content_type: self.content_type.clone(),
            replaces: self.replaces.as_deref().map(|text| row.parsed(text)).transpose()?,
            begun_by: self.begun_by.clone(),
            state: match (self.state.as_str(), &self.file_id) {
                ("open", None) => DirectState::Open,
                ("done", Some(file)) => DirectState::Done(row.parsed(file)?),
                ("given_up", None) => DirectState::GivenUp,
                ("refused", None) => DirectState::Refused,
                _ => return Err(row.corrupt()),
            },
            expires_at: row.instant(self.expires_at)?,
        })
    }
}

impl Catalog {
    /// Notes a direct upload before anybody may send its bytes; `false`, and nothing is noted, when as many as may
    /// be are open already.
    ///
    /// # Errors
    /// `Conflict` when the customer has no such owner or file to replace; `Full` when it may not have so
    /// much; else when it could not be committed.
    pub async fn begin_direct(&self, new: &DirectUpload, most: MostOpen, entry: &AuditEntry) -> Result<bool, CatalogError> {
        let customer = new.customer.to_string();
        let given =
            serde_json::to_string(&new.given).map_err(|_| CatalogError::Corrupt { table: "direct_uploads", id: new.id.to_string() })?;
        self.verb(|| async {
            let now = micros(self.clock().now());
            let mut tx = self.begin(new.customer).await?;
            // First, since it locks the customer's chain: two that begin at once are counted one after the other.
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            let (text, most) = match most {
                MostOpen::OfSender(most) => (
                    "SELECT COUNT(*) FROM direct_uploads WHERE customer_id = $1 AND state = 'open' AND expires_at > $2 AND begun_by = $3",
                    most,
                ),
                MostOpen::OfCustomer(most) => (
                    "SELECT COUNT(*) FROM direct_uploads WHERE customer_id = $1 AND state = 'open' AND expires_at > $2 \
                     AND (begun_by = $3 OR begun_by NOT LIKE 'link%')",
                    most,
                ),
            };
            let (open,): (i64,) =
                sql::query(text).bind(&customer).bind(now).bind(&new.begun_by).fetch_one(&mut tx).await?;
            if open >= i64::from(most) {
                return Ok(false);
            }
            quotas::fits(&mut tx, new.customer, new.replaces.is_none(), new.size, self.clock().now()).await?;
            sql::query("INSERT INTO uploads (id, customer_id, object_key, created_at) VALUES ($1, $2, $3, $4)")
                .bind(new.id.to_string())
                .bind(&customer)
                .bind(&new.object_key)
                .bind(now)
                .execute(&mut tx)
                .await?;
            let (parts_id, part_size) = new.parts.as_ref().map(|(id, size)| (id.clone(), as_i64(*size))).unzip();
            sql::query(
                "INSERT INTO direct_uploads (id, customer_id, object_key, parts_id, part_size, size, checksum, name, folder, owner_id, given, \
                 content_type, replaces, begun_by, state, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            )
            .bind(new.id.to_string())
            .bind(&customer)
            .bind(&new.object_key)
            .bind(parts_id)
            .bind(part_size)
            .bind(as_i64(new.size))
            .bind(new.checksum.map(|checksum| checksum.to_string()))
            .bind(new.name.as_str())
            .bind(new.folder.as_str())
            .bind(new.owner.map(|owner| owner.to_string()))
            .bind(&given)
            .bind(&new.content_type)
            .bind(new.replaces.map(|file| file.to_string()))
            .bind(&new.begun_by)
            .bind(DirectState::Open.as_str())
            .bind(now)
            .bind(micros(new.expires_at))
            .execute(&mut tx)
            .await?;
            sweeps::due(&mut tx, new.customer, new.expires_at).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// A direct upload of the customer's.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn direct_upload(&self, customer: CustomerId, id: UploadId) -> Result<Option<DirectUpload>, CatalogError> {
        let row: Option<DirectRow> = sql::query(
            "SELECT id, customer_id, object_key, parts_id, part_size, size, checksum, name, folder, owner_id, given, content_type, replaces, \
             begun_by, state, file_id, expires_at FROM direct_uploads WHERE customer_id = $1 AND id = $2",
        )
        .bind(customer.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        row.map(DirectRow::into_record).transpose()
    }

    /// Takes an open upload to complete it or give it up, until an instant; `false` when it is not
    /// open, or somebody else has it.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn claim_direct(&self, customer: CustomerId, id: UploadId, until: Timestamp) -> Result<bool, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let claimed = sql::query(
                "UPDATE direct_uploads SET claimed_until = $3 WHERE customer_id = $1 AND id = $2 AND state = 'open' \
                 AND (claimed_until IS NULL OR claimed_until < $4)",
            )
            .bind(customer.to_string())
            .bind(id.to_string())
            .bind(micros(until))
            .bind(micros(self.clock().now()))
            .execute(&mut tx)
            .await?;
            tx.commit().await?;
            Ok(claimed == 1)
        })
        .await
    }

    /// Lets go of an upload that could not be completed; it stays open. With an entry of why.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn release_direct(&self, customer: CustomerId, id: UploadId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            sql::query("UPDATE direct_uploads SET claimed_until = NULL WHERE customer_id = $1 AND id = $2 AND state = 'open'")
                .bind(customer.to_string())
                .bind(id.to_string())
                .execute(&mut tx)
                .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Ends an open upload without a file. From now on nothing can become a file of its object, which
    /// may be removed; the row in `uploads` leads a sweep to it until then.
    ///
    /// # Errors
    /// `Conflict` when it is not open; else when it could not be committed.
    pub async fn end_direct(&self, customer: CustomerId, id: UploadId, state: DirectState, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let ended = sql::query(
                "UPDATE direct_uploads SET state = $3, claimed_until = NULL WHERE customer_id = $1 AND id = $2 AND state = 'open'",
            )
            .bind(customer.to_string())
            .bind(id.to_string())
            .bind(state.as_str())
            .execute(&mut tx)
            .await?;
            if ended == 0 {
                return Err(CatalogError::Conflict("the upload is not open any more"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Forgets direct uploads that could be completed until an instant at most, whatever became of them.
    /// Part of what has its record. Gives how many.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn forget_direct_uploads(&self, customer: CustomerId, before: Timestamp, limit: u32) -> Result<u64, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let gone = sql::query(
                "DELETE FROM direct_uploads WHERE customer_id = $1 AND id IN (SELECT id FROM direct_uploads WHERE customer_id = $1 \
                 AND expires_at < $2 AND (state <> 'open' OR claimed_until IS NULL OR claimed_until < $3) ORDER BY expires_at, id LIMIT $4)",
            )
            .bind(customer.to_string())
            .bind(micros(before))
            .bind(micros(self.clock().now()))
            .bind(i64::from(limit))
            .execute(&mut tx)
            .await?;
            tx.commit().await?;
            Ok(gone)
        })
        .await
    }
}

/// Ends an open upload with the file it became, in the transaction that stores the file. Gives where its bytes
/// came in.
pub(super) async fn close_with_file(tx: &mut Tx, customer: CustomerId, id: UploadId, file: FileId) -> Result<String, CatalogError> {
    let closed: Option<(String,)> = sql::query(
        "UPDATE direct_uploads SET state = 'done', file_id = $3, claimed_until = NULL WHERE customer_id = $1 AND id = $2 AND state = 'open' \
         RETURNING object_key",
    )
    .bind(customer.to_string())
    .bind(id.to_string())
    .bind(file.to_string())
    .fetch_optional(tx)
    .await?;
    // One upload is one file, whatever was asked twice.
    closed.map(|(key,)| key).ok_or(CatalogError::Conflict("the upload is not open any more"))
}
