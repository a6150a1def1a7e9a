//! Tools over plain HTTP: what they are, and calling one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::credential::{OnCall, name_header};
use crate::api::input::{Params, Segment, Whole};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::{Api, TOOL_TIMEOUT};
use crate::domain::ErrorCode;
use crate::speech::Apology;
use crate::tools::{Answer, Definition, definitions};

/// Where a tool is called.
pub(in crate::api) const TOOL_ROUTE: &str = "/v1/tools/{tool}";

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/tools", get(list)).route("/v1/tools/{tool}", post(call))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let list = Operation::get("list_tools", "/v1/tools", "The tools, as a platform takes their definitions.", Takes::Nothing)
        .query::<Wanted>()
        .gives::<McpTools<'_>>(200);
    let tool = |tool: Definition| {
        Operation::post(format!("call_{}", tool.name), format!("/v1/tools/{}", tool.name), tool.description, Takes::Call)
            .header("satchel-batch", "The turn of the conversation: calls of one batch were decided on together.")
            .header("idempotency-key", "Two calls with one key are one call with one answer.")
            .header("satchel-simulate", "An outcome to be answered instead, for customers marked as test: `working; delay=3000`.")
            .body_like(tool.input_schema)
            .gives_like(tool.output_schema)
    };
    std::iter::once(list).chain(definitions().into_iter().map(tool)).collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[schemars(extend("enum" = ["mcp", ""]))]
    dialect: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tools")]
struct McpTools<'a> {
    tools: Vec<McpTool<'a>>,
}

/// A tool as the Model Context Protocol lists it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tool")]
#[serde(rename_all = "camelCase")]
struct McpTool<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
    input_schema: &'a Value,
    output_schema: &'a Value,
    annotations: McpHints,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ToolHints")]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the four hints are the protocol's")]
struct McpHints {
    read_only_hint: bool,
    destructive_hint: bool,
    idempotent_hint: bool,
    open_world_hint: bool,
}

impl<'a> From<&'a Definition> for McpTool<'a> {
    fn from(tool: &'a Definition) -> Self {
        let hints = tool.annotations;
        Self {
            name: tool.name,
            title: tool.title,
            description: tool.description,
            input_schema: &tool.input_schema,
            output_schema: &tool.output_schema,
            annotations: McpHints {
                read_only_hint: hints.read_only,
                destructive_hint: hints.destructive,
                idempotent_hint: hints.idempotent,
                open_world_hint: hints.open_world,
            },
        }
    }
}

async fn list(State(api): State<Api>, Params(wanted): Params<Wanted>) -> Result<Response, Problem> {
    match wanted.dialect.as_deref() {
        None | Some("" | "mcp") => {
            let tools: Vec<McpTool<'_>> = api.0.tools.definitions().iter().map(McpTool::from).collect();
            Ok(Json(McpTools { tools }).into_response())
        }
        Some(_) => Err(Problem::invalid("`dialect`: is not one of those that are served here: `mcp`")),
    }
}

/// Arguments as the registry takes them: JSON where it is JSON, else the text itself, so that the
/// answer of the tool says what is wrong with it.
fn arguments(bytes: &[u8]) -> Value {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

async fn call(
    OnCall(context): OnCall,
    State(api): State<Api>,
    Segment(tool): Segment,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Json<Answer>, Problem> {
    let simulate = name_header(&headers, "satchel-simulate")?;
    let (tools, call) = (Arc::clone(&api.0.tools), context.call);
    // In a task of its own: a platform that hangs up and asks again must find the first answer under
    // its key, not a call that was cut in the middle.
    let work = async move { tools.call(&context, &tool, arguments(&body), simulate.as_deref()).await };
    match tokio::time::timeout(TOOL_TIMEOUT, api.0.tasks.spawn(work)).await {
        Ok(Ok(Ok(answer))) => Ok(Json(answer)),
        Ok(Ok(Err(unknown))) => {
            tracing::debug!(error = %unknown, "an unknown tool was called");
            Err(Problem::not_found())
        }
        Ok(Err(error)) => {
            tracing::error!(call.id = %call, error = %error, "a tool's task ended early");
            Err(Problem::internal().with_say(api.0.speech.say(&Apology {})))
        }
        // Platforms hide any other status from the model, and the caller would hear nothing.
        Err(_) => {
            tracing::error!(call.id = %call, "a tool overran its deadline");
            Ok(tool_not_now(&api, ErrorCode::Timeout))
        }
    }
}

/// A tool's answer when it cannot be called now.
pub(in crate::api) fn tool_not_now(api: &Api, code: ErrorCode) -> Json<Answer> {
    Json(Answer::not_now(&api.0.speech, code))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_json_reaches_the_tool_as_text() {
        for (body, expected) in [
            (&b""[..], Value::Null),
            (b" \n", Value::Null),
            (b"null", Value::Null),
            (br#"{"query":"q2"}"#, json!({"query": "q2"})),
            (br#""{\"query\":\"q2\"}""#, json!("{\"query\":\"q2\"}")),
            (b"{query: q2}", json!("{query: q2}")),
            (b"\xff", json!("\u{fffd}")),
        ] {
            assert_eq!(arguments(body), expected);
        }
        assert!(arguments("[".repeat(1000).as_bytes()).is_string());
    }

    #[test]
    fn any_body_is_a_value() {
        bolero::check!().with_iterations(2000).for_each(|bytes: &[u8]| {
            let read = arguments(bytes);
            assert!(!read.is_null() || bytes.trim_ascii().is_empty() || bytes.trim_ascii() == b"null");
        });
    }
}
