//! What a tool answers; the same through every door.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::{ErrorCode, PendingId};
use crate::speech::{Keys, MustSay, Part, Speech, Unavailable};

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

/// The answer of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// One line, speakable as it stands.
    pub say: String,
    /// What the tool's own type holds; `{}` where it has nothing to tell.
    pub data: Value,
    /// What a paraphrase must keep.
    pub must_say: Vec<MustSay>,
    /// What keypad digits would mean here.
    pub keys: Keys,
    /// The tool that usually comes next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The action that the question is about, for a door that has a way of its own to put it. Never written down.
    #[serde(skip)]
    pub asks: Option<PendingId>,
}

impl Answer {
    /// An answer that tells nothing beyond its sentence.
    #[must_use]
    pub fn new(outcome: Outcome, say: String) -> Self {
        Self { outcome, say, data: json!({}), must_say: Vec::new(), keys: Keys::new(), next: None, asks: None }
    }

    /// The answer where a tool was not run to its end: too many are in work, or it took too long.
    pub fn not_now(speech: &Speech, code: ErrorCode) -> Self {
        Self::new(Outcome::Unavailable, speech.say(&Unavailable { part: Part::General }))
            .with_data(&json!({ "error": { "code": code.as_str() } }))
    }

    /// With what the tool's own type holds.
    #[must_use]
    pub fn with_data<D: Serialize>(mut self, data: &D) -> Self {
        // The types of this room are plain structs of texts and numbers; they always serialise.
        self.data = serde_json::to_value(data).unwrap_or_else(|_| json!({}));
        self
    }

    /// With what a paraphrase must keep.
    #[must_use]
    pub fn must_say(mut self, must_say: Vec<MustSay>) -> Self {
        self.must_say = must_say;
        self
    }

    /// With what keys would mean.
    #[must_use]
    pub fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// As the question about an action that waits.
    #[must_use]
    pub const fn asking(mut self, action: PendingId) -> Self {
        self.asks = Some(action);
        self
    }

    /// Whether it puts a question of its own to the caller, which is not the one about an action that waits.
    pub fn puts_another_question(&self) -> bool {
        self.outcome == Outcome::Choose || (self.outcome != Outcome::Confirm && !self.keys.is_empty())
    }

    /// With the tool that usually comes next.
    #[must_use]
    pub fn next(mut self, tool: &str) -> Self {
        self.next = Some(tool.to_owned());
        self
    }
}
