//! The features, and what Satchel does where a store lacks one.

use schemars::JsonSchema;
use serde::Serialize;

/// Something that some stores do by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// A write that happens only where nothing lies yet.
    ConditionalWrites,
    /// A SHA-256 that is compared on the way in, and told back.
    Checksums,
    /// Tags of an object.
    Tagging,
    /// S3 object annotations.
    Annotations,
    /// Encryption under a key of the key service, which may be a customer's own.
    CustomerKeys,
    /// One key of a bucket in place of a request to the key service for each object.
    BucketKeys,
    /// A class for what is seldom read, and the way back from it.
    Archive,
    /// Overwritten and deleted objects are kept.
    Versioning,
    /// Rules by which the store itself deletes or moves objects.
    Lifecycle,
    /// Messages about objects that were made or deleted.
    Notifications,
    /// Versions that nobody deletes before a date.
    ObjectLock,
    /// Versions that nobody deletes until told otherwise.
    LegalHold,
}

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// The store.
    Native,
    /// Satchel, in its own way.
    Fallback,
    /// Nobody.
    Missing,
}

impl Support {
    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Fallback => "fallback",
            Self::Missing => "missing",
        }
    }
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 12] = [
        Self::ConditionalWrites,
        Self::Checksums,
        Self::Tagging,
        Self::Annotations,
        Self::CustomerKeys,
        Self::BucketKeys,
        Self::Archive,
        Self::Versioning,
        Self::Lifecycle,
        Self::Notifications,
        Self::ObjectLock,
        Self::LegalHold,
    ];

    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConditionalWrites => "conditional_writes",
            Self::Checksums => "checksums",
            Self::Tagging => "tagging",
            Self::Annotations => "annotations",
            Self::CustomerKeys => "customer_keys",
            Self::BucketKeys => "bucket_keys",
            Self::Archive => "archive",
            Self::Versioning => "versioning",
            Self::Lifecycle => "lifecycle",
            Self::Notifications => "notifications",
            Self::ObjectLock => "object_lock",
            Self::LegalHold => "legal_hold",
        }
    }

    /// What a store with it does, in one sentence.
    const fn native(self) -> &'static str {
        match self {
            Self::ConditionalWrites => "a second write to a key is refused by the store",
            Self::Checksums => "the store compares the SHA-256 of what it gets, and tells it back",
            Self::Tagging => "objects can carry tags",
            Self::Annotations => "objects can carry annotations",
            Self::CustomerKeys => "objects can be encrypted under a key of the key service",
            Self::BucketKeys => "one key of the bucket spares a request to the key service for each object",
            Self::Archive => "objects can go to an archive class and come back",
            Self::Versioning => "the bucket keeps what is overwritten or deleted",
            Self::Lifecycle => "the bucket's rules remove what was broken off or has expired",
            Self::Notifications => "the store tells of objects that were made or deleted",
            Self::ObjectLock => "the store keeps an object until its date, whoever asks",
            Self::LegalHold => "the store keeps an object under hold, whoever asks",
        }
    }

    /// What happens where a store lacks it: by whom, and what.
    const fn without(self) -> (Support, &'static str) {
        match self {
            Self::ConditionalWrites => (Support::Fallback, "keys are random and used once, so that nothing is overwritten"),
            Self::Checksums => {
                (Support::Fallback, "Satchel hashes what it sends and keeps the sum in the catalog; the store does not check it")
            }
            Self::Tagging | Self::Annotations => (Support::Fallback, "what is known of an object is kept in the catalog"),
            Self::CustomerKeys => (Support::Missing, "objects lie as the store encrypts them, without a key of the customer"),
            Self::BucketKeys => (Support::Missing, "where a key service is used, it is asked for each object"),
            Self::Archive => (Support::Fallback, "objects stay in the standard class"),
            Self::Versioning => {
                (Support::Fallback, "versions of files are rows with objects of their own; an object deleted in the store is gone")
            }
            Self::Lifecycle => (Support::Fallback, "Satchel's own sweep removes uploads that never became files"),
            Self::Notifications => (Support::Fallback, "uploads are completed by request, and a sweep compares the store with the rows"),
            Self::ObjectLock | Self::LegalHold => (Support::Fallback, "holds and retention are rows, and bind Satchel alone"),
        }
    }
}

/// What is known of one feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Capability {
    /// Which.
    pub name: Feature,
    /// Who does it.
    pub support: Support,
    /// One sentence: what is done, and why not natively where it is not.
    pub said: String,
}

impl Capability {
    pub(super) fn native(name: Feature) -> Self {
        Self { name, support: Support::Native, said: name.native().to_owned() }
    }

    pub(super) fn without(name: Feature, why: &str) -> Self {
        let (support, instead) = name.without();
        Self { name, support, said: format!("{why}: {instead}") }
    }
}

/// What a store does by itself and what not: one entry for each feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Capabilities(Vec<Capability>);

impl Capabilities {
    pub(super) fn new(mut all: Vec<Capability>) -> Self {
        all.sort_by_key(|one| one.name);
        Self(all)
    }

    /// All, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Capability> {
        self.0.iter()
    }

    /// Who does it; nobody, of what was not asked.
    pub fn support(&self, feature: Feature) -> Support {
        self.0.iter().find(|one| one.name == feature).map_or(Support::Missing, |one| one.support)
    }
}
