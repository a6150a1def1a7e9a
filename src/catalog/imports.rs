//! Runs over objects that are adopted where they lie: how far each is, and what it saw.
//!
//! A run looks at a location page by page. What it adopts is committed object by object, with the file;
//! how far it is, page by page. Cut off in between, it looks at a page again and knows by the rows of
//! `adopted_objects` what it has done already.

use sqlx::FromRow;

use super::rows::{RowRef, as_i64, micros};
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, Folder, ImportId, Timestamp};

const TAKEN_OVER: CatalogError = CatalogError::Conflict("the import was taken over by another worker");
/// Notes that one run keeps; what is beyond them is counted.
const MOST_NOTES: i64 = 10_000;

/// What a run found of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sighting {
    /// It became a file.
    Adopted,
    /// It stands for a file already, as it is.
    Known,
    /// Its bytes are others than before; they became the next version of its file.
    Changed,
    /// It became no file, for a reason that is noted.
    Refused,
    /// It stood for a file, and is not there any more.
    Vanished,
    /// It stood for a file that was deleted since; it is not adopted again.
    Deleted,
}

impl Sighting {
    /// Every one, in the order of a report.
    pub const ALL: [Self; 6] = [Self::Adopted, Self::Known, Self::Changed, Self::Refused, Self::Vanished, Self::Deleted];

    /// The text form, as stored; the name of its count too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Known => "known",
            Self::Changed => "changed",
            Self::Refused => "refused",
            Self::Vanished => "vanished",
            Self::Deleted => "deleted",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sighting| sighting.as_str() == text)
    }

    /// Whether a report names the object.
    const fn is_noted(self) -> bool {
        matches!(self, Self::Changed | Self::Refused | Self::Vanished | Self::Deleted)
    }
}

/// How many objects were seen how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sightings([u64; 6]);

impl Sightings {
    /// How many were seen so.
    pub fn of(&self, sighting: Sighting) -> u64 {
        Sighting::ALL.iter().zip(self.0).find(|(one, _)| **one == sighting).map_or(0, |(_, count)| count)
    }

    /// Counts one.
    pub fn count(&mut self, sighting: Sighting) {
        for (one, count) in Sighting::ALL.iter().zip(&mut self.0) {
            *count += u64::from(*one == sighting);
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImportState {
    /// It looks at what the store lists.
    Listing,
    /// It looks for what stood there before and is not listed any more.
    Comparing,
    /// It is over.
    Done,
    /// It was given up, for a reason that is told.
    Failed,
}

impl ImportState {
    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Comparing => "comparing",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Listing, Self::Comparing, Self::Done, Self::Failed].into_iter().find(|state| state.as_str() == text)
    }

    /// Whether there is something left to do.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Listing | Self::Comparing)
    }
}

/// A run to be begun.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// Which.
    pub id: ImportId,
    /// Whose.
    pub customer: CustomerId,
    /// The bucket.
    pub bucket: String,
    /// With what the keys begin.
    pub prefix: String,
    /// The folder that receives the files.
    pub folder: Folder,
    /// Who began it: an id.
    pub begun_by: String,
}

/// A run. One that was leased is also the proof of the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// Which.
    pub id: ImportId,
    /// Whose.
    pub customer: CustomerId,
    /// The bucket.
    pub bucket: String,
    /// With what the keys begin.
    pub prefix: String,
    /// The folder that receives the files.
    pub folder: Folder,
    /// Who began it: an id.
    pub begun_by: String,
    /// Where it is.
    pub state: ImportState,
    /// The last key it has looked at in this state.
    pub cursor: Option<String>,
    /// What it has seen.
    pub seen: Sightings,
    /// Why it waits, or was given up.
    pub error: Option<String>,
    /// How often it was leased.
    pub attempts: u32,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What a run saw of one object, for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportNote {
    /// Its key in the bucket.
    pub name: String,
    /// What was found.
    pub sighting: Sighting,
    /// Why, where that is not plain.
    pub reason: Option<String>,
}

