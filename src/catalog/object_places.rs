//! Where bytes lie and lay, and verdicts that name a place rather than a file: those of the store's own
//! scanner, which come when they come.

use super::collect::{Move, relocate};
use super::events::{alarm, tell};
use super::files::{file_in, touch};
use super::rows::{RowRef, list_json, micros};
use super::session::Tx;
use super::verdict::{files_of_blob, set_status};
use super::{Catalog, CatalogError, audit, sql, sweeps};
use crate::domain::{AuditEntry, BlobId, CustomerId, FileEvent, FileStatus, ScanStatus, ScanVerdict, Timestamp};

/// Notes a place that bytes left, or came in by.
pub(super) async fn left(tx: &mut Tx, customer: CustomerId, object_key: &str, blob: BlobId, now: Timestamp) -> Result<(), CatalogError> {
    sql::query(
        "INSERT INTO object_places (customer_id, object_key, blob_id, left_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (customer_id, object_key) DO UPDATE SET blob_id = excluded.blob_id, left_at = excluded.left_at",
    )
    .bind(customer.to_string())
    .bind(object_key)
    .bind(blob.to_string())
    .bind(micros(now))
    .execute(tx)
    .await?;
    Ok(())
}

impl Catalog {
    /// Puts bytes into quarantine that lie or lay at a place, with every file of the customer that stands for them
    /// now, whatever was known of them: never out of it, and only once. Gives which bytes they are; `None` when
    /// no bytes are known of that place (yet).
    ///
    /// Each file that it closes gets the entry about itself; where there is none, the bytes do.
    ///
    /// # Errors
    /// `Conflict` for a verdict that is no threat; else when it could not be committed.
    pub async fn condemn(
        &self,
        customer: CustomerId,
        object_key: &str,
        verdict: &ScanVerdict,
        entry: &AuditEntry,
    ) -> Result<Option<BlobId>, CatalogError> {
        if !matches!(verdict.status, ScanStatus::Infected | ScanStatus::Suspicious) {
            return Err(CatalogError::Conflict("this verdict is no threat"));
        }
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let found: Option<(String, String, String)> = sql::query(
                "SELECT id, scan_status, checksum FROM blobs WHERE customer_id = $1 AND collected_at IS NULL AND (object_key = $2 \
                 OR id IN (SELECT blob_id FROM object_places WHERE customer_id = $1 AND object_key = $2)) LIMIT 1",
            )
            .bind(customer.to_string())
            .bind(object_key)
            .fetch_optional(&mut tx)
            .await?;
            let Some((id, scan, checksum)) = found else { return Ok(None) };
            let row = RowRef { table: "blobs", id: &id };
            let (blob, known): (BlobId, _) = (row.parsed(&id)?, row.known(ScanStatus::parse(&scan))?);
            let mut closed = Vec::new();
            for (file, status) in files_of_blob(&mut tx, customer, blob).await? {
                if status.to(FileStatus::Quarantined).is_ok() {
                    set_status(&mut tx, customer, file, FileStatus::Quarantined).await?;
                    touch(&mut tx, customer, file, now).await?;
                    closed.push(file);
                }
            }
            if known.strictest(verdict.status) != known {
                sql::query("UPDATE blobs SET scan_status = $3, scan_engine = $4, scan_findings = $5, scanned_at = $6 WHERE customer_id = $1 AND id = $2")
                    .bind(customer.to_string())
                    .bind(&id)
                    .bind(verdict.status.as_str())
                    .bind(&verdict.engine)
                    .bind(list_json(&verdict.findings))
                    .bind(micros(now))
                    .execute(&mut tx)
                    .await?;
            } else if closed.is_empty() {
                return Ok(Some(blob));
            }
            let hash = checksum.strip_prefix("sha256:").map(str::to_owned);
            let about = AuditEntry { object: Some(id.clone()), content_hash: hash, ..entry.clone() };
            if closed.is_empty() {
                audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), &about).await?;
            }
            for file in closed {
                tell(&mut tx, customer, file, &[FileEvent::Quarantined], now).await?;
                alarm(&mut tx, customer, file, now).await?;
                let version = file_in(&mut tx, customer, file).await?.map(|record| record.version);
                let entry = AuditEntry { object: Some(file.to_string()), version, ..about.clone() };
                audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), &entry).await?;
            }
            sweeps::due(&mut tx, customer, now).await?;
            tx.commit().await?;
            Ok(Some(blob))
        })
        .await
    }

    /// Bytes that were found harmful and do not lie in quarantine yet. What was adopted stays where it is.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn condemned(&self, customer: CustomerId, limit: u32) -> Result<Vec<BlobId>, CatalogError> {
        let rows: Vec<(String,)> = sql::query(
            "SELECT id FROM blobs WHERE customer_id = $1 AND scan_status IN ('infected', 'suspicious') AND collected_at IS NULL \
             AND adopted = 0 AND object_key NOT LIKE '%quarantine/%' ORDER BY id LIMIT $2",
        )
        .bind(customer.to_string())
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.iter().map(|(id,)| RowRef { table: "blobs", id }.parsed(id)).collect()
    }

    /// The strictest verdict that the store gave of bytes, wherever they lay then.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn store_verdict(&self, customer: CustomerId, blob: BlobId) -> Result<Option<ScanStatus>, CatalogError> {
        let rows: Vec<(String, String)> = sql::query(
            "SELECT object_key, verdict FROM object_events WHERE customer_id = $1 AND verdict IS NOT NULL AND object_key IN (\
             SELECT object_key FROM blobs WHERE customer_id = $1 AND id = $2 \
             UNION ALL SELECT object_key FROM object_places WHERE customer_id = $1 AND blob_id = $2)",
        )
        .bind(customer.to_string())
        .bind(blob.to_string())
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let mut strictest = None;
        for (key, verdict) in rows {
            let verdict = RowRef { table: "object_events", id: &key }.known(ScanStatus::parse(&verdict))?;
            strictest = Some(strictest.map_or(verdict, |known: ScanStatus| known.strictest(verdict)));
        }
        Ok(strictest)
    }

    /// Writes down where bytes lie that were moved by themselves. Part of what has its record.
    ///
    /// # Errors
    /// `Conflict` when they lie elsewhere, or the new place was taken for garbage meanwhile; else when it could not
    /// be committed.
    pub async fn move_blob(&self, customer: CustomerId, blob: BlobId, moved: &Move) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            relocate(&mut tx, customer, blob, moved, now).await?;
            tx.commit().await
        })
        .await
    }

    /// Forgets up to `limit` places that bytes left before an instant, but for those that the store gave a
    /// verdict of. Gives how many.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn forget_places(&self, customer: CustomerId, before: Timestamp, limit: u32) -> Result<u64, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let gone = sql::query(
                "DELETE FROM object_places WHERE customer_id = $1 AND object_key IN (SELECT p.object_key FROM object_places p \
                 WHERE p.customer_id = $1 AND p.left_at < $2 AND NOT EXISTS (SELECT 1 FROM object_events e WHERE e.customer_id = $1 \
                 AND e.object_key = p.object_key AND e.verdict IN ('infected', 'suspicious')) ORDER BY p.left_at LIMIT $3)",
            )
            .bind(customer.to_string())
            .bind(micros(before))
            .bind(i64::from(limit))
            .execute(&mut tx)
            .await?;
            tx.commit().await?;
            Ok(gone)
        })
        .await
    }
}
