//! The binary as a server of its own, and what a look at its process and its folder tells.

use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::cli::program::satchel;

/// How long anything that is waited for may take before it counts as not happening.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running server with one customer; stopped when it is dropped.
pub struct Server {
    pub url: String,
    pub key: String,
    pub client: Client,
    user: String,
    child: Child,
    dir: TempDir,
}

/// Waits until there is something; fails when there is nothing in time.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Server {
    /// Starts with settings, each as its environment variable's ending and value.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        Self::with_bytes_at("127.0.0.1:0", &[], settings).await
    }

    /// The same, with its store at an address and more in its environment.
    pub async fn with_bytes_at(bytes: &str, environment: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let _first = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let mut command = satchel();
        command.args(["serve", "--listen", "127.0.0.1:0", "--bytes-listen", bytes, "--data"]).arg(dir.path());
        command.envs(environment.iter().copied());
        // Load is of work here, and comes from one caller mostly.
        command.env("SATCHEL__LIMITS__PACE__ENFORCED", "false");
        for (name, value) in settings {
            command.env(format!("SATCHEL__{name}"), value);
        }
        let child = command.env("SATCHEL__LOG__LEVEL", "error").stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut server = Self { url: String::new(), key: String::new(), user: String::new(), client, child, dir };
        let path = server.dir.path().join("server.json");
        let card: Value = until("the start", async || serde_json::from_slice(&fs::read(&path).ok()?).ok()).await;
        server.url = card["url"].as_str().unwrap().to_owned();
        let operator = card["operator_key"].as_str().unwrap();
        let made = server.json(Method::POST, "/v1/customers", operator, &json!({ "name": "Load", "is_test": true })).await;
        server.key = made["api_key"].as_str().unwrap().to_owned();
        let user = json!({ "kind": "user", "name": "Ada Quist", "roles": ["administrator"] });
        let user = server.json(Method::POST, "/v1/people", &server.key, &user).await;
        server.user = user["id"].as_str().unwrap().to_owned();
        // The probe of the store has objects of its own until it ends.
        until("the store is probed", async || (!server.get("/readyz").await["regions"][0]["capabilities"].is_null()).then_some(())).await;
        server
    }

    /// Where the doors listen.
    pub fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    pub fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(token)
    }

    /// Sends JSON, and reads the JSON of an answer that says that it was done.
    pub async fn json(&self, method: Method, path: &str, token: &str, body: &Value) -> Value {
        let answer = self.request(method, path, token).json(body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.json(Method::GET, path, &self.key, &Value::Null).await
    }

    /// The token of a call of the customer's user.
    pub async fn call(&self) -> String {
        let body = json!({ "caller_id": self.user, "verified": { "method": "platform", "level": 2 } });
        let opened = self.json(Method::POST, "/v1/calls", &self.key, &body).await;
        opened["token"].as_str().unwrap().to_owned()
    }

    /// The key of another customer.
    pub async fn customer(&self, name: &str) -> String {
        let card: Value = serde_json::from_slice(&fs::read(self.dir.path().join("server.json")).unwrap()).unwrap();
        let operator = card["operator_key"].as_str().unwrap();
        let made = self.json(Method::POST, "/v1/customers", operator, &json!({ "name": name, "is_test": true })).await;
        made["api_key"].as_str().unwrap().to_owned()
    }

    /// Uploads bytes; the file.
    pub async fn upload(&self, name: &str, bytes: impl Into<reqwest::Body>) -> Value {
        let request = self.request(Method::POST, &format!("/v1/files?name={name}"), &self.key).body(bytes);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 201, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Waits until the file has left inspection, for as long as its size allows; the file.
    pub async fn inspected(&self, file: &str) -> Value {
        let begin = Instant::now();
        loop {
            let known = self.get(&format!("/v1/files/{file}")).await;
            let status = known["lifecycle"]["status"].as_str().unwrap();
            if !["scanning", "processing"].contains(&status) {
                return known;
            }
            assert!(begin.elapsed() < 10 * PATIENCE, "{known}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Where the bytes of a file can be fetched now.
    pub async fn content_url(&self, file: &str) -> String {
        let answer = self.request(Method::GET, &format!("/v1/files/{file}/content"), &self.key).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// The bytes of a file, or a range of them as the header `Range` names it.
    pub async fn content(&self, file: &str, range: Option<&str>) -> Response {
        let request = self.client.get(self.content_url(file).await);
        let request = if let Some(range) = range { request.header("range", range) } else { request };
        request.send().await.unwrap()
    }

    fn status_kib(&self, name: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Memory of the server's own process now, in MiB; inspection workers are processes of their own.
    pub fn memory_mib(&self) -> u64 {
        self.status_kib("VmRSS") / 1024
    }

    /// Forgets the most memory so far, and gives what is used now, in MiB.
    pub fn begin_measuring(&self) -> u64 {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        self.memory_mib()
    }

    /// The most memory since then, in MiB.
    pub fn peak_mib(&self) -> u64 {
        self.status_kib("VmHWM") / 1024
    }

    /// Files of content that the embedded store holds, finished or not.
    pub fn stored(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for folder in ["objects/temp", "objects/blobs"] {
            files_under(&self.dir.path().join(folder), &mut found);
        }
        found.sort();
        found
    }

    /// Uploads that the catalog knows as begun and not ended.
    pub async fn open_uploads(&self) -> i64 {
        let options = SqliteConnectOptions::new().filename(self.dir.path().join("catalog/catalog.db")).read_only(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM uploads").fetch_one(&mut connection).await.unwrap()
    }
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_under(&path, found) } else { found.push(path) }
    }
}

impl Drop for Server {
    // Blocks, so that the process is gone when the test is, passed or not.
    fn drop(&mut self) {
        let _told = std::process::Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ended = self.child.wait();
    }
}
