//! A thousand operations at once, and thousands of connections that are only held.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::server::Server;

/// Files that are there before, each found by a word that no other has.
const NAMES: [&str; 12] =
    ["lighthouse", "orchard", "granite", "violin", "harvest", "compass", "lantern", "meadow", "saddle", "thunder", "walnut", "zeppelin"];
/// What the server may take for all of it above idle, in MiB: the bound of the uploads' memory, and
/// as much for everything else.
const BOUND_MIB: u64 = 512;
/// How often an operation that is told to come back does so.
const TRIES: usize = 100;

struct Office {
    server: Server,
    files: Vec<String>,
    calls: Vec<String>,
}

fn text_of(name: &str) -> String {
    format!("The {name} report.\n\nThis file speaks of the {name} and of nothing else.\n")
}

async fn office() -> Office {
    let server = Server::start(&[("WORKERS__COUNT", "2")]).await;
    let (mut files, mut calls) = (Vec::new(), Vec::new());
    for name in NAMES {
        let file = server.upload(&format!("{name}-report.txt"), text_of(name)).await;
        files.push(file["id"].as_str().unwrap().to_owned());
        calls.push(server.call().await);
    }
    for file in &files {
        assert_eq!(server.inspected(file).await["lifecycle"]["status"], "active");
    }
    Office { server, files, calls }
}

/// How one operation went: how often it was told to come back before it was done.
type Done = Result<usize, String>;

impl Office {
    /// One of the thousand. `Ok(None)`: not now.
    async fn once(&self, number: usize) -> Result<Option<()>, String> {
        let (at, server) = (number / 4 % NAMES.len(), &self.server);
        let name = NAMES[at];
        let (method, path, token, body) = match number % 4 {
            0 => (Method::POST, format!("/v1/files?name=upload-{number}.txt"), &server.key, format!("upload number {number}\n")),
            1 => (Method::GET, format!("/v1/files/{}/content", self.files[at]), &server.key, String::new()),
            2 => (
                Method::POST,
                "/v1/tools/find_file".to_owned(),
                &self.calls[at],
                json!({ "query": format!("the {name} report") }).to_string(),
            ),
            _ => (
                Method::POST,
                "/v1/tools/describe_file".to_owned(),
                &self.calls[at],
                json!({ "file": format!("the {name} report") }).to_string(),
            ),
        };
        let answer = server.request(method, &path, token).body(body).send().await.map_err(|error| format!("{path}: {error:?}"))?;
        let status = answer.status().as_u16();
        if [429, 503, 504].contains(&status) {
            return Ok(None);
        }
        if number % 4 == 1 {
            let location = answer.headers().get("location").ok_or_else(|| format!("{path}: {status}"))?.to_str().unwrap().to_owned();
            let bytes = server.client.get(location).send().await.map_err(|error| format!("{path}: {error:?}"))?;
            let text = bytes.text().await.map_err(|error| format!("{path}: {error:?}"))?;
            return if text == text_of(name) { Ok(Some(())) } else { Err(format!("{path}: {text}")) };
        }
        let text = answer.text().await.map_err(|error| format!("{path}: {error:?}"))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| format!("{path}: {error}: {text}"))?;
        if value["outcome"] == "unavailable" {
            return Ok(None);
        }
        let right = if number.is_multiple_of(4) {
            let sent = format!("upload number {number}\n");
            status == 201
                && value["original_name"] == format!("upload-{number}.txt")
                && value["size_bytes"] == sent.len()
                && value["checksum"].as_str().unwrap().ends_with(&sha256(sent.as_bytes()))
        } else {
            status == 200 && value["outcome"] == "done" && value["say"].as_str().unwrap().to_lowercase().contains(name)
        };
        if right { Ok(Some(())) } else { Err(format!("{path}: {status} {text}")) }
    }

    async fn to_the_end(&self, number: usize) -> Done {
        for tried in 0..TRIES {
            if self.once(number).await?.is_some() {
                return Ok(tried);
            }
            // As the answer asks, though not for as long.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(format!("operation {number} was never done"))
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes))
}

