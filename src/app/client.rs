//! The HTTP client of the commands: which server, as whom, and what it answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::Value;

use super::arguments::ServerArgs;
use super::demo::{DemoState, STATE_FILE};
use super::folder::{FolderError, read_card, read_json};
use super::settings::USUAL_DATA_FOLDERS;

/// How long a connection may take; the server is near.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may pause.
const READ: Duration = Duration::from_mins(1);

/// Why the server did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No server was named, and none runs on the usual folders.
    #[error(
        "no server runs on {looked}; start one (`satchel demo`), or name one with `--url` and its key in `SATCHEL_KEY`, or its folder with `--data`"
    )]
    NoServer {
        /// Where one was looked for.
        looked: String,
    },
    /// A server, and nothing that opens it.
    #[error("this needs {needed}; put it into the variable `SATCHEL_KEY`")]
    NoKey {
        /// Which kind.
        needed: &'static str,
    },
    /// The address is not one.
    #[error("`{url}` is not the address of a server")]
    Address {
        /// What was given.
        url: String,
    },
    /// This machine's trusted certificates cannot be used.
    #[error("an HTTP client cannot be made on this machine")]
    Setup(#[source] reqwest::Error),
    /// Nobody answers there.
    #[error("the server at {url} does not answer")]
    Unreachable {
        /// Where.
        url: String,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// The server said no.
    #[error("the server refused ({status}): {said}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The code of its problem document; empty when it sent none.
        code: String,
        /// In its words.
        said: String,
    },
    /// The answer is not what this version of the program knows.
    #[error("the answer of the server cannot be read ({what})")]
    Answer {
        /// Of what.
        what: &'static str,
    },
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl ClientError {
    /// Whether the command could not be tried at all.
    pub const fn is_environment(&self) -> bool {
        match self {
            Self::NoServer { .. }
            | Self::NoKey { .. }
            | Self::Address { .. }
            | Self::Setup(_)
            | Self::Unreachable { .. }
            | Self::Folder(_) => true,
            Self::Refused { .. } | Self::Answer { .. } => false,
        }
    }
}

/// As whom a command speaks.
#[derive(Debug, Clone, Copy)]
pub enum As<'a> {
    /// The operator.
    Operator,
    /// A program of a customer: this one, or the one that is at hand.
    Customer(Option<&'a str>),
    /// Nobody: the caller brings a token.
    Nobody,
}

/// A server, and a key for it.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

/// A server that was found: its address, and what its data folder knows.
struct Found {
    url: String,
    operator_key: Option<String>,
    demo: Option<DemoState>,
}

/// The problem document of an error (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemDocument {
    title: String,
    detail: String,
    code: String,
}

/// The folder a server runs on: the one that was named, else the first usual one that has a server.
pub fn data_folder(arguments: &ServerArgs) -> PathBuf {
    let usual = || USUAL_DATA_FOLDERS.iter().map(Path::new).find(|dir| dir.join("server.json").exists());
    let fallback = || USUAL_DATA_FOLDERS.iter().map(Path::new).find(|dir| dir.exists()).unwrap_or_else(|| Path::new("./satchel-data"));
    arguments.data.clone().unwrap_or_else(|| usual().unwrap_or_else(fallback).to_owned())
}

fn find(arguments: &ServerArgs) -> Result<Found, ClientError> {
    if let (Some(url), None) = (&arguments.url, &arguments.data) {
        return Ok(Found { url: url.clone(), operator_key: None, demo: None });
    }
    let dir = data_folder(arguments);
    let card = read_card(&dir)?;
    let demo = read_json::<DemoState>(&dir.join(STATE_FILE))?;
    match (&arguments.url, card) {
        (Some(url), card) => Ok(Found { url: url.clone(), operator_key: card.map(|card| card.operator_key), demo }),
        (None, Some(card)) => Ok(Found { url: card.url, operator_key: Some(card.operator_key), demo }),
        (None, None) => {
            let looked = match &arguments.data {
                Some(dir) => format!("`{}`", dir.display()),
                None => USUAL_DATA_FOLDERS.map(|dir| format!("`{dir}`")).join(" or "),
            };
            Err(ClientError::NoServer { looked })
        }
    }
}

fn key_for(arguments: &ServerArgs, found: &Found, who: As<'_>) -> Result<Option<String>, ClientError> {
    if let Some(key) = &arguments.key {
        return Ok(Some(key.clone()));
    }
    let key = match who {
        As::Nobody => return Ok(None),
        As::Operator => found.operator_key.clone(),
        As::Customer(wanted) => {
            found.demo.as_ref().filter(|demo| wanted.is_none_or(|wanted| demo.customer_id == wanted)).map(|demo| demo.api_key.clone())
        }
    };
    let needed = match who {
        As::Operator => "the operator's key",
        As::Customer(_) | As::Nobody => "an API key of the customer",
    };
    key.map(Some).ok_or(ClientError::NoKey { needed })
}

