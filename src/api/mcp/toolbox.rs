//! The registry as MCP sees it: definitions, and calls whose every failure is an answer the model
//! can read. Only a tool that does not exist, and a call that is over, are errors of the protocol.

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;
use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CallToolResult, ConstString, ContentBlock, CustomRequest,
    CustomResult, DiscoverResult, ErrorCode, ErrorData, Implementation, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
    RequestMetaObject, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Map, Value};

use super::credential::Standing;
use super::form::{self, Means};
use super::text;
use crate::api::credential::MAX_NAME;
use crate::api::state::tool_deadline;
use crate::files::{Access, Files};
use crate::tools::{Answer, Definition, Registry};

/// How long clients may keep the definitions, in milliseconds. They change with the program only.
const DEFINITIONS_TTL_MS: u64 = 300_000;
/// Where a client puts its key for a call that may be sent twice.
const IDEMPOTENCY_KEY: &str = "satchel/idempotency-key";

const INSTRUCTIONS: &str = include_str!("../../../prompts/agent/en.md");

/// The revisions served, oldest first.
const VERSIONS: &[ProtocolVersion] =
    &[ProtocolVersion::V_2025_03_26, ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

/// Where a request's call comes from.
#[derive(Clone)]
enum Origin {
    /// The HTTP request, which the middleware has let in.
    Request,
    /// The token the whole connection is for; looked up anew for each call, since a call may end or
    /// change hands while the connection lives.
    Token(Arc<str>),
}

/// The registry as an MCP server. Cheap to clone.
#[derive(Clone)]
pub(super) struct Toolbox {
    files: Files,
    tools: Arc<Registry>,
    listed: Arc<[Tool]>,
    origin: Origin,
}

impl Toolbox {
    /// For requests that the middleware has let in.
    pub fn for_requests(files: Files, tools: Arc<Registry>) -> Self {
        let listed = tools.definitions().iter().map(listed).collect();
        Self { files, tools, listed, origin: Origin::Request }
    }

    /// For one connection in one call.
    pub fn for_token(files: Files, tools: Arc<Registry>, token: &str) -> Self {
        Self { origin: Origin::Token(token.into()), ..Self::for_requests(files, tools) }
    }

    async fn standing(&self, context: &RequestContext<RoleServer>) -> Result<Arc<Standing>, ErrorData> {
        let over = || ErrorData::invalid_request("this call is over", None);
        match &self.origin {
            Origin::Request => {
                let parts = context.extensions.get::<Parts>();
                parts.and_then(|parts| parts.extensions.get::<Arc<Standing>>()).cloned().ok_or_else(over)
            }
            Origin::Token(token) => match self.files.authenticate(token).await {
                Ok(Some(Access::Call(call))) => Ok(Arc::new(Standing::of(*call))),
                Ok(Some(Access::Key(_) | Access::Operator) | None) => Err(over()),
                Err(error) => {
                    tracing::error!(code = %error.code(), error = %error, "a call's token could not be looked up");
                    Err(ErrorData::internal_error("a part that is needed does not answer; try again in a few seconds", None))
                }
            },
        }
    }

    async fn answer(&self, request: CallToolRequestParams, context: &RequestContext<RoleServer>) -> Result<Answer, ErrorData> {
        let key = idempotency_key(&context.meta)?;
        let standing = self.standing(context).await?;
        let ctx = standing.context(key, tool_deadline(self.files.now()));
        let reads_only = self.tools.definitions().iter().any(|tool| tool.name == request.name && tool.annotations.read_only);
        let arguments = request.arguments.map_or(Value::Null, Value::Object);
        let answering = self.tools.call(&ctx, &request.name, arguments, standing.simulation());
        let answer = if reads_only {
            tokio::select! {
                answer = answering => answer,
                () = context.ct.cancelled() => return Err(ErrorData::invalid_request("the client has cancelled it", None)),
            }
        } else {
            // A change that has begun is finished though nobody waits for it: its key is settled, and
            // the client's next try gets the answer.
            answering.await
        };
        answer.map_err(|unknown| ErrorData::invalid_params(unknown.to_string(), None))
    }

    /// The answer to a request that comes back with the form of its question filled in. What the client sends
    /// back is believed only as far as it is our own seal, for this call and this caller.
    async fn formed(
        &self,
        request: &CallToolRequestParams,
        sealed: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<Answer, ErrorData> {
        let standing = self.standing(context).await?;
        let ctx = standing.context(None, tool_deadline(self.files.now()));
        let Some(action) = self.files.unseal_question(&ctx, sealed) else {
            self.tools.refuse_form(&ctx, "a state that is not of this call").await;
            return Err(ErrorData::invalid_params("`requestState` is none that this call was given", None));
        };
        let Some(accepted) = form::accepted(request.input_responses.as_ref()) else {
            return Err(ErrorData::invalid_params("`inputResponses` must hold the answer to `confirm`", None));
        };
        Ok(self.tools.answer_form(&ctx, action, accepted).await)
    }

    /// Puts the question of an answer to the client's user, where the client can; else the answer as it is.
    async fn asked(&self, answer: Answer, context: &RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
        let Some(action) = answer.asks else { return Ok(result(&answer)?.into()) };
        let is_connected = matches!(self.origin, Origin::Token(_));
        match form::means(context, is_connected) {
            Means::None => {}
            Means::Retry => {
                let standing = self.standing(context).await?;
                let ctx = standing.context(None, tool_deadline(self.files.now()));
                let sealed = self.files.seal_question(&ctx, action).map_err(|error| {
                    tracing::error!(error = %error, "a question could not be sealed");
                    ErrorData::internal_error("the question could not be put", None)
                })?;
                if let Some(again) = form::to_be_repeated(&answer.say, sealed) {
                    return Ok(again.into());
                }
            }
            Means::Request => {
                if let Some(accepted) = form::put(context, &answer.say).await {
                    let standing = self.standing(context).await?;
                    let ctx = standing.context(None, tool_deadline(self.files.now()));
                    return Ok(result(&self.tools.answer_form(&ctx, action, accepted).await)?.into());
                }
            }
        }
        Ok(result(&answer)?.into())
    }
}

impl ServerHandler for Toolbox {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("satchel", env!("CARGO_PKG_VERSION")).with_title("Satchel"))
            .with_instructions([INSTRUCTIONS, text::FOR_MODELS].concat())
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        Ok(DiscoverResult::from_server_info(VERSIONS.to_vec(), self.get_info())
            .with_ttl_ms(DEFINITIONS_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn list_tools(&self, _: Option<PaginatedRequestParams>, _: RequestContext<RoleServer>) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.listed.to_vec()).with_ttl_ms(DEFINITIONS_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.listed.iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
        if let Some(sealed) = request.request_state.clone() {
            return Ok(result(&self.formed(&request, &sealed, &context).await?)?.into());
        }
        let answer = self.answer(request, &context).await?;
        self.asked(answer, &context).await
    }

    /// What the library could not read as any request it knows.
    async fn on_custom_request(&self, request: CustomRequest, _: RequestContext<RoleServer>) -> Result<CustomResult, ErrorData> {
        if request.method == CallToolRequestMethod::VALUE {
            return Err(ErrorData::invalid_params("`name` must be a text, and `arguments` an object", None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "there is no such method", None))
    }
}

fn result(answer: &Answer) -> Result<CallToolResult, ErrorData> {
    let structured = serde_json::to_value(answer).map_err(|error| {
        tracing::error!(error = %error, "an answer could not be written down");
        ErrorData::internal_error("the answer could not be written down", None)
    })?;
    let mut result = CallToolResult::success(vec![ContentBlock::text(text::of(answer))]);
    result.is_error = Some(answer.outcome.is_error());
    result.structured_content = Some(structured);
    Ok(result)
}

fn listed(definition: &Definition) -> Tool {
    let hints = definition.annotations;
    let annotations = ToolAnnotations::new()
        .read_only(hints.read_only)
        .destructive(hints.destructive)
        .idempotent(hints.idempotent)
        .open_world(hints.open_world);
    Tool::new(definition.name, definition.description, object(&definition.input_schema))
        .with_title(definition.title)
        .with_raw_output_schema(object(&definition.output_schema))
        .with_annotations(annotations)
}

fn object(schema: &Value) -> Arc<Map<String, Value>> {
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}

fn idempotency_key(meta: &RequestMetaObject) -> Result<Option<String>, ErrorData> {
    let Some(value) = meta.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match value.as_str().map(str::trim) {
        Some(key) if !key.is_empty() && key.len() <= MAX_NAME => Ok(Some(key.to_owned())),
        _ => {
            let message = format!("`_meta` `{IDEMPOTENCY_KEY}` is a text of at most {MAX_NAME} bytes, and not empty");
            Err(ErrorData::invalid_params(message, None))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::{Outcome, definitions};

    #[test]
    fn every_tool_is_listed_with_both_schemas_and_all_four_hints() {
        for definition in definitions() {
            let tool = serde_json::to_value(listed(&definition)).unwrap();
            assert_eq!((tool["name"].as_str(), tool["title"].as_str()), (Some(definition.name), Some(definition.title)));
            assert_eq!((&tool["inputSchema"], &tool["outputSchema"]), (&definition.input_schema, &definition.output_schema));
            for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
                assert!(tool["annotations"][hint].is_boolean(), "{} {hint}", definition.name);
            }
        }
    }

    #[test]
    fn an_answer_is_whole_in_its_structure_and_one_text_block() {
        for outcome in Outcome::ALL {
            let answer = Answer::new(outcome, "Sorry.".to_owned()).next("find_file");
            let result = serde_json::to_value(result(&answer).unwrap()).unwrap();
            assert_eq!(result["structuredContent"], serde_json::to_value(&answer).unwrap());
            assert_eq!(result["isError"], outcome.is_error(), "{outcome:?}");
            assert_eq!(result["content"], json!([{ "type": "text", "text": text::of(&answer) }]));
        }
    }

    #[test]
    fn a_key_is_a_short_text() {
        let meta = |value: Value| {
            let mut meta = RequestMetaObject::new();
            meta.insert(IDEMPOTENCY_KEY.to_owned(), value);
            meta
        };
        assert_eq!(idempotency_key(&RequestMetaObject::new()), Ok(None));
        assert_eq!(idempotency_key(&meta(json!(" k-1 "))), Ok(Some("k-1".to_owned())));
        for bad in [json!(""), json!(7), json!(null), json!("k".repeat(MAX_NAME + 1))] {
            assert!(idempotency_key(&meta(bad.clone())).is_err(), "{bad}");
        }
    }
}
