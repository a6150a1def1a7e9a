//! A whole server among hostile files.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method};
use serde_json::Value;

use super::files::Hostile;
use super::processes::until;
use super::worker::is_plain;
use crate::cli::program::{FREE_PORTS, Serving, run, text};

/// A server of the binary, with one customer.
struct Served {
    server: Serving,
    client: Client,
    url: String,
    key: String,
}

impl Served {
    fn start(data: &Path) -> Self {
        let data = data.to_str().unwrap();
        let mut arguments = vec!["serve", "--data", data];
        arguments.extend(FREE_PORTS);
        let server = Serving::start(&arguments);
        let card = Path::new(data).join("server.json");
        until("the server was up", || card.exists());
        let card: Value = serde_json::from_slice(&std::fs::read(card).unwrap()).unwrap();
        let created = run(&["customer", "create", "Acme", "--json", "--data", data]).json();
        let client = Client::builder().build().unwrap();
        Self { server, client, url: text(&card, "/url").to_owned(), key: text(&created, "/api_key").to_owned() }
    }

    async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key).body(body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Uploads a file; its id.
    async fn put(&self, name: &str, bytes: Vec<u8>) -> String {
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        text(&self.ask(Method::POST, &format!("/v1/files?name={name}"), bytes).await, "/id").to_owned()
    }

    /// The file once its inspection is over, at most five minutes later.
    async fn settled(&self, id: &str) -> Value {
        for _ in 0..3000 {
            let file = self.ask(Method::GET, &format!("/v1/files/{id}"), Vec::new()).await;
            if !matches!(text(&file, "/lifecycle/status"), "uploading" | "scanning" | "processing") {
                return file;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("the inspection of {id} never ended");
    }
}

/// What is wrong with a settled file: no reason, or none that can be read out.
fn faults(hostile: &Hostile, file: &Value) -> Option<String> {
    let (status, extraction) = (text(file, "/lifecycle/status"), &file["metadata"]["extraction"]);
    let reason = extraction["reason"].as_str().unwrap_or_default();
    let read = text(extraction, "/status");
    eprintln!("{}: {status}, {}, {read} {reason}", hostile.what, text(file, "/lifecycle/scan_status"));
    let is_settled = match status {
        "active" => read == "done" || is_plain(reason),
        "quarantined" => matches!(text(file, "/lifecycle/scan_status"), "infected" | "suspicious"),
        _ => false,
    };
    (!is_settled).then(|| format!("{}: {file}", hostile.what))
}

mod long {
    use super::{Served, faults};
    use crate::hostile::files;
    use crate::hostile::processes::{is_alive, kill, status, until, workers_of};

    /// Growth of the server's resident memory that is taken for its own pages, the allocator's and
    /// the index's, in KiB: 53 MiB was measured in a debug build over all files of the two lists.
    /// The Word file of three million paragraphs alone takes hundreds where it is parsed.
    const GROWTH: u64 = 80 << 10;

    #[tokio::test]
    async fn long_a_server_outlives_every_hostile_file_and_its_memory_does_not_move() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let served = Served::start(&dir.path().join("data"));
        // What the first files of a customer make: pools, the index, caches.
        for number in 0..20 {
            let id = served.put(&format!("note {number}.txt"), vec![b'a'; 1 << 20]).await;
            served.settled(&id).await;
        }
        let before = status(served.server.pid(), "VmRSS").unwrap();
        let mut found = Vec::new();
        for hostile in files::all().into_iter().chain(files::large()) {
            let id = served.put(hostile.name, hostile.bytes.clone()).await;
            found.extend(faults(&hostile, &served.settled(&id).await));
        }
        let after = status(served.server.pid(), "VmRSS").unwrap();
        let anonymous = status(served.server.pid(), "RssAnon").unwrap();
        eprintln!("resident memory of the server: {before} KiB before, {after} KiB after, {anonymous} KiB of it anonymous");
        assert!(found.is_empty(), "{found:#?}");
        let id = served.put("last.txt", b"The server still reads.".to_vec()).await;
        let last = served.settled(&id).await;
        assert_eq!(last["metadata"]["extracted_text"], "The server still reads.", "{last}");
        assert!(after < before + GROWTH, "{before} KiB before, {after} KiB after");
    }

    #[tokio::test]
    async fn long_no_worker_outlives_a_server_that_was_killed() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let served = Served::start(&dir.path().join("data"));
        let id = served.put("note.txt", b"A note.".to_vec()).await;
        served.settled(&id).await;
        let workers = workers_of(served.server.pid());
        assert_eq!(workers.len(), 2, "one of each kind waits: {workers:?}");
        kill(served.server.pid());
        until("the workers ended", || !workers.iter().any(|worker| is_alive(*worker)));
    }
}
