//! A file as everybody above the catalog sees it.

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BlobId, Classification, CustomerId, Facts, FileId, FileName, FileStatus, FindingCount, Folder, Said, ScanStatus, Sorted, Timestamp,
    Topic, TopicSaid, Unlock, UserId,
};

/// SHA-256 of the content; the text form is `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// From the digest.
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest as 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text.strip_prefix("sha256:")?, &mut digest).ok()?;
        Some(Self(digest))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A user.
    User(UserId),
    /// The customer's service user: members may read what it owns.
    Service,
}

/// What kind of file it is, as `find` and `describe` say it: people see it as `kind`. By which word they sort it is its
/// [`Topic`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// A text document.
    Document,
    /// A table of numbers.
    Spreadsheet,
    /// Slides.
    Presentation,
    /// Mail.
    Mail,
    /// A picture.
    Image,
    /// Sound.
    Recording,
    /// Moving pictures.
    Video,
    /// Several files in one.
    Archive,
    /// Anything else.
    Other,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 9] = [
        Self::Document,
        Self::Spreadsheet,
        Self::Presentation,
        Self::Mail,
        Self::Image,
        Self::Recording,
        Self::Video,
        Self::Archive,
        Self::Other,
    ];

    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Spreadsheet => "spreadsheet",
            Self::Presentation => "presentation",
            Self::Mail => "mail",
            Self::Image => "image",
            Self::Recording => "recording",
            Self::Video => "video",
            Self::Archive => "archive",
            Self::Other => "other",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == text)
    }
}

/// How reading text and metadata went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtractionStatus {
    /// Not tried yet.
    Pending,
    /// Text was read.
    Done,
    /// The kind of file has no text, or none was found in it.
    Empty,
    /// A password is needed.
    Locked,
    /// It could not be read; the reason says why.
    Failed,
}

impl ExtractionStatus {
    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Empty => "empty",
            Self::Locked => "locked",
            Self::Failed => "failed",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Done, Self::Empty, Self::Locked, Self::Failed].into_iter().find(|status| status.as_str() == text)
    }
}

/// `metadata.extraction`: how reading went, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Extraction {
    /// How it went.
    pub status: ExtractionStatus,
    /// Why text is missing, in plain words.
    pub reason: Option<String>,
}

/// A scanner's judgement of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanVerdict {
    /// The judgement; never `Pending`.
    pub status: ScanStatus,
    /// Which scanner, with the version of engine and rules.
    pub engine: String,
    /// Names of what matched, or why it failed.
    pub findings: Vec<String>,
}

/// One file at its current version.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRecord {
    /// Which.
    pub id: FileId,
    /// Whose.
    pub customer: CustomerId,
    /// Who owns it.
    pub owner: Owner,
    /// Where it lies.
    pub folder: Folder,
    /// The name it arrived with.
    pub name: FileName,
    /// What people call it: given by the sender, else read from the document, else from the name.
    pub title: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// Key words, as the sender gave them.
    pub tags: Vec<String>,
    /// What it is for.
    pub category: Category,
    /// The date on the document.
    pub created_date: Option<Date>,
    /// MIME type by content.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub checksum: Checksum,
    /// Number of the current version, from 1.
    pub version: u32,
    /// The bytes of the current version.
    pub blob: BlobId,
    /// Where it is in its life.
    pub status: FileStatus,
    /// The scanner's word.
    pub scan: ScanStatus,
    /// How reading text went.
    pub extraction: Extraction,
    /// What came of the last password that was given for this version.
    pub unlock: Option<Unlock>,
    /// The first words of its text; untrusted.
    pub excerpt: Option<String>,
    /// A short extractive summary; untrusted.
    pub summary: Option<String>,
    /// Pages, slides or sheets.
    pub page_count: Option<u32>,
    /// Length of a recording, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The language of its text, as BCP 47 writes it; `None` when unsure.
    pub language: Option<String>,
    /// What it says of itself beside its text; its words are untrusted.
    pub facts: Facts,
    /// When it arrived.
    pub added_at: Timestamp,
    /// When its row last changed.
    pub updated_at: Timestamp,
    /// When its bytes were last handed out.
    pub last_accessed: Option<Timestamp>,
    /// Deletion is forbidden until somebody lifts the hold.
    pub hold: bool,
    /// Deletion is forbidden until then.
    pub retention_until: Option<Timestamp>,
    /// How sensitive it is: what somebody said of this version, else the higher of what was found and what was said before.
    pub classification: Classification,
    /// How sensitive what was found makes it.
    pub found: Classification,
    /// What somebody said.
    pub said: Option<Said>,
    /// What was found in this version, by kind; `None` where nobody could look.
    pub findings: Option<Vec<FindingCount>>,
    /// Which category it has: what somebody said, else what the rules say, else `general`.
    pub topic: Topic,
    /// What the rules say of this version or, until it has been read, of the one before.
    pub sorted: Option<Sorted>,
    /// What somebody said.
    pub topic_said: Option<TopicSaid>,
    /// Its place in the customer's change feed.
    pub change_seq: u64,
}

impl FileRecord {
    /// What people call it, where that is not its name.
    pub fn own_title(&self) -> Option<String> {
        (self.title != self.name.stem()).then(|| self.title.clone())
    }
}
