//! The real catalog and the real store, with senders, a worker, deletion and sweeps at once; and versions
//! as a program meets them.

use std::path::Path;

use futures::future::join_all;
use reqwest::Method;
use satchel::domain::Edition;
use satchel::files::Swept;
use serde_json::{Value, json};

use crate::support::{Answer, Tenant, World};

/// Longer than deleted files and unreferenced bytes are kept.
const LONG: i64 = 40 * 86_400;

/// Files of content in the store's folder.
fn on_disk(world: &World) -> usize {
    let count = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    let shards = std::fs::read_dir(world.folder().join("objects/blobs")).unwrap();
    shards.map(|shard| count(&shard.unwrap().path())).sum()
}

async fn bytes_of(world: &World, tenant: &Tenant, id: &str, query: &str) -> Vec<u8> {
    let answer = world.get(&format!("/v1/files/{id}/content?redirect=false{query}"), &tenant.key).await.expect(200).json();
    let url = answer.pointer("/access/presigned_url").or_else(|| answer.get("presigned_url")).and_then(Value::as_str).unwrap().to_owned();
    let bytes = world.client.get(url).send().await.unwrap();
    assert_eq!(bytes.status(), 200);
    bytes.bytes().await.unwrap().to_vec()
}

/// Whether these bytes lie anywhere in the store's folder.
fn lie_on_disk(world: &World, bytes: &[u8]) -> bool {
    let shards = std::fs::read_dir(world.folder().join("objects/blobs")).unwrap();
    shards
        .flat_map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap())
        .any(|file| std::fs::read(file.unwrap().path()).unwrap() == bytes)
}

async fn hold(world: &World, tenant: &Tenant, file: &str) -> Answer {
    world.post(&format!("/v1/files/{file}/hold"), &tenant.key, &json!({"reason": "the claim of Q2"})).await
}

async fn lift(world: &World, tenant: &Tenant, file: &str) -> Answer {
    world.delete(&format!("/v1/files/{file}/hold?reason=settled"), &tenant.key).await
}

async fn held(world: &World, tenant: &Tenant) -> Vec<(String, String)> {
    let listed = world.get("/v1/holds", &tenant.key).await.expect(200).json();
    let text = |hold: &Value, field: &str| hold[field].as_str().unwrap().to_owned();
    listed["holds"].as_array().unwrap().iter().map(|hold| (text(hold, "file"), text(hold, "status"))).collect()
}

