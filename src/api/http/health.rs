//! Whether the server lives, and whether it can serve.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;

use crate::api::state::Api;
use crate::files::Capabilities;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/healthz", get(live)).route("/readyz", get(ready))
}

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

async fn live() -> Json<Live> {
    Json(Live { status: "ok" })
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    catalog: bool,
    store: bool,
    /// What the store does by itself; `null` until the probe at the start has ended.
    capabilities: Option<Capabilities>,
}

async fn ready(State(api): State<Api>) -> (StatusCode, Json<Readiness>) {
    let health = api.0.files.health().await;
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let capabilities = api.0.files.capabilities();
    (status, Json(Readiness { ready: health.is_ready(), catalog: health.catalog, store: health.store, capabilities }))
}
