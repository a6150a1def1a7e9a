//! What policies may ask of things and circumstances: each attribute once, with its type for the schema and
//! the value it has. `schema.rs` writes the types down, `entities.rs` builds the values.

use cedar_policy::{EntityTypeName, RestrictedExpression as Value};

use super::entities::{BuildError, Types, uid};
use super::facts::{Conditions, FileFacts, FolderFacts, GrantFact, Principal, PrincipalKind};
use crate::domain::{Level, Owner, Permissions, PersonId, Timestamp};

/// The type of an attribute.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Bool,
    Long,
    Text,
    Texts,
    Entity(&'static str),
    Grantees,
}

/// One attribute of `Of`.
pub(super) struct Attribute<Of> {
    pub(super) name: &'static str,
    /// A line each.
    pub(super) meaning: &'static [&'static str],
    pub(super) kind: Kind,
    /// Whether it is missing where there is no value.
    pub(super) optional: bool,
    pub(super) value: fn(&Types, &Of) -> Built,
}

/// A value, or none for an attribute that may be missing.
type Built = Result<Option<Value>, BuildError>;

impl<Of> Attribute<Of> {
    const fn new(name: &'static str, kind: Kind, value: fn(&Types, &Of) -> Built) -> Self {
        Self { name, meaning: &[], kind, optional: false, value }
    }

    const fn meaning(self, meaning: &'static [&'static str]) -> Self {
        Self { meaning, ..self }
    }

    const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }
}

/// A file, at an instant.
pub(super) struct FileThen<'a>(pub(super) &'a FileFacts, pub(super) Timestamp);
/// A folder, at an instant.
pub(super) struct FolderThen<'a>(pub(super) &'a FolderFacts, pub(super) Timestamp);
/// What a request is narrowed to, and how it is made.
pub(super) struct Circumstances<'a>(pub(super) &'a Permissions, pub(super) &'a Conditions);

/// Of whoever asks.
pub(super) fn principal() -> [Attribute<Principal>; 1] {
    [Attribute::new("customer", Kind::Entity("Customer"), |types, who| entity(&types.customer, &who.customer))]
}

/// Of a link, besides.
pub(super) fn link() -> [Attribute<Principal>; 1] {
    [Attribute::new("file", Kind::Entity("File"), |types, who| match &who.kind {
        PrincipalKind::Link { file, .. } => entity(&types.file, file),
        PrincipalKind::User { .. } | PrincipalKind::Guest { .. } | PrincipalKind::Key { .. } => Ok(None),
    })]
}

