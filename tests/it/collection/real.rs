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
