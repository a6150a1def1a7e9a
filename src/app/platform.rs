//! The side of the voice platform in a call that a command opens: who calls, what was heard, the end.

use serde_json::{Value, json};

use super::client::{Client, ClientError, list, text};
use super::failure::Failure;

/// A call that this process has opened.
pub struct Platform {
    client: Client,
    call_id: String,
    token: String,
}

impl Platform {
    /// Opens a call of this caller: a name of the directory, a number, or an id; of the first user
    /// of the directory when nobody is named.
    pub async fn call(client: Client, who: Option<&str>) -> Result<Self, Failure> {
        // This machine vouches for its caller as a platform with its own sign-in would.
        let mut body = json!({ "verified": { "method": "platform", "level": 2 } });
        if let (Some(zone), Value::Object(fields)) = (jiff::tz::TimeZone::system().iana_name(), &mut body) {
            fields.insert("time_zone".to_owned(), json!(zone));
        }
        if let (Some((field, value)), Value::Object(fields)) = (caller(&client, who).await?, &mut body) {
            fields.insert(field.to_owned(), json!(value));
        }
        let opened = client.post("/v1/calls", &body).await?;
        let (call_id, token) = (text(&opened, "call_id")?.to_owned(), text(&opened, "token")?.to_owned());
        Ok(Self { client, call_id, token })
    }

    /// The call's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The same server, as the caller.
    pub fn caller(&self) -> Client {
        self.client.with_key(self.token.clone())
    }

    /// Reports what the caller said.
    pub async fn heard(&self, said: &str) -> Result<(), ClientError> {
        self.client.post(&format!("/v1/calls/{}/heard", self.call_id), &json!({ "text": said })).await.map(drop)
    }

    /// Hangs up.
    pub async fn end(&self) -> Result<(), ClientError> {
        self.client.delete(&format!("/v1/calls/{}", self.call_id)).await
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
