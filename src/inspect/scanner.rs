//! The port to a scanner, and the embedded one: our rules in a worker process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::engine;
use super::process::{Answer, Ending, WorkerError, Workers};
use super::protocol::{ADDRESS_SPACE, Job, Limits, OPEN_FILES, Reply, Setup, Task};
use crate::domain::{ChunkStream, FileName, ScanStatus, ScanVerdict};

/// Judges bytes. Fails closed: what could not be judged to its end is never clean.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// The verdict; its status is never `Pending`.
    async fn scan(&self, name: &FileName, stream: ChunkStream) -> ScanVerdict;

    /// Which scanner, with the version of engine and rules.
    fn engine(&self) -> String;
}

/// The scanner that is always there: a small set of rules of our own.
#[derive(Debug)]
pub struct EmbeddedScanner {
    workers: Arc<Workers>,
    wall: Duration,
}

impl EmbeddedScanner {
    pub(super) const fn new(workers: Arc<Workers>, wall: Duration) -> Self {
        Self { workers, wall }
    }
}

#[async_trait]
impl Scanner for EmbeddedScanner {
    async fn scan(&self, name: &FileName, stream: ChunkStream) -> ScanVerdict {
        // Processor time has no upper end that fits a file of any size; a stalled worker meets the
        // wall, and this stops one that spins while it reads.
        let cpu_seconds = self.wall.as_secs().saturating_mul(20).max(60);
        let setup = Setup { job: Job::Scan, limits: Limits { address_space: ADDRESS_SPACE, cpu_seconds, open_files: OPEN_FILES } };
        let task = Task { name: name.as_str().to_owned(), max_read_bytes: u64::MAX, max_text_bytes: 0, rules: Vec::new() };
        let answer = self.workers.run(setup, &task, stream, u64::MAX, self.wall).await;
        if let Some(error) = &answer.error {
            tracing::warn!(error = %error, "a file could not be scanned");
        }
        verdict(answer, self.engine())
    }

    fn engine(&self) -> String {
        engine::version()
    }
}

fn verdict(answer: Answer, engine: String) -> ScanVerdict {
    let report = answer.replies.into_iter().find_map(|reply| match reply {
        Reply::Scan(report) => Some(report),
        Reply::Ready(_) | Reply::Kind(_) | Reply::Reading(_) | Reply::Drawn(_) | Reply::NotDrawn(_) => None,
    });
    match (report, answer.error) {
        (Some(report), None) if report.status != ScanStatus::Pending => {
            ScanVerdict { status: report.status, engine, findings: report.findings }
        }
        (_, error) => {
            let why = error.as_ref().map_or("the scanner gave no answer", why_failed);
            ScanVerdict { status: ScanStatus::Failed, engine, findings: vec![why.to_owned()] }
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
        let judged = |answer| verdict(answer, "test".to_owned()).status;
        assert_eq!(judged(answer(ScanStatus::Clean, None)), ScanStatus::Clean);
        assert_eq!(judged(answer(ScanStatus::Clean, Some(WorkerError::TimedOut))), ScanStatus::Failed);
        assert_eq!(judged(answer(ScanStatus::Pending, None)), ScanStatus::Failed);
        assert_eq!(judged(Answer { replies: Vec::new(), error: None }), ScanStatus::Failed);
    }

    #[test]
    fn a_failed_scan_says_why() {
        let verdict = verdict(Answer { replies: Vec::new(), error: Some(WorkerError::TimedOut) }, "test".to_owned());
        assert_eq!(verdict.findings, ["scanning it took too long"]);
    }
}
