//! The change feed that indexes follow, and the grants that lie on files.

use std::collections::BTreeMap;

use super::rows::{FileRow, RowRef, as_i64, micros, select_files};
use super::session::Scope;
use super::{Catalog, CatalogError, sql};
use crate::domain::{CustomerId, FileId, FileRecord, PersonId, Rights, Timestamp};

/// A file somebody may use beyond its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub to: PersonId,
    /// How far.
    pub rights: Rights,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A file that changed, as it is now.
#[derive(Debug, Clone)]
pub struct Change {
    /// The file.
    pub file: FileRecord,
    /// Living grants on it.
    pub grants: Vec<Grant>,
    /// Where its text lies.
    pub text_key: Option<String>,
}

fn grant(file: &str, to: &str, rights: &str, expires_at: i64) -> Result<Grant, CatalogError> {
    let row = RowRef { table: "shares", id: file };
    Ok(Grant {
        to: PersonId::parse(to).map_err(|_| row.corrupt())?,
        rights: row.known(Rights::parse(rights))?,
        expires_at: row.instant(expires_at)?,
    })
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
            "SELECT f.id, b.text_key FROM files f JOIN blobs b ON b.id = f.blob_id \
             WHERE f.customer_id = $1 AND f.change_seq > $2 AND f.change_seq <= $3",
        )
        .bind(customer.to_string())
        .bind(as_i64(after))
        .bind(as_i64(last))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let mut text_keys: BTreeMap<String, Option<String>> = text_keys.into_iter().collect();
        // CROSS JOIN keeps SQLite from starting at all shares of the customer; elsewhere it means the same.
        let grants: Vec<(String, String, String, i64)> = sql::query(
            "SELECT s.file_id, s.recipient_id, s.rights, s.expires_at FROM files f CROSS JOIN shares s \
             WHERE f.customer_id = $1 AND f.change_seq > $2 AND f.change_seq <= $3 AND s.customer_id = $1 AND s.file_id = f.id \
             AND s.revoked_at IS NULL AND s.expires_at > $4 AND s.recipient_id <> s.created_by ORDER BY f.change_seq, s.id",
        )
        .bind(customer.to_string())
        .bind(as_i64(after))
        .bind(as_i64(last))
        .bind(micros(self.clock().now()))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let mut granted: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
        for (file, to, rights, expires_at) in grants {
            let grant = grant(&file, &to, &rights, expires_at)?;
            granted.entry(file).or_default().push(grant);
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

    /// Living grants on one file.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn grants(&self, customer: CustomerId, file: FileId) -> Result<Vec<Grant>, CatalogError> {
        let mut all = self.grants_of(customer, &[file]).await?;
        Ok(all.remove(&file).unwrap_or_default())
    }

    /// Living grants on several files; an empty list where there is none. Who had a file sent to himself
    /// got a link, and no right that he had not.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn grants_of(&self, customer: CustomerId, files: &[FileId]) -> Result<BTreeMap<FileId, Vec<Grant>>, CatalogError> {
        let mut all: BTreeMap<FileId, Vec<Grant>> = files.iter().map(|file| (*file, Vec::new())).collect();
        if all.is_empty() {
            return Ok(all);
        }
        let rows: Vec<(String, String, String, i64)> = sql::query(
            "SELECT file_id, recipient_id, rights, expires_at FROM shares WHERE customer_id = $1 AND revoked_at IS NULL AND expires_at > $2 \
             AND recipient_id <> created_by",
        )
        .bind(customer.to_string())
        .bind(micros(self.clock().now()))
        .one_of("file_id", files)
        .then(" ORDER BY id")
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        for (file, to, rights, expires_at) in rows {
            let grant = grant(&file, &to, &rights, expires_at)?;
            let file = RowRef { table: "shares", id: &file }.parsed(&file)?;
            all.entry(file).or_default().push(grant);
        }
        Ok(all)
    }
}
