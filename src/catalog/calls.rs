//! Calls: who is on the line, what was listed, what waits for a yes. All of a call's state is here,
//! so that any process can serve its next turn.

use sqlx::FromRow;

use super::rows::{RowRef, list_json, micros};
use super::{Catalog, CatalogError, audit};
use crate::domain::{
    AuditEntry, CallId, CallSettings, Caller, CustomerId, FileId, Heard, HeardKind, PendingId, Permission, Permissions, Phone, Timestamp,
    UserId, Verified, VerifiedMethod,
};

/// A call to be opened. The token itself is never stored.
#[derive(Debug)]
pub struct NewCall {
    /// Which.
    pub id: CallId,
    /// Whose.
    pub customer: CustomerId,
    /// The platform's own id of it.
    pub external_id: Option<String>,
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// Who is on the line.
    pub caller: Caller,
    /// How sure the platform is.
    pub verified: Verified,
    /// What it is narrowed to.
    pub permissions: Permissions,
    /// Language and time zone.
    pub settings: CallSettings,
    /// When its token ends.
    pub expires_at: Timestamp,
}

/// What may change while a call runs; `None` leaves it.
#[derive(Debug, Default)]
pub struct CallChange {
    /// Another person took the line: lists, confirmations and codes of the one before are void.
    pub caller: Option<Caller>,
    /// The platform is surer, or less sure.
    pub verified: Option<Verified>,
    /// Language and time zone.
    pub settings: Option<CallSettings>,
}

/// A call as stored.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// Which.
    pub id: CallId,
    /// Whose.
    pub customer: CustomerId,
    /// Who is on the line.
    pub caller: Caller,
    /// Counts changes of caller.
    pub epoch: u32,
    /// How sure the platform is.
    pub verified: Verified,
    /// What it is narrowed to.
    pub permissions: Permissions,
    /// Language and time zone.
    pub settings: CallSettings,
    /// The caller's last words or keys.
    pub heard: Option<Heard>,
    /// When an answer last carried a file's own text.
    pub untrusted_at: Option<Timestamp>,
    /// When its token ends.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl CallRecord {
    /// Whether tools may run in it now.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

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

#[derive(FromRow)]
struct CallRow {
    id: String,
    customer_id: String,
    caller_id: Option<String>,
    caller_number: Option<String>,
    epoch: i64,
    verified_method: String,
    verified_level: i64,
    permissions: String,
    locale: String,
    time_zone: String,
    heard_kind: Option<String>,
    heard_text: Option<String>,
    heard_at: Option<i64>,
    untrusted_at: Option<i64>,
    expires_at: i64,
    ended_at: Option<i64>,
}

const SELECT_BY_TOKEN: &str = "SELECT id, customer_id, caller_id, caller_number, epoch, verified_method, verified_level, permissions, locale, time_zone, \
     heard_kind, heard_text, heard_at, untrusted_at, expires_at, ended_at FROM calls WHERE token_hash = $1";
const SELECT_BY_ID: &str = "SELECT id, customer_id, caller_id, caller_number, epoch, verified_method, verified_level, permissions, locale, time_zone, \
     heard_kind, heard_text, heard_at, untrusted_at, expires_at, ended_at FROM calls WHERE customer_id = $1 AND (id = $2 OR external_id = $2)";

const fn heard_kind(kind: HeardKind) -> &'static str {
    match kind {
        HeardKind::Text => "text",
        HeardKind::Digits => "digits",
    }
}

impl CallRow {
    fn into_record(self) -> Result<CallRecord, CatalogError> {
        let row = RowRef { table: "calls", id: &self.id };
        let heard = match (&self.heard_kind, &self.heard_text, self.heard_at) {
            (Some(kind), Some(text), Some(at)) => Some(Heard {
                kind: row.known([HeardKind::Text, HeardKind::Digits].into_iter().find(|known| heard_kind(*known) == kind))?,
                text: text.clone(),
                at: row.instant(at)?,
            }),
            (None, None, None) => None,
            _ => return Err(row.corrupt()),
        };
        Ok(CallRecord {
            id: row.parsed(&self.id)?,
            customer: row.parsed(&self.customer_id)?,
            caller: match &self.caller_id {
                Some(user) => Caller::User(row.parsed::<UserId>(user)?),
                None => Caller::Guest { number: self.caller_number.as_deref().map(Phone::parse).transpose().map_err(|_| row.corrupt())? },
            },
            epoch: row.number(self.epoch)?,
            verified: Verified {
                method: row.known(VerifiedMethod::parse(&self.verified_method))?,
                level: row.number(self.verified_level)?,
            },
            permissions: Permissions::only(row.list(&self.permissions, Permission::parse)?),
            settings: CallSettings { locale: self.locale.clone(), time_zone: self.time_zone.clone() },
            heard,
            untrusted_at: row.maybe_instant(self.untrusted_at)?,
            expires_at: row.instant(self.expires_at)?,
            ended_at: row.maybe_instant(self.ended_at)?,
        })
    }
}

