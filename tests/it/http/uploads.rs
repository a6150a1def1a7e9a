//! Direct uploads: bytes that go from their sender to the store, and what becomes of them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, DIRECT_PART, Ground, Tenant, World};

fn checksum(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes)))
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from((at / 251 + at) % 256).unwrap()).collect()
}

async fn begin(world: &World, token: &str, body: &Value) -> Value {
    world.post("/v1/uploads", token, body).await.expect(201).json()
}

/// Sends a signed request as it stands; its status.
async fn send(request: &Value, bytes: &[u8]) -> u16 {
    let method: Method = request["method"].as_str().unwrap().parse().unwrap();
    let mut sent = reqwest::Client::new().request(method, request["url"].as_str().unwrap());
    for (name, value) in request["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
        sent = sent.header(name, value.as_str().unwrap());
    }
    sent.body(bytes.to_vec()).send().await.unwrap().status().as_u16()
}

async fn complete(world: &World, token: &str, upload: &Value) -> Answer {
    world.post(&format!("/v1/uploads/{}/complete", upload["upload_id"].as_str().unwrap()), token, &Value::Null).await
}

async fn files(world: &World, tenant: &Tenant) -> usize {
    world.get("/v1/files", &tenant.key).await.expect(200).json()["files"].as_array().unwrap().len()
}

/// Fails the test unless the sweep finds nothing, and it was not by chance that it found nothing.
async fn expect_nothing_left(world: &World) {
    world.clock.advance_seconds(2 * 86_400);
    assert_eq!(world.files.sweep_uploads().await.unwrap(), 0, "a row of an upload is left");
}

#[tokio::test]
async fn what_goes_straight_to_the_store_becomes_a_file_as_any_other() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    // With a checksum the store compares what comes; without one it is read back.
    for (bytes, is_known) in [(content(5000), true), (content(5001)[1..].to_vec(), false)] {
        let promised = is_known.then(|| checksum(&bytes));
        let body = json!({
            "name": "Q2 Report.txt", "size_bytes": 5000, "content_type": "text/plain", "checksum": promised,
            "folder": "finance/2025", "title": "Quarterly Report", "tags": ["q2"],
        });
        let upload = begin(&world, &tenant.key, &body).await;
        assert_eq!(upload["method"], "PUT");
        assert_eq!(send(&upload, &bytes).await, 200);
        let made = complete(&world, &tenant.key, &upload).await.expect(201);
        assert_eq!((made.text("/lifecycle/status").as_str(), made.text("/lifecycle/scan_status").as_str()), ("scanning", "pending"));
        assert_eq!((made.text("/checksum"), made.json()["size_bytes"].as_u64()), (checksum(&bytes), Some(5000)));
        assert_eq!((made.text("/original_name").as_str(), made.text("/metadata/title").as_str()), ("Q2 Report.txt", "Quarterly Report"));
        assert_eq!(made.header("location"), format!("/v1/files/{}", made.text("/id")));
        let again = complete(&world, &tenant.key, &upload).await.expect(201);
        assert_eq!(again.text("/id"), made.text("/id"), "asked twice it is one file");
        world.inspect_all().await;
        let id = made.text("/id");
        assert_eq!(world.get(&format!("/v1/files/{id}"), &tenant.key).await.expect(200).text("/lifecycle/status"), "active");
        let url = world.get(&format!("/v1/files/{id}/content"), &tenant.key).await.expect(302);
        assert_eq!(reqwest::get(url.header("location")).await.unwrap().bytes().await.unwrap(), bytes);
    }
    assert_eq!(files(&world, &tenant).await, 2);
    let records = world.audit(&tenant).await;
    let count = |action: &str, outcome: &str| records.iter().filter(|(a, o)| (a.as_str(), o.as_str()) == (action, outcome)).count();
    assert_eq!((count("begin_upload", "done"), count("add", "done"), count("complete_upload", "again")), (2, 2, 2));
    expect_nothing_left(&world).await;
}

#[tokio::test]
async fn a_large_one_comes_in_parts_in_any_order() {
    let world = World::taking(Ground::new(u64::from(std::process::id())).await, 64 << 20).await;
    let tenant = world.tenant("Acme").await;
    let bytes = content(usize::try_from(2 * DIRECT_PART + 77).unwrap());
    let body = json!({"name": "film.bin", "size_bytes": bytes.len(), "checksum": checksum(&bytes)});
    let upload = begin(&world, &tenant.key, &body).await;
    assert_eq!((upload["part_count"].as_u64(), upload["part_size"].as_u64()), (Some(3), Some(DIRECT_PART)));
    assert!(upload["url"].is_null() && upload["next"].is_null());
    let parts = upload["parts"].as_array().unwrap();
    let pieces: Vec<&[u8]> = bytes.chunks(usize::try_from(DIRECT_PART).unwrap()).collect();
    assert_eq!(send(&parts[2], pieces[2]).await, 200);
    assert_eq!(send(&parts[0], pieces[0]).await, 200);
    complete(&world, &tenant.key, &upload).await.expect_problem(409, "conflict");
    assert_eq!(send(&parts[1], pieces[0]).await, 200, "the wrong bytes first");
    assert_eq!(send(&parts[1], pieces[1]).await, 200, "a part may come again");
    let path = format!("/v1/uploads/{}/complete", upload["upload_id"].as_str().unwrap());
    let lies = json!({"parts": [{"number": 1, "etag": "x"}, {"number": 2, "etag": "y"}, {"number": 3, "etag": "z"}]});
    world.post(&path, &tenant.key, &lies).await.expect_problem(409, "conflict");
    let made = complete(&world, &tenant.key, &upload).await.expect(201);
    assert_eq!(made.text("/checksum"), checksum(&bytes));
    assert_ne!(send(&parts[1], pieces[1]).await, 200, "nobody adds to it any more");
    expect_nothing_left(&world).await;
    assert_eq!(world.files.sweep_parts().await.unwrap(), 0);
}

