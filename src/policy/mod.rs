//! Owns who may do what: the Cedar schema and default policies under `policies/`, the entities
//! they are asked about, and decisions as `Permit<Action>`.
//!
//! Must not load people, files or grants by itself, touch HTTP, or let a Cedar type leave.
//!
//! To add one: an action gets a line in `action.rs` and in `policies/satchel.cedarschema` (inside
//! the group of the permission it needs); a default policy gets an `@id` in a file under
//! `policies/default/` listed in `set.rs`, and must change `policies/matrix.txt`.

mod action;
mod decide;
mod entities;
mod facts;
mod fixture;
mod matrix;
mod set;
mod visibility;

pub use action::{
    Action, ActionKind, Add, AddContact, Adopt, Delete, Describe, Download, Find, History, Hold, IssueCode, ListHolds, ManageKeys,
    ManagePeople, ManagePolicies, OpenCall, Organise, Read, ReadAudit, ReleaseQuarantine, Revoke, Share, TakeBack,
};
pub use decide::{Permit, Refusal};
pub use facts::{Conditions, FileFacts, GrantFact, Principal, PrincipalKind, Resource};
pub use matrix::matrix;
pub use set::{Policies, PolicyError};
pub use visibility::{Visibility, tokens};
