//! What files look like, drawn by real workers and shown over HTTP.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use satchel::domain::CustomerId;
use satchel::inspect::{Inspector, InspectorSettings};
use satchel::jobs::{WorkerSettings, Workers};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::{Answer, Tenant, World};

/// As long as the workers may take for a few small files.
const BOUND: Duration = Duration::from_mins(1);

/// Lets real workers do all that waits.
pub async fn work(world: &World, tenant: &Tenant) {
    let inspector = Arc::new(Inspector::new(InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel")))));
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    tasks.spawn(Workers::new(world.files.clone(), inspector, WorkerSettings { count: 1, ..WorkerSettings::default() }).run(stop.clone()));
    let customer = CustomerId::parse(&tenant.customer).unwrap();
    let done = async {
        while world.files.open_jobs(customer).await.unwrap() > 0 {
            world.files.changed(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(BOUND, done).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    in_time.expect("the workers never came so far");
}

/// A PDF of one page that is its own by this word.
fn pdf(word: &str) -> Vec<u8> {
    let content = format!("0 0 0 rg 0 0 100 100 re f % {word}");
    format!(
        "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n\
         3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << >> >>\nendobj\n\
         4 0 obj\n<< /Length {} >>\nstream\n{content}\nendstream\nendobj\ntrailer\n<< /Size 5 /Root 1 0 R >>\n%%EOF\n",
        content.len()
    )
    .into_bytes()
}

async fn get(world: &World, tenant: &Tenant, file: &str, size: &str) -> Answer {
    world.get(&format!("/v1/files/{file}/preview?size={size}"), &tenant.key).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_shown_in_two_sizes_once_it_was_drawn() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let file = world.put(&tenant.key, "name=lease.pdf", &pdf("lease")).await.expect(201).text("/id");
    get(&world, &tenant, &file, "page").await.expect_problem(409, "not_ready");
    work(&world, &tenant).await;
    let known = world.get(&format!("/v1/files/{file}"), &tenant.key).await.expect(200).json();
    let stage = |name: &str| json!({"name": name, "state": "done", "attempts": 1, "reason": null});
    assert_eq!(known["stages"], json!([stage("scan"), stage("read"), stage("preview")]));
    let mut sizes = Vec::new();
    for size in ["page", "thumbnail"] {
        let request = world.request(Method::GET, &format!("/v1/files/{file}/preview?size={size}"), &tenant.key);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((header("content-type"), header("x-content-type-options")), ("image/jpeg".to_owned(), "nosniff".to_owned()));
        assert_eq!(header("cache-control"), "private, no-cache");
        let tag = header("etag");
        let bytes = answer.bytes().await.unwrap();
        assert!(bytes.starts_with(&[0xFF, 0xD8, 0xFF]), "{size}");
        sizes.push(bytes.len());
        let again = world.request(Method::GET, &format!("/v1/files/{file}/preview?size={size}"), &tenant.key).header(IF_NONE_MATCH, &tag);
        let again = again.send().await.unwrap();
        assert_eq!((again.status().as_u16(), again.headers()["etag"].to_str().unwrap()), (304, tag.as_str()));
        assert!(again.bytes().await.unwrap().is_empty());
    }
    assert!(sizes[0] > sizes[1], "{sizes:?}");
    get(&world, &tenant, &file, "poster").await.expect_problem(400, "invalid");
    let shown = world.audit(&tenant).await.into_iter().filter(|record| *record == ("read".to_owned(), "shown".to_owned())).count();
    assert_eq!(shown, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_file_is_not_shown_is_told_to_whoever_may_know_it() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Northwind").await, world.tenant("Southwind").await);
    let note = world.put(&tenant.key, "name=note.txt", b"a note").await.expect(201).text("/id");
    let broken = world.put(&tenant.key, "name=broken.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and no more").await.expect(201).text("/id");
    work(&world, &tenant).await;
    for (file, reason) in [(&note, "files of this kind are not shown"), (&broken, "the file is damaged")] {
        let told = get(&world, &tenant, file, "page").await.expect_problem(404, "not_found");
        assert_eq!(told.text("/detail"), format!("there is no preview: {reason}"));
        // Not there is not there, whatever could be said of it.
        let foreign = get(&world, &other, file, "page").await.expect_problem(404, "not_found");
        assert_eq!(foreign.text("/detail"), "no such thing, or not yours to see");
    }
    let known = world.get(&format!("/v1/files/{broken}"), &tenant.key).await.expect(200).json();
    assert_eq!(known["lifecycle"]["status"], "active");
    assert_eq!(known["stages"][2], json!({"name": "preview", "state": "failed", "attempts": 1, "reason": "the file is damaged"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_drawn_of_a_file_is_not_shown_once_it_is_locked_away() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let file = world.put(&tenant.key, "name=lease.pdf", &pdf("lease")).await.expect(201).text("/id");
    work(&world, &tenant).await;
    get(&world, &tenant, &file, "page").await.expect(200);
    let mut database = world.database().await;
    sqlx::query("UPDATE files SET status = 'quarantined'").execute(&mut database).await.unwrap();
    get(&world, &tenant, &file, "page").await.expect_problem(403, "quarantined");
    sqlx::query("UPDATE files SET status = 'active'").execute(&mut database).await.unwrap();
    sqlx::query("UPDATE blobs SET scan_status = 'suspicious'").execute(&mut database).await.unwrap();
    get(&world, &tenant, &file, "thumbnail").await.expect_problem(403, "quarantined");
}
