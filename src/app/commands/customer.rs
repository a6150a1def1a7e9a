//! `satchel customer`.

use serde_json::json;

use crate::app::arguments::CustomerCommand;
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
    }
}