const fn number_of(caller: &Caller) -> Option<&Phone> {
    match caller {
        Caller::User(_) => None,
        Caller::Guest { number } => number.as_ref(),
    }
}

impl Catalog {
    /// Opens a call.
    ///
    /// # Errors
    /// `Conflict` when the customer already has a call with that outside id; else when it could not be committed.
    pub async fn open_call(&self, new: &NewCall, entry: &AuditEntry) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        let made = sqlx::query(
            "INSERT INTO calls (id, customer_id, external_id, token_hash, caller_id, caller_number, verified_method, verified_level, permissions, \
             locale, time_zone, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (customer_id, external_id) DO NOTHING",
        )
        .bind(new.id.to_string())
        .bind(new.customer.to_string())
        .bind(&new.external_id)
        .bind(&new.token_hash)
        .bind(new.caller.user().map(|id| id.to_string()))
        .bind(number_of(&new.caller).map(Phone::as_str))
        .bind(new.verified.method.as_str())
        .bind(i64::from(new.verified.level))
        .bind(list_json(new.permissions.iter().map(Permission::as_str)))
        .bind(&new.settings.locale)
        .bind(&new.settings.time_zone)
        .bind(micros(self.clock().now()))
        .bind(micros(new.expires_at))
        .execute(&mut *tx)
        .await?;
        if made.rows_affected() == 0 {
            return Err(CatalogError::Conflict("this call is already open"));
        }
        audit::append(&mut tx, self.clock(), self.entropy(), &new.customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The call with this hash of its token, alive or not.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn call_by_token(&self, token_hash: &str) -> Result<Option<CallRecord>, CatalogError> {
        let row: Option<CallRow> = sqlx::query_as(SELECT_BY_TOKEN).bind(token_hash).fetch_optional(self.readers()).await?;
        row.map(CallRow::into_record).transpose()
    }

    /// The call with this id, ours or the platform's.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn call(&self, customer: CustomerId, id: &str) -> Result<Option<CallRecord>, CatalogError> {
        let row: Option<CallRow> = sqlx::query_as(SELECT_BY_ID).bind(customer.to_string()).bind(id).fetch_optional(self.readers()).await?;
        row.map(CallRow::into_record).transpose()
    }

    /// Changes a running call; a change of caller voids what the one before listed and was asked.
    ///
    /// # Errors
    /// `Conflict` when the call is gone or ended; else when it could not be committed.
    pub async fn change_call(
        &self,
        customer: CustomerId,
        call: CallId,
        change: &CallChange,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = micros(self.clock().now());
        let mut tx = self.begin().await?;
        let alive: Option<(i64,)> = sqlx::query_as("SELECT epoch FROM calls WHERE customer_id = $1 AND id = $2 AND ended_at IS NULL")
            .bind(customer.to_string())
            .bind(call.to_string())
            .fetch_optional(&mut *tx)
            .await?;
        if alive.is_none() {
            return Err(CatalogError::Conflict("this call has ended"));
        }
        if let Some(caller) = &change.caller {
            sqlx::query(
                "UPDATE calls SET caller_id = $2, caller_number = $3, epoch = epoch + 1, heard_kind = NULL, heard_text = NULL, heard_at = NULL, \
                 verified_method = 'none', verified_level = 0 WHERE id = $1",
            )
            .bind(call.to_string())
            .bind(caller.user().map(|id| id.to_string()))
            .bind(number_of(caller).map(Phone::as_str))
            .execute(&mut *tx)
            .await?;
            sqlx::query("DELETE FROM call_pending WHERE call_id = $1").bind(call.to_string()).execute(&mut *tx).await?;
            sqlx::query("UPDATE codes SET voided_at = $2 WHERE call_id = $1 AND voided_at IS NULL")
                .bind(call.to_string())
                .bind(now)
                .execute(&mut *tx)
                .await?;
        }
        if let Some(verified) = change.verified {
            sqlx::query("UPDATE calls SET verified_method = $2, verified_level = $3 WHERE id = $1")
                .bind(call.to_string())
                .bind(verified.method.as_str())
                .bind(i64::from(verified.level))
                .execute(&mut *tx)
                .await?;
        }
        if let Some(settings) = &change.settings {
            sqlx::query("UPDATE calls SET locale = $2, time_zone = $3 WHERE id = $1")
                .bind(call.to_string())
                .bind(&settings.locale)
                .bind(&settings.time_zone)
                .execute(&mut *tx)
                .await?;
        }
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a call: its token opens nothing any more.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn end_call(&self, customer: CustomerId, call: CallId, entry: &AuditEntry) -> Result<bool, CatalogError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("UPDATE calls SET ended_at = $3 WHERE customer_id = $1 AND id = $2 AND ended_at IS NULL")
            .bind(customer.to_string())
            .bind(call.to_string())
            .bind(micros(self.clock().now()))
            .execute(&mut *tx)
            .await?
            .rows_affected();
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(done == 1)
    }

