//! Arguments as models send them: an object, a JSON string of one, nothing, with nulls. What cannot
//! be used is named, so that the model can mend it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Longest text of an argument, in characters.
pub(super) const MAX_TEXT: usize = 500;
/// Most entries of a list.
const MAX_ITEMS: usize = 10;

/// Why arguments cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {reason}")]
pub(super) struct BadArgument {
    /// Which; `arguments` for all of them.
    pub field: String,
    /// What to change.
    pub reason: String,
}

fn bad(field: &str, reason: impl Into<String>) -> BadArgument {
    BadArgument { field: field.chars().take(40).collect(), reason: reason.into() }
}

/// Reads arguments by their published schema and then into their type.
pub(super) fn arguments<T: DeserializeOwned>(raw: Value, schema: &Value) -> Result<T, BadArgument> {
    let mut object = object_of(raw)?;
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    object.retain(|_, value| !value.is_null());
    for (field, value) in &mut object {
        let Some(expected) = properties.get(field) else {
            let mut known: Vec<&str> = properties.keys().map(String::as_str).collect();
            known.sort_unstable();
            return Err(bad(field, format!("is no argument of this tool; it takes {}", known.join(", "))));
        };
        check(field, value, expected)?;
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for field in required {
        let is_missing = match object.get(field) {
            None => true,
            Some(value) => value.as_str().is_some_and(|text| text.trim().is_empty()),
        };
        if is_missing {
            return Err(bad(field, "is missing"));
        }
    }
    serde_json::from_value(Value::Object(object)).map_err(|error| bad("arguments", error.to_string()))
}

fn object_of(raw: Value) -> Result<Map<String, Value>, BadArgument> {
    match raw {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Map::new()),
        Value::String(text) if text.trim().is_empty() => Ok(Map::new()),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(Value::Null) => Ok(Map::new()),
            Ok(_) => Err(bad("arguments", "must be a JSON object")),
            Err(_) => Err(bad("arguments", "is not valid JSON")),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(bad("arguments", "must be a JSON object")),
    }
}

fn check(field: &str, value: &mut Value, expected: &Value) -> Result<(), BadArgument> {
    match expected.get("type").and_then(Value::as_str) {
        Some("string") => {
            // Models write numbers where a text is wanted: `{"answer": 1}`.
            if let Value::Number(number) = value {
                *value = Value::String(number.to_string());
            }
            let Some(text) = value.as_str() else { return Err(bad(field, "must be a text")) };
            if text.chars().count() > MAX_TEXT {
                return Err(bad(field, format!("has more than {MAX_TEXT} characters")));
            }
            if let Some(allowed) = expected.get("enum").and_then(Value::as_array) {
                let lower = text.trim().to_lowercase();
                let Some(same) = allowed.iter().find(|known| known.as_str() == Some(&lower)) else {
                    let known: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
                    return Err(bad(field, format!("must be one of {}", known.join(", "))));
                };
                *value = same.clone();
            }
            Ok(())
        }
        Some("array") => {
            let Some(items) = value.as_array_mut() else { return Err(bad(field, "must be a list")) };
            if items.len() > MAX_ITEMS {
                return Err(bad(field, format!("has more than {MAX_ITEMS} entries")));
            }
            let kind = expected.get("items").cloned().unwrap_or(Value::Null);
            items.iter_mut().try_for_each(|item| check(field, item, &kind))
        }
        Some("boolean") if value.is_boolean() => Ok(()),
        Some("integer") => {
            // And texts where a number is wanted: `{"downloads": "2"}`.
            if let Some(number) = value.as_str().and_then(|text| text.trim().parse::<u64>().ok()) {
                *value = number.into();
            }
            if value.is_i64() || value.is_u64() { Ok(()) } else { Err(bad(field, "must be a whole number")) }
        }
        _ => Err(bad(field, "has the wrong type")),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Sample {
        file: String,
        style: Option<String>,
        more: Option<Vec<String>>,
        times: Option<u32>,
    }

    fn read(raw: Value) -> Result<Sample, String> {
        let schema = json!({
            "type": "object",
            "properties": {
                "file": { "type": "string" },
                "style": { "type": "string", "enum": ["digits", "words"] },
                "more": { "type": "array", "items": { "type": "string" } },
                "times": { "type": "integer" }
            },
            "required": ["file"]
        });
        arguments(raw, &schema).map_err(|error| error.to_string())
    }

    #[test]
    fn an_object_a_json_text_and_nulls_are_the_same() {
        let wanted = Ok(Sample { file: "f1".to_owned(), style: None, more: None, times: None });
        assert_eq!(read(json!({"file": "f1"})), wanted);
        assert_eq!(read(json!(r#"{"file": "f1"}"#)), wanted);
        assert_eq!(read(json!({"file": "f1", "style": null, "more": null})), wanted);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (raw, complaint) in [
            (json!({}), "`file` is missing"),
            (json!(null), "`file` is missing"),
            (json!(""), "`file` is missing"),
            (json!({"file": "  "}), "`file` is missing"),
            (json!({"file": null}), "`file` is missing"),
            (json!({"file": ["f1"]}), "`file` must be a text"),
            (json!({"file": "f1", "customer_id": "x"}), "`customer_id` is no argument of this tool; it takes file, more, style, times"),
            (json!({"file": "f1", "style": "loud"}), "`style` must be one of digits, words"),
            (json!({"file": "f1", "more": "x"}), "`more` must be a list"),
            (json!({"file": "f1", "more": [true]}), "`more` must be a text"),
            (json!({"file": "x".repeat(501)}), "`file` has more than 500 characters"),
            (json!({"file": "f1", "times": "twice"}), "`times` must be a whole number"),
            (json!({"file": "f1", "times": 1.5}), "`times` must be a whole number"),
            (json!([1]), "`arguments` must be a JSON object"),
            (json!("{\"file\": "), "`arguments` is not valid JSON"),
            (json!("[1]"), "`arguments` must be a JSON object"),
        ] {
            assert_eq!(read(raw.clone()), Err(complaint.to_owned()), "{raw}");
        }
    }

    #[test]
    fn numbers_and_capitals_are_taken_as_they_were_meant() {
        let sample = read(json!({"file": 1, "style": "Digits"})).unwrap();
        assert_eq!((sample.file.as_str(), sample.style.as_deref()), ("1", Some("digits")));
        assert_eq!(read(json!({"file": "f1", "times": "2"})).unwrap().times, Some(2));
    }
}
