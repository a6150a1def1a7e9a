//! What a decision is made from. Whoever asks loads these; nothing here looks anything up.

use crate::domain::{
    CallContext, CallId, Caller, CustomerId, Door, FileId, FileRecord, FileStatus, Folder, KeyId, LinkId, Owner, Permissions, PersonId,
    Rights, Role, TeamId, Timestamp, UserId, Verified,
};

/// Who asks.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Which kind, with what matters of it.
    pub kind: PrincipalKind,
    /// Whose; nothing of another customer is ever decided.
    pub customer: CustomerId,
    /// What the call or key is narrowed to.
    pub permissions: Permissions,
}

/// The kinds of principals.
#[derive(Debug, Clone)]
pub enum PrincipalKind {
    /// Somebody of the directory.
    User {
        /// Who.
        id: UserId,
        /// Roles; without one nothing is permitted.
        roles: Vec<Role>,
        /// Teams the user is a member of.
        teams: Vec<TeamId>,
    },
    /// An unknown caller.
    Guest {
        /// On which call.
        call: CallId,
    },
    /// A program, for the customer itself.
    Key {
        /// Which.
        id: KeyId,
    },
    /// Whoever holds a living link and its code.
    Link {
        /// Which.
        id: LinkId,
        /// The one file it opens.
        file: FileId,
    },
}

impl Principal {
    /// Whoever is on the line; roles and teams are those of the user, and ignored for a guest.
    pub fn of_call(context: &CallContext, roles: Vec<Role>, teams: Vec<TeamId>) -> Self {
        let kind = match context.caller {
            Caller::User(id) => PrincipalKind::User { id, roles, teams },
            Caller::Guest { .. } => PrincipalKind::Guest { call: context.call },
        };
        Self { kind, customer: context.customer, permissions: context.permissions.clone() }
    }
}

/// On what.
#[derive(Debug, Clone)]
pub enum Resource {
    /// One file.
    File(FileFacts),
    /// The customer as a whole: adding files, people, keys, policies, audit, calls.
    Customer(CustomerId),
}

impl Resource {
    /// Whose it is.
    pub const fn customer(&self) -> CustomerId {
        match self {
            Self::File(file) => file.customer,
            Self::Customer(customer) => *customer,
        }
    }

    /// The file, when it is one.
    pub const fn file(&self) -> Option<FileId> {
        match self {
            Self::File(file) => Some(file.id),
            Self::Customer(_) => None,
        }
    }
}

/// What policies know of a file.
#[derive(Debug, Clone)]
pub struct FileFacts {
    /// Which.
    pub id: FileId,
    /// Whose.
    pub customer: CustomerId,
    /// Who owns it.
    pub owner: Owner,
    /// Where it lies.
    pub folder: Folder,
    /// Where it is in its life.
    pub status: FileStatus,
    /// What content inspection raised; [`FileFacts::UNCLASSIFIED`] when nothing.
    pub classification: String,
    /// Who else may do something with it; expired ones may be among them.
    pub grants: Vec<GrantFact>,
}

impl FileFacts {
    /// The classification of a file in which nothing was found.
    pub const UNCLASSIFIED: &'static str = "none";

    /// From a file's row, with what the row does not hold.
    pub fn of(file: &FileRecord, classification: String, grants: Vec<GrantFact>) -> Self {
        Self {
            id: file.id,
            customer: file.customer,
            owner: file.owner,
            folder: file.folder.clone(),
            status: file.status,
            classification,
            grants,
        }
    }
}

/// One share of a file, as far as policies care. Revoked shares are left out by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantFact {
    /// To whom; a grant to a contact opens links, and gives no caller anything.
    pub to: PersonId,
    /// What.
    pub rights: Rights,
    /// The instant from which it counts as absent.
    pub expires: Timestamp,
}

/// Under what circumstances.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// The way in.
    pub door: Door,
    /// How sure the platform is of the caller.
    pub verified: Verified,
    /// The recipient of a share is outside the customer.
    pub external: bool,
    /// The caller's model has read text from files in this call.
    pub untrusted_text: bool,
    /// The present instant.
    pub now: Timestamp,
}

impl Conditions {
    /// Those of a call, for anything but sharing outside and without untrusted text; change the
    /// fields where that is not so.
    pub const fn of_call(context: &CallContext, now: Timestamp) -> Self {
        Self { door: context.origin.door, verified: context.verified, external: false, untrusted_text: false, now }
    }
}
