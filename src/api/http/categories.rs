//! By which word files are sorted: what people say, the customer's own categories, and looking again by rules that changed.

use axum::extract::State;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::credential::Asker;
use crate::api::input::{Input, Segment, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Instant, OwnRule, OwnTopic, Permission, Sought, Timestamp, Topic};
use crate::files::{OwnTopicRecord, Reread, RereadRecord, Subject};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/files/{file}/category", put(categorise))
        .route("/v1/categories", get(categories))
        .route("/v1/categories/own", put(set_category))
        .route("/v1/categories/own/{category}", delete(remove_category))
        .route("/v1/categories/reread", post(sort_again).get(sorted_again))
        .route("/v1/dlp/reread", post(look_again).get(looked_again))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::put("categorise_file", "/v1/files/{file}/category", "Says which category a file has.", Takes::KeyOrCall)
            .needs(Permission::Write)
            .body::<NewCategory>()
            .example(json!({ "category": "contracts" }))
            .gives_nothing(),
        Operation::get("list_categories", "/v1/categories", "The categories there are, and the customer's own.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives::<CategoriesJson>(200),
        Operation::put(
            "set_category",
            "/v1/categories/own",
            "Keeps a category of the customer's own, in place of the one of its name.",
            Takes::KeyOrCall,
        )
        .needs(Permission::Admin)
        .body::<NewOwnCategory>()
        .example(json!({ "name": "lab results", "words": ["haemoglobin", "reference range"] }))
        .gives::<CategoryJson>(200)
        .fails(&[ErrorCode::Conflict]),
        Operation::delete(
            "remove_category",
            "/v1/categories/own/{category}",
            "Takes a category of the customer's own away.",
            Takes::KeyOrCall,
        )
        .needs(Permission::Admin)
        .gives_nothing(),
        Operation::post("sort_again", "/v1/categories/reread", "Has all files sorted again by the rules as they are.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives::<RereadJson>(202),
        Operation::get("sorted_again", "/v1/categories/reread", "How far the last sorting again is.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives::<RereadJson>(200),
        Operation::post(
            "look_again",
            "/v1/dlp/reread",
            "Has all files looked through again for what is sensitive, by the rules as they are.",
            Takes::KeyOrCall,
        )
        .needs(Permission::Admin)
        .gives::<RereadJson>(202),
        Operation::get("looked_again", "/v1/dlp/reread", "How far the last looking again is.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives::<RereadJson>(200),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `category`")]
struct NewCategory {
    /// `null` takes back what was said.
    #[schemars(with = "Option<Topic>")]
    category: Option<String>,
}

async fn categorise(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Input(new): Input<NewCategory>,
) -> Result<StatusCode, Problem> {
    let topic = new.category.map(|word| Topic::parse(&word).map_err(|error| Problem::invalid(format!("`category`: {error}"))));
    api.0.files.categorise(&subject, id(&file)?, topic.transpose()?.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A category of the customer's own: words or a pattern.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwnCategory")]
struct CategoryJson {
    name: Topic,
    words: Option<Vec<String>>,
    pattern: Option<String>,
}

impl From<OwnTopic> for CategoryJson {
    fn from(own: OwnTopic) -> Self {
        let (words, pattern) = match own.sought {
            Sought::Words(words) => (Some(words), None),
            Sought::Pattern(pattern) => (None, Some(pattern)),
        };
        Self { name: own.topic, words, pattern }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwnCategorySet")]
struct CategorySet {
    #[serde(flatten)]
    category: CategoryJson,
    set_by: String,
    #[schemars(with = "Instant")]
    set_at: Timestamp,
}

impl From<OwnTopicRecord> for CategorySet {
    fn from(record: OwnTopicRecord) -> Self {
        Self { category: record.own.into(), set_by: record.set_by, set_at: record.set_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Categories")]
struct CategoriesJson {
    /// Those that everybody has.
    usual: Vec<&'static str>,
    own: Vec<CategorySet>,
}

async fn categories(Asker(subject): Asker, State(api): State<Api>) -> Result<Json<CategoriesJson>, Problem> {
    let own = api.0.files.own_topics(&subject).await?;
    Ok(Json(CategoriesJson { usual: Topic::USUAL.to_vec(), own: own.into_iter().map(Into::into).collect() }))
}

/// Words or a pattern that speak for a category.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `name` and `words` or `pattern`")]
struct NewOwnCategory {
    #[schemars(with = "Topic")]
    name: String,
    #[schemars(length(min = 1, max = OwnRule::WORDS))]
    words: Option<Vec<String>>,
    #[schemars(length(min = 1, max = OwnRule::PATTERN))]
    pattern: Option<String>,
}

async fn set_category(
    Asker(subject): Asker,
    State(api): State<Api>,
    Input(new): Input<NewOwnCategory>,
) -> Result<Json<CategoryJson>, Problem> {
    let sought = match (new.words, new.pattern) {
        (Some(words), None) => Sought::Words(words),
        (None, Some(pattern)) => Sought::Pattern(pattern),
        _ => return Err(Problem::invalid("`words`: a category has words or a pattern, one of both")),
    };
    Ok(Json(api.0.files.set_own_topic(&subject, &new.name, &sought).await?.into()))
}

async fn remove_category(Asker(subject): Asker, State(api): State<Api>, Segment(name): Segment) -> Result<StatusCode, Problem> {
    api.0.files.remove_own_topic(&subject, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How far looking again through all files is.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "Reread")]
struct RereadJson {
    /// `null` where nobody asked for it.
    asked_by: Option<String>,
    #[schemars(with = "Option<Instant>")]
    asked_at: Option<Timestamp>,
    /// Files it is past.
    files: u64,
    /// Those of them of which something changed.
    changed: u64,
    /// Those of them that could not be looked at.
    failed: u64,
    /// `null` until it is past the last file.
    #[schemars(with = "Option<Instant>")]
    ended_at: Option<Timestamp>,
}

impl From<RereadRecord> for RereadJson {
    fn from(record: RereadRecord) -> Self {
        let RereadRecord { asked_by, asked_at, looked_at, changed, failed, ended_at, .. } = record;
        Self { asked_by: Some(asked_by), asked_at: Some(asked_at), files: looked_at, changed, failed, ended_at }
    }
}

async fn begin(api: &Api, subject: &Subject, what: Reread) -> Result<(StatusCode, Json<RereadJson>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(api.0.files.reread(subject, what).await?.into())))
}

async fn how_far(api: &Api, subject: &Subject, what: Reread) -> Result<Json<RereadJson>, Problem> {
    Ok(Json(api.0.files.how_far(subject, what).await?.map(RereadJson::from).unwrap_or_default()))
}

async fn sort_again(Asker(subject): Asker, State(api): State<Api>) -> Result<(StatusCode, Json<RereadJson>), Problem> {
    begin(&api, &subject, Reread::Categories).await
}

async fn sorted_again(Asker(subject): Asker, State(api): State<Api>) -> Result<Json<RereadJson>, Problem> {
    how_far(&api, &subject, Reread::Categories).await
}

async fn look_again(Asker(subject): Asker, State(api): State<Api>) -> Result<(StatusCode, Json<RereadJson>), Problem> {
    begin(&api, &subject, Reread::Findings).await
}

async fn looked_again(Asker(subject): Asker, State(api): State<Api>) -> Result<Json<RereadJson>, Problem> {
    how_far(&api, &subject, Reread::Findings).await
}