/// Of a file.
pub(super) fn file<'a>() -> [Attribute<FileThen<'a>>; 11] {
    [
        Attribute::new("owner", Kind::Entity("User"), |types, of: &FileThen<'_>| match of.0.owner {
            Owner::User(owner) => entity(&types.user, &owner),
            Owner::Service => Ok(None),
        })
        .optional()
        .meaning(&["Missing when the customer's service user owns it."]),
        Attribute::new("folder", Kind::Entity("Folder"), |types, of: &FileThen<'_>| entity(&types.folder, &of.0.folder.as_str())),
        Attribute::new("common", Kind::Bool, |_, of: &FileThen<'_>| is(of.0.owner == Owner::Service))
            .meaning(&["Owned by the service user: members may read it."]),
        Attribute::new("status", Kind::Entity("Status"), |types, of: &FileThen<'_>| entity(&types.status, &of.0.status.as_str())),
        Attribute::new("classification", Kind::Text, |_, of: &FileThen<'_>| {
            Ok(Some(Value::new_string(of.0.classification.as_str().to_owned())))
        })
        .meaning(&["How sensitive it is: \"public\", \"internal\", \"confidential\" or \"restricted\"."]),
        Attribute::new("sensitivity", Kind::Long, |_, of: &FileThen<'_>| number(of.0.classification.rank()))
            .meaning(&["The same as a number to compare: 0 for \"public\" to 3 for \"restricted\"."]),
        Attribute::new("findings", Kind::Texts, |_, of: &FileThen<'_>| {
            Ok(Some(Value::new_set(of.0.findings.iter().map(|kind| Value::new_string(kind.as_str().to_owned())))))
        })
        .meaning(&["What was found in its text, for example \"card\", \"national_id\" or \"health\"."]),
        Attribute::new("viewers", Kind::Grantees, |types, of: &FileThen<'_>| grantees(types, &of.0.grants, Level::Viewer, of.1)).meaning(
            &[
                "Whoever holds a share or a grant of at least this strength that has not expired, of the file itself",
                "or of a folder it lies in: owners are editors, editors are commenters, commenters are viewers.",
            ],
        ),
        Attribute::new("commenters", Kind::Grantees, |types, of: &FileThen<'_>| grantees(types, &of.0.grants, Level::Commenter, of.1)),
        Attribute::new("editors", Kind::Grantees, |types, of: &FileThen<'_>| grantees(types, &of.0.grants, Level::Editor, of.1)),
        Attribute::new("owners", Kind::Grantees, |types, of: &FileThen<'_>| grantees(types, &of.0.grants, Level::Owner, of.1)),
    ]
}

/// Of a folder.
pub(super) fn folder<'a>() -> [Attribute<FolderThen<'a>>; 4] {
    [
        Attribute::new("viewers", Kind::Grantees, |types, of: &FolderThen<'_>| grantees(types, &of.0.grants, Level::Viewer, of.1))
            .meaning(&["As those of a file: by grants of it and of the folders above it."]),
        Attribute::new("commenters", Kind::Grantees, |types, of: &FolderThen<'_>| grantees(types, &of.0.grants, Level::Commenter, of.1)),
        Attribute::new("editors", Kind::Grantees, |types, of: &FolderThen<'_>| grantees(types, &of.0.grants, Level::Editor, of.1)),
        Attribute::new("owners", Kind::Grantees, |types, of: &FolderThen<'_>| grantees(types, &of.0.grants, Level::Owner, of.1)),
    ]
}

/// Of a request.
pub(super) fn circumstances<'a>() -> [Attribute<Circumstances<'a>>; 11] {
    [
        Attribute::new("door", Kind::Entity("Door"), |types, at: &Circumstances<'_>| entity(&types.door, &at.1.door.as_str())),
        Attribute::new("in_call", Kind::Bool, |_, at: &Circumstances<'_>| is(at.1.in_call)).meaning(&["It happens on a phone call."]),
        Attribute::new("verified_method", Kind::Entity("Method"), |types, at: &Circumstances<'_>| {
            entity(&types.method, &at.1.verified.method.as_str())
        }),
        Attribute::new("verified_level", Kind::Long, |_, at: &Circumstances<'_>| number(at.1.verified.level))
            .meaning(&["The platform's own level, 0 to 3."]),
        Attribute::new("permissions", Kind::Texts, |_, at: &Circumstances<'_>| {
            Ok(Some(Value::new_set(at.0.iter().map(|permission| Value::new_string(permission.as_str().to_owned())))))
        })
        .meaning(&["What the call or key is narrowed to, for example \"files:read\"."]),
        Attribute::new("external", Kind::Bool, |_, at: &Circumstances<'_>| is(at.1.external))
            .meaning(&["The recipient of a share, or whoever opens its link, is outside the customer."]),
        Attribute::new("granting", Kind::Entity("Level"), |types, at: &Circumstances<'_>| match at.1.granting {
            Some(level) => entity(&types.level, &level.as_str()),
            None => Ok(None),
        })
        .optional()
        .meaning(&["The standing right that `grant` is to give or to end; missing where it only lists them."]),
        Attribute::new("now", Kind::Long, |_, at: &Circumstances<'_>| number(at.1.now.as_second())).meaning(&["Seconds since 1970, UTC."]),
        Attribute::new("hour", Kind::Long, |_, at: &Circumstances<'_>| number(at.1.hour))
            .meaning(&["Hour of the day in the call's time zone, 0 to 23; UTC without a call."]),
        Attribute::new("weekday", Kind::Long, |_, at: &Circumstances<'_>| number(at.1.weekday))
            .meaning(&["Day of the week there, 1 for Monday to 7 for Sunday."]),
        Attribute::new("untrusted_text", Kind::Bool, |_, at: &Circumstances<'_>| is(at.1.untrusted_text))
            .meaning(&["The caller's model has read text from files in this call."]),
    ]
}

#[expect(clippy::unnecessary_wraps, reason = "every attribute is built alike")]
fn entity(kind: &EntityTypeName, id: &impl ToString) -> Built {
    Ok(Some(Value::new_entity_uid(uid(kind, id.to_string()))))
}

#[expect(clippy::unnecessary_wraps, reason = "every attribute is built alike")]
fn is(value: bool) -> Built {
    Ok(Some(Value::new_bool(value)))
}

#[expect(clippy::unnecessary_wraps, reason = "every attribute is built alike")]
fn number(value: impl Into<i64>) -> Built {
    Ok(Some(Value::new_long(value.into())))
}

/// Whoever holds a living grant of at least this level.
fn grantees(types: &Types, grants: &[GrantFact], least: Level, now: Timestamp) -> Built {
    let (mut users, mut teams) = (Vec::new(), Vec::new());
    for grant in grants.iter().filter(|grant| grant.level >= least && now < grant.expires) {
        match grant.to {
            PersonId::User(id) => users.push(Value::new_entity_uid(uid(&types.user, id.to_string()))),
            PersonId::Team(id) => teams.push(Value::new_entity_uid(uid(&types.team, id.to_string()))),
            // A contact is never a principal.
            PersonId::Contact(_) => {}
        }
    }
    let both = [("users".to_owned(), Value::new_set(users)), ("teams".to_owned(), Value::new_set(teams))];
    Ok(Some(Value::new_record(both)?))
}
