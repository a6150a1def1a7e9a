//! Owns the use cases, one file each: add, direct uploads, find, describe, share, confirm, code, open, list, remove,
//! and what workers may do with a file. The only place where catalog, blob, search and policy meet:
//! ids come from search, facts from the catalog, bytes from blob, and a permit from policy before
//! any of them leaves.
//!
//! Must not touch axum, rmcp, AWS or SQL crates, prompts, or JSON of any door.
//!
//! To add one: a file with its request, its answer (absence and ambiguity are variants of it) and
//! one method of [`Files`] that asks for a permit, does the work and leaves exactly one audit record.

mod add;
mod code;
mod collect;
mod confirm;
mod context;
mod describe;
mod direct;
mod error;
mod find;
mod grant;
mod health;
mod identity;
mod index;
mod inspection;
mod library;
mod moving;
mod object_events;
mod once;
mod people;
mod sealing;
mod secrets;
mod share;
mod trail;
mod versions;
mod words;

pub use add::AddRequest;
pub use code::{CodeAnswer, CodeRequest, LinkFace, Opened, Style};
pub use collect::{Keeping, Swept};
pub use confirm::Answered;
pub use context::{Files, FilesSettings, KeyAccess, Parts, Subject};
pub use describe::{DescribeAnswer, Described};
pub use direct::{OpenUpload, PartClaim, PartRequest, PartsPage, UploadTerms, Way};
pub use error::FilesError;
pub use find::{FindRequest, Found, ListedFile, Unclear};
pub use health::Health;
pub use identity::{Access, CallAccess, CallRequest, CallerHint, CreatedCustomer, CreatedKey, OpenedCall, RequestFacts};
pub use inspection::{UnderInspection, Understood};
pub use library::{Content, FileView};
pub use object_events::{EventTally, EventToken};
pub use once::Once;
pub use people::{PersonRequest, Who};
pub use sealing::Sealed;
pub use secrets::{ServerSecret, Token};
pub use share::{IssuedCode, OutboxLine, ReadBack, ShareAnswer, ShareRequest, Shared};
pub use trail::{AuditFilter, AuditPage};
pub use versions::VersionView;

pub use crate::blob::SignedRequest;
pub use crate::blob::{Capabilities, Capability, Depth, Support};
pub use crate::catalog::{AuditRecord, ChainFault, ChainReport, CheckpointVerifier, Customer, Given, Job, KeyRecord, VersionRecord};
