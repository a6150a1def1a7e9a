//! `satchel quarantine` and `satchel report`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::arguments::{QuarantineCommand, ReportCommand, ServerArgs};
use crate::app::client::{As, Client, list, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};

/// Lists what lies in quarantine, and lets it out or removes it.
pub async fn quarantine(command: &QuarantineCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        QuarantineCommand::List { server, json } => show(server, *json, terminal).await,
        QuarantineCommand::Release { file, reason, days, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            let body = json!({ "reason": reason, "days": days });
            let proposed = client.post(&format!("/v1/quarantine/{file}/release"), &body).await?;
            let until = proposed.pointer("/release/expires_at").and_then(Value::as_str).unwrap_or_default();
            Ok(terminal
                .line(format!("proposed until {until}; somebody else confirms it: satchel quarantine confirm {file} --reason ..."))?)
        }
        QuarantineCommand::Confirm { file, reason, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.post(&format!("/v1/quarantine/{file}/release/confirm"), &json!({ "reason": reason })).await?;
            Ok(terminal.line(format!("{file} is judged again, and passes until the release is over"))?)
        }
        QuarantineCommand::Withdraw { file, reason, server } => {
            remove(server, &format!("/v1/quarantine/{file}/release"), reason).await?;
            Ok(terminal.line(format!("the release of {file} is over; what it let out is judged again"))?)
        }
        QuarantineCommand::Delete { file, reason, server } => {
            remove(server, &format!("/v1/quarantine/{file}"), reason).await?;
            Ok(terminal.line(format!("{file} is removed from quarantine"))?)
        }
    }
}

async fn remove(server: &ServerArgs, path: &str, reason: &str) -> Result<(), Failure> {
    let client = Client::connect(server, As::Customer(None))?;
    client.value(client.request(Method::DELETE, path).query(&[("reason", reason)])).await?;
    Ok(())
}

async fn show(server: &ServerArgs, as_json: bool, terminal: Terminal) -> Result<(), Failure> {
    let client = Client::connect(server, As::Customer(None))?;
    let mut files = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.value(client.request(Method::GET, "/v1/quarantine").query(&[("after", &after)])).await?;
        files.extend(list(&page, "files")?.iter().cloned());
        text_or(&page, "next", "").clone_into(&mut after);
        if after.is_empty() {
            break;
        }
    }
    if as_json {
        return Ok(terminal.json(&json!({ "files": files }))?);
    }
    let row = |file: &Value| {
        let findings: Vec<&str> = file.get("findings").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let release = match file.pointer("/release/in_force").and_then(Value::as_bool) {
            Some(true) => "in force",
            Some(false) => "proposed",
            None => "",
        };
        let text = |field| text_or(file, field, "").to_owned();
        vec![text("file"), text("name"), text("judged_at"), findings.join(", "), release.to_owned()]
    };
    let rows: Vec<Vec<String>> = files.iter().map(row).collect();
    for line in table(&["file", "name", "judged", "found", "release"], &rows) {
        terminal.line(line)?;
    }
    Ok(())
}

/// Prints a report as the server writes it.
pub async fn report(command: &ReportCommand, terminal: Terminal) -> Result<(), Failure> {
    let ReportCommand::Security { from, to, format, server } = command;
    let client = Client::connect(server, As::Customer(None))?;
    let mut query = vec![("from", from.to_string()), ("format", format.as_str().to_owned())];
    query.extend(to.map(|to| ("to", to.to_string())));
    let text = client.text(client.request(Method::GET, "/v1/security-report").query(&query)).await?;
    Ok(terminal.line(text.trim_end())?)
}
