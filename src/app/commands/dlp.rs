//! `satchel dlp`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::categories::reread;
use crate::app::arguments::{DlpCommand, SoughtArgs};
use crate::app::client::{As, Client, list, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};
use crate::inspect::look_through;

/// Shows and says how sensitive files are, and by which rules.
pub async fn dlp(command: &DlpCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        DlpCommand::Findings { file, server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let found = client.get(&format!("/v1/files/{file}/findings")).await?;
            if *json { Ok(terminal.json(&found)?) } else { told(&found, terminal) }
        }
        DlpCommand::Classify { file, level, reason, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            let level = if level == "found" { Value::Null } else { json!(level) };
            client.put(&format!("/v1/files/{file}/classification"), &json!({ "classification": level, "reason": reason })).await?;
            let now = client.get(&format!("/v1/files/{file}/findings")).await?;
            Ok(terminal.line(format!("{file} is {}", text_or(&now, "classification", "")))?)
        }
        DlpCommand::Rules { server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let rules = client.get("/v1/dlp/rules").await?;
            if *json { Ok(terminal.json(&rules)?) } else { rules_told(&rules, terminal) }
        }
        DlpCommand::Set { name, sought, at_least, level, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            let mut body = sought_json(sought)?;
            if let Some(body) = body.as_object_mut() {
                body.insert("name".to_owned(), json!(name));
                body.insert("at_least".to_owned(), json!(at_least));
                body.insert("level".to_owned(), json!(level));
            }
            client.put("/v1/dlp/rules", &body).await?;
            Ok(terminal.line(format!("files that are read from now on are looked through by {name}"))?)
        }
        DlpCommand::Remove { name, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.delete(&format!("/v1/dlp/rules/{name}")).await?;
            Ok(terminal.line(format!("{name} is looked for no more"))?)
        }
        DlpCommand::Levels { levels, server } => {
            let levels = levels.iter().map(|text| level(text)).collect::<Result<Vec<_>, _>>()?;
            let client = Client::connect(server, As::Customer(None))?;
            client.put("/v1/dlp/levels", &json!({ "levels": levels })).await?;
            Ok(terminal.line(if levels.is_empty() {
                "the usual levels hold"
            } else {
                "these levels hold for files that are read from now on"
            })?)
        }
        DlpCommand::Reread(arguments) => reread("/v1/dlp/reread", arguments, terminal).await,
        DlpCommand::Check { file, misses } => check(file, *misses, terminal),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::File { path: path.display().to_string(), source })
}

pub(super) fn sought_json(sought: &SoughtArgs) -> Result<Value, Failure> {
    Ok(match (&sought.pattern, &sought.words_of) {
        (Some(pattern), _) => json!({ "pattern": pattern }),
        (None, Some(path)) => {
            let text = read(path)?;
            json!({ "words": text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>() })
        }
        (None, None) => json!({ "words": sought.words }),
    })
}

/// `card:1:restricted`.
fn level(text: &str) -> Result<Value, Failure> {
    let mut parts = text.split(':');
    let (kind, count, level) = (parts.next(), parts.next().and_then(|count| count.parse::<u32>().ok()), parts.next());
    match (kind, count, level, parts.next()) {
        (Some(kind), Some(count), Some(level), None) => Ok(json!({ "type": kind, "at_least": count, "level": level })),
        _ => Err(Failure::Usage(format!("`{text}` is no level: write it as card:1:restricted"))),
    }
}

