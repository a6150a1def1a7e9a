//! The description of all endpoints, for whoever writes or generates a client.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::CONTENT_TYPE;

use crate::api::openapi::{Operation, Takes, openapi};
use crate::api::state::Api;

const JSON: &str = "application/json";

/// It is the same as long as the process lives.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| openapi().to_string().into());

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/openapi.json", get(document))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("openapi", "/openapi.json", "This description.", Takes::Nothing).gives_like(serde_json::json!({ "type": "object" })),
    ]
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, JSON)], DOCUMENT.clone())
}
