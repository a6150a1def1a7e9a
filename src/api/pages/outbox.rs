//! `/outbox`: what a customer that is marked as test would have sent, for whoever types its key. The key comes in a form:
//! an address stays in histories and logs.

use std::convert::Infallible;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequestParts, State};
use axum::response::Response;
use axum::routing::get;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::template::{HTML, Page};
use crate::api::openapi::{Operation, Takes};
use crate::api::origin::place;
use crate::api::state::Api;
use crate::domain::{Channel, Door, Origin, Timestamp};
use crate::files::{Access, FilesError, OutboxLine};
use crate::speech::Speech;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/outbox", get(ask).post(show))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("outbox_page", "/outbox", "Asks for the key of a customer that is marked as test.", Takes::Nothing)
            .gives_text(200, HTML),
        Operation::post("show_outbox", "/outbox", "Shows what that customer would have sent.", Takes::Nothing)
            .form::<Typed>()
            .gives_text(200, HTML)
            .gives_text(403, HTML)
            .gives_text(503, HTML),
    ]
}

/// What the page shows.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "face")]
enum Face {
    /// Asks for the key.
    Ask,
    /// That key shows nothing.
    Closed,
    /// These were written.
    Shown { messages: Vec<Message> },
}

#[derive(Serialize)]
struct Message {
    subject: Option<String>,
    channel: Channel,
    address: String,
    at: Timestamp,
    body: String,
}

async fn ask(State(api): State<Api>) -> Response {
    api.0.pages.answer(Page::Outbox, StatusCode::OK, &Face::Ask)
}

#[derive(Deserialize, JsonSchema)]
struct Typed {
    key: String,
}

/// Where the request comes from, and what the door must know of it.
struct Place(Origin, Extensions);

impl FromRequestParts<Api> for Place {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        Ok(Self(place(Door::Page, &parts.extensions), parts.extensions.clone()))
    }
}

async fn show(State(api): State<Api>, place: Place, form: Result<Form<Typed>, FormRejection>) -> Response {
    let typed = form.ok().map(|Form(typed)| typed.key);
    let (status, face) = match messages(&api, place, typed).await {
        Ok(Some(messages)) => (StatusCode::OK, Face::Shown { messages }),
        Ok(None) => (StatusCode::FORBIDDEN, Face::Closed),
        Err(error) => {
            tracing::warn!(code = %error.code(), error = %error, "an outbox could not be shown");
            (StatusCode::SERVICE_UNAVAILABLE, Face::Closed)
        }
    };
    api.0.pages.answer(Page::Outbox, status, &face)
}

/// The messages that a key shows; `None` where it shows none.
async fn messages(api: &Api, Place(origin, extensions): Place, typed: Option<String>) -> Result<Option<Vec<Message>>, FilesError> {
    let Some(credential) = typed.and_then(|key| HeaderValue::from_str(&format!("Bearer {}", key.trim())).ok()) else { return Ok(None) };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, credential)]);
    // The same door as that of the endpoint: a key that opens nothing is counted there.
    let Some(Access::Key(key)) = api.0.door.found(&headers, &extensions, Door::Page).await? else { return Ok(None) };
    match api.0.files.outbox(&api.0.files.program(&key, origin)).await {
        // Without their texts they are of a customer whose messages go to people.
        Ok(lines) if key.is_test => Ok(Some(lines.into_iter().filter_map(|line| shown(line, &api.0.speech)).collect())),
        Ok(_) | Err(FilesError::Refused | FilesError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn shown(line: OutboxLine, speech: &Speech) -> Option<Message> {
    let text = line.text?;
    let written = speech.write(&text.letter, line.channel)?;
    Some(Message { subject: written.subject, channel: line.channel, address: text.address, at: line.created_at, body: written.text })
}
