//! What can be set on a bucket, and how it stands.

use serde::Serialize;

/// What can be set on a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The bucket itself.
    Bucket,
    /// Nothing is public, whatever a policy or a list says.
    PublicAccess,
    /// Requests without TLS are refused.
    TlsOnly,
    /// Overwritten and deleted objects are kept for a while.
    Versioning,
    /// How objects are encrypted that do not say.
    Encryption,
    /// Broken-off uploads, old versions and temporary objects are removed.
    Lifecycle,
    /// What is archived moves to an archive class.
    Archive,
    /// The upload page may speak to the bucket.
    Cors,
    /// The bucket tells of its objects.
    Notifications,
}

impl Aspect {
    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::PublicAccess => "public_access",
            Self::TlsOnly => "tls_only",
            Self::Versioning => "versioning",
            Self::Encryption => "encryption",
            Self::Lifecycle => "lifecycle",
            Self::Archive => "archive",
            Self::Cors => "cors",
            Self::Notifications => "notifications",
        }
    }

    /// What is done where the store does not offer it, in one sentence.
    pub(super) const fn fallback(self) -> &'static str {
        match self {
            Self::Bucket => "nothing can be stored without it",
            Self::PublicAccess => "objects are private unless a policy or a list of the bucket opens them",
            Self::TlsOnly => "the store's listener decides whether it is reached without TLS",
            Self::Versioning => "versions of files are rows with objects of their own; an object deleted in the store is gone",
            Self::Encryption => "objects lie as the store keeps them; encrypt its disks",
            Self::Lifecycle => "Satchel's own sweep removes uploads that never became files",
            Self::Archive => "objects stay in the standard class",
            Self::Cors => "browsers upload through Satchel in place of straight to the store",
            Self::Notifications => "uploads are completed by request, and a sweep compares the store with the rows",
        }
    }
}

/// How one aspect of one bucket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As wanted.
    InStep,
    /// Not as wanted; it was not changed.
    Differs,
    /// It was changed, and read back.
    Changed,
    /// The store does not offer it; what is done instead is said.
    NotOffered,
    /// The credentials may not see or set it.
    Denied,
}

impl State {
    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InStep => "in_step",
            Self::Differs => "differs",
            Self::Changed => "changed",
            Self::NotOffered => "not_offered",
            Self::Denied => "denied",
        }
    }
}

/// How one aspect of one bucket stands, and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The bucket.
    pub bucket: String,
    /// What of it.
    pub aspect: Aspect,
    /// How it stands.
    pub state: State,
    /// What was found, one text for each thing that is set.
    pub found: Vec<String>,
    /// What is wanted.
    pub wanted: Vec<String>,
    /// Why, where it is not in step; empty otherwise.
    pub said: String,
}

/// How both buckets stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One line for each aspect of each bucket.
    pub lines: Vec<Line>,
}

impl Report {
    /// Whether something differs from what is wanted, or could not be seen or set.
    pub fn has_drift(&self) -> bool {
        self.lines.iter().any(|line| matches!(line.state, State::Differs | State::Denied))
    }

    /// How many aspects are in a state.
    pub fn count(&self, state: State) -> usize {
        self.lines.iter().filter(|line| line.state == state).count()
    }
}
