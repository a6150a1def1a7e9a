//! Keys of the customer's programs.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
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
use crate::files::{KeyRecord, Overlap};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/keys", get(list).post(create))
        .route("/v1/keys/{key}", delete(revoke))
        .route("/v1/keys/{key}/rotate", post(rotate))
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
        Operation::post(
            "rotate_key",
            "/v1/keys/{key}/rotate",
            "Gives a key a new secret; the old one opens it too for a while.",
            Takes::Key,
        )
        .needs(Permission::Admin)
        .body::<Rotate>()
        .example(json!({ "overlap_seconds": 3600 }))
        .gives::<Rotated>(200),
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
pub(super) struct Created {
    pub id: KeyId,
    pub api_key: String,
}

/// An end that lies ahead, or none.
pub(super) fn ahead(api: &Api, expires_at: Option<Timestamp>) -> Result<Option<Timestamp>, Problem> {
    if expires_at.is_some_and(|end| end <= api.0.files.now()) {
        return Err(Problem::invalid("`expires_at`: lies in the past"));
    }
    Ok(expires_at)
}

async fn create(Program { subject, .. }: Program, State(api): State<Api>, Input(new): Input<NewKey>) -> Result<impl IntoResponse, Problem> {
    let expires_at = ahead(&api, new.expires_at)?;
    let permissions = new.permissions.map_or_else(Permissions::all, Permissions::only);
    let made = api.0.files.create_key(&subject, &new.label, &permissions, expires_at).await?;
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
    /// When its secret was last changed.
    #[schemars(with = "Option<Instant>")]
    rotated_at: Option<Timestamp>,
    /// Until when the secret before opens it too.
    #[schemars(with = "Option<Instant>")]
    previous_until: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schemars(with = "Option<Instant>")]
    last_used_at: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Keys {
    keys: Vec<KeyJson>,
}

impl Keys {
    /// As they are at `now`.
    pub fn at(now: Timestamp, keys: Vec<KeyRecord>) -> Self {
        let keys = keys.into_iter().map(|key| KeyJson {
            id: key.id,
            label: key.label,
            permissions: key.permissions.iter().collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            rotated_at: key.rotated_at,
            previous_until: key.previous_until.filter(|end| now < *end),
            last_used_at: key.last_used_at,
        });
        Self { keys: keys.collect() }
    }
}

async fn list(Program { subject, .. }: Program, State(api): State<Api>) -> Result<Json<Keys>, Problem> {
    let found = api.0.files.keys(&subject).await?;
    Ok(Json(Keys::at(api.0.files.now(), found)))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `overlap_seconds`")]
pub(super) struct Rotate {
    /// How long the secret before opens the key too; a day when left out.
    overlap_seconds: Option<u32>,
}

impl Rotate {
    pub fn overlap(&self) -> Result<Overlap, Problem> {
        let Some(seconds) = self.overlap_seconds else { return Ok(Overlap::USUAL) };
        Overlap::of_seconds(seconds).ok_or_else(|| Problem::invalid(format!("`overlap_seconds`: is at most {}", Overlap::LONGEST)))
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Rotated {
    pub id: KeyId,
    pub api_key: String,
    #[schemars(with = "Instant")]
    pub previous_until: Timestamp,
}

async fn rotate(
    Program { subject, .. }: Program,
    State(api): State<Api>,
    Segment(key): Segment,
    Input(wanted): Input<Rotate>,
) -> Result<Json<Rotated>, Problem> {
    let (key, overlap) = (id(&key)?, wanted.overlap()?);
    let rotated = api.0.files.rotate_key(&subject, key, overlap).await?;
    Ok(Json(Rotated { id: key, api_key: rotated.secret, previous_until: rotated.previous_until }))
}

async fn revoke(Program { subject, .. }: Program, State(api): State<Api>, Segment(key): Segment) -> Result<StatusCode, Problem> {
    api.0.files.revoke_key(&subject, id(&key)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