/// A page that was looked at.
#[derive(Debug, Clone, Default)]
pub struct ImportPage {
    /// Every object of it.
    pub notes: Vec<ImportNote>,
    /// Where the run is after it, with the last key it has looked at there.
    pub next: Option<(ImportState, Option<String>)>,
}

#[derive(FromRow)]
struct ImportRow {
    id: String,
    customer_id: String,
    bucket: String,
    prefix: String,
    folder: String,
    begun_by: String,
    state: String,
    last_key: Option<String>,
    adopted: i64,
    known: i64,
    changed: i64,
    refused: i64,
    vanished: i64,
    deleted: i64,
    error: Option<String>,
    attempts: i64,
    created_at: i64,
    ended_at: Option<i64>,
}

/// The columns of an [`ImportRow`].
macro_rules! columns {
    () => {
        "id, customer_id, bucket, prefix, folder, begun_by, state, last_key, adopted, known, changed, refused, vanished, deleted, error, \
         attempts, created_at, ended_at"
    };
}

impl ImportRow {
    fn into_record(self) -> Result<ImportRecord, CatalogError> {
        let row = RowRef { table: "imports", id: &self.id };
        let count = |value: i64| row.number(value);
        Ok(ImportRecord {
            id: row.parsed(&self.id)?,
            customer: row.parsed(&self.customer_id)?,
            folder: Folder::parse(&self.folder).map_err(|_| row.corrupt())?,
            state: row.known(ImportState::parse(&self.state))?,
            seen: Sightings([
                count(self.adopted)?,
                count(self.known)?,
                count(self.changed)?,
                count(self.refused)?,
                count(self.vanished)?,
                count(self.deleted)?,
            ]),
            attempts: row.number(self.attempts)?,
            created_at: row.instant(self.created_at)?,
            ended_at: row.maybe_instant(self.ended_at)?,
            bucket: self.bucket,
            prefix: self.prefix,
            begun_by: self.begun_by,
            cursor: self.last_key,
            error: self.error,
        })
    }
}

/// The id of the open run that waits for longest and that nobody has at `$1`.
macro_rules! due_import {
    ($lock:literal) => {
        concat!(
            "SELECT id FROM imports WHERE state IN ('listing', 'comparing') AND run_at <= $1 AND (leased_until IS NULL OR leased_until <= $1) \
             ORDER BY run_at, id LIMIT 1",
            $lock
        )
    };
}

macro_rules! lease_due_import {
    ($lock:literal) => {
        concat!(
            "UPDATE imports SET attempts = attempts + 1, leased_until = $2 WHERE id = (",
            due_import!($lock),
            ") RETURNING ",
            columns!()
        )
    };
}

/// Makes sure that a run is still in the hands of the worker that leased it, until the transaction ends.
async fn hold(tx: &mut Tx, import: &ImportRecord) -> Result<(), CatalogError> {
    // A write, since that locks the row on every engine.
    let held = sql::query(
        "UPDATE imports SET attempts = attempts WHERE customer_id = $1 AND id = $2 AND attempts = $3 AND state IN ('listing', 'comparing') \
         AND leased_until IS NOT NULL",
    )
    .bind(import.customer.to_string())
    .bind(import.id.to_string())
    .bind(i64::from(import.attempts))
    .execute(tx)
    .await?;
    if held == 1 { Ok(()) } else { Err(TAKEN_OVER) }
}

async fn note(tx: &mut Tx, import: &ImportRecord, notes: &[ImportNote]) -> Result<(), CatalogError> {
    for one in notes {
        sql::query(
            "INSERT INTO import_notes (customer_id, import_id, object_key, outcome, reason) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (customer_id, import_id, object_key) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason",
        )
        .bind(import.customer.to_string())
        .bind(import.id.to_string())
        .bind(&one.name)
        .bind(one.sighting.as_str())
        .bind(&one.reason)
        .execute(tx)
        .await?;
    }
    Ok(())
}

