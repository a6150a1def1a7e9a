//! A password for a file that is locked with one.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::api::credential::Asker;
use crate::api::input::{Input, Segment, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Password, Permission};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/files/{file}/unlock", post(unlock))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let says = "Tries a password at a file that is locked; `metadata.unlock` of the file tells what came of it.";
    vec![
        Operation::post("unlock_file", "/v1/files/{file}/unlock", says, Takes::KeyOrCall)
            .needs(Permission::Write)
            .body::<NewPassword>()
            .example(json!({ "password": "a password" }))
            .gives_nothing()
            .fails(&[ErrorCode::Conflict, ErrorCode::NotReady, ErrorCode::Quarantined, ErrorCode::TooMany]),
    ]
}

/// It is sealed until it was tried, and then forgotten.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `password`")]
struct NewPassword {
    #[schemars(length(min = 1, max = Password::LONGEST))]
    password: String,
}

/// What is wrong with a password, before anything is tried.
pub(in crate::api) fn password(text: String) -> Result<Password, Problem> {
    let told = || Problem::invalid(format!("`password`: has 1 to {} characters", Password::LONGEST));
    Password::parse(text).ok_or_else(told)
}

async fn unlock(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Input(new): Input<NewPassword>,
) -> Result<StatusCode, Problem> {
    api.0.files.unlock(&subject, id(&file)?, &password(new.password)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
