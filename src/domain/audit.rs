//! Who did what, decided how: the words of the audit trail.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CallId, Caller, KeyId, LinkId, UserId, Verified};

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// `POST /v1/…`.
    Http,
    /// `POST /mcp` or standard input.
    Mcp,
    /// The pages people open.
    Page,
    /// The command line on the data folder itself.
    Cli,
    /// Work Satchel does by itself.
    Worker,
}

impl Door {
    /// Every way in.
    pub const ALL: [Self; 5] = [Self::Http, Self::Mcp, Self::Page, Self::Cli, Self::Worker];

    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Mcp => "mcp",
            Self::Page => "page",
            Self::Cli => "cli",
            Self::Worker => "worker",
        }
    }
}

/// What something is done for, as the asker names it: a code of his own register, for example `TREAT`
/// of HL7's purposes of use, or `legal-claim`. Never prose: records hold references only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Purpose(String);

/// What cannot be a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is a code of 1 to {} letters, digits, dots, colons, dashes and underscores", Purpose::LONGEST)]
pub struct PurposeError;

impl Purpose {
    /// Longest, in bytes.
    pub const LONGEST: usize = 64;

    /// Reads one.
    ///
    /// # Errors
    /// When it is empty, too long, or has other characters than letters, digits, `.`, `:`, `-` and `_`.
    pub fn parse(text: &str) -> Result<Self, PurposeError> {
        let is_code = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_".contains(&byte);
        let is_one = !text.is_empty() && text.len() <= Self::LONGEST && text.bytes().all(is_code);
        if is_one { Ok(Self(text.to_owned())) } else { Err(PurposeError) }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a request comes from, for its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Through which door.
    pub door: Door,
    /// From which address.
    pub address: Option<String>,
    /// The id that its answer and the log have.
    pub request: Option<String>,
    /// What for, where the asker says so.
    pub purpose: Option<Purpose>,
}

impl From<Door> for Origin {
    /// A door, and nothing more known.
    fn from(door: Door) -> Self {
        Self { door, address: None, request: None, purpose: None }
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A user on a call.
    User(UserId),
    /// An unknown caller.
    Guest(CallId),
    /// A program with an API key of the customer.
    Key(KeyId),
    /// The operator of this server.
    Operator,
    /// Whoever opened a link.
    Link(LinkId),
    /// Satchel's own workers.
    System,
}

impl Actor {
    /// The actor behind a call.
    pub const fn of_call(call: CallId, caller: &Caller) -> Self {
        match caller {
            Caller::User(user) => Self::User(*user),
            Caller::Guest { .. } => Self::Guest(call),
        }
    }

    /// The kind, as stored.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Guest(_) => "guest",
            Self::Key(_) => "key",
            Self::Operator => "operator",
            Self::Link(_) => "link",
            Self::System => "system",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(out),
            Self::Guest(call) => call.fmt(out),
            Self::Key(id) => id.fmt(out),
            Self::Operator => out.write_str("operator"),
            Self::Link(id) => id.fmt(out),
            Self::System => out.write_str("system"),
        }
    }
}

/// What the policies said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Allowed.
    Allow,
    /// Denied.
    Deny,
    /// No decision was needed or reached.
    None,
}

impl Decision {
    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::None => "none",
        }
    }
}

/// One operation, as the audit keeps it. The catalog adds id, sequence, time and the chain.
/// References only: no file name, no spoken words, no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who.
    pub actor: Actor,
    /// For whom, where that is somebody else: an id.
    pub on_behalf_of: Option<String>,
    /// How sure the platform was of the caller; `None` where nobody called.
    pub assurance: Option<Verified>,
    /// In which call.
    pub call: Option<CallId>,
    /// Where it comes from.
    pub origin: Origin,
    /// What was asked for, for example `share`.
    pub action: &'static str,
    /// On what: an id.
    pub object: Option<String>,
    /// Which version of it.
    pub version: Option<u32>,
    /// SHA-256 of its content, hexadecimal.
    pub content_hash: Option<String>,
    /// How many bytes came in, or were given an address or sent.
    pub bytes: Option<u64>,
    /// What the policies said.
    pub decision: Decision,
    /// Which policies decided.
    pub policy: Option<String>,
    /// How it ended: `done`, `choose`, `confirm`, `refused`, `not_found`, `invalid`, ….
    pub outcome: &'static str,
    /// Why, for the log.
    pub reason: Option<String>,
}

impl AuditEntry {
    /// What somebody did, before anything is known of what he did it with; the use case fills in the rest.
    pub fn new(actor: Actor, origin: &Origin, action: &'static str, outcome: &'static str) -> Self {
        Self {
            actor,
            on_behalf_of: None,
            assurance: None,
            call: None,
            origin: origin.clone(),
            action,
            object: None,
            version: None,
            content_hash: None,
            bytes: None,
            decision: Decision::None,
            policy: None,
            outcome,
            reason: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_a_short_code_and_never_prose() {
        for (text, is_one) in
            [("TREAT", true), ("legal-claim:2026_7.b", true), ("", false), ("because I want to", false), ("für", false), ("a\nb", false)]
        {
            assert_eq!(Purpose::parse(text).is_ok(), is_one, "`{text}`");
        }
        assert!(Purpose::parse(&"x".repeat(Purpose::LONGEST)).is_ok());
        assert!(Purpose::parse(&"x".repeat(Purpose::LONGEST + 1)).is_err());
    }
}
