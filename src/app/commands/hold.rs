//! `satchel hold`.

use serde_json::json;

use crate::app::arguments::HoldCommand;
use crate::app::client::{As, Client, list, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};

/// Places, lifts and lists holds.
pub async fn hold(command: &HoldCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        HoldCommand::Place { file, reason, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.post(&format!("/v1/files/{file}/hold"), &json!({ "reason": reason })).await?;
            Ok(terminal.line(format!("{file} is held: nothing of it is removed until the hold is lifted"))?)
        }
        HoldCommand::Lift { file, reason, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            let request = client.request(reqwest::Method::DELETE, &format!("/v1/files/{file}/hold")).query(&[("reason", reason)]);
            client.value(request).await?;
            Ok(terminal.line(format!("{file} is not held any more"))?)
        }
        HoldCommand::List { server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let mut holds = Vec::new();
            let mut page = client.get("/v1/holds").await?;
            loop {
                holds.extend(list(&page, "holds")?.iter().cloned());
                let next = text_or(&page, "next", "").to_owned();
                if next.is_empty() {
                    break;
                }
                page = client.get(&format!("/v1/holds?after={next}")).await?;
            }
            if *json {
                return Ok(terminal.json(&json!({ "holds": holds }))?);
            }
            let row =
                |hold| ["file", "title", "status", "placed_at", "placed_by", "reason"].map(|field| text_or(hold, field, "").to_owned());
            let rows: Vec<Vec<String>> = holds.iter().map(|hold| row(hold).into()).collect();
            for line in table(&["file", "title", "status", "since", "by", "reason"], &rows) {
                terminal.line(line)?;
            }
            Ok(())
        }
    }
}
