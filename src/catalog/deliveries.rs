//! Messages in the hands of whoever delivers them: leased, kept, settled.

use sqlx::FromRow;

use super::rows::{RowRef, micros};
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, MessageState, audit, sql};
use crate::domain::{AuditEntry, CallId, Channel, CustomerId, MessageId, Timestamp};

const TAKEN_OVER: CatalogError = CatalogError::Conflict("the message was taken over by another worker, or taken back");

/// A message that was leased. It is also the proof of the lease: a worker whose lease ran out, and whose
/// message another one took since then, can do nothing with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedMessage {
    /// Which.
    pub id: MessageId,
    /// Whose.
    pub customer: CustomerId,
    /// How it is to be sent.
    pub channel: Channel,
    /// How often it was leased, this time included.
    pub attempts: u32,
}

/// A leased message, as it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedText {
    /// Mail address or number.
    pub address: String,
    /// What it says, sealed.
    pub sealed_body: String,
    /// In which call it was written.
    pub call: Option<CallId>,
    /// When it was written.
    pub created_at: Timestamp,
    /// After this instant it is not sent.
    pub expires_at: Timestamp,
}

/// Whether a message still means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Good,
    /// Its share or its request was taken back, or nobody is there any more for whom it asks.
    Withdrawn,
    /// It came too late, or its code opens nothing any more.
    Ended,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was handed over.
    Sent {
        /// What the carrier calls it.
        receipt: Option<String>,
    },
    /// It is to be tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Why it was not handed over.
        error: String,
    },
    /// It is given up.
    Failed {
        /// Why.
        error: String,
    },
    /// What it is about was taken back.
    Cancelled,
    /// What it tells has ended.
    Expired,
}

impl Settled {
    const fn state(&self) -> MessageState {
        match self {
            Self::Sent { .. } => MessageState::Sent,
            Self::Again { .. } => MessageState::Queued,
            Self::Failed { .. } => MessageState::Failed,
            Self::Cancelled => MessageState::Cancelled,
            Self::Expired => MessageState::Expired,
        }
    }
}

#[derive(FromRow)]
struct LeasedRow {
    message_id: String,
    customer_id: String,
    channel: String,
    attempts: i64,
}

#[derive(FromRow)]
struct StandingRow {
    address: String,
    sealed_body: String,
    call_id: Option<String>,
    created_at: i64,
    expires_at: i64,
    share_revoked: Option<i64>,
    share_expires: Option<i64>,
    request_ended: Option<i64>,
    code_voided: Option<i64>,
    code_expires: Option<i64>,
}

impl StandingRow {
    fn standing(&self, now: i64) -> Standing {
        let is_over = |end: Option<i64>| end.is_some_and(|at| at <= now);
        if self.share_revoked.is_some() || self.request_ended.is_some() {
            Standing::Withdrawn
        } else if self.code_voided.is_some() || self.expires_at <= now || is_over(self.share_expires) || is_over(self.code_expires) {
            Standing::Ended
        } else {
            Standing::Good
        }
    }
}

/// The id of the message that is due for longest at `$1`, on a channel of `$2`; what has expired is due
/// whoever serves its channel. `$lock` keeps others from it until the transaction ends.
macro_rules! due_message {
    ($lock:literal) => {
        concat!(
            "SELECT message_id FROM deliveries WHERE run_at <= $1 AND (leased_until IS NULL OR leased_until <= $1) \
             AND (expires_at <= $1 OR $2 LIKE '%,' || channel || ',%') ORDER BY run_at, message_id LIMIT 1",
            $lock
        )
    };
}

macro_rules! lease_due_message {
    ($lock:literal) => {
        concat!(
            "UPDATE deliveries SET attempts = attempts + 1, leased_until = $3 WHERE message_id = (",
            due_message!($lock),
            ") RETURNING message_id, customer_id, channel, attempts"
        )
    };
}

/// Channels as the statements above take them.
fn listed(channels: &[Channel]) -> String {
    channels.iter().fold(",".to_owned(), |list, channel| format!("{list}{channel},"))
}

