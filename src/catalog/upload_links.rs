//! Links under which somebody may send files to a user, and what came by them.

use sqlx::FromRow;

use super::pending::confirm_pending;
use super::rows::{FileRow, RowRef, as_i64, micros, select_files};
use super::session::Scope;
use super::{Catalog, CatalogError, NewMessage, audit, sql, sweeps};
use crate::domain::{AuditEntry, CallId, CustomerId, FileRecord, Folder, LinkId, PendingId, PersonId, Timestamp, UserId};

/// A link for uploads, to be made. The slug itself is stored sealed only.
#[derive(Debug)]
pub struct NewUploadLink {
    /// Which.
    pub id: LinkId,
    /// Whose.
    pub customer: CustomerId,
    /// SHA-256 of the slug, hexadecimal.
    pub slug_hash: String,
    /// The slug, sealed.
    pub slug_sealed: String,
    /// Who asks, and gets what arrives.
    pub asked_by: UserId,
    /// In which call, and as which of its callers.
    pub call: Option<(CallId, u32)>,
    /// Who is to send; `None` for the caller.
    pub sender: Option<PersonId>,
    /// Where what arrives is to lie.
    pub folder: Folder,
    /// What is wanted, in the caller's words.
    pub what: Option<String>,
    /// Files that it takes.
    pub most_files: u32,
    /// Bytes of each of them.
    pub most_bytes: u64,
    /// Until when.
    pub expires_at: Timestamp,
    /// What is to be delivered.
    pub messages: Vec<NewMessage>,
}

