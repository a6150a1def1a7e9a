//! Shares: what was given to whom, and taking it back.

use axum::extract::State;
use axum::routing::{delete, get};
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::credential::Asker;
use crate::api::input::{Params, Segment, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{CallId, Edition, FileId, Instant, LinkId, Permission, PersonId, Rights, ShareId, Timestamp};
use crate::files::{GivenShare, ShareFilter};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/shares", get(list).delete(end_all))
        .route("/v1/shares/{share}", delete(end))
        .route("/v1/files/{file}/shares", get(of_file))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("list_shares", "/v1/shares", "What was shared with whom, newest first.", Takes::KeyOrCall)
            .needs(Permission::Read)
            .query::<Wanted>()
            .gives::<Shares>(200),
        Operation::delete("end_shares", "/v1/shares", "Takes back all shares of a file, to a person, or both.", Takes::KeyOrCall)
            .needs(Permission::Share)
            .query::<Which>()
            .gives::<Ended>(200),
        Operation::delete("end_share", "/v1/shares/{share}", "Takes back one share.", Takes::KeyOrCall)
            .needs(Permission::Share)
            .gives_nothing(),
        Operation::get("list_shares_of_file", "/v1/files/{file}/shares", "What was shared of a file, newest first.", Takes::KeyOrCall)
            .needs(Permission::Read)
            .gives::<SharesOfFile>(200),
    ]
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Share")]
struct ShareJson {
    id: ShareId,
    file: FileId,
    title: String,
    /// `null` for whoever has the link.
    recipient: Option<PersonId>,
    recipient_name: String,
    rights: Rights,
    version: u32,
    edition: Edition,
    /// The user, key or call it was given by.
    given_by: String,
    call: Option<CallId>,
    #[schemars(with = "Instant")]
    created_at: Timestamp,
    #[schemars(with = "Instant")]
    expires_at: Timestamp,
    #[schemars(with = "Option<Instant>")]
    revoked_at: Option<Timestamp>,
    revoked_by: Option<String>,
    link: LinkId,
    /// How often its file was handed out by its link.
    downloads: u64,
    /// How often it may be; `null` for as often as wanted.
    most_downloads: Option<u32>,
}

impl From<GivenShare> for ShareJson {
    fn from(given: GivenShare) -> Self {
        let GivenShare { share, file, recipient } = given;
        let (revoked_at, revoked_by) = share.revoked.map_or((None, None), |revoked| (Some(revoked.at), revoked.by));
        Self {
            id: share.id,
            file: share.file,
            title: file.title,
            recipient: Some(recipient.id).filter(|id| *id != PersonId::anyone(file.customer)),
            recipient_name: recipient.name,
            rights: share.rights,
            version: share.version,
            edition: share.edition,
            given_by: share.created_by,
            call: share.call,
            created_at: share.created_at,
            expires_at: share.expires_at,
            revoked_at,
            revoked_by,
            link: share.link,
            downloads: share.downloads,
            most_downloads: share.most_downloads,
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Shares {
    shares: Vec<ShareJson>,
    /// What to send as `after` for the next page; `null` on the last one.
    next: Option<ShareId>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    file: Option<FileId>,
    recipient: Option<PersonId>,
    /// Only those that are neither expired nor taken back.
    #[serde(default)]
    living: bool,
    after: Option<ShareId>,
}

async fn list(Asker(subject): Asker, State(api): State<Api>, Params(wanted): Params<Wanted>) -> Result<Json<Shares>, Problem> {
    let Wanted { file, recipient, living, after } = wanted;
    let filter = ShareFilter { file, recipient, living, before: after, ..ShareFilter::default() };
    let (shares, next) = api.0.files.shares(&subject, &filter).await?;
    Ok(Json(Shares { shares: shares.into_iter().map(ShareJson::from).collect(), next }))
}

#[derive(Serialize, JsonSchema)]
struct SharesOfFile {
    shares: Vec<ShareJson>,
}

async fn of_file(Asker(subject): Asker, State(api): State<Api>, Segment(file): Segment) -> Result<Json<SharesOfFile>, Problem> {
    let shares = api.0.files.shares_of_file(&subject, id(&file)?).await?;
    Ok(Json(SharesOfFile { shares: shares.into_iter().map(ShareJson::from).collect() }))
}

async fn end(Asker(subject): Asker, State(api): State<Api>, Segment(share): Segment) -> Result<StatusCode, Problem> {
    api.0.files.end_share(&subject, id(&share)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    file: Option<FileId>,
    recipient: Option<PersonId>,
}

#[derive(Serialize, JsonSchema)]
struct Ended {
    /// Shares that this request ended.
    ended: Vec<ShareId>,
}

async fn end_all(Asker(subject): Asker, State(api): State<Api>, Params(which): Params<Which>) -> Result<Json<Ended>, Problem> {
    let ended = api.0.files.end_shares_of(&subject, which.file, which.recipient).await?;
    Ok(Json(Ended { ended }))
}
