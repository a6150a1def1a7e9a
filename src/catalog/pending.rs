//! The one action of a call that waits for a yes.

use super::calls::{Turn, hold_call};
use super::rows::{RowRef, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CallId, CustomerId, PendingId, Timestamp};

const ANSWERED: CatalogError = CatalogError::Conflict("this action was already answered");

/// An action that will wait for the caller's yes.
#[derive(Debug)]
pub struct NewPending {
    /// Which.
    pub id: PendingId,
    /// What exactly, as the use case wrote it.
    pub payload: String,
    /// The batch of tool calls that asked.
    pub batch: Option<String>,
    /// Before then nobody can have heard the question.
    pub not_before: Timestamp,
    /// After then it is void.
    pub expires_at: Timestamp,
}

/// The action that waits for the caller's yes.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Which.
    pub id: PendingId,
    /// What exactly.
    pub payload: String,
    /// The batch of tool calls that asked.
    pub batch: Option<String>,
    /// Answers that were not understood so far.
    pub failures: u32,
    /// Before then nobody can have heard the question.
    pub not_before: Timestamp,
    /// When it was asked.
    pub created_at: Timestamp,
    /// After then it is void.
    pub expires_at: Timestamp,
}

impl Catalog {
    /// Puts an action in wait for the caller's yes; one that waited before is replaced.
    ///
    /// # Errors
    /// `Conflict` when the call has ended or another person has taken the line; else when it could
    /// not be committed.
    pub async fn ask(
        &self,
        customer: CustomerId,
        call: CallId,
        epoch: u32,
        new: &NewPending,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            hold_call(&mut tx, customer, call, Turn::AliveOf(epoch)).await?;
            sql::query(
                "INSERT INTO call_pending (call_id, customer_id, epoch, id, payload, batch, failures, not_before, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9) ON CONFLICT (call_id) DO UPDATE SET epoch = excluded.epoch, id = excluded.id, \
                 payload = excluded.payload, batch = excluded.batch, failures = 0, not_before = excluded.not_before, \
                 created_at = excluded.created_at, expires_at = excluded.expires_at",
            )
            .bind(call.to_string())
            .bind(customer.to_string())
            .bind(i64::from(epoch))
            .bind(new.id.to_string())
            .bind(&new.payload)
            .bind(&new.batch)
            .bind(micros(new.not_before))
            .bind(micros(self.clock().now()))
            .bind(micros(new.expires_at))
            .execute(&mut tx)
            .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// The action that waits in this call for this caller.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn pending(&self, customer: CustomerId, call: CallId, epoch: u32) -> Result<Option<Pending>, CatalogError> {
        let row: Option<(String, String, Option<String>, i64, i64, i64, i64)> = sql::query(
            "SELECT id, payload, batch, failures, not_before, created_at, expires_at FROM call_pending \
             WHERE customer_id = $1 AND call_id = $2 AND epoch = $3",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(i64::from(epoch))
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        let Some((id, payload, batch, failures, not_before, created_at, expires_at)) = row else { return Ok(None) };
        let row = RowRef { table: "call_pending", id: &id };
        Ok(Some(Pending {
            id: row.parsed(&id)?,
            payload,
            batch,
            failures: row.number(failures)?,
            not_before: row.instant(not_before)?,
            created_at: row.instant(created_at)?,
            expires_at: row.instant(expires_at)?,
        }))
    }

    /// Counts an answer that was not a clear yes or no.
    ///
    /// # Errors
    /// `Conflict` when it was answered meanwhile; else when it could not be committed.
    pub async fn not_understood(&self, customer: CustomerId, call: CallId, id: PendingId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let counted = sql::query("UPDATE call_pending SET failures = failures + 1 WHERE customer_id = $1 AND call_id = $2 AND id = $3")
                .bind(customer.to_string())
                .bind(call.to_string())
                .bind(id.to_string())
                .execute(&mut tx)
                .await?;
            if counted == 0 {
                return Err(ANSWERED);
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Drops the action that waits: the caller said no, or it expired.
    ///
    /// # Errors
    /// `Conflict` when it was answered meanwhile; else when it could not be committed.
    pub async fn drop_pending(&self, customer: CustomerId, call: CallId, id: PendingId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            take_pending(&mut tx, customer, call, id).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}

/// Takes a pending action out of wait, once, whether it expired or not; gives the instant until
/// which it could be confirmed.
///
/// # Errors
/// `Conflict` when it is not there any more.
async fn take_pending(tx: &mut Tx, customer: CustomerId, call: CallId, id: PendingId) -> Result<i64, CatalogError> {
    let row: Option<(i64,)> =
        sql::query("DELETE FROM call_pending WHERE customer_id = $1 AND call_id = $2 AND id = $3 RETURNING expires_at")
            .bind(customer.to_string())
            .bind(call.to_string())
            .bind(id.to_string())
            .fetch_optional(tx)
            .await?;
    row.map(|(expires_at,)| expires_at).ok_or(ANSWERED)
}

/// Takes a pending action out of wait, once, because the caller said yes.
///
/// # Errors
/// `Conflict` when it is not there any more, or waited too long.
pub(super) async fn confirm_pending(
    tx: &mut Tx,
    customer: CustomerId,
    call: CallId,
    id: PendingId,
    now: Timestamp,
) -> Result<(), CatalogError> {
    if micros(now) < take_pending(tx, customer, call, id).await? {
        Ok(())
    } else {
        Err(CatalogError::Conflict("this action waited too long"))
    }
}
