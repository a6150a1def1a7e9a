//! People: users, teams, contacts, and the roles policies know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CustomerId, PersonId, Phone, Timestamp, UserId};

/// What kind of person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// A user of the customer.
    User,
    /// A team of users.
    Team,
    /// Somebody outside.
    Contact,
}

/// A role of a user within the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Owns the customer's account: everything.
    Owner,
    /// Administers people, policies and files.
    Administrator,
    /// Works with own, shared and common files.
    Member,
    /// Sees what was shared, nothing else.
    Guest,
    /// Reads metadata and audit, no content.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Administrator, Self::Member, Self::Guest, Self::Auditor];

    /// How high it stands: whoever administers people gives and takes no role above his own.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Owner => 3,
            Self::Administrator => 2,
            Self::Member | Self::Auditor => 1,
            Self::Guest => 0,
        }
    }

    /// The text form, as stored and as policies name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Member => "member",
            Self::Guest => "guest",
            Self::Auditor => "auditor",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A user, a team or a contact of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Whose.
    pub customer: CustomerId,
    /// The full name, as it is said.
    pub name: String,
    /// Where mail reaches the person.
    pub email: Option<String>,
    /// Where a call or a text reaches the person.
    pub phone: Option<Phone>,
    /// Roles of a user; empty means no rights at all.
    pub roles: Vec<Role>,
    /// What separates this person from a soundalike, as it is said: `in finance`.
    pub detail: Option<String>,
    /// Members of a team.
    pub members: Vec<UserId>,
    /// Since when the person is as unknown as a stranger; `None` while active.
    pub deactivated_at: Option<Timestamp>,
}

impl Person {
    /// User, team or contact.
    pub const fn kind(&self) -> PersonKind {
        match self.id {
            PersonId::User(_) => PersonKind::User,
            PersonId::Team(_) => PersonKind::Team,
            PersonId::Contact(_) => PersonKind::Contact,
        }
    }
}
