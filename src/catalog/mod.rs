//! Owns the truth: rows, migrations, transactions, the audit chain, the durable job queue.
//! It exposes verbs; a verb that changes something commits its audit record in the same transaction.
//!
//! Must not touch bytes, search or policy. No row, pool or transaction leaks. The only room that
//! names `sqlx`.
//!
//! To add one: a verb goes into the file of its subject, takes domain types and an
//! [`AuditEntry`](crate::domain::AuditEntry), says whose rows it is for when it begins
//! (`Scope` in `session.rs`), and keeps its SQL to what SQLite and Postgres share. A table is made by two
//! migrations of one number and name, and on Postgres has policies and a line in `postgres/tables.rs`.

mod adopted;
mod arrival;
mod audit;
mod calls;
mod chain;
mod checkpoint;
mod codes;
mod collect;
mod customers;
mod deliveries;
mod direct;
mod engine;
mod events;
mod export;
mod failures;
mod feed;
mod files;
mod frontier;
mod grants;
mod history;
mod holds;
mod idempotency;
mod imports;
mod installation;
mod jobs;
mod keys;
mod listings;
mod moving;
mod object_events;
mod object_places;
mod openings;
mod outbox;
mod pending;
mod people;
mod policies;
mod postgres;
mod priority;
mod quotas;
mod releases;
mod rereads;
mod rescans;
mod revocation;
mod rows;
mod sealing;
mod sensitivity;
mod session;
mod share_events;
mod shares;
mod sql;
mod stages;
mod sweeps;
#[cfg(test)]
mod tests;
mod topics;
mod unlocks;
mod upload_links;
mod verdict;
mod writer;

pub use adopted::{AdoptedRow, Adoption};
pub use arrival::{AddedFile, Given, NewFile};
pub use audit::SYSTEM_CHAIN;
pub use calls::{CallChange, CallRecord, NewCall};
pub use chain::{AuditRecord, ChainFault, ChainReport, Checkpoints, Walker};
pub use checkpoint::{Checkpoint, CheckpointKey, CheckpointVerifier};
pub use codes::{Attempt, CallGuess, CodeRecord, Guess, NewCode, OpenedShare, Tried};
pub use collect::{Collected, Garbage, Move};
pub use customers::{Customer, NewCustomer};
pub use deliveries::{LeasedMessage, LeasedText, Settled, Standing as MessageStanding};
pub use direct::{DirectState, DirectUpload, MostOpen};
pub use engine::{Catalog, CatalogError, Ground};
pub use events::{EVENTS_KEPT, EventRecord, NewEvent, Sender};
pub use export::{ExportedCheckpoint, verify_export};
pub use failures::{Bound, FailureLimits, Guesser};
pub use feed::Change;
pub use files::BlobRecord;
pub use grants::{Grant, GrantRecord, NewGrant, Place};
pub use history::VersionRecord;
pub use holds::HeldFile;
pub use idempotency::Seen;
pub use imports::{ImportNote, ImportPage, ImportRecord, ImportState, NewImport, Sighting, Sightings};
pub use jobs::{Job, JobKind, JobState, Pick, Putback};
pub use keys::{KeyOwner, KeyRecord, NewKey, Rotation, Secret};
pub use listings::Listed;
pub use moving::{Comparison, TableComparison};
pub use object_events::Reference;
pub use openings::Opening;
pub use outbox::{MessageState, NewMessage, OutboxMessage};
pub use pending::{NewPending, Pending};
pub use people::PersonChange;
pub use policies::{NewPolicySet, PolicySet};
pub use postgres::{PostgresSettings, Standing, TlsFault, WallFault};
pub use priority::{CROWD, Priority};
pub use quotas::{Quota, Usage};
pub use releases::{NewRelease, QuarantinedFile, Release, ReleaseState};
pub use rereads::{Reread, RereadFile, RereadRecord};
pub use rescans::StaleBlob;
pub use revocation::Revocation;
pub use sealing::Sealing;
pub use sensitivity::{NewSaid, OwnRuleRecord};
pub use shares::{LinkRecord, NewLink, NewRecipient, NewShare, Revoked, ShareFilter, ShareRecord};
pub use stages::StageRecord;
pub use sweeps::{Ages, Sweep};
pub use topics::OwnTopicRecord;
pub use unlocks::{Begun, Inside, NewUnlock, TryLimits, UnlockEnd};
pub use upload_links::{NewUploadLink, UploadLink};
pub use verdict::{Admission, Drawing, Judgement, Looked, Transcription};
