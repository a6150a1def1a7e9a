//! The document: all operations, the types behind them, and how each fails.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operation::{Body, Content, Given, Operation, Shape, Takes};
use super::variables::{names, variable};
use crate::api::problem::{Document as ProblemDocument, retry_after, status, title};
use crate::api::{http, oauth, pages};
use crate::domain::{ErrorCode, Permission};

const PROBLEM_TYPE: &str = "application/problem+json";
const ABOUT: &str = "The file toolbox of voice agents: finds files by how they were said, shares them with a link and a spoken code, records \
                     everything. Tools are served at `/mcp` (Model Context Protocol, streamable HTTP) as well; that door describes itself.";

/// The description of all HTTP endpoints, as `GET /openapi.json` gives it.
#[must_use]
pub fn openapi() -> Value {
    let mut operations = http::operations();
    operations.extend(pages::operations());
    operations.extend(oauth::operations());
    Writer::default().document(&operations)
}

/// Writes schemas: those of requests in place, those of answers under their names.
struct Writer {
    taken: SchemaGenerator,
    given: SchemaGenerator,
}

impl Default for Writer {
    fn default() -> Self {
        let plain = || SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
        Self {
            taken: plain().with(|settings| settings.inline_subschemas = true).for_deserialize().into_generator(),
            given: plain().with(|settings| settings.definitions_path = "/components/schemas".into()).for_serialize().into_generator(),
        }
    }
}

impl Writer {
    fn document(mut self, operations: &[Operation]) -> Value {
        let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for operation in operations {
            let described = self.operation(operation);
            paths.entry(&operation.path).or_default().insert(operation.method.as_str().to_ascii_lowercase(), described);
        }
        let problem = self.given.subschema_for::<ProblemDocument<'_>>();
        let mut document = json!({
            "openapi": "3.1.0",
            "info": { "title": "Satchel", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT },
            "servers": [{ "url": "/" }],
            "paths": paths,
            "components": {
                "schemas": self.given.take_definitions(true),
                "responses": problems(&problem.to_value()),
                "headers": {
                    "RequestId": { "description": "The id of the request; it leads to its log.", "required": true, "schema": { "type": "string", "pattern": "^req_[0-9a-f]{24}$" } },
                },
                "securitySchemes": {
                    "operator": bearer("The operator's key of this server (`sop_…`)."),
                    "key": bearer("A customer's key (`sk_…`). An operation names the permission that the key must have."),
                    "call": bearer("The token of a call (`sct_…`), as `POST /v1/calls` gives it. An operation names the permission that the call must not have lost."),
                },
            },
        });
        bound(&mut document);
        document
    }

