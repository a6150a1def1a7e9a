//! Calls: who is on the line. All of a call's state lies in rows, so that any process can serve its
//! next turn.

use sqlx::FromRow;

use super::rows::{RowRef, list_json, micros};
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{
    AuditEntry, CallId, CallSettings, Caller, CustomerId, Heard, HeardKind, Permission, Permissions, Phone, Timestamp, UserId, Verified,
    VerifiedMethod,
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
    /// Whether the outside id of a call that is over names this one from now on.
    pub is_renewable: bool,
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
    /// Up to which report what was heard was tried as a code.
    pub heard_tried_at: Option<Timestamp>,
    /// Whether the platform has ever reported what was said on it.
    pub speech_reported: bool,
    /// When an answer last carried a file's own text.
    pub untrusted_at: Option<Timestamp>,
    /// When its token ends.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The platform's own id of it.
    pub external_id: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
}

impl CallRecord {
    /// Whether tools may run in it now.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
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
    heard_tried_at: Option<i64>,
    speech_reported: i64,
    untrusted_at: Option<i64>,
    expires_at: i64,
    ended_at: Option<i64>,
    external_id: Option<String>,
    created_at: i64,
}

/// The columns of [`CallRow`], in one place for every query that returns calls.
macro_rules! select_calls {
    ($tail:literal) => {
        concat!(
            "SELECT id, customer_id, caller_id, caller_number, epoch, verified_method, verified_level, permissions, locale, time_zone, ",
            "heard_kind, heard_text, heard_at, heard_tried_at, speech_reported, untrusted_at, expires_at, ended_at, external_id, created_at FROM calls ",
            $tail
        )
    };
}

const SELECT_BY_TOKEN: &str = select_calls!("WHERE token_hash = $1");
const SELECT_BY_ID: &str =
    select_calls!("WHERE customer_id = $1 AND (id = $2 OR external_id = $2) ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1");
const SELECT_LIVING: &str = select_calls!("WHERE customer_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT $3");

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
            heard_tried_at: row.maybe_instant(self.heard_tried_at)?,
            speech_reported: self.speech_reported != 0,
            untrusted_at: row.maybe_instant(self.untrusted_at)?,
            expires_at: row.instant(self.expires_at)?,
            ended_at: row.maybe_instant(self.ended_at)?,
            external_id: self.external_id.clone(),
            created_at: row.instant(self.created_at)?,
        })
    }
}

const fn number_of(caller: &Caller) -> Option<&Phone> {
    match caller {
        Caller::User(_) => None,
        Caller::Guest { number } => number.as_ref(),
    }
}

/// What a verb asks of a call before it changes it.
pub(super) enum Turn {
    /// It has not ended.
    Alive,
    /// It is still this caller's, ended or not.
    Of(u32),
    /// It has not ended, and is still this caller's.
    AliveOf(u32),
}

/// Makes sure that a call is the customer's and as a verb needs it, until the transaction ends.
///
/// # Errors
/// `Conflict` when it is not.
pub(super) async fn hold_call(tx: &mut Tx, customer: CustomerId, call: CallId, turn: Turn) -> Result<(), CatalogError> {
    // A write, since that locks the row on every engine.
    let row: Option<(i64, Option<i64>)> =
        sql::query("UPDATE calls SET epoch = epoch WHERE customer_id = $1 AND id = $2 RETURNING epoch, ended_at")
            .bind(customer.to_string())
            .bind(call.to_string())
            .fetch_optional(tx)
            .await?;
    let (epoch, ended_at) = row.ok_or(CatalogError::Conflict("there is no such call"))?;
    let (alive, of) = match turn {
        Turn::Alive => (true, None),
        Turn::Of(epoch) => (false, Some(epoch)),
        Turn::AliveOf(epoch) => (true, Some(epoch)),
    };
    if alive && ended_at.is_some() {
        return Err(CatalogError::Conflict("this call has ended"));
    }
    if of.is_some_and(|of| i64::from(of) != epoch) {
        return Err(CatalogError::Conflict("another person has taken the line"));
    }
    Ok(())
}