impl Catalog {
    /// Begins a run, unless the customer has `most_open` open ones; `false` then, and nothing is stored.
    ///
    /// # Errors
    /// `Conflict` when one over the same place is open; else when it could not be committed.
    pub async fn begin_import(&self, new: &NewImport, most_open: u32, entry: &AuditEntry) -> Result<bool, CatalogError> {
        let customer = new.customer.to_string();
        let now = micros(self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(new.customer).await?;
            let (open,): (i64,) = sql::query("SELECT COUNT(*) FROM imports WHERE customer_id = $1 AND state IN ('listing', 'comparing')")
                .bind(&customer)
                .fetch_one(&mut tx)
                .await?;
            if open >= i64::from(most_open) {
                return Ok(false);
            }
            let begun = sql::query(
                "INSERT INTO imports (id, customer_id, bucket, prefix, folder, begun_by, state, attempts, run_at, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, 'listing', 0, $7, $7)",
            )
            .bind(new.id.to_string())
            .bind(&customer)
            .bind(&new.bucket)
            .bind(&new.prefix)
            .bind(new.folder.as_str())
            .bind(&new.begun_by)
            .bind(now)
            .execute(&mut tx)
            .await
            .map_err(CatalogError::from);
            match begun {
                Err(CatalogError::Conflict(_)) => {
                    return Err(CatalogError::Conflict("an import of this place is under way; ask for its progress"));
                }
                begun => drop(begun?),
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// A run of the customer's.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn import(&self, customer: CustomerId, id: ImportId) -> Result<Option<ImportRecord>, CatalogError> {
        let row: Option<ImportRow> = sql::query(concat!("SELECT ", columns!(), " FROM imports WHERE customer_id = $1 AND id = $2"))
            .bind(customer.to_string())
            .bind(id.to_string())
            .fetch_optional(&mut self.read(customer).await?)
            .await?;
        row.map(ImportRow::into_record).transpose()
    }

    /// Objects that a run of the customer's names in its report, after a key.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn import_notes(
        &self,
        customer: CustomerId,
        id: ImportId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ImportNote>, CatalogError> {
        let rows: Vec<(String, String, Option<String>)> = sql::query(
            "SELECT object_key, outcome, reason FROM import_notes WHERE customer_id = $1 AND import_id = $2 AND object_key > $3 \
             ORDER BY object_key LIMIT $4",
        )
        .bind(customer.to_string())
        .bind(id.to_string())
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let note = |(name, outcome, reason): (String, String, Option<String>)| {
            let sighting = RowRef { table: "import_notes", id: &name }.known(Sighting::parse(&outcome))?;
            Ok(ImportNote { name, sighting, reason })
        };
        rows.into_iter().map(note).collect()
    }

    /// Takes the open run that waits for longest, or whose lease ran out, until `until`.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn lease_import(&self, until: Timestamp) -> Result<Option<ImportRecord>, CatalogError> {
        let now = micros(self.clock().now());
        // Looked for without a write lock first: idle workers must not take turns with callers.
        let due: Option<(String,)> = sql::query(due_import!("")).bind(now).fetch_optional(&mut self.read(Scope::House).await?).await?;
        if due.is_none() {
            return Ok(None);
        }
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            let row: Option<ImportRow> =
                sql::query(self.engine().pick(lease_due_import!(""), lease_due_import!(" FOR UPDATE SKIP LOCKED")))
                    .bind(now)
                    .bind(micros(until))
                    .fetch_optional(&mut tx)
                    .await?;
            tx.commit().await?;
            row.map(ImportRow::into_record).transpose()
        })
        .await
    }

    /// Leaves a leased run in its worker's hands until `until`.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken it over; else when it could not be committed.
    pub async fn renew_import(&self, import: &ImportRecord, until: Timestamp) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(import.customer).await?;
            hold(&mut tx, import).await?;
            sql::query("UPDATE imports SET leased_until = $3 WHERE customer_id = $1 AND id = $2")
                .bind(import.customer.to_string())
                .bind(import.id.to_string())
                .bind(micros(until))
                .execute(&mut tx)
                .await?;
            tx.commit().await
        })
        .await
    }

    /// Puts a leased run back, to go on at an instant.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken it over; else when it could not be committed.
    pub async fn put_back_import(&self, import: &ImportRecord, at: Timestamp, error: Option<&str>) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(import.customer).await?;
            hold(&mut tx, import).await?;
            sql::query("UPDATE imports SET leased_until = NULL, run_at = $3, error = $4 WHERE customer_id = $1 AND id = $2")
                .bind(import.customer.to_string())
                .bind(import.id.to_string())
                .bind(micros(at))
                .bind(error)
                .execute(&mut tx)
                .await?;
            tx.commit().await
        })
        .await
    }

    /// Writes down a page that a run has looked at. With an entry, where that ends the run.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken it over; else when it could not be committed.
    pub async fn advance_import(&self, import: &ImportRecord, page: &ImportPage, entry: Option<&AuditEntry>) -> Result<(), CatalogError> {
        let now = micros(self.clock().now());
        let mut seen = Sightings::default();
        for one in &page.notes {
            seen.count(one.sighting);
        }
        self.verb(|| async {
            let mut tx = self.begin(import.customer).await?;
            hold(&mut tx, import).await?;
            // What the page adopted was written with each file; the rest is seen now.
            for one in page.notes.iter().filter(|one| !matches!(one.sighting, Sighting::Adopted | Sighting::Changed)) {
                sql::query(
                    "UPDATE adopted_objects SET import_id = $4, outcome = $5 WHERE customer_id = $1 AND bucket = $2 AND object_key = $3",
                )
                .bind(import.customer.to_string())
                .bind(&import.bucket)
                .bind(&one.name)
                .bind(import.id.to_string())
                .bind(one.sighting.as_str())
                .execute(&mut tx)
                .await?;
            }
            let noted: Vec<ImportNote> = page.notes.iter().filter(|one| one.sighting.is_noted()).cloned().collect();
            let (there,): (i64,) = sql::query("SELECT COUNT(*) FROM import_notes WHERE customer_id = $1 AND import_id = $2")
                .bind(import.customer.to_string())
                .bind(import.id.to_string())
                .fetch_one(&mut tx)
                .await?;
            let room = usize::try_from(MOST_NOTES.saturating_sub(there)).unwrap_or(0);
            note(&mut tx, import, noted.get(..room.min(noted.len())).unwrap_or_default()).await?;
            let (state, cursor) = page.next.clone().unwrap_or((ImportState::Done, None));
            sql::query(
                "UPDATE imports SET state = $3, last_key = $4, error = NULL, adopted = adopted + $5, known = known + $6, changed = changed + $7, \
                 refused = refused + $8, vanished = vanished + $9, deleted = deleted + $10, ended_at = $11 WHERE customer_id = $1 AND id = $2",
            )
            .bind(import.customer.to_string())
            .bind(import.id.to_string())
            .bind(state.as_str())
            .bind(cursor)
            .bind(as_i64(seen.of(Sighting::Adopted)))
            .bind(as_i64(seen.of(Sighting::Known)))
            .bind(as_i64(seen.of(Sighting::Changed)))
            .bind(as_i64(seen.of(Sighting::Refused)))
            .bind(as_i64(seen.of(Sighting::Vanished)))
            .bind(as_i64(seen.of(Sighting::Deleted)))
            .bind((!state.is_open()).then_some(now))
            .execute(&mut tx)
            .await?;
            if let Some(entry) = entry {
                audit::append(&mut tx, self.clock(), self.entropy(), &import.customer.to_string(), entry).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Gives a leased run up, with a record of why.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken it over; else when it could not be committed.
    pub async fn fail_import(&self, import: &ImportRecord, error: &str, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = micros(self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(import.customer).await?;
            hold(&mut tx, import).await?;
            sql::query(
                "UPDATE imports SET state = 'failed', leased_until = NULL, error = $3, ended_at = $4 WHERE customer_id = $1 AND id = $2",
            )
            .bind(import.customer.to_string())
            .bind(import.id.to_string())
            .bind(error)
            .bind(now)
            .execute(&mut tx)
            .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &import.customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }
}
