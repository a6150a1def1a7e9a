//! Messages of a customer and what became of them; of one that is marked as test also what they say, worded as they would be
//! sent.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::credential::Program;
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{Channel, Instant, MessageId, Permission, PersonId, Timestamp};
use crate::files::OutboxLine;
use crate::speech::Speech;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/outbox", get(outbox))
}

/// How it is described.
pub(super) fn operations() -> Vec<Operation> {
    let says = "Messages of the customer and what became of them; what they say, where it is marked as test.";
    vec![Operation::get("list_outbox", "/v1/outbox", says, Takes::Key).needs(Permission::Admin).gives::<Outbox>(200)]
}

#[derive(Serialize, JsonSchema)]
struct Outbox {
    messages: Vec<Message>,
}

#[derive(Serialize, JsonSchema)]
struct Message {
    id: MessageId,
    recipient: PersonId,
    channel: Channel,
    /// Mail address or number; this and what follows are `null` where it goes to people.
    address: Option<String>,
    /// `link`, `code`, `link_and_code` or `upload_link`.
    kind: Option<&'static str>,
    /// One line; `null` for a text.
    subject: Option<String>,
    /// What it says.
    body: Option<String>,
    /// `kept` of a customer that is marked as test; of others `queued`, `sent`, `failed`, `cancelled` or `expired`.
    state: &'static str,
    attempts: u32,
    last_error: Option<String>,
    #[schemars(with = "Instant")]
    created_at: Timestamp,
    #[schemars(with = "Option<Instant>")]
    delivered_at: Option<Timestamp>,
}

impl Message {
    fn of(line: OutboxLine, speech: &Speech) -> Self {
        let written = line.text.as_ref().and_then(|text| speech.write(&text.letter, line.channel));
        let (subject, body) = written.map_or((None, None), |written| (written.subject, Some(written.text)));
        Self {
            id: line.id,
            recipient: line.recipient,
            channel: line.channel,
            kind: line.text.as_ref().map(|text| text.letter.told.kind()),
            address: line.text.map(|text| text.address),
            subject,
            body,
            state: line.state.as_str(),
            attempts: line.attempts,
            last_error: line.last_error,
            created_at: line.created_at,
            delivered_at: line.delivered_at,
        }
    }
}

async fn outbox(Program { subject, .. }: Program, State(api): State<Api>) -> Result<Json<Outbox>, Problem> {
    let lines = api.0.files.outbox(&subject).await?;
    Ok(Json(Outbox { messages: lines.into_iter().map(|line| Message::of(line, &api.0.speech)).collect() }))
}
