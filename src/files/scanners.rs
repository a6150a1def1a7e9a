//! What is known of the scanners, for whoever watches the server.

use std::sync::PoisonError;

use super::Files;
use crate::domain::Timestamp;

/// A scanner, as last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannerNote {
    /// Its kind: `embedded`, `clamd`.
    pub kind: &'static str,
    /// Its name with the versions of engine and rules; `None` until it has answered once.
    pub engine: Option<String>,
    /// When its database was made, where it says so.
    pub database: Option<Timestamp>,
    /// Since when it does not answer; `None` while it does.
    pub silent_since: Option<Timestamp>,
}

impl ScannerNote {
    /// How old its database is, in seconds.
    pub fn database_age_seconds(&self, now: Timestamp) -> Option<u64> {
        self.database.map(|made| u64::try_from(now.duration_since(made).as_secs()).unwrap_or(0))
    }

    /// How long it has not answered, in seconds; 0 while it does.
    pub fn silent_seconds(&self, now: Timestamp) -> u64 {
        self.silent_since.map_or(0, |since| u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0))
    }
}

impl Files {
    /// Takes note of what the scanners of this process are now.
    pub fn note_scanners(&self, notes: Vec<ScannerNote>) {
        *self.0.scanners.lock().unwrap_or_else(PoisonError::into_inner) = notes;
    }

    /// The scanners of this process, as last asked; none in one that does not inspect.
    pub fn scanner_notes(&self) -> Vec<ScannerNote> {
        self.0.scanners.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
