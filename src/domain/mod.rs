//! Owns the vocabulary every room speaks: ids, names, people, files and their life-cycle,
//! rights, calls, error codes, time and chance.
//!
//! Must not do I/O, be async, name a vendor's crate or any other room.
//!
//! To add one: a word that two rooms need gets a file here, with a private field, one `parse`
//! and its invariants; a word that one room needs stays in that room.

mod adopted;
mod audit;
mod call;
mod chunk;
mod clock;
mod error;
mod event;
mod facts;
mod file;
mod grant;
mod id;
mod message;
mod name;
mod network;
mod person;
mod preview;
mod published;
mod rate;
mod region;
mod sensitivity;
mod share;
mod state;
mod store_event;
mod topic;
mod turns;
mod unlock;

pub use adopted::{AdoptedPlace, Pin};
pub use audit::{Actor, AuditEntry, Decision, Door, Origin, Purpose, PurposeError};
pub use call::{CallContext, CallSettings, Caller, Heard, HeardKind, Permission, Permissions, Verified, VerifiedMethod};
pub use chunk::ChunkStream;
pub use clock::{Clock, Entropy, ManualClock, SeededEntropy, SystemClock, SystemEntropy, random_bytes};
pub use error::ErrorCode;
pub use event::{FileEvent, FileNews};
pub use facts::{AudioFacts, ColumnFacts, DateSpan, Facts, MailFacts, NumberFacts, PhotoFacts, SheetFacts, language_tag};
pub use file::{Category, Checksum, Extraction, ExtractionStatus, FileRecord, Owner, ScanVerdict};
pub use grant::Level;
pub use id::{
    AuditId, BlobId, CallId, CodeId, ContactId, CustomerId, FileId, GrantId, IdError, ImportId, JobId, KeyId, LinkId, MessageId, PendingId,
    PersonId, ReleaseId, ShareId, TeamId, UploadId, UserId,
};
pub use message::{Channel, Letter, Told};
pub use name::{FileName, Folder, NameError, Phone, clean_text};
pub use network::Network;
pub use person::{Person, PersonKind, Role};
pub use preview::{Preview, PreviewSize};
pub use published::{Blank, Cursor, Day, Instant, Member, PhoneNumber, Words};
pub use rate::{Buckets, Rate};
pub use region::{RegionName, RegionNameError};
pub use sensitivity::{
    Classification, FilePart, Finding, FindingCount, FindingKind, FindingPlace, LevelRule, OwnRule, Said, Sought, level_of,
};
pub use share::{Edition, Lifetime, LifetimeError, Rights};
pub use state::{FileStatus, ScanStatus, TransitionError};
pub use store_event::{EventOrder, Happened, ObjectNote, StoreEvent};
pub use topic::{Hint, HintPart, Likeness, OwnTopic, Remembered, RunnerUp, Sorted, Topic, TopicError, TopicSaid};
pub use turns::Turns;
pub use unlock::{Password, Unlock, is_opened_here};

/// A point in time, UTC, microsecond precision when stored.
pub type Timestamp = jiff::Timestamp;