fn told(found: &Value, terminal: Terminal) -> Result<(), Failure> {
    let level = |field| text_or(found, field, "").to_owned();
    terminal.line(format!("{}; what was found gives {}", level("classification"), level("found")))?;
    if let Some(said) = found.get("said").filter(|said| !said.is_null()) {
        let part = |field| text_or(said, field, "").to_owned();
        terminal.line(format!("{} says {}: {}", part("by"), part("classification"), part("reason")))?;
    }
    if found.get("was_looked_at").and_then(Value::as_bool) == Some(false) {
        terminal.remark("its text could not be looked at");
    }
    let row = |finding: &Value| {
        let first = finding.pointer("/places/0");
        let place = first.map(|place| format!("{}, line {}", text_or(place, "part", ""), place.get("line").cloned().unwrap_or_default()));
        let count = finding.get("count").map(Value::to_string).unwrap_or_default();
        vec![
            text_or(finding, "type", "").to_owned(),
            text_or(finding, "rule", "").to_owned(),
            count,
            text_or(finding, "sample", "").to_owned(),
            place.unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = list(found, "findings")?.iter().map(row).collect();
    if !rows.is_empty() {
        for line in table(&["type", "rule", "different", "as", "first in"], &rows) {
            terminal.line(line)?;
        }
    }
    Ok(())
}

fn rules_told(rules: &Value, terminal: Terminal) -> Result<(), Failure> {
    let number = |of: &Value, field: &str| of.get(field).map(Value::to_string).unwrap_or_default();
    let own = |rule: &Value| {
        let words = rule.get("words").and_then(Value::as_array).map(|words| format!("{} words", words.len()));
        let what = words.unwrap_or_else(|| text_or(rule, "pattern", "").to_owned());
        vec![
            text_or(rule, "name", "").to_owned(),
            what,
            number(rule, "at_least"),
            text_or(rule, "level", "").to_owned(),
            text_or(rule, "set_by", "").to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = list(rules, "rules")?.iter().map(own).collect();
    if rows.is_empty() {
        terminal.remark("the customer has no rules of its own");
    } else {
        for line in table(&["rule", "looks for", "from", "gives", "set by"], &rows) {
            terminal.line(line)?;
        }
    }
    let usual = rules.get("levels_are_usual").and_then(Value::as_bool) == Some(true);
    terminal.line(if usual { "\nwhat findings count, as usual:" } else { "\nwhat findings count, as this customer says:" })?;
    let level =
        |level: &Value| vec![text_or(level, "type", "").to_owned(), number(level, "at_least"), text_or(level, "level", "").to_owned()];
    let rows: Vec<Vec<String>> = list(rules, "levels")?.iter().map(level).collect();
    for line in table(&["type", "from", "gives"], &rows) {
        terminal.line(line)?;
    }
    Ok(())
}

/// A labelled text: whether it holds something of a type, which is a kind of finding or a rule.
#[derive(Deserialize)]
struct Labelled {
    #[serde(rename = "type")]
    kind: String,
    text: String,
    expected: bool,
}

#[derive(Default)]
struct Tally {
    found: u32,
    missed: u32,
    wrong: u32,
    clean: u32,
}

fn share(part: u32, whole: u32) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.3}", f64::from(part) / f64::from(whole)) }
}

fn check(file: &Path, misses: bool, terminal: Terminal) -> Result<(), Failure> {
    let text = read(file)?;
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Ok(labelled) = serde_json::from_str::<Labelled>(line) else {
            return Err(Failure::Usage(format!("line {} is no labelled text: {{\"type\", \"text\", \"expected\"}}", number + 1)));
        };
        let findings = look_through(&labelled.text, &[])?;
        let is_found = findings.iter().any(|finding| finding.rule == labelled.kind || finding.kind.as_str() == labelled.kind);
        let tally = tallies.entry(labelled.kind.clone()).or_default();
        match (labelled.expected, is_found) {
            (true, true) => tally.found += 1,
            (true, false) => tally.missed += 1,
            (false, true) => tally.wrong += 1,
            (false, false) => tally.clean += 1,
        }
        if misses && labelled.expected != is_found {
            let what = if labelled.expected { "missed" } else { "wrong" };
            terminal.line(format!("{what} {}, line {}: {}", labelled.kind, number + 1, labelled.text))?;
        }
    }
    let rows: Vec<Vec<String>> = tallies
        .iter()
        .map(|(kind, tally)| {
            let of = |part: u32, other: u32| format!("{part} of {}", part + other);
            vec![
                kind.clone(),
                of(tally.found, tally.missed),
                of(tally.clean, tally.wrong),
                share(tally.found, tally.found + tally.wrong),
                share(tally.found, tally.found + tally.missed),
            ]
        })
        .collect();
    for line in table(&["type", "found", "left alone", "precision", "recall"], &rows) {
        terminal.line(line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_type_a_count_and_a_level() {
        assert_eq!(level("card:1:restricted").unwrap(), json!({ "type": "card", "at_least": 1, "level": "restricted" }));
        for bad in ["card", "card:1", "card:one:restricted", "card:1:restricted:x"] {
            assert!(matches!(level(bad), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
