//! Published schemas: what every agent platform takes. Objects with `additionalProperties: false`,
//! no references, unions, formats or bounds; the server enforces bounds and descriptions name them.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::answer::Outcome;

/// Key words that some platform refuses, and that only narrow what the server checks anyway.
const NARROWING: &[&str] = &[
    "$schema",
    "title",
    "format",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "uniqueItems",
];

/// The schema of a type, in the published subset.
pub(super) fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    plain(&mut schema);
    schema
}

/// The schema of a tool's answer around its own data. Every tool's data may hold `error` instead.
pub(super) fn answer<D: JsonSchema>() -> Value {
    let mut data = of::<D>();
    if let Some(properties) = data.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(
            "error".to_owned(),
            json!({
                "type": "object",
                "description": "Why nothing was done.",
                "properties": {
                    "code": { "type": "string", "description": "Machine-readable." },
                    "field": { "type": "string", "description": "The argument it is about." },
                    "reason": { "type": "string", "description": "What to change." }
                },
                "required": ["code"],
                "additionalProperties": false
            }),
        );
    }
    if let Some(data) = data.as_object_mut() {
        data.remove("required");
    }
    json!({
        "type": "object",
        "properties": {
            "outcome": { "type": "string", "enum": Outcome::ALL.map(Outcome::as_str), "description": "How it ended." },
            "say": { "type": "string", "description": "One line to say to the caller as it stands." },
            "data": data,
            "must_say": {
                "type": "array",
                "description": "What a paraphrase must keep.",
                "items": {
                    "type": "object",
                    "properties": {
                        "text": { "type": "string", "description": "As it is said." },
                        "spell": { "type": "array", "items": { "type": "string" }, "description": "Spelled out, where it may be misheard." }
                    },
                    "required": ["text", "spell"],
                    "additionalProperties": false
                }
            },
            "keys": {
                "type": "object",
                "description": "What keypad digits mean now.",
                "additionalProperties": { "type": "string" }
            },
            "next": { "type": "string", "description": "The tool that usually comes next." }
        },
        "required": ["outcome", "say", "data", "must_say", "keys"],
        "additionalProperties": false
    })
}

fn plain(schema: &mut Value) {
    match schema {
        Value::Object(object) => plain_object(object),
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

fn plain_object(object: &mut Map<String, Value>) {
    // A property may be called `title`: only key words of a schema go, not names under `properties`.
    object.retain(|key, _| !NARROWING.contains(&key.as_str()));
    without_null(object);
    for (key, value) in object.iter_mut() {
        if key == "properties" {
            if let Some(properties) = value.as_object_mut() {
                properties.values_mut().for_each(plain);
            }
        } else if key != "enum" {
            plain(value);
        }
    }
    if object.get("type") == Some(&json!("object")) && object.contains_key("properties") {
        object.insert("additionalProperties".to_owned(), json!(false));
    }
}

/// An optional property is simply not required; `null` is taken all the same.
fn without_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let single = object.get("anyOf").and_then(Value::as_array).and_then(|options| {
        let mut real = options.iter().filter(|option| option.get("type") != Some(&json!("null")));
        match (real.next(), real.next()) {
            (Some(Value::Object(only)), None) => Some(only.clone()),
            _ => None,
        }
    });
    if let Some(only) = single {
        object.remove("anyOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
    // Unit variants with docs come as `oneOf` of constants.
    let constants = object.get("oneOf").and_then(Value::as_array).map(|options| {
        options
            .iter()
            .map(|option| option.get("const").cloned().or_else(|| option.get("enum").and_then(|e| e.get(0)).cloned()))
            .collect::<Option<Vec<_>>>()
    });
    if let Some(Some(constants)) = constants {
        object.remove("oneOf");
        object.insert("type".to_owned(), json!("string"));
        object.insert("enum".to_owned(), Value::Array(constants));
    }
}