    fn operation(&mut self, operation: &Operation) -> Value {
        let mut described = Map::new();
        described.insert("operationId".to_owned(), json!(operation.id));
        described.insert("tags".to_owned(), json!([tag(&operation.path)]));
        described.insert("summary".to_owned(), json!(operation.summary));
        described.insert("security".to_owned(), security(operation.takes, operation.needs));
        let parameters = self.parameters(operation);
        if !parameters.is_empty() {
            described.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(body) = self.request_body(operation) {
            described.insert("requestBody".to_owned(), body);
        }
        described.insert("responses".to_owned(), self.responses(operation));
        described.into()
    }

    fn parameters(&mut self, operation: &Operation) -> Vec<Value> {
        let mut parameters = Vec::new();
        for name in names(&operation.path) {
            let (schema, description) = match variable(name) {
                Some((schema, description)) => (schema(&mut self.taken).to_value(), description),
                // A test says that there is none.
                None => (json!({ "type": "string" }), ""),
            };
            parameters.push(json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema }));
        }
        if let Some(query) = operation.query {
            parameters.extend(query_parameters(&query(&mut self.taken).to_value()));
        }
        for (name, says) in &operation.headers {
            let schema = json!({ "type": "string", "minLength": 1, "maxLength": crate::api::credential::MAX_NAME, "pattern": "^[!-~]+$" });
            parameters.push(json!({ "name": name, "in": "header", "description": says, "schema": schema }));
        }
        parameters
    }

    fn request_body(&mut self, operation: &Operation) -> Option<Value> {
        let (content_type, schema, is_required) = match &operation.body {
            Body::None => return None,
            Body::Json { shape: Shape::Of(schema), is_required } => ("application/json", schema(&mut self.taken).to_value(), *is_required),
            Body::Json { shape: Shape::Given(schema), is_required } => ("application/json", schema.clone(), *is_required),
            Body::Form(schema) => ("application/x-www-form-urlencoded", schema(&mut self.taken).to_value(), true),
            // Any type is taken; this one says that the sender knows of none. No bytes are bytes too.
            Body::Bytes => ("application/octet-stream", json!({}), false),
        };
        let mut content = json!({ "schema": schema });
        if let (Some(example), Some(content)) = (&operation.example, content.as_object_mut()) {
            content.insert("example".to_owned(), example.clone());
        }
        Some(json!({ "required": is_required, "content": { content_type: content } }))
    }

    fn responses(&mut self, operation: &Operation) -> Value {
        let mut responses = Map::new();
        for given in &operation.given {
            let (media, content) = match &given.content {
                Content::None => ("", json!({})),
                Content::Json(Shape::Of(schema)) => ("application/json", json!({ "schema": schema(&mut self.given).to_value() })),
                Content::Json(Shape::Given(schema)) => ("application/json", json!({ "schema": schema })),
                Content::Text(media) => (*media, json!({ "schema": { "type": "string" } })),
                Content::Bytes => ("*/*", json!({})),
            };
            add(&mut responses, given, media, content);
        }
        for code in failures(operation) {
            let reference = json!({ "$ref": format!("#/components/responses/{}", response_name(code)) });
            // What an endpoint says of a status itself counts.
            responses.entry(status(code).as_u16().to_string()).or_insert(reference);
        }
        responses.into()
    }
}

/// Adds an answer; two of one status differ in their content types.
fn add(responses: &mut Map<String, Value>, given: &Given, media: &str, content: Value) {
    let present = responses.entry(given.status.to_string()).or_insert_with(|| {
        let location = ("location", json!({ "required": true, "schema": { "type": "string" } }));
        let headers = headers(given.has_location.then_some(location));
        json!({ "description": said(given.status), "headers": headers })
    });
    if let (Some(present), false) = (present.as_object_mut(), media.is_empty()) {
        let contents = present.entry("content").or_insert_with(|| json!({}));
        contents.as_object_mut().map(|contents| contents.insert(media.to_owned(), content));
    }
}

/// The id of the request, which every answer has, and others.
fn headers(others: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let id = ("x-request-id", json!({ "$ref": "#/components/headers/RequestId" }));
    std::iter::once(id).chain(others).map(|(name, header)| (name.to_owned(), header)).collect::<Map<_, _>>().into()
}

/// Says of each whole number of a fixed size how large it can be; its format says so only to readers who know it.
fn bound(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let most = match object.get("format").and_then(Value::as_str) {
                Some("uint32") => Some(u64::from(u32::MAX)),
                Some("uint64") => Some(u64::MAX),
                _ => None,
            };
            if let Some(most) = most {
                object.entry("maximum").or_insert(json!(most));
            }
            object.values_mut().for_each(bound);
        }
        Value::Array(values) => values.iter_mut().for_each(bound),
        _ => {}
    }
}

fn bearer(description: &str) -> Value {
    json!({ "type": "http", "scheme": "bearer", "description": description })
}

/// `files` of `/v1/files/{file}`; what is no part of the interface is of the server itself, or a page.
fn tag(path: &str) -> &str {
    match path.strip_prefix("/v1/") {
        Some(rest) => rest.split('/').next().unwrap_or(rest),
        None if path.contains('{') || path == "/" => "pages",
        None => "server",
    }
}

fn security(takes: Takes, needs: Option<Permission>) -> Value {
    let schemes: &[&str] = match takes {
        Takes::Nothing => &[],
        Takes::Operator => &["operator"],
        Takes::Key => &["key"],
        Takes::KeyOrCall => &["key", "call"],
        Takes::Call => &["call"],
        Takes::Any => &["operator", "key", "call"],
    };
    let role = |scheme: &str| needs.filter(|_| scheme != "operator").map(Permission::as_str);
    schemes.iter().map(|scheme| json!({ *scheme: role(scheme).into_iter().collect::<Vec<_>>() })).collect()
}