#[tokio::test]
async fn a_thousand_operations_at_once_are_all_done_and_all_right() {
    const OPERATIONS: usize = 1000;
    let office = Arc::new(office().await);
    let idle = office.server.begin_measuring();
    let mut all = JoinSet::new();
    for number in 0..OPERATIONS {
        let office = Arc::clone(&office);
        all.spawn(async move {
            let begin = Instant::now();
            (office.to_the_end(number).await, begin.elapsed())
        });
    }
    let (mut latencies, mut again, mut wrong) = (Vec::new(), 0, Vec::new());
    for (done, time) in all.join_all().await {
        latencies.push(time);
        match done {
            Ok(tried) => again += tried,
            Err(what) => wrong.push(what),
        }
    }
    latencies.sort_unstable();
    let peak = office.server.peak_mib();
    eprintln!(
        "{OPERATIONS} at once: p50 {:?}, p99 {:?}; {again} told to come back; {idle} MiB idle, {peak} MiB at most",
        latencies[OPERATIONS / 2],
        latencies[OPERATIONS * 99 / 100]
    );
    assert!(wrong.is_empty(), "{} of {OPERATIONS}: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
    assert!(peak <= idle + BOUND_MIB, "{idle} MiB idle, {peak} MiB at most");
    // Nothing that was acknowledged is missing.
    let (mut after, mut names) = (String::new(), std::collections::BTreeSet::new());
    loop {
        let page = office.server.get(&format!("/v1/files?limit=200&after={after}")).await;
        names.extend(page["files"].as_array().unwrap().iter().map(|file| file["original_name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let missing: Vec<_> =
        (0..OPERATIONS).step_by(4).map(|number| format!("upload-{number}.txt")).filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Holds so many connections that have each been answered once, and calls tools meanwhile.
async fn held(connections: usize) {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(files > connections as u64 + 500, "this system lets a process open {files} files only");
    // Longer than the test: none may be closed as idle before it was counted.
    let server = Server::start(&[("WORKERS__COUNT", "0"), ("LIMITS__HEAD_SECONDS", "600")]).await;
    let token = server.call().await;
    let find = json!({ "query": "the lease" });
    server.json(Method::POST, "/v1/tools/find_file", &token, &find).await;
    let idle = server.begin_measuring();
    let mut open = Vec::with_capacity(connections);
    while open.len() < connections {
        // In groups, within what the system queues.
        let group = join_all((0..100).map(|_| answered_once(&server))).await;
        open.extend(group);
        let found = server.json(Method::POST, "/v1/tools/find_file", &token, &find).await;
        assert_eq!(found["outcome"], "not_found", "{} connections", open.len());
    }
    let peak = server.peak_mib();
    eprintln!("{connections} idle connections: {idle} MiB before, {peak} MiB at most");
    // 32 KiB each, and room for the tools.
    assert!(peak <= idle + 32 + connections as u64 / 32, "{idle} MiB before, {peak} MiB at most");
    // Each of them is still there: it answers once more.
    for socket in &mut open {
        ask(socket).await;
    }
}

async fn answered_once(server: &Server) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    ask(&mut socket).await;
    socket
}

/// Asks whether the server lives, and reads the answer to its end.
async fn ask(socket: &mut TcpStream) {
    socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    while !said.ends_with(br#"{"status":"ok"}"#) {
        let read = tokio::time::timeout(Duration::from_mins(1), socket.read_buf(&mut said)).await.unwrap().unwrap();
        assert!(read > 0, "closed after {}", String::from_utf8_lossy(&said));
    }
    assert!(said.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn idle_connections_cost_little_and_hold_nobody_up() {
    held(500).await;
}

mod long {
    #[tokio::test]
    async fn long_ten_thousand_idle_connections_cost_little_and_hold_nobody_up() {
        super::held(10_000).await;
    }
}
