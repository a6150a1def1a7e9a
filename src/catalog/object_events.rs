//! What the store told of objects.

use super::rows::{RowRef, micros};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, EventOrder, Happened, ObjectNote, ScanStatus, StoreEvent, Timestamp};

/// What refers to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// The bytes or the text of a file.
    Blob,
    /// An upload that is no file yet, or an object that moved and waits for being swept.
    Upload,
}

type NoteRow = (Option<String>, Option<String>, Option<i64>, Option<i64>, Option<String>, i64);

const THERE: &str = "created";
const GONE: &str = "removed";
const SELECT_NOTE: &str =
    "SELECT presence, sequencer, event_at, restored_at, verdict, alarmed FROM object_events WHERE customer_id = $1 AND object_key = $2";

fn note(row: &NoteRow, key: &str) -> Result<ObjectNote, CatalogError> {
    let at = RowRef { table: "object_events", id: key };
    let (presence, sequencer, event_at, restored_at, verdict, _) = row;
    let presence = match (presence.as_deref(), *event_at) {
        (None, _) => None,
        (Some(word), Some(micros)) => {
            let is_there = at.known(match word {
                THERE => Some(true),
                GONE => Some(false),
                _ => None,
            })?;
            Some((EventOrder::new(sequencer.as_deref(), at.instant(micros)?), is_there))
        }
        (Some(_), None) => return Err(at.corrupt()),
    };
    Ok(ObjectNote {
        presence,
        restored_at: at.maybe_instant(*restored_at)?,
        verdict: verdict.as_deref().map(|text| at.known(ScanStatus::parse(text))).transpose()?,
    })
}

impl Catalog {
    /// Notes what the store told of an object. The entry is kept when it is news; of an object that is
    /// gone, once. Gives whether it was kept.
    ///
    /// # Errors
    /// `Conflict` when there is no such customer; else when it could not be committed.
    pub async fn note_object_event(&self, event: &StoreEvent, entry: Option<&AuditEntry>) -> Result<bool, CatalogError> {
        let (customer, key) = (event.customer.to_string(), event.object_key.as_str());
        self.verb(|| async {
            let mut tx = self.begin(event.customer).await?;
            // Written first: two that tell of one object wait for each other here.
            sql::query(
                "INSERT INTO object_events (customer_id, object_key, alarmed, noted_at) VALUES ($1, $2, 0, $3) \
                 ON CONFLICT (customer_id, object_key) DO UPDATE SET noted_at = excluded.noted_at",
            )
            .bind(&customer)
            .bind(key)
            .bind(micros(self.clock().now()))
            .execute(&mut tx)
            .await?;
            let row: NoteRow = sql::query(SELECT_NOTE).bind(&customer).bind(key).fetch_one(&mut tx).await?;
            let mut known = note(&row, key)?;
            let is_news = known.learn(event);
            let alarms = event.happened == Happened::Removed && entry.is_some();
            let kept = entry.filter(|_| if alarms { row.5 == 0 } else { is_news });
            let presence = known.presence.as_ref();
            sql::query(
                "UPDATE object_events SET presence = $3, sequencer = $4, event_at = $5, restored_at = $6, verdict = $7, alarmed = $8 \
                 WHERE customer_id = $1 AND object_key = $2",
            )
            .bind(&customer)
            .bind(key)
            .bind(presence.map(|(_, is_there)| if *is_there { THERE } else { GONE }))
            .bind(presence.and_then(|(order, _)| order.sequencer()))
            .bind(presence.map(|(order, _)| micros(order.at())))
            .bind(known.restored_at.map(micros))
            .bind(known.verdict.map(ScanStatus::as_str))
            .bind(if alarms { 1_i64 } else { row.5 })
            .execute(&mut tx)
            .await?;
            if let Some(entry) = kept {
                audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            }
            tx.commit().await?;
            Ok(kept.is_some())
        })
        .await
    }

    /// What the store told of an object; `None` when it told nothing.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn object_note(&self, customer: CustomerId, object_key: &str) -> Result<Option<ObjectNote>, CatalogError> {
        let row: Option<NoteRow> =
            sql::query(SELECT_NOTE).bind(customer.to_string()).bind(object_key).fetch_optional(&mut self.read(customer).await?).await?;
        row.map(|row| note(&row, object_key)).transpose()
    }

    /// What refers to an object; `None` when nothing does.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn object_reference(&self, customer: CustomerId, object_key: &str) -> Result<Option<Reference>, CatalogError> {
        let found: Option<(String,)> = sql::query(
            "SELECT 'blob' FROM blobs WHERE customer_id = $1 AND object_key = $2 \
             UNION ALL SELECT 'blob' FROM blobs WHERE customer_id = $1 AND text_key = $2 \
             UNION ALL SELECT 'blob' FROM unlocks WHERE customer_id = $1 AND text_key = $2 \
             UNION ALL SELECT 'upload' FROM uploads WHERE customer_id = $1 AND object_key = $2 \
             UNION ALL SELECT 'upload' FROM garbage WHERE customer_id = $1 AND object_key = $2 LIMIT 1",
        )
        .bind(customer.to_string())
        .bind(object_key)
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        Ok(found.map(|(kind,)| if kind == "blob" { Reference::Blob } else { Reference::Upload }))
    }

    /// Forgets what the store told before an instant of a customer's objects, but for threats and
    /// alarms. Gives how much.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn forget_object_events(&self, customer: CustomerId, before: Timestamp) -> Result<u64, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let gone = sql::query(
                "DELETE FROM object_events WHERE customer_id = $1 AND noted_at < $2 AND alarmed = 0 \
                 AND (verdict IS NULL OR verdict NOT IN ('infected', 'suspicious'))",
            )
            .bind(customer.to_string())
            .bind(micros(before))
            .execute(&mut tx)
            .await?;
            tx.commit().await?;
            Ok(gone)
        })
        .await
    }
}
