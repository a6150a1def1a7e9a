//! Owns who may do what: the Cedar schema and default policies under `policies/`, the entities
//! they are asked about, and decisions as `Permit<Action>`.
//!
//! Must not load people, files or grants by itself, touch HTTP, or let a Cedar type leave.
//!
//! To add one: an action gets a line in `action.rs`, an attribute one in `attributes.rs`, and `satchel schema write`
//! puts them into `policies/satchel.cedarschema`; a default policy gets an `@id` in a file under
//! `policies/default/` listed in `set.rs`, and must change `policies/matrix.txt`.

mod action;
mod attributes;
mod decide;
mod entities;
mod error;
mod evidence;
#[cfg(test)]
mod examples;
mod facts;
mod fixture;
mod load;
mod matrix;
mod schema;
mod set;
mod visibility;
mod widening;

pub use action::{
    Action, ActionKind, Add, AddContact, Adopt, Categorise, Classify, Delete, Describe, Download, Find, Grant, History, Hold, IssueCode,
    ListHolds, ManageKeys, ManagePeople, ManagePolicies, OpenCall, Organise, Read, ReadAudit, ReleaseQuarantine, Revoke, Share, TakeBack,
};
#[cfg(test)]
pub use decide::times_built;
pub use decide::{Permit, Refusal, Scene};
pub use error::PolicyError;
pub use evidence::Evidence;
pub use facts::{Conditions, FileFacts, FolderFacts, GrantFact, Principal, PrincipalKind, Resource};
pub use matrix::{MatrixRow, matrix, matrix_rows};
pub use schema::schema;
pub use set::{Policies, RESTRICTED_OUTSIDE};
pub use visibility::{Visibility, tokens};
