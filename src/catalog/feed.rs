//! The change feed that indexes follow.

use std::collections::BTreeMap;

use super::grants::{Grant, GrantRow, grant};
use super::rows::{FileRow, RowRef, as_i64, micros, select_files};
use super::session::Scope;
use super::{Catalog, CatalogError, sql};
use crate::domain::{CustomerId, FileRecord};

/// A file that changed, as it is now.
#[derive(Debug, Clone)]
pub struct Change {
    /// The file.
    pub file: FileRecord,
    /// Living shares and grants of it alone: those of its folders change without it.
    pub grants: Vec<Grant>,
    /// Where its text lies.
    pub text_key: Option<String>,
}

impl Catalog {
    /// Every customer with the number of its last change.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn last_changes(&self) -> Result<Vec<(CustomerId, u64)>, CatalogError> {
        let rows: Vec<(String, i64)> =
            sql::query("SELECT id, change_seq FROM customers ORDER BY id").fetch_all(&mut self.read(Scope::House).await?).await?;
        rows.into_iter().map(|(id, seq)| Ok((RowRef { table: "customers", id: &id }.parsed(&id)?, seq.unsigned_abs()))).collect()
    }

    /// Files that changed after a number, in the order of their last change. A file that changed
    /// twice comes once, at its last place.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn changes(&self, customer: CustomerId, after: u64, limit: u32) -> Result<Vec<Change>, CatalogError> {
        let rows: Vec<FileRow> = sql::query(select_files!("WHERE f.customer_id = $1 AND f.change_seq > $2 ORDER BY f.change_seq LIMIT $3"))
            .bind(customer.to_string())
            .bind(as_i64(after))
            .bind(i64::from(limit))
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        let files = rows.into_iter().map(FileRow::into_record).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = files.last().map(|file| file.change_seq) else { return Ok(Vec::new()) };
        // A file that changes between these reads comes again, at its new place, with what it has then.
        let text_keys: Vec<(String, Option<String>)> = sql::query(
            "SELECT f.id, COALESCE(u.text_key, b.text_key) FROM files f JOIN blobs b ON b.id = f.blob_id \
             LEFT JOIN unlocks u ON u.customer_id = f.customer_id AND u.file_id = f.id AND u.version = f.version AND f.unlock = 'opened' \
             WHERE f.customer_id = $1 AND f.change_seq > $2 AND f.change_seq <= $3",
        )
        .bind(customer.to_string())
        .bind(as_i64(after))
        .bind(as_i64(last))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let mut text_keys: BTreeMap<String, Option<String>> = text_keys.into_iter().collect();
        // CROSS JOIN keeps SQLite from starting at all shares of the customer; elsewhere it means the same. Who had a
        // file sent to himself got a link, and no right that he had not.
        let grants: Vec<GrantRow> = sql::query(
            "SELECT s.file_id, s.recipient_id, s.rights, s.expires_at FROM files f CROSS JOIN shares s \
             WHERE f.customer_id = $1 AND f.change_seq > $2 AND f.change_seq <= $3 AND s.customer_id = $1 AND s.file_id = f.id \
             AND s.revoked_at IS NULL AND s.expires_at > $4 AND s.recipient_id <> s.created_by \
             UNION ALL \
             SELECT g.file_id, g.grantee_id, g.level, g.expires_at FROM files f CROSS JOIN grants g \
             WHERE f.customer_id = $1 AND f.change_seq > $2 AND f.change_seq <= $3 AND g.customer_id = $1 AND g.file_id = f.id \
             AND g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $4)",
        )
        .bind(customer.to_string())
        .bind(as_i64(after))
        .bind(as_i64(last))
        .bind(micros(self.clock().now()))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let mut granted: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
        for row in grants {
            let grant = grant(&row)?;
            granted.entry(row.0).or_default().push(grant);
        }
        Ok(files
            .into_iter()
            .map(|file| {
                let id = file.id.to_string();
                let grants = granted.remove(&id).unwrap_or_default();
                let text_key = text_keys.remove(&id).flatten();
                Change { file, grants, text_key }
            })
            .collect())
    }
}
