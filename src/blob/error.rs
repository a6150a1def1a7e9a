//! How an operation on the store can fail.

use std::io;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::domain::{ErrorCode, RegionName};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation on the store failed. That an object is not there is never an error.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The store does not answer, or says that it cannot now; retries were spent.
    #[error("the object store does not answer")]
    Unavailable {
        /// What the client saw.
        source: Source,
    },
    /// More bytes came than allowed; nothing was stored.
    #[error("the content is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The stream that was to be stored broke; nothing was stored.
    #[error("the content broke off before its end")]
    Body {
        /// How it broke.
        source: std::io::Error,
    },
    /// The object was replaced or removed while it was read or copied.
    #[error("the object changed meanwhile")]
    Changed,
    /// The bytes that came are not those that were stored.
    #[error("the object's bytes are not what was stored")]
    Corrupt,
    /// The settings name no store for the region in which the bytes lie.
    #[error("no store is set for the region `{region}`")]
    NoRegion {
        /// The region.
        region: RegionName,
    },
    /// The store answered that it will not do this: settings, rights or a fault of ours.
    #[error("the object store refused the request with `{reason}`")]
    Refused {
        /// The store's own error code, for example `AccessDenied`.
        reason: String,
        /// What the client saw.
        source: Source,
    },
}

impl BlobError {
    /// Whether the object lies in an archive class, and has to be brought back first.
    pub fn is_archived(&self) -> bool {
        matches!(self, Self::Refused { reason, .. } if reason == "InvalidObjectState")
    }

    /// The code shared by all doors.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable { .. } => ErrorCode::Unavailable,
            Self::TooLarge { .. } => ErrorCode::TooLarge,
            Self::Body { .. } => ErrorCode::Invalid,
            Self::Changed => ErrorCode::Conflict,
            Self::Corrupt | Self::NoRegion { .. } | Self::Refused { .. } => ErrorCode::Internal,
        }
    }

    /// Sorts what the client reports into "ask again later" and "will not".
    pub(super) fn of<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        match &error {
            SdkError::ServiceError(answer) => match answer.raw().status().as_u16() {
                408 | 429 | 500 | 502..=599 => Self::Unavailable { source: error.into() },
                412 => Self::Changed,
                status => {
                    let reason = error.code().map_or_else(|| status.to_string(), str::to_owned);
                    Self::Refused { reason, source: error.into() }
                }
            },
            SdkError::ConstructionFailure(_) => Self::Refused { reason: "InvalidRequest".to_owned(), source: error.into() },
            _ => Self::Unavailable { source: error.into() },
        }
    }
}

impl From<BlobError> for io::Error {
    fn from(error: BlobError) -> Self {
        Self::other(error)
    }
}

/// The status of the store's answer, when it gave one.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

/// Whether the answer says that the object is not there, and not that its bucket is missing.
pub(super) fn is_absent<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    status(error) == Some(404) && error.code() != Some("NoSuchBucket")
}
