//! `satchel grant`.

use serde_json::{Map, Value, json};

use crate::app::arguments::{GrantCommand, PlaceArgs};
use crate::app::client::{As, Client, list, text, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};

/// Gives, lists and ends standing rights.
pub async fn grant(command: &GrantCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        GrantCommand::Give { level, to, place, lifetime, server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let mut body = Map::from_iter([("to".to_owned(), json!(to)), ("level".to_owned(), json!(level))]);
            body.extend(lifetime.map(|seconds| ("lifetime_seconds".to_owned(), json!(seconds))));
            body.extend(place.folder.as_ref().map(|folder| ("folder".to_owned(), json!(folder))));
            let given = client.post(&path(place), &Value::Object(body)).await?;
            if *json {
                return Ok(terminal.json(&given)?);
            }
            Ok(terminal.line(match given.get("owner") {
                Some(_) => format!("{to} owns it now"),
                None => text(&given, "id")?.to_owned(),
            })?)
        }
        GrantCommand::List { place, server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let mut request = client.request(reqwest::Method::GET, &path(place));
            if let Some(folder) = &place.folder {
                request = request.query(&[("folder", folder)]);
            }
            let grants = client.value(request).await?;
            if *json {
                return Ok(terminal.json(&grants)?);
            }
            let row = |grant| ["id", "to", "level", "granted_by", "created_at"].map(|field| text_or(grant, field, "").to_owned());
            let rows: Vec<Vec<String>> = list(&grants, "grants")?
                .iter()
                .map(|grant| row(grant).into_iter().chain([text_or(grant, "expires_at", "never").to_owned()]).collect())
                .collect();
            for line in table(&["id", "to", "level", "by", "since", "ends"], &rows) {
                terminal.line(line)?;
            }
            Ok(())
        }
        GrantCommand::End { id, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.delete(&format!("/v1/grants/{id}")).await?;
            Ok(terminal.line(format!("{id} gives nothing any more"))?)
        }
    }
}

fn path(place: &PlaceArgs) -> String {
    match &place.file {
        Some(file) => format!("/v1/files/{file}/grants"),
        None => "/v1/folders/grants".to_owned(),
    }
}
