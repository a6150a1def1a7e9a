//! Objects of somebody else's buckets, and the files they stand for.

use super::imports::{ImportRecord, Sighting};
use super::rows::{RowRef, as_i64, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, sql};
use crate::domain::{CustomerId, FileId, ImportId, Pin, Timestamp};

/// An object that stands, or stood, for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedRow {
    /// Its key in the bucket.
    pub name: String,
    /// The file.
    pub file: FileId,
    /// Which bytes were adopted last.
    pub pin: Pin,
    /// How many.
    pub size: u64,
    /// The run that saw it last, and how.
    pub seen: (ImportId, Sighting),
    /// Whether its file was deleted.
    pub is_deleted: bool,
}

/// An object that becomes a file, or the next version of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The run that adopts it.
    pub import: ImportId,
    /// Its bucket.
    pub bucket: String,
    /// Its key in the bucket.
    pub name: String,
    /// Which bytes.
    pub pin: Pin,
}

type AdoptedColumns = (String, String, String, Option<String>, i64, String, String, String);

fn adopted_row((name, file, etag, version, size, import, outcome, status): AdoptedColumns) -> Result<AdoptedRow, CatalogError> {
    let row = RowRef { table: "adopted_objects", id: &file };
    Ok(AdoptedRow {
        file: row.parsed(&file)?,
        pin: Pin { etag, version },
        size: row.number(size)?,
        seen: (row.parsed(&import)?, row.known(Sighting::parse(&outcome))?),
        is_deleted: status == "deleted",
        name,
    })
}

/// The columns of an [`AdoptedRow`], of the bucket `$2` of the customer `$1`.
macro_rules! select_adopted {
    ($tail:literal) => {
        concat!(
            "SELECT a.object_key, a.file_id, a.etag, a.version_id, a.size, a.import_id, a.outcome, f.status FROM adopted_objects a \
             JOIN files f ON f.customer_id = a.customer_id AND f.id = a.file_id WHERE a.customer_id = $1 AND a.bucket = $2",
            $tail
        )
    };
}

/// Notes the object that a new file or version stands for, in the transaction that stores it.
///
/// # Errors
/// `Conflict` when another run adopted it meanwhile.
pub(super) async fn adopt(
    tx: &mut Tx,
    customer: CustomerId,
    file: FileId,
    size: u64,
    version: u32,
    adoption: &Adoption,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let outcome = if version == 1 { Sighting::Adopted } else { Sighting::Changed };
    // Of two runs that saw the same bytes, the second finds them adopted.
    let noted = sql::query(
        "INSERT INTO adopted_objects (customer_id, bucket, object_key, file_id, etag, version_id, size, import_id, outcome, adopted_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (customer_id, bucket, object_key) DO UPDATE SET etag = excluded.etag, version_id = excluded.version_id, \
         size = excluded.size, import_id = excluded.import_id, outcome = excluded.outcome, adopted_at = excluded.adopted_at \
         WHERE adopted_objects.file_id = excluded.file_id \
         AND (adopted_objects.etag <> excluded.etag OR adopted_objects.outcome = 'vanished')",
    )
    .bind(customer.to_string())
    .bind(&adoption.bucket)
    .bind(&adoption.name)
    .bind(file.to_string())
    .bind(&adoption.pin.etag)
    .bind(&adoption.pin.version)
    .bind(as_i64(size))
    .bind(adoption.import.to_string())
    .bind(outcome.as_str())
    .bind(micros(now))
    .execute(tx)
    .await?;
    if noted == 1 { Ok(()) } else { Err(CatalogError::Conflict("the object was adopted meanwhile")) }
}

impl Catalog {
    /// What is known of objects of a bucket, by their keys.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn adopted_objects(&self, customer: CustomerId, bucket: &str, names: &[String]) -> Result<Vec<AdoptedRow>, CatalogError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<AdoptedColumns> = sql::query(select_adopted!(""))
            .bind(customer.to_string())
            .bind(bucket)
            .one_of("a.object_key", names)
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        rows.into_iter().map(adopted_row).collect()
    }

    /// Objects of a run's place that stood for a file before and that the run has not seen, after a key.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn unseen_objects(&self, import: &ImportRecord, after: Option<&str>, limit: u32) -> Result<Vec<AdoptedRow>, CatalogError> {
        let rows: Vec<AdoptedColumns> = sql::query(select_adopted!(
            " AND a.object_key > $3 AND substr(a.object_key, 1, length($4)) = $4 AND a.import_id <> $5 ORDER BY a.object_key LIMIT $6"
        ))
        .bind(import.customer.to_string())
        .bind(&import.bucket)
        .bind(after.unwrap_or_default())
        .bind(&import.prefix)
        .bind(import.id.to_string())
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(import.customer).await?)
        .await?;
        rows.into_iter().map(adopted_row).collect()
    }
}
