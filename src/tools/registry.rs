//! All tools under their names: definitions for whoever publishes them, and the one way to call them.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use crate::domain::CallContext;
use crate::files::Files;
use crate::speech::Speech;

/// What clients may assume of a tool (MCP tool annotations).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hints {
    /// It changes nothing.
    pub read_only: bool,
    /// It may remove something.
    pub destructive: bool,
    /// Twice is as good as once.
    pub idempotent: bool,
    /// It reaches beyond Satchel.
    pub open_world: bool,
}

/// A tool as it is published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it does and when to call it, for a model.
    pub description: &'static str,
    /// JSON schema of its arguments.
    pub input_schema: Value,
    /// JSON schema of its answer.
    pub output_schema: Value,
    /// What clients may assume.
    pub annotations: Hints,
}

/// There is no tool of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no tool `{name}`")]
pub struct UnknownTool {
    /// The name that was asked for.
    pub name: String,
}

/// All tools.
pub struct Registry {
    #[expect(dead_code, reason = "used by the tools that follow")]
    files: Files,
    #[expect(dead_code, reason = "used by the tools that follow")]
    speech: Arc<Speech>,
    definitions: Vec<Definition>,
}

impl Registry {
    /// The tools over these use cases, speaking with this voice.
    #[must_use]
    pub fn new(files: Files, speech: Arc<Speech>) -> Self {
        Self { files, speech, definitions: Vec::new() }
    }

    /// All tools as they are published, in a fixed order.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Calls a tool. `raw` is an object, a JSON string of one, or null. `simulate` forces an outcome
    /// on customers marked as test, as `Satchel-Simulate` gives it (`working; delay=3000`).
    ///
    /// # Errors
    /// When there is no tool of that name. Everything else is an answer.
    pub async fn call(&self, ctx: &CallContext, name: &str, raw: Value, simulate: Option<&str>) -> Result<Answer, UnknownTool> {
        let (_, _, _) = (ctx, raw, simulate);
        Err(UnknownTool { name: name.to_owned() })
    }
}
