//! Listing, metadata, versions, bytes, removal.

use serde_json::{Value, json};

use crate::support::{Answer, World};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn the_json_of_a_file_keeps_its_names() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let owner = world.user(&tenant, "Amira Haddad", "member").await;
    let query =
        format!("name=q2.txt&title=Q2%20report&author=Nora&tags=q2,finance&created_date=2025-06-30&category=document&owner={owner}");
    let id = world.file(&tenant.key, &query, b"Revenue rose.").await;
    let file = world.get(&format!("/v1/files/{id}"), &tenant.key).await.expect(200).json();
    assert_eq!(
        keys(&file),
        [
            "access",
            "checksum",
            "collections",
            "content_type",
            "customer_id",
            "id",
            "lifecycle",
            "metadata",
            "original_name",
            "relations",
            "size_bytes",
            "stages",
            "stored_path"
        ]
    );
    assert_eq!(
        keys(&file["metadata"]),
        [
            "author",
            "categorised",
            "category",
            "classification",
            "created_date",
            "duration_ms",
            "extracted_text",
            "extraction",
            "facts",
            "findings",
            "kind",
            "language",
            "page_count",
            "tags",
            "title",
            "unlock"
        ]
    );
    assert_eq!(keys(&file["access"]), ["expires_at", "owner", "presigned_url", "public_url", "shared_with"]);
    assert_eq!(keys(&file["lifecycle"]), ["compliance_hold", "last_accessed", "retention_until", "scan_status", "status", "version"]);
    assert_eq!(file["original_name"], "q2.txt");
    assert_eq!(file["size_bytes"], 13);
    assert!(file["checksum"].as_str().unwrap().starts_with("sha256:"));
    assert!(file["stored_path"].as_str().unwrap().contains(&format!("{}/documents/document/", tenant.customer)));
    assert_eq!(file["metadata"]["title"], "Q2 report");
    assert_eq!(file["metadata"]["tags"], json!(["q2", "finance"]));
    assert_eq!(file["metadata"]["extracted_text"], "Revenue rose.");
    assert_eq!(file["metadata"]["extraction"], json!({"status": "done", "reason": null}));
    assert_eq!(file["access"]["owner"], json!(owner));
    assert_eq!(file["access"]["presigned_url"], Value::Null);
    assert_eq!(file["lifecycle"]["scan_status"], "clean");
    let stage = |name: &str| json!({"name": name, "state": "done", "attempts": 1, "reason": null});
    assert_eq!(file["stages"], json!([stage("scan"), stage("read")]));
}

#[tokio::test]
async fn pages_follow_each_other_and_end() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let mut added = Vec::new();
    for name in ["a", "b", "c"] {
        world.clock.advance_seconds(1);
        added.push(world.put(&tenant.key, &format!("name={name}.txt"), name.as_bytes()).await.expect(201).text("/id"));
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/files?limit=2".to_owned());
    loop {
        let page = world.get(&path, &tenant.key).await.expect(200).json();
        seen.extend(page["files"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/files?limit=2&after={next}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, added);
    for query in ["limit=0", "limit=201", "limit=many", "after=page2", "page=2"] {
        world.get(&format!("/v1/files?{query}"), &tenant.key).await.expect_problem(400, "invalid");
    }
}

#[tokio::test]
async fn a_caller_sees_own_and_common_files_alone() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let (amira, nora) = (world.user(&tenant, "Amira Haddad", "member").await, world.user(&tenant, "Nora Lind", "member").await);
    let own = world.file(&tenant.key, &format!("name=own.txt&owner={amira}"), b"own").await;
    let other = world.file(&tenant.key, &format!("name=other.txt&owner={nora}"), b"other").await;
    let common = world.file(&tenant.key, "name=common.txt", b"common").await;
    let call = world.call(&tenant, &amira).await;
    let listed = world.get("/v1/files", &call.token).await.expect(200).body;
    assert!(listed.contains(&own) && listed.contains(&common) && !listed.contains(&other));
    world.get(&format!("/v1/files/{other}"), &call.token).await.expect_problem(404, "not_found");
    world.get(&format!("/v1/files/{other}/content"), &call.token).await.expect_problem(404, "not_found");
    world.delete(&format!("/v1/files/{other}"), &call.token).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn bytes_are_handed_out_by_an_address_that_is_never_kept() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let id = world.file(&tenant.key, "name=a.txt", b"alpha").await;
    let path = format!("/v1/files/{id}/content");
    let found = world.get(&path, &tenant.key).await.expect(302);
    assert_eq!((found.header("referrer-policy"), found.header("cache-control")), ("no-referrer", "no-store"));
    let bytes = world.client.get(found.header("location")).send().await.unwrap();
    assert!(bytes.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(Answer::of(bytes).await.body, "alpha");
    let told = world.get(&format!("{path}?redirect=false"), &tenant.key).await.expect(200);
    assert_eq!(told.header("cache-control"), "no-store");
    assert_eq!(told.text("/access/expires_at"), "2026-03-02T09:01:00Z");
    let bytes = world.client.get(told.text("/access/presigned_url")).send().await.unwrap();
    assert_eq!(Answer::of(bytes).await.body, "alpha");
    world.get(&format!("{path}?redirect=perhaps"), &tenant.key).await.expect_problem(400, "invalid");
}

#[tokio::test]
async fn bytes_that_were_not_judged_or_judged_harmful_stay_inside() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let waiting = world.put(&tenant.key, "name=w.txt", b"waiting").await.expect(201).text("/id");
    let answer = world.get(&format!("/v1/files/{waiting}/content"), &tenant.key).await;
    assert!(matches!(answer.status, 403 | 409), "{answer:?}");
    world.inspect_all().await;
    let harmful = world.file(&tenant.key, "name=h.txt", b"HARMFUL bytes").await;
    assert_eq!(world.get(&format!("/v1/files/{harmful}"), &tenant.key).await.expect(200).text("/lifecycle/status"), "quarantined");
    let answer = world.get(&format!("/v1/files/{harmful}/content"), &tenant.key).await.expect(403);
    assert!(answer.headers.get("location").is_none());
    world.get(&format!("/v1/files/{waiting}/content"), &tenant.key).await.expect(302);
}

#[tokio::test]
async fn a_file_that_was_removed_is_gone_for_everybody() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let id = world.file(&tenant.key, "name=a.txt", b"alpha").await;
    let path = format!("/v1/files/{id}");
    world.delete(&path, &tenant.key).await.expect(204);
    for path in [path.clone(), format!("{path}/versions"), format!("{path}/content")] {
        world.get(&path, &tenant.key).await.expect_problem(404, "not_found");
    }
    world.delete(&path, &tenant.key).await.expect_problem(404, "not_found");
    assert_eq!(world.get("/v1/files", &tenant.key).await.expect(200).json()["files"], json!([]));
}

#[tokio::test]
async fn a_replaced_file_keeps_its_id_and_both_versions() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let id = world.file(&tenant.key, "name=a.txt", b"first").await;
    let again = world.put(&tenant.key, &format!("name=a2.txt&replaces={id}"), b"second, longer").await.expect(201);
    assert_eq!((again.text("/id"), again.json()["lifecycle"]["version"].clone()), (id.clone(), json!(2)));
    let versions = world.get(&format!("/v1/files/{id}/versions"), &tenant.key).await.expect(200).json();
    let numbers: Vec<_> = versions["versions"].as_array().unwrap().iter().map(|version| version["version"].clone()).collect();
    assert_eq!(numbers, [json!(2), json!(1)]);
    assert_eq!(versions["versions"][0]["size_bytes"], 14);
}
