//! `/s/{slug}`: a shared file, opened with its code.
//!
//! Before a right code the page says nothing about the link: a living one, one that ended and one
//! that never was look the same, in content, status and time.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::template::{HTML, Page};
use crate::api::attachment::attached;
use crate::api::credential::patience;
use crate::api::input::Segment;
use crate::api::openapi::{Operation, Takes};
use crate::api::origin::{peer, place};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{Door, Origin};
use crate::files::{Attachment, Handout, Opened, Patience};

/// Every "no" takes this long, so that its time does not tell an unknown link from a wrong code.
const NO_TAKES: Duration = Duration::from_millis(250);
/// Links are far shorter.
const MAX_SLUG: usize = 64;
/// Longest code that is looked at, in bytes: five words are far shorter.
const MAX_CODE: usize = 200;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/s/{slug}", get(ask).post(open))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("share_page", "/s/{slug}", "The page of a link: asks for the code.", Takes::Nothing).gives_text(200, HTML),
        Operation::post("open_link", "/s/{slug}", "Opens a link with its code.", Takes::Nothing)
            .form::<Typed>()
            .redirects(303)
            .gives_bytes()
            .gives_text(403, HTML)
            .gives_text(409, HTML)
            .gives_text(429, HTML),
    ]
}

/// What the page shows.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case", tag = "face")]
enum Face {
    /// Asks for the code.
    Ask,
    /// That code opens nothing.
    Closed,
    /// The code is right, and the file cannot be handed out now.
    NotNow,
}

fn face(api: &Api, face: Face, status: StatusCode) -> Response {
    api.0.pages.answer(Page::Share, status, &face)
}

async fn ask(State(api): State<Api>) -> Response {
    face(&api, Face::Ask, StatusCode::OK)
}

#[derive(Deserialize, JsonSchema)]
struct Typed {
    code: String,
}

/// The peer's address, as the listener sees it, what the record of it needs, and how long he waits.
struct Peer(Option<SocketAddr>, Origin, Patience);

impl FromRequestParts<Api> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        Ok(Self(peer(&parts.extensions), place(Door::Page, &parts.extensions), patience(&parts.extensions)))
    }
}

async fn open(
    State(api): State<Api>,
    slug: Result<Segment, Problem>,
    Peer(peer, origin, patience): Peer,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let no_earlier = tokio::time::sleep(NO_TAKES);
    // What cannot be a link is counted too, all under one name.
    let slug = slug.map(|Segment(slug)| slug).ok().filter(|slug| slug.len() <= MAX_SLUG).unwrap_or_default();
    if !api.0.limiter.may_try(peer, &slug, api.0.files.now()) {
        no_earlier.await;
        return face(&api, Face::Closed, StatusCode::TOO_MANY_REQUESTS);
    }
    match tried(&api, &slug, (&origin, patience), form).await {
        Opened::Closed => {
            no_earlier.await;
            face(&api, Face::Closed, StatusCode::FORBIDDEN)
        }
        Opened::NotNow => face(&api, Face::NotNow, StatusCode::CONFLICT),
        Opened::Go(Handout::Url(url)) => away(&api, &url),
        Opened::Go(Handout::Bytes(bytes)) => given(&api, *bytes),
    }
}

async fn tried(api: &Api, slug: &str, (origin, patience): (&Origin, Patience), form: Result<Form<Typed>, FormRejection>) -> Opened {
    let Ok(Form(typed)) = form else { return Opened::Closed };
    if typed.code.trim().is_empty() || typed.code.len() > MAX_CODE {
        return Opened::Closed;
    }
    match api.0.files.open_link(slug, &typed.code, origin, patience).await {
        Ok(opened) => opened,
        // A failure only living links can have would tell that one lives.
        Err(error) => {
            tracing::warn!(error = %error, "a code could not be tried");
            Opened::Closed
        }
    }
}

/// Bytes that have no address of their own.
fn given(api: &Api, bytes: Attachment) -> Response {
    let mut response = match attached(bytes) {
        Ok(response) => response,
        Err(problem) => return problem.into_response(),
    };
    api.0.pages.protect(response.headers_mut());
    response
}

fn away(api: &Api, url: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else { return Problem::internal().into_response() };
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    api.0.pages.protect(response.headers_mut());
    response
}
