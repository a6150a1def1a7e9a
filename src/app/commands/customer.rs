//! `satchel customer`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::app::arguments::{CustomerCommand, Most};
use crate::app::client::{As, Client, text};
use crate::app::failure::Failure;
use crate::app::terminal::Terminal;

/// Administers customers.
pub async fn customer(command: &CustomerCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        CustomerCommand::Create { name, test, region, server, json } => {
            let client = Client::connect(server, As::Operator)?;
            let created = client.post("/v1/customers", &json!({ "name": name, "is_test": test, "region": region })).await?;
            if *json {
                return Ok(terminal.json(&created)?);
            }
            terminal.line(format!("customer  {}", text(&created, "customer_id")?))?;
            terminal.line(format!("API key   {}", text(&created, "api_key")?))?;
            terminal.remark("the key is shown once; keep it");
            Ok(())
        }
        CustomerCommand::Quota { customer, files, bytes, server, json } => {
            let client = Client::connect(server, As::Operator)?;
            let path = format!("/v1/customers/{}/quota", utf8_percent_encode(customer, NON_ALPHANUMERIC));
            let mut told = client.get(&path).await?;
            if files.is_some() || bytes.is_some() {
                let set = |name: &str| told.pointer(&format!("/quota/{name}")).cloned().unwrap_or_default();
                let wanted = |name: &str, most: Option<Most>| most.map_or_else(|| set(name), |Most(most)| json!(most));
                let quota = json!({ "files": wanted("files", *files), "bytes": wanted("bytes", *bytes) });
                told = client.put(&path, &quota).await?;
            }
            if *json {
                return Ok(terminal.json(&told)?);
            }
            for what in ["files", "bytes"] {
                let number = |of: &str| told.pointer(&format!("/{of}/{what}")).and_then(Value::as_u64);
                let most = number("quota").map_or_else(|| "as many as it likes".to_owned(), |most| most.to_string());
                terminal.line(format!("{what}  {} of {most}", number("used").unwrap_or(0)))?;
            }
            Ok(())
        }
    }
}