async fn void_pending(tx: &mut Tx, customer: CustomerId, call: CallId) -> Result<(), CatalogError> {
    sql::query("DELETE FROM call_pending WHERE customer_id = $1 AND call_id = $2")
        .bind(customer.to_string())
        .bind(call.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

impl Catalog {
    /// Opens a call. Where its outside id may be taken again, a call that is over loses it.
    ///
    /// # Errors
    /// `Conflict` when the customer already has a call with that outside id, or does not have that
    /// caller; else when it could not be committed.
    pub async fn open_call(&self, new: &NewCall, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(new.customer).await?;
            let now = micros(self.clock().now());
            if new.is_renewable {
                sql::query(
                    "UPDATE calls SET external_id = NULL WHERE customer_id = $1 AND external_id = $2 \
                     AND (ended_at IS NOT NULL OR expires_at <= $3)",
                )
                .bind(new.customer.to_string())
                .bind(&new.external_id)
                .bind(now)
                .execute(&mut tx)
                .await?;
            }
            let made = sql::query(
                "INSERT INTO calls (id, customer_id, external_id, token_hash, caller_id, caller_number, verified_method, verified_level, permissions, \
                 locale, time_zone, created_at, expires_at, events_after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
                 (SELECT event_seq FROM customers WHERE id = $2)) ON CONFLICT (customer_id, external_id) DO NOTHING",
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
            .bind(now)
            .bind(micros(new.expires_at))
            .execute(&mut tx)
            .await?;
            if made == 0 {
                return Err(CatalogError::Conflict("this call is already open"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &new.customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// The call with this hash of its token, alive or not.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn call_by_token(&self, token_hash: &str) -> Result<Option<CallRecord>, CatalogError> {
        let row: Option<CallRow> =
            sql::query(SELECT_BY_TOKEN).bind(token_hash).fetch_optional(&mut self.read(Scope::Secret(token_hash)).await?).await?;
        row.map(CallRow::into_record).transpose()
    }

    /// The call with this id, ours or the platform's; ours when one is both.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn call(&self, customer: CustomerId, id: &str) -> Result<Option<CallRecord>, CatalogError> {
        let row: Option<CallRow> =
            sql::query(SELECT_BY_ID).bind(customer.to_string()).bind(id).fetch_optional(&mut self.read(customer).await?).await?;
        row.map(CallRow::into_record).transpose()
    }

    /// The calls of a customer that are alive, newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn living_calls(&self, customer: CustomerId, limit: u32) -> Result<Vec<CallRecord>, CatalogError> {
        let rows: Vec<CallRow> = sql::query(SELECT_LIVING)
            .bind(customer.to_string())
            .bind(micros(self.clock().now()))
            .bind(i64::from(limit))
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        rows.into_iter().map(CallRow::into_record).collect()
    }

    /// Changes a running call; a change of caller voids what the one before listed and was asked.
    ///
    /// # Errors
    /// `Conflict` when the call is gone or ended, or the customer does not have that caller; else when
    /// it could not be committed.
    pub async fn change_call(
        &self,
        customer: CustomerId,
        call: CallId,
        change: &CallChange,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = micros(self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            hold_call(&mut tx, customer, call, Turn::Alive).await?;
            if let Some(caller) = &change.caller {
                // A platform that says again who is on the line voids nothing; of two unknown callers nobody knows
                // that they are one.
                let another = sql::query(
                    "UPDATE calls SET caller_id = $3, caller_number = $4, epoch = epoch + 1, heard_kind = NULL, heard_text = NULL, heard_at = NULL, \
                     verified_method = 'none', verified_level = 0, \
                     events_after = (SELECT event_seq FROM customers WHERE id = $1) WHERE customer_id = $1 AND id = $2 \
                     AND NOT (COALESCE(caller_id = $3, FALSE) OR COALESCE(caller_number = $4, FALSE))",
                )
                .bind(customer.to_string())
                .bind(call.to_string())
                .bind(caller.user().map(|id| id.to_string()))
                .bind(number_of(caller).map(Phone::as_str))
                .execute(&mut tx)
                .await?;
                if another == 1 {
                    void_pending(&mut tx, customer, call).await?;
                    sql::query("UPDATE codes SET voided_at = $3 WHERE customer_id = $1 AND call_id = $2 AND voided_at IS NULL")
                        .bind(customer.to_string())
                        .bind(call.to_string())
                        .bind(now)
                        .execute(&mut tx)
                        .await?;
                }
            }
            if let Some(verified) = change.verified {
                sql::query("UPDATE calls SET verified_method = $3, verified_level = $4 WHERE customer_id = $1 AND id = $2")
                    .bind(customer.to_string())
                    .bind(call.to_string())
                    .bind(verified.method.as_str())
                    .bind(i64::from(verified.level))
                    .execute(&mut tx)
                    .await?;
            }
            if let Some(settings) = &change.settings {
                sql::query("UPDATE calls SET locale = $3, time_zone = $4 WHERE customer_id = $1 AND id = $2")
                    .bind(customer.to_string())
                    .bind(call.to_string())
                    .bind(&settings.locale)
                    .bind(&settings.time_zone)
                    .execute(&mut tx)
                    .await?;
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Ends a call: its token opens nothing any more, and nothing waits for a yes. Its codes live on,
    /// since those they were told to use them after the call. One that had ended before stays as it was; its
    /// record says so.
    ///
    /// # Errors
    /// `Conflict` when the customer has no such call; else when it could not be committed.
    pub async fn end_call(&self, customer: CustomerId, call: CallId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // A write, since that locks the row on every engine.
            let before: Option<(Option<i64>,)> =
                sql::query("UPDATE calls SET epoch = epoch WHERE customer_id = $1 AND id = $2 RETURNING ended_at")
                    .bind(customer.to_string())
                    .bind(call.to_string())
                    .fetch_optional(&mut tx)
                    .await?;
            let (ended_at,) = before.ok_or(CatalogError::Conflict("there is no such call"))?;
            if ended_at.is_none() {
                sql::query("UPDATE calls SET ended_at = $3 WHERE customer_id = $1 AND id = $2")
                    .bind(customer.to_string())
                    .bind(call.to_string())
                    .bind(micros(self.clock().now()))
                    .execute(&mut tx)
                    .await?;
                void_pending(&mut tx, customer, call).await?;
            }
            let again = AuditEntry { reason: Some("it had ended before".to_owned()), ..entry.clone() };
            let entry = if ended_at.is_some() { &again } else { entry };
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Keeps the caller's last words or keys, as the platform reported them.
    ///
    /// # Errors
    /// `Conflict` when the call is gone or ended; else when it could not be committed.
    pub async fn heard(
        &self,
        customer: CustomerId,
        call: CallId,
        kind: HeardKind,
        text: &str,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            hold_call(&mut tx, customer, call, Turn::Alive).await?;
            sql::query(
                "UPDATE calls SET heard_kind = $3, heard_text = $4, heard_at = $5, \
                 speech_reported = CASE WHEN $3 = 'text' THEN 1 ELSE speech_reported END WHERE customer_id = $1 AND id = $2",
            )
            .bind(customer.to_string())
            .bind(call.to_string())
            .bind(heard_kind(kind))
            .bind(text)
            .bind(micros(self.clock().now()))
            .execute(&mut tx)
            .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}
