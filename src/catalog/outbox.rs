//! Messages to people: durable, leased by whoever delivers them, settled once.

use sqlx::FromRow;

use super::rows::{RowRef, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CallId, Channel, CodeId, CustomerId, Decision, MessageId, PersonId, Timestamp};

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// It waits for a worker, or is in the hands of one.
    Queued,
    /// It was handed to whoever carries it.
    Sent,
    /// It was given up; the row says why.
    Failed,
    /// What it is about was taken back before it was sent.
    Cancelled,
    /// What it tells ended before it was sent.
    Expired,
    /// Its customer is marked as test: it is there to be looked at, and goes to nobody.
    Kept,
}

impl MessageState {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Queued, Self::Sent, Self::Failed, Self::Cancelled, Self::Expired, Self::Kept];

    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Kept => "kept",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A message to be delivered.
#[derive(Debug)]
pub struct NewMessage {
    /// Which.
    pub id: MessageId,
    /// To whom.
    pub recipient: PersonId,
    /// How.
    pub channel: Channel,
    /// Mail address or number.
    pub address: String,
    /// What it says, sealed.
    pub sealed_body: String,
    /// The share or the request it belongs to: with that it ends, by `withdraw`.
    pub about: Option<String>,
    /// The code it tells: it ends with that too.
    pub code: Option<CodeId>,
    /// In which call it was written.
    pub call: Option<CallId>,
    /// After this instant it is not sent any more.
    pub expires_at: Timestamp,
}

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Which.
    pub id: MessageId,
    /// To whom.
    pub recipient: PersonId,
    /// How.
    pub channel: Channel,
    /// Mail address or number.
    pub address: String,
    /// What it says, sealed.
    pub sealed_body: String,
    /// Where it is.
    pub state: MessageState,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was not delivered the last time.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct OutboxRow {
    id: String,
    recipient_id: String,
    channel: String,
    address: String,
    sealed_body: String,
    state: String,
    attempts: i64,
    last_error: Option<String>,
    created_at: i64,
    delivered_at: Option<i64>,
}

impl OutboxRow {
    fn into_message(self) -> Result<OutboxMessage, CatalogError> {
        let row = RowRef { table: "outbox", id: &self.id };
        Ok(OutboxMessage {
            id: row.parsed(&self.id)?,
            recipient: PersonId::parse(&self.recipient_id).map_err(|_| row.corrupt())?,
            channel: row.known(Channel::parse(&self.channel))?,
            state: row.known(MessageState::parse(&self.state))?,
            attempts: row.number(self.attempts)?,
            created_at: row.instant(self.created_at)?,
            delivered_at: row.maybe_instant(self.delivered_at)?,
            address: self.address,
            sealed_body: self.sealed_body,
            last_error: self.last_error,
        })
    }
}

/// A record about a message, after one about what it belongs to.
fn about_message(entry: &AuditEntry, id: &str, outcome: &'static str, reason: Option<String>) -> AuditEntry {
    AuditEntry {
        action: "message",
        object: Some(id.to_owned()),
        version: None,
        content_hash: None,
        bytes: None,
        decision: Decision::None,
        policy: None,
        outcome,
        reason,
        ..entry.clone()
    }
}

impl Catalog {
    /// Puts messages into the outbox, each with its record, which is after `entry`. Those of a customer
    /// that is marked as test are kept to be looked at.
    ///
    /// # Errors
    /// When a row cannot be written; the transaction must then fail too.
    pub(super) async fn queue(
        &self,
        tx: &mut Tx,
        customer: CustomerId,
        messages: &[NewMessage],
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = micros(self.clock().now());
        for message in messages {
            let (state,): (String,) = sql::query(
                "INSERT INTO outbox (id, customer_id, recipient_id, channel, address, sealed_body, about, code_id, call_id, state, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (SELECT CASE WHEN is_test = 0 THEN 'queued' ELSE 'kept' END FROM customers WHERE id = $2), \
                 $10, $11) RETURNING state",
            )
            .bind(message.id.to_string())
            .bind(customer.to_string())
            .bind(message.recipient.to_string())
            .bind(message.channel.as_str())
            .bind(&message.address)
            .bind(&message.sealed_body)
            .bind(&message.about)
            .bind(message.code.map(|id| id.to_string()))
            .bind(message.call.map(|id| id.to_string()))
            .bind(now)
            .bind(micros(message.expires_at))
            .fetch_one(tx)
            .await?;
            let is_kept = state == MessageState::Kept.as_str();
            if !is_kept {
                sql::query(
                    "INSERT INTO deliveries (message_id, customer_id, channel, attempts, run_at, expires_at) VALUES ($1, $2, $3, 0, $4, $5)",
                )
                .bind(message.id.to_string())
                .bind(customer.to_string())
                .bind(message.channel.as_str())
                .bind(now)
                .bind(micros(message.expires_at))
                .execute(tx)
                .await?;
            }
            let outcome = if is_kept { "kept" } else { "queued" };
            let reason = format!("{} to {}", message.channel, message.recipient);
            let entry = about_message(entry, &message.id.to_string(), outcome, Some(reason));
            audit::append(tx, self.clock(), self.entropy(), &customer.to_string(), &entry).await?;
        }
        Ok(())
    }

    /// Takes back what waits in the outbox about a share or a request that has ended, each with its
    /// record, which is after `entry`. One that is being sent at this moment may still arrive; what it
    /// links to is closed.
    ///
    /// # Errors
    /// When a row cannot be written; the transaction must then fail too.
    pub(super) async fn withdraw(&self, tx: &mut Tx, customer: CustomerId, about: &str, entry: &AuditEntry) -> Result<(), CatalogError> {
        let withdrawn: Vec<(String,)> =
            sql::query("UPDATE outbox SET state = 'cancelled' WHERE customer_id = $1 AND about = $2 AND state = 'queued' RETURNING id")
                .bind(customer.to_string())
                .bind(about)
                .fetch_all(tx)
                .await?;
        for (id,) in withdrawn {
            sql::query("DELETE FROM deliveries WHERE customer_id = $1 AND message_id = $2")
                .bind(customer.to_string())
                .bind(&id)
                .execute(tx)
                .await?;
            let entry = about_message(entry, &id, "cancelled", Some(format!("{about} was taken back")));
            audit::append(tx, self.clock(), self.entropy(), &customer.to_string(), &entry).await?;
        }
        Ok(())
    }

    /// Puts messages into the outbox that belong to nothing else that is written, with a record each.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn send(&self, customer: CustomerId, messages: &[NewMessage], entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            self.queue(&mut tx, customer, messages, entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Takes back what waits in the outbox about something that has ended, with a record each.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn taken_back(&self, customer: CustomerId, about: &str, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            self.withdraw(&mut tx, customer, about, entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Messages of a customer, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn outbox(&self, customer: CustomerId, limit: u32) -> Result<Vec<OutboxMessage>, CatalogError> {
        let rows: Vec<OutboxRow> = sql::query(
            "SELECT id, recipient_id, channel, address, sealed_body, state, attempts, last_error, created_at, delivered_at FROM outbox \
             WHERE customer_id = $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(customer.to_string())
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(OutboxRow::into_message).collect()
    }
}
