//! All endpoints.

use axum::Router;

use super::{audit, calls, customers, files, health, holds, imports, keys, metrics, people, shares, store_events, tools, upload, uploads};
use crate::api::state::Api;

/// Endpoints that answer within the limit of a request.
pub(in crate::api) fn routes() -> Router<Api> {
    Router::new()
        .merge(customers::routes())
        .merge(people::routes())
        .merge(keys::routes())
        .merge(calls::routes())
        .merge(tools::routes())
        .merge(files::routes())
        .merge(holds::routes())
        .merge(shares::routes())
        .merge(imports::routes())
        .merge(uploads::routes())
        .merge(audit::routes())
        .merge(store_events::routes())
}

/// Endpoints for whoever watches the server.
pub(in crate::api) fn watched() -> Router<Api> {
    health::routes().merge(metrics::routes())
}

/// Endpoints that take as long as their bytes do.
pub(in crate::api) fn streams() -> Router<Api> {
    upload::routes().merge(uploads::long_routes())
}
