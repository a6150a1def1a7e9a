//! What is published of the tools: the committed files are what the types say, and keep to the words
//! of JSON schema that every agent platform takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use satchel::tools::definitions;
use serde_json::Value;

/// Words of JSON schema that are published; the server enforces the rest and the description says it.
const WORDS: &[&str] = &["type", "description", "properties", "required", "additionalProperties", "items", "enum"];
/// Objects within objects, the arguments themselves counted.
const DEEPEST: usize = 3;
const LONGEST_NAME: usize = 40;
/// Optional arguments of all tools together.
const MOST_OPTIONAL: usize = 24;
const MOST_TOOLS: usize = 16;

fn is_name(name: &str) -> bool {
    let start = name.starts_with(|c: char| c.is_ascii_lowercase());
    start && name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What is wrong with an input schema at a place.
fn faults(place: &str, schema: &Value, depth: usize) -> Vec<String> {
    let Some(object) = schema.as_object() else { return vec![format!("{place}: is no object")] };
    let mut found: Vec<String> =
        object.keys().filter(|word| !WORDS.contains(&word.as_str())).map(|word| format!("{place}: `{word}` is not published")).collect();
    if depth > DEEPEST {
        found.push(format!("{place}: lies {depth} deep"));
    }
    if !object.get("type").is_some_and(Value::is_string) {
        found.push(format!("{place}: has not one type"));
    }
    if object.get("type") == Some(&Value::from("object")) && object.get("additionalProperties") != Some(&Value::from(false)) {
        found.push(format!("{place}: takes any key"));
    }
    for (name, property) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let at = format!("{place}.{name}");
        if !is_name(name) {
            found.push(format!("{at}: is no name"));
        }
        if property["description"].as_str().is_none_or(|text| text.len() < 10) {
            found.push(format!("{at}: is not described"));
        }
        found.extend(faults(&at, property, depth + 1));
    }
    found.extend(object.get("items").map(|items| faults(&format!("{place}[]"), items, depth)).unwrap_or_default());
    found
}

#[test]
fn the_committed_definitions_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools");
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let paths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let committed: BTreeMap<String, String> = paths.map(|path| (name(&path), text(&path))).collect();
    let published: BTreeMap<String, String> =
        definitions().iter().map(|tool| (tool.name.to_owned(), serde_json::to_string_pretty(tool).unwrap() + "\n")).collect();
    assert_eq!(committed, published, "`satchel schema write` mends it");
}

#[test]
fn arguments_keep_to_what_every_platform_takes() {
    let tools = definitions();
    assert!(tools.len() <= MOST_TOOLS);
    let faults: Vec<String> = tools.iter().flat_map(|tool| faults(tool.name, &tool.input_schema, 1)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut optional = 0;
    for tool in &tools {
        assert!(is_name(tool.name) && tool.description.len() > 40 && !tool.title.is_empty(), "{}", tool.name);
        optional += tool.input_schema["properties"].as_object().unwrap().len();
        optional -= tool.input_schema["required"].as_array().map_or(0, Vec::len);
    }
    assert!(optional <= MOST_OPTIONAL, "{optional} optional arguments");
}

#[test]
fn answers_are_described_by_valid_schemas_without_references() {
    for tool in definitions() {
        for schema in [&tool.input_schema, &tool.output_schema] {
            assert!(jsonschema::meta::is_valid(schema), "{}", tool.name);
            let text = schema.to_string();
            for word in ["\"$ref\"", "\"$defs\"", "\"anyOf\"", "\"oneOf\"", "\"allOf\"", "\"format\"", "\"pattern\"", "\"minimum\""] {
                assert!(!text.contains(word), "{}: {word}", tool.name);
            }
        }
    }
}

#[test]
fn a_schema_that_a_platform_would_refuse_is_found() {
    let bad = serde_json::json!({
        "type": "object",
        "properties": {"fileName": {"type": ["string", "null"], "minLength": 1}},
    });
    let found = faults("t", &bad, 1);
    for part in ["takes any key", "is no name", "is not described", "has not one type", "`minLength` is not published"] {
        assert!(found.iter().any(|fault| fault.contains(part)), "{part}: {found:?}");
    }
}
