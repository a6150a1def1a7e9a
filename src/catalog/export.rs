//! Checks an exported trail with nothing else at hand: the files, and the key that was noted elsewhere.

use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};

use super::chain::{AuditRecord, ChainFault, ChainReport, Checkpoints, Walker};
use super::checkpoint::CheckpointVerifier;

/// A checkpoint as it is exported: one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedCheckpoint {
    /// Records it speaks for.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// Holds exported records, one a line, against exported checkpoints, one a line. The chain is that of
/// the checkpoints, or of the first record where there are none.
///
/// # Errors
/// When a file cannot be read; what is wrong with the trail is told by the report.
pub fn verify_export(records: impl BufRead, checkpoints: impl BufRead, verifier: &CheckpointVerifier) -> io::Result<ChainReport> {
    let (mut kept, mut chain) = (Checkpoints::default(), None);
    for line in checkpoints.split(b'\n') {
        let line = line?;
        let told: Result<ExportedCheckpoint, _> = serde_json::from_slice(&line);
        let (size, note) = told.map_or((0, String::new()), |told| (told.size, told.note));
        let whose = chain.get_or_insert_with(|| verifier.open(&note).map(|checkpoint| checkpoint.chain).unwrap_or_default());
        kept.add(verifier, whose, size, &note);
    }
    let mut walker = None;
    for line in records.split(b'\n') {
        let line = line?;
        let record: Option<AuditRecord> = serde_json::from_slice(&line).ok();
        let walker = walker.get_or_insert_with(|| {
            let whose = chain.take().or_else(|| record.as_ref().map(|record| record.chain.clone()));
            Walker::new(&whose.unwrap_or_default(), std::mem::take(&mut kept))
        });
        let expected = walker.report().records + 1;
        let seq = record.as_ref().map_or(expected, |record| record.seq);
        // The text that was hashed is the one that is written again: no other spelling of the same record.
        let is_itself = record.is_some_and(|record| serde_json::to_vec(&record).is_ok_and(|text| text == line));
        if !is_itself && seq == expected {
            walker.fail(ChainFault::Altered { seq });
        }
        if !walker.step(seq, &line, None) {
            break;
        }
    }
    Ok(walker.unwrap_or_else(|| Walker::new(&chain.unwrap_or_default(), kept)).end())
}
