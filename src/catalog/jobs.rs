//! The durable job queue: rows, leased with a deadline.

use sqlx::FromRow;

use super::deliveries::free_messages;
use super::engine::Engine;
use super::priority::Priority;
use super::rows::{RowRef, micros};
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, audit, sql, sweeps, unlocks};
use crate::domain::{AuditEntry, CustomerId, FileId, JobId, Timestamp};

const TAKEN_OVER: CatalogError = CatalogError::Conflict("the job was taken over by another worker");

/// What a job does with a version of a file: one stage of what happens to it. The next ones are made in the
/// transaction that ends the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Have it judged: clean or not.
    Scan,
    /// Read what must be known of it before it is here: type, text, metadata.
    Read,
    /// Draw what it looks like.
    Preview,
    /// Have written down what is said in a recording.
    Transcribe,
    /// Try a password that somebody gave, and read what it opens.
    Unlock,
}

impl JobKind {
    /// Every kind that this program runs, in the order of a file's stages.
    pub const ALL: [Self; 5] = [Self::Scan, Self::Read, Self::Preview, Self::Transcribe, Self::Unlock];

    /// The text form, as stored and as the API gives it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Read => "read",
            Self::Preview => "preview",
            Self::Transcribe => "transcribe",
            Self::Unlock => "unlock",
        }
    }

    /// Reads the text form; `None` for what a newer server does.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Every kind that this program runs, for a condition. What a newer server beside this one makes is left to it.
macro_rules! known_kinds {
    () => {
        "kind IN ('scan', 'read', 'preview', 'transcribe', 'unlock')"
    };
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
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Leased, Self::Done, Self::GivenUp];

    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::GivenUp => "given_up",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Which of the jobs that are due is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The most urgent; among equals whichever came first.
    MostUrgent,
    /// Whichever waits longest, however urgent.
    Longest,
    /// Of a call in progress, or none.
    OfCalls,
    /// Of those that take long and have workers of their own.
    Long,
}

/// Whether a job that is put back counts the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Putback {
    /// It failed.
    Failed,
    /// Something outside the file was away: however often that happens, the job is not given up for it.
    Excused,
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
    /// How many of these do not count: what they needed was away.
    pub excused: u32,
    /// How urgent it is.
    pub priority: Priority,
}

impl Job {
    /// How often it was tried, this time included.
    pub const fn tries(&self) -> u32 {
        self.attempts.saturating_sub(self.excused)
    }
}

#[derive(FromRow)]
struct JobRow {
    id: String,
    customer_id: String,
    kind: String,
    file_id: String,
    version: i64,
    attempts: i64,
    excused: i64,
    priority: i64,
}

impl JobRow {
    fn into_job(self) -> Result<Job, CatalogError> {
        let row = RowRef { table: "jobs", id: &self.id };
        Ok(Job {
            id: row.parsed(&self.id)?,
            customer: row.parsed(&self.customer_id)?,
            kind: row.known(JobKind::parse(&self.kind))?,
            file: row.parsed(&self.file_id)?,
            version: row.number(self.version)?,
            attempts: row.number(self.attempts)?,
            excused: row.number(self.excused)?,
            priority: Priority::of_rank(self.priority),
        })
    }
}

/// A job that may be taken: the first of its class, or one whose lease ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
struct Head {
    priority: i64,
    run_at: i64,
    /// Whether its lease ran out: 1 or 0.
    expired: i64,
}

/// Of a class, the job that is due at `$1` and came first.
macro_rules! head {
    ($rank:literal) => {
        concat!(
            "SELECT * FROM (SELECT priority, run_at, CAST(0 AS BIGINT) AS expired FROM jobs WHERE state = 'ready' AND priority = ",
            $rank,
            " AND run_at <= $1 AND ",
            known_kinds!(),
            " ORDER BY run_at, id LIMIT 1) of_",
            $rank,
            " UNION ALL "
        )
    };
}

