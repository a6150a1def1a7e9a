//! What can be asked for. Each action is a type, so that a permit for one cannot stand for another.

use super::facts::{PrincipalType, ResourceType};
use crate::domain::Permission;

mod sealed {
    pub trait Sealed {}
}

/// An action as a type: `Permit<Share>` is not a `Permit<Delete>`. Implemented here only.
pub trait Action: sealed::Sealed {
    /// The same action as a value.
    const KIND: ActionKind;
}

/// Whoever is on the line, and programs.
const ASKERS: &[PrincipalType] = &[PrincipalType::User, PrincipalType::Guest, PrincipalType::Key];

/// The same, and whoever holds a link and its code.
const HOLDERS: &[PrincipalType] = &[PrincipalType::User, PrincipalType::Guest, PrincipalType::Key, PrincipalType::Link];

macro_rules! actions {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, needs $needs:expr, by $by:expr, on $on:expr;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl sealed::Sealed for $name {}

            impl Action for $name {
                const KIND: ActionKind = ActionKind::$name;
            }
        )*

        /// Every action the policies decide.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ActionKind {
            $($(#[doc = $doc])* $name,)*
        }

        impl ActionKind {
            /// Every action, in the order of the matrix.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name policies and the audit use.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The permission without which a key or a call may not do it; `None` when there is no such.
            pub const fn permission(self) -> Option<Permission> {
                match self {
                    $(Self::$name => $needs,)*
                }
            }

            /// Who can ask for it at all.
            pub(super) const fn principals(self) -> &'static [PrincipalType] {
                match self {
                    $(Self::$name => $by,)*
                }
            }

            /// On what it can be asked for at all.
            pub(super) const fn resources(self) -> &'static [ResourceType] {
                match self {
                    $(Self::$name => $on,)*
                }
            }

            /// What it means, a line each.
            pub(super) const fn meaning(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($doc),*],)*
                }
            }
        }
    };
}

actions! {
    /// Learn that a file exists, by name.
    Find = "find", needs Some(Permission::Read), by HOLDERS, on &[ResourceType::File];
    /// Hear title, dates, size, summary.
    Describe = "describe", needs Some(Permission::Read), by HOLDERS, on &[ResourceType::File];
    /// Hear passages of its text.
    Read = "read", needs Some(Permission::Read), by HOLDERS, on &[ResourceType::File];
    /// Get its bytes.
    Download = "download", needs Some(Permission::Read), by HOLDERS, on &[ResourceType::File];
    /// See what became of it.
    History = "history", needs Some(Permission::Read), by ASKERS, on &[ResourceType::File];
    /// Put a new file into the customer's store, or a new version in place of a file.
    Add = "add", needs Some(Permission::Write), by ASKERS, on &[ResourceType::File, ResourceType::Customer];
    /// Move, tag, rename.
    Organise = "organise", needs Some(Permission::Write), by ASKERS, on &[ResourceType::File];
    /// Remove it; holds and retention are checked by the use case.
    Delete = "delete", needs Some(Permission::Write), by ASKERS, on &[ResourceType::File];
    /// Give somebody a right to it.
    Share = "share", needs Some(Permission::Share), by ASKERS, on &[ResourceType::File];
    /// Take back anybody's share of it.
    Revoke = "revoke", needs Some(Permission::Share), by ASKERS, on &[ResourceType::File];
    /// Take back one's own share of it.
    TakeBack = "take_back", needs Some(Permission::Share), by ASKERS, on &[ResourceType::File];
    /// Give a user or a team of the customer a standing right, list such rights, and end them.
    Grant = "grant", needs Some(Permission::Share), by ASKERS, on &[ResourceType::File, ResourceType::Folder];
    /// Make a spoken code for it.
    IssueCode = "issue_code", needs Some(Permission::Codes), by ASKERS, on &[ResourceType::File];
    /// Let a quarantined file go.
    ReleaseQuarantine = "release_quarantine", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::File];
    /// Say that a file is less sensitive than it counts as, and by which rules files count as sensitive.
    Classify = "classify", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::File, ResourceType::Customer];
    /// Say by which categories of the customer's own files are sorted, and have all files sorted anew.
    Categorise = "categorise", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::Customer];
    /// Stop every removal of it, in whatever state it is, or no longer.
    Hold = "hold", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::File];
    /// See which files are held, and why.
    ListHolds = "list_holds", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::Customer];
    /// Take in objects where they lie, from locations that the operator lets the customer have.
    Adopt = "adopt", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::Customer];
    /// Read the customer's audit trail.
    ReadAudit = "read_audit", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::Customer];
    /// Add and change users, teams and contacts.
    ManagePeople = "manage_people", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::Customer];
    /// Add somebody outside to the directory, to share something with them.
    AddContact = "add_contact", needs Some(Permission::Share), by ASKERS, on &[ResourceType::Customer];
    /// Make and revoke API keys.
    ManageKeys = "manage_keys", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::Customer];
    /// Change the customer's own policies.
    ManagePolicies = "manage_policies", needs Some(Permission::Admin), by ASKERS, on &[ResourceType::Customer];
    /// Open a call for a caller the platform has identified. A call never gets more permissions than the key that opens it.
    OpenCall = "open_call", needs None, by &[PrincipalType::Key], on &[ResourceType::Customer];
}
