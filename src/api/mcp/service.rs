//! Streamable HTTP: one endpoint, POST only, one message per request, one JSON answer.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any_service;
use http::header::{ACCEPT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::credential::Doorman;
use super::refusal::Refusal;
use super::scopes::scope_of;
use super::toolbox::Toolbox;
use crate::api::credential::Doorkeeper;
use crate::api::input::is_too_nested;
use crate::domain::Permission;
use crate::files::Files;
use crate::tools::Registry;

/// Largest message, in bytes: a tool's arguments and the envelope around them.
const BODY_LIMIT: usize = 256 * 1024;
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// From where browsers may speak to this door, and under which names it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpSettings {
    /// Origins of pages that may call: `https://host:port`, or `:*` for any port. A request without
    /// `Origin` is not a browser's and is not asked for one.
    pub allowed_origins: Vec<String>,
    /// Values of `Host`, with or without a port; any when empty.
    pub allowed_hosts: Vec<String>,
}

impl McpSettings {
    /// This machine, and the address under which others reach the server.
    #[must_use]
    pub fn for_public_url(public_url: &str) -> Self {
        let mut allowed_origins: Vec<String> = LOOPBACK.iter().map(|host| format!("http://{host}:*")).collect();
        let mut allowed_hosts: Vec<String> = LOOPBACK.iter().map(|&host| host.to_owned()).collect();
        if let Ok(url) = Url::parse(public_url)
            && let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default())
        {
            // An origin without a port would mean any port.
            allowed_origins.push(format!("{}://{host}:{port}", url.scheme()));
            allowed_hosts.push(host.to_owned());
        }
        Self { allowed_origins, allowed_hosts }
    }
}

/// The door, answering at `/`. To be nested: `.nest("/mcp", service(..))` answers at `/mcp`, and
/// serves with `into_make_service_with_connect_info::<SocketAddr>()` so that the audit knows from
/// where a request comes.
pub fn service(files: Files, tools: Arc<Registry>, settings: McpSettings) -> Router {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY_LIMIT)
        .with_allowed_hosts(settings.allowed_hosts)
        .with_allowed_origins(settings.allowed_origins)
        .enforce_origin_validation();
    let doorman = Arc::new(Doorman::new(files.clone()));
    let toolbox = Toolbox::for_requests(files, tools);
    let protocol = StreamableHttpService::new(move || Ok(toolbox.clone()), Arc::new(NeverSessionManager::default()), config);
    Router::new().route("/", any_service(protocol)).route_layer(from_fn_with_state(doorman, admit))
}

/// Lets a request of a living call in, with one whole message.
async fn admit(State(doorman): State<Arc<Doorman>>, request: Request, next: Next) -> Response {
    let keeper = request.extensions().get::<Doorkeeper>().cloned();
    let lack = Doorkeeper::lack(request.headers());
    match admitted(&doorman, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => {
            let challenge = keeper.zip(refusal.lack(lack)).map(|(keeper, lack)| keeper.challenge(lack));
            let mut response = refusal.into_response();
            if let Some(challenge) = challenge {
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

async fn admitted(doorman: &Doorman, request: Request) -> Result<Request, Refusal> {
    let (mut parts, body) = request.into_parts();
    let standing = Arc::new(doorman.standing(&parts).await?);
    parts.extensions.insert(Arc::clone(&standing));
    if takes_json(&parts.headers) {
        parts.headers.insert(ACCEPT, BOTH);
    }
    if parts.method != Method::POST {
        return Ok(Request::from_parts(parts, body));
    }
    let message = message(body).await?;
    if let Some(scope) = scope_called(&message).filter(|scope| standing.lacks_scope(*scope)) {
        return Err(Refusal::Scope(scope));
    }
    Ok(Request::from_parts(parts, Body::from(message)))
}

/// The scope that the tool needs which a message calls.
fn scope_called(message: &[u8]) -> Option<Permission> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        method: Cow<'a, str>,
        params: Params<'a>,
    }
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
    }
    let message: Message<'_> = serde_json::from_slice(message).ok()?;
    if message.method == "tools/call" { scope_of(&message.params.name) } else { None }
}

/// Whether a client takes what this door answers. The library asks for both types by name, yet no
/// answer here is ever a stream.
fn takes_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    values.peek().is_none()
        || values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|range| matches!(range.split(';').next().map(str::trim), Some("*/*" | "application/*" | "application/json")))
}

/// The body, when it is one message. The library would tell anything else as an unknown media type.
async fn message(body: Body) -> Result<Bytes, Refusal> {
    let bytes = to_bytes(body, BODY_LIMIT).await.map_err(|_| Refusal::TooLarge { limit: BODY_LIMIT })?;
    if is_too_nested(&bytes) {
        return Err(Refusal::TooNested);
    }
    if serde_json::from_slice::<ClientJsonRpcMessage>(&bytes).is_ok() {
        return Ok(bytes);
    }
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(value) => Err(Refusal::NotAMessage { id: id_of(&value) }),
        Err(_) => Err(Refusal::NotJson),
    }
}

/// The id to give back: a text or a number, else none.
fn id_of(message: &Value) -> Value {
    message.get("id").filter(|id| id.is_string() || id.is_i64() || id.is_u64()).cloned().unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_address_is_allowed_with_its_port() {
        for (url, origin, host) in [
            ("https://satchel.example", "https://satchel.example:443", "satchel.example"),
            ("http://10.0.0.5:8080", "http://10.0.0.5:8080", "10.0.0.5"),
        ] {
            let settings = McpSettings::for_public_url(url);
            assert!(settings.allowed_origins.iter().any(|allowed| allowed == origin), "{url}");
            assert!(settings.allowed_hosts.iter().any(|allowed| allowed == host), "{url}");
        }
        let loopback = McpSettings::for_public_url("not a url");
        assert_eq!((loopback.allowed_origins.len(), loopback.allowed_hosts.len()), (3, 3));
    }

    #[test]
    fn a_client_that_takes_json_in_any_words_is_served() {
        let accept = |value: &'static str| HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]);
        assert!(takes_json(&HeaderMap::new()));
        for value in ["*/*", "application/json", "text/event-stream, application/json;q=0.9", "application/*"] {
            assert!(takes_json(&accept(value)), "{value}");
        }
        for value in ["text/event-stream", "text/html", ""] {
            assert!(!takes_json(&accept(value)), "{value}");
        }
    }
}
