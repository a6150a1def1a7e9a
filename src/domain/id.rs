//! Type-prefixed ids: TypeID text form (prefix, `_`, UUIDv7 in Crockford base32), sortable by
//! creation and unguessable in their 74 random bits. Format: <https://github.com/jetify-com/typeid>.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

use super::clock::{Clock, Entropy, random_bytes};

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form `{prefix}_…`")]
pub struct IdError {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

fn parse_uuid(text: &str, prefix: &'static str) -> Result<Uuid, IdError> {
    let parsed = TypeSafeId::<DynamicType>::from_str(text).map_err(|_| IdError { prefix })?;
    if parsed.type_prefix() == prefix { Ok(parsed.uuid()) } else { Err(IdError { prefix }) }
}

fn write_id(prefix: &'static str, uuid: Uuid, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let kind = DynamicType::new(prefix).map_err(|_| fmt::Error)?;
    write!(out, "{}", TypeSafeId::from_type_and_uuid(kind, uuid))
}

fn new_uuid(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
    let random: [u8; 10] = random_bytes(entropy);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// An id as the published schemas have it: the prefix, or one of several, and 26 signs of base32.
fn id_schema(prefix: &str) -> Schema {
    json_schema!({ "type": "string", "pattern": format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$") })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, sortable after all earlier ones.
            pub fn new(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(new_uuid(clock, entropy))
            }

            /// Reads the text form.
            ///
            /// # Errors
            /// When the prefix or the base32 part is not that of this kind.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse_uuid(text, $prefix).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_id($prefix, self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_id($prefix, self.0, out)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                id_schema($prefix)
            }
        }
    )*};
}

ids! {
    /// A customer (tenant): the wall nothing crosses.
    CustomerId = "cust";
    /// A person of the customer who may call and own files.
    UserId = "user";
    /// A group of users.
    TeamId = "team";
    /// Somebody outside the customer who receives files.
    ContactId = "contact";
    /// One phone call.
    CallId = "call";
    /// What people mean by "the file"; it has numbered versions.
    FileId = "file";
    /// Bytes stored once per customer.
    BlobId = "blob";
    /// A permission given to somebody.
    ShareId = "share";
    /// A standing right of somebody.
    GrantId = "grant";
    /// A short link that counts and can be revoked.
    LinkId = "link";
    /// What is said aloud to open a link.
    CodeId = "code";
    /// An API key.
    KeyId = "key";
    /// A durable job.
    JobId = "job";
    /// One upload.
    UploadId = "upload";
    /// One run over objects that are adopted where they lie.
    ImportId = "import";
    /// One release of bytes from quarantine.
    ReleaseId = "release";
    /// One audit record.
    AuditId = "audit";
    /// An action that waits for the caller's yes.
    PendingId = "pending";
    /// A message to a person, waiting in the outbox.
    MessageId = "msg";
}

/// The id of anybody who calls, owns or receives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonId {
    /// A user of the customer.
    User(UserId),
    /// A team of users.
    Team(TeamId),
    /// Somebody outside.
    Contact(ContactId),
}

impl PersonId {
    /// Whoever has the link: the recipient of a share that names nobody. Each customer has one.
    pub const fn anyone(customer: CustomerId) -> Self {
        Self::Contact(ContactId(customer.0))
    }

    /// Reads `user_…`, `team_…` or `contact_…`.
    ///
    /// # Errors
    /// When the text is none of the three.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        UserId::parse(text)
            .map(Self::User)
            .or_else(|_| TeamId::parse(text).map(Self::Team))
            .or_else(|_| ContactId::parse(text).map(Self::Contact))
            .map_err(|_| IdError { prefix: "user, team or contact" })
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(out),
            Self::Team(id) => id.fmt(out),
            Self::Contact(id) => id.fmt(out),
        }
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for PersonId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PersonId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for PersonId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PersonId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        id_schema("(user|team|contact)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    #[test]
    fn an_id_reads_back_and_sorts_by_time() {
        let clock = ManualClock::at("2026-03-01T09:00:00Z");
        let entropy = SeededEntropy::new(7);
        let first = FileId::new(&clock, &entropy);
        clock.advance_seconds(1);
        let second = FileId::new(&clock, &entropy);
        assert!(first < second);
        assert!(first.to_string() < second.to_string());
        assert_eq!(FileId::parse(&first.to_string()), Ok(first));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let clock = ManualClock::at("2026-03-01T09:00:00Z");
        let user = UserId::new(&clock, &SeededEntropy::new(1));
        assert_eq!(FileId::parse(&user.to_string()), Err(IdError { prefix: "file" }));
        assert_eq!(PersonId::parse(&user.to_string()), Ok(PersonId::User(user)));
        for junk in ["", "file_", "file_zzz", "FILE_01h455vb4pex5vsknk084sn02q", "file"] {
            assert!(FileId::parse(junk).is_err(), "{junk}");
        }
    }
}
