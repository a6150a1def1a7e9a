//! The call a tool runs in: who called, how sure the platform is, what may be done, until when.

use std::fmt;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallId, CustomerId, Origin, Phone, Timestamp, UserId};

/// Who is on the line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A user of the customer, identified by the platform.
    User(UserId),
    /// Somebody the customer's directory does not know.
    Guest {
        /// The number the call came from, where the platform sent one.
        number: Option<Phone>,
    },
}

impl Caller {
    /// The user, when there is one.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(*id),
            Self::Guest { .. } => None,
        }
    }
}

/// How the platform made sure of the caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerifiedMethod {
    /// Not at all.
    #[default]
    None,
    /// By the calling number, which anybody can fake.
    Number,
    /// By a secret the caller keyed or said.
    Pin,
    /// By the voice.
    Voice,
    /// By the platform's own sign-in.
    Platform,
}

impl VerifiedMethod {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::None, Self::Number, Self::Pin, Self::Voice, Self::Platform];

    /// The text form, as stored and as policies see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Number => "number",
            Self::Pin => "pin",
            Self::Voice => "voice",
            Self::Platform => "platform",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// How sure the platform is of the caller. A number alone proves nothing that policy calls sensitive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// By what.
    #[serde(default)]
    pub method: VerifiedMethod,
    /// The platform's own level, 0 to 3.
    #[serde(default)]
    #[schemars(range(min = 0, max = 3))]
    pub level: u8,
}

impl fmt::Display for Verified {
    /// The form of the audit: `pin/2`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.method.as_str(), self.level)
    }
}

/// What a call's permissions can leave or take away; they never add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Permission {
    /// Find, describe, read.
    #[serde(rename = "files:read")]
    Read,
    /// Add, change, delete.
    #[serde(rename = "files:write")]
    Write,
    /// Share.
    #[serde(rename = "files:share")]
    Share,
    /// Issue access codes.
    #[serde(rename = "codes:issue")]
    Codes,
    /// Administer people, keys and policies.
    #[serde(rename = "admin")]
    Admin,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Share, Self::Codes, Self::Admin];

    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "files:read",
            Self::Write => "files:write",
            Self::Share => "files:share",
            Self::Codes => "codes:issue",
            Self::Admin => "admin",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text)
    }
}

/// The permissions a key or a call is narrowed to; sorted, without doubles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions(Vec<Permission>);

impl Permissions {
    /// All of them: nothing is narrowed.
    pub fn all() -> Self {
        Self(Permission::ALL.to_vec())
    }

    /// These alone.
    pub fn only(list: impl IntoIterator<Item = Permission>) -> Self {
        let mut list: Vec<_> = list.into_iter().collect();
        list.sort_unstable();
        list.dedup();
        Self(list)
    }

    /// Whether it is among them.
    pub fn has(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// Those that are also among the others.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        Self(self.iter().filter(|permission| others.has(*permission)).collect())
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = Permission> + '_ {
        self.0.iter().copied()
    }
}

/// Language and time zone in which values are spoken in this call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSettings {
    /// BCP 47 tag; `en` ships.
    pub locale: String,
    /// IANA name, for example `Europe/Berlin`.
    pub time_zone: String,
}

impl CallSettings {
    /// The time zone; UTC where the call names none that exists.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

impl Default for CallSettings {
    fn default() -> Self {
        Self { locale: "en".to_owned(), time_zone: "UTC".to_owned() }
    }
}

/// How something the caller gave reached the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeardKind {
    /// Words, from the platform's transcript.
    Text,
    /// Keys pressed.
    Digits,
}

/// What the caller last said or keyed, as the platform (never the model) reported it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Words or keys.
    pub kind: HeardKind,
    /// What exactly.
    pub text: String,
    /// When the platform reported it.
    pub at: Timestamp,
}

/// Everything a tool may know of the request. Built by a door from a credential, never from a
/// model's arguments.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// Whose files.
    pub customer: CustomerId,
    /// Whether messages of this customer go to an outbox to look at, never to people.
    pub is_test: bool,
    /// The call.
    pub call: CallId,
    /// Counts changes of caller on this call; what an earlier caller listed or confirmed is void.
    pub epoch: u32,
    /// Who is on the line.
    pub caller: Caller,
    /// How sure the platform is of that.
    pub verified: Verified,
    /// What the call is narrowed to.
    pub permissions: Permissions,
    /// Language and time zone.
    pub settings: CallSettings,
    /// Text of files was read out to the caller's model in this call.
    pub untrusted_text: bool,
    /// The way in, and what the record of it needs.
    pub origin: Origin,
    /// The caller's own last words, where the platform reports them.
    pub heard: Option<Heard>,
    /// Whether a code was tried on this call, so that one may have opened something.
    pub codes_tried: bool,
    /// When the answer must be out.
    pub deadline: Timestamp,
    /// One batch of a model's tool calls; a confirmation is never given in the batch that asked for it.
    pub batch: Option<String>,
    /// The platform's id of this tool call, or the client's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}
