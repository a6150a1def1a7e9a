//! Uploads: what they take, and that a broken one leaves nothing.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Tenant, World};

#[tokio::test]
async fn a_file_that_arrived_waits_for_its_verdict() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let answer = world.put(&tenant.key, "name=Q2%20Report.pdf&folder=finance/2025", b"%PDF-1.7").await.expect(201);
    assert_eq!((answer.text("/lifecycle/status").as_str(), answer.text("/lifecycle/scan_status").as_str()), ("scanning", "pending"));
    assert_eq!(answer.header("location"), format!("/v1/files/{}", answer.text("/id")));
    assert_eq!(answer.text("/original_name"), "Q2 Report.pdf");
    assert_eq!(answer.json()["access"]["owner"], json!(null));
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &user).await;
    let own = world.put(&call.token, "name=mine.txt", b"mine").await.expect(201);
    assert_eq!(own.text("/access/owner"), user);
    let other = world.user(&tenant, "Nora Lind", "member").await;
    world.put(&call.token, &format!("name=x.txt&owner={other}"), b"x").await.expect_problem(400, "invalid");
}

#[tokio::test]
async fn a_program_that_may_only_write_learns_no_more_than_it_sent() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let writer = world.key(&tenant, &["files:write"]).await;
    let answer = world.put(&writer, "name=a.txt", b"alpha").await.expect(201);
    assert_eq!(answer.text("/stored_path"), "");
    world.get(&format!("/v1/files/{}", answer.text("/id")), &writer).await.expect(404);
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    for (query, named) in [
        ("", "`name`"),
        ("name=", "`name`"),
        ("name=..%2Fpasswd", "`name`"),
        ("name=a.txt&folder=a/../b", "`folder`"),
        ("name=a.txt&category=poem", "`category`"),
        ("name=a.txt&created_date=yesterday", "`created_date`"),
        ("name=a.txt&owner=me", "`owner`"),
        ("name=a.txt&titel=x", "`titel`"),
    ] {
        let answer = world.put(&tenant.key, query, b"x").await.expect_problem(400, "invalid");
        assert!(answer.text("/detail").contains(named), "{query}: {answer:?}");
    }
    let form = world.request(Method::POST, "/v1/files?name=a.txt", &tenant.key);
    let form = form.header("content-type", "multipart/form-data; boundary=x").body("--x--");
    Answer::of(form.send().await.unwrap()).await.expect_problem(400, "invalid");
    assert_eq!(files(&world, &tenant).await, 0);
}

async fn files(world: &World, tenant: &Tenant) -> usize {
    world.get("/v1/files", &tenant.key).await.expect(200).json()["files"].as_array().unwrap().len()
}

/// Sends the head of an upload and a part of its body, then hangs up or waits for the answer.
async fn raw(world: &World, head: &str, body: &[u8], hang_up: bool) -> String {
    let address: SocketAddr = world.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(body).await.unwrap();
    socket.flush().await.unwrap();
    if hang_up {
        socket.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    // A server that has nothing more to say closes the connection.
    let _closed = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_length_over_the_limit_is_refused_before_the_bytes_come() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let head = format!(
        "POST /v1/files?name=big.bin HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-length: 99999999\r\n\r\n",
        tenant.key
    );
    let answer = raw(&world, &head, b"", false).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains(r#""code":"too_large""#), "{answer}");
}

#[tokio::test]
async fn a_stream_without_a_length_is_cut_at_the_limit_and_leaves_nothing() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let pieces = futures::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(bytes::Bytes::from(vec![7_u8; 64 * 1024]))));
    let request = world.request(Method::POST, "/v1/files?name=big.bin", &tenant.key).body(reqwest::Body::wrap_stream(pieces));
    match request.send().await {
        Ok(response) => drop(Answer::of(response).await.expect_problem(413, "too_large")),
        // The server may close while the client still writes.
        Err(error) => assert!(error.is_request() || error.is_body(), "{error}"),
    }
    nothing_is_left(&world, &tenant, 1).await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_leaves_nothing() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let authorization = format!("host: x\r\nauthorization: Bearer {}\r\n", tenant.key);
    let sized = format!("POST /v1/files?name=a.bin HTTP/1.1\r\n{authorization}content-length: 500000\r\n\r\n");
    raw(&world, &sized, &vec![7; 200_000], true).await;
    nothing_is_left(&world, &tenant, 1).await;
    let chunked = format!("POST /v1/files?name=a.bin HTTP/1.1\r\n{authorization}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    raw(&world, &chunked, b"", true).await;
    nothing_is_left(&world, &tenant, 2).await;
}

/// Waits until `broken` uploads are in the audit, then looks for anything they left.
async fn nothing_is_left(world: &World, tenant: &Tenant, broken: usize) {
    let recorded = async {
        loop {
            let records = world.audit(tenant).await;
            if records.iter().filter(|(action, outcome)| action == "add" && outcome == "failed").count() == broken {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), recorded).await.expect("a broken upload was never recorded");
    assert_eq!(files(world, tenant).await, 0);
    assert_eq!(world.get("/v1/progress", &tenant.key).await.expect(200).json(), json!({"open_jobs": 0}));
    world.clock.advance_seconds(2 * 86_400);
    assert_eq!(world.files.sweep_uploads().await.unwrap(), 0, "an upload was left for the sweeper");
}
