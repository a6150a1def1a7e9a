//! What happened, whether its record is whole, what was sent, and what is under way.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::api::credential::{Asker, Auditor, Program};
use crate::api::input::{Params, id};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::files::{AuditRecord, ChainReport, OutboxLine};

const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/audit", get(records))
        .route("/v1/audit/verify", get(verify))
        .route("/v1/outbox", get(outbox))
        .route("/v1/progress", get(progress))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<u64>,
    limit: Option<u32>,
    /// Whose records, for the operator.
    customer: Option<String>,
}

#[derive(Serialize)]
struct Records {
    records: Vec<AuditRecord>,
    /// What to send as `after` for the next page; `null` when there is nothing more now.
    next: Option<u64>,
}

async fn records(auditor: Auditor, State(api): State<Api>, Params(page): Params<Page>) -> Result<Json<Records>, Problem> {
    let after = page.after.unwrap_or(0);
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::invalid(format!("`limit`: is a number from 1 to {MAX_PAGE}")));
    }
    let mut records = match (auditor, page.customer) {
        (Auditor::Asker(subject), None) => api.0.files.audit_page(&subject, after, limit).await?,
        (Auditor::Asker(_), Some(_)) => return Err(Problem::invalid("`customer`: is for the operator; a key reads its own records")),
        (Auditor::Operator, Some(customer)) => api.0.files.audit_export(id(&customer)?, after).await?,
        (Auditor::Operator, None) => return Err(Problem::invalid("`customer`: is needed; say whose records")),
    };
    records.truncate(limit as usize);
    let next = if records.len() == limit as usize { records.last().map(|record| record.seq) } else { None };
    Ok(Json(Records { records, next }))
}

#[derive(Serialize)]
struct Verified {
    /// Whether every chain is whole.
    intact: bool,
    chains: Vec<ChainReport>,
}

async fn verify(auditor: Auditor, State(api): State<Api>) -> Result<Json<Verified>, Problem> {
    let chains = match auditor {
        Auditor::Operator => api.0.files.verify_all_audits().await?,
        Auditor::Asker(subject) => vec![api.0.files.verify_audit(&subject).await?],
    };
    Ok(Json(Verified { intact: chains.iter().all(|chain| chain.fault.is_none()), chains }))
}

#[derive(Serialize)]
struct Outbox {
    messages: Vec<OutboxLine>,
}

async fn outbox(Program { subject, .. }: Program, State(api): State<Api>) -> Result<Json<Outbox>, Problem> {
    Ok(Json(Outbox { messages: api.0.files.outbox(&subject).await? }))
}

#[derive(Serialize)]
struct Progress {
    open_jobs: u64,
}

async fn progress(Asker(subject): Asker, State(api): State<Api>) -> Result<Json<Progress>, Problem> {
    Ok(Json(Progress { open_jobs: api.0.files.open_jobs(subject.customer()).await? }))
}
