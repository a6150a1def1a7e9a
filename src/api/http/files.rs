//! Files as programs and callers list, read and remove them.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file_json::{FileJson, VersionContentJson, VersionJson};
use crate::api::attachment::attached;
use crate::api::credential::Asker;
use crate::api::input::{Params, Segment, Segments, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Permission};
use crate::files::Handout;

/// What is said of bytes that have no address of their own.
const NO_ADDRESS: &str = "this file lies in somebody else's bucket that keeps no versions: its bytes have no address that would stay \
                          right; leave `redirect=false` out, and they come from here";

/// Files of one page when nobody says otherwise, and at most.
const PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/files", get(list))
        .route("/v1/files/{file}", get(one).delete(remove))
        .route("/v1/files/{file}/versions", get(versions))
        .route("/v1/files/{file}/versions/{version}/restore", post(restore))
        .route("/v1/files/{file}/content", get(content))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let one = |path: &str| format!("/v1/files/{{file}}{path}");
    vec![
        Operation::get("list_files", "/v1/files", "Files, newest first.", Takes::KeyOrCall)
            .needs(Permission::Read)
            .query::<Page>()
            .gives::<Listed>(200),
        Operation::get("get_file", one(""), "One file.", Takes::KeyOrCall).needs(Permission::Read).gives::<FileJson>(200),
        Operation::delete("remove_file", one(""), "Removes a file.", Takes::KeyOrCall)
            .needs(Permission::Write)
            .gives_nothing()
            .fails(&[ErrorCode::Conflict, ErrorCode::Held]),
        Operation::get("list_versions", one("/versions"), "The versions of a file, newest first.", Takes::KeyOrCall)
            .needs(Permission::Read)
            .gives::<Versions>(200),
        Operation::post("restore_version", one("/versions/{version}/restore"), "Makes an old version the present one.", Takes::KeyOrCall)
            .needs(Permission::Write)
            .gives::<FileJson>(201)
            .fails(&[ErrorCode::Conflict]),
        Operation::get("get_content", one("/content"), "The bytes of a file, where they lie, or their address.", Takes::KeyOrCall)
            .needs(Permission::Read)
            .query::<Wanted>()
            .redirects(302)
            .gives::<Content>(200)
            .gives_bytes()
            .fails(&[ErrorCode::Conflict]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct Listed {
    files: Vec<FileJson>,
    /// What to send as `after` for the next page; `null` on the last one.
    next: Option<String>,
}

async fn list(Asker(subject): Asker, State(api): State<Api>, Params(page): Params<Page>) -> Result<Json<Listed>, Problem> {
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::invalid(format!("`limit`: is a number from 1 to {MAX_PAGE}")));
    }
    let after = page.after.as_deref().filter(|text| !text.is_empty());
    let (views, next) = api.0.files.list_files(&subject, after, limit).await?;
    Ok(Json(Listed { files: views.into_iter().map(FileJson::from).collect(), next }))
}

async fn one(Asker(subject): Asker, State(api): State<Api>, Segment(file): Segment) -> Result<Json<FileJson>, Problem> {
    Ok(Json(FileJson::from(api.0.files.metadata(&subject, id(&file)?).await?)))
}

#[derive(Serialize, JsonSchema)]
struct Versions {
    versions: Vec<VersionJson>,
}

async fn versions(Asker(subject): Asker, State(api): State<Api>, Segment(file): Segment) -> Result<Json<Versions>, Problem> {
    let found = api.0.files.versions(&subject, id(&file)?).await?;
    Ok(Json(Versions { versions: found.into_iter().map(VersionJson::from).collect() }))
}

/// What is told with `redirect=false`: the file, or with `version` that version, and the address.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "what a schema is made of; the two are answered as they are")]
enum Content {
    File(Box<FileJson>),
    Version(VersionContentJson),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default = "yes")]
    redirect: bool,
    /// The present one when left out.
    version: Option<u32>,
}

const fn yes() -> bool {
    true
}

async fn content(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    let (files, now) = (&api.0.files, api.0.files.now());
    let (given, described): (_, Box<dyn FnOnce(String) -> Response + Send>) = if let Some(version) = wanted.version {
        let (version, given) = files.version_content(&subject, id(&file)?, version).await?;
        (given, Box::new(move |url| Json(VersionContentJson::new(&version, url, now)).into_response()))
    } else {
        let (view, given) = files.content(&subject, id(&file)?).await?;
        (given, Box::new(move |url| Json(FileJson::from(view).with_url(url, now)).into_response()))
    };
    let mut response = match given {
        Handout::Url(url) if wanted.redirect => {
            let location = HeaderValue::from_str(&url).map_err(|_| Problem::internal())?;
            (StatusCode::FOUND, [(LOCATION, location)]).into_response()
        }
        Handout::Url(url) => described(url),
        Handout::Bytes(bytes) if wanted.redirect => attached(*bytes)?,
        Handout::Bytes(_) => return Err(Problem::new(ErrorCode::Conflict, NO_ADDRESS)),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

async fn restore(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segments(file, version): Segments,
) -> Result<(StatusCode, Json<FileJson>), Problem> {
    // What is no number names no version.
    let version = version.parse().unwrap_or(0);
    let view = api.0.files.restore(&subject, id(&file)?, version).await?;
    Ok((StatusCode::CREATED, Json(FileJson::from(view))))
}

async fn remove(Asker(subject): Asker, State(api): State<Api>, Segment(file): Segment) -> Result<StatusCode, Problem> {
    api.0.files.remove(&subject, id(&file)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
