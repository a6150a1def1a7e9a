//! Refusals before a customer is known: counted in memory, written down as one record at most
//! every ten seconds, so that strangers cannot make the log grow.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::Door;
use crate::files::Files;

const WAIT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Strangers(Arc<Inner>);

struct Inner {
    files: Files,
    tasks: TaskTracker,
    stop: CancellationToken,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Refusals not yet written down, by door.
    counts: Vec<(Door, u64)>,
    /// Whether a task waits to write them down.
    scheduled: bool,
}

impl Waiting {
    fn add(&mut self, door: Door, count: u64) {
        match self.counts.iter_mut().find(|(known, _)| *known == door) {
            Some((_, known)) => *known = known.saturating_add(count),
            None => self.counts.push((door, count)),
        }
    }
}

impl Strangers {
    pub fn new(files: Files, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner { files, tasks, stop, waiting: Mutex::default() }))
    }

    /// Counts one refusal; the first one sends for the scribe.
    pub fn refused(&self, door: Door) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.add(door, 1);
        if !waiting.scheduled {
            waiting.scheduled = true;
            let inner = Arc::clone(&self.0);
            self.0.tasks.spawn(async move { inner.write_later().await });
        }
    }
}

impl Inner {
    async fn write_later(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(WAIT) => {}
        }
        let counts = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.scheduled = false;
            std::mem::take(&mut waiting.counts)
        };
        for (door, count) in counts {
            if let Err(error) = self.files.record_strangers(count, door).await {
                tracing::warn!(error = %error, refused = count, "refusals of strangers could not be recorded; they are kept");
                // Written with the next ones.
                self.waiting.lock().unwrap_or_else(PoisonError::into_inner).add(door, count);
            }
        }
    }
}
