//! What is said in a recording, written down: kept as the file's text, with the time of each passage.

use std::fmt::Write as _;

use bytes::Bytes;

use super::errand::Errand;
use super::{Files, FilesError, UnderInspection};
use crate::blob::ObjectKey;
use crate::catalog::{Job, Transcription};
use crate::domain::{AuditEntry, Extraction, ExtractionStatus, clean_text};

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
    fn text(&self) -> String {
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

impl Files {
    /// Keeps what was heard, so that the recording is found by it; or why nothing could be.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when catalog or store do not answer.
    pub async fn transcribed(&self, job: &Job, under: &UnderInspection, heard: Result<Heard, String>) -> Result<(), FilesError> {
        let file = &under.file;
        let (status, reason, heard) = match heard {
            Ok(heard) if heard.passages.is_empty() => (ExtractionStatus::Empty, Some("nobody speaks in it".to_owned()), Some(heard)),
            Ok(heard) => (ExtractionStatus::Done, None, Some(heard)),
            Err(reason) => (ExtractionStatus::Failed, Some(reason), None),
        };
        let text = heard.as_ref().map(Heard::text).unwrap_or_default();
        let text_key = if text.is_empty() {
            None
        } else {
            let key = ObjectKey::text(file.customer, file.blob);
            self.store(Errand::of_worker(file.customer)).await?.put_bytes(&key, Bytes::from(text)).await?;
            Some(key.as_str().to_owned())
        };
        let words = heard.as_ref().map(Heard::words).unwrap_or_default();
        let first = |most| Some(clean_text(&words, most)).filter(|text| !text.is_empty());
        let transcription = Transcription {
            extraction: Extraction { status, reason: reason.clone() },
            excerpt: first(EXCERPT_CHARS),
            summary: first(SUMMARY_CHARS),
            duration_ms: heard.map(|heard| heard.duration_ms),
            text_key,
        };
        let entry = AuditEntry {
            version: Some(job.version),
            content_hash: Some(file.checksum.hex()),
            reason,
            ..Self::worker_entry("transcribe", status.as_str(), file.id)
        };
        self.0.catalog.transcribed(job, &transcription, &entry).await?;
        self.0.changed.notify_waiters();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_have_their_times_and_words_stand_without() {
        let passages = vec![(0, "Hello.".to_owned()), (15_400, "The rent is due.".to_owned()), (3_725_000, "Goodbye.".to_owned())];
        let heard = Heard { passages, duration_ms: 3_730_000 };
        assert_eq!(heard.text(), "[0:00] Hello.\n[0:15] The rent is due.\n[1:02:05] Goodbye.\n");
        assert_eq!(heard.words(), "Hello. The rent is due. Goodbye.");
    }
}
