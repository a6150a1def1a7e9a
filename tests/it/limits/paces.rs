//! How fast may be asked, and what is said to whoever asks faster.

use reqwest::Method;
use satchel::api::{AddressPaces, DoorLimits, Proxies};
use satchel::domain::Rate;
use satchel::files::Paces;
use serde_json::{Value, json};

use crate::support::{Answer, Ground, World};

const fn rate(per_second: u32, burst: u32) -> Rate {
    Rate { per_second, burst }
}

async fn paced(caller: Rate, key: Rate, customer: Rate) -> World {
    World::with(Ground::new(7).await, |settings| settings.paces = Paces { caller, key, customer }).await
}

async fn of_addresses(all: Rate, strangers: Rate) -> World {
    let limits = DoorLimits { addresses: AddressPaces { all, strangers }, ..DoorLimits::default() };
    World::guarded(Ground::new(7).await, limits, Proxies::default()).await
}

/// Asks until somebody says that it is too fast.
async fn until_refused(world: &World, path: &str, token: &str) -> (usize, Answer) {
    for count in 0..100 {
        let answer = world.get(path, token).await;
        if answer.status == 429 {
            return (count, answer);
        }
    }
    panic!("nobody was refused");
}

#[tokio::test]
async fn a_key_that_asks_too_fast_is_told_when_to_come_back_and_may() {
    let world = paced(Rate::ANY, rate(1, 10), Rate::ANY).await;
    let tenant = world.tenant("Acme").await;
    let (count, refused) = until_refused(&world, "/v1/files", &tenant.key).await;
    assert_eq!((count, refused.header("retry-after")), (10, "1"));
    refused.expect_problem(429, "too_many");
    world.clock.advance_seconds(1);
    world.get("/v1/files", &tenant.key).await.expect(200);
}

#[tokio::test]
async fn a_caller_who_asks_too_fast_hears_a_line_and_the_next_caller_an_answer() {
    let world = paced(rate(1, 3), Rate::ANY, Rate::ANY).await;
    let tenant = world.tenant("Acme").await;
    let (ann, ben) = (world.user(&tenant, "Ann Lee", "owner").await, world.user(&tenant, "Ben Ode", "owner").await);
    let (first, second, other) = (world.call(&tenant, &ann).await, world.call(&tenant, &ann).await, world.call(&tenant, &ben).await);
    let find = async |token: &str| world.post("/v1/tools/find_file", token, &json!({"query": "the lease"})).await.expect(200).json();
    for token in [&first.token, &second.token, &first.token] {
        assert_eq!(find(token).await["outcome"], "not_found");
    }
    // The same person on another call is no other person.
    let refused = find(&second.token).await;
    assert_eq!((&refused["outcome"], &refused["data"]["error"]["code"]), (&json!("unavailable"), &json!("too_many")));
    assert!(refused["say"].as_str().unwrap().ends_with('.'), "{refused}");
    assert_eq!(find(&other.token).await["outcome"], "not_found");
    // What is no tool has no line that anybody could hear.
    world.get("/v1/files", &first.token).await.expect_problem(429, "too_many");
    world.clock.advance_seconds(1);
    assert_eq!(find(&first.token).await["outcome"], "not_found");
}

#[tokio::test]
async fn the_model_of_a_caller_who_asks_too_fast_is_told_so_through_mcp_too() {
    let world = paced(rate(1, 2), Rate::ANY, Rate::ANY).await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Ann Lee", "owner").await;
    let call = world.call(&tenant, &user).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "find_file", "arguments": {"query": "the lease"}}});
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        let request = world.request(Method::POST, "/mcp", &call.token).header("mcp-protocol-version", "2025-06-18").json(&message);
        let answer: Value = Answer::of(request.send().await.unwrap()).await.expect(200).json();
        outcomes.push(answer["result"]["structuredContent"]["outcome"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(outcomes, ["not_found", "not_found", "unavailable"]);
}

#[tokio::test]
async fn one_customer_that_asks_too_fast_takes_nothing_from_another() {
    let world = paced(Rate::ANY, Rate::ANY, rate(1, 5)).await;
    let (noisy, quiet) = (world.tenant("Acme").await, world.tenant("Southwind").await);
    let (count, _) = until_refused(&world, "/v1/files", &noisy.key).await;
    assert_eq!(count, 5);
    world.get("/v1/files", &quiet.key).await.expect(200);
}

#[tokio::test]
async fn strangers_of_an_address_are_slowed_down_and_whoever_has_a_key_is_not() {
    let world = of_addresses(Rate::ANY, rate(1, 4)).await;
    let tenant = world.tenant("Acme").await;
    for _ in 0..4 {
        world.get("/v1/files", "sk_wrong").await.expect_problem(401, "unauthenticated");
    }
    world.get("/v1/files", "sk_wrong").await.expect_problem(429, "too_many");
    world.post("/mcp", "", &json!({})).await.expect_problem(429, "too_many");
    world.post("/v1/tools/find_file", "", &json!({})).await.expect_problem(429, "too_many");
    world.get("/v1/files", &tenant.key).await.expect(200);
    world.clock.advance_seconds(1);
    world.get("/v1/files", "sk_wrong").await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_address_that_asks_too_fast_is_stopped_before_anything_is_looked_up() {
    let world = of_addresses(rate(1, 6), Rate::ANY).await;
    let (count, refused) = until_refused(&world, "/healthz", "").await;
    assert_eq!(count, 6);
    refused.expect_problem(429, "too_many");
    // Whatever it is, and with whatever credential.
    world.get("/v1/customers", &world.operator).await.expect_problem(429, "too_many");
    world.get("/s/AAAAAAAAAAAAAAAAAAAAAA", "").await.expect_problem(429, "too_many");
}
