//! What a call listed, under short handles that stay the same for the whole call.

use super::calls::{Turn, hold_call};
use super::rows::{RowRef, micros};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CallId, CustomerId, FileId};

/// A file this call listed, under its short handle `f<number>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The number of the handle, from 1.
    pub handle: u32,
    /// Which file.
    pub file: FileId,
    /// In which answer it was last listed; answers count from 1.
    pub listing: u32,
    /// Its place in that answer, from 1.
    pub position: u32,
}

impl Catalog {
    /// Lists files in a call, in this order, and records the operation. A file keeps its handle for
    /// the whole call, and no later caller's handle has its number; the answer is one handle for each file.
    ///
    /// # Errors
    /// `Conflict` when another person has taken the line: the answer is not for that one's ears. Else
    /// when it could not be committed.
    pub async fn list_in_call(
        &self,
        customer: CustomerId,
        call: CallId,
        epoch: u32,
        files: &[FileId],
        carries_file_text: bool,
        entry: &AuditEntry,
    ) -> Result<Vec<Listed>, CatalogError> {
        let (customer_text, call_text) = (customer.to_string(), call.to_string());
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            hold_call(&mut tx, customer, call, Turn::Of(epoch)).await?;
            let mut listed = Vec::with_capacity(files.len());
            if !files.is_empty() {
                let (listing,): (i64,) =
                    sql::query("UPDATE calls SET listing = listing + 1 WHERE customer_id = $1 AND id = $2 RETURNING listing")
                        .bind(&customer_text)
                        .bind(&call_text)
                        .fetch_one(&mut tx)
                        .await?;
                for (position, file) in (1_i64..).zip(files) {
                    let (handle,): (i64,) = sql::query(
                        "INSERT INTO call_handles (customer_id, call_id, epoch, handle, file_id, listing, position) VALUES ($1, $2, $3, \
                         (SELECT COALESCE(MAX(handle), 0) + 1 FROM call_handles WHERE customer_id = $1 AND call_id = $2), $4, $5, $6) \
                         ON CONFLICT (customer_id, call_id, epoch, file_id) \
                         DO UPDATE SET listing = excluded.listing, position = excluded.position RETURNING handle",
                    )
                    .bind(&customer_text)
                    .bind(&call_text)
                    .bind(i64::from(epoch))
                    .bind(file.to_string())
                    .bind(listing)
                    .bind(position)
                    .fetch_one(&mut tx)
                    .await?;
                    let row = RowRef { table: "call_handles", id: &call_text };
                    listed.push(Listed {
                        handle: row.number(handle)?,
                        file: *file,
                        listing: row.number(listing)?,
                        position: row.number(position)?,
                    });
                }
            }
            if carries_file_text {
                sql::query("UPDATE calls SET untrusted_at = $3 WHERE customer_id = $1 AND id = $2")
                    .bind(&customer_text)
                    .bind(&call_text)
                    .bind(micros(self.clock().now()))
                    .execute(&mut tx)
                    .await?;
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer_text, entry).await?;
            tx.commit().await?;
            Ok(listed)
        })
        .await
    }

    /// What the call listed for this caller: the newest answer first, each in its order.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn listed(&self, customer: CustomerId, call: CallId, epoch: u32) -> Result<Vec<Listed>, CatalogError> {
        let rows: Vec<(i64, String, i64, i64)> = sql::query(
            "SELECT handle, file_id, listing, position FROM call_handles WHERE customer_id = $1 AND call_id = $2 AND epoch = $3 \
             ORDER BY listing DESC, position LIMIT 200",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(i64::from(epoch))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter()
            .map(|(handle, file, listing, position)| {
                let row = RowRef { table: "call_handles", id: &file };
                Ok(Listed {
                    handle: row.number(handle)?,
                    file: row.parsed(&file)?,
                    listing: row.number(listing)?,
                    position: row.number(position)?,
                })
            })
            .collect()
    }
}