/// Makes sure that a message is still in the hands of the worker that leased it, until the transaction ends.
async fn hold(tx: &mut Tx, message: &LeasedMessage) -> Result<(), CatalogError> {
    // A write, since that locks the row on every engine.
    let held = sql::query(
        "UPDATE deliveries SET attempts = attempts WHERE customer_id = $1 AND message_id = $2 AND attempts = $3 \
         AND leased_until IS NOT NULL",
    )
    .bind(message.customer.to_string())
    .bind(message.id.to_string())
    .bind(i64::from(message.attempts))
    .execute(tx)
    .await?;
    if held == 1 { Ok(()) } else { Err(TAKEN_OVER) }
}

/// Frees every message that a process had in hand that is gone.
pub(super) async fn free_messages(tx: &mut Tx) -> Result<u64, CatalogError> {
    Ok(sql::query("UPDATE deliveries SET leased_until = NULL WHERE leased_until IS NOT NULL").execute(tx).await?)
}

impl Catalog {
    /// Takes the message that waits for longest on one of these channels, or whose lease ran out, until `until`.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn lease_message(&self, until: Timestamp, channels: &[Channel]) -> Result<Option<LeasedMessage>, CatalogError> {
        let (now, channels) = (micros(self.clock().now()), listed(channels));
        // Looked for without a write lock first: idle workers must not take turns with callers.
        let due: Option<(String,)> =
            sql::query(due_message!("")).bind(now).bind(&channels).fetch_optional(&mut self.read(Scope::House).await?).await?;
        if due.is_none() {
            return Ok(None);
        }
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            let row: Option<LeasedRow> =
                sql::query(self.engine().pick(lease_due_message!(""), lease_due_message!(" FOR UPDATE SKIP LOCKED")))
                    .bind(now)
                    .bind(&channels)
                    .bind(micros(until))
                    .fetch_optional(&mut tx)
                    .await?;
            tx.commit().await?;
            let Some(leased) = row else { return Ok(None) };
            let row = RowRef { table: "deliveries", id: &leased.message_id };
            Ok(Some(LeasedMessage {
                id: row.parsed(&leased.message_id)?,
                customer: row.parsed(&leased.customer_id)?,
                channel: row.known(Channel::parse(&leased.channel))?,
                attempts: row.number(leased.attempts)?,
            }))
        })
        .await
    }

    /// A leased message as it lies, and whether it still means something.
    ///
    /// # Errors
    /// `Conflict` when it was taken over or taken back; else when the catalog does not answer or the row
    /// cannot be read.
    pub async fn leased_message(&self, message: &LeasedMessage) -> Result<(LeasedText, Standing), CatalogError> {
        let row: Option<StandingRow> = sql::query(
            "SELECT o.address, o.sealed_body, o.call_id, o.created_at, o.expires_at, s.revoked_at AS share_revoked, \
             s.expires_at AS share_expires, COALESCE(u.revoked_at, p.deactivated_at) AS request_ended, c.voided_at AS code_voided, c.expires_at AS code_expires \
             FROM deliveries d JOIN outbox o ON o.customer_id = d.customer_id AND o.id = d.message_id \
             LEFT JOIN shares s ON s.customer_id = o.customer_id AND s.id = o.about \
             LEFT JOIN upload_links u ON u.customer_id = o.customer_id AND u.id = o.about \
             LEFT JOIN people p ON p.customer_id = u.customer_id AND p.id = u.asked_by \
             LEFT JOIN codes c ON c.customer_id = o.customer_id AND c.id = o.code_id \
             WHERE d.customer_id = $1 AND d.message_id = $2 AND d.attempts = $3 AND d.leased_until IS NOT NULL",
        )
        .bind(message.customer.to_string())
        .bind(message.id.to_string())
        .bind(i64::from(message.attempts))
        .fetch_optional(&mut self.read(message.customer).await?)
        .await?;
        let found = row.ok_or(TAKEN_OVER)?;
        let (id, standing) = (message.id.to_string(), found.standing(micros(self.clock().now())));
        let row = RowRef { table: "outbox", id: &id };
        let text = LeasedText {
            call: found.call_id.as_deref().map(|text| row.parsed(text)).transpose()?,
            created_at: row.instant(found.created_at)?,
            expires_at: row.instant(found.expires_at)?,
            address: found.address,
            sealed_body: found.sealed_body,
        };
        Ok((text, standing))
    }

    /// Leaves a leased message in its worker's hands until `until`.
    ///
    /// # Errors
    /// `Conflict` when it was taken over or taken back; else when it could not be committed.
    pub async fn renew_message(&self, message: &LeasedMessage, until: Timestamp) -> Result<(), CatalogError> {
        self.lease_until(message, Some(until)).await
    }

    /// Puts a leased message back that was not tried.
    ///
    /// # Errors
    /// `Conflict` when it was taken over or taken back; else when it could not be committed.
    pub async fn put_back_message(&self, message: &LeasedMessage) -> Result<(), CatalogError> {
        self.lease_until(message, None).await
    }

    async fn lease_until(&self, message: &LeasedMessage, until: Option<Timestamp>) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(message.customer).await?;
            hold(&mut tx, message).await?;
            sql::query("UPDATE deliveries SET leased_until = $3 WHERE customer_id = $1 AND message_id = $2")
                .bind(message.customer.to_string())
                .bind(message.id.to_string())
                .bind(until.map(micros))
                .execute(&mut tx)
                .await?;
            tx.commit().await
        })
        .await
    }

    /// Writes down how an attempt ended, with its record. That it was sent is written also of a message that was
    /// taken back meanwhile: it is what happened.
    ///
    /// # Errors
    /// `Conflict` when it was taken over or taken back; else when it could not be committed.
    pub async fn settle_message(&self, message: &LeasedMessage, settled: &Settled, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        let (error, receipt) = match settled {
            Settled::Sent { receipt } => (None, receipt.as_ref()),
            Settled::Again { error, .. } | Settled::Failed { error } => (Some(error), None),
            Settled::Cancelled | Settled::Expired => (None, None),
        };
        let sent = matches!(settled, Settled::Sent { .. });
        self.verb(|| async {
            let mut tx = self.begin(message.customer).await?;
            let before = match hold(&mut tx, message).await {
                Ok(()) => MessageState::Queued,
                // Taken back while it was on its way; where another worker has it, it is still queued, and this fails.
                Err(CatalogError::Conflict(_)) if sent => MessageState::Cancelled,
                Err(error) => return Err(error),
            };
            let settling = match settled {
                Settled::Again { at, .. } => {
                    sql::query("UPDATE deliveries SET leased_until = NULL, run_at = $3 WHERE customer_id = $1 AND message_id = $2")
                        .bind(message.customer.to_string())
                        .bind(message.id.to_string())
                        .bind(micros(*at))
                }
                _ => sql::query("DELETE FROM deliveries WHERE customer_id = $1 AND message_id = $2 AND attempts = $3")
                    .bind(message.customer.to_string())
                    .bind(message.id.to_string())
                    .bind(i64::from(message.attempts)),
            };
            settling.execute(&mut tx).await?;
            let done = sql::query(
                "UPDATE outbox SET state = $3, attempts = $4, last_error = COALESCE($5, last_error), receipt = $6, delivered_at = $7 \
                 WHERE customer_id = $1 AND id = $2 AND state = $8",
            )
            .bind(message.customer.to_string())
            .bind(message.id.to_string())
            .bind(settled.state().as_str())
            .bind(i64::from(message.attempts))
            .bind(error.map(String::as_str))
            .bind(receipt.map(String::as_str))
            .bind(sent.then(|| micros(now)))
            .bind(before.as_str())
            .execute(&mut tx)
            .await?;
            if done == 0 {
                return Err(TAKEN_OVER);
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &message.customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// How many messages wait, of all customers, by channel.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn waiting_messages(&self) -> Result<Vec<(Channel, u64)>, CatalogError> {
        let rows: Vec<(String, i64)> = sql::query("SELECT channel, COUNT(*) FROM deliveries GROUP BY channel ORDER BY channel")
            .fetch_all(&mut self.read(Scope::House).await?)
            .await?;
        let read = |(channel, count): (String, i64)| {
            let row = RowRef { table: "deliveries", id: &channel };
            Ok((row.known(Channel::parse(&channel))?, count.unsigned_abs()))
        };
        rows.into_iter().map(read).collect()
    }
}
