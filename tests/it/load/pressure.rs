//! Beyond its bounds the server says so at once, and goes on with the rest.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{Server, until};

/// An upload that has begun and waits for its sender.
async fn slow_upload(server: &Server) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "POST /v1/files?name=slow.txt HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-length: 4\r\n\r\nab",
        server.address(),
        server.key
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

/// Calls a tool that takes long, and calls it again when it was answered.
async fn again_and_again(server: &Server, token: &str) {
    loop {
        let call = server.request(Method::POST, "/v1/tools/find_file", token).header("satchel-simulate", "delay=10000");
        call.json(&json!({ "query": "the lease" })).send().await.unwrap();
    }
}

#[tokio::test]
async fn uploads_beyond_their_bound_are_told_to_come_back_while_tools_go_on() {
    let server = Server::start(&[("WORKERS__COUNT", "0"), ("LIMITS__UPLOADS", "2")]).await;
    let token = server.call().await;
    let mut slow = [slow_upload(&server).await, slow_upload(&server).await];
    // Noted before the first byte is read: both have their places.
    until("two uploads under way", async || (server.open_uploads().await == 2).then_some(())).await;
    let refused = server.request(Method::POST, "/v1/files?name=third.txt", &server.key).body("third").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "unavailable");
    let found = server.json(Method::POST, "/v1/tools/find_file", &token, &json!({ "query": "the lease" })).await;
    assert_eq!(found["outcome"], "not_found");
    for socket in &mut slow {
        socket.write_all(b"cd").await.unwrap();
        let mut said = [0; 12];
        socket.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"HTTP/1.1 201");
    }
    server.upload("third.txt", "third").await;
}

#[tokio::test]
async fn a_tool_call_beyond_the_bound_is_answered_at_once_with_a_line_to_say() {
    // Of both bounds, the one that is reached first: a tool is never answered with a bare status.
    for (bound, code) in [("LIMITS__TOOL_CALLS", "too_many"), ("LIMITS__REQUESTS", "unavailable")] {
        let server = Server::start(&[("WORKERS__COUNT", "0"), (bound, "1"), ("LIMITS__WAITING_TOOL_CALLS", "0")]).await;
        let (first, second) = (server.call().await, server.call().await);
        let find = json!({ "query": "the lease" });
        // Whichever comes first has the place; this one comes again until it is the one.
        let waiting = again_and_again(&server, &first);
        let asked = async {
            until("the bound", async || {
                let answer = server.json(Method::POST, "/v1/tools/find_file", &second, &find).await;
                (answer["outcome"] == "unavailable").then_some(answer)
            })
            .await
        };
        let answer = tokio::select! {
            answer = asked => answer,
            () = waiting => unreachable!("it never ends"),
        };
        assert!(answer["say"].as_str().unwrap().ends_with('.'), "{bound}: {answer}");
        assert_eq!(answer["data"]["error"]["code"], code, "{bound}: {answer}");
        // Whoever watches the server is answered all the same.
        let live = server.client.get(format!("{}/healthz", server.url)).send().await.unwrap();
        assert_eq!(live.status(), 200, "{bound}");
    }
}

#[tokio::test]
async fn other_requests_beyond_the_bound_are_told_to_come_back() {
    let server = Server::start(&[("WORKERS__COUNT", "0"), ("LIMITS__REQUESTS", "1")]).await;
    let token = server.call().await;
    let waiting = again_and_again(&server, &token);
    let asked = until("the bound", async || {
        let answer = server.request(Method::GET, "/v1/files", &server.key).send().await.unwrap();
        (answer.status() == 503).then_some(answer)
    });
    let refused = tokio::select! {
        refused = asked => refused,
        () = waiting => unreachable!("it never ends"),
    };
    assert_eq!(refused.headers()["retry-after"], "5");
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "unavailable");
}

#[tokio::test]
async fn a_customer_whose_places_are_taken_waits_for_itself_at_every_endpoint_and_others_do_not() {
    let of_one = [("LIMITS__TOOL_CALLS_OF_ONE_CUSTOMER", "1"), ("LIMITS__WAITING_TOOL_CALLS_OF_ONE_CUSTOMER", "0")];
    let server = Server::start(&[("WORKERS__COUNT", "0"), of_one[0], of_one[1]]).await;
    let token = server.call().await;
    let other = server.customer("Borealis").await;
    let waiting = again_and_again(&server, &token);
    let asked = async {
        for (path, with) in [("/v1/files", &server.key), ("/v1/calls", &server.key), ("/v1/files", &token)] {
            let refused = until("the bound", async || {
                let answer = server.request(Method::GET, path, with).send().await.unwrap();
                (answer.status() == 503).then_some(answer)
            })
            .await;
            assert_eq!(refused.headers()["retry-after"], "5", "{path}");
            let free = server.request(Method::GET, "/v1/files", &other).send().await.unwrap();
            assert_eq!(free.status(), 200, "{path}");
        }
    };
    tokio::select! {
        () = asked => {}
        () = waiting => unreachable!("it never ends"),
    }
}

#[tokio::test]
async fn half_a_request_does_not_hold_its_connection_for_long() {
    let server = Server::start(&[("WORKERS__COUNT", "0"), ("LIMITS__HEAD_SECONDS", "1")]).await;
    for half in ["", "P", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(half.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let closed = tokio::time::timeout(Duration::from_mins(1), socket.read_to_end(&mut said)).await;
        assert!(closed.is_ok(), "{half:?}: still open");
    }
}
