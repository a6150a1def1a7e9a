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
use crate::api::input::{Params, Segment};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Face {
    /// Asks for the code.
    Ask,
    /// That code opens nothing: wrong, used up, over, of no link. One face for all of them.
    Closed,
    /// Too many codes were tried, here or from there, whether there is such a link or not.
    TooMany,
    /// The code is right, and the file is still being checked.
    Checking,
    /// The code is right, and the file is locked away.
    Quarantined,
    /// The code is right, and the file cannot be handed out now.
    NotNow,
    /// The code is right, and the browser is on its way to the bytes.
    Started,
}

#[derive(Serialize)]
struct Shown<'a> {
    face: Face,
    /// Whether the code that is asked for is made of words: the keyboard follows.
    words: bool,
    /// Where the bytes are for a minute, once the code was right.
    address: Option<&'a str>,
}

fn face(api: &Api, face: Face, words: bool, status: StatusCode) -> Response {
    api.0.pages.answer(Page::Share, status, &Shown { face, words, address: None })
}

#[derive(Deserialize)]
struct Wanted {
    words: Option<String>,
}

async fn ask(State(api): State<Api>, wanted: Result<Params<Wanted>, Problem>) -> Response {
    face(&api, Face::Ask, wanted.is_ok_and(|Params(wanted)| wanted.words.is_some()), StatusCode::OK)
}

#[derive(Deserialize, JsonSchema)]
struct Typed {
    code: String,
}

/// The peer's address, as the listener sees it, what the record of it needs, and how long he waits.
struct Peer {
    address: Option<SocketAddr>,
    origin: Origin,
    patience: Patience,
    /// Whether a browser will show the answer, and not a program read it.
    is_shown: bool,
}

impl FromRequestParts<Api> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        let is_shown = parts.headers.get("sec-fetch-dest").is_some_and(|value| value == "document");
        let origin = place(Door::Page, &parts.extensions);
        Ok(Self { address: peer(&parts.extensions), origin, patience: patience(&parts.extensions), is_shown })
    }
}

async fn open(
    State(api): State<Api>,
    slug: Result<Segment, Problem>,
    Peer { address, origin, patience, is_shown }: Peer,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let no_earlier = tokio::time::sleep(NO_TAKES);
    // Who typed words types words again.
    let words = form.as_ref().is_ok_and(|Form(typed)| typed.code.contains(char::is_alphabetic));
    // What cannot be a link is counted too, all under one name.
    let slug = slug.map(|Segment(slug)| slug).ok().filter(|slug| slug.len() <= MAX_SLUG).unwrap_or_default();
    if !api.0.limiter.may_try(address, &slug, api.0.files.now()) {
        no_earlier.await;
        return face(&api, Face::TooMany, words, StatusCode::TOO_MANY_REQUESTS);
    }
    match tried(&api, &slug, (&origin, patience), form).await {
        Opened::Closed => {
            no_earlier.await;
            face(&api, Face::Closed, words, StatusCode::FORBIDDEN)
        }
        Opened::Checking => face(&api, Face::Checking, words, StatusCode::CONFLICT),
        Opened::Quarantined => face(&api, Face::Quarantined, words, StatusCode::FORBIDDEN),
        Opened::NotNow => face(&api, Face::NotNow, words, StatusCode::CONFLICT),
        // A download leaves the page as it is, so a browser is given one that says what happens.
        Opened::Go(Handout::Url(url)) if is_shown => started(&api, &url),
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
    api.0.pages.protect(Page::Share, response.headers_mut());
    response
}

fn started(api: &Api, url: &str) -> Response {
    api.0.pages.answer(Page::Share, StatusCode::OK, &Shown { face: Face::Started, words: false, address: Some(url) })
}

fn away(api: &Api, url: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else { return Problem::internal().into_response() };
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    api.0.pages.protect(Page::Share, response.headers_mut());
    response
}
