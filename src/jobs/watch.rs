//! Asks the scanners what they are, keeps it for whoever watches, and says when one is away or judges by an old database.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::domain::Timestamp;
use crate::files::{Files, ScannerNote};
use crate::inspect::{Inspector, ScannerFacts};

/// How often they are asked.
const EVERY: Duration = Duration::from_mins(1);
/// How often the log says again that a database is old.
const SAY_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Asks until cancelled. A database older than `max_age_days` is told of.
pub async fn watch(files: Files, inspector: Arc<Inspector>, max_age_days: u16, cancel: CancellationToken) {
    let mut said = None;
    loop {
        let found = tokio::select! {
            () = cancel.cancelled() => return,
            found = inspector.scanners() => found,
        };
        let (before, now) = (files.scanner_notes(), files.now());
        let notes: Vec<_> = found.into_iter().map(|(kind, facts)| note(&before, kind, facts, now)).collect();
        tell(&before, &notes, max_age_days, now, &mut said);
        files.note_scanners(notes);
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// What is known of a scanner now: of one that is silent, what it was.
fn note(before: &[ScannerNote], kind: &'static str, facts: Option<ScannerFacts>, now: Timestamp) -> ScannerNote {
    let known = before.iter().find(|note| note.kind == kind);
    match facts {
        Some(facts) => ScannerNote { kind, database: facts.database_made(), engine: Some(facts.engine), silent_since: None },
        None => ScannerNote {
            kind,
            engine: known.and_then(|note| note.engine.clone()),
            database: known.and_then(|note| note.database),
            silent_since: Some(known.and_then(|note| note.silent_since).unwrap_or(now)),
        },
    }
}

/// Whether a database is too old, by its age.
fn is_old(note: &ScannerNote, max_age_days: u16, now: Timestamp) -> bool {
    note.database_age_seconds(now).is_some_and(|age| age > u64::from(max_age_days) * 24 * 3600)
}

fn tell(before: &[ScannerNote], notes: &[ScannerNote], max_age_days: u16, now: Timestamp, said: &mut Option<Timestamp>) {
    for note in notes {
        let was_silent = before.iter().any(|known| known.kind == note.kind && known.silent_since.is_some());
        match (note.silent_since.is_some(), was_silent) {
            (true, false) => tracing::warn!(scanner = note.kind, "a scanner does not answer; no file is read until it does"),
            (false, true) => tracing::info!(scanner = note.kind, "a scanner answers again"),
            _ => {}
        }
        let is_due = said.is_none_or(|at| now.duration_since(at) >= SAY_AGAIN);
        if is_due && is_old(note, max_age_days, now) {
            let age_days = note.database_age_seconds(now).unwrap_or(0) / (24 * 3600);
            tracing::warn!(scanner = note.kind, age_days, max_age_days, "the database of a scanner is old; is freshclam running?");
            *said = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(database: &str) -> ScannerFacts {
        ScannerFacts { engine: "clamd".to_owned(), tells_changes: true, database: Some(database.parse().unwrap()) }
    }

    #[test]
    fn a_scanner_that_falls_silent_keeps_what_is_known_of_it_and_since_when() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let first = note(&[], "clamd", Some(facts("2026-03-01T00:00:00")), at("2026-03-02T00:00:00Z"));
        assert_eq!((first.silent_seconds(at("2026-03-02T00:00:00Z")), first.silent_since), (0, None));
        let second = note(&[first], "clamd", None, at("2026-03-02T01:00:00Z"));
        let third = note(std::slice::from_ref(&second), "clamd", None, at("2026-03-02T02:00:00Z"));
        assert_eq!(third.silent_since, Some(at("2026-03-02T01:00:00Z")));
        assert_eq!(third.silent_seconds(at("2026-03-02T02:00:00Z")), 3600);
        assert_eq!(third.engine.as_deref(), Some("clamd"));
        assert_eq!(third.database_age_seconds(at("2026-03-02T00:00:00Z")), Some(24 * 3600));
        assert_eq!(note(&[third], "clamd", Some(facts("2026-03-01T00:00:00")), at("2026-03-02T03:00:00Z")).silent_since, None);
        assert_eq!(note(&[], "clamd", None, at("2026-03-02T03:00:00Z")).engine, None);
    }

    #[test]
    fn a_database_is_old_after_its_days_and_that_is_said_once_a_day() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let known = note(&[], "clamd", Some(facts("2026-03-01T00:00:00")), at("2026-03-01T00:00:00Z"));
        assert!(!is_old(&known, 7, at("2026-03-08T00:00:00Z")));
        assert!(is_old(&known, 7, at("2026-03-08T00:00:01Z")));
        let (notes, mut said) = ([known], None);
        for (now, expected) in [
            ("2026-03-02T00:00:00Z", None),
            ("2026-03-09T00:00:00Z", Some("2026-03-09T00:00:00Z")),
            ("2026-03-09T12:00:00Z", Some("2026-03-09T00:00:00Z")),
            ("2026-03-10T00:00:00Z", Some("2026-03-10T00:00:00Z")),
        ] {
            tell(&notes, &notes, 7, at(now), &mut said);
            assert_eq!(said, expected.map(at), "{now}");
        }
    }
}
