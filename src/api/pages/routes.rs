//! All pages.

use axum::Router;

use super::{outbox, share, start};
use crate::api::openapi::Operation;
use crate::api::state::Api;

pub(in crate::api) fn routes() -> Router<Api> {
    Router::new().merge(start::routes()).merge(share::routes()).merge(outbox::routes())
}

/// How all pages are described.
pub(in crate::api) fn operations() -> Vec<Operation> {
    [start::operations(), share::operations(), outbox::operations()].concat()
}
