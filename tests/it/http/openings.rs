//! A link that may be opened so many times, opened by many at once, on both engines.

use futures::future::join_all;
use reqwest::Method;

use crate::support::{Answer, Database, Ground, OpenedShare, World};

const ALLOWED: u32 = 3;
const AT_ONCE: usize = 200;

async fn open(world: &World, share: &OpenedShare) -> Answer {
    let request = world.request(Method::POST, &share.path, "").header("content-type", "application/x-www-form-urlencoded");
    Answer::of(request.body(format!("code={}", share.code)).send().await.unwrap()).await
}

/// Everybody has the right code, and the doors let all of them through to it.
async fn many_openings(ground: Ground) {
    let world = World::letting_codes_be_tried(ground, |_| ()).await;
    let tenant = world.tenant("Acme").await;
    let share = world.share_at_most(&tenant, b"the numbers", ALLOWED).await;
    let answers = join_all((0..AT_ONCE).map(|_| open(&world, &share))).await;
    let (given, kept): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.headers.contains_key("location"));
    assert_eq!(given.len(), ALLOWED as usize, "as many addresses as were allowed");
    assert!(given.iter().all(|answer| answer.status == 303));
    assert!(kept.iter().all(|answer| answer.status == 403), "{:?}", kept.iter().find(|answer| answer.status != 403));
    let listed = world.get(&format!("/v1/files/{}/shares", share.file), &tenant.key).await.expect(200).json();
    assert_eq!((&listed["shares"][0]["downloads"], &listed["shares"][0]["most_downloads"]), (&ALLOWED.into(), &ALLOWED.into()));
    let on_record = world.audit(&tenant).await.into_iter().filter(|(action, outcome)| action == "open_link" && outcome == "done").count();
    assert_eq!(on_record, ALLOWED as usize);
    open(&world, &share).await.expect(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_open_a_link_at_once_as_many_get_the_file_as_may() {
    many_openings(Ground::new(u64::from(std::process::id())).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_open_a_link_at_once_as_many_get_the_file_as_may_on_postgres() {
    let database = Database::new().await;
    many_openings(Ground { database: Some(database.settings()), ..Ground::new(u64::from(std::process::id())).await }).await;
}
