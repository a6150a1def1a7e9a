//! Keys of the operator.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::keys::{Created, Keys, Rotate, Rotated, ahead};
use crate::api::credential::Operator;
use crate::api::input::{Input, Segment, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Instant, Timestamp};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/operator/keys", get(list).post(create))
        .route("/v1/operator/keys/{key}", delete(revoke))
        .route("/v1/operator/keys/{key}/rotate", post(rotate))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("list_operator_keys", "/v1/operator/keys", "The keys of the operator.", Takes::Operator).gives::<Keys>(200),
        Operation::post("create_operator_key", "/v1/operator/keys", "Creates a key of the operator; it is told once.", Takes::Operator)
            .body::<NewOperatorKey>()
            .example(json!({ "label": "backup" }))
            .gives::<Created>(201),
        Operation::post(
            "rotate_operator_key",
            "/v1/operator/keys/{key}/rotate",
            "Gives a key of the operator a new secret.",
            Takes::Operator,
        )
        .body::<Rotate>()
        .example(json!({ "overlap_seconds": 3600 }))
        .gives::<Rotated>(200),
        Operation::delete(
            "revoke_operator_key",
            "/v1/operator/keys/{key}",
            "Revokes a key of the operator, but the last.",
            Takes::Operator,
        )
        .gives_nothing()
        .fails(&[ErrorCode::Conflict]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `label`")]
struct NewOperatorKey {
    label: String,
    #[schemars(with = "Option<Instant>")]
    expires_at: Option<Timestamp>,
}

async fn create(
    Operator(origin): Operator,
    State(api): State<Api>,
    Input(new): Input<NewOperatorKey>,
) -> Result<impl IntoResponse, Problem> {
    let expires_at = ahead(&api, new.expires_at)?;
    let made = api.0.files.add_operator_key(&new.label, expires_at, &origin).await?;
    Ok((StatusCode::CREATED, Json(Created { id: made.id, api_key: made.secret })))
}

async fn list(Operator(origin): Operator, State(api): State<Api>) -> Result<Json<Keys>, Problem> {
    let found = api.0.files.operator_keys(&origin).await?;
    Ok(Json(Keys::at(api.0.files.now(), found)))
}

async fn rotate(
    Operator(origin): Operator,
    State(api): State<Api>,
    Segment(key): Segment,
    Input(wanted): Input<Rotate>,
) -> Result<Json<Rotated>, Problem> {
    let (key, overlap) = (id(&key)?, wanted.overlap()?);
    let rotated = api.0.files.rotate_operator_key(key, overlap, &origin).await?;
    Ok(Json(Rotated { id: key, api_key: rotated.secret, previous_until: rotated.previous_until }))
}

async fn revoke(Operator(origin): Operator, State(api): State<Api>, Segment(key): Segment) -> Result<StatusCode, Problem> {
    api.0.files.revoke_operator_key(id(&key)?, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
