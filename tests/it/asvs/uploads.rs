//! V5.2: what is taken in.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::served::House;
use crate::cli::program::text;
use crate::hostile::{archives, files};
use crate::inspect::samples;

// A file above the operator's bound is refused, by its announced length and while it comes.
#[tokio::test]
async fn asvs_5_2_1_a_file_larger_than_can_be_handled_is_not_taken() {
    let house = House::with(&[("SATCHEL__LIMITS__UPLOAD_BYTES", "100000")]);
    let refused = house.offer("large.txt", &vec![b'a'; 100_001]).await;
    assert_eq!((refused.status, text(&refused.json(), "/code")), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    let body = serde_json::to_vec(&json!({"name": "large.txt", "size_bytes": 100_001})).unwrap();
    let announced = house.ask(Method::POST, "/v1/uploads", &house.key, body).await;
    assert!(announced.status.is_client_error(), "{}", announced.status);
    let taken = house.settled("small.txt", &vec![b'a'; 100_000]).await;
    assert_eq!(taken["lifecycle"]["status"], "active");
    let listed = house.get("/v1/files").await.json();
    assert_eq!(listed["files"].as_array().map(Vec::len), Some(1), "nothing of what was refused stays: {listed}");
}

// The type is that of the content; a program under a document's ending is locked away, within an archive too.
#[tokio::test]
async fn asvs_5_2_2_a_file_is_what_its_content_is_and_not_what_its_ending_says() {
    let house = House::start();
    let program = files::program();
    let alone = house.settled("contract.pdf", &program).await;
    assert_eq!(house.why_locked_away(&alone).await, "forbidden");
    let packed = house.settled("contracts.zip", &archives::zip(&[("contract.pdf", &program)])).await;
    assert_eq!(house.why_locked_away(&packed).await, "forbidden");
    for (name, bytes, content_type) in [
        ("letter.docx", b"<html><body><p>hello</p></body></html>".to_vec(), "text/html"),
        ("photo.jpg", archives::zip(&[("a.txt", b"hello")]), "application/zip"),
        ("notes.pdf", b"only words".to_vec(), "text/plain"),
    ] {
        let file = house.settled(name, &bytes).await;
        assert_eq!(text(&file, "/content_type"), content_type, "{name}");
        assert_eq!(house.content(&file).await.header("content-type"), content_type, "{name} is handed out as what it is");
    }
}

// What is packed is measured while it unpacks, and its members are counted: who is over is locked away.
#[tokio::test]
async fn asvs_5_2_3_what_is_packed_is_measured_and_counted_before_anybody_relies_on_it() {
    let house = House::start();
    let bomb = samples::docx_with("<w:p/>", &[("word/media/zeros.xml", &"0".repeat(8 << 20))]);
    for (name, bytes) in [
        ("bomb.zip", archives::bomb(8 << 20)),
        ("nested.zip", archives::nested(2, 1)),
        ("many.zip", archives::many(10_001)),
        ("bomb.docx", bomb),
    ] {
        let file = house.settled(name, &bytes).await;
        assert_eq!(house.why_locked_away(&file).await, "forbidden", "{name}");
    }
    assert_eq!(house.settled("few.zip", &archives::zip(&[("a.txt", b"hello")])).await["lifecycle"]["status"], "active");
}

// A customer has no more files and bytes than the operator gave it.
#[tokio::test]
async fn asvs_5_2_4_a_customer_cannot_fill_the_store() {
    let house = House::start();
    house.allow(&json!({"files": 2, "bytes": 100})).await;
    let file = house.settled("a.txt", &[b'a'; 60]).await;
    let refused = house.offer("b.txt", &[b'b'; 60]).await;
    assert_eq!((refused.status, text(&refused.json(), "/code")), (StatusCode::FORBIDDEN, "over_quota"));
    house.settled("c.txt", b"c").await;
    assert_eq!(house.offer("d.txt", b"d").await.status, StatusCode::FORBIDDEN, "a third file");
    let removed = house.ask(Method::DELETE, &format!("/v1/files/{}", text(&file, "/id")), &house.key, Vec::new()).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    house.settled("e.txt", &[b'e'; 60]).await;
}

// An archive that holds a link is locked away.
#[tokio::test]
async fn asvs_5_2_5_an_archive_with_links_is_locked_away() {
    let house = House::start();
    for (name, bytes) in [("links.zip", archives::symlinks()), ("links.tgz", archives::linked_tar())] {
        let file = house.settled(name, &bytes).await;
        assert_eq!(house.why_locked_away(&file).await, "forbidden", "{name}");
    }
}

// A picture of more pixels than are drawn is refused by its head, before anything of it is unpacked.
#[tokio::test]
async fn asvs_5_2_6_a_picture_of_too_many_pixels_is_never_unpacked() {
    let house = House::start();
    let flood = b"GIF89a\xFF\xFF\xFF\xFF\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x02D\x01\0;";
    let file = house.settled("flood.gif", flood).await;
    let preview = house.get(&format!("/v1/files/{}/preview?size=page", text(&file, "/id"))).await;
    assert_eq!(preview.status, StatusCode::NOT_FOUND);
    assert!(text(&preview.json(), "/detail").contains("more pixels than are shown"), "{}", preview.json());
    let stage = file["stages"].as_array().unwrap().iter().find(|stage| stage["name"] == "preview").unwrap();
    assert_eq!((text(stage, "/state"), text(stage, "/reason")), ("failed", "it has more pixels than are shown"));
}
