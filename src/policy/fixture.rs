//! The people and the file the matrix speaks of; the room's tests use them too.

use super::facts::{Conditions, FileFacts, FolderFacts, GrantFact, Principal, PrincipalKind};
use crate::domain::{
    CallId, Classification, Clock, CustomerId, Door, FileId, FileStatus, Folder, KeyId, Level, LinkId, ManualClock, Owner, Permissions,
    PersonId, Role, SeededEntropy, TeamId, Timestamp, UserId,
};

/// Ids that are the same in every run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    pub(super) customer: CustomerId,
    pub(super) foreign: CustomerId,
    pub(super) me: UserId,
    pub(super) other: UserId,
    pub(super) my_team: TeamId,
    pub(super) call: CallId,
    pub(super) key: KeyId,
    pub(super) link: LinkId,
    pub(super) file: FileId,
    #[cfg(test)]
    pub(super) other_team: TeamId,
    #[cfg(test)]
    pub(super) contact: crate::domain::ContactId,
}

pub(super) fn ids() -> Ids {
    let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(6));
    let (clock, entropy) = (&clock, &entropy);
    Ids {
        customer: CustomerId::new(clock, entropy),
        foreign: CustomerId::new(clock, entropy),
        me: UserId::new(clock, entropy),
        other: UserId::new(clock, entropy),
        my_team: TeamId::new(clock, entropy),
        call: CallId::new(clock, entropy),
        key: KeyId::new(clock, entropy),
        link: LinkId::new(clock, entropy),
        file: FileId::new(clock, entropy),
        #[cfg(test)]
        other_team: TeamId::new(clock, entropy),
        #[cfg(test)]
        contact: crate::domain::ContactId::new(clock, entropy),
    }
}

pub(super) fn now() -> Timestamp {
    ManualClock::at("2026-03-02T10:00:00Z").now()
}

pub(super) fn later() -> Timestamp {
    ManualClock::at("2026-03-09T10:00:00Z").now()
}

pub(super) fn conditions() -> Conditions {
    Conditions { in_call: true, ..Conditions::at(Door::Mcp, now()) }
}

/// Me, in these roles, in one team.
pub(super) fn member_of(roles: Vec<Role>) -> Principal {
    let ids = ids();
    principal(PrincipalKind::User { id: ids.me, roles, teams: vec![ids.my_team] })
}

/// An unknown caller.
pub(super) fn guest() -> Principal {
    principal(PrincipalKind::Guest { call: ids().call })
}

/// A program.
pub(super) fn key() -> Principal {
    principal(PrincipalKind::Key { id: ids().key })
}

/// Whoever opens a link to this file.
pub(super) fn link(file: FileId) -> Principal {
    principal(PrincipalKind::Link { id: ids().link, file })
}

/// A file that is not the one the matrix speaks of.
pub(super) fn other_file() -> FileId {
    FileId::new(&ManualClock::at("2026-03-02T09:00:00Z"), &SeededEntropy::new(7))
}

fn principal(kind: PrincipalKind) -> Principal {
    Principal { kind, customer: ids().customer, permissions: Permissions::all() }
}

/// An active file shared with nobody.
pub(super) fn file(owner: Owner) -> FileFacts {
    let ids = ids();
    FileFacts {
        id: ids.file,
        customer: ids.customer,
        owner,
        folder: Folder::parse("finance/2026").unwrap_or_default(),
        status: FileStatus::Active,
        classification: Classification::default(),
        findings: Vec::new(),
        grants: Vec::new(),
    }
}

/// The folder the file lies in, with these grants.
pub(super) fn folder(grants: Vec<GrantFact>) -> FolderFacts {
    FolderFacts { path: file(Owner::Service).folder, customer: ids().customer, grants }
}

/// A grant that is alive now.
pub(super) fn grant(to: PersonId, level: Level) -> GrantFact {
    GrantFact { to, level, expires: later() }
}

#[cfg(test)]
pub(super) fn principals() -> Vec<Principal> {
    vec![member_of(vec![Role::Member]), guest(), key(), link(ids().file)]
}

#[cfg(test)]
pub(super) fn grants_of_every_kind() -> Vec<GrantFact> {
    let ids = ids();
    vec![
        grant(PersonId::User(ids.me), Level::Editor),
        grant(PersonId::Team(ids.my_team), Level::Viewer),
        grant(PersonId::Contact(ids.contact), Level::Commenter),
    ]
}
