//! Who did what, decided how: the words of the audit trail.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CallId, Caller, KeyId, LinkId, UserId};

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
    /// In which call.
    pub call: Option<CallId>,
    /// Through which door.
    pub door: Door,
    /// From which address.
    pub source: Option<String>,
    /// What was asked for, for example `share`.
    pub action: &'static str,
    /// On what: an id.
    pub object: Option<String>,
    /// Which version of it.
    pub version: Option<u32>,
    /// SHA-256 of its content, hexadecimal.
    pub content_hash: Option<String>,
    /// What the policies said.
    pub decision: Decision,
    /// Which policies decided.
    pub policy: Option<String>,
    /// How it ended: `done`, `choose`, `confirm`, `refused`, `not_found`, `invalid`, ….
    pub outcome: &'static str,
    /// Why, for the log.
    pub reason: Option<String>,
}
