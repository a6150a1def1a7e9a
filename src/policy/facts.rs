//! What a decision is made from. Whoever asks loads these; nothing here looks anything up.

use jiff::tz::TimeZone;

use crate::domain::{
    CallContext, CallId, Caller, Classification, CustomerId, Door, FileId, FileRecord, FileStatus, FindingKind, Folder, KeyId, Level,
    LinkId, Owner, Permissions, PersonId, Role, TeamId, Timestamp, UserId, Verified,
};

/// The kinds of those who ask, as policies name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PrincipalType {
    User,
    Guest,
    Key,
    Link,
}

impl PrincipalType {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Guest => "Guest",
            Self::Key => "Key",
            Self::Link => "Link",
        }
    }
}

/// The kinds of what is asked for, as policies name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceType {
    File,
    Folder,
    Customer,
}

impl ResourceType {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Folder => "Folder",
            Self::Customer => "Customer",
        }
    }
}

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
    /// A folder, with all that lies in it now and later.
    Folder(FolderFacts),
    /// The customer as a whole: adding files, people, keys, policies, audit, calls.
    Customer(CustomerId),
}

impl Resource {
    /// Whose it is.
    pub const fn customer(&self) -> CustomerId {
        match self {
            Self::File(file) => file.customer,
            Self::Folder(folder) => folder.customer,
            Self::Customer(customer) => *customer,
        }
    }

    /// The file, when it is one.
    pub const fn file(&self) -> Option<FileId> {
        match self {
            Self::File(file) => Some(file.id),
            Self::Folder(_) | Self::Customer(_) => None,
        }
    }

    pub(super) const fn kind(&self) -> ResourceType {
        match self {
            Self::File(_) => ResourceType::File,
            Self::Folder(_) => ResourceType::Folder,
            Self::Customer(_) => ResourceType::Customer,
        }
    }
}

/// What policies know of a folder.
#[derive(Debug, Clone)]
pub struct FolderFacts {
    /// Which.
    pub path: Folder,
    /// Whose.
    pub customer: CustomerId,
    /// Who may do something with all that lies in it, by grants on it and on the folders above it.
    pub grants: Vec<GrantFact>,
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
    /// How sensitive it is.
    pub classification: Classification,
    /// What kinds of sensitive things were found in it.
    pub findings: Vec<FindingKind>,
    /// Who else may do something with it, by shares and grants of it and by grants of the folders it lies in;
    /// expired ones may be among them.
    pub grants: Vec<GrantFact>,
}

impl FileFacts {
    /// From a file's row, with what the row does not hold.
    pub fn of(file: &FileRecord, grants: Vec<GrantFact>) -> Self {
        Self {
            id: file.id,
            customer: file.customer,
            owner: file.owner,
            folder: file.folder.clone(),
            status: file.status,
            classification: file.classification,
            findings: file.findings.iter().flatten().map(|found| found.kind).collect(),
            grants,
        }
    }
}

/// One share or grant, as far as policies care. Revoked ones are left out by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantFact {
    /// To whom; a grant to a contact opens links, and gives no caller anything.
    pub to: PersonId,
    /// How far.
    pub level: Level,
    /// The instant from which it counts as absent.
    pub expires: Timestamp,
}

/// Under what circumstances.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// The way in.
    pub door: Door,
    /// Whether it happens on a phone call.
    pub in_call: bool,
    /// How sure the platform is of the caller.
    pub verified: Verified,
    /// The recipient of a share, or whoever opens its link, is outside the customer.
    pub external: bool,
    /// The caller's model has read text from files in this call.
    pub untrusted_text: bool,
    /// The standing right that is to be given or ended.
    pub granting: Option<Level>,
    /// The present instant.
    pub now: Timestamp,
    /// Hour of the day where the caller is, 0 to 23; UTC without a call.
    pub hour: u8,
    /// Day of the week where the caller is, 1 for Monday to 7 for Sunday; UTC without a call.
    pub weekday: u8,
}

impl Conditions {
    /// Those of a request without a call, for anything but sharing outside; change the fields where that is not so.
    pub fn at(door: Door, now: Timestamp) -> Self {
        let plain = Self {
            door,
            in_call: false,
            verified: Verified::default(),
            external: false,
            untrusted_text: false,
            granting: None,
            now,
            hour: 0,
            weekday: 0,
        };
        plain.in_zone(TimeZone::UTC)
    }

    /// Those of a call, for anything but sharing outside; change the fields where that is not so.
    pub fn of_call(context: &CallContext, now: Timestamp) -> Self {
        let zone = context.settings.zone();
        let on_call = Self {
            in_call: true,
            verified: context.verified,
            untrusted_text: context.untrusted_text,
            ..Self::at(context.origin.door, now)
        };
        on_call.in_zone(zone)
    }

    fn in_zone(self, zone: TimeZone) -> Self {
        let local = self.now.to_zoned_datetime(zone);
        // Both are small and never negative: 0 to 23, and 1 to 7.
        Self { hour: local.hour().unsigned_abs(), weekday: local.weekday().to_monday_one_offset().unsigned_abs(), ..self }
    }
}
