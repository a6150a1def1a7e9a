//! All endpoints.

use axum::Router;

use super::{
    audit, calls, categories, customers, events, files, grants, health, holds, imports, keys, metrics, openapi, operator_keys, outbox,
    people, policies, preview, quarantine, quotas, report, sensitivity, shares, store_events, tools, unlock, upload, uploads,
};
use crate::api::openapi::Operation;
use crate::api::state::Api;

/// Endpoints that answer within the limit of a request.
pub(in crate::api) fn routes() -> Router<Api> {
    Router::new()
        .merge(customers::routes())
        .merge(quotas::routes())
        .merge(people::routes())
        .merge(policies::routes())
        .merge(keys::routes())
        .merge(operator_keys::routes())
        .merge(calls::routes())
        .merge(events::routes())
        .merge(tools::routes())
        .merge(files::routes())
        .merge(preview::routes())
        .merge(unlock::routes())
        .merge(grants::routes())
        .merge(sensitivity::routes())
        .merge(categories::routes())
        .merge(holds::routes())
        .merge(quarantine::routes())
        .merge(report::routes())
        .merge(shares::routes())
        .merge(imports::routes())
        .merge(uploads::routes())
        .merge(audit::routes())
        .merge(outbox::routes())
        .merge(store_events::routes())
        .merge(openapi::routes())
}

/// Endpoints for whoever watches the server.
pub(in crate::api) fn watched() -> Router<Api> {
    health::routes().merge(metrics::routes())
}

/// Endpoints that take as long as their bytes or their sums do.
pub(in crate::api) fn streams() -> Router<Api> {
    upload::routes().merge(uploads::long_routes()).merge(policies::long_routes())
}

/// How all of them are described.
pub(in crate::api) fn operations() -> Vec<Operation> {
    [
        customers::operations(),
        quotas::operations(),
        people::operations(),
        policies::operations(),
        keys::operations(),
        operator_keys::operations(),
        calls::operations(),
        events::operations(),
        tools::operations(),
        files::operations(),
        preview::operations(),
        unlock::operations(),
        grants::operations(),
        sensitivity::operations(),
        categories::operations(),
        holds::operations(),
        quarantine::operations(),
        report::operations(),
        shares::operations(),
        imports::operations(),
        uploads::operations(),
        upload::operations(),
        audit::operations(),
        outbox::operations(),
        store_events::operations(),
        openapi::operations(),
        health::operations(),
        metrics::operations(),
    ]
    .concat()
}