/// How an operation can fail: what follows from what it takes, and what it says itself.
fn failures(operation: &Operation) -> Vec<ErrorCode> {
    let mut codes = operation.fails.clone();
    // Whoever sends a token of a call may send names in headers, which can be unreadable.
    let reads = operation.query.is_some() || operation.body.is_some() || operation.takes.is_call() || !operation.headers.is_empty();
    for (applies, code) in [
        (reads, ErrorCode::Invalid),
        (operation.takes != Takes::Nothing, ErrorCode::Unauthenticated),
        (operation.takes != Takes::Nothing, ErrorCode::Forbidden),
        (operation.path.contains('{'), ErrorCode::NotFound),
        (operation.body.is_some(), ErrorCode::TooLarge),
        (true, ErrorCode::TooMany),
        (true, ErrorCode::Internal),
        (true, ErrorCode::Unavailable),
        (true, ErrorCode::Timeout),
    ] {
        if applies && !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes.sort_by_key(|code| status(*code));
    codes
}

/// A query's fields, each as a parameter. One that is optional is left out, never `null`.
fn query_parameters(schema: &Value) -> Vec<Value> {
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = schema.as_object().cloned().unwrap_or_default();
        without_null(&mut schema);
        let mut parameter = Map::new();
        parameter.insert("name".to_owned(), json!(name));
        parameter.insert("in".to_owned(), json!("query"));
        parameter.insert("required".to_owned(), json!(required.is_some_and(|required| required.contains(&json!(name)))));
        parameter.extend(schema.remove("description").map(|says| ("description".to_owned(), says)));
        parameter.insert("schema".to_owned(), schema.into());
        parameter.into()
    };
    properties.map(parameter).collect()
}

fn without_null(schema: &mut Map<String, Value>) {
    let null = json!("null");
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| *kind != null);
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = schema.remove("anyOf") {
        let real = options.into_iter().find(|option| option.get("type") != Some(&null));
        for (key, value) in real.and_then(|real| real.as_object().cloned()).into_iter().flatten() {
            schema.entry(key).or_insert(value);
        }
    }
}

/// One response for each status that a problem can have, with an example of each of its codes.
fn problems(schema: &Value) -> Value {
    let mut responses = Map::new();
    for first in ErrorCode::ALL.into_iter().filter(|code| is_first(*code)) {
        let codes: Vec<ErrorCode> = ErrorCode::ALL.into_iter().filter(|code| status(*code) == status(first)).collect();
        let examples: Map<String, Value> =
            codes.iter().map(|code| (code.as_str().to_owned(), json!({ "value": example(*code) }))).collect();
        let seconds = retry_after(first).map(|_| ("retry-after", json!({ "description": "Seconds.", "schema": { "type": "integer" } })));
        let asks = ("www-authenticate", json!({ "required": true, "schema": { "type": "string" } }));
        let response = json!({
            "description": codes.iter().map(|code| title(*code)).collect::<Vec<_>>().join("; "),
            "headers": headers(seconds.into_iter().chain((first == ErrorCode::Unauthenticated).then_some(asks))),
            "content": { PROBLEM_TYPE: { "schema": schema, "examples": examples } },
        });
        responses.insert(response_name(first), response);
    }
    responses.into()
}

fn is_first(code: ErrorCode) -> bool {
    ErrorCode::ALL.into_iter().find(|other| status(*other) == status(code)) == Some(code)
}

/// `NotFound`: after the first code that has the status.
fn response_name(code: ErrorCode) -> String {
    let first = ErrorCode::ALL.into_iter().find(|other| status(*other) == status(code)).unwrap_or(code);
    first.as_str().split('_').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn example(code: ErrorCode) -> Value {
    let document = ProblemDocument {
        kind: format!("urn:satchel:problem:{code}"),
        title: title(code),
        status: status(code).as_u16(),
        detail: "what was wrong, and what to do",
        code,
        request_id: "req_0123456789abcdef01234567",
        say: None,
    };
    // A plain struct of texts and numbers always serialises.
    serde_json::to_value(document).unwrap_or_default()
}

const fn said(status: u16) -> &'static str {
    match status {
        201 => "It is made.",
        202 => "It has begun.",
        204 => "It is done.",
        302 | 303 => "It lies at `location`.",
        _ => "It is answered.",
    }
}
