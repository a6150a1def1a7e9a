//! The port to a scanner, and the embedded one: rules in a worker process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::engine::LockedArchives;
use super::process::{Answer, Ending, WorkerError, Workers};
use super::protocol::{ADDRESS_SPACE, Job, Limits, OPEN_FILES, Reply, Setup, Task};
use super::rules::Rules;
use crate::domain::{ChunkStream, FileName, ScanStatus, ScanVerdict, Timestamp};

/// Judges bytes. Fails closed: what could not be judged to its end is never clean.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// What it says of the bytes; never `Pending`.
    async fn scan(&self, name: &FileName, stream: ChunkStream) -> Scan;

    /// Its kind: `embedded`, `clamd`.
    fn kind(&self) -> &'static str;

    /// What it is now; `None` while it does not answer.
    async fn facts(&self) -> Option<ScannerFacts>;
}

/// What a scanner says of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The verdict; its status is never `Pending`.
    pub verdict: ScanVerdict,
    /// Why there is no judgement, where that is no fault of the bytes.
    pub shortfall: Option<Shortfall>,
}

/// Why a scanner did not judge, where it is not the bytes' doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// It did not answer before it was given a byte: another time it may.
    Away,
    /// There are more bytes than it takes, and there always will be.
    TooLarge,
    /// The same, and the settings say that the other scanners' word is enough then.
    Excused,
}

/// What a scanner is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannerFacts {
    /// Its name, with the version of engine and rules, as verdicts carry it.
    pub engine: String,
    /// Whether `engine` changes with everything it judges by, so that a verdict may be used again.
    pub tells_changes: bool,
    /// When its database was made, where it says so; by its own clock.
    pub database: Option<DateTime>,
}

impl ScannerFacts {
    /// When its database was made, where it says so. It is taken to tell its time in UTC, which is wrong by less than
    /// a day.
    pub fn database_made(&self) -> Option<Timestamp> {
        Offset::UTC.to_timestamp(self.database?).ok()
    }
}

impl Scan {
    /// A judgement, for its bytes.
    pub(super) fn judged(status: ScanStatus, engine: String, findings: Vec<String>) -> Self {
        Self { verdict: ScanVerdict { status, engine, findings }, shortfall: None }
    }

    /// No judgement.
    pub(super) fn failed(engine: String, why: &str, shortfall: Option<Shortfall>) -> Self {
        Self { verdict: ScanVerdict { status: ScanStatus::Failed, engine, findings: vec![why.to_owned()] }, shortfall }
    }
}

/// The scanner that is always there: rules of our own, and the operator's.
#[derive(Debug)]
pub struct EmbeddedScanner {
    workers: Arc<Workers>,
    wall: Duration,
    locked: LockedArchives,
    engine: String,
}

impl EmbeddedScanner {
    pub(super) fn new(workers: Arc<Workers>, wall: Duration, rules: &Rules, locked: LockedArchives) -> Self {
        // What decides verdicts beside the rules is told with them.
        let engine = rules.version(match locked {
            LockedArchives::Note => "",
            LockedArchives::Suspicious => "locked archives are suspicious",
        });
        Self { workers, wall, locked, engine }
    }
}

#[async_trait]
impl Scanner for EmbeddedScanner {
    async fn scan(&self, name: &FileName, stream: ChunkStream) -> Scan {
        // Processor time has no upper end that fits a file of any size; a stalled worker meets the
        // wall, and this stops one that spins while it reads.
        let cpu_seconds = self.wall.as_secs().saturating_mul(20).max(60);
        let limits = Limits { address_space: ADDRESS_SPACE, cpu_seconds, open_files: OPEN_FILES };
        let setup = Setup { job: Job::Scan, limits, locked: self.locked };
        let task = Task { max_read_bytes: u64::MAX, ..Task::of(name) };
        let answer = self.workers.run(setup, &task, stream, u64::MAX, self.wall).await;
        if let Some(error) = &answer.error {
            tracing::warn!(error = %error, "a file could not be scanned");
        }
        verdict(answer, self.engine.clone())
    }

    fn kind(&self) -> &'static str {
        "embedded"
    }

    async fn facts(&self) -> Option<ScannerFacts> {
        Some(ScannerFacts { engine: self.engine.clone(), tells_changes: true, database: None })
    }
}

fn verdict(answer: Answer, engine: String) -> Scan {
    let report = answer.replies.into_iter().find_map(|reply| match reply {
        Reply::Scan(report) => Some(report),
        Reply::Ready(_)
        | Reply::Kind(_)
        | Reply::Reading(_)
        | Reply::Sheets(_)
        | Reply::Looked(_)
        | Reply::Lock(_)
        | Reply::Drawn(_)
        | Reply::NotDrawn(_)
        | Reply::Passage(_)
        | Reply::Heard(_) => None,
    });
    match (report, answer.error) {
        (Some(report), None) if report.status != ScanStatus::Pending => Scan::judged(report.status, engine, report.findings),
        (_, error) => {
            let why = error.as_ref().map_or("the scanner gave no answer", why_failed);
            Scan::failed(engine, why, None)
        }
    }
}

const fn why_failed(error: &WorkerError) -> &'static str {
    match error {
        WorkerError::Process(_) | WorkerError::Start => "the scanner could not be run",
        WorkerError::Unconfined => "this system cannot confine the scanner, and the settings require it",
        WorkerError::Source(_) => "the bytes could not be read from where they are stored",
        WorkerError::TimedOut | WorkerError::Ended(Ending::Time) => "scanning it took too long",
        WorkerError::Ended(Ending::Memory) => "scanning it took too much memory",
        WorkerError::Ended(Ending::Depth | Ending::Broken) => "the scanner failed on it",
        WorkerError::Answer => "the scanner gave no answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::protocol::ScanReport;

    fn answer(status: ScanStatus, error: Option<WorkerError>) -> Answer {
        Answer { replies: vec![Reply::Scan(ScanReport { status, findings: Vec::new() })], error }
    }

    #[test]
    fn only_a_whole_answer_can_say_clean() {
        let judged = |answer| verdict(answer, "test".to_owned()).verdict.status;
        assert_eq!(judged(answer(ScanStatus::Clean, None)), ScanStatus::Clean);
        assert_eq!(judged(answer(ScanStatus::Clean, Some(WorkerError::TimedOut))), ScanStatus::Failed);
        assert_eq!(judged(answer(ScanStatus::Pending, None)), ScanStatus::Failed);
        assert_eq!(judged(Answer { replies: Vec::new(), error: None }), ScanStatus::Failed);
    }

    #[test]
    fn a_failed_scan_says_why() {
        let verdict = verdict(Answer { replies: Vec::new(), error: Some(WorkerError::TimedOut) }, "test".to_owned());
        assert_eq!(verdict.verdict.findings, ["scanning it took too long"]);
    }
}
