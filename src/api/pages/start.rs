//! `/`: what this server is, for whoever opens its address in a browser.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde::Serialize;

use super::template::{HTML, Page};
use crate::api::openapi::{Operation, Takes};
use crate::api::state::Api;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/", get(start))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![Operation::get("start_page", "/", "What this server is, for a browser.", Takes::Nothing).gives_text(200, HTML)]
}

#[derive(Serialize)]
struct Start<'a> {
    public_url: &'a str,
    tools: usize,
}

async fn start(State(api): State<Api>) -> Response {
    let values = Start { public_url: &api.0.settings.public_url, tools: api.0.tools.definitions().len() };
    api.0.pages.answer(Page::Start, StatusCode::OK, &values)
}
