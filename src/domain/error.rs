//! One code for every way an operation can fail, shared by all doors. The mapping to a status or
//! a tool's outcome is exhaustive and lives at the edge.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong, as a machine sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request cannot be read: wrong type, missing or extra field, bad value.
    Invalid,
    /// No credential, or one that is unknown, expired or revoked.
    Unauthenticated,
    /// The principal may know of the thing but not do this with it.
    Forbidden,
    /// No such thing, or the principal may not know of it.
    NotFound,
    /// The thing is in a state, or has changed, so that this cannot be done now.
    Conflict,
    /// Over a limit on size.
    TooLarge,
    /// Over a limit on rate or number.
    TooMany,
    /// Over what a customer may have.
    OverQuota,
    /// Bytes wait for the scanner's verdict.
    NotReady,
    /// Bytes were judged harmful.
    Quarantined,
    /// A hold or retention forbids it.
    Held,
    /// The deadline passed.
    Timeout,
    /// A part that Satchel depends on does not answer.
    Unavailable,
    /// A fault of Satchel's own.
    Internal,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 14] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::TooLarge,
        Self::TooMany,
        Self::OverQuota,
        Self::NotReady,
        Self::Quarantined,
        Self::Held,
        Self::Timeout,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The text form, as problem documents and logs carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many",
            Self::OverQuota => "over_quota",
            Self::NotReady => "not_ready",
            Self::Quarantined => "quarantined",
            Self::Held => "held",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// Whether the same request may succeed later without a change.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::TooMany | Self::NotReady | Self::Timeout | Self::Unavailable => true,
            Self::Invalid
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::Conflict
            | Self::TooLarge
            | Self::OverQuota
            | Self::Quarantined
            | Self::Held
            | Self::Internal => false,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
