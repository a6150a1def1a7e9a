//! Bytes that nobody stands for any more: how they are let go, given up and removed.
//!
//! A blob is referred to by every version of every file that was not released. What is referred to is
//! counted from the rows whenever it matters; there is no counter that could drift. Every verb that
//! refers to a blob locks its row by clearing `unreferenced_at`, and the verb that gives it up locks
//! the same row first: of the two, one comes second and sees what the other did.

use super::rows::{RowRef, micros};
use super::sensitivity::forget_findings;
use super::session::Tx;
use super::topics::forget_said;
use super::{Catalog, CatalogError, audit, object_places, sql, sweeps, unlocks};
use crate::domain::{AuditEntry, BlobId, CustomerId, FileId, Timestamp, UploadId};

/// An object that belongs to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbage {
    /// Under which name it is noted.
    pub id: UploadId,
    /// Where it lies.
    pub object_key: String,
}

/// Bytes that move from one place to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The place they leave, and the note that it belongs to nobody then.
    pub from: Garbage,
    /// The place they are at now.
    pub to: String,
    /// The note under which the new place was announced, where it had to be.
    pub announced: Option<UploadId>,
}

/// What became of bytes that were to be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// They are nobody's; their objects are noted as garbage.
    Yes,
    /// A file stands for them again.
    StillUsed,
}

/// Takes note of objects that belong to nobody from an instant on.
async fn note(tx: &mut Tx, customer: CustomerId, garbage: &[Garbage], due: Timestamp) -> Result<(), CatalogError> {
    for object in garbage {
        sql::query("INSERT INTO garbage (id, customer_id, object_key, due_at) VALUES ($1, $2, $3, $4)")
            .bind(object.id.to_string())
            .bind(customer.to_string())
            .bind(&object.object_key)
            .bind(micros(due))
            .execute(tx)
            .await?;
    }
    if garbage.is_empty() { Ok(()) } else { sweeps::due(tx, customer, due).await }
}

/// Writes down where bytes lie now. Only from the place where they were when the move began: of two
/// workers that move the same bytes, the second one starts anew.
///
/// # Errors
/// `Conflict` when they lie elsewhere, or the new place was taken for garbage meanwhile.
pub(super) async fn relocate(tx: &mut Tx, customer: CustomerId, blob: BlobId, moved: &Move, now: Timestamp) -> Result<(), CatalogError> {
    let changed =
        sql::query("UPDATE blobs SET object_key = $4 WHERE customer_id = $1 AND id = $2 AND object_key = $3 AND collected_at IS NULL")
            .bind(customer.to_string())
            .bind(blob.to_string())
            .bind(&moved.from.object_key)
            .bind(&moved.to)
            .execute(tx)
            .await?;
    if changed == 0 {
        return Err(CatalogError::Conflict("the bytes have moved meanwhile"));
    }
    if let Some(announced) = moved.announced {
        let kept = sql::query("DELETE FROM garbage WHERE customer_id = $1 AND id = $2 AND claimed_at IS NULL")
            .bind(customer.to_string())
            .bind(announced.to_string())
            .execute(tx)
            .await?;
        if kept == 0 {
            return Err(CatalogError::Conflict("the new place of the bytes was cleared meanwhile"));
        }
    }
    object_places::left(tx, customer, &moved.from.object_key, blob, now).await?;
    note(tx, customer, std::slice::from_ref(&moved.from), now).await
}

/// Refers to a blob from now on.
///
/// # Errors
/// `Conflict` when its bytes were given up.
pub(super) async fn refer_to(tx: &mut Tx, customer: CustomerId, blob: BlobId) -> Result<(), CatalogError> {
    let kept = sql::query("UPDATE blobs SET unreferenced_at = NULL WHERE customer_id = $1 AND id = $2 AND collected_at IS NULL")
        .bind(customer.to_string())
        .bind(blob.to_string())
        .execute(tx)
        .await?;
    if kept == 0 { Err(CatalogError::Conflict("the bytes are gone")) } else { Ok(()) }
}

/// Versions of files that were not released, of the blob `blobs.id` of the customer `$1`.
macro_rules! references {
    () => {
        "SELECT 1 FROM versions v JOIN files f ON f.customer_id = v.customer_id AND f.id = v.file_id \
         WHERE v.customer_id = $1 AND v.blob_id = blobs.id AND f.released_at IS NULL"
    };
}

