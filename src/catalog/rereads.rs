//! Looking again through a customer's files by rules that changed: who asked, how far it is, and what it changed.

use sqlx::FromRow;

use super::files::{file_in, touch};
use super::rows::{RowRef, micros};
use super::sensitivity::keep_findings;
use super::session::Tx;
use super::topics::keep_sorted;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, Classification, CustomerId, FileId, FileRecord, FileStatus, Finding, Sorted, Timestamp};

/// What is looked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reread {
    /// What is sensitive.
    Findings,
    /// By which word a file is sorted.
    Categories,
}

impl Reread {
    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::Categories => "categories",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Findings, Self::Categories].into_iter().find(|what| what.as_str() == text)
    }
}

/// How far one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RereadRecord {
    /// What is looked for.
    pub what: Reread,
    /// Who asked: an id.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// The last file that was looked at.
    pub after: Option<FileId>,
    /// How many files were looked at.
    pub looked_at: u64,
    /// Of how many something changed.
    pub changed: u64,
    /// How many could not be looked at.
    pub failed: u64,
    /// When it ended, if it has.
    pub ended_at: Option<Timestamp>,
}

/// What came of looking at one file again.
#[derive(Debug)]
pub enum RereadFile {
    /// There was nothing to look at, or nothing changed.
    Same,
    /// It could not be looked at.
    Failed,
    /// This is in it, and makes it so sensitive.
    Findings(Vec<Finding>, Classification),
    /// The rules say this of it.
    Sorted(Sorted),
}

#[derive(FromRow)]
struct RereadRow {
    what: String,
    asked_by: String,
    asked_at: i64,
    after_file: String,
    looked_at: i64,
    changed: i64,
    failed: i64,
    ended_at: Option<i64>,
}

impl RereadRow {
    fn into_record(self) -> Result<RereadRecord, CatalogError> {
        let row = RowRef { table: "rereads", id: &self.what };
        Ok(RereadRecord {
            what: row.known(Reread::parse(&self.what))?,
            asked_at: row.instant(self.asked_at)?,
            after: if self.after_file.is_empty() { None } else { Some(row.parsed(&self.after_file)?) },
            looked_at: row.number(self.looked_at)?,
            changed: row.number(self.changed)?,
            failed: row.number(self.failed)?,
            ended_at: row.maybe_instant(self.ended_at)?,
            asked_by: self.asked_by,
        })
    }
}

const OTHER: CatalogError = CatalogError::Conflict("it was asked for anew, or is over");

/// Moves one on past a file, as far as it is still the one that was begun.
async fn step(tx: &mut Tx, customer: CustomerId, of: &RereadRecord, file: FileId, changed: bool, failed: bool) -> Result<(), CatalogError> {
    let moved = sql::query(
        "UPDATE rereads SET after_file = $3, looked_at = looked_at + 1, changed = changed + $4, failed = failed + $5 \
         WHERE customer_id = $1 AND what = $2 AND asked_at = $6 AND after_file < $3 AND ended_at IS NULL",
    )
    .bind(customer.to_string())
    .bind(of.what.as_str())
    .bind(file.to_string())
    .bind(i64::from(changed))
    .bind(i64::from(failed))
    .bind(micros(of.asked_at))
    .execute(tx)
    .await?;
    if moved == 0 { Err(OTHER) } else { Ok(()) }
}

/// Whether a file is still what was looked at.
fn is_as_seen(now: &FileRecord, seen: &FileRecord) -> bool {
    now.version == seen.version && now.status == FileStatus::Active
}

impl Catalog {
    /// Begins to look again through all files of a customer; one that is under way begins anew.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn begin_reread(&self, customer: CustomerId, what: Reread, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            sql::query("DELETE FROM rereads WHERE customer_id = $1 AND what = $2")
                .bind(customer.to_string())
                .bind(what.as_str())
                .execute(&mut tx)
                .await?;
            sql::query(
                "INSERT INTO rereads (customer_id, what, asked_by, asked_at, after_file, looked_at, changed, failed) \
                 VALUES ($1, $2, $3, $4, '', 0, 0, 0)",
            )
            .bind(customer.to_string())
            .bind(what.as_str())
            .bind(entry.actor.to_string())
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Those of a customer, the one that was asked for first in front.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn rereads(&self, customer: CustomerId) -> Result<Vec<RereadRecord>, CatalogError> {
        let rows: Vec<RereadRow> = sql::query(
            "SELECT what, asked_by, asked_at, after_file, looked_at, changed, failed, ended_at FROM rereads WHERE customer_id = $1 \
             ORDER BY asked_at, what",
        )
        .bind(customer.to_string())
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(RereadRow::into_record).collect()
    }

    /// Stores what came of looking at a file again, and moves on past it. A file that moved on meanwhile is only passed: whoever reads it
    /// goes by the rules as they are. Leaves a record where something changed.
    ///
    /// # Errors
    /// `Conflict` when it was asked for anew, is over, or is past that file already; else when it could not be committed.
    pub async fn reread_file(
        &self,
        of: &RereadRecord,
        file: &FileRecord,
        result: &RereadFile,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let (customer, now) = (file.customer, self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let record = file_in(&mut tx, customer, file.id).await?.filter(|record| is_as_seen(record, file));
            let changed = match (&record, result) {
                (None, _) | (_, RereadFile::Same | RereadFile::Failed) => false,
                (Some(record), RereadFile::Findings(findings, level)) => {
                    keep_findings(&mut tx, record, Some(findings), *level).await?;
                    true
                }
                (Some(record), RereadFile::Sorted(sorted)) => {
                    keep_sorted(&mut tx, record, Some(sorted)).await?;
                    true
                }
            };
            step(&mut tx, customer, of, file.id, changed, matches!(result, RereadFile::Failed)).await?;
            if changed {
                touch(&mut tx, customer, file.id, now).await?;
                audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Ends one that has looked at every file.
    ///
    /// # Errors
    /// `Conflict` when it was asked for anew or is over; else when it could not be committed.
    pub async fn end_reread(&self, customer: CustomerId, of: &RereadRecord, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let ended =
                sql::query("UPDATE rereads SET ended_at = $3 WHERE customer_id = $1 AND what = $2 AND asked_at = $4 AND ended_at IS NULL")
                    .bind(customer.to_string())
                    .bind(of.what.as_str())
                    .bind(micros(now))
                    .bind(micros(of.asked_at))
                    .execute(&mut tx)
                    .await?;
            if ended == 0 {
                return Err(OTHER);
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }
}
