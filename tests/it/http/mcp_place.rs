//! What the endpoint under `/mcp` is given: a doorkeeper that turns headers into a call.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Extension, Json, Router};
use reqwest::Method;
use satchel::api::{Doorkeeper, Problem};
use satchel::domain::Door;
use serde_json::{Value, json};

use crate::support::{Answer, Tenant, World};

async fn who(
    Extension(door): Extension<Doorkeeper>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let context = door.call_context(&headers, Some(peer), Door::Mcp).await?;
    let user = context.caller.user().map(|user| user.to_string());
    Ok(Json(json!({"call": context.call, "user": user, "epoch": context.epoch, "key": context.idempotency_key, "source": context.source})))
}

async fn world() -> (World, Tenant) {
    let world = World::start_with(Some(Router::new().route("/", post(who)))).await;
    let tenant = world.tenant("Acme").await;
    (world, tenant)
}

async fn ask(world: &World, token: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = world.request(Method::POST, "/mcp", token);
    for (header, value) in headers {
        request = request.header(*header, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_calls_token_is_enough() {
    let (world, tenant) = world().await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &user).await;
    let answer = ask(&world, &call.token, &[("idempotency-key", "k-1")]).await.expect(200);
    assert_eq!((answer.text("/call"), answer.text("/user"), answer.text("/key")), (call.id, user, "k-1".to_owned()));
    assert_eq!(answer.text("/source"), "127.0.0.1");
    ask(&world, "", &[]).await.expect_problem(401, "unauthenticated");
    ask(&world, &world.operator, &[]).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_key_names_the_platforms_call_which_opens_at_its_first_tool() {
    let (world, tenant) = world().await;
    let (first, second) = (world.user(&tenant, "Amira Haddad", "member").await, world.user(&tenant, "Nora Lind", "member").await);
    ask(&world, &tenant.key, &[]).await.expect_problem(400, "invalid");
    let opened = ask(&world, &tenant.key, &[("x-call-id", "p-1"), ("x-caller-id", &first)]).await.expect(200);
    assert_eq!(opened.text("/user"), first);
    let same = ask(&world, &tenant.key, &[("x-call-id", "p-1")]).await.expect(200);
    assert_eq!((same.text("/call"), same.text("/user")), (opened.text("/call"), first.clone()));
    let changed = ask(&world, &tenant.key, &[("x-call-id", "p-1"), ("x-caller-id", &second)]).await.expect(200);
    assert_eq!((changed.text("/call"), changed.text("/user")), (opened.text("/call"), second));
    assert!(changed.json()["epoch"].as_u64() > opened.json()["epoch"].as_u64(), "what the first caller listed is void");
    ask(&world, &tenant.key, &[("x-call-id", "p-2"), ("x-caller-id", "nobody")]).await.expect_problem(400, "invalid");
    let hidden = ask(&world, &tenant.key, &[("x-call-id", "p-3"), ("x-caller-number", "anonymous")]).await.expect(200);
    assert_eq!(hidden.json()["user"], Value::Null);
}

#[tokio::test]
async fn a_foreign_call_is_not_opened_by_naming_it() {
    let (world, ours) = world().await;
    let theirs = world.tenant("Borealis").await;
    let user = world.user(&theirs, "Nora Lind", "member").await;
    let call = world.call(&theirs, &user).await;
    ask(&world, &ours.key, &[("x-call-id", &call.id)]).await.expect_problem(404, "not_found");
}
