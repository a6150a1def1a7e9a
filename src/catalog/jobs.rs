//! The durable job queue: rows, leased with a deadline.

use sqlx::FromRow;

use super::deliveries::free_messages;
use super::engine::Engine;
use super::rows::{RowRef, micros};
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, audit, sql, sweeps};
use crate::domain::{AuditEntry, CustomerId, FileId, JobId, Timestamp};

const TAKEN_OVER: CatalogError = CatalogError::Conflict("the job was taken over by another worker");

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

/// A job that was leased. It is also the proof of the lease: a worker whose lease ran out and whose
/// job another one took since then can do nothing with it.
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

/// The id of the oldest job that is due at `$1`. Two halves, so that each is the head of an index.
/// `$lock` keeps others from both heads until the transaction ends.
macro_rules! due_job {
    ($lock:literal) => {
        concat!(
            "SELECT id FROM (\
             SELECT * FROM (SELECT id, run_at FROM jobs WHERE state = 'ready' AND run_at <= $1 ORDER BY run_at, id LIMIT 1",
            $lock,
            ") ready UNION ALL \
             SELECT * FROM (SELECT id, run_at FROM jobs WHERE state = 'leased' AND leased_until <= $1 ORDER BY leased_until, id LIMIT 1",
            $lock,
            ") expired) due ORDER BY run_at, id LIMIT 1"
        )
    };
}

macro_rules! lease_due_job {
    ($lock:literal) => {
        concat!(
            "UPDATE jobs SET state = 'leased', attempts = attempts + 1, leased_until = $2 WHERE id = (",
            due_job!($lock),
            ") AND (state = 'ready' OR leased_until <= $1) RETURNING id, customer_id, kind, file_id, version, attempts"
        )
    };
}

/// Takes a job out of its worker's hands: back into the queue, or out of it.
///
/// # Errors
/// `Conflict` when the lease is not this one any more.
pub(super) async fn leave_job(
    tx: &mut Tx,
    job: &Job,
    state: JobState,
    run_at: Option<Timestamp>,
    error: Option<&str>,
) -> Result<(), CatalogError> {
    let left = sql::query(
        "UPDATE jobs SET state = $4, leased_until = NULL, run_at = COALESCE($5, run_at), last_error = $6 \
         WHERE customer_id = $1 AND id = $2 AND attempts = $3 AND state = 'leased'",
    )
    .bind(job.customer.to_string())
    .bind(job.id.to_string())
    .bind(i64::from(job.attempts))
    .bind(state.as_str())
    .bind(run_at.map(micros))
    .bind(error)
    .execute(tx)
    .await?;
    if left == 1 { Ok(()) } else { Err(TAKEN_OVER) }
}

/// Makes sure that a job is still in the hands of the worker that leased it, until the transaction ends.
///
/// # Errors
/// `Conflict` when it is not.
pub(super) async fn hold_job(tx: &mut Tx, job: &Job) -> Result<(), CatalogError> {
    // A write, since that locks the row on every engine.
    let held = sql::query("UPDATE jobs SET attempts = attempts WHERE customer_id = $1 AND id = $2 AND attempts = $3 AND state = 'leased'")
        .bind(job.customer.to_string())
        .bind(job.id.to_string())
        .bind(i64::from(job.attempts))
        .execute(tx)
        .await?;
    if held == 1 { Ok(()) } else { Err(TAKEN_OVER) }
}

impl Catalog {
    /// Takes the oldest job that is due, or whose lease ran out, until `until`.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn lease_job(&self, until: Timestamp) -> Result<Option<Job>, CatalogError> {
        let now = micros(self.clock().now());
        // Looked for without a write lock first: idle workers must not take turns with callers.
        let due: Option<(String,)> = sql::query(due_job!("")).bind(now).fetch_optional(&mut self.read(Scope::House).await?).await?;
        if due.is_none() {
            return Ok(None);
        }
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            // Looked for again: another worker may have taken that one, and there may be more.
            // Where many lease at once, each passes over what another is taking.
            let row: Option<JobRow> = sql::query(self.engine().pick(lease_due_job!(""), lease_due_job!(" FOR UPDATE SKIP LOCKED")))
                .bind(now)
                .bind(micros(until))
                .fetch_optional(&mut tx)
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
        })
        .await
    }

    /// Leaves a leased job in its worker's hands until `until`.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken it over; else when it could not be committed.
    pub async fn renew_job(&self, job: &Job, until: Timestamp) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(job.customer).await?;
            hold_job(&mut tx, job).await?;
            sql::query("UPDATE jobs SET leased_until = $3 WHERE customer_id = $1 AND id = $2")
                .bind(job.customer.to_string())
                .bind(job.id.to_string())
                .bind(micros(until))
                .execute(&mut tx)
                .await?;
            tx.commit().await
        })
        .await
    }

    /// Puts a leased job back, to run again at an instant.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken it over; else when it could not be committed.
    pub async fn retry_job(&self, job: &Job, at: Timestamp, error: &str) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(job.customer).await?;
            leave_job(&mut tx, job, JobState::Ready, Some(at), Some(error)).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Ends a job that has nothing to do any more, or that failed for good, with a record of why.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken it over, or `state` is no end; else when it could not
    /// be committed.
    pub async fn close_job(&self, job: &Job, state: JobState, error: Option<&str>, entry: &AuditEntry) -> Result<(), CatalogError> {
        if !matches!(state, JobState::Done | JobState::GivenUp) {
            return Err(CatalogError::Conflict("a job ends as done or as given up"));
        }
        self.verb(|| async {
            let mut tx = self.begin(job.customer).await?;
            leave_job(&mut tx, job, state, None, error).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &job.customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Puts every job, import, message and sweep back that a worker held, and frees the key of every request that was under way.
    /// Only for whoever has the database to itself: they were of a process that is gone. On Postgres others
    /// live, so nothing is taken from them: a lease ends by itself, and so does an unanswered request.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn take_over(&self) -> Result<u64, CatalogError> {
        if matches!(self.engine(), Engine::Postgres(_)) {
            return Ok(0);
        }
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            let jobs = sql::query("UPDATE jobs SET state = 'ready', leased_until = NULL WHERE state = 'leased'").execute(&mut tx).await?;
            let imports = sql::query("UPDATE imports SET leased_until = NULL WHERE leased_until IS NOT NULL").execute(&mut tx).await?;
            let keys = sql::query("DELETE FROM idempotency WHERE answer IS NULL").execute(&mut tx).await?;
            let messages = free_messages(&mut tx).await?;
            sweeps::free(&mut tx).await?;
            tx.commit().await?;
            Ok(jobs + imports + messages + keys)
        })
        .await
    }

    /// Jobs of a customer that are not finished.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn open_jobs(&self, customer: CustomerId) -> Result<u64, CatalogError> {
        let (count,): (i64,) = sql::query("SELECT COUNT(*) FROM jobs WHERE customer_id = $1 AND state IN ('ready', 'leased')")
            .bind(customer.to_string())
            .fetch_one(&mut self.read(customer).await?)
            .await?;
        Ok(count.unsigned_abs())
    }
}