#[tokio::test]
async fn the_requests_of_many_parts_come_in_pages() {
    let world = World::taking(Ground::new(u64::from(std::process::id())).await, 1 << 40).await;
    let tenant = world.tenant("Acme").await;
    for (size, part) in [(250 * DIRECT_PART + 1, DIRECT_PART), (60_000 * DIRECT_PART, 6 * DIRECT_PART)] {
        let upload = begin(&world, &tenant.key, &json!({"name": "a.bin", "size_bytes": size})).await;
        assert_eq!(upload["part_size"].as_u64(), Some(part));
        let count = upload["part_count"].as_u64().unwrap();
        assert!(count <= 10_000);
        let (mut page, mut seen) = (upload.clone(), Vec::new());
        for _ in 0..4 {
            let parts = page["parts"].as_array().unwrap();
            seen.extend(parts.iter().map(|part| (part["number"].as_u64().unwrap(), part["size"].as_u64().unwrap())));
            let Some(after) = page["next"].as_u64() else { break };
            let path = format!("/v1/uploads/{}?after={after}", upload["upload_id"].as_str().unwrap());
            page = world.get(&path, &tenant.key).await.expect(200).json();
        }
        assert!(seen.iter().map(|(number, _)| *number).eq(1..=count.min(400)), "each part once");
        if count == 251 {
            assert_eq!(seen.iter().map(|(_, size)| size).sum::<u64>(), size);
        }
    }
}

#[tokio::test]
async fn what_is_not_what_was_promised_becomes_no_file() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let bytes = content(3000);
    let promised = json!({"name": "a.txt", "size_bytes": 3000, "checksum": checksum(&bytes)});
    let upload = begin(&world, &tenant.key, &promised).await;
    let mut other = bytes.clone();
    other[1] ^= 1;
    for wrong in [&other, &content(2999), &content(3001)] {
        assert!((400..500).contains(&send(&upload, wrong).await));
    }
    complete(&world, &tenant.key, &upload).await.expect_problem(409, "conflict");
    assert_eq!(send(&upload, &bytes).await, 200, "what the store refused may be sent rightly");
    complete(&world, &tenant.key, &upload).await.expect(201);
    // Parts carry no checksum of their own: the whole is read back.
    let size = 1_200_000;
    let upload = begin(&world, &tenant.key, &json!({"name": "b.txt", "size_bytes": size, "checksum": checksum(b"something else")})).await;
    assert_eq!(send(&upload["parts"][0], &content(size)).await, 200);
    let refused = complete(&world, &tenant.key, &upload).await.expect_problem(400, "invalid");
    assert!(refused.text("/detail").contains("`checksum`"), "{refused:?}");
    complete(&world, &tenant.key, &upload).await.expect_problem(409, "conflict");
    assert_eq!(files(&world, &tenant).await, 1);
    expect_nothing_left(&world).await;
}

#[tokio::test]
async fn a_request_that_lives_on_cannot_change_what_was_taken_in() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let upload = begin(&world, &tenant.key, &json!({"name": "a.txt", "size_bytes": 4})).await;
    assert_eq!(send(&upload, b"good").await, 200);
    assert_eq!(send(&upload, b"evil").await, 412, "it replaces nothing");
    let id = complete(&world, &tenant.key, &upload).await.expect(201).text("/id");
    // Its place is free again, and what is put there is nobody's.
    assert_eq!(send(&upload, b"evil").await, 200);
    world.inspect_all().await;
    let url = world.get(&format!("/v1/files/{id}/content"), &tenant.key).await.expect(302);
    assert_eq!(reqwest::get(url.header("location")).await.unwrap().bytes().await.unwrap(), b"good".as_slice());
    complete(&world, &tenant.key, &upload).await.expect(201);
    assert_eq!(files(&world, &tenant).await, 1);
}

