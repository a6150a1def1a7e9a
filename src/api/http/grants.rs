//! Standing rights of users and teams on files and folders, and what files are said to hold.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::api::credential::Asker;
use crate::api::input::{Input, Params, Segment, id, value};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{FileId, Folder, GrantId, Level, Lifetime, PersonId, Timestamp};
use crate::files::{GrantRecord, GrantRequest, Granted, Place, Subject};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/files/{file}/grants", get(of_file).post(on_file))
        .route("/v1/files/{file}/classification", put(classify))
        .route("/v1/folders/grants", get(of_folder).post(on_folder))
        .route("/v1/grants/{grant}", delete(end))
}

#[derive(Serialize)]
struct GrantJson {
    id: GrantId,
    file: Option<FileId>,
    folder: Option<Folder>,
    to: PersonId,
    level: Level,
    granted_by: String,
    created_at: Timestamp,
    /// `null` until it is ended.
    expires_at: Option<Timestamp>,
}

impl From<GrantRecord> for GrantJson {
    fn from(grant: GrantRecord) -> Self {
        let (file, folder) = match grant.place {
            Place::File(file) => (Some(file), None),
            Place::Folder(folder) => (None, Some(folder)),
        };
        Self {
            id: grant.id,
            file,
            folder,
            to: grant.to,
            level: grant.level,
            granted_by: grant.created_by,
            created_at: grant.created_at,
            expires_at: grant.expires_at,
        }
    }
}

/// To whom, how far, and for how long.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `to` and `level`")]
struct OnFile {
    to: PersonId,
    level: Level,
    lifetime_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `folder`, `to` and `level`")]
struct OnFolder {
    folder: String,
    to: PersonId,
    level: Level,
    lifetime_seconds: Option<i64>,
}

#[derive(Serialize)]
struct Owned {
    owner: PersonId,
}

fn lifetime(seconds: Option<i64>) -> Result<Option<Lifetime>, Problem> {
    seconds.map(|seconds| value("lifetime_seconds", Lifetime::from_seconds(seconds))).transpose()
}

fn folder(text: &str) -> Result<Place, Problem> {
    value("folder", Folder::parse(text)).map(Place::Folder)
}

async fn give(api: &Api, subject: &Subject, request: GrantRequest) -> Result<Response, Problem> {
    Ok(match api.0.files.give_grant(subject, &request).await? {
        Granted::Standing(grant) => (StatusCode::CREATED, Json(GrantJson::from(grant))).into_response(),
        Granted::Owned => Json(Owned { owner: request.to }).into_response(),
    })
}

async fn on_file(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Input(new): Input<OnFile>,
) -> Result<Response, Problem> {
    let lifetime = lifetime(new.lifetime_seconds)?;
    give(&api, &subject, GrantRequest { place: Place::File(id(&file)?), to: new.to, level: new.level, lifetime }).await
}

async fn on_folder(Asker(subject): Asker, State(api): State<Api>, Input(new): Input<OnFolder>) -> Result<Response, Problem> {
    let (place, lifetime) = (folder(&new.folder)?, lifetime(new.lifetime_seconds)?);
    give(&api, &subject, GrantRequest { place, to: new.to, level: new.level, lifetime }).await
}

#[derive(Serialize)]
struct Grants {
    grants: Vec<GrantJson>,
}

async fn of_file(Asker(subject): Asker, State(api): State<Api>, Segment(file): Segment) -> Result<Json<Grants>, Problem> {
    let grants = api.0.files.standing_grants(&subject, &Place::File(id(&file)?)).await?;
    Ok(Json(Grants { grants: grants.into_iter().map(GrantJson::from).collect() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    folder: String,
}

async fn of_folder(Asker(subject): Asker, State(api): State<Api>, Params(which): Params<Which>) -> Result<Json<Grants>, Problem> {
    let grants = api.0.files.standing_grants(&subject, &folder(&which.folder)?).await?;
    Ok(Json(Grants { grants: grants.into_iter().map(GrantJson::from).collect() }))
}

async fn end(Asker(subject): Asker, State(api): State<Api>, Segment(grant): Segment) -> Result<StatusCode, Problem> {
    api.0.files.end_grant(&subject, id(&grant)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `classification`")]
struct Classification {
    classification: String,
}

async fn classify(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Input(said): Input<Classification>,
) -> Result<StatusCode, Problem> {
    api.0.files.classify(&subject, id(&file)?, &said.classification).await?;
    Ok(StatusCode::NO_CONTENT)
}