/// The first of each class at `$1`: each is the head of an index. Of jobs whose lease ran out there are never
/// more than workers. A test holds the numbers to [`Priority`].
const HEADS: &str = concat!(
    head!("0"),
    head!("10"),
    head!("15"),
    head!("20"),
    head!("30"),
    "SELECT * FROM (SELECT priority, run_at, CAST(1 AS BIGINT) AS expired FROM jobs WHERE state = 'leased' AND leased_until <= $1 \
     AND priority < 40 AND ",
    known_kinds!(),
    " ORDER BY priority, run_at, id LIMIT 1) expired"
);

/// The same of those that take long.
const LONG_HEADS: &str = concat!(
    head!("40"),
    "SELECT * FROM (SELECT priority, run_at, CAST(1 AS BIGINT) AS expired FROM jobs WHERE state = 'leased' AND leased_until <= $1 \
     AND priority = 40 AND ",
    known_kinds!(),
    " ORDER BY run_at, id LIMIT 1) expired"
);

/// Takes the first job of a class. Where many take at once, each passes over what another is taking.
macro_rules! lease_ready {
    ($lock:literal) => {
        concat!(
            "UPDATE jobs SET state = 'leased', attempts = attempts + 1, leased_until = $2 WHERE id = (\
             SELECT id FROM jobs WHERE state = 'ready' AND priority = $3 AND run_at <= $1 AND ",
            known_kinds!(),
            " ORDER BY run_at, id LIMIT 1",
            $lock,
            ") AND state = 'ready' RETURNING id, customer_id, kind, file_id, version, attempts, excused, priority"
        )
    };
}

/// The same of those whose lease ran out.
macro_rules! lease_expired {
    ($lock:literal) => {
        concat!(
            "UPDATE jobs SET attempts = attempts + 1, leased_until = $2 WHERE id = (\
             SELECT id FROM jobs WHERE state = 'leased' AND priority = $3 AND leased_until <= $1 AND ",
            known_kinds!(),
            " ORDER BY run_at, id LIMIT 1",
            $lock,
            ") AND state = 'leased' AND leased_until <= $1 \
             RETURNING id, customer_id, kind, file_id, version, attempts, excused, priority"
        )
    };
}

/// In which order the heads are tried.
fn ordered(mut heads: Vec<Head>, pick: Pick) -> Vec<Head> {
    match pick {
        Pick::MostUrgent => heads.sort_by_key(|head| (head.priority, head.run_at)),
        Pick::Longest => heads.sort_by_key(|head| (head.run_at, head.priority)),
        Pick::OfCalls => heads.retain(|head| head.priority <= Priority::Call.rank()),
        // Whose worker is gone first: it came before.
        Pick::Long => heads.sort_by_key(|head| head.expired == 0),
    }
    heads
}

/// A new job of a version of a file.
pub(super) struct NewJob {
    pub id: JobId,
    pub customer: CustomerId,
    pub kind: JobKind,
    pub file: FileId,
    pub version: u32,
    pub priority: Priority,
}

/// Puts a job into the queue.
pub(super) async fn enqueue(tx: &mut Tx, new: &NewJob, now: Timestamp) -> Result<(), CatalogError> {
    sql::query(
        "INSERT INTO jobs (id, customer_id, kind, file_id, version, state, attempts, run_at, created_at, priority) \
         VALUES ($1, $2, $3, $4, $5, 'ready', 0, $6, $6, $7)",
    )
    .bind(new.id.to_string())
    .bind(new.customer.to_string())
    .bind(new.kind.as_str())
    .bind(new.file.to_string())
    .bind(i64::from(new.version))
    .bind(micros(now))
    .bind(new.priority.rank())
    .execute(tx)
    .await?;
    Ok(())
}

