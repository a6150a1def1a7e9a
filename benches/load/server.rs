//! The server under test: the real binary over a fresh folder, and what its customers need.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::Failure;
use crate::client::Client;

/// How long a start, a stop, and the inspection of the files may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; killed when this is dropped without having been stopped.
pub struct Server {
    /// Address and port of the doors.
    pub host: String,
    /// Where its store listens, with scheme.
    pub bytes_url: String,
    operator: String,
    process: Child,
}

/// A customer with a user of every right.
pub struct Customer {
    pub key: String,
    pub user: String,
}

/// An empty data folder.
pub fn folder() -> Result<TempDir, Failure> {
    Ok(tempfile::Builder::new().prefix("satchel-load-").tempdir()?)
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Failure> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| format!("there is no `{name}` in {value}").into())
}

impl Server {
    /// Starts the binary with so many inspection workers.
    pub async fn start(data: &Path, workers: usize) -> Result<Self, Failure> {
        let process = Command::new(env!("CARGO_BIN_EXE_satchel"))
            .args(["serve", "--listen", "127.0.0.1:0", "--bytes-listen", "127.0.0.1:0", "--workers", &workers.to_string(), "--data"])
            .arg(data)
            .env("SATCHEL__LOG__LEVEL", "error")
            // What is measured comes from one caller and one address.
            .env("SATCHEL__LIMITS__PACE__ENFORCED", "false")
            // What arrives is sent by the link itself.
            .env("SATCHEL__LINKS__REVEAL", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let card = std::fs::read(data.join("server.json")).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
            if let Some(card) = card {
                let host = text(&card, "url")?.trim_start_matches("http://").to_owned();
                let (bytes_url, operator) = (text(&card, "bytes_url")?.to_owned(), text(&card, "operator_key")?.to_owned());
                return Ok(Self { host, bytes_url, operator, process });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("the server did not start in time".into())
    }

    /// Asks it to stop, and waits.
    pub async fn stop(mut self) -> Result<(), Failure> {
        let pid = self.process.id().ok_or("the server has ended by itself")?;
        Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await??;
        if ended.success() { Ok(()) } else { Err(format!("the server ended with {ended}").into()) }
    }

    pub async fn client(&self) -> Result<Client, Failure> {
        Client::connect(&self.host).await
    }

    /// So many connections.
    pub async fn clients(&self, count: usize) -> Result<Vec<Client>, Failure> {
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(self.client().await?);
        }
        Ok(clients)
    }

    pub async fn customer(&self) -> Result<Customer, Failure> {
        let mut client = self.client().await?;
        let made = client.post("/v1/customers", &self.operator, &json!({ "name": "Load" })).await?;
        let key = text(&made, "api_key")?.to_owned();
        let person = |name: &str, role: &str| json!({ "kind": "user", "name": name, "roles": [role] });
        let owner = client.post("/v1/people", &key, &person("Ada Quist", "administrator")).await?;
        client.post("/v1/people", &key, &person("Owen Price", "member")).await?;
        Ok(Customer { user: text(&owner, "id")?.to_owned(), key })
    }

    /// Tokens of so many calls of the customer's user.
    pub async fn calls(&self, customer: &Customer, count: usize) -> Result<Vec<String>, Failure> {
        let mut client = self.client().await?;
        let body = json!({ "caller_id": customer.user, "verified": { "method": "platform", "level": 2 } });
        let mut tokens = Vec::new();
        for _ in 0..count {
            tokens.push(text(&client.post("/v1/calls", &customer.key, &body).await?, "token")?.to_owned());
        }
        Ok(tokens)
    }

    /// Uploads the bytes; the file's id.
    pub async fn upload(client: &mut Client, customer: &Customer, name: &str, bytes: Bytes) -> Result<String, Failure> {
        let path = format!("/v1/files?name={name}");
        let made = client.send(Method::POST, &path, &customer.key, bytes).await?.done()?.json()?;
        Ok(text(&made, "id")?.to_owned())
    }

    /// Waits until the file can be read.
    pub async fn active(client: &mut Client, customer: &Customer, file: &str) -> Result<(), Failure> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let known = client.get(&format!("/v1/files/{file}"), &customer.key).await?.done()?.json()?;
            if known.pointer("/lifecycle/status").is_some_and(|status| status == "active") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("a file was not inspected in time".into())
    }
}
