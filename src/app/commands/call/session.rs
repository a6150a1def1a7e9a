//! An open call, spoken with over HTTP.

use super::line::Request;
use crate::app::arguments::CallArgs;
use crate::app::client::{As, Client, ClientError};
use crate::app::failure::Failure;
use crate::app::platform::Platform;
use crate::app::terminal::{Terminal, Tone};
use crate::tools::{Answer, Outcome};

/// A call, and the program that opened it where that is us.
pub struct Session {
    call: Client,
    platform: Option<Platform>,
}

impl Session {
    /// Opens a call, or takes the one whose token was given.
    pub async fn open(arguments: &CallArgs) -> Result<Self, Failure> {
        if let Some(token) = &arguments.token {
            let client = Client::connect(&arguments.server, As::Nobody)?;
            return Ok(Self { call: client.with_key(token.clone()), platform: None });
        }
        let platform = Platform::call(Client::connect(&arguments.server, As::Customer(None))?, arguments.caller.as_deref()).await?;
        Ok(Self { call: platform.caller(), platform: Some(platform) })
    }

    /// Reports what the caller said, as a platform does; with a token alone nobody can.
    pub async fn heard(&self, said: &str) -> Result<(), ClientError> {
        match &self.platform {
            Some(platform) => platform.heard(said).await,
            None => Ok(()),
        }
    }

    /// Calls a tool.
    pub async fn tool(&self, request: &Request) -> Result<Answer, ClientError> {
        let name: String = request.tool.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let answer = self.call.post(&format!("/v1/tools/{name}"), &request.arguments).await?;
        serde_json::from_value(answer).map_err(|_| ClientError::Answer { what: "of a tool" })
    }

    /// Hangs up, where the call is ours.
    pub async fn end(&self) -> Result<(), ClientError> {
        match &self.platform {
            Some(platform) => platform.end().await,
            None => Ok(()),
        }
    }
}

/// Prints an answer: what would be spoken first.
pub fn print(answer: &Answer, terminal: Terminal) -> Result<(), Failure> {
    let tone = if answer.outcome.is_error() { Tone::Bad } else { Tone::Strong };
    terminal.toned(tone, format!("  {}", answer.say))?;
    for must in &answer.must_say {
        let spell = if must.spell.is_empty() { String::new() } else { format!("  ({})", must.spell.join(" ")) };
        terminal.line(format!("    must say: {}{spell}", must.text))?;
    }
    for (key, meaning) in &answer.keys {
        terminal.line(format!("    key {key}: {meaning}"))?;
    }
    terminal.toned(Tone::Dim, format!("    {} {}", answer.outcome.as_str(), folded(answer)))?;
    Ok(())
}

/// Whether the answer offers files.
pub fn offers_files(answer: &Answer) -> bool {
    answer.outcome == Outcome::Choose && answer.data.get("files").is_some()
}

const FOLDED_CHARS: usize = 120;

/// The data in one line; `:data` unfolds it.
fn folded(answer: &Answer) -> String {
    let text = answer.data.to_string();
    if text.chars().count() <= FOLDED_CHARS {
        return text;
    }
    let kept: String = text.chars().take(FOLDED_CHARS).collect();
    format!("{kept}… (:data)")
}