/// A link for uploads as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadLink {
    /// Which.
    pub id: LinkId,
    /// Whose.
    pub customer: CustomerId,
    /// The slug, sealed.
    pub slug_sealed: String,
    /// Who asked, and gets what arrives.
    pub asked_by: UserId,
    /// In which call, and as which of its callers.
    pub call: Option<(CallId, u32)>,
    /// Who is to send; `None` for the caller.
    pub sender: Option<PersonId>,
    /// Where what arrives lies.
    pub folder: Folder,
    /// What is wanted, in the caller's words.
    pub what: Option<String>,
    /// Files that it takes.
    pub most_files: u32,
    /// Bytes of each of them.
    pub most_bytes: u64,
    /// Files that came.
    pub files: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl UploadLink {
    /// Whether it opens a page now.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

#[derive(FromRow)]
struct LinkRow {
    id: String,
    customer_id: String,
    slug_sealed: String,
    asked_by: String,
    call_id: Option<String>,
    epoch: i64,
    sender_id: Option<String>,
    folder: String,
    what: Option<String>,
    most_files: i64,
    most_bytes: i64,
    files: i64,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
}

/// The columns of [`LinkRow`].
macro_rules! select_links {
    ($tail:literal) => {
        concat!(
            "SELECT id, customer_id, slug_sealed, asked_by, call_id, epoch, sender_id, folder, what, most_files, most_bytes, files, created_at, expires_at, ",
            "revoked_at FROM upload_links ",
            $tail
        )
    };
}

impl LinkRow {
    fn into_record(self) -> Result<UploadLink, CatalogError> {
        let row = RowRef { table: "upload_links", id: &self.id };
        let epoch = row.number(self.epoch)?;
        Ok(UploadLink {
            id: row.parsed(&self.id)?,
            customer: row.parsed(&self.customer_id)?,
            slug_sealed: self.slug_sealed.clone(),
            asked_by: row.parsed(&self.asked_by)?,
            call: self.call_id.as_deref().map(|text| row.parsed(text)).transpose()?.map(|call| (call, epoch)),
            sender: self.sender_id.as_deref().map(PersonId::parse).transpose().map_err(|_| row.corrupt())?,
            folder: Folder::parse(&self.folder).map_err(|_| row.corrupt())?,
            what: self.what.clone(),
            most_files: row.number(self.most_files)?,
            most_bytes: row.number(self.most_bytes)?,
            files: row.number(self.files)?,
            created_at: row.instant(self.created_at)?,
            expires_at: row.instant(self.expires_at)?,
            revoked_at: row.maybe_instant(self.revoked_at)?,
        })
    }
}

impl Catalog {
    /// Makes a link for uploads with its messages, and takes the confirmed action out of wait, all or nothing.
    ///
    /// # Errors
    /// `Conflict` when the action was already answered or waited too long, or the customer does not have
    /// those people; else when it could not be committed.
    pub async fn add_upload_link(
        &self,
        new: &NewUploadLink,
        confirmed: Option<(CallId, PendingId)>,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = self.clock().now();
        let customer = new.customer.to_string();
        self.verb(|| async {
            let mut tx = self.begin(new.customer).await?;
            if let Some((call, pending)) = confirmed {
                confirm_pending(&mut tx, new.customer, call, pending, now).await?;
            }
            let (call, epoch) = new.call.unzip();
            sql::query(
                "INSERT INTO upload_links (id, customer_id, slug_hash, slug_sealed, asked_by, call_id, epoch, sender_id, folder, what, \
                 most_files, most_bytes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            )
            .bind(new.id.to_string())
            .bind(&customer)
            .bind(&new.slug_hash)
            .bind(&new.slug_sealed)
            .bind(new.asked_by.to_string())
            .bind(call.map(|id| id.to_string()))
            .bind(i64::from(epoch.unwrap_or(0)))
            .bind(new.sender.map(|id| id.to_string()))
            .bind(new.folder.as_str())
            .bind(&new.what)
            .bind(i64::from(new.most_files))
            .bind(as_i64(new.most_bytes))
            .bind(micros(now))
            .bind(micros(new.expires_at))
            .execute(&mut tx)
            .await?;
            self.queue(&mut tx, new.customer, &new.messages, entry).await?;
            sweeps::due(&mut tx, new.customer, new.expires_at).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            tx.commit().await
        })
        .await
    }

    /// The link for uploads with this hash of its slug, alive or not.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn upload_link(&self, slug_hash: &str) -> Result<Option<UploadLink>, CatalogError> {
        let row: Option<LinkRow> = sql::query(select_links!("WHERE slug_hash = $1"))
            .bind(slug_hash)
            .fetch_optional(&mut self.read(Scope::Secret(slug_hash)).await?)
            .await?;
        row.map(LinkRow::into_record).transpose()
    }

    /// Living links that a user asked for, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn upload_links_of(&self, customer: CustomerId, user: UserId, limit: u32) -> Result<Vec<UploadLink>, CatalogError> {
        let rows: Vec<LinkRow> = sql::query(select_links!(
            "WHERE customer_id = $1 AND asked_by = $2 AND revoked_at IS NULL AND expires_at > $3 ORDER BY id DESC LIMIT $4"
        ))
        .bind(customer.to_string())
        .bind(user.to_string())
        .bind(micros(self.clock().now()))
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(LinkRow::into_record).collect()
    }

    /// Files that came under a link, as they are now, in the order in which they came.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn came_by(&self, customer: CustomerId, link: LinkId) -> Result<Vec<FileRecord>, CatalogError> {
        let rows: Vec<FileRow> = sql::query(select_files!(
            "JOIN arrivals a ON a.customer_id = f.customer_id AND a.file_id = f.id AND a.version = f.version \
             WHERE f.customer_id = $1 AND a.link_id = $2 AND f.status <> 'deleted' ORDER BY a.created_at, f.id"
        ))
        .bind(customer.to_string())
        .bind(link.to_string())
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(FileRow::into_record).collect()
    }

    /// Files that were sent to a user by a link, or by whoever was the caller of a call then, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn arrived_for(
        &self,
        customer: CustomerId,
        user: Option<UserId>,
        call: (CallId, u32),
        limit: u32,
    ) -> Result<Vec<FileRecord>, CatalogError> {
        let rows: Vec<FileRow> = sql::query(select_files!(
            "JOIN arrivals a ON a.customer_id = f.customer_id AND a.file_id = f.id AND a.version = f.version \
             WHERE f.customer_id = $1 AND (a.user_id = $2 OR (a.user_id IS NULL AND a.call_id = $3 AND a.epoch = $4)) \
             AND f.status <> 'deleted' ORDER BY a.created_at DESC, f.id DESC LIMIT $5"
        ))
        .bind(customer.to_string())
        .bind(user.map(|id| id.to_string()))
        .bind(call.0.to_string())
        .bind(i64::from(call.1))
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(FileRow::into_record).collect()
    }

    /// Forgets links for uploads that ended before an instant, with who was to be told of what came by them. Part
    /// of what has its record. Gives how many.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn forget_upload_links(&self, customer: CustomerId, before: Timestamp, limit: u32) -> Result<u64, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let mut gone = 0;
            for text in [
                "DELETE FROM arrivals WHERE customer_id = $1 AND link_id IN (SELECT id FROM upload_links WHERE customer_id = $1 \
                 AND expires_at < $2 ORDER BY expires_at, id LIMIT $3)",
                "DELETE FROM upload_links WHERE customer_id = $1 AND id IN (SELECT id FROM upload_links WHERE customer_id = $1 \
                 AND expires_at < $2 ORDER BY expires_at, id LIMIT $3)",
            ] {
                gone = sql::query(text).bind(customer.to_string()).bind(micros(before)).bind(i64::from(limit)).execute(&mut tx).await?;
            }
            tx.commit().await?;
            Ok(gone)
        })
        .await
    }
}
