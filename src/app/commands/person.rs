//! `satchel person`.

use serde_json::{Map, Value, json};

use crate::app::arguments::PersonCommand;
use crate::app::client::{As, Client, list, text, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};

/// Administers the directory.
pub async fn person(command: &PersonCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        PersonCommand::Add { name, kind, email, phone, roles, detail, members, server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let mut body = Map::from_iter([("kind".to_owned(), json!(kind)), ("name".to_owned(), json!(name))]);
            for (field, value) in [("email", email), ("phone", phone), ("detail", detail)] {
                if let Some(value) = value {
                    body.insert(field.to_owned(), json!(value));
                }
            }
            for (field, values) in [("roles", roles), ("members", members)] {
                if !values.is_empty() {
                    body.insert(field.to_owned(), json!(values));
                }
            }
            let added = client.post("/v1/people", &Value::Object(body)).await?;
            if *json {
                return Ok(terminal.json(&added)?);
            }
            Ok(terminal.line(text(&added, "id")?)?)
        }
        PersonCommand::List { server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let people = client.get("/v1/people").await?;
            if *json {
                return Ok(terminal.json(&people)?);
            }
            let rows: Vec<Vec<String>> = list(&people, "people")?
                .iter()
                .map(|person| {
                    let roles = person.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
                    let roles = roles.collect::<Vec<_>>().join(" ");
                    let mut row: Vec<String> =
                        ["id", "kind", "name", "detail", "phone", "email"].map(|field| text_or(person, field, "").to_owned()).into();
                    row.push(roles);
                    row
                })
                .collect();
            for line in table(&["id", "kind", "name", "detail", "phone", "email", "roles"], &rows) {
                terminal.line(line)?;
            }
            Ok(())
        }
        PersonCommand::Change { id, name, email, phone, roles, no_roles, detail, deactivate, activate, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            let mut body = Map::new();
            for (field, value) in [("name", name), ("email", email), ("phone", phone), ("detail", detail)] {
                body.extend(value.as_ref().map(|value| (field.to_owned(), json!(value))));
            }
            if *no_roles || !roles.is_empty() {
                body.insert("roles".to_owned(), json!(roles));
            }
            if *activate || *deactivate {
                body.insert("active".to_owned(), json!(activate));
            }
            client.value(client.request(reqwest::Method::PATCH, &format!("/v1/people/{id}")).json(&Value::Object(body))).await?;
            Ok(terminal.line(format!("{id} is changed"))?)
        }
        PersonCommand::Join { team, user, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.value(client.request(reqwest::Method::PUT, &format!("/v1/people/{team}/members/{user}"))).await?;
            Ok(terminal.line(format!("{user} is in {team}"))?)
        }
        PersonCommand::Leave { team, user, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.delete(&format!("/v1/people/{team}/members/{user}")).await?;
            Ok(terminal.line(format!("{user} is not in {team} any more"))?)
        }
    }
}
