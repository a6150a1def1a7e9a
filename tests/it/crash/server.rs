//! The real server over a folder: started, asked, killed, started again.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::shim::{Fault, Shim};
use crate::cli::program::{FREE_PORTS, satchel};

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at a condition that is waited for.
pub const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The server gave no answer: it was killed, or never got the request.
#[derive(Debug)]
pub struct Lost;

/// Status and body of an answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub location: String,
    pub body: Value,
}

/// A data folder, the library that makes its disk fail, and what the server says.
pub struct House {
    pub shim: Shim,
    dir: TempDir,
    pub client: Client,
}

/// A running server.
pub struct Server {
    child: Mutex<Child>,
    pub url: String,
    pub operator: String,
    pub client: Client,
}

impl House {
    pub fn new() -> Self {
        // Each test is a process of its own under nextest, and a thread elsewhere: a second installation is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            // A connection that a dead server left behind must not be found again.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        Self { shim: Shim::new(), dir, client }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The same folder once more. No server may use it.
    pub fn copy(&self) -> Self {
        let copy = Self { shim: Shim::new(), dir: tempfile::tempdir().unwrap(), client: self.client.clone() };
        let copied = Command::new("cp").arg("-a").arg(self.data()).arg(copy.dir.path()).status().unwrap();
        assert!(copied.success());
        copy
    }

    /// What the servers of this folder logged, for the message of a test that fails.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Rows of a table of the catalog.
    pub async fn rows(&self, table: &'static str) -> usize {
        let mut catalog = self.catalog().await;
        let question = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let (count,): (i64,) = sqlx::query_as(question).fetch_one(&mut catalog).await.unwrap();
        catalog.close().await.unwrap();
        usize::try_from(count).unwrap()
    }

    /// The catalog's database, beside the server.
    pub async fn catalog(&self) -> SqliteConnection {
        SqliteConnection::connect(&format!("sqlite://{}", self.data().join("catalog/catalog.db").display())).await.unwrap()
    }

    /// Starts a process of the server, which may end before it serves.
    pub fn spawn(&self, fault: Fault) -> Child {
        // The card of a server that was killed names a port that nobody listens on.
        let _ = fs::remove_file(self.data().join("server.json"));
        self.shim.arm(fault);
        let log = fs::OpenOptions::new().create(true).append(true).open(self.dir.path().join("log")).unwrap();
        let mut command: Command = satchel();
        command.arg("serve").arg("--data").arg(self.data()).args(FREE_PORTS);
        command.env("SATCHEL__LIMITS__PACE__ENFORCED", "false");
        command.env("SATCHEL__LINKS__REVEAL", "true").envs(self.shim.environment(&self.data()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Starts the server and waits until it serves; `None` when it ended first.
    pub async fn try_start(&self, fault: Fault) -> Option<Server> {
        let mut child = self.spawn(fault);
        let card = self.data().join("server.json");
        let started = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(card) = fs::read(&card).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) {
                    return Some(card);
                }
                if child.try_wait().unwrap().is_some() {
                    return None;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        let card = started.await.unwrap_or_else(|_| panic!("the server did not start: {}", self.log()))?;
        let text = |name: &str| card[name].as_str().unwrap().to_owned();
        Some(Server { child: Mutex::new(child), url: text("url"), operator: text("operator_key"), client: self.client.clone() })
    }

    /// Starts a server that has to come up.
    pub async fn start(&self) -> Server {
        self.try_start(Fault::None).await.unwrap_or_else(|| panic!("the server ended at once: {}", self.log()))
    }
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    pub fn is_dead(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }

    /// Ends it at this instant.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        // It may have been killed by its own flush already.
        let _ = child.kill();
        child.wait().unwrap();
    }

    pub fn terminate(&self) {
        let told = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Waits for its end.
    pub async fn ended(&self) -> ExitStatus {
        let ended = async {
            loop {
                if let Some(status) = self.child.lock().unwrap().try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("the server did not end")
    }

    /// Asks it to stop, and demands that it does so in order.
    pub async fn stop(self) {
        self.terminate();
        assert_eq!(self.ended().await.code(), Some(0));
    }

    pub fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Result<Reply, Lost> {
        reply(self.request(Method::POST, path, token).json(body)).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Result<Reply, Lost> {
        reply(self.request(Method::GET, path, token)).await
    }

    /// The JSON of a page that has to be there.
    pub async fn json(&self, path: &str, token: &str) -> Value {
        let reply = self.get(path, token).await.unwrap();
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.body
    }

    /// Calls a tool under a key of the request.
    pub async fn tool(&self, name: &str, token: &str, key: &str, arguments: &Value) -> Result<Reply, Lost> {
        let request = self.request(Method::POST, &format!("/v1/tools/{name}"), token).header("idempotency-key", key);
        reply(request.json(arguments)).await
    }

    pub async fn upload(&self, token: &str, name: &str, title: &str, bytes: Vec<u8>) -> Result<Reply, Lost> {
        let query = [("name", name), ("title", title)];
        reply(self.request(Method::POST, "/v1/files", token).query(&query).body(bytes)).await
    }

    /// Tries a code at a link, from an address of its own: one network has ten tries a minute. The
    /// status of the answer.
    pub async fn redeem(&self, slug: &str, code: &str, from: Ipv4Addr) -> Result<u16, Lost> {
        let address: SocketAddr = self.url.strip_prefix("http://").unwrap().parse().unwrap();
        let body = format!("code={code}");
        let head = format!(
            "POST /s/{slug} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let exchange = async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from((from, 0)))?;
            let mut stream = socket.connect(address).await?;
            stream.write_all(head.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
        };
        let answer = tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| Lost)?.map_err(|_| Lost)?;
        answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok()).ok_or(Lost)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that fails already must not fail twice.
        if let Ok(child) = self.child.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a request; an answer that breaks off is none.
pub async fn reply(request: RequestBuilder) -> Result<Reply, Lost> {
    let response = request.send().await.map_err(|_| Lost)?;
    let status = response.status().as_u16();
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let bytes = response.bytes().await.map_err(|_| Lost)?;
    Ok(Reply { status, location, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
}

/// Waits until a condition holds.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(2 * PATIENCE, found).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// The processes that this one started and that live.
pub fn children_of(parent: u32) -> Vec<u32> {
    let is_child = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|text| text.trim() == parent.to_string()))
    };
    let processes = fs::read_dir("/proc").unwrap();
    processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter(is_child).collect()
}
