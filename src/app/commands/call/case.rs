//! A case file: what the caller says, which tool is called, and what must come back.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::line::Request;
use super::session::{Session, print};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, Tone};

/// A case: one step, or several in one call.
#[derive(Debug, Deserialize)]
struct Case {
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(flatten)]
    only: Step,
}

/// One step.
#[derive(Debug, Default, Deserialize)]
struct Step {
    /// What the platform reports before the call.
    heard: Option<String>,
    /// The call.
    call: Option<Call>,
    /// What the answer must hold, whatever else it holds.
    #[serde(default)]
    expect: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Call {
    /// The tool; the folder of the case names it where it is missing.
    tool: Option<String>,
    #[serde(default, alias = "args")]
    arguments: Map<String, Value>,
}

/// Runs a case in an open call, and says where an answer differs.
pub async fn run(path: &Path, session: &Session, json: bool, terminal: Terminal) -> Result<(), Failure> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|source| Failure::File { path: name.clone(), source })?;
    let case: Case = serde_json::from_slice(&text).map_err(|error| Failure::File { path: name.clone(), source: error.into() })?;
    let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let mut differs = false;
    for step in case.steps.iter().chain(case.only.call.is_some().then_some(&case.only)) {
        if let Some(heard) = &step.heard {
            session.heard(heard).await?;
        }
        let Some(call) = &step.call else { continue };
        let Some(tool) = call.tool.clone().or_else(|| folder.clone()) else {
            return Err(Failure::Usage(format!("`{name}` names no tool")));
        };
        let answer = session.tool(&Request { tool, arguments: Value::Object(call.arguments.clone()) }).await?;
        if json {
            terminal.json(&answer)?;
        } else {
            print(&answer, terminal)?;
        }
        let found = serde_json::to_value(&answer).map_err(|error| Failure::Output(error.into()))?;
        for difference in differences("", &Value::Object(step.expect.clone()), &found) {
            differs = true;
            terminal.remark(terminal.paint(Tone::Bad, &difference));
        }
    }
    if differs { Err(Failure::Reported) } else { Ok(()) }
}

/// Where `found` lacks something of `expected`. Objects may hold more; `say_contains` looks into `say`.
fn differences(place: &str, expected: &Value, found: &Value) -> Vec<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => expected
            .iter()
            .flat_map(|(key, expected)| {
                let at = format!("{place}/{key}");
                match key.as_str() {
                    "say_contains" => says(&at, expected, found.get("say").unwrap_or(&Value::Null)),
                    _ => differences(&at, expected, found.get(key).unwrap_or(&Value::Null)),
                }
            })
            .collect(),
        _ if expected == found => Vec::new(),
        _ => vec![format!("{place}: expected {expected}, found {found}")],
    }
}

fn says(at: &str, expected: &Value, say: &Value) -> Vec<String> {
    let said = say.as_str().unwrap_or_default().to_lowercase();
    let pieces = match expected {
        Value::Array(pieces) => pieces.iter().collect(),
        piece => vec![piece],
    };
    let missing = pieces.into_iter().filter_map(Value::as_str).filter(|piece| !said.contains(&piece.to_lowercase()));
    missing.map(|piece| format!("{at}: `{piece}` is not said in {say}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_may_hold_more_than_a_case_expects_and_never_less() {
        let found = json!({"outcome": "done", "say": "It is the Q2 report.", "data": {"title": "Q2", "files": []}});
        for (expected, count) in [
            (json!({"outcome": "done"}), 0),
            (json!({"data": {"title": "Q2"}, "say_contains": ["q2 report"]}), 0),
            (json!({"outcome": "choose", "data": {"title": "Q3"}}), 2),
            (json!({"say_contains": "lease"}), 1),
            (json!({"next": "find_file"}), 1),
        ] {
            assert_eq!(differences("", &expected, &found).len(), count, "{expected}");
        }
    }

    #[test]
    fn a_case_is_one_step_or_several() {
        let one: Case =
            serde_json::from_value(json!({"given": {}, "call": {"arguments": {"query": "x"}}, "expect": {"outcome": "done"}})).unwrap();
        assert!(one.only.call.is_some() && one.steps.is_empty());
        let two: Case = serde_json::from_value(json!({"steps": [{"heard": "yes"}, {"call": {"tool": "find_file"}}]})).unwrap();
        assert_eq!(two.steps.len(), 2);
    }
}
