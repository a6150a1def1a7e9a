//! Keys of the customer's programs.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::credential::Program;
use crate::api::input::{Input, Segment, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{Instant, KeyId, Permission, Permissions, Timestamp};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/keys", get(list).post(create)).route("/v1/keys/{key}", delete(revoke))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("list_keys", "/v1/keys", "The keys of the customer's programs.", Takes::Key)
            .needs(Permission::Admin)
            .gives::<Keys>(200),
        Operation::post("create_key", "/v1/keys", "Creates a key; it is told once.", Takes::Key)
            .needs(Permission::Admin)
            .body::<NewKey>()
            .example(json!({ "label": "voice platform", "permissions": ["files:read", "files:share"] }))
            .gives::<Created>(201),
        Operation::delete("revoke_key", "/v1/keys/{key}", "Revokes a key.", Takes::Key).needs(Permission::Admin).gives_nothing(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `label`")]
struct NewKey {
    label: String,
    permissions: Option<Vec<Permission>>,
    #[schemars(with = "Option<Instant>")]
    expires_at: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewKey")]
struct Created {
    id: KeyId,
    api_key: String,
}

async fn create(Program { subject, .. }: Program, State(api): State<Api>, Input(new): Input<NewKey>) -> Result<impl IntoResponse, Problem> {
    if new.expires_at.is_some_and(|end| end <= api.0.files.now()) {
        return Err(Problem::invalid("`expires_at`: lies in the past"));
    }
    let permissions = new.permissions.map_or_else(Permissions::all, Permissions::only);
    let made = api.0.files.create_key(&subject, &new.label, &permissions, new.expires_at).await?;
    Ok((StatusCode::CREATED, Json(Created { id: made.id, api_key: made.secret })))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
struct KeyJson {
    id: KeyId,
    label: String,
    permissions: Vec<Permission>,
    #[schemars(with = "Instant")]
    created_at: Timestamp,
    #[schemars(with = "Option<Instant>")]
    expires_at: Option<Timestamp>,
    #[schemars(with = "Option<Instant>")]
    revoked_at: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
struct Keys {
    keys: Vec<KeyJson>,
}

async fn list(Program { subject, .. }: Program, State(api): State<Api>) -> Result<Json<Keys>, Problem> {
    let found = api.0.files.keys(&subject).await?;
    let keys = found.into_iter().map(|key| KeyJson {
        id: key.id,
        label: key.label,
        permissions: key.permissions.iter().collect(),
        created_at: key.created_at,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
    });
    Ok(Json(Keys { keys: keys.collect() }))
}

async fn revoke(Program { subject, .. }: Program, State(api): State<Api>, Segment(key): Segment) -> Result<StatusCode, Problem> {
    api.0.files.revoke_key(&subject, id(&key)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
