//! Standing rights of users and teams on files and folders.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::credential::Asker;
use crate::api::input::{Input, Params, Segment, id, value};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, FileId, Folder, GrantId, Instant, Level, Lifetime, Member, Permission, PersonId, Timestamp};
use crate::files::{GrantRecord, GrantRequest, Granted, Place, Subject};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/files/{file}/grants", get(of_file).post(on_file))
        .route("/v1/folders/grants", get(of_folder).post(on_folder))
        .route("/v1/grants/{grant}", delete(end))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let to = "user_01h455vb4pex5vsknk084sn02q";
    vec![
        Operation::get("list_file_grants", "/v1/files/{file}/grants", "The standing rights of a file.", Takes::KeyOrCall)
            .needs(Permission::Share)
            .gives::<Grants>(200),
        Operation::post("grant_file", "/v1/files/{file}/grants", "Gives a user or a team a standing right on a file.", Takes::KeyOrCall)
            .needs(Permission::Share)
            .body::<OnFile>()
            .example(json!({ "to": to, "level": "viewer", "lifetime_seconds": 86_400 }))
            .gives::<GrantJson>(201)
            .gives::<Owned>(200)
            .fails(&[ErrorCode::Conflict]),
        Operation::get("list_folder_grants", "/v1/folders/grants", "The standing rights of a folder.", Takes::KeyOrCall)
            .needs(Permission::Share)
            .query::<Which>()
            .gives::<Grants>(200),
        Operation::post(
            "grant_folder",
            "/v1/folders/grants",
            "Gives a user or a team a standing right on all in a folder.",
            Takes::KeyOrCall,
        )
        .needs(Permission::Share)
        .body::<OnFolder>()
        .example(json!({ "folder": "legal/2026", "to": to, "level": "editor" }))
        .gives::<GrantJson>(201)
        .fails(&[ErrorCode::Conflict]),
        Operation::delete("end_grant", "/v1/grants/{grant}", "Ends a standing right.", Takes::KeyOrCall)
            .needs(Permission::Share)
            .gives_nothing()
            .fails(&[ErrorCode::Conflict]),
    ]
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Grant")]
struct GrantJson {
    id: GrantId,
    file: Option<FileId>,
    #[schemars(with = "Option<String>")]
    folder: Option<Folder>,
    to: PersonId,
    level: Level,
    granted_by: String,
    #[schemars(with = "Instant")]
    created_at: Timestamp,
    /// `null` until it is ended.
    #[schemars(with = "Option<Instant>")]
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
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `to` and `level`")]
#[schemars(extend("anyOf" = [Self::shared(), Self::owned()]))]
struct OnFile {
    #[schemars(with = "Member")]
    to: PersonId,
    level: Level,
    #[schemars(range(min = Lifetime::MIN_SECONDS, max = Lifetime::MAX_SECONDS))]
    lifetime_seconds: Option<i64>,
}

impl OnFile {
    /// Of levels below the owner's there may be many, for users and teams, and for a time.
    fn shared() -> Value {
        let levels: Vec<&str> = Level::ALL.into_iter().filter(|level| *level != Level::Owner).map(Level::as_str).collect();
        json!({ "properties": { "level": { "enum": levels } } })
    }

    /// A file has one owner, a user, for good.
    fn owned() -> Value {
        json!({ "properties": { "to": { "pattern": "^user_" }, "lifetime_seconds": { "type": "null" } } })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `folder`, `to` and `level`")]
struct OnFolder {
    #[schemars(extend("format" = "folder"))]
    folder: String,
    #[schemars(with = "Member")]
    to: PersonId,
    level: Level,
    #[schemars(range(min = Lifetime::MIN_SECONDS, max = Lifetime::MAX_SECONDS))]
    lifetime_seconds: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
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

#[derive(Serialize, JsonSchema)]
struct Grants {
    grants: Vec<GrantJson>,
}

async fn of_file(Asker(subject): Asker, State(api): State<Api>, Segment(file): Segment) -> Result<Json<Grants>, Problem> {
    let grants = api.0.files.standing_grants(&subject, &Place::File(id(&file)?)).await?;
    Ok(Json(Grants { grants: grants.into_iter().map(GrantJson::from).collect() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    #[schemars(extend("format" = "folder"))]
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
