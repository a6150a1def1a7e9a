//! Files that are held: nothing of them is removed, in whatever state they are.
//!
//! A hold is on the file's own row, which every verb that removes something of the file changes as
//! well: of a hold and a removal at once, one comes second and sees what the other did.

use super::rows::{RowRef, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql, sweeps};
use crate::domain::{AuditEntry, CustomerId, FileId, FileStatus, Timestamp};

/// A file that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFile {
    /// Which.
    pub file: FileId,
    /// What people call it.
    pub title: String,
    /// The state it is in; a deleted one may be held too.
    pub status: FileStatus,
    /// Why, in the words of whoever placed the hold.
    pub reason: String,
    /// Who placed it: an id.
    pub by: String,
    /// When.
    pub since: Timestamp,
}

type HeldRow = (String, String, String, Option<String>, Option<String>, Option<i64>, i64);

fn held((id, title, status, reason, by, since, updated): HeldRow) -> Result<HeldFile, CatalogError> {
    let row = RowRef { table: "files", id: &id };
    Ok(HeldFile {
        file: row.parsed(&id)?,
        title,
        status: row.known(FileStatus::parse(&status))?,
        // Held before holds had a reason.
        reason: reason.unwrap_or_default(),
        by: by.unwrap_or_default(),
        since: row.instant(since.unwrap_or(updated))?,
    })
}

/// Why a hold of a file was not placed or lifted.
async fn refusal(tx: &mut Tx, customer: CustomerId, file: FileId, otherwise: &'static str) -> Result<CatalogError, CatalogError> {
    let row: Option<(i64,)> = sql::query("SELECT hold FROM files WHERE customer_id = $1 AND id = $2 AND released_at IS NULL")
        .bind(customer.to_string())
        .bind(file.to_string())
        .fetch_optional(tx)
        .await?;
    Ok(CatalogError::Conflict(if row.is_some() { otherwise } else { "the file is gone" }))
}

impl Catalog {
    /// Stops every removal of a file and its bytes, deleted or not.
    ///
    /// # Errors
    /// `Conflict` when the file is not there, its bytes were let go, or it is held already; else when it
    /// could not be committed.
    pub async fn hold_file(&self, customer: CustomerId, file: FileId, reason: &str, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let placed = sql::query(
                "UPDATE files SET hold = 1, hold_reason = $3, held_by = $4, held_at = $5 \
                 WHERE customer_id = $1 AND id = $2 AND released_at IS NULL AND hold = 0",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(reason)
            .bind(entry.actor.to_string())
            .bind(micros(self.clock().now()))
            .execute(&mut tx)
            .await?;
            if placed == 0 {
                return Err(refusal(&mut tx, customer, file, "the file is held already").await?);
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Lifts the hold of a file. What was put off while it was held goes on by itself.
    ///
    /// # Errors
    /// `Conflict` when the file is not there or not held; else when it could not be committed.
    pub async fn lift_hold(&self, customer: CustomerId, file: FileId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let lifted = sql::query(
                "UPDATE files SET hold = 0, hold_reason = NULL, held_by = NULL, held_at = NULL \
                 WHERE customer_id = $1 AND id = $2 AND hold <> 0",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .execute(&mut tx)
            .await?;
            if lifted == 0 {
                return Err(refusal(&mut tx, customer, file, "the file is not held").await?);
            }
            sweeps::due(&mut tx, customer, self.clock().now()).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Files of a customer that are held, after an id, oldest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn held_files(&self, customer: CustomerId, after: Option<FileId>, limit: u32) -> Result<Vec<HeldFile>, CatalogError> {
        let rows: Vec<HeldRow> = sql::query(
            "SELECT id, title, status, hold_reason, held_by, held_at, updated_at FROM files \
             WHERE customer_id = $1 AND id > $2 AND hold <> 0 ORDER BY id LIMIT $3",
        )
        .bind(customer.to_string())
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(held).collect()
    }
}
