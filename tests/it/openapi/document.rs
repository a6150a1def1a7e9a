//! `openapi.json` beside the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use satchel::api::openapi;
use satchel::tools::definitions;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::endpoints::{Endpoint, Route, Takes, endpoints, routes};
use crate::support::{World, beside};

/// What another protocol answers, which describes itself.
const ELSEWHERE: &[(&str, &str)] = &[("ANY", "/mcp")];
/// The route behind the paths of all tools.
const TOOL_ROUTE: &str = "/v1/tools/{tool}";

fn committed() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json")).unwrap()
}

/// Method, path and description of every operation.
fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, of)| {
        of.as_object().unwrap().iter().map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    });
    each.collect()
}

/// The route that answers at a path of the description.
fn route_of(path: &str) -> &str {
    let is_tool = path.strip_prefix("/v1/tools/").is_some_and(|name| definitions().iter().any(|tool| tool.name == name));
    if is_tool { TOOL_ROUTE } else { path }
}

#[test]
fn the_committed_description_is_that_of_the_types() {
    assert!(committed() == serde_json::to_string_pretty(&openapi()).unwrap() + "\n", "`satchel schema write` mends it");
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = openapi();
    let described: BTreeSet<Route> =
        operations(&document).into_iter().map(|(method, path, _)| (method, route_of(path).to_owned())).collect();
    let routes: BTreeSet<Route> =
        routes().into_iter().filter(|(method, path)| !ELSEWHERE.contains(&(method.as_str(), path.as_str()))).collect();
    let undescribed: Vec<_> = routes.difference(&described).collect();
    assert!(undescribed.is_empty(), "add them to `operations()` beside their `routes()`: {undescribed:?}");
    assert_eq!(described.difference(&routes).collect::<Vec<_>>(), Vec::<&Route>::new(), "these are gone");
    for tool in definitions() {
        assert!(document["paths"][format!("/v1/tools/{}", tool.name)]["post"].is_object(), "{}", tool.name);
    }
}

/// The security of an endpoint of the table, as the description has it.
fn security(endpoint: &Endpoint) -> Value {
    let schemes: &[&str] = match endpoint.takes {
        Takes::Nothing => &[],
        Takes::Operator => &["operator"],
        Takes::Key => &["key"],
        Takes::KeyOrCall => &["key", "call"],
        Takes::Call => &["call"],
        Takes::Any => &["operator", "key", "call"],
    };
    // What a tool needs depends on the tool, and what the operator may do on nothing.
    let needed = endpoint.weak.permission().filter(|_| endpoint.route != TOOL_ROUTE);
    let roles = |scheme: &str| needed.filter(|_| scheme != "operator").into_iter().collect::<Vec<_>>();
    schemes.iter().map(|scheme| json!({ *scheme: roles(scheme) })).collect()
}

#[test]
fn each_operation_names_the_credential_and_the_permission_that_are_tried() {
    let document = openapi();
    let table = endpoints();
    for (method, path, operation) in operations(&document) {
        let is_it = |endpoint: &&Endpoint| endpoint.method == method.as_str() && endpoint.route == route_of(path);
        let endpoint = table.iter().find(is_it).unwrap_or_else(|| panic!("{method} {path} is not tried"));
        assert_eq!(operation["security"], security(endpoint), "{method} {path}");
    }
}

#[test]
fn each_operation_has_an_id_of_its_own_and_says_what_it_does() {
    let document = openapi();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} stands twice");
        assert!(operation["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{id}: a sentence says what it does");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2') || status.starts_with('3')), "{method} {path}: gives nothing");
        for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path") {
            let name = &parameter["name"];
            assert_ne!(parameter["description"], "", "{method} {path}: `{name}` has no type yet: `src/api/openapi/variables.rs`");
        }
    }
}

#[test]
fn schemas_have_names_of_their_own() {
    let document = openapi();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let is_numbered = name.ends_with(|last: char| last.is_ascii_digit());
        assert!(!is_numbered, "two types are called {name}: `#[schemars(rename = \"…\")]` on one of them");
        assert!(jsonschema::meta::is_valid(schema), "{name}");
    }
}

#[test]
fn each_body_that_is_taken_has_an_example_that_its_schema_takes() {
    let document = openapi();
    let mut examples = 0;
    for (method, path, operation) in operations(&document) {
        let Some(content) = operation.pointer("/requestBody/content/application~1json") else { continue };
        let Some(example) = content.get("example") else {
            // A tool's arguments are described one by one, and what may be left out needs no example.
            assert!(route_of(path) == TOOL_ROUTE || operation["requestBody"]["required"] == false, "{method} {path} has no example");
            continue;
        };
        let validator = jsonschema::validator_for(&content["schema"]).unwrap();
        let faults: Vec<String> = validator.iter_errors(example).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{method} {path}: {faults:?}");
        examples += 1;
    }
    assert!(examples >= 8, "{examples}");
}

#[tokio::test]
async fn anybody_may_read_the_description() {
    let world = World::start().await;
    let answer = world.get("/openapi.json", "").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json(), serde_json::from_str::<Value>(&committed()).unwrap());
}

#[tokio::test]
async fn another_makers_reader_finds_the_description_valid() {
    let read = |name: &'static str| async move {
        let program =
            "import json, sys, openapi_spec_validator as v; v.validate(json.load(open(sys.argv[1])), cls=v.OpenAPIV31SpecValidator)";
        let run = Command::new(beside("SATCHEL_TEST_PYTHON")).args(["-c", program, name]).output().await.unwrap();
        (run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    let (is_valid, said) = read(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).await;
    assert!(is_valid, "{said}");
    // And it would say so.
    let (is_valid, said) = read(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/find_file.json")).await;
    assert!(!is_valid && said.contains("Error"), "{said}");
}
