//! Imports: objects of a bucket that are adopted where they lie, and how far that is.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api::credential::Program;
use crate::api::input::{Input, Params, Segment, id, value};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Folder, ImportId, Instant, Permission, Timestamp};
use crate::files::{ImportNote, ImportRecord, ImportRequest, Sighting};

/// Notes of one page.
const PAGE: u32 = 500;
/// Longest key of S3, in bytes.
const MAX_KEY: usize = 1024;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/imports", post(begin)).route("/v1/imports/{import}", get(one)).route("/v1/imports/{import}/notes", get(notes))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("begin_import", "/v1/imports", "Adopts the objects of a bucket where they lie.", Takes::Key)
            .needs(Permission::Admin)
            .body::<NewImport>()
            .example(json!({ "bucket": "archive", "prefix": "2025/", "folder": "Archive/2025" }))
            .gives::<ImportJson>(202)
            .fails(&[ErrorCode::Conflict]),
        Operation::get("get_import", "/v1/imports/{import}", "How far an import is.", Takes::Key)
            .needs(Permission::Admin)
            .gives::<ImportJson>(200),
        Operation::get(
            "list_import_notes",
            "/v1/imports/{import}/notes",
            "What became of each object that was not simply adopted.",
            Takes::Key,
        )
        .needs(Permission::Admin)
        .query::<Page>()
        .gives::<Notes>(200),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `bucket` and `prefix`")]
struct NewImport {
    bucket: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    folder: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Import")]
struct ImportJson {
    import_id: ImportId,
    bucket: String,
    prefix: String,
    folder: String,
    /// `listing`, `comparing`, `done` or `failed`.
    state: &'static str,
    /// How many objects were `adopted`, `known`, `changed`, `refused`, `vanished`, `deleted`.
    seen: Map<String, Value>,
    /// Why it waits, or why it failed.
    error: Option<String>,
    #[schemars(with = "Instant")]
    created_at: Timestamp,
    #[schemars(with = "Option<Instant>")]
    ended_at: Option<Timestamp>,
}

impl From<ImportRecord> for ImportJson {
    fn from(import: ImportRecord) -> Self {
        let seen = Sighting::ALL.map(|sighting| (sighting.as_str().to_owned(), Value::from(import.seen.of(sighting))));
        Self {
            import_id: import.id,
            bucket: import.bucket,
            prefix: import.prefix,
            folder: import.folder.as_str().to_owned(),
            state: import.state.as_str(),
            seen: seen.into_iter().collect(),
            error: import.error,
            created_at: import.created_at,
            ended_at: import.ended_at,
        }
    }
}

async fn begin(
    Program { subject, .. }: Program,
    State(api): State<Api>,
    Input(new): Input<NewImport>,
) -> Result<impl IntoResponse, Problem> {
    if new.prefix.len() > MAX_KEY || new.prefix.contains(char::is_control) {
        return Err(Problem::invalid(format!("`prefix`: is at most {MAX_KEY} bytes of plain text")));
    }
    let folder = value("folder", Folder::parse(&new.folder))?;
    let import = api.0.files.begin_import(&subject, &ImportRequest { bucket: new.bucket, prefix: new.prefix, folder }).await?;
    Ok((StatusCode::ACCEPTED, Json(ImportJson::from(import))))
}

async fn one(Program { subject, .. }: Program, State(api): State<Api>, Segment(import): Segment) -> Result<Json<ImportJson>, Problem> {
    Ok(Json(api.0.files.import(&subject, id(&import)?).await?.into()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportNote")]
struct NoteJson {
    key: String,
    outcome: &'static str,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportNotes")]
struct Notes {
    notes: Vec<NoteJson>,
    /// What to send as `after` for the next page; `null` on the last one.
    next: Option<String>,
}

async fn notes(
    Program { subject, .. }: Program,
    State(api): State<Api>,
    Segment(import): Segment,
    Params(page): Params<Page>,
) -> Result<Json<Notes>, Problem> {
    let found = api.0.files.import_notes(&subject, id(&import)?, page.after.as_deref(), PAGE).await?;
    let next = found.last().filter(|_| found.len() == PAGE as usize).map(|last| last.name.clone());
    let json = |ImportNote { name, sighting, reason }| NoteJson { key: name, outcome: sighting.as_str(), reason };
    Ok(Json(Notes { notes: found.into_iter().map(json).collect(), next }))
}
