//! Where in a request an id or a name can stand, as what is published says.

use satchel::api::openapi;
use serde_json::{Map, Value, json};

/// What kind of thing stands in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The id of a thing, by its prefixes: `user`, or `user`, `team` and `contact`.
    Id(Vec<String>),
    /// The end of a link's address.
    Slug,
    /// A text, which may name or be anything.
    Text,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    Path(String),
    Query(String),
    Header(String),
    /// A JSON pointer into the body; a list there holds it alone.
    Body {
        pointer: String,
        is_list: bool,
    },
}

/// One place of one operation, and whose credential asks.
#[derive(Debug, Clone)]
pub struct Place {
    pub method: String,
    pub path: String,
    pub at: At,
    pub kind: Kind,
    /// `key`, `call` or `nobody`.
    pub asks: &'static str,
    /// The operation, as it is described.
    pub operation: Value,
}

/// Texts that are only kept or shown and name nothing; and the places that cannot be compared, each with its reason.
const NOT_TRIED: &[(&str, &str)] = &[
    // A try at a link is used up whoever makes it: that is what the link's page is for. Tried in `http::pages`.
    ("POST /s/{slug}", "slug"),
    // Whoever has a link for uploads may send: that is what it is for. Tried in `http::upload_links`.
    ("/u/", "slug"),
    ("/u/", "name"),
    // The answer goes on for as long as the call. Tried in `http::events`.
    ("GET /v1/calls/{call}/events", "last-event-id"),
    // The token of the store is the server's own, of no customer.
    ("POST /v1/store/events", "token"),
    // One dialect or a refusal.
    ("GET /v1/tools", "dialect"),
    // What a test customer wants to be answered.
    ("*", "satchel-simulate"),
    // Words that only go onto the audit trail.
    ("DELETE /v1/files/{file}/hold", "reason"),
    // Ann's own trail names what she asked for, Ben's ids too.
    ("GET /v1/audit", "object"),
    // What is wanted is only said back.
    ("POST /v1/tools/request_upload", "what"),
    // What is said of a new file.
    ("POST /v1/files", "name"),
    ("POST /v1/files", "folder"),
    ("POST /v1/files", "title"),
    ("POST /v1/files", "author"),
    ("POST /v1/files", "tags"),
];

impl Place {
    /// As a message names it.
    pub fn name(&self) -> String {
        format!("{} {} {:?} as {}", self.method, self.path, self.at, self.asks)
    }

    fn field(&self) -> &str {
        match &self.at {
            At::Path(name) | At::Query(name) | At::Header(name) => name,
            At::Body { pointer, .. } => pointer.trim_start_matches('/'),
        }
    }

    fn is_tried(&self) -> bool {
        let operation = format!("{} {}", self.method, self.path);
        let is_of = |of: &str| of == "*" || of == operation || (of.starts_with('/') && self.path.starts_with(of));
        !NOT_TRIED.iter().any(|(of, field)| is_of(of) && *field == self.field())
    }

    /// Whether the answer to whom it is for goes on for as long as a call.
    pub fn is_endless(&self) -> bool {
        self.path.ends_with("/events")
    }

    /// Whether asking reads the whole trail, which grows with each request.
    pub fn is_slow(&self) -> bool {
        self.path == "/v1/audit"
    }
}

/// Every place.
pub fn places() -> Vec<Place> {
    let document = openapi();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let fields = fields_of(path, operation);
            for asks in askers(operation) {
                found.extend(fields.iter().map(|(at, kind)| Place {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    at: at.clone(),
                    kind: kind.clone(),
                    asks,
                    operation: operation.clone(),
                }));
            }
        }
    }
    found.retain(Place::is_tried);
    found
}

/// Whose credentials are tried: not the operator's, who may name any customer.
fn askers(operation: &Value) -> Vec<&'static str> {
    let schemes = operation["security"].as_array().unwrap();
    if schemes.is_empty() {
        return vec!["nobody"];
    }
    ["key", "call"].into_iter().filter(|name| schemes.iter().any(|scheme| scheme.get(name).is_some())).collect()
}

fn fields_of(path: &str, operation: &Value) -> Vec<(At, Kind)> {
    let mut fields = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap().to_owned();
        let kind = kind_of(&parameter["schema"]);
        match (parameter["in"].as_str().unwrap(), kind) {
            ("path", _) if name == "slug" => fields.push((At::Path(name), Kind::Slug)),
            ("path", Some(kind)) => fields.push((At::Path(name), kind)),
            ("query", Some(kind)) => fields.push((At::Query(name), kind)),
            ("header", Some(kind)) => fields.push((At::Header(name), kind)),
            _ => {}
        }
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        // What a program writes into a body is read by its type; what a model writes into an argument may name anything.
        in_body(schema, "", path.starts_with("/v1/tools/"), &mut fields);
    }
    fields
}

