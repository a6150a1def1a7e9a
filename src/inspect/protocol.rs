//! What parent and worker say to each other: a [`Setup`] as the worker's argument; one JSON line
//! of [`Task`] and the raw bytes on its standard input; JSON lines of [`Reply`] on its standard
//! output, the first of which says that it is confined and ready.

use std::{fmt, io};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::engine::LockedArchives;
use super::rules::RuleFile;
use crate::domain::{Category, ExtractionStatus, Facts, FileName, Finding, Hint, OwnRule, OwnTopic, Password, ScanStatus};

/// The argument that makes this binary a worker.
pub const WORKER_ARGUMENT: &str = "inspect-worker";

/// Longest task line, in bytes.
/// A customer's rules may be in it, whose bytes text may write with six each.
pub(super) const MAX_TASK_LINE: u64 = (16 << 10) + 6 * (OwnRule::TOGETHER + OwnTopic::TOGETHER) as u64 + (64 << 10);

/// Address space of a worker, in bytes: one large document unpacked, not two.
pub(super) const ADDRESS_SPACE: u64 = 1536 << 20;

/// Address space of a worker that listens, in bytes: the largest recording, and a model.
pub(super) const LISTENING_SPACE: u64 = 3 << 30;

/// The variable of a listening worker's environment that names the folder of its model.
pub(super) const SPEECH_VARIABLE: &str = "SATCHEL_SPEECH";

/// Open files of a worker: its three pipes, and what confining itself takes.
pub(super) const OPEN_FILES: u64 = 16;

/// What a worker may use. Applied by the worker itself before it reads a byte of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Address space, in bytes.
    pub address_space: u64,
    /// Processor time, in seconds.
    pub cpu_seconds: u64,
    /// Open files.
    pub open_files: u64,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Job {
    /// A scanner's verdict.
    Scan,
    /// Type, text and metadata.
    Extract,
    /// Pictures of what it looks like.
    Draw,
    /// What is said in a recording.
    Listen,
    /// What is sensitive in a text that was read before, and what it is about.
    Look,
    /// What a password opens: type, text and metadata, and a verdict on it.
    Unlock,
}

impl Job {
    /// Whether a file should not wait for a worker to start: somebody waits for the file.
    pub const fn is_urgent(self) -> bool {
        match self {
            Self::Scan | Self::Extract => true,
            Self::Draw | Self::Listen | Self::Look | Self::Unlock => false,
        }
    }
}

/// What a worker knows before there is a file for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setup {
    /// What will be asked.
    pub job: Job,
    /// What it may use.
    pub limits: Limits,
    /// What a locked archive means.
    pub locked: LockedArchives,
}

/// Variables of a worker's environment that hold the operator's rules, as JSON in pieces: `SATCHEL_RULES_0` and on. An
/// environment, since only its owner may read that of a process, and one at the start, since a worker in reserve has
/// compiled them before there is a file for it.
const RULES_VARIABLE: &str = "SATCHEL_RULES_";
/// Bytes of one piece; the system's limit for one is 128 KiB (execve(2)).
const RULES_PIECE: usize = 100 << 10;

/// The rules, for the environment of a worker.
pub(super) fn rules_to_environment(rules: &[RuleFile]) -> io::Result<Vec<(String, String)>> {
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    let text = serde_json::to_string(rules)?;
    let mut pieces = vec![String::new()];
    for letter in text.chars() {
        match pieces.last_mut() {
            Some(piece) if piece.len() < RULES_PIECE => piece.push(letter),
            _ => pieces.push(letter.to_string()),
        }
    }
    Ok(pieces.into_iter().enumerate().map(|(at, piece)| (format!("{RULES_VARIABLE}{at}"), piece)).collect())
}

/// The rules in the environment of a worker.
pub(super) fn rules_of_environment(variables: impl Iterator<Item = (String, String)>) -> io::Result<Vec<RuleFile>> {
    let mut pieces: Vec<(usize, String)> =
        variables.filter_map(|(name, text)| Some((name.strip_prefix(RULES_VARIABLE)?.parse().ok()?, text))).collect();
    pieces.sort_unstable();
    let text: String = pieces.into_iter().map(|(_, piece)| piece).collect();
    if text.is_empty() { Ok(Vec::new()) } else { Ok(serde_json::from_str(&text)?) }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    /// The name the file arrived with.
    pub name: String,
    /// Bytes read for text; one byte more means that the file is larger.
    pub max_read_bytes: u64,
    /// Bytes of text given back.
    pub max_text_bytes: usize,
    /// What the customer looks for besides.
    #[serde(default)]
    pub rules: Vec<OwnRule>,
    /// By which categories of its own the customer sorts files.
    #[serde(default)]
    pub topics: Vec<OwnTopic>,
    /// What people call it, where somebody said so.
    #[serde(default)]
    pub title: Option<String>,
    /// What was read from the file before, where its text is looked at again.
    #[serde(default)]
    pub known: Option<KnownOfFile>,
    /// The password to try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Key>,
}

impl Task {
    /// A file by its name, and nothing else that the worker is to know or may do.
    pub fn of(name: &FileName) -> Self {
        Self {
            name: name.as_str().to_owned(),
            max_read_bytes: 0,
            max_text_bytes: 0,
            rules: Vec::new(),
            topics: Vec::new(),
            title: None,
            known: None,
            password: None,
        }
    }
}

