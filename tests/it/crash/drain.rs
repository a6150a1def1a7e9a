//! Told to stop while much is under way; and what a kill leaves running.

use bytes::Bytes;
use futures::channel::mpsc;
use reqwest::{Body, Method};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

use super::caller::Ground;
use super::server::{House, children_of, reply, until};

const LARGE: usize = 12 << 20;

/// A body that is sent piece by piece.
fn halves() -> (mpsc::UnboundedSender<std::io::Result<Bytes>>, Body) {
    let (pieces, body) = mpsc::unbounded();
    (pieces, Body::wrap_stream(body))
}

/// Words without end, so that reading them takes a while.
fn large() -> Vec<u8> {
    b"harbour ledger willow summit ".iter().copied().cycle().take(LARGE).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_told_to_stop_ends_what_is_under_way_and_nothing_else() {
    let house = House::new();
    let server = house.start().await;
    let ground = Ground::make(&server).await;
    let opened = server.post("/v1/calls", &ground.key, &json!({"caller_id": ground.user})).await.unwrap();
    let token = opened.body["token"].as_str().unwrap().to_owned();
    let stored = server.upload(&ground.key, "large.txt", "Large", large()).await.unwrap();
    let id = stored.body["id"].as_str().unwrap().to_owned();
    let status = async || server.json(&format!("/v1/files/{id}"), &ground.key).await["lifecycle"]["status"].clone();
    until("the large file is active", async || (status().await == "active").then_some(())).await;

    // A download that is half read.
    let away = server.get(&format!("/v1/files/{id}/content"), &ground.key).await.unwrap();
    let mut download = server.client.get(&away.location).send().await.unwrap();
    let mut read = download.chunk().await.unwrap().unwrap().len();
    // A worker that is busy.
    let busy = server.upload(&ground.key, "busy.txt", "Busy", [large(), b"once more".to_vec()].concat()).await.unwrap();
    assert_eq!(busy.status, 201);
    let workers = until("a worker is busy", async || Some(children_of(server.pid())).filter(|workers| !workers.is_empty())).await;
    // A tool call that is half sent.
    let (question, half) = halves();
    question.unbounded_send(Ok(Bytes::from_static(br#"{"query": "harb"#))).unwrap();
    let request = server.request(Method::POST, "/v1/tools/find_file", &token).header("content-type", "application/json");
    let tool = TaskTracker::new().spawn(reply(request.body(half)));
    until("earlier uploads are forgotten", async || (house.rows("uploads").await == 0).then_some(())).await;
    // An upload that is half sent. Its connection is younger: once it is served, so is the other one.
    let (pieces, body) = halves();
    pieces.unbounded_send(Ok(Bytes::from_static(b"first half, "))).unwrap();
    let request = server.request(Method::POST, "/v1/files", &ground.key).query(&[("name", "halves.txt"), ("title", "Halves")]);
    let upload = TaskTracker::new().spawn(reply(request.body(body)));
    until("the upload has begun", async || house.rows("uploads").await.checked_sub(1)).await;

    server.terminate();
    let address = server.url.replace("http://", "");
    until("new connections are refused", async || TcpStream::connect(&address).await.err()).await;
    question.unbounded_send(Ok(Bytes::from_static(br#"our survey"}"#))).unwrap();
    drop(question);
    let answer = tool.await.unwrap().unwrap();
    assert_eq!((answer.status, &answer.body["outcome"]), (200, &json!("done")), "{answer:?}");
    pieces.unbounded_send(Ok(Bytes::from_static(b"second half"))).unwrap();
    drop(pieces);
    let sent = upload.await.unwrap().unwrap();
    assert_eq!(sent.status, 201, "{sent:?}");
    while let Some(piece) = download.chunk().await.unwrap() {
        read += piece.len();
    }
    assert_eq!(read, LARGE);
    assert_eq!(server.ended().await.code(), Some(0), "{}", house.log());
    assert!(!house.data().join("server.json").exists());
    until("no worker is left", async || workers.iter().all(|pid| !is_worker(*pid)).then_some(())).await;

    let server = house.start().await;
    until("what was under way is done", async || (server.json("/v1/progress", &ground.key).await["open_jobs"] == 0).then_some(())).await;
    let files = server.json("/v1/files", &ground.key).await;
    let active = files["files"].as_array().unwrap().iter().filter(|file| file["lifecycle"]["status"] == "active").count();
    assert_eq!(active, 4, "{files}");
    server.stop().await;
    assert_eq!(house.rows("uploads").await, 0, "an upload was left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_leaves_no_worker_behind() {
    let house = House::new();
    let server = house.start().await;
    let ground = Ground::make(&server).await;
    assert_eq!(server.upload(&ground.key, "large.txt", "Large", large()).await.unwrap().status, 201);
    let workers = until("a worker is busy", async || Some(children_of(server.pid())).filter(|workers| !workers.is_empty())).await;
    server.kill();
    until("no worker is left", async || workers.iter().all(|pid| !is_worker(*pid)).then_some(())).await;
}

/// Whether this process is a worker: numbers of processes are used again.
fn is_worker(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(b"inspect-worker")
}

mod long {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_a_sender_who_never_ends_does_not_hold_a_stop_up() {
        let house = House::new();
        let server = house.start().await;
        let ground = Ground::make(&server).await;
        let (pieces, body) = halves();
        pieces.unbounded_send(Ok(Bytes::from_static(b"and then "))).unwrap();
        let request = server.request(Method::POST, "/v1/files", &ground.key).query(&[("name", "endless.txt")]);
        let upload = TaskTracker::new().spawn(reply(request.body(body)));
        until("the upload has begun", async || house.rows("uploads").await.checked_sub(1)).await;
        server.terminate();
        assert_eq!(server.ended().await.code(), Some(0), "{}", house.log());
        assert!(upload.await.unwrap().is_err(), "an upload without an end was acknowledged");
        drop(pieces);
        let server = house.start().await;
        assert_eq!(server.json("/v1/files", &ground.key).await["files"].as_array().unwrap().len(), 1);
        server.stop().await;
    }
}
