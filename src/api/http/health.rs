//! Whether the server lives, and whether it can serve.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::openapi::{Operation, Takes};
use crate::api::state::Api;
use crate::domain::RegionName;
use crate::files::Capabilities;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/healthz", get(live)).route("/readyz", get(ready))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("live", "/healthz", "Whether the server lives.", Takes::Nothing).gives::<Live>(200),
        Operation::get("ready", "/readyz", "Whether the server can serve.", Takes::Nothing).gives::<Readiness>(200).gives::<Readiness>(503),
    ]
}

#[derive(Serialize, JsonSchema)]
struct Live {
    status: &'static str,
}

async fn live() -> Json<Live> {
    Json(Live { status: "ok" })
}

#[derive(Serialize, JsonSchema)]
struct Readiness {
    ready: bool,
    catalog: bool,
    /// Whether the stores of all regions can be used.
    store: bool,
    /// Each region, the home region first.
    regions: Vec<RegionJson>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Region")]
struct RegionJson {
    region: RegionName,
    ready: bool,
    /// How the bucket of what people put in stands: `ready`, `missing`, `refused` or `silent`.
    files: &'static str,
    /// How the bucket of what Satchel made of it stands.
    metadata: &'static str,
    /// What the store does by itself; `null` until the probe at the start has ended.
    capabilities: Option<Capabilities>,
}

async fn ready(State(api): State<Api>) -> (StatusCode, Json<Readiness>) {
    let health = api.0.files.health().await;
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (ready, catalog, store) = (health.is_ready(), health.catalog, health.store());
    let regions = health.regions.into_iter().map(|(region, probe)| RegionJson {
        ready: probe.is_ready(),
        files: probe.files.as_str(),
        metadata: probe.metadata.as_str(),
        capabilities: api.0.files.capabilities(&region),
        region,
    });
    (status, Json(Readiness { ready, catalog, store, regions: regions.collect() }))
}
