//! Arguments as nobody should send them: each is read, or named in an error, and never a panic.

use bolero::check;
use serde_json::{Map, Value};

use super::decode::{MAX_TEXT, arguments};
use super::registry::definitions;
use super::{lifetime, simulate};

const ITERATIONS: usize = 2000;

/// A value of some type, by a number.
fn value(kind: u8, text: &str) -> Value {
    match kind % 7 {
        0 => Value::Null,
        1 => Value::Bool(text.len().is_multiple_of(2)),
        2 => Value::from(text.len()),
        3 => Value::from(vec![text; usize::from(kind / 7)]),
        4 => Value::Object(Map::from_iter([(text.to_owned(), Value::Null)])),
        _ => Value::from(text),
    }
}

#[test]
fn any_arguments_are_read_or_named_in_an_error() {
    let tools = definitions();
    check!().with_iterations(ITERATIONS).with_type::<(u8, Vec<(u8, u8, String)>, Option<String>)>().for_each(|(tool, fields, extra)| {
        let tool = &tools[usize::from(*tool) % tools.len()];
        let known: Vec<&String> = tool.input_schema["properties"].as_object().unwrap().keys().collect();
        let mut object = Map::new();
        for (field, kind, text) in fields {
            object.insert(known[usize::from(*field) % known.len()].clone(), value(*kind, text));
        }
        object.extend(extra.iter().map(|name| (name.clone(), Value::from("x"))));
        let raw = Value::Object(object);
        let text = Value::from(raw.to_string());
        let (read, read_text) = (arguments::<Value>(raw, &tool.input_schema), arguments::<Value>(text, &tool.input_schema));
        assert_eq!(read, read_text, "an object and its text are the same");
        match read {
            Ok(read) => {
                for (field, value) in read.as_object().unwrap() {
                    assert!(known.contains(&field), "{field} went through");
                    assert!(value.as_str().is_none_or(|text| text.chars().count() <= MAX_TEXT), "{field} is too long");
                }
            }
            Err(error) => assert!(!error.field.is_empty() || extra.as_deref() == Some(""), "{error}"),
        }
    });
}

#[test]
fn any_text_is_arguments_or_an_error() {
    let tools = definitions();
    check!().with_iterations(ITERATIONS).with_type::<String>().for_each(|text| {
        for tool in &tools {
            let _read = arguments::<Value>(Value::from(text.as_str()), &tool.input_schema);
        }
    });
}

#[test]
fn any_words_for_a_time_are_within_bounds_or_refused() {
    let words = ["two", "hours", "a", "week", "half", "an", "hour", "minutes", "99999999999", "until", "days", "and", "-1", "tomorrow"];
    check!().with_iterations(ITERATIONS).with_type::<(Vec<u8>, String)>().for_each(|(picks, text)| {
        let said: Vec<&str> = picks.iter().map(|pick| words[usize::from(*pick) % words.len()]).collect();
        for said in [said.join(" "), text.clone()] {
            if let Ok(lifetime) = lifetime::parse(&said) {
                assert!((60..=366 * 86_400).contains(&lifetime.seconds()), "{said}: {lifetime:?}");
            }
            let _simulated = simulate::parse(&said);
        }
    });
}
