//! Sweeps that several processes share: whose turn it is, how far the last one came, and which customers
//! have something due.

use jiff::SignedDuration;

use super::rows::{RowRef, micros};
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, events, sql};
use crate::domain::{CustomerId, Timestamp};

/// How long what is due later may go unlooked at: what was set of its age may have changed meanwhile.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// A sweep that is in hand until its lease ends. It is also the proof of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// Which.
    pub name: &'static str,
    /// Where the one before stopped; `None` at the start of a round.
    pub position: Option<String>,
    turn: i64,
}

/// How long what is over is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ages {
    /// Files, from their deletion until their bytes are let go.
    pub deleted: SignedDuration,
    /// Bytes, from when no file stands for them.
    pub unreferenced: SignedDuration,
    /// What was promised of direct uploads, and links for uploads, from their end.
    pub direct: SignedDuration,
}

const TAKEN_OVER: CatalogError = CatalogError::Conflict("the sweep was taken over by another process");

/// Has a sweep look at a customer from an instant on.
pub(super) async fn due(tx: &mut Tx, customer: CustomerId, at: Timestamp) -> Result<(), CatalogError> {
    sql::query("UPDATE customers SET sweep_due = $2 WHERE id = $1 AND (sweep_due IS NULL OR sweep_due > $2)")
        .bind(customer.to_string())
        .bind(micros(at))
        .execute(tx)
        .await?;
    Ok(())
}

fn wide(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

impl Catalog {
    /// Takes a sweep that is due until an instant; `None` when it is not due, or in another's hands.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn take_sweep(&self, name: &'static str, until: Timestamp) -> Result<Option<Sweep>, CatalogError> {
        let now = micros(self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            sql::query("INSERT INTO sweeps (name, turn, due_at) VALUES ($1, 0, 0) ON CONFLICT (name) DO NOTHING")
                .bind(name)
                .execute(&mut tx)
                .await?;
            let taken: Option<(i64, Option<String>)> = sql::query(
                "UPDATE sweeps SET turn = turn + 1, leased_until = $3 WHERE name = $1 AND due_at <= $2 \
                 AND (leased_until IS NULL OR leased_until <= $2) RETURNING turn, position",
            )
            .bind(name)
            .bind(now)
            .bind(micros(until))
            .fetch_optional(&mut tx)
            .await?;
            tx.commit().await?;
            Ok(taken.map(|(turn, position)| Sweep { name, position, turn }))
        })
        .await
    }

    /// Notes how far a sweep has come, and keeps it until an instant.
    ///
    /// # Errors
    /// `Conflict` when another process has taken it over; else when it could not be committed.
    pub async fn keep_sweep(&self, sweep: &Sweep, position: &str, until: Timestamp) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            let kept =
                sql::query("UPDATE sweeps SET position = $3, leased_until = $4 WHERE name = $1 AND turn = $2 AND leased_until IS NOT NULL")
                    .bind(sweep.name)
                    .bind(sweep.turn)
                    .bind(position)
                    .bind(micros(until))
                    .execute(&mut tx)
                    .await?;
            if kept == 0 {
                return Err(TAKEN_OVER);
            }
            tx.commit().await
        })
        .await
    }

    /// Ends a round of a sweep; the next one is due at an instant.
    ///
    /// # Errors
    /// `Conflict` when another process has taken it over; else when it could not be committed.
    pub async fn end_sweep(&self, sweep: &Sweep, due: Timestamp) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            let ended = sql::query(
                "UPDATE sweeps SET position = NULL, leased_until = NULL, due_at = $3 \
                 WHERE name = $1 AND turn = $2 AND leased_until IS NOT NULL",
            )
            .bind(sweep.name)
            .bind(sweep.turn)
            .bind(micros(due))
            .execute(&mut tx)
            .await?;
            if ended == 0 {
                return Err(TAKEN_OVER);
            }
            tx.commit().await
        })
        .await
    }

    /// Makes a sweep due now. One that is in hand may still set when the next is due.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn hasten_sweep(&self, name: &'static str) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            sql::query("UPDATE sweeps SET due_at = 0 WHERE name = $1").bind(name).execute(&mut tx).await?;
            tx.commit().await
        })
        .await
    }

    /// Customers after one of them, in the order of their ids: those who have something due, or all.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn customers_after(&self, after: Option<CustomerId>, only_due: bool, limit: u32) -> Result<Vec<CustomerId>, CatalogError> {
        let text = if only_due {
            "SELECT id FROM customers WHERE sweep_due <= $1 AND id > $2 ORDER BY id LIMIT $3"
        } else {
            // The instant is compared with nothing that could be later.
            "SELECT id FROM customers WHERE created_at <= $1 AND id > $2 ORDER BY id LIMIT $3"
        };
        let rows: Vec<(String,)> = sql::query(text)
            .bind(micros(self.clock().now()))
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(&mut self.read(Scope::House).await?)
            .await?;
        rows.iter().map(|(id,)| RowRef { table: "customers", id }.parsed(id)).collect()
    }

    /// Notes when the next thing of a customer is due, once what was due is done. What is due in over a day is
    /// looked at again after one.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn settle_due(&self, customer: CustomerId, ages: &Ages) -> Result<(), CatalogError> {
        let latest = self.clock().now().saturating_add(LOOK_AGAIN).unwrap_or(Timestamp::MAX);
        self.verb(|| async {
            // INVARIANT: whoever makes something due waits for this transaction, or this one sees it: both
            // lock the customer's row first.
            let mut tx = self.begin(customer).await?;
            sql::query(
                "UPDATE customers SET sweep_due = (SELECT CASE WHEN MIN(at) > $5 THEN $5 ELSE MIN(at) END FROM (\
                 SELECT MIN(CASE WHEN retention_until > deleted_at + $2 THEN retention_until ELSE deleted_at + $2 END) AS at FROM files \
                 WHERE customer_id = $1 AND status = 'deleted' AND released_at IS NULL AND hold = 0 \
                 UNION ALL SELECT MIN(unreferenced_at) + $3 FROM blobs \
                 WHERE customer_id = $1 AND unreferenced_at IS NOT NULL AND collected_at IS NULL \
                 UNION ALL SELECT MIN(due_at) FROM garbage WHERE customer_id = $1 \
                 UNION ALL SELECT MIN($5) FROM blobs WHERE customer_id = $1 AND scan_status IN ('infected', 'suspicious') \
                 AND collected_at IS NULL AND adopted = 0 AND object_key NOT LIKE '%quarantine/%' \
                 UNION ALL SELECT MIN(expires_at) + $4 FROM direct_uploads WHERE customer_id = $1 \
                 UNION ALL SELECT MIN(created_at) + $6 FROM events WHERE customer_id = $1 \
                 UNION ALL SELECT MIN(expires_at) + $4 FROM upload_links WHERE customer_id = $1) things) WHERE id = $1",
            )
            .bind(customer.to_string())
            .bind(wide(ages.deleted))
            .bind(wide(ages.unreferenced))
            .bind(wide(ages.direct))
            .bind(micros(latest))
            .bind(wide(events::EVENTS_KEPT))
            .execute(&mut tx)
            .await?;
            tx.commit().await
        })
        .await
    }
}

/// Frees every sweep. Only for whoever has the database to itself.
pub(super) async fn free(tx: &mut Tx) -> Result<(), CatalogError> {
    sql::query("UPDATE sweeps SET leased_until = NULL").execute(tx).await?;
    Ok(())
}
