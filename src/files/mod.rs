//! Owns the use cases, one file each: add, adopt, direct uploads, find, describe, share, confirm, code, open, list, remove, hold,
//! and what workers may do with a file or a message. The only place where catalog, blob, search and policy meet:
//! ids come from search, facts from the catalog, bytes from blob, and a permit from policy before
//! any of them leaves.
//!
//! Must not touch axum, rmcp, AWS or SQL crates, prompts, or JSON of any door.
//!
//! To add one: a file with its request, its answer (absence and ambiguity are variants of it) and
//! one method of [`Files`] that asks for a permit, does the work and leaves exactly one audit record.

mod add;
mod address;
mod adopt;
mod adopting;
mod asked;
mod calls;
mod code;
mod collect;
mod confirm;
mod context;
mod customers;
mod delivery;
mod describe;
mod direct;
mod downloads;
mod errand;
mod error;
mod events;
mod evidence;
mod find;
mod grant;
mod guess;
mod guessable;
mod handing;
mod health;
mod history;
mod hold;
mod identity;
mod index;
mod inspection;
mod keys;
mod library;
mod messages;
mod moving;
mod object_events;
mod once;
mod orders;
mod outbox;
mod pace;
mod people;
mod policies;
mod policy_cache;
mod policy_diff;
mod posts;
mod preview;
mod progress;
mod quarantine;
mod quotas;
mod receiving;
mod recipient;
mod redeem;
mod requests;
mod rereads;
mod rescans;
mod revoke;
mod scanners;
mod sealing;
mod secrets;
mod security_report;
mod sensitivity;
mod sessions;
mod share;
mod shares;
mod standing;
mod sweeps;
mod topics;
mod trail;
mod transcript;
mod unlock;
mod verdicts;
mod versions;
mod when;
mod words;

pub use add::AddRequest;
pub use adopt::ImportRequest;
pub use asked::{Confirmed, Question};
pub use calls::{CallAccess, CallRequest, CallerHint, OpenedCall, RequestFacts};
pub use code::{CALL_DIGITS, CODE_TRIES, CODE_WORD_COUNT, CodeAnswer, CodeRequest, LINK_DIGITS, LinkFace, Opened, Opens, Style};
pub use collect::{Keeping, Swept};
pub use confirm::Answered;
pub use context::{EvidenceSettings, Files, FilesSettings, KeyAccess, Parts, Subject};
pub use customers::CreatedCustomer;
pub use delivery::{MOST_ATTEMPTS, ToDeliver, Undelivered};
pub use describe::{DescribeAnswer, Described};
pub use direct::{OpenUpload, PartClaim, PartRequest, PartsPage, UploadTerms, Way};
pub use errand::Patience;
pub use error::FilesError;
pub use events::{EventsPage, Listening};
pub use find::{FindRequest, Found, ListedFile, Unclear};
pub use guessable::is_guessable;
pub use handing::{Attachment, Handout};
pub use health::{Health, RegionUsage};
pub use history::{Deed, FileHistory, Happening, HistoryAnswer};
pub use identity::Access;
pub use inspection::{UnderInspection, Understood};
pub use keys::{CreatedKey, Overlap, RotatedKey};
pub use library::FileView;
pub use object_events::EventTally;
pub use once::Once;
pub use orders::reads_as_order;
pub use outbox::{OutboxLine, OutboxText};
pub use pace::Paces;
pub use people::{Membership, PersonRequest, Who};
pub use policies::{MAX_POLICY_TEXTS, PolicySets, Proposed, Turn};
pub use policy_diff::{DecisionChange, DecisionChanges, Judged, MatrixChange, PolicyDiff};
pub use posts::{Demand, EventToken, Fetch, FetchError, PostRules, Posted};
pub use preview::PICTURE_TYPE;
pub use progress::{OnItsWay, Progress};
pub use quarantine::{InQuarantine, ReleaseDays};
pub use receiving::{Came, CameState, Sending, UploadFace, Uploader};
pub use recipient::Toward;
pub use redeem::Redeemed;
pub use requests::{RequestAnswer, Requested, UploadReadBack, UploadRequest};
pub use rereads::{RereadTurn, SeenAgain, ToReread};
pub use rescans::{RescanTurn, ToRescan};
pub use revoke::{GivenShare, RevokeAnswer, RevokeRequest};
pub use scanners::ScannerNote;
pub use sealing::Sealed;
pub use secrets::{ServerSecret, Token};
pub use security_report::{ReportLine, ReportPeriod, SecurityReport, VerdictCounts};
pub use sensitivity::{FoundIn, SensitivityRules, ToReadBy};
pub use sessions::{Session, SessionUser};
pub use share::{IssuedCode, ReadBack, ShareAnswer, ShareRequest, Shared};
pub use standing::{GrantRequest, Granted};
pub use trail::{AuditFilter, AuditPage, AuditReader};
pub use transcript::Heard;
pub use unlock::Unlocking;
pub use versions::VersionView;
pub use words::WORDS as CODE_WORDS;

pub use crate::blob::SignedRequest;
pub use crate::blob::{Billing, BucketState, Capabilities, Capability, Depth, Failures, Probe, Support, Tally, TopicArn};
pub use crate::catalog::{
    AuditRecord, Bound, CallRecord, ChainFault, ChainReport, CheckpointVerifier, Customer, EventRecord, FailureLimits, Given, GrantRecord,
    HeldFile, ImportNote, ImportRecord, ImportState, Job, JobKind, JobState, KeyRecord, LeasedMessage, MessageState, OwnRuleRecord,
    OwnTopicRecord, PersonChange, Pick, Place, PolicySet, Putback, QuarantinedFile, Quota, Release, ReleaseState, Reread, RereadRecord,
    ShareFilter, ShareRecord, Sighting, StageRecord, Usage, VersionRecord,
};
pub use crate::policy::Evidence;
