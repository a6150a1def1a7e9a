//! The life-cycle of a file as a state machine. Holds and retention stand beside it and stop
//! deletion in every state; they are not states.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `lifecycle.status` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    /// Bytes are arriving.
    Uploading,
    /// Stored, waiting for the scanner's verdict; nobody may read it.
    Scanning,
    /// Clean; text and metadata are being read.
    Processing,
    /// Ready.
    Active,
    /// Judged harmful; nobody may read it.
    Quarantined,
    /// Moved to an archive class; must be restored before reading.
    Archived,
    /// Coming back from the archive.
    Restoring,
    /// Past its lifetime.
    Expired,
    /// Removed by somebody; kept until it is swept.
    Deleted,
}

/// A change of state that the life-cycle does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file cannot go from `{from}` to `{to}`")]
pub struct TransitionError {
    /// The state it is in.
    pub from: FileStatus,
    /// The state that was asked for.
    pub to: FileStatus,
}

impl FileStatus {
    /// Every state, in the order of a file's life.
    pub const ALL: [Self; 9] = [
        Self::Uploading,
        Self::Scanning,
        Self::Processing,
        Self::Active,
        Self::Quarantined,
        Self::Archived,
        Self::Restoring,
        Self::Expired,
        Self::Deleted,
    ];

    /// The text form, as stored and as the API gives it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Scanning => "scanning",
            Self::Processing => "processing",
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Archived => "archived",
            Self::Restoring => "restoring",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether bytes and text may be handed out in this state.
    pub const fn is_readable(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether the file may be found by name in this state.
    pub const fn is_findable(self) -> bool {
        matches!(self, Self::Scanning | Self::Processing | Self::Active | Self::Archived | Self::Restoring)
    }

    /// The next state, when the life-cycle has that step.
    ///
    /// # Errors
    /// When it has not.
    pub const fn to(self, next: Self) -> Result<Self, TransitionError> {
        use FileStatus::{Active, Archived, Deleted, Expired, Processing, Quarantined, Restoring, Scanning, Uploading};
        let allowed = match self {
            Uploading => matches!(next, Scanning | Deleted),
            Scanning => matches!(next, Processing | Quarantined | Deleted),
            Processing => matches!(next, Active | Quarantined | Deleted),
            // A new version sends an active file back through the scanner.
            Active => matches!(next, Scanning | Quarantined | Archived | Expired | Deleted),
            Quarantined => matches!(next, Scanning | Processing | Deleted),
            Archived => matches!(next, Restoring | Expired | Deleted),
            Restoring => matches!(next, Active | Archived | Deleted),
            Expired => matches!(next, Active | Deleted),
            Deleted => matches!(next, Active),
        };
        if allowed { Ok(next) } else { Err(TransitionError { from: self, to: next }) }
    }
}

impl fmt::Display for FileStatus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// `lifecycle.scan_status` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanStatus {
    /// No verdict yet.
    Pending,
    /// Nothing found.
    Clean,
    /// A signature or rule that means harm matched.
    Infected,
    /// Signs that deserve a person's look.
    Suspicious,
    /// The scanner could not finish; treated as not yet checked.
    Failed,
}

impl ScanStatus {
    /// The text form, as stored and as the API gives it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Clean => "clean",
            Self::Infected => "infected",
            Self::Suspicious => "suspicious",
            Self::Failed => "failed",
        }
    }

    /// The stricter of two verdicts about the same bytes.
    #[must_use]
    pub const fn strictest(self, other: Self) -> Self {
        if other.strictness() > self.strictness() { other } else { self }
    }

    const fn strictness(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Clean => 1,
            Self::Failed => 2,
            Self::Suspicious => 3,
            Self::Infected => 4,
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Clean, Self::Infected, Self::Suspicious, Self::Failed].into_iter().find(|status| status.as_str() == text)
    }
}

impl fmt::Display for ScanStatus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::FileStatus::{Active, Deleted, Processing, Quarantined, Scanning, Uploading};
    use super::*;

    #[test]
    fn nothing_becomes_active_without_passing_the_scanner() {
        assert!(Uploading.to(Active).is_err());
        assert!(Scanning.to(Active).is_err());
        assert_eq!(Scanning.to(Processing), Ok(Processing));
        assert_eq!(Processing.to(Active), Ok(Active));
        assert!(Quarantined.to(Active).is_err());
    }

    #[test]
    fn only_an_active_file_is_readable() {
        let readable: Vec<_> = FileStatus::ALL.into_iter().filter(|status| status.is_readable()).collect();
        assert_eq!(readable, [Active]);
        assert!(!Deleted.is_findable() && !Quarantined.is_findable());
    }

    #[test]
    fn texts_read_back() {
        for status in FileStatus::ALL {
            assert_eq!(FileStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(FileStatus::parse("Active"), None);
    }
}
