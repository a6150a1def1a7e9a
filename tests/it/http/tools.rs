//! Tools over plain HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, World};

/// A call of a member, in a world with one file and one contact; the token.
async fn on_the_line(world: &World) -> String {
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    world.person(&tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    let call = world.call(&tenant, &user).await;
    world.file(&call.token, "name=q2.txt&title=Quarterly%20Report", b"Revenue rose.").await;
    call.token
}

async fn tool(world: &World, token: &str, name: &str, headers: &[(&str, &str)], arguments: &Value) -> Answer {
    let mut request = world.request(Method::POST, &format!("/v1/tools/{name}"), token).json(arguments);
    for (header, value) in headers {
        request = request.header(*header, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

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

#[tokio::test]
async fn whatever_the_outcome_the_status_is_200() {
    let world = World::start().await;
    let token = on_the_line(&world).await;
    for (arguments, outcome) in [
        (json!({"query": "quarterly report"}), "done"),
        (json!("{\"query\":\"quarterly report\"}"), "done"),
        (json!({"query": "the moon landing"}), "not_found"),
        (json!({}), "invalid"),
        (json!([1]), "invalid"),
        (Value::Null, "invalid"),
    ] {
        let answer = world.post("/v1/tools/find_file", &token, &arguments).await.expect(200);
        assert_eq!(answer.text("/outcome"), outcome, "{arguments}");
        assert!(!answer.text("/say").is_empty());
    }
    let request = world.request(Method::POST, "/v1/tools/find_file", &token).body("{query: quarterly");
    assert_eq!(Answer::of(request.send().await.unwrap()).await.expect(200).text("/outcome"), "invalid");
}

/// The index still lists the file; the catalog knows better, and what comes next was not meant.
#[tokio::test]
async fn the_second_best_is_not_said_to_be_found_when_the_best_is_gone() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &user).await;
    let meant = world.file(&call.token, "name=a.txt&title=Harbour%20Lease%20Contract%20Signed", b"one").await;
    let near = world.file(&call.token, "name=b.txt&title=Harbour%20Lease%20Contract%20Draft", b"two").await;
    let query = json!({"query": "harbour lease contract signed"});
    let found = tool(&world, &call.token, "find_file", &[], &query).await;
    assert_eq!(
        (found.text("/outcome"), found.text("/data/files/0/title")),
        ("done".to_owned(), "Harbour Lease Contract Signed".to_owned())
    );
    world.delete(&format!("/v1/files/{meant}"), &call.token).await.expect(204);
    let found = tool(&world, &call.token, "find_file", &[], &query).await;
    assert_eq!(found.text("/outcome"), "not_found", "{found:?}");
    assert!(found.body.contains("Harbour Lease Contract Draft"), "the nearest is told: {found:?}");
    world.get(&format!("/v1/files/{near}"), &call.token).await.expect(200);
}

#[tokio::test]
async fn a_file_is_shared_over_http_alone_and_opened_with_the_code_that_was_told() {
    let world = World::start().await;
    let token = on_the_line(&world).await;
    let wanted = json!({"file": "the quarterly report", "with": "Jonas Weber"});
    let asked = tool(&world, &token, "share_file", &[("satchel-batch", "b-1")], &wanted).await.expect(200);
    assert_eq!(asked.text("/outcome"), "confirm", "{asked:?}");
    world.clock.advance_seconds(30);
    // In the batch that asked, a yes cannot be the caller's.
    let hasty = tool(&world, &token, "confirm_action", &[("satchel-batch", "b-1")], &json!({"answer": "yes"})).await;
    assert_eq!(hasty.text("/outcome"), "confirm", "{hasty:?}");
    let yes = [("satchel-batch", "b-2"), ("idempotency-key", "k-1")];
    let shared = tool(&world, &token, "confirm_action", &yes, &json!({"answer": "yes"})).await.expect(200);
    assert_eq!(shared.text("/outcome"), "done", "{shared:?}");
    let again = tool(&world, &token, "confirm_action", &yes, &json!({"answer": "yes"})).await.expect(200);
    assert_eq!(again.json(), shared.json(), "the same request twice is one share");
    let (url, code) = (shared.text("/data/link/url"), shared.text("/data/code/digits"));
    let page = world.client.post(url).header("content-type", "application/x-www-form-urlencoded").body(format!("code={code}"));
    let away = Answer::of(page.send().await.unwrap()).await.expect(303);
    let bytes = world.client.get(away.header("location")).send().await.unwrap();
    assert_eq!(Answer::of(bytes).await.body, "Revenue rose.");
}

#[tokio::test]
async fn a_developer_can_force_an_outcome() {
    let world = World::start().await;
    let token = on_the_line(&world).await;
    let answer = tool(&world, &token, "find_file", &[("satchel-simulate", "refused")], &json!({"query": "quarterly report"})).await;
    assert_eq!(answer.expect(200).text("/outcome"), "refused");
}

#[tokio::test]
async fn the_place_of_mcp_is_taken_and_asks_who_calls() {
    let world = World::start().await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let answer = world.post("/mcp", "", &ping).await.expect(401);
    assert!(answer.header("x-request-id").starts_with("req_"));
    let token = on_the_line(&world).await;
    assert_eq!(world.post("/mcp", &token, &ping).await.expect(200).json()["id"], 1);
}