impl Catalog {
    /// Files that were deleted before an instant and that nothing holds, the earliest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn releasable(&self, customer: CustomerId, before: Timestamp, limit: u32) -> Result<Vec<FileId>, CatalogError> {
        let rows: Vec<(String,)> = sql::query(
            "SELECT id FROM files WHERE customer_id = $1 AND status = 'deleted' AND released_at IS NULL AND deleted_at < $2 \
             AND hold = 0 AND (retention_until IS NULL OR retention_until <= $3) ORDER BY deleted_at, id LIMIT $4",
        )
        .bind(customer.to_string())
        .bind(micros(before))
        .bind(micros(self.clock().now()))
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.iter().map(|(id,)| RowRef { table: "files", id }.parsed(id)).collect()
    }

    /// Lets the bytes of a deleted file go: it no longer stands for them, and does not come back.
    ///
    /// # Errors
    /// `Conflict` when it is held, retained, not deleted before that instant, or released already;
    /// else when it could not be committed.
    pub async fn release_file(
        &self,
        customer: CustomerId,
        file: FileId,
        before: Timestamp,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = micros(self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let released = sql::query(
                "UPDATE files SET released_at = $3 WHERE customer_id = $1 AND id = $2 AND status = 'deleted' AND released_at IS NULL \
                 AND deleted_at < $4 AND hold = 0 AND (retention_until IS NULL OR retention_until <= $3)",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(now)
            .bind(micros(before))
            .execute(&mut tx)
            .await?;
            if released == 0 {
                return Err(CatalogError::Conflict("the file is held, or not deleted for long enough"));
            }
            forget_findings(&mut tx, customer, file).await?;
            forget_said(&mut tx, customer, file).await?;
            let texts = unlocks::forget_unlocks(&mut tx, customer, file, || UploadId::new(self.clock(), self.entropy())).await?;
            note(&mut tx, customer, &texts, self.clock().now()).await?;
            sql::query(concat!(
                "UPDATE blobs SET unreferenced_at = $3 WHERE customer_id = $1 AND unreferenced_at IS NULL \
                 AND id IN (SELECT blob_id FROM versions WHERE customer_id = $1 AND file_id = $2) AND NOT EXISTS (",
                references!(),
                ")"
            ))
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(now)
            .execute(&mut tx)
            .await?;
            sweeps::due(&mut tx, customer, self.clock().now()).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Blobs that no file stands for since before an instant, the earliest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn collectable(&self, customer: CustomerId, before: Timestamp, limit: u32) -> Result<Vec<BlobId>, CatalogError> {
        let rows: Vec<(String,)> = sql::query(
            "SELECT id FROM blobs WHERE customer_id = $1 AND unreferenced_at < $2 AND collected_at IS NULL ORDER BY unreferenced_at, id LIMIT $3",
        )
        .bind(customer.to_string())
        .bind(micros(before))
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.iter().map(|(id,)| RowRef { table: "blobs", id }.parsed(id)).collect()
    }

    /// Gives up bytes that no file stands for since before an instant, and notes their objects as
    /// garbage. The same bytes that arrive from now on are new ones.
    ///
    /// # Errors
    /// `Conflict` when they are not to be given up (any more); else when it could not be committed.
    pub async fn collect_blob(
        &self,
        customer: CustomerId,
        blob: BlobId,
        before: Timestamp,
        objects: &[Garbage],
        entry: &AuditEntry,
    ) -> Result<Collected, CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // INVARIANT: the row is locked before its references are counted; whoever refers to it locks it too.
            let locked = sql::query(
                "UPDATE blobs SET unreferenced_at = unreferenced_at WHERE customer_id = $1 AND id = $2 AND collected_at IS NULL \
                 AND unreferenced_at < $3",
            )
            .bind(customer.to_string())
            .bind(blob.to_string())
            .bind(micros(before))
            .execute(&mut tx)
            .await?;
            if locked == 0 {
                return Err(CatalogError::Conflict("the bytes are not to be given up"));
            }
            let given_up = sql::query(concat!(
                "UPDATE blobs SET content_key = 'collected ' || id, collected_at = $3 WHERE customer_id = $1 AND id = $2 AND NOT EXISTS (",
                references!(),
                ")"
            ))
            .bind(customer.to_string())
            .bind(blob.to_string())
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            if given_up == 0 {
                refer_to(&mut tx, customer, blob).await?;
                tx.commit().await?;
                return Ok(Collected::StillUsed);
            }
            note(&mut tx, customer, objects, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(Collected::Yes)
        })
        .await
    }

    /// Announces an object at a new place: unless a move to it is committed before that instant, it is garbage.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn announce(&self, customer: CustomerId, object: &Garbage, due: Timestamp) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            note(&mut tx, customer, std::slice::from_ref(object), due).await?;
            tx.commit().await
        })
        .await
    }

    /// Objects that are nobody's by now, the earliest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn due_garbage(&self, customer: CustomerId, limit: u32) -> Result<Vec<Garbage>, CatalogError> {
        let rows: Vec<(String, String)> =
            sql::query("SELECT id, object_key FROM garbage WHERE customer_id = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3")
                .bind(customer.to_string())
                .bind(micros(self.clock().now()))
                .bind(i64::from(limit))
                .fetch_all(&mut self.read(customer).await?)
                .await?;
        rows.into_iter().map(|(id, object_key)| Ok(Garbage { id: RowRef { table: "garbage", id: &id }.parsed(&id)?, object_key })).collect()
    }

    /// Claims an object for removal; from then on no move can end at its place.
    ///
    /// # Errors
    /// `Conflict` when it is no garbage (any more); else when it could not be committed.
    pub async fn claim_garbage(&self, customer: CustomerId, id: UploadId) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let claimed = sql::query("UPDATE garbage SET claimed_at = $3 WHERE customer_id = $1 AND id = $2 AND due_at <= $3")
                .bind(customer.to_string())
                .bind(id.to_string())
                .bind(micros(self.clock().now()))
                .execute(&mut tx)
                .await?;
            if claimed == 0 {
                return Err(CatalogError::Conflict("this object is no garbage"));
            }
            tx.commit().await
        })
        .await
    }

    /// Forgets an object that was removed. Part of what has its record.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn forget_garbage(&self, customer: CustomerId, id: UploadId) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            sql::query("DELETE FROM garbage WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(id.to_string())
                .execute(&mut tx)
                .await?;
            tx.commit().await
        })
        .await
    }
}
