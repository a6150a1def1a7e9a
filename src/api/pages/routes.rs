//! All pages.

use axum::Router;

use super::{outbox, share, start};
use crate::api::state::Api;

pub(in crate::api) fn routes() -> Router<Api> {
    Router::new().merge(start::routes()).merge(share::routes()).merge(outbox::routes())
}
