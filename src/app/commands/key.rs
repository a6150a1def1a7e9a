//! `satchel key`.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::app::arguments::{KeyCommand, ServerArgs};
use crate::app::client::{As, Client, ClientError, list, text, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};
use crate::domain::{Clock, SystemClock};

/// Whose keys are meant, and where they lie.
fn keys_of(is_operator: bool, server: &ServerArgs) -> Result<(Client, &'static str), ClientError> {
    let (who, path) = if is_operator { (As::Operator, "/v1/operator/keys") } else { (As::Customer(None), "/v1/keys") };
    Ok((Client::connect(server, who)?, path))
}

/// Administers API keys.
pub async fn key(command: &KeyCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        KeyCommand::Create { label, permissions, days, operator, server, json } => {
            let (client, path) = keys_of(*operator, server)?;
            let mut body = Map::from_iter([("label".to_owned(), json!(label))]);
            if !permissions.is_empty() {
                body.insert("permissions".to_owned(), json!(permissions));
            }
            if let Some(days) = days {
                let end = SystemClock.now().saturating_add(SignedDuration::from_hours(24 * i64::from(*days))).ok();
                body.insert("expires_at".to_owned(), json!(end));
            }
            let created = client.post(path, &Value::Object(body)).await?;
            shown(terminal, &created, *json)
        }
        KeyCommand::List { operator, server, json } => {
            let (client, path) = keys_of(*operator, server)?;
            let keys = client.get(path).await?;
            if *json {
                return Ok(terminal.json(&keys)?);
            }
            let rows: Vec<Vec<String>> = list(&keys, "keys")?.iter().map(row).collect();
            for line in table(&["id", "label", "permissions", "created", "ends", "last used", ""], &rows) {
                terminal.line(line)?;
            }
            Ok(())
        }
        KeyCommand::Rotate { id, overlap, operator, server, json } => {
            let (client, path) = keys_of(*operator, server)?;
            let rotated = client.post(&format!("{path}/{id}/rotate"), &json!({ "overlap_seconds": overlap })).await?;
            shown(terminal, &rotated, *json)?;
            if !*json {
                terminal.remark(format!("the secret before opens it too until {}", text(&rotated, "previous_until")?));
            }
            Ok(())
        }
        KeyCommand::Revoke { id, operator, server } => {
            let (client, path) = keys_of(*operator, server)?;
            client.delete(&format!("{path}/{id}")).await?;
            Ok(terminal.line(format!("{id} opens nothing any more"))?)
        }
    }
}

/// A key and its secret.
fn shown(terminal: Terminal, key: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return Ok(terminal.json(key)?);
    }
    terminal.line(format!("key      {}", text(key, "id")?))?;
    terminal.line(format!("API key  {}", text(key, "api_key")?))?;
    terminal.remark("the key is shown once; keep it");
    Ok(())
}

fn row(key: &Value) -> Vec<String> {
    let permissions = key.get("permissions").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let is_set = |name: &str| key.get(name).is_some_and(|at| !at.is_null());
    let state = if is_set("revoked_at") {
        "revoked"
    } else if is_set("previous_until") {
        "two secrets"
    } else {
        ""
    };
    vec![
        text_or(key, "id", "").to_owned(),
        text_or(key, "label", "").to_owned(),
        permissions.collect::<Vec<_>>().join(" "),
        text_or(key, "created_at", "").to_owned(),
        text_or(key, "expires_at", "never").to_owned(),
        text_or(key, "last_used_at", "never").to_owned(),
        state.to_owned(),
    ]
}