fn in_body(schema: &Value, pointer: &str, with_texts: bool, fields: &mut Vec<(At, Kind)>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{pointer}/{name}");
        let at = |is_list| At::Body { pointer: pointer.clone(), is_list };
        let wanted = |kind: &Kind| with_texts || *kind != Kind::Text;
        fields.extend(kind_of(property).filter(wanted).map(|kind| (at(false), kind)));
        fields.extend(kind_of(&property["items"]).filter(wanted).map(|kind| (at(true), kind)));
        in_body(property, &pointer, with_texts, fields);
    }
}

/// The kind of what a schema takes: an id by its pattern, a text where nothing narrows it.
fn kind_of(schema: &Value) -> Option<Kind> {
    let is_text = schema["type"] == "string" || schema["type"].as_array().is_some_and(|types| types.contains(&json!("string")));
    // These may hold anything, an id too.
    let is_wide = |value: &Value| ["cursor", "folder", "words"].iter().any(|format| value == format);
    let is_narrow = ["enum", "const", "format", "oneOf"].iter().any(|word| schema.get(word).is_some_and(|value| !is_wide(value)));
    if !is_text {
        return None;
    }
    let prefixes = schema["pattern"].as_str().and_then(prefixes);
    match prefixes {
        Some(prefixes) => Some(Kind::Id(prefixes)),
        None => (!is_narrow).then_some(Kind::Text),
    }
}

/// `user` and `team` of `^(user|team)_[0-7]…`; where it may be blank, the whole stands in parentheses.
fn prefixes(pattern: &str) -> Option<Vec<String>> {
    let (prefix, _) = pattern.split_once("_[0-7]")?;
    Some(prefix.trim_matches(['^', '(', ')']).split('|').map(str::to_owned).collect())
}

/// A body that the operation takes, before anything foreign stands in it.
pub fn body(operation: &Value) -> Option<Value> {
    let content = operation.pointer("/requestBody/content/application~1json")?;
    if let Some(example) = content.get("example") {
        return Some(example.clone());
    }
    let required = content["schema"]["required"].as_array().into_iter().flatten();
    // What a caller could say to any tool: the file and the person are Ann's.
    let said = |name: &str| match name {
        "with" => "Jonas Weber",
        "answer" => "yes",
        _ => "alpha",
    };
    let fields: Map<String, Value> = required.map(|name| name.as_str().unwrap()).map(|name| (name.to_owned(), json!(said(name)))).collect();
    Some(fields.into())
}

/// Puts a value there, making what is missing above it. A caller is told in one way alone, and only teams have members.
pub fn put(body: &mut Value, pointer: &str, value: Value) {
    match pointer {
        "/caller_id" => drop(body.as_object_mut().unwrap().remove("caller_number")),
        "/members" => *body = json!({"kind": "team", "name": "Night shift"}),
        _ => {}
    }
    let mut place = body;
    for name in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = json!({});
        }
        place = place.as_object_mut().unwrap().entry(name).or_insert(Value::Null);
    }
    *place = value;
}

#[test]
fn ids_are_known_by_their_patterns() {
    assert_eq!(prefixes("^file_[0-7][0-9a-hjkmnp-tv-z]{25}$"), Some(vec!["file".to_owned()]));
    assert_eq!(prefixes("^(user|team)_[0-7][0-9a-hjkmnp-tv-z]{25}$"), Some(vec!["user".to_owned(), "team".to_owned()]));
    assert_eq!(prefixes("^(user_[0-7][0-9a-hjkmnp-tv-z]{25})?$"), Some(vec!["user".to_owned()]));
    assert_eq!(prefixes("^[A-Za-z0-9_-]{1,63}$"), None);
}

#[test]
fn the_places_are_those_that_are_published() {
    let places = places();
    let has = |method: &str, path: &str, at: At| places.iter().any(|place| place.method == method && place.path == path && place.at == at);
    assert!(has("GET", "/v1/files/{file}", At::Path("file".to_owned())));
    assert!(has("POST", "/v1/files", At::Query("replaces".to_owned())));
    assert!(has("GET", "/v1/audit", At::Query("actor".to_owned())));
    assert!(has("POST", "/v1/people", At::Body { pointer: "/members".to_owned(), is_list: true }));
    assert!(has("POST", "/v1/calls", At::Body { pointer: "/caller_id".to_owned(), is_list: false }));
    assert!(has("POST", "/v1/tools/share_file", At::Body { pointer: "/with".to_owned(), is_list: false }));
    assert!(has("POST", "/v1/tools/find_file", At::Body { pointer: "/alternatives".to_owned(), is_list: true }));
    assert!(has("POST", "/v1/tools/find_file", At::Header("idempotency-key".to_owned())));
    assert!(places.len() > 50, "{}", places.len());
}
