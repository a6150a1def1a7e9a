//! All pages.

use axum::Router;

use super::{outbox, share, start, upload};
use crate::api::openapi::Operation;
use crate::api::state::Api;

/// Pages that answer within the limit of a request.
pub(in crate::api) fn routes() -> Router<Api> {
    Router::new().merge(start::routes()).merge(share::routes()).merge(upload::routes()).merge(outbox::routes())
}

/// What takes as long as its bytes do.
pub(in crate::api) fn streams() -> Router<Api> {
    upload::long_routes()
}

/// How all pages are described.
pub(in crate::api) fn operations() -> Vec<Operation> {
    [start::operations(), share::operations(), upload::operations(), outbox::operations()].concat()
}
