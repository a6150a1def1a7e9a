//! V5.3 and V5.4: where files lie, and how they are handed out.

use std::path::Path;

use reqwest::StatusCode;

use super::served::House;
use crate::cli::program::text;
use crate::hostile::archives;
use crate::scanning::eicar;

// What is served is an attachment from an origin on which there is nothing else, whatever it is.
#[tokio::test]
async fn asvs_5_3_1_nothing_that_was_uploaded_runs_on_the_server_or_under_its_origin() {
    let house = House::start();
    for (name, bytes) in [
        ("shell.php", &b"<?php echo 6*7; ?>"[..]),
        ("page.html", b"<!DOCTYPE html><html><body><script>document.title = 6*7</script></body></html>"),
        ("run.sh", b"#!/bin/sh\necho $((6*7))\n"),
        ("drawing.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>6*7</script><text>hi</text></svg>"),
    ] {
        let file = house.settled(name, bytes).await;
        let given = house.content(&file).await;
        assert_eq!((given.status, given.bytes.as_slice()), (StatusCode::OK, bytes), "{name} comes back as it was sent");
        assert!(given.header("content-disposition").starts_with("attachment;"), "{name}");
        let address = house.get(&format!("/v1/files/{}/content", text(&file, "/id"))).await;
        assert!(!address.header("location").starts_with(&house.url), "{name} comes from an origin of its own");
    }
}

fn names_below(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        found.push(entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().unwrap().is_dir() {
            names_below(&entry.path(), found);
        }
    }
}

// A path is made of ids alone; a name that is a path is refused.
#[tokio::test]
async fn asvs_5_3_2_no_path_is_made_of_a_name_that_somebody_sent() {
    let house = House::start();
    for name in ["../../etc/passwd", "..", "/etc/passwd", "a\\b.txt", "C:\\x.txt", ""] {
        let refused = house.offer(name, b"hello").await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{name}: {}", String::from_utf8_lossy(&refused.bytes));
    }
    let file = house.settled("..%2f..%2fheron.txt", b"hello").await;
    assert!(!text(&file, "/stored_path").contains("heron") && !text(&file, "/stored_path").contains(".."), "{file}");
    let mut names = Vec::new();
    names_below(&house.data(), &mut names);
    assert!(names.len() > 5 && !names.iter().any(|name| name.contains("heron") || name.contains("passwd")), "{names:?}");
}

// Paths of members lead nowhere: an archive is listed, and never unpacked to a disk.
#[tokio::test]
async fn asvs_5_3_3_paths_in_an_archive_lead_nowhere() {
    let house = House::start();
    let file = house.settled("slip.zip", &archives::slip()).await;
    let shown = file.to_string();
    for way in ["../", "/etc/shadow", "C:\\\\"] {
        assert!(!shown.contains(way), "{way}: {shown}");
    }
    let mut names = Vec::new();
    names_below(&house.data(), &mut names);
    assert!(!names.iter().any(|name| ["job", "shadow", "x.dll"].contains(&name.as_str())), "{names:?}");
}

// The name in the answer is that of the file, whatever the request says.
#[tokio::test]
async fn asvs_5_4_1_the_name_of_a_download_is_the_files_own() {
    let house = House::start();
    let file = house.settled("lease 2026.txt", b"hello").await;
    let id = text(&file, "/id");
    let given = house.content(&file).await;
    assert_eq!(given.header("content-disposition"), "attachment; filename=\"lease 2026.txt\"");
    for asked in ["name=evil.exe", "filename=evil.exe", "download=evil.exe"] {
        let answer = house.get(&format!("/v1/files/{id}/content?{asked}")).await;
        assert!(!format!("{:?}", answer.headers).contains("evil"), "{:?}", answer.headers);
    }
}

// A name cannot end its header, or begin another one.
#[tokio::test]
async fn asvs_5_4_2_a_name_is_written_so_that_it_stays_one() {
    let house = House::start();
    for (name, header) in [
        ("a\"; filename=\"b.exe", "attachment; filename=\"a_; filename=_b.exe\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe"),
        ("Übersicht 100%.txt", "attachment; filename=\"_bersicht 100_.txt\"; filename*=UTF-8''%C3%9Cbersicht%20100%25.txt"),
        ("a\r\nSet-Cookie: b=c.txt", "attachment; filename=\"a Set-Cookie: b=c.txt\""),
    ] {
        let file = house.settled(name, b"hello").await;
        let given = house.content(&file).await;
        assert_eq!(given.header("content-disposition"), header, "{name}");
        assert!(given.headers.get("set-cookie").is_none());
    }
}

// Nothing is handed out before a scanner has judged it, and what it found harmful never is.
#[tokio::test]
async fn asvs_5_4_3_what_is_known_to_be_harmful_is_not_served() {
    let house = House::start();
    for (name, bytes) in [("invoice.com", eicar()), ("invoices.zip", archives::zip(&[("invoice.com", &eicar())]))] {
        let taken = house.offer(name, &bytes).await.json();
        let early = house.content(&taken).await;
        assert!(early.status.is_client_error(), "{name} before the verdict or after it: {}", early.status);
        let file = house.settled(name, &bytes).await;
        assert_eq!(house.why_locked_away(&file).await, "forbidden", "{name}");
        assert_eq!(file["metadata"]["extracted_text"], serde_json::Value::Null, "{name}");
    }
}
