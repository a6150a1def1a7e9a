//! What a tool answers; the same through every door.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a tool call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done, or this is it.
    Done,
    /// The caller must choose.
    Choose,
    /// The caller must say yes first; nothing has changed.
    Confirm,
    /// It goes on; ask again later.
    Working,
    /// It is not allowed.
    Refused,
    /// There is nothing like it.
    NotFound,
    /// The arguments cannot be used.
    Invalid,
    /// It cannot be done now.
    Unavailable,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] =
        [Self::Done, Self::Choose, Self::Confirm, Self::Working, Self::Refused, Self::NotFound, Self::Invalid, Self::Unavailable];

    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Choose => "choose",
            Self::Confirm => "confirm",
            Self::Working => "working",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether the model should treat it as an error it can mend or report.
    pub const fn is_error(self) -> bool {
        match self {
            Self::Done | Self::Choose | Self::Confirm | Self::Working | Self::NotFound => false,
            Self::Refused | Self::Invalid | Self::Unavailable => true,
        }
    }
}

/// Something a paraphrase must keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MustSay {
    /// As it is said.
    pub text: String,
    /// How it is spelled out, where it may be misheard; empty where it need not be.
    pub spell: String,
}

/// The answer of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// One line, speakable as it stands.
    pub say: String,
    /// What the tool's own type holds; `{}` where it has nothing to tell.
    pub data: serde_json::Value,
    /// What a paraphrase must keep.
    pub must_say: Vec<MustSay>,
    /// What keypad digits would mean here.
    pub keys: BTreeMap<String, String>,
    /// The tool that usually comes next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
