//! What may stop a use case. Absence and ambiguity are answers, not errors.

use std::time::Duration;

use super::posts::FetchError;
use crate::blob::BlobError;
use crate::catalog::CatalogError;
use crate::domain::{ErrorCode, FileRecord, FileStatus, FindingKind, ScanStatus};
use crate::policy::PolicyError;
use crate::search::SearchError;

/// Why a use case did not happen; nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// There is no such thing, or the asker may not know of it: one answer for both.
    #[error("no such thing")]
    NotFound,
    /// The asker may know of it, and may not do this.
    #[error("not allowed")]
    Refused,
    /// What it holds must not leave the customer. Only for whoever may read the file.
    #[error("what it holds must not leave the customer")]
    TooSensitive {
        /// What was found in it, told ones first; empty where a person said so.
        holds: Vec<FindingKind>,
    },
    /// A value cannot be taken.
    #[error("`{field}`: {reason}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// The file is not in a state to be handed out.
    #[error("the file is `{status}`")]
    NotReady {
        /// What the file is called.
        title: String,
        /// The state it is in.
        status: FileStatus,
    },
    /// The file was judged harmful.
    #[error("the file is in quarantine")]
    Quarantined {
        /// What the file is called.
        title: String,
    },
    /// There is no picture of the file, or none yet, and why.
    #[error("there is no preview: {0}")]
    NoPreview(String),
    /// A hold or a retention stops the removal of the file.
    #[error("a hold or retention forbids it")]
    Held {
        /// What the file is called.
        title: String,
    },
    /// Another answer came first, or the thing has changed.
    #[error("{0}")]
    Conflict(&'static str),
    /// So many of these are open already that no further one is begun.
    #[error("{0}")]
    TooMany(&'static str),
    /// Asked too often in a short time.
    #[error("asked too fast; {} seconds until the next one is taken", wait.as_secs().max(1))]
    TooFast {
        /// Until when.
        wait: Duration,
    },
    /// The catalog.
    #[error("the catalog failed")]
    Catalog(#[from] CatalogError),
    /// The store.
    #[error("the store failed")]
    Blob(#[from] BlobError),
    /// The index.
    #[error("the index failed")]
    Search(#[from] SearchError),
    /// The policies.
    #[error("the policies failed")]
    Policy(#[from] PolicyError),
    /// Somebody outside.
    #[error("what is needed from outside did not come")]
    Outside(#[from] FetchError),
    /// A stored value does not mean anything any more: another server's secret, most likely.
    #[error("a sealed value of `{what}` cannot be opened")]
    Sealed {
        /// Of what.
        what: &'static str,
    },
}

impl FilesError {
    /// Why nothing of a file may leave in the state that it is in; `None` where it is active and was found clean.
    pub(super) fn by_state(file: &FileRecord) -> Option<Self> {
        if file.status == FileStatus::Quarantined || matches!(file.scan, ScanStatus::Infected | ScanStatus::Suspicious) {
            return Some(Self::Quarantined { title: file.title.clone() });
        }
        let is_open = file.status == FileStatus::Active && file.scan == ScanStatus::Clean;
        (!is_open).then(|| Self::NotReady { title: file.title.clone(), status: file.status })
    }

    /// The code this is at the edge.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound | Self::NoPreview(_) => ErrorCode::NotFound,
            Self::Refused | Self::TooSensitive { .. } => ErrorCode::Forbidden,
            Self::Invalid { .. } => ErrorCode::Invalid,
            Self::NotReady { .. } => ErrorCode::NotReady,
            Self::Quarantined { .. } => ErrorCode::Quarantined,
            Self::Held { .. } => ErrorCode::Held,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::TooMany(_) | Self::TooFast { .. } => ErrorCode::TooMany,
            Self::Catalog(source) => source.code(),
            Self::Blob(source) => source.code(),
            Self::Search(_) | Self::Outside(_) => ErrorCode::Unavailable,
            Self::Policy(_) | Self::Sealed { .. } => ErrorCode::Internal,
        }
    }
}
