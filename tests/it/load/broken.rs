//! Uploads that never come to their end leave nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::content::Content;
use super::server::{Server, until};

const MIB: u64 = 1024 * 1024;

/// How the sender says how long the file is, and how it ends.
#[derive(Debug, Clone, Copy)]
enum Sender {
    /// Declares this many bytes.
    Declares(u64),
    /// Sends chunks, and never the last one.
    Chunks,
}

/// Sends the head of an upload and some bytes of its body.
async fn send(server: &Server, sender: Sender, bytes: u64) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    let framing = match sender {
        Sender::Declares(length) => format!("content-length: {length}"),
        Sender::Chunks => "transfer-encoding: chunked".to_owned(),
    };
    let head = format!(
        "POST /v1/files?name=cut.bin HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{framing}\r\n\r\n",
        server.address(),
        server.key
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    for piece in Content::new(bytes, 7).pieces() {
        if matches!(sender, Sender::Chunks) {
            socket.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.unwrap();
            socket.write_all(&piece).await.unwrap();
            socket.write_all(b"\r\n").await.unwrap();
        } else {
            socket.write_all(&piece).await.unwrap();
        }
    }
    socket
}

/// Waits until the store and the catalog are as they were.
async fn nothing_is_left(server: &Server, before: &[std::path::PathBuf], what: &str) {
    until(what, async || (server.stored() == before && server.open_uploads().await == 0).then_some(())).await;
    assert_eq!(server.get("/v1/files").await["files"], serde_json::json!([]), "{what}");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_no_object_no_row_and_no_memory() {
    let server = Server::start(&[("WORKERS__COUNT", "0")]).await;
    let before = server.stored();
    let whole = 20 * MIB;
    // The first rounds take memory that stays; the later ones must not take more.
    let mut settled = 0;
    for round in 0..3 {
        for (sender, bytes) in [
            (Sender::Declares(whole), 0),
            (Sender::Declares(whole), 1),
            (Sender::Declares(whole), MIB),
            (Sender::Declares(whole), 12 * MIB),
            (Sender::Declares(whole), whole - 1),
            (Sender::Chunks, 100),
            (Sender::Chunks, 19 * MIB),
        ] {
            drop(send(&server, sender, bytes).await);
            nothing_is_left(&server, &before, &format!("{sender:?}, cut after {bytes} bytes")).await;
        }
        if round == 0 {
            settled = server.memory_mib();
        }
    }
    let memory = server.memory_mib();
    assert!(memory <= settled + 32, "{settled} MiB after the first round, {memory} MiB after the last");
}

#[tokio::test]
async fn bytes_beyond_the_declared_length_are_no_part_of_the_file() {
    let server = Server::start(&[("WORKERS__COUNT", "0")]).await;
    let mut socket = send(&server, Sender::Declares(1000), 3000).await;
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_mins(1), socket.read_to_end(&mut said)).await.unwrap();
    let said = String::from_utf8_lossy(&said);
    // The rest is no request; whether its refusal arrives or a reset does is up to the system.
    assert!(said.starts_with("HTTP/1.1 201 ") && said.contains("\"size_bytes\":1000,"), "{read:?} {said}");
}

mod long {
    use super::{Duration, Server, nothing_is_left, send};
    use super::{MIB, Sender};
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn long_a_sender_that_falls_silent_is_answered_and_leaves_nothing() {
        let server = Server::start(&[("WORKERS__COUNT", "0")]).await;
        let before = server.stored();
        let mut socket = send(&server, Sender::Declares(20 * MIB), 12 * MIB).await;
        let mut said = vec![0; 12];
        // Thirty seconds of silence are allowed.
        tokio::time::timeout(Duration::from_secs(90), socket.read_exact(&mut said)).await.unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&said), "HTTP/1.1 400");
        nothing_is_left(&server, &before, "a silent sender").await;
    }
}
