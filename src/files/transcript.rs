//! What is said in a recording, written down: kept as the file's text, with the time of each passage.

use std::fmt::Write as _;

use bytes::Bytes;

use super::errand::Errand;
use super::sensitivity::not_again;
use super::{Files, FilesError, UnderInspection};
use crate::blob::ObjectKey;
use crate::catalog::{Job, Looked, Transcription};
use crate::domain::{AuditEntry, Extraction, ExtractionStatus, Finding, clean_text};

/// First words that are kept in the row, in characters.
const EXCERPT_CHARS: usize = 600;
const SUMMARY_CHARS: usize = 400;

/// What was heard in a recording; its words are a caller's, and untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Milliseconds from the beginning, and what is said from there on.
    pub passages: Vec<(u64, String)>,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
}

impl Heard {
    /// Every passage on a line of its own, after its time.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (from, words) in &self.passages {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "[{}] {words}", time(*from));
        }
        text
    }

    fn words(&self) -> String {
        self.passages.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Minutes and seconds, with hours where there are any.
fn time(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// What was found before, and what is found now: of a rule that found something both times, what is found now.
fn together(before: Vec<Finding>, now: Vec<Finding>) -> Vec<Finding> {
    let mut all = not_again(before, &now);
    all.extend(now);
    all
}

impl Files {
    /// Keeps what was heard, so that the recording is found by it, with what is sensitive in it.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when catalog or store do not answer.
    pub async fn transcribed(&self, job: &Job, under: &UnderInspection, heard: Heard, findings: Vec<Finding>) -> Result<(), FilesError> {
        let file = &under.file;
        let text = heard.text();
        let (status, reason) = if text.is_empty() {
            (ExtractionStatus::Empty, Some("nobody speaks in it".to_owned()))
        } else {
            (ExtractionStatus::Done, None)
        };
        let text_key = if text.is_empty() {
            None
        } else {
            let key = ObjectKey::text(file.customer, file.blob);
            self.store(Errand::of_worker(file.customer)).await?.put_bytes(&key, Bytes::from(text)).await?;
            Some(key.as_str().to_owned())
        };
        let words = heard.words();
        let first = |most| Some(clean_text(&words, most)).filter(|text| !text.is_empty());
        let before = self.0.catalog.findings(file.customer, file.id, file.version).await?;
        let findings = together(before, findings);
        let transcription = Transcription {
            extraction: Extraction { status, reason },
            excerpt: first(EXCERPT_CHARS),
            summary: first(SUMMARY_CHARS),
            looked: Some(Looked { level: self.level_by(file.customer, &findings).await?, findings }),
            duration_ms: Some(heard.duration_ms),
            text_key,
        };
        self.end_hearing(job, under, &transcription).await
    }

    /// Ends the hearing of a recording of which nothing can be heard, with the reason.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when the catalog does not answer.
    pub async fn never_heard(&self, job: &Job, under: &UnderInspection, reason: String) -> Result<(), FilesError> {
        let nothing = Transcription {
            extraction: Extraction { status: ExtractionStatus::Failed, reason: Some(reason) },
            excerpt: None,
            summary: None,
            looked: None,
            duration_ms: None,
            text_key: None,
        };
        self.end_hearing(job, under, &nothing).await
    }

    async fn end_hearing(&self, job: &Job, under: &UnderInspection, transcription: &Transcription) -> Result<(), FilesError> {
        let entry = AuditEntry {
            version: Some(job.version),
            content_hash: Some(under.file.checksum.hex()),
            reason: transcription.extraction.reason.clone(),
            ..Self::worker_entry("transcribe", transcription.extraction.status.as_str(), under.file.id)
        };
        self.0.catalog.transcribed(job, transcription, &entry).await?;
        self.0.changed.notify_waiters();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FindingKind;

    #[test]
    fn passages_have_their_times_and_words_stand_without() {
        let passages = vec![(0, "Hello.".to_owned()), (15_400, "The rent is due.".to_owned()), (3_725_000, "Goodbye.".to_owned())];
        let heard = Heard { passages, duration_ms: 3_730_000 };
        assert_eq!(heard.text(), "[0:00] Hello.\n[0:15] The rent is due.\n[1:02:05] Goodbye.\n");
        assert_eq!(heard.words(), "Hello. The rent is due. Goodbye.");
    }
    #[test]
    fn what_was_found_before_the_words_were_known_stays_beside_what_is_found_in_them() {
        let finding = |kind, rule: &str, count| Finding { kind, rule: rule.to_owned(), count, places: Vec::new(), sample: String::new() };
        let before = vec![finding(FindingKind::Email, "email", 1), finding(FindingKind::Phone, "phone", 1)];
        let now = vec![finding(FindingKind::Phone, "phone", 3), finding(FindingKind::Card, "visa", 1)];
        let counts: Vec<(FindingKind, u32)> = together(before, now).iter().map(|finding| (finding.kind, finding.count)).collect();
        assert_eq!(counts, [(FindingKind::Email, 1), (FindingKind::Phone, 3), (FindingKind::Card, 1)]);
    }
}
