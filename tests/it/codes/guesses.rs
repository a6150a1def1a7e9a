//! Many guesses at once, over real HTTP, on both engines.

use futures::future::join_all;
use futures::{StreamExt, stream};
use reqwest::Method;

use crate::support::{Answer, Database, Ground, Tenant, World};

/// A server whose doors let everything through to the code itself.
async fn wide_open(ground: Ground) -> World {
    World::letting_codes_be_tried(ground, |files| {
        files.failures.network.failures = 10_000;
        files.failures.customer.failures = 10_000;
    })
    .await
}

/// The reasons of wrong tries on record. Each look leaves a record too, so that only a short page is the last.
async fn reasons(world: &World, tenant: &Tenant) -> Vec<String> {
    const PAGE: usize = 1000;
    let mut reasons = Vec::new();
    for page in 0..10 {
        let answer = world.get(&format!("/v1/audit?limit={PAGE}&after={}", page * PAGE), &tenant.key).await.expect(200).json();
        let records = answer["records"].as_array().unwrap();
        let wrong = records.iter().filter(|record| record["outcome"] == "code_wrong");
        reasons.extend(wrong.map(|record| record["reason"].as_str().unwrap().to_owned()));
        if records.len() < PAGE {
            return reasons;
        }
    }
    panic!("there are more records than tries")
}

/// Another code than this one, of many.
fn wrong(code: &str, number: u32) -> String {
    let guess = format!("{number:06}");
    if guess == code { "999999".to_owned() } else { guess }
}

/// Guesses in flight at once: as many as the catalog lets wait.
const AT_ONCE: usize = 48;

/// A guess that the catalog has no turn for gets the same answer as a wrong one, and no record: with more than
/// [`AT_ONCE`] in flight the codes that were tried are fewer.
async fn many_guesses(world: World, count: u32, at_once: usize) {
    let tenant = world.tenant("Acme").await;
    let share = world.share(&tenant, b"the numbers").await;
    let guesses = (0..count).map(|number| {
        let form = format!("code={}", wrong(&share.code, number));
        let request = world.request(Method::POST, &share.path, "").header("content-type", "application/x-www-form-urlencoded").body(form);
        async move { Answer::of(request.send().await.unwrap()).await }
    });
    let answers: Vec<_> = stream::iter(guesses).buffer_unordered(at_once).collect().await;
    assert!(answers.iter().all(|answer| answer.status == 403), "one answer for all");
    assert!(answers.iter().all(|answer| answer.comparable(&share.path) == answers[0].comparable(&share.path)));
    let reasons = reasons(&world, &tenant).await;
    let ends = |how: &str| reasons.iter().filter(|reason| reason.ends_with(how)).count();
    let tried = if at_once <= AT_ONCE { count as usize } else { reasons.len() };
    assert!(tried <= count as usize, "{tried} records of {count} guesses");
    assert_eq!((reasons.len(), ends("; compared") + ends("; burned"), ends("; burned"), ends("; closed")), (tried, 5, 1, tried - 5));
    let alarms = world.audit(&tenant).await.into_iter().filter(|(action, _)| action == "code_alarm").count();
    assert_eq!(alarms, 1, "that it was burned is an alarm, once");
    let form = format!("code={}", share.code);
    let late = world.request(Method::POST, &share.path, "").header("content-type", "application/x-www-form-urlencoded").body(form);
    Answer::of(late.send().await.unwrap()).await.expect(403);
}

async fn on_postgres() -> (Database, World) {
    let database = Database::new().await;
    let ground = Ground { database: Some(database.settings()), ..Ground::new(u64::from(std::process::id())).await };
    (database, wide_open(ground).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_guesses_at_once_five_are_compared() {
    many_guesses(wide_open(Ground::new(u64::from(std::process::id())).await).await, 100, AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_guesses_at_once_five_are_compared_on_postgres() {
    let (_database, world) = on_postgres().await;
    many_guesses(world, 100, AT_ONCE).await;
}

mod long {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_of_a_thousand_guesses_five_are_compared() {
        many_guesses(wide_open(Ground::new(u64::from(std::process::id())).await).await, 1000, AT_ONCE).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_of_a_thousand_guesses_five_are_compared_on_postgres() {
        let (_database, world) = on_postgres().await;
        many_guesses(world, 1000, AT_ONCE).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_of_a_thousand_guesses_in_flight_together_five_are_compared() {
        many_guesses(wide_open(Ground::new(u64::from(std::process::id())).await).await, 1000, 1000).await;
    }
}

/// The doors as they are: most of the thousand never reach the code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doors_let_ten_of_them_through() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let share = world.share(&tenant, b"the numbers").await;
    let guesses = (0..100).map(|number| {
        let form = format!("code={}", wrong(&share.code, number));
        let request = world.request(Method::POST, &share.path, "").header("content-type", "application/x-www-form-urlencoded").body(form);
        async move { Answer::of(request.send().await.unwrap()).await.status }
    });
    let statuses = join_all(guesses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 10);
    assert_eq!(reasons(&world, &tenant).await.len(), 10);
}
