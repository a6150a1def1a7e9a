//! What a share gives, to whom, for how long.

use std::fmt;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What the recipient may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rights {
    /// Open and download.
    View,
    /// View, and remark on it.
    Comment,
    /// View, and put new versions in place.
    Edit,
}

impl Rights {
    /// Every level, from least to most.
    pub const ALL: [Self; 3] = [Self::View, Self::Comment, Self::Edit];

    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Comment => "comment",
            Self::Edit => "edit",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rights| rights.as_str() == text)
    }
}

/// Which version of a file a share gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// The one that was confirmed.
    #[default]
    Confirmed,
    /// The newest that was found clean, whichever that is when the link is opened.
    Newest,
}

impl Edition {
    /// From the stored mark.
    pub const fn of(follows: bool) -> Self {
        if follows { Self::Newest } else { Self::Confirmed }
    }

    /// Whether it follows the file.
    pub const fn follows(self) -> bool {
        matches!(self, Self::Newest)
    }
}

/// How long a share or a code lives, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(i64);

/// Why a lifetime was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LifetimeError {
    /// Under a minute.
    #[error("a lifetime is at least one minute")]
    TooShort,
    /// Over the limit.
    #[error("a lifetime is at most {max_days} days")]
    TooLong {
        /// The limit, in days.
        max_days: i64,
    },
    /// Words that name no length of time.
    #[error("a lifetime is a length of time such as `2 hours` or `7 days`")]
    Unreadable,
}

impl Lifetime {
    /// Longest life of a share, in days.
    pub const MAX_DAYS: i64 = 365;
    /// The same in seconds.
    pub const MAX_SECONDS: i64 = Self::MAX_DAYS * 86_400;
    /// Shortest life of a share, in seconds.
    pub const MIN_SECONDS: i64 = 60;

    /// A number of seconds.
    ///
    /// # Errors
    /// Under a minute or over `MAX_DAYS`.
    pub const fn from_seconds(seconds: i64) -> Result<Self, LifetimeError> {
        if seconds < Self::MIN_SECONDS {
            Err(LifetimeError::TooShort)
        } else if seconds > Self::MAX_SECONDS {
            Err(LifetimeError::TooLong { max_days: Self::MAX_DAYS })
        } else {
            Ok(Self(seconds))
        }
    }

    /// The ten minutes of a spoken code.
    pub const CODE: Self = Self(600);
    /// The seven days of a share.
    pub const SHARE: Self = Self(7 * 86_400);

    /// In seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// When something made now ends.
    pub fn ends(self, now: Timestamp) -> Timestamp {
        now.saturating_add(SignedDuration::from_secs(self.0)).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} s", self.0)
    }
}
