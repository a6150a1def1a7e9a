//! What a store posts of its objects: S3 notifications through SNS, EventBridge events, pushes of Ceph RGW.

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::credential::bearer;
use crate::api::input::Params;
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::ErrorCode;
use crate::files::Posted;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/store/events", post(take))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post(
            "take_store_events",
            "/v1/store/events",
            "Takes what a store posts of its objects; its token stands in the header or the address.",
            Takes::Nothing,
        )
        .query::<Shown>()
        .bytes()
        .gives::<Taken>(200)
        .fails(&[ErrorCode::Unauthenticated, ErrorCode::NotFound]),
    ]
}

/// A store that can set no header carries the token in its address.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Shown {
    token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Taken {
    noted: u64,
    foreign: u64,
}

async fn take(State(api): State<Api>, Params(shown): Params<Shown>, headers: HeaderMap, body: Bytes) -> Result<Json<Taken>, Problem> {
    let token = bearer(&headers).or(shown.token.as_deref());
    match api.0.files.posted(token, &body).await? {
        Posted::Taken(tally) => Ok(Json(Taken { noted: tally.noted, foreign: tally.foreign })),
        Posted::Closed => Err(Problem::not_found()),
        Posted::Unproved => Err(Problem::unauthenticated()),
    }
}
