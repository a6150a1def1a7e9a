//! Holds: a stop to every removal of a file, and the list of what is held.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::credential::Asker;
use crate::api::input::{Input, Params, Segment, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, FileId, FileStatus, Instant, Permission, Timestamp};
use crate::files::HeldFile;

/// Holds of one page.
const PAGE: u32 = 200;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/holds", get(list)).route("/v1/files/{file}/hold", post(place).delete(lift))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("list_holds", "/v1/holds", "What is held.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .query::<Page>()
            .gives::<Holds>(200),
        Operation::post("place_hold", "/v1/files/{file}/hold", "Holds a file: nothing removes it.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .body::<Why>()
            .example(json!({ "reason": "a claim is pending" }))
            .gives::<HoldJson>(201)
            .fails(&[ErrorCode::Conflict]),
        Operation::delete("lift_hold", "/v1/files/{file}/hold", "Lifts a hold.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .query::<Why>()
            .gives_nothing()
            .fails(&[ErrorCode::Conflict]),
    ]
}

/// Why; the words go on the audit trail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `reason`")]
struct Why {
    reason: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Hold")]
struct HoldJson {
    file: FileId,
    title: String,
    status: FileStatus,
    reason: String,
    placed_by: String,
    #[schemars(with = "Instant")]
    placed_at: Timestamp,
}

impl From<HeldFile> for HoldJson {
    fn from(held: HeldFile) -> Self {
        let HeldFile { file, title, status, reason, by, since } = held;
        Self { file, title, status, reason, placed_by: by, placed_at: since }
    }
}

async fn place(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Input(why): Input<Why>,
) -> Result<(StatusCode, Json<HoldJson>), Problem> {
    let held = api.0.files.hold(&subject, id(&file)?, &why.reason).await?;
    Ok((StatusCode::CREATED, Json(held.into())))
}

async fn lift(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Params(why): Params<Why>,
) -> Result<StatusCode, Problem> {
    api.0.files.lift_hold(&subject, id(&file)?, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    #[schemars(with = "Option<FileId>")]
    after: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Holds {
    holds: Vec<HoldJson>,
    /// What to send as `after` for the next page; `null` on the last one.
    next: Option<FileId>,
}

async fn list(Asker(subject): Asker, State(api): State<Api>, Params(page): Params<Page>) -> Result<Json<Holds>, Problem> {
    let after = page.after.as_deref().filter(|text| !text.is_empty()).map(FileId::parse).transpose();
    let after = after.map_err(|_| Problem::invalid("`after`: is the `next` of the page before"))?;
    let held = api.0.files.held(&subject, after, PAGE).await?;
    let next = held.last().filter(|_| held.len() == PAGE as usize).map(|last| last.file);
    Ok(Json(Holds { holds: held.into_iter().map(HoldJson::from).collect(), next }))
}
