//! One file from arrival to `active`: scan, then read. Each step may run again after a crash.

use std::time::Duration;

use super::lease::Lease;
use crate::domain::{ErrorCode, FileStatus, ScanStatus};
use crate::files::{Files, FilesError, Job, UnderInspection, Understood};
use crate::inspect::{Inspector, Scan, Shortfall};
use crate::telemetry::Stopwatch;

const MAX_ATTEMPTS: u32 = 5;
/// The longest that an inspection takes: the largest file at two megabytes a second takes less.
pub(super) const LONGEST: Duration = Duration::from_mins(45);

/// How long a job waits at most while a part that it needs does not answer.
const OUTAGE_SECONDS: i64 = 15;
/// How long to wait before a job is put back again, while the catalog does not answer.
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// Why a job could not be finished now.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error("the scanner could not judge the file: {0}")]
    Scanner(String),
    #[error("a scanner is away: {0}")]
    ScannerAway(String),
    #[error("no scanner takes the whole file: {0}")]
    Unscannable(String),
    #[error("the file could not be read now: {0}")]
    Reader(String),
    #[error("the inspection took longer than any file should")]
    Late,
}

impl Trouble {
    /// Whether the cause lies outside the file: such a job is never given up, however long it takes.
    fn is_outage(&self) -> bool {
        match self {
            Self::Files(error) => error.code() == ErrorCode::Unavailable,
            Self::ScannerAway(_) => true,
            Self::Scanner(_) | Self::Unscannable(_) | Self::Reader(_) | Self::Late => false,
        }
    }

    /// Whether it will be the same every other time.
    const fn is_final(&self) -> bool {
        matches!(self, Self::Unscannable(_))
    }
}

/// Runs one job to its end, or puts it back.
pub(super) async fn run(files: &Files, inspector: &Inspector, job: &Job, lease: Lease) {
    let watch = Stopwatch::start();
    let error = match in_hand(files, inspector, job, lease).await {
        Ok(()) => {
            tracing::debug!(job.id = %job.id, file.id = %job.file, elapsed_ms = watch.elapsed_ms(), "file inspected");
            return;
        }
        Err(error) => error,
    };
    let reason = error.to_string();
    tracing::warn!(job.id = %job.id, file.id = %job.file, job.attempts = job.attempts, error = %reason, "inspection did not finish");
    // What stopped the inspection may stop the catalog too: without this the job is away until its lease ends.
    for _ in 0..lease.seconds() {
        let settled = if error.is_outage() {
            files.retry_job(job, backoff_seconds(job.attempts).min(OUTAGE_SECONDS), &reason).await
        } else if job.attempts >= MAX_ATTEMPTS || error.is_final() {
            files.give_up_job(job, &reason).await
        } else {
            files.retry_job(job, backoff_seconds(job.attempts), &reason).await
        };
        match settled {
            Ok(()) => return,
            Err(error) if error.code() == ErrorCode::Unavailable => tokio::time::sleep(SETTLE_AGAIN).await,
            Err(error) => {
                tracing::warn!(job.id = %job.id, error = %error, "the job could not be put back");
                return;
            }
        }
    }
}

/// Works on a job, and keeps it from other workers meanwhile.
async fn in_hand(files: &Files, inspector: &Inspector, job: &Job, lease: Lease) -> Result<(), Trouble> {
    let renew = || files.renew_job(job, lease.seconds());
    lease.held(job.id, LONGEST, Box::pin(steps(files, inspector, job)), renew).await?.unwrap_or(Err(Trouble::Late))
}

/// Two seconds, then four, eight, sixteen.
fn backoff_seconds(attempts: u32) -> i64 {
    2_i64.saturating_pow(attempts.min(6))
}

async fn steps(files: &Files, inspector: &Inspector, job: &Job) -> Result<(), Trouble> {
    let Some(mut under) = files.under_inspection(job).await? else { return Ok(()) };
    if under.file.status == FileStatus::Scanning {
        let Scan { verdict, shortfall } = scan(files, inspector, &under).await?;
        if verdict.status == ScanStatus::Failed {
            let why = || verdict.findings.join(", ");
            match shortfall {
                Some(Shortfall::Away) => return Err(Trouble::ScannerAway(why())),
                None if job.attempts < MAX_ATTEMPTS => return Err(Trouble::Scanner(why())),
                Some(Shortfall::TooLarge | Shortfall::Excused) | None => {}
            }
        }
        let status = files.judge(job, &under, &verdict).await?;
        match status {
            FileStatus::Processing => {}
            FileStatus::Quarantined => return Ok(()),
            // A verdict that never came leaves the file unread, and says so.
            _ if shortfall.is_some() => return Err(Trouble::Unscannable(verdict.findings.join(", "))),
            _ => return Err(Trouble::Scanner(verdict.findings.join(", "))),
        }
        let Some(next) = files.under_inspection(job).await? else { return Ok(()) };
        under = next;
    }
    read(files, inspector, job, &under).await
}

/// What scanners say of a file; what they said before of the same bytes under the same name, while they are what they were.
async fn scan(files: &Files, inspector: &Inspector, under: &UnderInspection) -> Result<Scan, FilesError> {
    if let Some(facts) = inspector.engine().await.filter(|facts| facts.tells_changes)
        && let Some(verdict) = files.known_clean(under, &facts.engine).await?
    {
        return Ok(Scan { verdict, shortfall: None });
    }
    let (name, bytes) = files.open_for_inspection(under).await?;
    Ok(inspector.scan(&name, bytes).await)
}

async fn read(files: &Files, inspector: &Inspector, job: &Job, under: &UnderInspection) -> Result<(), Trouble> {
    let (name, bytes) = files.open_for_inspection(under).await?;
    let read = inspector.extract(&name, bytes).await;
    if read.may_read_again && job.attempts < MAX_ATTEMPTS {
        return Err(Trouble::Reader(read.extraction.reason.unwrap_or_default()));
    }
    let understood = Understood {
        content_type: read.content_type,
        category: read.category,
        title: read.title,
        author: read.author,
        created_date: read.created_date,
        page_count: read.page_count,
        duration_ms: read.duration_ms,
        text: read.text,
        summary: read.summary,
        extraction: read.extraction,
    };
    Ok(files.admit(job, under, &understood).await?)
}

#[cfg(test)]
mod tests {
    use super::backoff_seconds;

    #[test]
    fn waits_double() {
        assert_eq!([1, 2, 3, 4].map(backoff_seconds), [2, 4, 8, 16]);
    }
}
