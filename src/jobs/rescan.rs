//! Judges again what was judged by an older scanner, and ends releases whose time is over. The least urgent work there
//! is: one file at a time, so many a minute, and no more than one while uploads wait for a worker.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::{ScanStatus, Timestamp};
use crate::files::{Files, FilesError, RescanTurn, ToRescan};
use crate::inspect::{Inspector, Scan, ScannerFacts, Shortfall};

/// How often it is looked whether there is anything.
const EVERY: Duration = Duration::from_mins(1);

/// In which rounds releases are looked for whose time is over.
const LAPSED_EVERY: u32 = 5;

/// How far one process is with the scanner as it is.
#[derive(Debug, Default)]
struct Progress {
    engine: String,
    /// Since when this process knows the scanner as it is: what was judged later is none of its business.
    since: Option<Timestamp>,
    /// Nothing older was left when last asked.
    done: bool,
    rounds: u32,
}

impl Progress {
    /// From which instant on verdicts are new enough; `None` when there is nothing to do.
    fn before(&mut self, facts: &ScannerFacts, now: Timestamp) -> Option<Timestamp> {
        if self.engine != facts.engine || self.since.is_none() {
            *self = Self { engine: facts.engine.clone(), since: Some(now), done: false, rounds: self.rounds };
        }
        self.since.filter(|_| !self.done)
    }
}

/// Judges up to `per_minute` files again each minute, until cancelled.
pub async fn rescan(files: Files, inspector: Arc<Inspector>, per_minute: u16, cancel: CancellationToken) {
    let mut progress = Progress::default();
    loop {
        let round = async {
            if let Err(error) = round(&files, &inspector, per_minute.into(), &mut progress).await {
                tracing::warn!(code = %error.code(), error = %error, "files could not be judged again; trying again");
            }
            tokio::time::sleep(EVERY).await;
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = round => {}
        }
    }
}

/// One round; nothing while another process is at it, or a scanner is away.
async fn round(files: &Files, inspector: &Inspector, limit: usize, progress: &mut Progress) -> Result<(), FilesError> {
    let Some(facts) = inspector.engine().await else { return Ok(()) };
    let Some(turn) = files.take_rescan_turn().await? else { return Ok(()) };
    let done = in_turn(files, inspector, &facts, limit, progress, &turn).await;
    files.end_rescan_turn(&turn).await?;
    done
}

async fn in_turn(
    files: &Files,
    inspector: &Inspector,
    facts: &ScannerFacts,
    limit: usize,
    progress: &mut Progress,
    turn: &RescanTurn,
) -> Result<(), FilesError> {
    // Each customer is asked: not every minute.
    if progress.rounds.is_multiple_of(LAPSED_EVERY) {
        files.close_lapsed_releases().await?;
    }
    progress.rounds = progress.rounds.wrapping_add(1);
    let Some(before) = progress.before(facts, files.now()) else { return Ok(()) };
    let stale = files.stale(&facts.engine, before, limit).await?;
    progress.done = stale.is_empty() && limit > 0;
    for (at, one) in stale.iter().enumerate() {
        if at > 0 && inspector.is_busy() {
            break;
        }
        if let Err(error) = judge_again(files, inspector, one).await {
            // One store that does not answer keeps nobody else's bytes from being judged.
            tracing::warn!(customer.id = %one.customer, code = %error.code(), error = %error, "bytes could not be judged again");
        }
        files.keep_rescan_turn(turn).await?;
    }
    Ok(())
}

/// A scanner that is away leaves them to another round.
async fn judge_again(files: &Files, inspector: &Inspector, bytes: &ToRescan) -> Result<(), FilesError> {
    let stream = match files.open_for_rescan(bytes).await {
        Ok(stream) => stream,
        // Removed since, or adopted bytes that are others now: nothing to judge.
        Err(FilesError::NotFound | FilesError::Conflict(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let Scan { verdict, shortfall } = inspector.scan(&bytes.name, stream).await;
    if shortfall == Some(Shortfall::Away) {
        return Ok(());
    }
    let status = files.judge_again(bytes, verdict).await?;
    if matches!(status, ScanStatus::Infected | ScanStatus::Suspicious) {
        tracing::warn!(customer.id = %bytes.customer, status = %status, "bytes that were clean are not, and were closed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_scanner_that_changed_has_anything_to_judge_again() {
        let facts = |engine: &str| ScannerFacts { engine: engine.to_owned(), tells_changes: true, database: None };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut progress = Progress::default();
        let first = at("2026-03-02T09:00:00Z");
        assert_eq!(progress.before(&facts("one"), first), Some(first));
        assert_eq!(progress.before(&facts("one"), at("2026-03-02T09:01:00Z")), Some(first), "what is judged meanwhile is new enough");
        progress.done = true;
        assert_eq!(progress.before(&facts("one"), at("2026-03-02T09:02:00Z")), None);
        let second = at("2026-03-02T09:03:00Z");
        assert_eq!(progress.before(&facts("two"), second), Some(second));
    }
}