#[tokio::test]
async fn an_upload_is_given_up_once_and_leaves_nothing() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    for size in [10, 1_500_000] {
        let upload = begin(&world, &tenant.key, &json!({"name": "a.txt", "size_bytes": size})).await;
        let request = if size == 10 { &upload } else { &upload["parts"][0] };
        assert_eq!(send(request, &content(size)).await, 200);
        let path = format!("/v1/uploads/{}", upload["upload_id"].as_str().unwrap());
        world.delete(&path, &tenant.key).await.expect(204);
        world.delete(&path, &tenant.key).await.expect_problem(409, "conflict");
        world.get(&path, &tenant.key).await.expect_problem(409, "conflict");
        complete(&world, &tenant.key, &upload).await.expect_problem(409, "conflict");
    }
    assert_eq!(files(&world, &tenant).await, 0);
    expect_nothing_left(&world).await;
    assert_eq!(world.files.sweep_parts().await.unwrap(), 0);
}

#[tokio::test]
async fn an_upload_that_nobody_completes_is_over_and_swept() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let upload = begin(&world, &tenant.key, &json!({"name": "a.txt", "size_bytes": 4})).await;
    assert_eq!(send(&upload, b"late").await, 200);
    world.clock.advance_seconds(6 * 3600);
    complete(&world, &tenant.key, &upload).await.expect_problem(409, "conflict");
    world.clock.advance_seconds(86_400);
    assert_eq!(world.files.sweep_uploads().await.unwrap(), 1);
    complete(&world, &tenant.key, &upload).await.expect_problem(409, "conflict");
}

#[tokio::test]
async fn who_began_an_upload_alone_knows_of_it_and_needs_the_right_to_the_end() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let amira = world.user(&tenant, "Amira Haddad", "member").await;
    let nora = world.user(&tenant, "Nora Lind", "owner").await;
    let (hers, others) = (world.call(&tenant, &amira).await, world.call(&tenant, &nora).await);
    let upload = begin(&world, &hers.token, &json!({"name": "mine.txt", "size_bytes": 4})).await;
    let path = format!("/v1/uploads/{}", upload["upload_id"].as_str().unwrap());
    assert_eq!(send(&upload, b"mine").await, 200);
    for token in [&others.token, &tenant.key] {
        world.get(&path, token).await.expect_problem(404, "not_found");
        complete(&world, token, &upload).await.expect_problem(404, "not_found");
        world.delete(&path, token).await.expect_problem(404, "not_found");
    }
    // The same person on another call, which may only read.
    let body = json!({"caller_id": amira, "permissions": ["files:read"], "verified": {"method": "platform", "level": 2}});
    let reads = world.post("/v1/calls", &tenant.key, &body).await.expect(201).text("/token");
    world.get(&path, &reads).await.expect_problem(403, "forbidden");
    complete(&world, &reads, &upload).await.expect_problem(403, "forbidden");
    let made = complete(&world, &world.call(&tenant, &amira).await.token, &upload).await.expect(201);
    assert_eq!(made.text("/access/owner"), amira);
    world.post("/v1/uploads", &reads, &json!({"name": "x.txt", "size_bytes": 1})).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_customer_has_so_many_uploads_open_and_not_one_more() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Acme").await, world.tenant("Borealis").await);
    let body = json!({"name": "a.txt", "size_bytes": 4});
    let first = begin(&world, &tenant.key, &body).await;
    for _ in 1..200 {
        begin(&world, &tenant.key, &body).await;
    }
    world.post("/v1/uploads", &tenant.key, &body).await.expect_problem(429, "too_many");
    let large = json!({"name": "a.txt", "size_bytes": 1_500_000});
    world.post("/v1/uploads", &tenant.key, &large).await.expect_problem(429, "too_many");
    begin(&world, &other.key, &body).await;
    world.delete(&format!("/v1/uploads/{}", first["upload_id"].as_str().unwrap()), &tenant.key).await.expect(204);
    begin(&world, &tenant.key, &body).await;
    world.clock.advance_seconds(6 * 3600);
    begin(&world, &tenant.key, &body).await;
    let too_large = json!({"name": "a.txt", "size_bytes": 3 << 20});
    world.post("/v1/uploads", &other.key, &too_large).await.expect_problem(413, "too_large");
}

#[tokio::test]
async fn a_new_version_comes_the_same_way() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let file = world.file(&tenant.key, "name=a.txt&title=Alpha", b"first").await;
    let upload = begin(&world, &tenant.key, &json!({"name": "a2.txt", "size_bytes": 6, "replaces": file})).await;
    assert_eq!(send(&upload, b"second").await, 200);
    let made = complete(&world, &tenant.key, &upload).await.expect(201);
    assert_eq!((made.text("/id"), made.json()["lifecycle"]["version"].as_u64()), (file.clone(), Some(2)));
    assert_eq!(complete(&world, &tenant.key, &upload).await.expect(201).json()["lifecycle"]["version"], 2);
    world.inspect_all().await;
    // Bytes that the customer has already are stored once, and nobody can tell.
    let twin = begin(&world, &tenant.key, &json!({"name": "b.txt", "size_bytes": 6, "checksum": checksum(b"second")})).await;
    assert_eq!(send(&twin, b"second").await, 200);
    assert_ne!(complete(&world, &tenant.key, &twin).await.expect(201).text("/id"), file);
    expect_nothing_left(&world).await;
}
