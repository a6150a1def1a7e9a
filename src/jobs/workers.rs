//! The workers of one process.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::adopt::adopt;
use super::inspect;
use super::lease::Lease;
use crate::files::{Files, Job, Pick, Putback};
use crate::inspect::Inspector;

/// How many workers, and how often they look.
#[derive(Debug, Clone, Copy)]
pub struct WorkerSettings {
    /// Files inspected at once, beside one of a call in progress.
    pub count: usize,
    /// How long each has a job without a sign of life.
    pub lease: Lease,
}

impl WorkerSettings {
    /// Worker processes that may have a file at once.
    pub fn processes(&self) -> usize {
        self.count.max(1).saturating_add(1)
    }
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self { count: 2, lease: Lease::USUAL }
    }
}

/// How long a job made by another process may wait unseen.
const IDLE: Duration = Duration::from_secs(1);
/// How long a job under way may take once its worker is told to stop.
const GRACE: Duration = Duration::from_secs(10);
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// The workers of one process.
pub struct Workers {
    files: Files,
    inspector: Arc<Inspector>,
    settings: WorkerSettings,
}

impl Workers {
    /// Workers over these use cases.
    #[must_use]
    pub const fn new(files: Files, inspector: Arc<Inspector>, settings: WorkerSettings) -> Self {
        Self { files, inspector, settings }
    }

    /// Works until cancelled; the jobs under way have ten seconds to end, then they are put back.
    pub async fn run(self, cancel: CancellationToken) {
        let tasks = TaskTracker::new();
        let hands = (0..self.settings.count.max(1)).map(|_| Hand::AnyJob).chain([Hand::OnlyCalls]);
        for hand in hands {
            tasks.spawn(work(self.files.clone(), Arc::clone(&self.inspector), hand, self.settings.lease, cancel.clone()));
        }
        tasks.spawn(adopt(self.files.clone(), self.settings.lease, cancel.clone()));
        tasks.spawn(sweep(self.files.clone(), cancel));
        tasks.close();
        tasks.wait().await;
    }
}

/// What one of the workers takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    /// Whatever is due.
    AnyJob,
    /// Files of calls in progress: somebody on the line does not wait for the end of a large import.
    OnlyCalls,
}

/// Of so many jobs that a worker takes, one is whichever waits longest, so that what is not urgent is done too.
const TURN_OF_THE_LONGEST: u64 = 8;

impl Hand {
    /// How the job after so many others is picked.
    const fn pick(self, taken: u64) -> Pick {
        match self {
            Self::OnlyCalls => Pick::OfCalls,
            Self::AnyJob if taken % TURN_OF_THE_LONGEST == TURN_OF_THE_LONGEST - 1 => Pick::Longest,
            Self::AnyJob => Pick::MostUrgent,
        }
    }
}

async fn work(files: Files, inspector: Arc<Inspector>, hand: Hand, lease: Lease, cancel: CancellationToken) {
    let mut taken = 0_u64;
    while !cancel.is_cancelled() {
        match files.lease_picked(hand.pick(taken), lease.seconds()).await {
            Ok(Some(job)) => {
                taken = taken.wrapping_add(1);
                let grace = async {
                    cancel.cancelled().await;
                    tokio::time::sleep(GRACE).await;
                };
                tokio::select! {
                    () = inspect::run(&files, &inspector, &job, lease) => continue,
                    // The worker process ends with the work; every step of it may run again.
                    () = grace => put_back(&files, &job).await,
                }
                return;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(code = %error.code(), error = %error, "no job could be leased; trying again"),
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = files.arrived() => {}
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

async fn put_back(files: &Files, job: &Job) {
    if let Err(error) = files.retry_job(job, 0, "the server stopped", Putback::Excused).await {
        tracing::warn!(job.id = %job.id, error = %error, "a job stays leased until the next start");
    }
}

async fn sweep(files: Files, cancel: CancellationToken) {
    loop {
        // A round that is cut off is gone on with by the next one, here or elsewhere.
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sweep_once(&files) => {}
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

async fn sweep_once(files: &Files) {
    match files.sweep_uploads().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(uploads.swept = count, "uploads that never became files were removed"),
        Err(error) => tracing::warn!(code = %error.code(), error = %error, "the sweep of uploads failed; trying again later"),
    }
    match files.sweep_deleted().await {
        Ok(swept) if swept.is_nothing() => {}
        Ok(swept) => tracing::info!(
            files.released = swept.released,
            blobs.collected = swept.collected,
            objects.removed = swept.objects,
            "what was deleted long enough ago was let go"
        ),
        Err(error) => tracing::warn!(code = %error.code(), error = %error, "the sweep of deleted files failed; trying again later"),
    }
    // Asked every time; it is done once a day, by one process of all.
    match files.reconcile_uploads().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(objects.swept = count, "objects that no row knows were removed"),
        Err(error) => tracing::warn!(code = %error.code(), error = %error, "store and rows could not be compared; trying again later"),
    }
    match files.sweep_parts().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(parts.swept = count, "parts that nobody made an object of were given up"),
        Err(error) => tracing::warn!(code = %error.code(), error = %error, "the sweep of parts failed; trying again later"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_job_of_eight_is_whichever_waits_longest() {
        let picks: Vec<_> = (0..16).map(|taken| Hand::AnyJob.pick(taken)).collect();
        assert_eq!(picks.iter().filter(|pick| **pick == Pick::Longest).count(), 2);
        assert!(picks.chunks(8).all(|turn| turn.last() == Some(&Pick::Longest)));
        assert!((0..16).all(|taken| Hand::OnlyCalls.pick(taken) == Pick::OfCalls));
    }
}