    /// Keeps the caller's last words or keys, as the platform reported them.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn heard(
        &self,
        customer: CustomerId,
        call: CallId,
        kind: HeardKind,
        text: &str,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE calls SET heard_kind = $3, heard_text = $4, heard_at = $5 WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(call.to_string())
            .bind(heard_kind(kind))
            .bind(text)
            .bind(micros(self.clock().now()))
            .execute(&mut *tx)
            .await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lists files in a call, in this order, and records the operation. A file keeps its handle for
    /// the whole call; the answer is one handle for each file.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn list_in_call(
        &self,
        customer: CustomerId,
        call: CallId,
        epoch: u32,
        files: &[FileId],
        carries_file_text: bool,
        entry: &AuditEntry,
    ) -> Result<Vec<Listed>, CatalogError> {
        let call_text = call.to_string();
        let mut tx = self.begin().await?;
        let mut listed = Vec::with_capacity(files.len());
        if !files.is_empty() {
            let (listing,): (i64,) = sqlx::query_as("UPDATE calls SET listing = listing + 1 WHERE id = $1 RETURNING listing")
                .bind(&call_text)
                .fetch_one(&mut *tx)
                .await?;
            for (position, file) in (1_i64..).zip(files) {
                let known: Option<(i64,)> =
                    sqlx::query_as("SELECT handle FROM call_handles WHERE call_id = $1 AND epoch = $2 AND file_id = $3")
                        .bind(&call_text)
                        .bind(i64::from(epoch))
                        .bind(file.to_string())
                        .fetch_optional(&mut *tx)
                        .await?;
                let handle = if let Some((handle,)) = known {
                    handle
                } else {
                    let (highest,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(handle), 0) FROM call_handles WHERE call_id = $1")
                        .bind(&call_text)
                        .fetch_one(&mut *tx)
                        .await?;
                    highest + 1
                };
                sqlx::query(
                    "INSERT INTO call_handles (call_id, customer_id, epoch, handle, file_id, listing, position) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                     ON CONFLICT (call_id, epoch, handle) DO UPDATE SET listing = excluded.listing, position = excluded.position",
                )
                .bind(&call_text)
                .bind(customer.to_string())
                .bind(i64::from(epoch))
                .bind(handle)
                .bind(file.to_string())
                .bind(listing)
                .bind(position)
                .execute(&mut *tx)
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
            sqlx::query("UPDATE calls SET untrusted_at = $2 WHERE id = $1")
                .bind(&call_text)
                .bind(micros(self.clock().now()))
                .execute(&mut *tx)
                .await?;
        }
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(listed)
    }

    /// What the call listed for this caller: the newest answer first, each in its order.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn listed(&self, customer: CustomerId, call: CallId, epoch: u32) -> Result<Vec<Listed>, CatalogError> {
        let rows: Vec<(i64, String, i64, i64)> = sqlx::query_as(
            "SELECT handle, file_id, listing, position FROM call_handles WHERE customer_id = $1 AND call_id = $2 AND epoch = $3 \
             ORDER BY listing DESC, position LIMIT 200",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(i64::from(epoch))
        .fetch_all(self.readers())
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

    /// Puts an action in wait for the caller's yes; one that waited before is replaced.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn ask(
        &self,
        customer: CustomerId,
        call: CallId,
        epoch: u32,
        new: &NewPending,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM call_pending WHERE call_id = $1").bind(call.to_string()).execute(&mut *tx).await?;
        sqlx::query(
            "INSERT INTO call_pending (call_id, customer_id, epoch, id, payload, batch, failures, not_before, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)",
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
        .execute(&mut *tx)
        .await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The action that waits in this call for this caller.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn pending(&self, customer: CustomerId, call: CallId, epoch: u32) -> Result<Option<Pending>, CatalogError> {
        let row: Option<(String, String, Option<String>, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT id, payload, batch, failures, not_before, created_at, expires_at FROM call_pending \
             WHERE customer_id = $1 AND call_id = $2 AND epoch = $3",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(i64::from(epoch))
        .fetch_optional(self.readers())
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
    /// When it could not be committed.
    pub async fn not_understood(&self, customer: CustomerId, call: CallId, id: PendingId, entry: &AuditEntry) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE call_pending SET failures = failures + 1 WHERE call_id = $1 AND id = $2")
            .bind(call.to_string())
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Drops the action that waits: the caller said no, or it expired.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn drop_pending(&self, customer: CustomerId, call: CallId, id: PendingId, entry: &AuditEntry) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        consume_pending(&mut tx, call, id).await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Takes a pending action out of wait, once.
///
/// # Errors
/// `Conflict` when it is not there any more.
pub(super) async fn consume_pending(tx: &mut super::engine::Tx, call: CallId, id: PendingId) -> Result<(), CatalogError> {
    let gone = sqlx::query("DELETE FROM call_pending WHERE call_id = $1 AND id = $2")
        .bind(call.to_string())
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    if gone.rows_affected() == 1 { Ok(()) } else { Err(CatalogError::Conflict("this action was already answered")) }
}
