//! Verdicts that stand, and bytes whose verdict is older than the scanner.

use super::rows::{RowRef, list_json, micros};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, BlobId, Checksum, CustomerId, FileName, ScanVerdict, Timestamp};

/// Bytes that were judged by what the scanner was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleBlob {
    /// Which.
    pub blob: BlobId,
    /// The name of the oldest version that stands for them: an ending is a part of what is judged.
    pub name: FileName,
}

impl Catalog {
    /// Whether bytes were found clean by this scanner as it is, under this name; with what was noted of them.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn known_clean(
        &self,
        customer: CustomerId,
        blob: BlobId,
        engine: &str,
        name: &FileName,
    ) -> Result<Option<Vec<String>>, CatalogError> {
        let row: Option<(Option<String>,)> = sql::query(
            "SELECT scan_findings FROM blobs WHERE customer_id = $1 AND id = $2 AND scan_status = 'clean' AND scan_engine = $3 \
             AND scanned_as = $4",
        )
        .bind(customer.to_string())
        .bind(blob.to_string())
        .bind(engine)
        .bind(name.as_str())
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        let id = blob.to_string();
        let row_ref = RowRef { table: "blobs", id: &id };
        row.map(|(findings,)| findings.map_or(Ok(Vec::new()), |json| row_ref.list(&json, |text| Some(text.to_owned())))).transpose()
    }

    /// Bytes that are clean by a verdict of another scanner, or of this one as it was, from before an instant: the
    /// oldest first. Only those that a version of a file stands for.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn stale_blobs(
        &self,
        customer: CustomerId,
        engine: &str,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<StaleBlob>, CatalogError> {
        let rows: Vec<(String, String)> = sql::query(
            "SELECT b.id, (SELECT v.name FROM versions v WHERE v.customer_id = b.customer_id AND v.blob_id = b.id \
             ORDER BY v.file_id, v.number LIMIT 1) \
             FROM blobs b WHERE b.customer_id = $1 AND b.scan_status = 'clean' AND b.collected_at IS NULL AND b.scanned_at < $2 \
             AND b.scan_engine <> $3 AND EXISTS (SELECT 1 FROM versions v JOIN files f ON f.customer_id = v.customer_id AND f.id = v.file_id \
             WHERE v.customer_id = b.customer_id AND v.blob_id = b.id AND f.released_at IS NULL) ORDER BY b.scanned_at, b.id LIMIT $4",
        )
        .bind(customer.to_string())
        .bind(micros(before))
        .bind(engine)
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(|(id, name)| stale(&id, &name)).collect()
    }

    /// The hash of the bytes that lie or lay at a place.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn checksum_at(&self, customer: CustomerId, object_key: &str) -> Result<Option<Checksum>, CatalogError> {
        let row: Option<(String,)> = sql::query(
            "SELECT checksum FROM blobs WHERE customer_id = $1 AND collected_at IS NULL AND (object_key = $2 \
             OR id IN (SELECT blob_id FROM object_places WHERE customer_id = $1 AND object_key = $2)) LIMIT 1",
        )
        .bind(customer.to_string())
        .bind(object_key)
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        row.map(|(text,)| RowRef { table: "blobs", id: object_key }.known(Checksum::parse(&text))).transpose()
    }

    /// Notes that clean bytes were judged again: found clean still, or that it could not be said, which leaves the
    /// verdict that stands. Nothing where they are not clean any more.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn note_rescan(
        &self,
        customer: CustomerId,
        blob: BlobId,
        verdict: &ScanVerdict,
        name: &FileName,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = micros(self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // When that was moves on either way: bytes that cannot be judged do not stand before all others.
            sql::query(
                "UPDATE blobs SET scan_engine = CASE WHEN $7 = 'clean' THEN $3 ELSE scan_engine END, \
                 scan_findings = CASE WHEN $7 = 'clean' THEN $4 ELSE scan_findings END, \
                 scanned_as = CASE WHEN $7 = 'clean' THEN $5 ELSE scanned_as END, scanned_at = $6 \
                 WHERE customer_id = $1 AND id = $2 AND scan_status = 'clean'",
            )
            .bind(customer.to_string())
            .bind(blob.to_string())
            .bind(&verdict.engine)
            .bind(list_json(&verdict.findings))
            .bind(name.as_str())
            .bind(now)
            .bind(verdict.status.as_str())
            .execute(&mut tx)
            .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }
}

fn stale(id: &str, name: &str) -> Result<StaleBlob, CatalogError> {
    let row = RowRef { table: "blobs", id };
    Ok(StaleBlob { blob: row.parsed(id)?, name: FileName::parse(name).map_err(|_| row.corrupt())? })
}
