//! How much a customer has, and how much it may have. Both stand in the customer's row, which every verb that
//! adds or takes away locks anyway: two that add at once are counted one after the other.

use super::rows::{RowRef, as_i64, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, FileId, Timestamp};

const NO_FILE_LEFT: &str = "the customer has as many files as it may have; delete some, or ask for more room";
const NO_BYTE_LEFT: &str = "the customer has no room left for so many bytes; delete something, or ask for more room";

/// How much a customer may have; `None` is as much as it likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Files that are not deleted.
    pub files: Option<u64>,
    /// Bytes of all their versions.
    pub bytes: Option<u64>,
}

/// How much a customer has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Files that are not deleted.
    pub files: u64,
    /// Bytes of all their versions, each counted whole, whether it was stored or there already.
    pub bytes: u64,
}

fn checked(held: (i64, i64), most: (Option<i64>, Option<i64>)) -> Result<(), CatalogError> {
    let is_over = |held: i64, most: Option<i64>| most.is_some_and(|most| held > most);
    if is_over(held.0, most.0) {
        return Err(CatalogError::Full(NO_FILE_LEFT));
    }
    if is_over(held.1, most.1) {
        return Err(CatalogError::Full(NO_BYTE_LEFT));
    }
    Ok(())
}

/// Counts a version that was added, with its file where that is new.
///
/// # Errors
/// `Full` when the customer may not have so much; the verb is to be given up then.
pub(super) async fn grow(tx: &mut Tx, customer: CustomerId, is_new: bool, bytes: u64) -> Result<(), CatalogError> {
    let (files, held, most_files, most_bytes): (i64, i64, Option<i64>, Option<i64>) = sql::query(
        "UPDATE customers SET files_held = files_held + $2, bytes_held = bytes_held + $3 WHERE id = $1 \
         RETURNING files_held, bytes_held, most_files, most_bytes",
    )
    .bind(customer.to_string())
    .bind(i64::from(is_new))
    .bind(as_i64(bytes))
    .fetch_one(tx)
    .await?;
    // The next version of a file is not refused for a number of files that was lowered since.
    checked((files, held), (most_files.filter(|_| is_new), most_bytes))
}

/// Takes a file that was deleted out of the count, with all its versions.
pub(super) async fn shrink(tx: &mut Tx, customer: CustomerId, file: FileId) -> Result<(), CatalogError> {
    sql::query(
        "UPDATE customers SET files_held = files_held - 1, bytes_held = bytes_held - (SELECT CAST(COALESCE(SUM(b.size), 0) AS BIGINT) \
         FROM versions v JOIN blobs b ON b.customer_id = v.customer_id AND b.id = v.blob_id \
         WHERE v.customer_id = $1 AND v.file_id = $2) WHERE id = $1",
    )
    .bind(customer.to_string())
    .bind(file.to_string())
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether there will be room for what is announced, beside what is announced already.
///
/// # Errors
/// `Full` when there will not.
pub(super) async fn fits(tx: &mut Tx, customer: CustomerId, is_new: bool, bytes: u64, now: Timestamp) -> Result<(), CatalogError> {
    let (files, held, most_files, most_bytes, new, announced): (i64, i64, Option<i64>, Option<i64>, i64, i64) = sql::query(
        "SELECT c.files_held, c.bytes_held, c.most_files, c.most_bytes, \
         (SELECT COUNT(*) FROM direct_uploads d WHERE d.customer_id = $1 AND d.state = 'open' AND d.expires_at > $2 AND d.replaces IS NULL), \
         (SELECT CAST(COALESCE(SUM(d.size), 0) AS BIGINT) FROM direct_uploads d WHERE d.customer_id = $1 AND d.state = 'open' \
         AND d.expires_at > $2) FROM customers c WHERE c.id = $1",
    )
    .bind(customer.to_string())
    .bind(micros(now))
    .fetch_one(tx)
    .await?;
    let files = files.saturating_add(new).saturating_add(i64::from(is_new));
    let bytes = held.saturating_add(announced).saturating_add(as_i64(bytes));
    checked((files, bytes), (most_files.filter(|_| is_new), most_bytes))
}

impl Catalog {
    /// How much a customer may have and has; nothing where there is no such customer.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn quota(&self, customer: CustomerId) -> Result<Option<(Quota, Usage)>, CatalogError> {
        let row: Option<(i64, i64, Option<i64>, Option<i64>)> =
            sql::query("SELECT files_held, bytes_held, most_files, most_bytes FROM customers WHERE id = $1")
                .bind(customer.to_string())
                .fetch_optional(&mut self.read(customer).await?)
                .await?;
        let Some((files, bytes, most_files, most_bytes)) = row else { return Ok(None) };
        let id = customer.to_string();
        let row = RowRef { table: "customers", id: &id };
        let quota = Quota {
            files: most_files.map(|most| row.number(most)).transpose()?,
            bytes: most_bytes.map(|most| row.number(most)).transpose()?,
        };
        Ok(Some((quota, Usage { files: row.number(files)?, bytes: row.number(bytes)? })))
    }

    /// Sets how much a customer may have; `false` where there is no such customer. What it has already stays,
    /// also where that is more.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn set_quota(&self, customer: CustomerId, quota: Quota, entry: &AuditEntry) -> Result<bool, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let changed = sql::query("UPDATE customers SET most_files = $2, most_bytes = $3 WHERE id = $1")
                .bind(customer.to_string())
                .bind(quota.files.map(as_i64))
                .bind(quota.bytes.map(as_i64))
                .execute(&mut tx)
                .await?;
            if changed == 0 {
                return Ok(false);
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}
