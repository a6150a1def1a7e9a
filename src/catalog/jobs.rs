//! The durable job queue: rows, leased with a deadline.

use sqlx::FromRow;

use super::rows::{RowRef, micros};
use super::{Catalog, CatalogError, audit};
use crate::domain::{AuditEntry, CustomerId, FileId, JobId, Timestamp};

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Scan a new version, read it, admit it.
    Inspect,
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Waits for a worker.
    Ready,
    /// A worker has it until its lease ends.
    Leased,
    /// Finished.
    Done,
    /// Given up; the file says why.
    GivenUp,
}

impl JobState {
    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::GivenUp => "given_up",
        }
    }
}

/// A job that was leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub customer: CustomerId,
    /// What to do.
    pub kind: JobKind,
    /// With which file.
    pub file: FileId,
    /// At which version.
    pub version: u32,
    /// How often it was leased, this time included.
    pub attempts: u32,
}

#[derive(FromRow)]
struct JobRow {
    id: String,
    customer_id: String,
    kind: String,
    file_id: String,
    version: i64,
    attempts: i64,
}

impl Catalog {
    /// Takes the oldest job that is due, or whose lease ran out, until `until`.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn lease_job(&self, until: Timestamp) -> Result<Option<Job>, CatalogError> {
        let now = micros(self.clock().now());
        // Looked for without a write lock first: idle workers must not take turns with callers.
        let due: Option<(String,)> = sqlx::query_as(
            "SELECT id FROM jobs WHERE (state = 'ready' AND run_at <= $1) OR (state = 'leased' AND leased_until <= $1) ORDER BY run_at, id LIMIT 1",
        )
        .bind(now)
        .fetch_optional(self.readers())
        .await?;
        let Some((id,)) = due else { return Ok(None) };
        let mut tx = self.begin().await?;
        let row: Option<JobRow> = sqlx::query_as(
            "UPDATE jobs SET state = 'leased', attempts = attempts + 1, leased_until = $3 WHERE id = $1 AND \
             ((state = 'ready' AND run_at <= $2) OR (state = 'leased' AND leased_until <= $2)) \
             RETURNING id, customer_id, kind, file_id, version, attempts",
        )
        .bind(&id)
        .bind(now)
        .bind(micros(until))
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let Some(job) = row else { return Ok(None) };
        let row = RowRef { table: "jobs", id: &job.id };
        Ok(Some(Job {
            id: row.parsed(&job.id)?,
            customer: row.parsed(&job.customer_id)?,
            kind: row.known((job.kind == "inspect").then_some(JobKind::Inspect))?,
            file: row.parsed(&job.file_id)?,
            version: row.number(job.version)?,
            attempts: row.number(job.attempts)?,
        }))
    }

    /// Puts a leased job back, to run again at an instant.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn retry_job(&self, job: JobId, at: Timestamp, error: &str) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE jobs SET state = 'ready', leased_until = NULL, run_at = $2, last_error = $3 WHERE id = $1 AND state = 'leased'",
        )
        .bind(job.to_string())
        .bind(micros(at))
        .bind(error)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a job that has nothing to do any more, or that failed for good, with a record of why.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn close_job(&self, job: &Job, state: JobState, error: Option<&str>, entry: &AuditEntry) -> Result<(), CatalogError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE jobs SET state = $2, leased_until = NULL, last_error = $3 WHERE id = $1 AND state = 'leased'")
            .bind(job.id.to_string())
            .bind(state.as_str())
            .bind(error)
            .execute(&mut *tx)
            .await?;
        audit::append(&mut tx, self.clock(), self.entropy(), &job.customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Jobs of a customer that are not finished.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn open_jobs(&self, customer: CustomerId) -> Result<u64, CatalogError> {
        let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM jobs WHERE customer_id = $1 AND state IN ('ready', 'leased')")
            .bind(customer.to_string())
            .fetch_one(self.readers())
            .await?;
        Ok(count.unsigned_abs())
    }
}
