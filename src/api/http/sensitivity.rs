//! How sensitive files are: what was found in them, what people say of them, and the customer's own rules.

use axum::extract::State;
use axum::routing::{delete, get, put};
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
use crate::domain::{Classification, ErrorCode, FileId, Finding, Instant, LevelRule, OwnRule, Permission, Said, Sought, Timestamp, Words};
use crate::files::{FoundIn, OwnRuleRecord};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/files/{file}/findings", get(findings))
        .route("/v1/files/{file}/classification", put(classify))
        .route("/v1/dlp/rules", get(rules).put(set_rule))
        .route("/v1/dlp/rules/{rule}", delete(remove_rule))
        .route("/v1/dlp/levels", put(set_levels))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("findings_of_file", "/v1/files/{file}/findings", "What is sensitive in a file, masked.", Takes::KeyOrCall)
            .needs(Permission::Read)
            .gives::<FoundJson>(200),
        Operation::put("classify_file", "/v1/files/{file}/classification", "Says how sensitive a file is, and why.", Takes::KeyOrCall)
            .needs(Permission::Write)
            .body::<NewClassification>()
            .example(json!({ "classification": "restricted", "reason": "an offer that is not public yet" }))
            .gives_nothing()
            .fails(&[ErrorCode::Conflict]),
        Operation::get("sensitivity_rules", "/v1/dlp/rules", "The customer's own rules, and what findings count.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives::<RulesJson>(200),
        Operation::put(
            "set_own_rule",
            "/v1/dlp/rules",
            "Keeps a rule of the customer's own, in place of the one of its name.",
            Takes::KeyOrCall,
        )
        .needs(Permission::Admin)
        .body::<NewRule>()
        .example(json!({ "name": "heron", "words": ["project heron"], "level": "restricted" }))
        .gives::<RuleJson>(200)
        .fails(&[ErrorCode::Conflict]),
        Operation::delete("remove_own_rule", "/v1/dlp/rules/{rule}", "Takes a rule of the customer's own away.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .gives_nothing(),
        Operation::put("set_level_rules", "/v1/dlp/levels", "Says what findings count; none for the usual.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .body::<Levels>()
            .example(json!({ "levels": [{ "type": "card", "at_least": 1, "level": "restricted" }] }))
            .gives_nothing(),
    ]
}

/// What a person said.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SaidOfFile")]
struct SaidJson {
    classification: Classification,
    /// Of which version; of later ones holds what is higher.
    version: u32,
    by: String,
    #[schemars(with = "Instant")]
    at: Timestamp,
    reason: String,
}

impl From<Said> for SaidJson {
    fn from(said: Said) -> Self {
        Self { classification: said.level, version: said.version, by: said.by, at: said.at, reason: said.reason }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FindingsOfFile")]
struct FoundJson {
    file: FileId,
    version: u32,
    /// What holds.
    classification: Classification,
    /// What was found gives.
    found: Classification,
    /// `null` where nobody said anything.
    said: Option<SaidJson>,
    /// Whether its text could be looked at.
    was_looked_at: bool,
    findings: Vec<Finding>,
}

impl From<FoundIn> for FoundJson {
    fn from(found_in: FoundIn) -> Self {
        let FoundIn { file, findings } = found_in;
        Self {
            file: file.id,
            version: file.version,
            classification: file.classification,
            found: file.found,
            said: file.said.map(Into::into),
            was_looked_at: file.findings.is_some(),
            findings,
        }
    }
}

async fn findings(Asker(subject): Asker, State(api): State<Api>, Segment(file): Segment) -> Result<Json<FoundJson>, Problem> {
    Ok(Json(api.0.files.findings(&subject, id(&file)?).await?.into()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `classification` and `reason`")]
struct NewClassification {
    /// `null` takes back what was said.
    classification: Option<Classification>,
    #[schemars(with = "Words")]
    reason: String,
}

async fn classify(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Input(said): Input<NewClassification>,
) -> Result<StatusCode, Problem> {
    api.0.files.classify(&subject, id(&file)?, said.classification, &said.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A rule of the customer's own: words or a pattern.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwnRule")]
struct RuleJson {
    name: String,
    words: Option<Vec<String>>,
    pattern: Option<String>,
    at_least: u32,
    level: Classification,
}

impl From<OwnRule> for RuleJson {
    fn from(rule: OwnRule) -> Self {
        let (words, pattern) = match rule.sought {
            Sought::Words(words) => (Some(words), None),
            Sought::Pattern(pattern) => (None, Some(pattern)),
        };
        Self { name: rule.name, words, pattern, at_least: rule.at_least, level: rule.level }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwnRuleSet")]
struct RuleSet {
    #[serde(flatten)]
    rule: RuleJson,
    set_by: String,
    #[schemars(with = "Instant")]
    set_at: Timestamp,
}

impl From<OwnRuleRecord> for RuleSet {
    fn from(own: OwnRuleRecord) -> Self {
        Self { rule: own.rule.into(), set_by: own.set_by, set_at: own.set_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SensitivityRules")]
struct RulesJson {
    rules: Vec<RuleSet>,
    levels: Vec<LevelRule>,
    /// Whether `levels` are the usual ones.
    levels_are_usual: bool,
}

async fn rules(Asker(subject): Asker, State(api): State<Api>) -> Result<Json<RulesJson>, Problem> {
    let rules = api.0.files.sensitivity_rules(&subject).await?;
    let own = rules.own.into_iter().map(RuleSet::from).collect();
    Ok(Json(RulesJson { rules: own, levels: rules.levels, levels_are_usual: rules.levels_are_usual }))
}

/// Words or a pattern, and what a file is that has so many of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `name`, `words` or `pattern`, and `level`")]
struct NewRule {
    #[schemars(extend("pattern" = "^[a-z0-9_-]{1,64}$"))]
    name: String,
    #[schemars(length(min = 1, max = OwnRule::WORDS))]
    words: Option<Vec<String>>,
    #[schemars(length(min = 1, max = OwnRule::PATTERN))]
    pattern: Option<String>,
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    at_least: u32,
    level: Classification,
}

const fn one() -> u32 {
    1
}

async fn set_rule(Asker(subject): Asker, State(api): State<Api>, Input(new): Input<NewRule>) -> Result<Json<RuleJson>, Problem> {
    let sought = match (new.words, new.pattern) {
        (Some(words), None) => Sought::Words(words),
        (None, Some(pattern)) => Sought::Pattern(pattern),
        _ => return Err(Problem::invalid("`words`: a rule has words or a pattern, one of both")),
    };
    let rule = OwnRule { name: new.name, sought, at_least: new.at_least, level: new.level };
    Ok(Json(api.0.files.set_own_rule(&subject, &rule).await?.into()))
}

async fn remove_rule(Asker(subject): Asker, State(api): State<Api>, Segment(name): Segment) -> Result<StatusCode, Problem> {
    api.0.files.remove_own_rule(&subject, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `levels`")]
struct Levels {
    #[schemars(length(max = LevelRule::MOST))]
    levels: Vec<LevelRule>,
}

async fn set_levels(Asker(subject): Asker, State(api): State<Api>, Input(new): Input<Levels>) -> Result<StatusCode, Problem> {
    api.0.files.set_level_rules(&subject, &new.levels).await?;
    Ok(StatusCode::NO_CONTENT)
}
