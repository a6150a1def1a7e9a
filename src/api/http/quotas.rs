//! How much a customer may have, for the operator.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::credential::Operator;
use crate::api::input::{Input, Segment, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::files::{Quota, Usage};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/customers/{customer}/quota", get(read).put(set))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("read_quota", "/v1/customers/{customer}/quota", "How much a customer may have, and has.", Takes::Operator)
            .gives::<QuotaJson>(200),
        Operation::put("set_quota", "/v1/customers/{customer}/quota", "Sets how much a customer may have.", Takes::Operator)
            .body::<NewQuota>()
            .example(json!({ "files": 100_000, "bytes": 1_000_000_000_000_u64 }))
            .gives::<QuotaJson>(200),
    ]
}

/// Numbers that databases keep.
const MOST: u64 = i64::MAX.unsigned_abs();

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `files` and `bytes`")]
struct NewQuota {
    /// Files that are not deleted; `null` for as many as it likes.
    #[schemars(range(max = i64::MAX))]
    files: Option<u64>,
    /// Bytes of all their versions; `null` for as many as it likes.
    #[schemars(range(max = i64::MAX))]
    bytes: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Quota")]
struct QuotaJson {
    quota: Most,
    used: Used,
}

/// How much it may have; `null` is as much as it likes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QuotaAllowed")]
struct Most {
    files: Option<u64>,
    bytes: Option<u64>,
}

/// How much it has.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QuotaUsed")]
struct Used {
    files: u64,
    bytes: u64,
}

impl From<(Quota, Usage)> for QuotaJson {
    fn from((quota, used): (Quota, Usage)) -> Self {
        Self { quota: Most { files: quota.files, bytes: quota.bytes }, used: Used { files: used.files, bytes: used.bytes } }
    }
}

async fn read(Operator(origin): Operator, State(api): State<Api>, Segment(customer): Segment) -> Result<Json<QuotaJson>, Problem> {
    Ok(Json(api.0.files.quota(id(&customer)?, &origin).await?.into()))
}

async fn set(
    Operator(origin): Operator,
    State(api): State<Api>,
    Segment(customer): Segment,
    Input(new): Input<NewQuota>,
) -> Result<Json<QuotaJson>, Problem> {
    let customer = id(&customer)?;
    for (field, value) in [("files", new.files), ("bytes", new.bytes)] {
        if value.is_some_and(|value| value > MOST) {
            return Err(Problem::invalid(format!("`{field}`: is at most {MOST}; leave it out for as many as it likes")));
        }
    }
    let quota = Quota { files: new.files, bytes: new.bytes };
    Ok(Json(api.0.files.set_quota(customer, quota, &origin).await?.into()))
}
