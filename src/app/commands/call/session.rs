//! An open call, spoken with over HTTP.

use serde_json::{Value, json};

use super::line::Request;
use crate::app::arguments::CallArgs;
use crate::app::client::{As, Client, ClientError, list, text};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, Tone};
use crate::tools::{Answer, Outcome};

/// A call, and the program that opened it where that is us.
pub struct Session {
    call: Client,
    platform: Option<Platform>,
}

/// The side of the voice platform: it tells what was heard, and ends the call.
struct Platform {
    client: Client,
    call_id: String,
}

impl Session {
    /// Opens a call, or takes the one whose token was given.
    pub async fn open(arguments: &CallArgs) -> Result<Self, Failure> {
        if let Some(token) = &arguments.token {
            let client = Client::connect(&arguments.server, As::Nobody)?;
            return Ok(Self { call: client.with_key(token.clone()), platform: None });
        }
        let client = Client::connect(&arguments.server, As::Customer(None))?;
        // The terminal vouches for its caller as a platform with its own sign-in would.
        let mut body = json!({ "verified": { "method": "platform", "level": 2 } });
        if let (Some(zone), Value::Object(fields)) = (jiff::tz::TimeZone::system().iana_name(), &mut body) {
            fields.insert("time_zone".to_owned(), json!(zone));
        }
        if let (Some((field, value)), Value::Object(fields)) = (caller(&client, arguments.caller.as_deref()).await?, &mut body) {
            fields.insert(field.to_owned(), json!(value));
        }
        let opened = client.post("/v1/calls", &body).await?;
        let call_id = text(&opened, "call_id")?.to_owned();
        Ok(Self { call: client.with_key(text(&opened, "token")?.to_owned()), platform: Some(Platform { client, call_id }) })
    }

    /// Reports what the caller said, as a platform does; with a token alone nobody can.
    pub async fn heard(&self, said: &str) -> Result<(), ClientError> {
        match &self.platform {
            Some(platform) => {
                platform.client.post(&format!("/v1/calls/{}/heard", platform.call_id), &json!({ "text": said })).await.map(drop)
            }
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
            Some(platform) => platform.client.delete(&format!("/v1/calls/{}", platform.call_id)).await,
            None => Ok(()),
        }
    }
}

/// The field that names the caller, and its value; the first user of the directory when nobody is named.
async fn caller(client: &Client, who: Option<&str>) -> Result<Option<(&'static str, String)>, Failure> {
    match who {
        Some(who) if who.starts_with("user_") => return Ok(Some(("caller_id", who.to_owned()))),
        Some(who) if who.starts_with('+') => return Ok(Some(("caller_number", who.to_owned()))),
        _ => {}
    }
    let people = client.get("/v1/people").await?;
    let users: Vec<(&str, &str)> = list(&people, "people")?
        .iter()
        .filter_map(|person| Some((text(person, "id").ok()?, text(person, "name").ok()?)))
        .filter(|(id, _)| id.starts_with("user_"))
        .collect();
    let Some(who) = who else { return Ok(users.first().map(|(id, _)| ("caller_id", (*id).to_owned()))) };
    let wanted = who.to_lowercase();
    let exact: Vec<_> = users.iter().filter(|(_, name)| name.to_lowercase() == wanted).collect();
    let like = users.iter().filter(|(_, name)| name.to_lowercase().contains(&wanted)).collect();
    match if exact.is_empty() { like } else { exact }.as_slice() {
        [(id, _)] => Ok(Some(("caller_id", (*id).to_owned()))),
        [] => {
            let names = users.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
            Err(Failure::Usage(format!("nobody of the directory is called `{who}`; there are {names}")))
        }
        several => {
            let names = several.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
            Err(Failure::Usage(format!("`{who}` may be {names}; say which")))
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
