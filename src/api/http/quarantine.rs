//! Quarantine: what lies there, and how two people let it out.

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
use crate::domain::{Cursor, ErrorCode, FileId, FileStatus, Instant, Permission, Timestamp, Words};
use crate::files::{InQuarantine, Release, ReleaseDays};

/// Files of one page.
const PAGE: u32 = 100;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/quarantine", get(list))
        .route("/v1/quarantine/{file}", get(describe).delete(delete))
        .route("/v1/quarantine/{file}/release", post(propose).delete(withdraw))
        .route("/v1/quarantine/{file}/release/confirm", post(confirm))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let conflict = &[ErrorCode::Conflict];
    vec![
        Operation::get("list_quarantine", "/v1/quarantine", "What lies in quarantine.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .query::<Page>()
            .gives::<Quarantine>(200),
        Operation::get("describe_quarantined", "/v1/quarantine/{file}", "Why a file lies in quarantine.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives::<Quarantined>(200)
            .fails(conflict),
        Operation::delete("delete_quarantined", "/v1/quarantine/{file}", "Removes a file from quarantine.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .query::<Why>()
            .gives_nothing()
            .fails(conflict),
        Operation::post(
            "propose_release",
            "/v1/quarantine/{file}/release",
            "Proposes that the bytes of a file are a false alarm; another person confirms it.",
            Takes::KeyOrCall,
        )
        .needs(Permission::Admin)
        .body::<Proposal>()
        .example(json!({ "reason": "our own installer, checked by hand", "days": 30 }))
        .gives::<Quarantined>(201)
        .fails(conflict),
        Operation::post(
            "confirm_release",
            "/v1/quarantine/{file}/release/confirm",
            "Confirms a release that another person proposed: its bytes are judged again, and pass.",
            Takes::KeyOrCall,
        )
        .needs(Permission::Admin)
        .body::<Why>()
        .example(json!({ "reason": "the vendor says so too" }))
        .gives::<Quarantined>(200)
        .fails(conflict),
        Operation::delete("withdraw_release", "/v1/quarantine/{file}/release", "Takes a release back.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .query::<Why>()
            .gives_nothing()
            .fails(conflict),
    ]
}

/// Why; the words go on the audit trail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `reason`")]
#[schemars(rename = "WhyRelease")]
struct Why {
    #[schemars(with = "Words")]
    reason: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `reason`")]
#[schemars(rename = "ReleaseProposal")]
struct Proposal {
    #[schemars(with = "Words")]
    reason: String,
    /// For how many days the bytes may be read; 90 when unset.
    #[schemars(range(min = 1, max = 365))]
    days: Option<u16>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QuarantinedFile")]
struct Quarantined {
    file: FileId,
    name: String,
    title: String,
    status: FileStatus,
    size_bytes: u64,
    /// SHA-256 of the bytes.
    sha256: String,
    /// Who judged; `null` for a file that is out by a release.
    engine: Option<String>,
    /// What was found.
    findings: Vec<String>,
    #[schemars(with = "Option<Instant>")]
    judged_at: Option<Timestamp>,
    release: Option<ReleaseJson>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Release")]
struct ReleaseJson {
    /// Both have said so, and the bytes may be read.
    in_force: bool,
    proposed_by: String,
    reason: String,
    #[schemars(with = "Instant")]
    proposed_at: Timestamp,
    confirmed_by: Option<String>,
    confirmed_reason: Option<String>,
    #[schemars(with = "Option<Instant>")]
    confirmed_at: Option<Timestamp>,
    /// When it is over, and the bytes are judged again.
    #[schemars(with = "Instant")]
    expires_at: Timestamp,
}

impl From<Release> for ReleaseJson {
    fn from(release: Release) -> Self {
        let Release { proposed_by, reason, proposed_at, expires_at, confirmed, .. } = release;
        let in_force = confirmed.is_some();
        let (confirmed_by, confirmed_reason, confirmed_at) = match confirmed {
            Some((by, why, at)) => (Some(by), Some(why), Some(at)),
            None => (None, None, None),
        };
        Self { in_force, proposed_by, reason, proposed_at, confirmed_by, confirmed_reason, confirmed_at, expires_at }
    }
}

impl From<InQuarantine> for Quarantined {
    fn from(of: InQuarantine) -> Self {
        let InQuarantine { view, found, release } = of;
        let (engine, findings, judged_at) = match found {
            Some(found) => (Some(found.engine), found.findings, found.judged_at),
            None => (None, Vec::new(), None),
        };
        Self {
            file: view.file.id,
            sha256: view.file.checksum.hex(),
            name: view.file.name.as_str().to_owned(),
            title: view.file.title,
            status: view.file.status,
            size_bytes: view.file.size,
            engine,
            findings,
            judged_at,
            release: release.map(ReleaseJson::from),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "QuarantinePage")]
struct Page {
    #[schemars(with = "Option<Cursor>")]
    after: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Quarantine {
    files: Vec<Quarantined>,
    /// What to send as `after` for the next page; `null` on the last one.
    next: Option<String>,
}

async fn list(Asker(subject): Asker, State(api): State<Api>, Params(page): Params<Page>) -> Result<Json<Quarantine>, Problem> {
    let after = page.after.as_deref().filter(|text| !text.is_empty());
    let (files, next) = api.0.files.quarantine(&subject, after, PAGE).await?;
    Ok(Json(Quarantine { files: files.into_iter().map(Quarantined::from).collect(), next }))
}

async fn describe(Asker(subject): Asker, State(api): State<Api>, Segment(file): Segment) -> Result<Json<Quarantined>, Problem> {
    Ok(Json(api.0.files.in_quarantine(&subject, id(&file)?).await?.into()))
}

async fn delete(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Params(why): Params<Why>,
) -> Result<StatusCode, Problem> {
    api.0.files.delete_quarantined(&subject, id(&file)?, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn propose(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Input(proposal): Input<Proposal>,
) -> Result<(StatusCode, Json<Quarantined>), Problem> {
    let days = proposal.days.map_or(Some(ReleaseDays::USUAL), ReleaseDays::new);
    let days = days.ok_or_else(|| Problem::invalid(format!("`days`: is a number from 1 to {}", ReleaseDays::MAX)))?;
    let proposed = api.0.files.propose_release(&subject, id(&file)?, &proposal.reason, days).await?;
    Ok((StatusCode::CREATED, Json(proposed.into())))
}

async fn confirm(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Input(why): Input<Why>,
) -> Result<Json<Quarantined>, Problem> {
    Ok(Json(api.0.files.confirm_release(&subject, id(&file)?, &why.reason).await?.into()))
}

async fn withdraw(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Params(why): Params<Why>,
) -> Result<StatusCode, Problem> {
    api.0.files.withdraw_release(&subject, id(&file)?, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
