//! The stages of a file, one job each. Each may run again after a crash.
//!
//! A scan that fails for good leaves the file unchecked, and nobody can open it. A reading that fails for good
//! makes the file active without text, and says why. What comes after that leaves the file as it is.

use std::time::Duration;

use bytes::Bytes;

use super::lease::Lease;
use super::stage::{StageLimits, backoff_seconds, outage_seconds};
use crate::domain::{Category, ChunkStream, ErrorCode, FileStatus, ScanStatus, ScanVerdict};
use crate::files::{Files, FilesError, Heard, Job, JobKind, Putback, ToReadBy, UnderInspection, Understood, Unlocking};
use crate::inspect::{Extracted, Inspector, KnownOfFile, LookedFor, Scan, Shortfall, Tried, Unheard};
use crate::telemetry::Stopwatch;

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
    #[error("the file could not be drawn now: {0}")]
    Pencil(String),
    #[error("the recording could not be heard now: {0}")]
    Listener(&'static str),
    #[error("it took longer than any file should")]
    Late,
    #[error("it ended the program that worked on it, again and again")]
    Deadly,
}

impl Trouble {
    /// Whether the cause lies outside the file: such a job is never given up, however long it takes.
    fn is_outage(&self) -> bool {
        match self {
            Self::Files(error) => error.code() == ErrorCode::Unavailable,
            Self::ScannerAway(_) => true,
            Self::Scanner(_) | Self::Unscannable(_) | Self::Reader(_) | Self::Pencil(_) | Self::Listener(_) | Self::Late | Self::Deadly => {
                false
            }
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
    let (id, file, stage) = (job.id, job.file, job.kind.as_str());
    let error = match in_hand(files, inspector, job, lease).await {
        Ok(()) => {
            tracing::debug!(job.id = %id, file.id = %file, job.stage = stage, elapsed_ms = watch.elapsed_ms(), "a stage of a file is done");
            return;
        }
        Err(error) => error,
    };
    let reason = error.to_string();
    tracing::warn!(job.id = %id, file.id = %file, job.stage = stage, job.attempts = job.attempts, error = %reason, "a stage of a file did not finish");
    // What stopped the stage may stop the catalog too: without this the job is away until its lease ends.
    for _ in 0..lease.seconds() {
        let settled = if error.is_outage() {
            files.retry_job(job, outage_seconds(job.attempts), &reason, Putback::Excused).await
        } else if job.tries() >= StageLimits::of(job.kind).tries || error.is_final() {
            give_up(files, job, &error).await
        } else {
            files.retry_job(job, backoff_seconds(job.tries()), &reason, Putback::Failed).await
        };
        match settled {
            Ok(()) => return,
            Err(error) if error.code() == ErrorCode::Unavailable => tokio::time::sleep(SETTLE_AGAIN).await,
            Err(error) => {
                tracing::warn!(job.id = %id, error = %error, "the job could not be put back");
                return;
            }
        }
    }
}

/// Ends a stage that failed for good, so that the file is of as much use as it can be.
async fn give_up(files: &Files, job: &Job, error: &Trouble) -> Result<(), FilesError> {
    let reason = &error.to_string();
    match job.kind {
        JobKind::Scan => {
            // A scan that never came to a verdict of its own: that it is unchecked is said too.
            if matches!(error, Trouble::Late | Trouble::Deadly) {
                let Some(under) = files.under_inspection(job).await? else { return Ok(()) };
                let none = ScanVerdict { status: ScanStatus::Failed, engine: String::new(), findings: vec![reason.clone()] };
                if files.judge(job, &under, &none).await? == FileStatus::Quarantined {
                    return Ok(());
                }
            }
            files.give_up_job(job, reason).await
        }
        JobKind::Preview | JobKind::Transcribe => files.give_up_job(job, reason).await,
        JobKind::Unlock => {
            let Some(under) = files.under_inspection(job).await? else { return Ok(()) };
            match files.end_unlock(job, &under, &Unlocking::Failed(reason.clone())).await {
                Err(error) if error.code() != ErrorCode::Unavailable => files.give_up_job(job, reason).await,
                done => done,
            }
        }
        JobKind::Read => {
            let Some(under) = files.under_inspection(job).await? else { return Ok(()) };
            match files.admit_unread(job, &under, reason).await {
                Err(error) if error.code() != ErrorCode::Unavailable => files.give_up_job(job, reason).await,
                done => done,
            }
        }
    }
}

/// Works on a job, and keeps it from other workers meanwhile.
async fn in_hand(files: &Files, inspector: &Inspector, job: &Job, lease: Lease) -> Result<(), Trouble> {
    let limits = StageLimits::of(job.kind);
    // Whoever had it before never came so far as to say what failed.
    if job.tries() > limits.tries {
        return Err(Trouble::Deadly);
    }
    let renew = || files.renew_job(job, lease.seconds());
    let stage = async {
        match job.kind {
            JobKind::Scan => scan(files, inspector, job).await,
            JobKind::Read => read(files, inspector, job).await,
            JobKind::Preview => preview(files, inspector, job).await,
            JobKind::Transcribe => transcribe(files, inspector, job).await,
            JobKind::Unlock => unlock(files, inspector, job).await,
        }
    };
    lease.held(job.id, limits.longest, Box::pin(stage), renew).await?.unwrap_or(Err(Trouble::Late))
}

/// Whether there is another try after this one.
fn may_try_again(job: &Job) -> bool {
    job.tries() < StageLimits::of(job.kind).tries
}

async fn scan(files: &Files, inspector: &Inspector, job: &Job) -> Result<(), Trouble> {
    let Some(under) = files.under_inspection(job).await? else { return Ok(()) };
    let Scan { verdict, shortfall } = judged(files, inspector, &under).await?;
    let why = || verdict.findings.join(", ");
    if verdict.status == ScanStatus::Failed {
        match shortfall {
            Some(Shortfall::Away) => return Err(Trouble::ScannerAway(why())),
            None if may_try_again(job) => return Err(Trouble::Scanner(why())),
            Some(Shortfall::TooLarge | Shortfall::Excused) | None => {}
        }
    }
    match files.judge(job, &under, &verdict).await? {
        FileStatus::Processing | FileStatus::Quarantined => Ok(()),
        // A verdict that never came leaves the file unread, and says so.
        _ if shortfall.is_some() => Err(Trouble::Unscannable(why())),
        _ => Err(Trouble::Scanner(why())),
    }
}

/// What scanners say of a file; what they said before of the same bytes under the same name, while they are what they were.
async fn judged(files: &Files, inspector: &Inspector, under: &UnderInspection) -> Result<Scan, FilesError> {
    if let Some(facts) = inspector.engine().await.filter(|facts| facts.tells_changes)
        && let Some(verdict) = files.known_clean(under, &facts.engine).await?
    {
        return Ok(Scan { verdict, shortfall: None });
    }
    let (name, bytes) = files.open_for_inspection(under).await?;
    Ok(inspector.scan(&name, bytes).await)
}

async fn read(files: &Files, inspector: &Inspector, job: &Job) -> Result<(), Trouble> {
    let Some(under) = files.under_inspection(job).await? else { return Ok(()) };
    let (name, bytes) = files.open_for_inspection(&under).await?;
    let ToReadBy { rules, topics } = files.to_read_by(job.customer).await?;
    let read = inspector.extract(&name, bytes, LookedFor { rules, topics, title: under.file.own_title() }).await;
    if read.may_read_again && may_try_again(job) {
        return Err(Trouble::Reader(read.extraction.reason.unwrap_or_default()));
    }
    let drawn = Inspector::draws(&read.content_type).then_some(JobKind::Preview);
    let heard = (inspector.listens() && read.category == Category::Recording).then_some(JobKind::Transcribe);
    let understood = understood(read, drawn.into_iter().chain(heard).collect());
    Ok(files.admit(job, &under, &understood).await?)
}

fn understood(read: Extracted, follow_ups: Vec<JobKind>) -> Understood {
    Understood {
        follow_ups,
        content_type: read.content_type,
        category: read.category,
        title: read.title,
        author: read.author,
        created_date: read.created_date,
        page_count: read.page_count,
        duration_ms: read.duration_ms,
        language: read.language,
        facts: read.facts,
        text: read.text,
        summary: read.summary,
        findings: read.findings,
        hints: read.hints,
        extraction: read.extraction,
    }
}

/// Tries a password, and reads what it opens. There is no picture of it: whoever may see the file may not see behind the lock.
async fn unlock(files: &Files, inspector: &Inspector, job: &Job) -> Result<(), Trouble> {
    let Some(under) = files.under_inspection(job).await? else { return Ok(()) };
    let Some(password) = files.password_to_try(job).await? else {
        return Ok(files.give_up_job(job, "the password is gone").await?);
    };
    let (name, bytes) = files.open_for_inspection(&under).await?;
    let ToReadBy { rules, topics } = files.to_read_by(job.customer).await?;
    let by = LookedFor { rules, topics, title: under.file.own_title() };
    let came = match inspector.unlock(&name, bytes, by, &password).await {
        Tried::Opened { extracted, inside } => Unlocking::Opened { understood: Box::new(understood(*extracted, Vec::new())), inside },
        Tried::Wrong => Unlocking::Wrong,
        Tried::Failed { reason, may_try_again: true } if may_try_again(job) => return Err(Trouble::Reader(reason)),
        Tried::Failed { reason, .. } => Unlocking::Failed(reason),
    };
    Ok(files.end_unlock(job, &under, &came).await?)
}

/// Writes down what is said in a recording. Where there is no sound to be read, that is what is known of it.
async fn transcribe(files: &Files, inspector: &Inspector, job: &Job) -> Result<(), Trouble> {
    let Some(under) = files.under_inspection(job).await? else { return Ok(()) };
    let (name, bytes) = files.open_for_inspection(&under).await?;
    let heard = match inspector.listen(&name, bytes).await {
        Ok(listened) => Heard {
            passages: listened.passages.into_iter().map(|passage| (passage.from_ms, passage.text)).collect(),
            duration_ms: listened.duration_ms,
        },
        Err(Unheard::Unreadable(reason)) => return Ok(files.never_heard(job, &under, reason).await?),
        Err(Unheard::NotNow(reason)) => return Err(Trouble::Listener(reason)),
    };
    // What was said is looked through as what was written is, by a worker of its own; unseen it is not kept.
    let text: ChunkStream = Box::pin(futures::stream::iter([Ok(Bytes::from(heard.text()))]));
    let ToReadBy { rules, topics } = files.to_read_by(job.customer).await?;
    let file = &under.file;
    let known =
        KnownOfFile { author: file.author.clone().unwrap_or_default(), kind: file.category, pages: None, properties: file.facts.words() };
    match inspector.look(&name, known, text, LookedFor { rules, topics, title: file.own_title() }).await {
        Some((findings, _)) => Ok(files.transcribed(job, &under, heard, findings).await?),
        None => Err(Trouble::Reader("what is said in it could not be looked through".to_owned())),
    }
}

async fn preview(files: &Files, inspector: &Inspector, job: &Job) -> Result<(), Trouble> {
    let Some(under) = files.under_inspection(job).await? else { return Ok(()) };
    let (name, bytes) = files.open_for_inspection(&under).await?;
    match inspector.draw(&name, bytes).await {
        Ok(pictures) => files.keep_pictures(job, &under, pictures.page, pictures.thumbnail).await?,
        Err(undrawn) if undrawn.may_draw_again => return Err(Trouble::Pencil(undrawn.reason)),
        Err(undrawn) => files.never_drawn(job, &under, undrawn.reason).await?,
    }
    Ok(())
}
