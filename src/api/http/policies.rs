//! The customer's own policies: checked, kept as numbered sets, compared, and put in force.

use axum::extract::State;
use axum::response::IntoResponse;
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
use crate::domain::{ErrorCode, FileId, Instant, Permission, Timestamp, UserId};
use crate::files::{DecisionChange, Evidence, Judged, MAX_POLICY_TEXTS, MatrixChange, PolicyDiff, PolicySet, Proposed, Turn};

/// Sets of one page.
const PAGE: u32 = 50;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/policies", get(list).post(draft))
        .route("/v1/policies/validate", post(validate))
        .route("/v1/policies/{set}", get(show))
        .route("/v1/policies/{set}/activate", post(activate))
        .route("/v1/policies/{set}/rollback", post(roll_back))
}

/// What takes as long as there are policies to ask for every role, action and kind of file.
pub(super) fn long_routes() -> Router<Api> {
    Router::new().route("/v1/policies/diff", post(compare))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let rule = r#"@id("quiet") forbid (principal is User, action == Action::"share", resource);"#;
    let texts = || json!({ "policies": [{ "name": "quiet.cedar", "text": rule }] });
    let one = "/v1/policies/{set}";
    vec![
        Operation::get("list_policies", "/v1/policies", "The customer's sets of policies, the newest first.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .query::<Page>()
            .gives::<Listed>(200),
        Operation::post("draft_policies", "/v1/policies", "Keeps policies as a set, which is not in force yet.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .body::<NewSet>()
            .example(texts())
            .gives::<Drafted>(201)
            .fails(&[ErrorCode::Conflict]),
        Operation::post("validate_policies", "/v1/policies/validate", "Checks policies, and keeps nothing.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .body::<Texts>()
            .example(texts())
            .gives::<Checked>(200),
        Operation::post("compare_policies", "/v1/policies/diff", "What would change if these were in force.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .body::<Compared>()
            .example(texts())
            .gives::<DiffJson>(200)
            .fails(&[ErrorCode::NotFound]),
        Operation::get("show_policies", one, "One set with its texts.", Takes::KeyOrCall).needs(Permission::Admin).gives::<SetJson>(200),
        Operation::post("activate_policies", format!("{one}/activate"), "Puts a set in force, on every server at once.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives_nothing()
            .fails(&[ErrorCode::Invalid, ErrorCode::Conflict]),
        Operation::post("roll_back_policies", format!("{one}/rollback"), "Puts a set in force again.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives_nothing()
            .fails(&[ErrorCode::Invalid, ErrorCode::Conflict]),
    ]
}

/// A text of policies; its name stands in what is said of its faults.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `name` and `text`")]
#[schemars(rename = "PolicyText")]
struct Text {
    name: String,
    #[schemars(extend("format" = "cedar"))]
    text: String,
}

impl From<Text> for (String, String) {
    fn from(text: Text) -> Self {
        (text.name, text.text)
    }
}

fn pairs(texts: Vec<Text>) -> Vec<(String, String)> {
    texts.into_iter().map(Into::into).collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `policies`")]
struct NewSet {
    #[schemars(length(max = MAX_POLICY_TEXTS))]
    policies: Vec<Text>,
    #[serde(default)]
    note: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DraftedPolicies")]
struct Drafted {
    number: u32,
}

async fn draft(Asker(subject): Asker, State(api): State<Api>, Input(new): Input<NewSet>) -> Result<impl IntoResponse, Problem> {
    let number = api.0.files.draft_policies(&subject, pairs(new.policies), &new.note).await?;
    Ok((StatusCode::CREATED, Json(Drafted { number })))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `policies`")]
struct Texts {
    #[schemars(length(max = MAX_POLICY_TEXTS))]
    policies: Vec<Text>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CheckedPolicies")]
struct Checked {
    valid: bool,
    /// The first fault, with text and line.
    fault: Option<String>,
}

async fn validate(Asker(subject): Asker, State(api): State<Api>, Input(texts): Input<Texts>) -> Result<Json<Checked>, Problem> {
    let fault = api.0.files.check_policies(&subject, pairs(texts.policies)).await?.map(|fault| fault.to_string());
    Ok(Json(Checked { valid: fault.is_none(), fault }))
}

/// Texts, or the number of a set that is kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `policies` or `number`")]
struct Compared {
    #[schemars(length(max = MAX_POLICY_TEXTS))]
    policies: Option<Vec<Text>>,
    number: Option<u32>,
}

async fn compare(Asker(subject): Asker, State(api): State<Api>, Input(compared): Input<Compared>) -> Result<Json<DiffJson>, Problem> {
    let proposed = match (compared.policies, compared.number) {
        (Some(texts), None) => Proposed::Texts(pairs(texts)),
        (None, Some(number)) => Proposed::Set(number),
        _ => return Err(Problem::invalid("either `policies` or `number` is needed")),
    };
    Ok(Json(api.0.files.compare_policies(&subject, proposed).await?.into()))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyDiff")]
struct DiffJson {
    /// The set in force; 0 for the built-in policies alone.
    active: u32,
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
    matrix: Vec<CellJson>,
    decisions: DecisionsJson,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MatrixChange")]
struct CellJson {
    who: String,
    on: String,
    action: String,
    before: char,
    after: char,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DecisionChanges")]
struct DecisionsJson {
    users: usize,
    files: usize,
    changed: usize,
    told: Vec<DecisionJson>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DecisionChange")]
struct DecisionJson {
    user: UserId,
    name: String,
    action: &'static str,
    file: FileId,
    title: String,
    before: JudgedJson,
    after: JudgedJson,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Judged")]
struct JudgedJson {
    permitted: bool,
    /// What must show that the caller agreed, where it is permitted.
    evidence: Option<&'static str>,
    policies: String,
}

impl From<Judged> for JudgedJson {
    fn from(judged: Judged) -> Self {
        let evidence = judged.permitted.map(Evidence::as_str);
        Self { permitted: evidence.is_some(), evidence, policies: judged.policies }
    }
}

impl From<PolicyDiff> for DiffJson {
    fn from(diff: PolicyDiff) -> Self {
        let PolicyDiff { active, added, removed, changed, matrix, decisions } = diff;
        let cell = |MatrixChange { who, on, action, before, after }| CellJson { who, on, action, before, after };
        let decision = |DecisionChange { user, name, action, file, title, before, after }| DecisionJson {
            user,
            name,
            action,
            file,
            title,
            before: before.into(),
            after: after.into(),
        };
        Self {
            active,
            added,
            removed,
            changed,
            matrix: matrix.into_iter().map(cell).collect(),
            decisions: DecisionsJson {
                users: decisions.users,
                files: decisions.files,
                changed: decisions.changed,
                told: decisions.told.into_iter().map(decision).collect(),
            },
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicySet")]
struct SetJson {
    number: u32,
    /// `active`, `draft` when it never was in force, else `retired`.
    state: &'static str,
    note: String,
    created_by: String,
    #[schemars(with = "Instant")]
    created_at: Timestamp,
    #[schemars(with = "Option<Instant>")]
    activated_at: Option<Timestamp>,
    policies: Vec<Text>,
}

impl SetJson {
    fn of(set: PolicySet, is_active: bool) -> Self {
        let state = match (is_active, set.activated_at) {
            (true, _) => "active",
            (false, None) => "draft",
            (false, Some(_)) => "retired",
        };
        Self {
            number: set.number,
            state,
            note: set.note,
            created_by: set.created_by,
            created_at: set.created_at,
            activated_at: set.activated_at,
            policies: set.texts.into_iter().map(|(name, text)| Text { name, text }).collect(),
        }
    }
}

async fn show(Asker(subject): Asker, State(api): State<Api>, Segment(number): Segment) -> Result<Json<SetJson>, Problem> {
    let (set, is_active) = api.0.files.policy_set(&subject, id(&number)?).await?;
    Ok(Json(SetJson::of(set, is_active)))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    before: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicySets")]
struct Listed {
    /// The set in force; 0 for the built-in policies alone.
    active: u32,
    sets: Vec<SetJson>,
    /// What to send as `before` for the next page; `null` on the last one.
    next: Option<u32>,
}

async fn list(Asker(subject): Asker, State(api): State<Api>, Params(page): Params<Page>) -> Result<Json<Listed>, Problem> {
    let found = api.0.files.policy_sets(&subject, page.before, PAGE).await?;
    let next = found.sets.last().filter(|last| found.sets.len() == PAGE as usize && last.number > 1).map(|last| last.number);
    let active = found.active;
    let sets = found.sets.into_iter().map(|set| {
        let is_active = set.number == active;
        SetJson::of(set, is_active)
    });
    Ok(Json(Listed { active, sets: sets.collect(), next }))
}

async fn activate(Asker(subject): Asker, State(api): State<Api>, Segment(number): Segment) -> Result<StatusCode, Problem> {
    api.0.files.activate_policies(&subject, id(&number)?, Turn::Forward).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn roll_back(Asker(subject): Asker, State(api): State<Api>, Segment(number): Segment) -> Result<StatusCode, Problem> {
    api.0.files.activate_policies(&subject, id(&number)?, Turn::Back).await?;
    Ok(StatusCode::NO_CONTENT)
}
