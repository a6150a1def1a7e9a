//! What a call is told of while it runs.

use serde::{Deserialize, Serialize};

use super::{Category, ExtractionStatus, FileId, LinkId, ScanStatus, Unlock};

/// What became of a file that somebody sent in a call, or was asked for in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileEvent {
    /// Its bytes are stored; nobody may read them yet.
    Arrived,
    /// The scanner gave its verdict.
    Scanned,
    /// Its text and what it says of itself were read, as far as that goes.
    Read,
    /// It is ready.
    Active,
    /// It was found harmful, and nobody may have it.
    Quarantined,
    /// A password opened it, and it was read.
    Unlocked,
    /// The password that was given did not open it.
    StillLocked,
}

impl FileEvent {
    /// Every one.
    pub const ALL: [Self; 7] =
        [Self::Arrived, Self::Scanned, Self::Read, Self::Active, Self::Quarantined, Self::Unlocked, Self::StillLocked];

    /// The text form, as stored and as listeners get it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arrived => "file_arrived",
            Self::Scanned => "file_scanned",
            Self::Read => "file_read",
            Self::Active => "file_active",
            Self::Quarantined => "file_quarantined",
            Self::Unlocked => "file_unlocked",
            Self::StillLocked => "file_still_locked",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }
}

/// The file of a [`FileEvent`], as it is then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileNews {
    /// Which.
    pub file: FileId,
    /// Its version.
    pub version: u32,
    /// What people call it: its name until it was read.
    pub title: String,
    /// What it is for, as far as that is known.
    pub category: Category,
    /// MIME type: as declared until it was read.
    pub content_type: String,
    /// Bytes.
    pub size_bytes: u64,
    /// The verdict so far.
    pub scan_status: ScanStatus,
    /// How reading it went, once it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extraction_status: Option<ExtractionStatus>,
    /// What came of the last password that was given for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlock: Option<Unlock>,
    /// Pages, slides, sheets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_count: Option<u32>,
    /// The link under which it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_link: Option<LinkId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_file_reads_back() {
        for event in FileEvent::ALL {
            assert_eq!(FileEvent::parse(event.as_str()), Some(event));
        }
        assert_eq!(FileEvent::parse("file_lost"), None);
    }
}
