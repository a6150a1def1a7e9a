//! Refusals before a customer is known: counted, and written down as one record at most every ten
//! seconds, so that strangers cannot make the log grow.

use std::sync::{Mutex, PoisonError};

use crate::domain::{Door, Timestamp};
use crate::files::Files;

const WAIT: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

#[derive(Default)]
pub(super) struct Strangers(Mutex<Tally>);

#[derive(Default)]
struct Tally {
    waiting: u64,
    written_at: Option<Timestamp>,
}

impl Tally {
    /// Counts one more; gives how many are to be written down now.
    fn add(&mut self, now: Timestamp) -> Option<u64> {
        self.waiting = self.waiting.saturating_add(1);
        if self.written_at.is_some_and(|last| now.duration_since(last) < WAIT) {
            return None;
        }
        self.written_at = Some(now);
        Some(std::mem::take(&mut self.waiting))
    }
}

impl Strangers {
    /// Counts one refusal.
    pub async fn refused(&self, files: &Files) {
        let due = self.0.lock().unwrap_or_else(PoisonError::into_inner).add(files.now());
        let Some(count) = due else { return };
        if let Err(error) = files.record_strangers(count, Door::Mcp).await {
            tracing::warn!(error = %error, refused = count, "refusals of strangers could not be recorded; they are kept");
            let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            tally.waiting = tally.waiting.saturating_add(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_refusals_is_one_record_every_ten_seconds() {
        let start: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let mut tally = Tally::default();
        assert_eq!(tally.add(start), Some(1));
        for _ in 0..1000 {
            assert_eq!(tally.add(start + jiff::SignedDuration::from_secs(9)), None);
        }
        assert_eq!(tally.add(start + jiff::SignedDuration::from_secs(10)), Some(1001));
    }
}
