//! What happened, whether its record is whole, and what is under way.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::credential::{Asker, Auditor};
use crate::api::input::{Params, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{CustomerId, Instant, Origin, Permission, Timestamp};
use crate::files::{AuditFilter, AuditPage, AuditReader, AuditRecord, ChainReport, Subject};

const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/audit", get(records))
        .route("/v1/audit/verify", get(verify))
        .route("/v1/audit/checkpoints", get(checkpoints))
        .route("/v1/audit/key", get(key))
        .route("/v1/progress", get(progress))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let page = |id, path, says| Operation::get(id, path, says, Takes::Any).needs(Permission::Admin);
    vec![
        page("list_audit_records", "/v1/audit", "The audit trail, oldest first.").query::<Search>().gives::<Records>(200),
        page("verify_audit", "/v1/audit/verify", "Checks the audit trail.").gives::<Verified>(200),
        page("list_audit_checkpoints", "/v1/audit/checkpoints", "The signed checkpoints of a trail.")
            .query::<CheckpointQuery>()
            .gives::<CheckpointList>(200),
        Operation::get("audit_key", "/v1/audit/key", "What checks the signatures of checkpoints.", Takes::Any).gives::<KeyJson>(200),
        Operation::get("progress", "/v1/progress", "How much of the customer's is still being looked at.", Takes::KeyOrCall)
            .gives::<Progress>(200),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    after: Option<u64>,
    limit: Option<u32>,
    /// Whose records, for the operator.
    customer: Option<String>,
    /// Records that have exactly this there.
    actor: Option<String>,
    action: Option<String>,
    object: Option<String>,
    call: Option<String>,
    outcome: Option<String>,
    /// From this instant on.
    #[schemars(with = "Option<Instant>")]
    since: Option<Timestamp>,
    /// Before this instant.
    #[schemars(with = "Option<Instant>")]
    until: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
struct Records {
    records: Vec<AuditRecord>,
    /// What to send as `after` for the next page; `null` when there is nothing more now.
    next: Option<u64>,
}

/// Whose trail: the asker's own, or for the operator the customer that is named.
enum Trail {
    Own(Box<Subject>),
    Of(CustomerId, Origin),
}

impl Trail {
    const fn reader(&self) -> AuditReader<'_> {
        match self {
            Self::Own(subject) => AuditReader::Own(subject),
            Self::Of(customer, origin) => AuditReader::Operator(*customer, origin),
        }
    }
}

fn trail(auditor: Auditor, customer: Option<&str>) -> Result<Trail, Problem> {
    match (auditor, customer) {
        (Auditor::Asker(subject), None) => Ok(Trail::Own(subject)),
        (Auditor::Asker(_), Some(_)) => Err(Problem::invalid("`customer`: is for the operator; a key reads its own records")),
        (Auditor::Operator(origin), Some(customer)) => Ok(Trail::Of(id(customer)?, origin)),
        (Auditor::Operator(_), None) => Err(Problem::invalid("`customer`: is needed; say whose records")),
    }
}

fn page(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::invalid(format!("`limit`: is a number from 1 to {MAX_PAGE}")));
    }
    Ok(limit)
}

async fn records(auditor: Auditor, State(api): State<Api>, Params(search): Params<Search>) -> Result<Json<Records>, Problem> {
    let (after, limit) = (search.after.unwrap_or(0), page(search.limit)?);
    let trail = trail(auditor, search.customer.as_deref())?;
    let Search { actor, action, object, call, outcome, since, until, .. } = search;
    let filter = AuditFilter { actor, action, object, call, outcome, since, until };
    let AuditPage { records, next } = api.0.files.audit_page(trail.reader(), &filter, after, limit).await?;
    Ok(Json(Records { records, next }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CheckpointQuery {
    /// After the checkpoint for so many records.
    after: Option<u64>,
    limit: Option<u32>,
    /// Whose chain, for the operator.
    customer: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct CheckpointList {
    /// What checks the signatures: the key of a signed note.
    verifier: String,
    checkpoints: Vec<CheckpointJson>,
    /// What to send as `after` for the next page; `null` when there is nothing more now.
    next: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
struct CheckpointJson {
    /// Records it speaks for.
    size: u64,
    /// The signed note.
    note: String,
}

async fn checkpoints(
    auditor: Auditor,
    State(api): State<Api>,
    Params(query): Params<CheckpointQuery>,
) -> Result<Json<CheckpointList>, Problem> {
    let (after, limit) = (query.after.unwrap_or(0), page(query.limit)?);
    let trail = trail(auditor, query.customer.as_deref())?;
    let notes = api.0.files.audit_checkpoints(trail.reader(), after, limit).await?;
    let next = if notes.len() == limit as usize { notes.last().map(|(size, _)| *size) } else { None };
    let checkpoints = notes.into_iter().map(|(size, note)| CheckpointJson { size, note }).collect();
    Ok(Json(CheckpointList { verifier: api.0.files.checkpoint_verifier()?.to_string(), checkpoints, next }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditKey")]
struct KeyJson {
    /// What checks the signatures of checkpoints: the key of a signed note.
    verifier: String,
}

async fn key(_: Auditor, State(api): State<Api>) -> Result<Json<KeyJson>, Problem> {
    Ok(Json(KeyJson { verifier: api.0.files.checkpoint_verifier()?.to_string() }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditReport")]
struct Verified {
    /// Whether every chain is whole.
    intact: bool,
    chains: Vec<ChainReport>,
}

async fn verify(auditor: Auditor, State(api): State<Api>) -> Result<Json<Verified>, Problem> {
    let chains = match auditor {
        Auditor::Operator(origin) => api.0.files.verify_all_audits(&origin).await?,
        Auditor::Asker(subject) => vec![api.0.files.verify_audit(&subject).await?],
    };
    Ok(Json(Verified { intact: chains.iter().all(|chain| chain.fault.is_none()), chains }))
}

#[derive(Serialize, JsonSchema)]
struct Progress {
    open_jobs: u64,
}

async fn progress(Asker(subject): Asker, State(api): State<Api>) -> Result<Json<Progress>, Problem> {
    Ok(Json(Progress { open_jobs: api.0.files.open_jobs(subject.customer()).await? }))
}