/// Puts the next stage of a job's version into the queue. Its place there is by when the file came: what was
/// begun first ends first.
pub(super) async fn follow_up(tx: &mut Tx, job: &Job, id: JobId, kind: JobKind, priority: Priority) -> Result<(), CatalogError> {
    sql::query(
        "INSERT INTO jobs (id, customer_id, kind, file_id, version, state, attempts, run_at, created_at, priority) \
         SELECT $3, customer_id, $4, file_id, version, 'ready', 0, created_at, created_at, $5 FROM jobs WHERE customer_id = $1 AND id = $2",
    )
    .bind(job.customer.to_string())
    .bind(job.id.to_string())
    .bind(id.to_string())
    .bind(kind.as_str())
    .bind(priority.rank())
    .execute(tx)
    .await?;
    Ok(())
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
    if left != 1 {
        return Err(TAKEN_OVER);
    }
    if job.kind == JobKind::Unlock && matches!(state, JobState::Done | JobState::GivenUp) {
        unlocks::forget_password(tx, job.customer, job.file, job.version).await?;
    }
    Ok(())
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
    /// Takes a job that is due, or whose lease ran out, until `until`.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn lease_job(&self, until: Timestamp, pick: Pick) -> Result<Option<Job>, CatalogError> {
        let now = micros(self.clock().now());
        // Looked for without a write lock first: idle workers must not take turns with callers.
        let heads = if pick == Pick::Long { LONG_HEADS } else { HEADS };
        let heads: Vec<Head> = sql::query(heads).bind(now).fetch_all(&mut self.read(Scope::House).await?).await?;
        let heads = &ordered(heads, pick);
        if heads.is_empty() {
            return Ok(None);
        }
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            let mut leased: Option<JobRow> = None;
            for head in heads {
                // Looked for again: another worker may have taken that one, and there may be more.
                let text = if head.expired == 0 {
                    self.engine().pick(lease_ready!(""), lease_ready!(" FOR UPDATE SKIP LOCKED"))
                } else {
                    self.engine().pick(lease_expired!(""), lease_expired!(" FOR UPDATE SKIP LOCKED"))
                };
                leased = sql::query(text).bind(now).bind(micros(until)).bind(head.priority).fetch_optional(&mut tx).await?;
                if leased.is_some() {
                    break;
                }
            }
            tx.commit().await?;
            leased.map(JobRow::into_job).transpose()
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
    pub async fn retry_job(&self, job: &Job, at: Timestamp, error: &str, putback: Putback) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(job.customer).await?;
            leave_job(&mut tx, job, JobState::Ready, Some(at), Some(error)).await?;
            if putback == Putback::Excused {
                sql::query("UPDATE jobs SET excused = excused + 1 WHERE customer_id = $1 AND id = $2")
                    .bind(job.customer.to_string())
                    .bind(job.id.to_string())
                    .execute(&mut tx)
                    .await?;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_and_every_kind_is_looked_for() {
        let (long, others): (Vec<Priority>, Vec<Priority>) = Priority::ALL.into_iter().partition(|class| *class == Priority::Long);
        for (heads, classes) in [(HEADS, &others), (LONG_HEADS, &long)] {
            for class in classes {
                assert!(heads.contains(&format!("priority = {} ", class.rank())), "{class:?}");
            }
            assert_eq!(heads.matches("UNION ALL").count(), classes.len());
        }
        let long = Priority::Long.rank();
        assert!(HEADS.contains(&format!("priority < {long} ")) && LONG_HEADS.matches(&format!("priority = {long} ")).count() == 2);
        let kinds = JobKind::ALL.map(|kind| format!("'{}'", kind.as_str())).join(", ");
        assert_eq!(known_kinds!(), format!("kind IN ({kinds})"));
    }

    #[test]
    fn the_most_urgent_comes_first_or_whoever_waits_longest() {
        let head = |class: Priority, run_at, expired| Head { priority: class.rank(), run_at, expired };
        let heads =
            vec![head(Priority::Import, 1, 0), head(Priority::Call, 9, 0), head(Priority::Upload, 5, 0), head(Priority::Upload, 4, 1)];
        let order = |pick| ordered(heads.clone(), pick).iter().map(|head| head.run_at).collect::<Vec<_>>();
        assert_eq!(order(Pick::MostUrgent), [9, 4, 5, 1]);
        assert_eq!(order(Pick::Longest), [1, 4, 5, 9]);
        assert_eq!(order(Pick::OfCalls), [9]);
    }
}