/// What was read from a file before, beside its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownOfFile {
    /// Who wrote it; empty where nobody knows.
    pub author: String,
    /// What kind of file it is.
    pub kind: Category,
    /// Pages, slides or sheets.
    pub pages: Option<u32>,
    /// The words in what else it says of itself.
    pub properties: String,
}

/// A password on its way to a worker.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Key(String);

impl Key {
    pub fn of(password: &Password) -> Self {
        Self(password.expose().to_owned())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Key(..)")
    }
}

/// How much of a restriction the system enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// All that was asked for.
    Full,
    /// What this kernel knows of it.
    Partial,
    /// Nothing.
    None,
}

impl fmt::Display for Enforcement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::None => "none",
        })
    }
}

/// What a worker has given up beside its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Files and connections.
    pub landlock: Enforcement,
    /// System calls that parsing does not need.
    pub seccomp: Enforcement,
}

impl Confinement {
    /// Whether all of it is in force.
    pub fn is_full(self) -> bool {
        self.landlock == Enforcement::Full && self.seccomp == Enforcement::Full
    }
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// It is confined so far, and waits for a file.
    Ready(Confinement),
    /// What the scanner found.
    Scan(ScanReport),
    /// What kind of file it is: sent before anything deeper is parsed, so that it is known even
    /// when the reading of the text ends the worker.
    Kind(KindReport),
    /// What was read.
    Reading(Box<Reading>),
    /// What was seen in a text that was read before.
    Looked(LookedReport),
    /// What its sheets hold: sent after what was read, which stands even when this ends the worker.
    Sheets(Box<Facts>),
    /// What it looks like.
    Drawn(DrawnReport),
    /// Why nothing was drawn.
    NotDrawn(String),
    /// What was said in a piece of a recording.
    Passage(Passage),
    /// The recording was heard to its end.
    Heard(HeardReport),
    /// What came of a password.
    Lock(LockReport),
}

/// What was seen in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LookedReport {
    /// What is sensitive in it.
    pub findings: Vec<Finding>,
    /// What speaks for which category.
    pub hints: Vec<Hint>,
}

/// What came of a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LockReport {
    /// It fits; what was read and the verdict come with it.
    Opened,
    /// It does not fit.
    Wrong,
    /// It could not be tried, and why.
    Failed(String),
}

/// Pictures of a file, as JPEG in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DrawnReport {
    /// To be read.
    pub page: String,
    /// For lists.
    pub thumbnail: String,
}

/// A scanner's findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScanReport {
    /// The judgement.
    pub status: ScanStatus,
    /// Rules that matched, or why it failed.
    pub findings: Vec<String>,
}

/// The kind of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KindReport {
    /// MIME type.
    pub content_type: String,
    /// What it is for.
    pub category: Category,
}

/// What was said from one instant of a recording to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Where it begins, in milliseconds from the beginning.
    pub from_ms: u64,
    /// Where it ends.
    pub until_ms: u64,
    /// The words, as the model heard them: untrusted.
    pub text: String,
}

/// How a recording was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeardReport {
    /// Its length, in milliseconds.
    pub duration_ms: u64,
    /// Why there are no words, where the cause lies in the recording.
    pub reason: Option<String>,
}

/// Text and metadata of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reading {
    /// How it went.
    pub status: ExtractionStatus,
    /// Why text is missing.
    pub reason: Option<String>,
    /// What the document calls itself.
    pub title: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The date on it.
    pub created_date: Option<Date>,
    /// Pages, slides or sheets.
    pub page_count: Option<u32>,
    /// Length of sound, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Its text; of an archive the list of its members, of pictures and recordings the words of
    /// their properties.
    pub text: String,
    /// A short extractive summary.
    pub summary: Option<String>,
    /// The language of its text.
    #[serde(default)]
    pub language: Option<String>,
    /// What it says of itself, but for its sheets.
    #[serde(default)]
    pub facts: Facts,
    /// What is sensitive in it.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What speaks for which category.
    #[serde(default)]
    pub hints: Vec<Hint>,
}

impl Reading {
    /// A reading without text.
    pub fn without_text(status: ExtractionStatus, reason: &str) -> Self {
        Self {
            status,
            reason: Some(reason.to_owned()),
            title: None,
            author: None,
            created_date: None,
            page_count: None,
            duration_ms: None,
            text: String::new(),
            summary: None,
            language: None,
            facts: Facts::default(),
            findings: Vec::new(),
            hints: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_any_length_reach_a_worker_as_they_are() {
        for text in ["rule A { condition: true }".to_owned(), "é\"\\\n".repeat(100_000)] {
            let rules = vec![RuleFile { name: "a.yar".to_owned(), text }, RuleFile { name: "b.yar".to_owned(), text: String::new() }];
            let environment = rules_to_environment(&rules).unwrap();
            assert!(environment.iter().all(|(name, piece)| name.len() + piece.len() + 2 < 128 << 10));
            let turned = environment.into_iter().rev().chain([("PATH".to_owned(), "x".to_owned())]);
            assert_eq!(rules_of_environment(turned).unwrap(), rules);
        }
        assert!(rules_to_environment(&[]).unwrap().is_empty());
        assert!(rules_of_environment(std::iter::empty()).unwrap().is_empty());
    }
}
