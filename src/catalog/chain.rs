//! What a chain is, and how one is checked record by record, wherever the records come from.
//!
//! A record is kept as the exact JSON text that was hashed; its hash is
//! `SHA-256(previous hash as 64 hex digits, "\n", record text)`, and the first record follows 64
//! zeros. Over the record texts stands a Merkle tree, whose root is signed from time to time.
//! Anybody with the rows can check a chain without this program: `docs/audit.md`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, CheckpointVerifier};
use super::frontier::{Frontier, sha256};
use crate::domain::{Instant, Timestamp};

/// What the first record follows.
pub(super) const FIRST_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One record, as stored and exported. What came later than the first records is left out where it
/// is not known: a record that is read and written again has the text that was hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecord {
    /// Its id.
    pub id: String,
    /// Whose chain.
    pub chain: String,
    /// Place in the chain, from 1.
    pub seq: u64,
    /// When it was committed.
    #[schemars(with = "Instant")]
    pub at: Timestamp,
    /// Kind of actor: `user`, `guest`, `key`, `operator`, `link`, `system`.
    pub actor_kind: String,
    /// Who.
    pub actor: String,
    /// On whose behalf, where that is somebody else.
    pub on_behalf_of: Option<String>,
    /// How sure the platform was of the caller: method and level, `pin/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance: Option<String>,
    /// In which call.
    pub call: Option<String>,
    /// Through which door.
    pub door: String,
    /// From which address.
    pub source: Option<String>,
    /// The request's id, as its answer and the log have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What for, where the asker said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What was asked for.
    pub action: String,
    /// On what.
    pub object: Option<String>,
    /// Which version of it.
    pub version: Option<u32>,
    /// SHA-256 of its content.
    pub content_hash: Option<String>,
    /// How many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What the policies said.
    pub decision: String,
    /// Which policies.
    pub policy: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// Hash of the record before it.
    pub previous: String,
}

/// What is wrong with a chain, at its first bad place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum ChainFault {
    /// A record is missing or out of order here.
    Gap {
        /// The place.
        seq: u64,
    },
    /// The record's text does not give its hash, or it does not follow the one before it.
    Altered {
        /// The place.
        seq: u64,
    },
    /// Records at the end are missing.
    Cut {
        /// The last place found.
        seq: u64,
        /// The place the head names.
        head: u64,
    },
    /// A checkpoint was not signed by this installation, or is of another chain.
    Forged {
        /// The size it is kept under.
        size: u64,
    },
    /// The records up to here are not those that a checkpoint was signed for: history was written anew.
    Forked {
        /// The checkpoint's size.
        size: u64,
    },
    /// A checkpoint was signed for more records than there are: the end was taken away, or the
    /// catalog is an older one.
    RolledBack {
        /// The last place found.
        seq: u64,
        /// The checkpoint's size.
        size: u64,
    },
}

/// The result of checking one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChainReport {
    /// Which chain.
    pub chain: String,
    /// Records read.
    pub records: u64,
    /// Hash of the last good record.
    pub head: String,
    /// Signed checkpoints that the records were held against.
    pub checkpoints: u64,
    /// Records that a checkpoint speaks for; those after it only their own chain.
    pub sealed: u64,
    /// The first fault; `None` when the chain is whole.
    pub fault: Option<ChainFault>,
}

pub(super) fn link_hash(previous: &str, record: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(previous.len() + 1 + record.len());
    bytes.extend_from_slice(previous.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(record);
    hex::encode(sha256(&bytes))
}

/// Checkpoints to hold a chain against, wherever they were kept.
#[derive(Debug, Clone, Default)]
pub struct Checkpoints {
    /// By size; two that contradict each other stand side by side.
    kept: BTreeMap<u64, Vec<Checkpoint>>,
    fault: Option<ChainFault>,
}

impl Checkpoints {
    /// Adds a note that is kept for a chain under a size; one that the key did not sign for exactly
    /// that is a fault.
    pub fn add(&mut self, verifier: &CheckpointVerifier, chain: &str, size: u64, note: &str) {
        match verifier.open(note).filter(|checkpoint| checkpoint.chain == chain && checkpoint.size == size) {
            Some(checkpoint) => {
                let kept = self.kept.entry(size).or_default();
                if !kept.contains(&checkpoint) {
                    kept.push(checkpoint);
                }
            }
            None => {
                self.fault.get_or_insert(ChainFault::Forged { size });
            }
        }
    }
}

/// Checks a chain from its first record on.
#[derive(Debug)]
pub struct Walker {
    report: ChainReport,
    tree: Frontier,
    checkpoints: Checkpoints,
}

impl Walker {
    /// Before the first record.
    #[must_use]
    pub fn new(chain: &str, checkpoints: Checkpoints) -> Self {
        let report =
            ChainReport { chain: chain.to_owned(), records: 0, head: FIRST_HASH.to_owned(), checkpoints: 0, sealed: 0, fault: None };
        Self { report: ChainReport { fault: checkpoints.fault.clone(), ..report }, tree: Frontier::default(), checkpoints }
    }

    /// From where an earlier walk had come to.
    pub(super) fn resume(chain: &str, head: &str, tree: Frontier) -> Self {
        let mut walker = Self::new(chain, Checkpoints::default());
        walker.report.records = tree.size();
        head.clone_into(&mut walker.report.head);
        Self { tree, ..walker }
    }

    /// How it stands.
    pub const fn report(&self) -> &ChainReport {
        &self.report
    }

    pub(super) const fn tree(&self) -> &Frontier {
        &self.tree
    }

    /// Takes the next record; `hash` is the one kept beside it, where one is. Whether the chain is
    /// whole so far.
    pub fn step(&mut self, seq: u64, text: &[u8], hash: Option<&[u8]>) -> bool {
        if self.report.fault.is_some() {
            return false;
        }
        let expected = self.report.records + 1;
        self.report.fault = self.fault_of(expected, seq, text, hash);
        self.report.fault.is_none()
    }

    fn fault_of(&mut self, expected: u64, seq: u64, text: &[u8], hash: Option<&[u8]>) -> Option<ChainFault> {
        if seq != expected {
            return Some(ChainFault::Gap { seq: expected });
        }
        let follows = serde_json::from_slice::<AuditRecord>(text)
            .is_ok_and(|record| record.previous == self.report.head && record.seq == expected && record.chain == self.report.chain);
        let computed = link_hash(&self.report.head, text);
        if !follows || hash.is_some_and(|hash| computed.as_bytes() != hash) {
            return Some(ChainFault::Altered { seq: expected });
        }
        self.tree.push(text);
        self.report.records = expected;
        self.report.head = computed;
        for checkpoint in self.checkpoints.kept.remove(&expected).unwrap_or_default() {
            if checkpoint.root != self.tree.root() || checkpoint.head != self.report.head {
                return Some(ChainFault::Forked { size: expected });
            }
            self.report.checkpoints += 1;
            self.report.sealed = expected;
        }
        None
    }

    /// A fault that only the keeper of the records can see.
    pub(super) fn fail(&mut self, fault: ChainFault) {
        self.report.fault.get_or_insert(fault);
    }

    /// After the last record.
    #[must_use]
    pub fn end(mut self) -> ChainReport {
        // What is left speaks for records that did not come.
        if let Some(size) = self.checkpoints.kept.keys().next().copied() {
            self.fail(ChainFault::RolledBack { seq: self.report.records, size });
        }
        self.report
    }
}