async fn swept(world: &World) -> Swept {
    let mut all = Swept::default();
    // Let go, given up, removed: each takes its time.
    for _ in 0..3 {
        world.clock.advance_seconds(LONG);
        let swept = world.files.sweep_deleted().await.unwrap();
        all = Swept {
            released: all.released + swept.released,
            collected: all.collected + swept.collected,
            objects: all.objects + swept.objects,
        };
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_sent_deleted_and_swept_at_once_are_there_for_whoever_stands_for_them() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let content = |number: usize| format!("the content {number}, sent again and again").into_bytes();
    let mut living: Vec<(String, usize)> = Vec::new();
    for round in 0..8 {
        let (number, doomed) = (round % 2, std::mem::take(&mut living));
        let sends = join_all((0..3).map(|sender| {
            let (world, tenant) = (&world, &tenant);
            async move {
                let name = format!("name=file-{round}-{sender}.txt&category={}", ["document", "mail", "other"][sender]);
                let sent = world.put(&tenant.key, &name, &content(number)).await.expect(201);
                (sent.text("/id"), number)
            }
        }));
        let deletes = async {
            for (id, _) in &doomed {
                world.delete(&format!("/v1/files/{id}"), &tenant.key).await.expect(204);
            }
        };
        let sweeps = async {
            for _ in 0..6 {
                world.clock.advance_seconds(LONG);
                world.files.sweep_deleted().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let (sent, (), ()) = tokio::join!(sends, deletes, sweeps);
        living = sent;
        let ((), ()) = tokio::join!(world.inspect_all(), async {
            world.files.sweep_deleted().await.unwrap();
        });
        for (id, number) in &living {
            assert_eq!(bytes_of(&world, &tenant, id, "").await, content(*number), "round {round}");
        }
    }
    for (id, _) in &living {
        world.delete(&format!("/v1/files/{id}"), &tenant.key).await.expect(204);
    }
    assert!(swept(&world).await.collected > 0);
    // What uploads of known bytes left, too.
    world.files.sweep_uploads().await.unwrap();
    world.shutdown().await;
    assert_eq!(on_disk(&world), 0, "an object is nobody's and still there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hold_a_deletion_and_sweeps_at_once_a_hold_that_was_granted_loses_nothing() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let (mut granted, mut late) = (Vec::new(), 0);
    for round in 0..12 {
        let bytes = format!("evidence {round}").into_bytes();
        let file = world.file(&tenant.key, &format!("name=evidence-{round}.txt"), &bytes).await;
        if round % 3 == 0 {
            // Deleted for long: the hold races with the bytes being let go.
            world.delete(&format!("/v1/files/{file}"), &tenant.key).await.expect(204);
        }
        let again = format!("name=again-{round}.txt");
        let removal = async { world.delete(&format!("/v1/files/{file}"), &tenant.key).await.status };
        let sweeps = async {
            for _ in 0..4 {
                world.clock.advance_seconds(LONG);
                world.files.sweep_deleted().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let sends =
            async { if round % 2 == 0 { world.put(&tenant.key, &again, &bytes).await.expect(201).text("/id") } else { String::new() } };
        let (placed, deleted, (), sent) = tokio::join!(hold(&world, &tenant, &file), removal, sweeps, sends);
        assert!(matches!(deleted, 204 | 404 | 423), "round {round}: {deleted}");
        world.inspect_all().await;
        swept(&world).await;
        match placed.status {
            201 => {
                assert!(lie_on_disk(&world, &bytes), "round {round}: bytes of a held file are gone");
                granted.push(file);
            }
            409 => late += 1,
            _ => panic!("round {round}: {placed:?}"),
        }
        if !sent.is_empty() {
            assert_eq!(bytes_of(&world, &tenant, &sent, "").await, bytes, "round {round}");
            world.delete(&format!("/v1/files/{sent}"), &tenant.key).await.expect(204);
        }
    }
    assert_eq!(granted.len() + late, 12);
    assert!(!granted.is_empty());
    let mut listed: Vec<String> = held(&world, &tenant).await.into_iter().map(|(file, _)| file).collect();
    listed.sort();
    granted.sort();
    assert_eq!(listed, granted, "what is held is listed");
    for file in &granted {
        lift(&world, &tenant, file).await.expect(204);
        let gone = world.delete(&format!("/v1/files/{file}"), &tenant.key).await;
        assert!(matches!(gone.status, 204 | 404), "{gone:?}");
    }
    swept(&world).await;
    world.files.sweep_uploads().await.unwrap();
    world.shutdown().await;
    assert_eq!(on_disk(&world), 0, "what is held no longer goes");
}

#[tokio::test]
async fn a_file_that_is_held_stays_in_every_state() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let active = world.file(&tenant.key, "name=active.txt", b"read and clean").await;
    let harmful = world.file(&tenant.key, "name=harmful.txt", b"HARMFUL").await;
    let deleted = world.file(&tenant.key, "name=deleted.txt", b"deleted before").await;
    world.delete(&format!("/v1/files/{deleted}"), &tenant.key).await.expect(204);
    let scanning = world.put(&tenant.key, "name=scanning.txt", b"not judged yet").await.expect(201).text("/id");
    for file in [&active, &harmful, &deleted, &scanning] {
        let placed = hold(&world, &tenant, file).await.expect(201);
        assert_eq!((placed.text("/reason"), placed.text("/file")), ("the claim of Q2".to_owned(), file.clone()));
        hold(&world, &tenant, file).await.expect_problem(409, "conflict");
    }
    for file in [&active, &harmful, &scanning] {
        world.delete(&format!("/v1/files/{file}"), &tenant.key).await.expect_problem(423, "held");
    }
    let listed = held(&world, &tenant).await;
    for (file, status) in [(&active, "active"), (&harmful, "quarantined"), (&deleted, "deleted"), (&scanning, "scanning")] {
        assert!(listed.contains(&(file.clone(), status.to_owned())), "{status}: {listed:?}");
    }
    swept(&world).await;
    world.files.sweep_uploads().await.unwrap();
    world.files.reconcile_uploads().await.unwrap();
    for bytes in ["read and clean", "HARMFUL", "deleted before", "not judged yet"] {
        assert!(lie_on_disk(&world, bytes.as_bytes()), "{bytes}");
    }
    // Without a reason nothing is held, and nothing is let go.
    world.post(&format!("/v1/files/{active}/hold"), &tenant.key, &json!({"reason": " "})).await.expect_problem(400, "invalid");
    world.delete(&format!("/v1/files/{active}/hold?reason="), &tenant.key).await.expect_problem(400, "invalid");
    // Whoever may not hold learns of a deleted file no more than that there is none.
    let member = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &member).await;
    world.post(&format!("/v1/files/{deleted}/hold"), &call.token, &json!({"reason": "x"})).await.expect_problem(404, "not_found");
    world.post(&format!("/v1/files/{active}/hold"), &call.token, &json!({"reason": "x"})).await.expect_problem(403, "forbidden");
    lift(&world, &tenant, &deleted).await.expect(204);
    lift(&world, &tenant, &deleted).await.expect_problem(409, "conflict");
    assert_eq!(swept(&world).await.collected, 1, "what was put off goes on");
    hold(&world, &tenant, &deleted).await.expect_problem(409, "conflict");
    let audit = world.audit(&tenant).await;
    for (action, outcome, count) in [("hold", "done", 4), ("hold", "refused", 6), ("lift_hold", "done", 1), ("lift_hold", "refused", 1)] {
        let found = audit.iter().filter(|record| (record.0.as_str(), record.1.as_str()) == (action, outcome)).count();
        assert_eq!(found, count, "{action} {outcome}: {audit:?}");
    }
}

#[tokio::test]
async fn deleted_bytes_stay_for_a_month_and_go_with_their_text() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let file = world.file(&tenant.key, "name=letter.txt", b"dear all").await;
    let kept = world.file(&tenant.key, "name=copy.txt", b"dear all").await;
    world.delete(&format!("/v1/files/{file}"), &tenant.key).await.expect(204);
    world.clock.advance_seconds(29 * 86_400);
    assert!(world.files.sweep_deleted().await.unwrap().is_nothing());
    let all = swept(&world).await;
    assert_eq!((all.released, all.collected), (1, 0), "the copy stands for them");
    assert_eq!(bytes_of(&world, &tenant, &kept, "").await, b"dear all");
    world.delete(&format!("/v1/files/{kept}"), &tenant.key).await.expect(204);
    let all = swept(&world).await;
    assert_eq!((all.released, all.collected), (1, 1));
    let actions: Vec<_> = world.audit(&tenant).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions.iter().filter(|action| *action == "release").count(), 2);
    assert_eq!(actions.iter().filter(|action| *action == "collect").count(), 1);
    world.shutdown().await;
    assert_eq!(on_disk(&world), 0);
}

#[tokio::test]
async fn an_old_version_is_told_opened_and_put_back() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let file = world.file(&tenant.key, "name=plan.txt", b"the first plan").await;
    world.file(&tenant.key, &format!("name=plan2.txt&replaces={file}"), b"another, longer plan").await;
    let versions = world.get(&format!("/v1/files/{file}/versions"), &tenant.key).await.expect(200).json();
    let told = |versions: &Value| -> Vec<Value> {
        versions["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| json!([one["version"], one["is_current"], one["size_change_bytes"], one["same_as_version"]]))
            .collect()
    };
    assert_eq!(told(&versions), [json!([2, true, 6, null]), json!([1, false, null, null])]);
    assert_eq!(bytes_of(&world, &tenant, &file, "&version=1").await, b"the first plan");
    assert_eq!(bytes_of(&world, &tenant, &file, "").await, b"another, longer plan");
    world.get(&format!("/v1/files/{file}/content?version=3"), &tenant.key).await.expect(404);
    world.post(&format!("/v1/files/{file}/versions/3/restore"), &tenant.key, &Value::Null).await.expect(404);
    world.post(&format!("/v1/files/{file}/versions/one/restore"), &tenant.key, &Value::Null).await.expect(404);
    let restored = world.post(&format!("/v1/files/{file}/versions/1/restore"), &tenant.key, &Value::Null).await.expect(201).json();
    assert_eq!(
        (restored.pointer("/lifecycle/version"), restored.pointer("/lifecycle/status")),
        (Some(&json!(3)), Some(&json!("scanning")))
    );
    // While the newest is looked at nothing of the file goes out, and another restore waits.
    world.get(&format!("/v1/files/{file}/content?version=2"), &tenant.key).await.expect(403);
    world.post(&format!("/v1/files/{file}/versions/2/restore"), &tenant.key, &Value::Null).await.expect(409);
    world.inspect_all().await;
    assert_eq!(bytes_of(&world, &tenant, &file, "").await, b"the first plan");
    let versions = world.get(&format!("/v1/files/{file}/versions"), &tenant.key).await.expect(200).json();
    assert_eq!(told(&versions)[0], json!([3, true, -6, 1]));
    let audit = world.audit(&tenant).await;
    assert!(audit.contains(&("restore".to_owned(), "done".to_owned())) && audit.contains(&("restore".to_owned(), "refused".to_owned())));
    // A key that may only read restores nothing.
    let reader = world.key(&tenant, &["files:read"]).await;
    world.post(&format!("/v1/files/{file}/versions/1/restore"), &reader, &Value::Null).await.expect(403);
}

#[tokio::test]
async fn a_share_opens_the_version_that_was_confirmed_or_follows_the_newest() {
    for (edition, expected) in [(Edition::Confirmed, "the first plan"), (Edition::Newest, "another, longer plan")] {
        let world = World::start().await;
        let tenant = world.tenant("Northwind").await;
        let share = world.share_edition(&tenant, b"the first plan", edition).await;
        let opened = async || {
            let request = world.request(Method::POST, &share.path, "").body(format!("code={}", share.code));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let away = Answer::of(request.send().await.unwrap()).await.expect(303);
            world.client.get(away.header("location")).send().await.unwrap().text().await.unwrap()
        };
        assert_eq!(opened().await, "the first plan");
        world.file(&tenant.key, &format!("name=plan2.txt&replaces={}", share.file), b"another, longer plan").await;
        assert_eq!(opened().await, expected, "{edition:?}");
    }
}