impl Client {
    /// The server that was named or runs on this machine, with the right key for `who`.
    pub fn connect(arguments: &ServerArgs, who: As<'_>) -> Result<Self, ClientError> {
        let found = find(arguments)?;
        let key = key_for(arguments, &found, who)?;
        if url::Url::parse(&found.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            let http = reqwest::Client::builder().connect_timeout(CONNECT).read_timeout(READ).build().map_err(ClientError::Setup)?;
            Ok(Self { http, base: found.url.trim_end_matches('/').to_owned(), key })
        } else {
            Err(ClientError::Address { url: found.url })
        }
    }

    /// The same server under another credential.
    #[must_use]
    pub fn with_key(&self, key: String) -> Self {
        Self { key: Some(key), ..self.clone() }
    }

    /// A request with the credential on it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Asks for something.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.value(self.request(Method::GET, path)).await
    }

    /// Asks for something to be done.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.value(self.request(Method::POST, path).json(body)).await
    }

    /// Sets something.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.value(self.request(Method::PUT, path).json(body)).await
    }

    /// Ends something.
    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.send(self.request(Method::DELETE, path)).await.map(drop)
    }

    /// Sends a request, and reads its answer as JSON; nothing at all is `null`.
    pub async fn value(&self, request: RequestBuilder) -> Result<Value, ClientError> {
        let answer = self.send(request).await?;
        let bytes = answer.bytes().await.map_err(|source| ClientError::Unreachable { url: self.base.clone(), source })?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|_| ClientError::Answer { what: "not JSON" })
    }

    /// Sends a request, and reads its answer as text.
    pub async fn text(&self, request: RequestBuilder) -> Result<String, ClientError> {
        self.send(request).await?.text().await.map_err(|source| ClientError::Unreachable { url: self.base.clone(), source })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let unreachable = |source: reqwest::Error| ClientError::Unreachable { url: self.base.clone(), source: source.without_url() };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let problem: ProblemDocument = serde_json::from_slice(&answer.bytes().await.unwrap_or_default()).unwrap_or_default();
        let said = [problem.detail, problem.title].into_iter().find(|text| !text.is_empty());
        let said = said.unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned());
        Err(ClientError::Refused { status: status.as_u16(), code: problem.code, said })
    }
}

/// A text of an answer that must be there.
pub fn text<'a>(value: &'a Value, field: &'static str) -> Result<&'a str, ClientError> {
    value.get(field).and_then(Value::as_str).ok_or(ClientError::Answer { what: field })
}

/// A text of an answer, or nothing.
pub fn text_or<'a>(value: &'a Value, field: &str, or: &'a str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or(or)
}

/// A list of an answer that must be there.
pub fn list<'a>(value: &'a Value, field: &'static str) -> Result<&'a [Value], ClientError> {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).ok_or(ClientError::Answer { what: field })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::folder::{Folder, ServerCard};

    fn arguments(url: Option<&str>, key: Option<&str>, data: Option<&Path>) -> ServerArgs {
        ServerArgs { url: url.map(str::to_owned), key: key.map(str::to_owned), data: data.map(Path::to_owned) }
    }

    #[test]
    fn the_folder_of_a_server_gives_address_and_key() {
        let dir = tempfile::tempdir().unwrap();
        let nowhere = find(&arguments(None, None, Some(dir.path())));
        assert!(matches!(nowhere, Err(ClientError::NoServer { .. })));
        let folder = Folder::take(dir.path()).unwrap();
        let card = ServerCard { url: "http://127.0.0.1:1".into(), bytes_url: String::new(), operator_key: "sop_x".into(), pid: 1 };
        folder.show_card(&card).unwrap();
        let given = arguments(None, None, Some(dir.path()));
        let found = find(&given).unwrap();
        assert_eq!(key_for(&given, &found, As::Operator).unwrap().as_deref(), Some("sop_x"));
        assert!(matches!(key_for(&given, &found, As::Customer(None)), Err(ClientError::NoKey { .. })));
        let demo = DemoState { customer_id: "cust_1".into(), api_key: "sk_x".into(), ..DemoState::default() };
        folder.write_private(STATE_FILE, &demo).unwrap();
        let found = find(&given).unwrap();
        assert_eq!(key_for(&given, &found, As::Customer(Some("cust_1"))).unwrap().as_deref(), Some("sk_x"));
        assert!(key_for(&given, &found, As::Customer(Some("cust_2"))).is_err());
    }

    #[test]
    fn what_is_typed_wins_over_the_folder() {
        let given = arguments(Some("http://a.example"), Some("sk_typed"), None);
        let found = find(&given).unwrap();
        assert_eq!(found.url, "http://a.example");
        assert_eq!(key_for(&given, &found, As::Operator).unwrap().as_deref(), Some("sk_typed"));
    }
}
