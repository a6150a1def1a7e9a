//! A server of the binary with one customer, and what is asked of it.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::program::{FREE_PORTS, Serving, run, satchel_with, text};
use crate::hostile::processes::until;

/// A server that ends with the test.
pub struct House {
    _server: Serving,
    dir: TempDir,
    client: Client,
    pub url: String,
    pub key: String,
    pub operator: String,
    pub customer: String,
}

/// An answer.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no `{name}` in {:?}", self.headers)).to_str().unwrap()
    }
}

impl House {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With variables of its environment.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let mut arguments = vec!["serve", "--data", data.to_str().unwrap()];
        arguments.extend(FREE_PORTS);
        let mut command = satchel_with(&arguments);
        command.envs(variables.iter().copied());
        let server = Serving::running(command);
        let card = data.join("server.json");
        until("the server was up", || card.exists());
        let card: Value = serde_json::from_slice(&std::fs::read(card).unwrap()).unwrap();
        let customer = run(&["customer", "create", "Acme", "--json", "--data", data.to_str().unwrap()]).json();
        let operator = run(&["key", "create", "tests", "--operator", "--json", "--data", data.to_str().unwrap()]).json();
        Self {
            _server: server,
            client: Client::builder().redirect(Policy::none()).build().unwrap(),
            url: text(&card, "/url").to_owned(),
            key: text(&customer, "/api_key").to_owned(),
            customer: text(&customer, "/customer_id").to_owned(),
            operator: text(&operator, "/api_key").to_owned(),
            dir,
        }
    }

    /// The folder in which it keeps what it keeps.
    pub fn data(&self) -> std::path::PathBuf {
        Path::new(self.dir.path()).join("data")
    }

    pub async fn ask(&self, method: Method, path: &str, key: &str, body: Vec<u8>) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(key).body(body);
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Answer { status, headers, bytes: answer.bytes().await.unwrap().to_vec() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &self.key, Vec::new()).await
    }

    /// What the server says to an upload.
    pub async fn offer(&self, name: &str, bytes: &[u8]) -> Answer {
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        self.ask(Method::POST, &format!("/v1/files?name={name}"), &self.key, bytes.to_vec()).await
    }

    /// An uploaded file once its inspection is over.
    pub async fn settled(&self, name: &str, bytes: &[u8]) -> Value {
        let taken = self.offer(name, bytes).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{name}: {}", String::from_utf8_lossy(&taken.bytes));
        let id = text(&taken.json(), "/id").to_owned();
        for _ in 0..1200 {
            let file = self.get(&format!("/v1/files/{id}")).await.json();
            let is_over = file["stages"].as_array().unwrap().iter().all(|stage| matches!(text(stage, "/state"), "done" | "failed"));
            if is_over && !matches!(text(&file, "/lifecycle/status"), "uploading" | "scanning" | "processing") {
                return file;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the inspection of {name} never ended");
    }

    /// The bytes of a file as they are handed out.
    pub async fn content(&self, file: &Value) -> Answer {
        let id = text(file, "/id");
        let given = self.get(&format!("/v1/files/{id}/content")).await;
        if given.status != StatusCode::FOUND {
            return given;
        }
        let answer = self.client.get(given.header("location")).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Answer { status, headers, bytes: answer.bytes().await.unwrap().to_vec() }
    }

    pub async fn allow(&self, quota: &Value) {
        let path = format!("/v1/customers/{}/quota", self.customer);
        let body = serde_json::to_vec(quota).unwrap();
        let request = self.client.put(format!("{}{path}", self.url)).bearer_auth(&self.operator).header("content-type", "application/json");
        assert!(request.body(body).send().await.unwrap().status().is_success());
    }

    /// Why a file was locked away; a file that was not is a failure.
    pub async fn why_locked_away(&self, file: &Value) -> Value {
        assert_eq!(file["lifecycle"]["status"], "quarantined", "{file}");
        let held = self.content(file).await;
        assert_eq!(held.status, StatusCode::FORBIDDEN);
        json!(held.json()["code"])
    }
}
