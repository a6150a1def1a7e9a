//! Tools over plain HTTP.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, World};

#[tokio::test]
async fn definitions_are_public_in_the_dialects_that_are_served() {
    let world = World::start().await;
    for path in ["/v1/tools", "/v1/tools?dialect=mcp"] {
        let listed = world.get(path, "").await.expect(200).json();
        for tool in listed["tools"].as_array().unwrap() {
            assert!(tool["inputSchema"].is_object() && tool["annotations"]["readOnlyHint"].is_boolean(), "{tool}");
        }
    }
    let answer = world.get("/v1/tools?dialect=morse", "").await.expect_problem(400, "invalid");
    assert!(answer.text("/detail").contains("`mcp`"));
}

#[tokio::test]
async fn an_unknown_tool_is_a_problem_and_not_an_answer() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &user).await;
    world.post("/v1/tools/launch_rocket", &call.token, &json!({})).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn what_cannot_be_a_call_of_a_tool_is_refused_at_the_door() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &user).await;
    let huge = json!({"query": "x".repeat(70_000)});
    world.post("/v1/tools/find_file", &call.token, &huge).await.expect_problem(413, "too_large");
    let key = "k".repeat(300);
    let request = world.request(Method::POST, "/v1/tools/find_file", &call.token).header("idempotency-key", key).json(&json!({}));
    Answer::of(request.send().await.unwrap()).await.expect_problem(400, "invalid");
}
