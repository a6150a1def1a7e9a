//! `satchel key`.

use serde_json::{Map, Value, json};

use crate::app::arguments::KeyCommand;
use crate::app::client::{As, Client, list, text, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};

/// Administers API keys.
pub async fn key(command: &KeyCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        KeyCommand::Create { label, permissions, server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let mut body = Map::from_iter([("label".to_owned(), json!(label))]);
            if !permissions.is_empty() {
                body.insert("permissions".to_owned(), json!(permissions));
            }
            let created = client.post("/v1/keys", &Value::Object(body)).await?;
            if *json {
                return Ok(terminal.json(&created)?);
            }
            terminal.line(format!("key      {}", text(&created, "id")?))?;
            terminal.line(format!("API key  {}", text(&created, "api_key")?))?;
            terminal.remark("the key is shown once; keep it");
            Ok(())
        }
        KeyCommand::List { server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let keys = client.get("/v1/keys").await?;
            if *json {
                return Ok(terminal.json(&keys)?);
            }
            let rows: Vec<Vec<String>> = list(&keys, "keys")?
                .iter()
                .map(|key| {
                    let permissions = key.get("permissions").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
                    let ended = if key.get("revoked_at").is_some_and(|at| !at.is_null()) { "revoked" } else { "" };
                    vec![
                        text_or(key, "id", "").to_owned(),
                        text_or(key, "label", "").to_owned(),
                        permissions.collect::<Vec<_>>().join(" "),
                        text_or(key, "created_at", "").to_owned(),
                        text_or(key, "expires_at", "never").to_owned(),
                        ended.to_owned(),
                    ]
                })
                .collect();
            for line in table(&["id", "label", "permissions", "created", "ends", ""], &rows) {
                terminal.line(line)?;
            }
            Ok(())
        }
        KeyCommand::Revoke { id, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.delete(&format!("/v1/keys/{id}")).await?;
            Ok(terminal.line(format!("{id} opens nothing any more"))?)
        }
    }
}
