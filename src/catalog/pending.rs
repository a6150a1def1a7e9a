//! The one action of a call that waits for a yes.

use sqlx::FromRow;

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
    /// What a yes needs beside the model's word, as the use case names it.
    pub evidence: &'static str,
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
    /// When it was asked, the last time.
    pub asked_at: Timestamp,
    /// When the call put another question since.
    pub other_asked_at: Option<Timestamp>,
    /// After then it is void.
    pub expires_at: Timestamp,
    /// What a yes needs beside the model's word, as the use case names it.
    pub evidence: String,
}

#[derive(FromRow)]
struct PendingRow {
    id: String,
    payload: String,
    batch: Option<String>,
    failures: i64,
    not_before: i64,
    created_at: i64,
    other_asked_at: Option<i64>,
    expires_at: i64,
    evidence: String,
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
                "INSERT INTO call_pending (call_id, customer_id, epoch, id, payload, batch, failures, not_before, created_at, expires_at, evidence) \
                 VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10) ON CONFLICT (call_id) DO UPDATE SET epoch = excluded.epoch, \
                 id = excluded.id, payload = excluded.payload, batch = excluded.batch, failures = 0, not_before = excluded.not_before, \
                 created_at = excluded.created_at, expires_at = excluded.expires_at, evidence = excluded.evidence, other_asked_at = NULL",
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
            .bind(new.evidence)
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
        let row: Option<PendingRow> = sql::query(
            "SELECT id, payload, batch, failures, not_before, created_at, other_asked_at, expires_at, evidence FROM call_pending \
             WHERE customer_id = $1 AND call_id = $2 AND epoch = $3",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(i64::from(epoch))
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        let Some(found) = row else { return Ok(None) };
        let row = RowRef { table: "call_pending", id: &found.id };
        Ok(Some(Pending {
            id: row.parsed(&found.id)?,
            failures: row.number(found.failures)?,
            not_before: row.instant(found.not_before)?,
            asked_at: row.instant(found.created_at)?,
            other_asked_at: row.maybe_instant(found.other_asked_at)?,
            expires_at: row.instant(found.expires_at)?,
            payload: found.payload,
            batch: found.batch,
            evidence: found.evidence,
        }))
    }

    /// Counts an answer that was not a clear yes or no. With `heard_by`, the question is put again now,
    /// and can have been heard by then.
    ///
    /// # Errors
    /// `Conflict` when it was answered meanwhile; else when it could not be committed.
    pub async fn not_understood(
        &self,
        customer: CustomerId,
        call: CallId,
        id: PendingId,
        heard_by: Option<Timestamp>,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let counted = if let Some(heard_by) = heard_by {
                sql::query(
                    "UPDATE call_pending SET failures = failures + 1, created_at = $4, not_before = $5, other_asked_at = NULL \
                     WHERE customer_id = $1 AND call_id = $2 AND id = $3",
                )
                .bind(customer.to_string())
                .bind(call.to_string())
                .bind(id.to_string())
                .bind(micros(self.clock().now()))
                .bind(micros(heard_by))
                .execute(&mut tx)
                .await?
            } else {
                sql::query("UPDATE call_pending SET failures = failures + 1 WHERE customer_id = $1 AND call_id = $2 AND id = $3")
                    .bind(customer.to_string())
                    .bind(call.to_string())
                    .bind(id.to_string())
                    .execute(&mut tx)
                    .await?
            };
            if counted == 0 {
                return Err(ANSWERED);
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Notes that the call has put another question while one waits for a yes; the first such is kept.
    /// Nothing is noted, and nothing recorded, when none waits.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn asked_else(&self, customer: CustomerId, call: CallId, epoch: u32, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let noted = sql::query(
                "UPDATE call_pending SET other_asked_at = $4 WHERE customer_id = $1 AND call_id = $2 AND epoch = $3 AND other_asked_at IS NULL",
            )
            .bind(customer.to_string())
            .bind(call.to_string())
            .bind(i64::from(epoch))
            .bind(micros(self.clock().now()))
            .execute(&mut tx)
            .await?;
            if noted > 0 {
                audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
                tx.commit().await?;
            }
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
