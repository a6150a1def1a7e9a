//! `satchel policy`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::app::arguments::{PolicyCommand, ProposedArgs, ServerArgs};
use crate::app::client::{As, Client, ClientError, list, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};
use crate::policy::{Policies, matrix};

/// Administers who may do what.
pub async fn policy(command: &PolicyCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        PolicyCommand::Matrix => Ok(terminal.line(matrix(&Policies::built_in()?).trim_end())?),
        PolicyCommand::Validate { files } => validate(files, terminal),
        PolicyCommand::Diff { proposed, server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let body = match proposed.set {
                Some(number) => json!({ "number": number }),
                None => json!({ "policies": texts_json(&read(&proposed.files)?) }),
            };
            let diff = client.post("/v1/policies/diff", &body).await?;
            if *json { Ok(terminal.json(&diff)?) } else { told(&diff, terminal) }
        }
        PolicyCommand::Add { files, note, server } => {
            let number = add(files, note, server).await?;
            Ok(terminal.line(format!("policy set {number} is kept; `satchel policy activate --set {number}` puts it in force"))?)
        }
        PolicyCommand::Activate { proposed, note, server } => activate(proposed, note, server, terminal).await,
        PolicyCommand::List { server, json } => sets(server, *json, terminal).await,
        PolicyCommand::Show { number, server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let set = client.get(&format!("/v1/policies/{number}")).await?;
            if *json {
                return Ok(terminal.json(&set)?);
            }
            for text in list(&set, "policies")? {
                terminal.line(format!("// {}", text_or(text, "name", "")))?;
                terminal.line(text_or(text, "text", "").trim_end())?;
            }
            Ok(())
        }
        PolicyCommand::Rollback { number, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.post(&format!("/v1/policies/{number}/rollback"), &Value::Null).await?;
            Ok(terminal.line(in_force(*number))?)
        }
    }
}

fn in_force(number: u32) -> String {
    match number {
        0 => "the built-in policies alone are in force".to_owned(),
        number => format!("policy set {number} is in force"),
    }
}

/// Names and texts of files.
fn read(files: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let text = |path: &PathBuf| {
        let shown = path.display().to_string();
        let name = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
        fs::read_to_string(path).map(|text| (name, text)).map_err(|source| Failure::File { path: shown, source })
    };
    files.iter().map(text).collect()
}

fn texts_json(texts: &[(String, String)]) -> Value {
    texts.iter().map(|(name, text)| json!({ "name": name, "text": text })).collect()
}

fn validate(files: &[PathBuf], terminal: Terminal) -> Result<(), Failure> {
    let policies = Policies::built_in()?.with(&read(files)?)?;
    Ok(terminal.line(format!("{} policies are valid together with the built-in ones", policies.added().len()))?)
}

async fn add(files: &[PathBuf], note: &str, server: &ServerArgs) -> Result<u32, Failure> {
    let client = Client::connect(server, As::Customer(None))?;
    let made = client.post("/v1/policies", &json!({ "policies": texts_json(&read(files)?), "note": note })).await?;
    Ok(number_of(&made)?)
}

/// The number of a set that was kept; never one of our own in its place, as 0 puts the built-in policies in force.
fn number_of(made: &Value) -> Result<u32, ClientError> {
    let number = made.get("number").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    number.ok_or(ClientError::Answer { what: "number" })
}

async fn activate(proposed: &ProposedArgs, note: &str, server: &ServerArgs, terminal: Terminal) -> Result<(), Failure> {
    let number = match proposed.set {
        Some(number) => number,
        None => add(&proposed.files, note, server).await?,
    };
    let client = Client::connect(server, As::Customer(None))?;
    client.post(&format!("/v1/policies/{number}/activate"), &Value::Null).await?;
    Ok(terminal.line(in_force(number))?)
}

async fn sets(server: &ServerArgs, json: bool, terminal: Terminal) -> Result<(), Failure> {
    let client = Client::connect(server, As::Customer(None))?;
    let mut page = client.get("/v1/policies").await?;
    let active = page.get("active").cloned().unwrap_or_default();
    let mut sets = list(&page, "sets")?.to_vec();
    while let Some(next) = page.get("next").and_then(Value::as_u64) {
        page = client.get(&format!("/v1/policies?before={next}")).await?;
        sets.extend(list(&page, "sets")?.iter().cloned());
    }
    if json {
        return Ok(terminal.json(&json!({ "active": active, "sets": sets }))?);
    }
    let rows: Vec<Vec<String>> = sets
        .iter()
        .map(|set| {
            let number = set.get("number").map(Value::to_string).unwrap_or_default();
            let rest = ["state", "created_at", "created_by", "activated_at", "note"].map(|field| text_or(set, field, "").to_owned());
            [number].into_iter().chain(rest).collect()
        })
        .collect();
    for line in table(&["set", "state", "written", "by", "last activated", "note"], &rows) {
        terminal.line(line)?;
    }
    if active == 0 {
        terminal.remark("the built-in policies alone are in force");
    }
    Ok(())
}

/// What would change, as it is read.
fn told(diff: &Value, terminal: Terminal) -> Result<(), Failure> {
    let mut any = false;
    for (field, sign) in [("added", '+'), ("removed", '-'), ("changed", '~')] {
        for id in list(diff, field)? {
            any = true;
            terminal.line(format!("{sign} {}", id.as_str().unwrap_or_default()))?;
        }
    }
    let cells: Vec<Vec<String>> = list(diff, "matrix")?
        .iter()
        .map(|cell| ["who", "on", "action", "before", "after"].map(|field| text_or(cell, field, "").to_owned()).into())
        .collect();
    if !cells.is_empty() {
        terminal.line("\nthe matrix:")?;
        for line in table(&["who", "on", "action", "is", "becomes"], &cells) {
            terminal.line(line)?;
        }
    }
    let decisions = diff.get("decisions").cloned().unwrap_or_default();
    let count = |field| decisions.get(field).and_then(Value::as_u64).unwrap_or_default();
    let (changed, users, files) = (count("changed"), count("users"), count("files"));
    let judged = |judged: Option<&Value>| {
        let judged = judged.cloned().unwrap_or_default();
        let word = text_or(&judged, "evidence", "refused");
        format!("{} by {}", if word == "model_word" { "permitted" } else { word }, text_or(&judged, "policies", ""))
    };
    let rows: Vec<Vec<String>> = list(&decisions, "told")?
        .iter()
        .map(|row| {
            let said = ["name", "action", "title"].map(|field| text_or(row, field, "").to_owned());
            said.into_iter().chain([judged(row.get("before")), judged(row.get("after"))]).collect()
        })
        .collect();
    terminal.line(format!("\n{changed} decisions of {users} users about the {files} newest files fall otherwise"))?;
    if !rows.is_empty() {
        for line in table(&["who", "action", "file", "is", "becomes"], &rows) {
            terminal.line(line)?;
        }
    }
    if !any && cells.is_empty() && changed == 0 {
        terminal.remark("nothing changes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_whose_number_is_not_told_is_an_error_and_not_the_built_in_one() {
        assert_eq!(number_of(&json!({ "number": 7 })).unwrap(), 7);
        for made in [json!({}), json!({ "number": null }), json!({ "number": "7" }), json!({ "number": u64::MAX })] {
            assert!(matches!(number_of(&made), Err(ClientError::Answer { what: "number" })), "{made}");
        }
    }
}
