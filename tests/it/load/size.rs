//! Large files go in and out whole, in pieces and in flat memory.

use futures::StreamExt;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE};
use ring::digest::{Context, SHA256};
use serde_json::Value;

use super::content::{Content, PIECE};
use super::server::Server;

const MIB: u64 = 1024 * 1024;
/// What a file of any size may cost above the memory of an idle server, in MiB.
const FLAT_MIB: u64 = 64;

/// How the sender says how long the file is.
#[derive(Clone, Copy, PartialEq)]
enum Framing {
    Declared,
    Chunked,
}

async fn upload(server: &Server, content: &Content, framing: Framing) -> Value {
    let request = server.request(Method::POST, "/v1/files?name=large.pdf", &server.key).body(content.body());
    let request = if framing == Framing::Declared { request.header(CONTENT_LENGTH, content.size) } else { request };
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 201, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn download(server: &Server, file: &str) -> (u64, String) {
    let (mut hash, mut size) = (Context::new(&SHA256), 0);
    let answer = server.content(file, None).await;
    assert_eq!(answer.status(), 200);
    let mut stream = answer.bytes_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece.unwrap();
        hash.update(&piece);
        size += piece.len() as u64;
    }
    (size, hex::encode(hash.finish()))
}

/// One file in and out: its bytes, stretches of them, and what it did to the memory of the server.
async fn in_and_out(size: u64, framing: Framing) {
    let server = Server::start(&[("WORKERS__COUNT", "1")]).await;
    // What is done for the first time takes memory that stays.
    let warm = Content::new(20 * MIB, 0);
    let warm = upload(&server, &warm, framing).await["id"].as_str().unwrap().to_owned();
    server.inspected(&warm).await;
    download(&server, &warm).await;
    let idle = server.begin_measuring();

    let content = Content::new(size, 1);
    let sha256 = content.sha256();
    let file = upload(&server, &content, framing).await;
    assert_eq!(file["size_bytes"], size);
    assert!(file["checksum"].as_str().unwrap().ends_with(&sha256), "{file}");
    let id = file["id"].as_str().unwrap();
    let known = server.inspected(id).await;
    let extraction = &known["metadata"]["extraction"];
    assert_eq!(known["lifecycle"]["status"], "active", "{known}");
    if size > 64 * MIB {
        assert_eq!(extraction["status"], "failed", "{known}");
        assert!(extraction["reason"].as_str().unwrap().contains("larger"), "{known}");
    }
    assert_eq!(download(&server, id).await, (size, sha256));
    ranges(&server, id, &content).await;

    let peak = server.peak_mib();
    eprintln!("{} MiB in and out: {idle} MiB idle, {peak} MiB at most", size / MIB);
    assert!(peak <= idle + FLAT_MIB, "{idle} MiB idle, {peak} MiB at most");
}

async fn ranges(server: &Server, id: &str, content: &Content) {
    let (size, last) = (content.size, content.size - 1);
    for (header, range) in [
        ("bytes=0-0".to_owned(), 0..1),
        (format!("bytes=0-{}", PIECE + 9), 0..PIECE + 10),
        // Across the border of two parts.
        (format!("bytes={}-{}", 8 * MIB - 3, 8 * MIB + 2), 8 * MIB - 3..8 * MIB + 3),
        (format!("bytes={}-{}", size / 2, size / 2 + 99), size / 2..size / 2 + 100),
        (format!("bytes={last}-"), last..size),
        ("bytes=-77".to_owned(), size - 77..size),
        (format!("bytes={}-{}", size - 5, size + 1000), size - 5..size),
    ] {
        let answer = server.content(id, Some(&header)).await;
        assert_eq!(answer.status(), 206, "{header}");
        let named = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        assert_eq!(answer.headers()[CONTENT_RANGE], named.as_str(), "{header}");
        assert_eq!(answer.bytes().await.unwrap(), content.range(range), "{header}");
    }
    assert_eq!(server.content(id, Some(&format!("bytes={size}-"))).await.status(), 416);
}

#[tokio::test]
async fn a_large_file_of_declared_length_comes_back_whole_in_flat_memory() {
    in_and_out(64 * MIB + 5, Framing::Declared).await;
}

#[tokio::test]
async fn a_large_file_of_unknown_length_comes_back_whole_in_flat_memory() {
    in_and_out(64 * MIB - 5, Framing::Chunked).await;
}

mod long {
    use super::{Framing, MIB, in_and_out};

    #[tokio::test]
    async fn long_a_file_of_a_gibibyte_comes_back_whole_in_flat_memory() {
        in_and_out(1024 * MIB, Framing::Chunked).await;
    }

    #[tokio::test]
    async fn long_a_file_of_five_gibibytes_comes_back_whole_in_flat_memory() {
        in_and_out(5 * 1024 * MIB, Framing::Declared).await;
    }
}
