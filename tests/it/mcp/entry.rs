//! Who gets in, and into which call.

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::world::{Customer, NUMBER, World, result, rpc, tool_call};

fn find(query: &str) -> Value {
    tool_call("find_file", json!({ "query": query }))
}

fn describe(file: &str) -> Value {
    tool_call("describe_file", json!({ "file": file }))
}

fn named(request: RequestBuilder, customer: &Customer, call: &str, caller: &str) -> RequestBuilder {
    request.bearer_auth(&customer.api_key).header("x-call-id", call).header("x-caller-id", caller)
}

async fn refused(response: Response) -> (u16, Option<String>, Value) {
    let wanted = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    (response.status().as_u16(), wanted, response.json().await.unwrap())
}

#[tokio::test]
async fn whoever_names_no_living_call_is_asked_for_a_credential() {
    let world = World::new().await;
    let operator = world.files.create_operator_key().await.unwrap().secret;
    let (ended, foreign) = (world.call().await, world.call().await);
    world.end(&ended).await;
    let list = || world.post(&rpc("tools/list", json!({})));
    let ann = world.acme.user.to_string();
    let strangers = [
        list(),
        list().bearer_auth("sct_wrong"),
        list().header("authorization", "Basic YTpi"),
        list().bearer_auth(&operator),
        list().bearer_auth(&ended.token),
        list().bearer_auth(&world.acme.api_key),
        list().bearer_auth(&world.acme.api_key).header("x-call-id", "CA-without-caller"),
        named(list(), &world.acme, &ended.id, &ann),
        // Another customer's key: this call is as unknown to it as one that never was.
        named(list(), &world.borealis, &foreign.id, &world.borealis.user.to_string()),
        named(list(), &world.borealis, "call_01h455vb4pex5vsknk084sn02q", &world.borealis.user.to_string()),
    ];
    let mut bodies = Vec::new();
    for stranger in strangers {
        let (status, wanted, body) = refused(stranger.send().await.unwrap()).await;
        assert_eq!((status, wanted.as_deref(), &body["code"]), (401, Some("Bearer"), &json!("unauthenticated")));
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nothing tells one refusal from another");
}

#[tokio::test]
async fn a_caller_who_cannot_be_is_named_in_the_refusal() {
    let world = World::new().await;
    let list = || world.post(&rpc("tools/list", json!({})));
    let foreign = world.borealis.user.to_string();
    for (caller, words) in [("anonymous", "`x-caller-id`"), (foreign.as_str(), "`caller_id`")] {
        let (status, wanted, body) = refused(named(list(), &world.acme, "CA1", caller).send().await.unwrap()).await;
        assert_eq!((status, wanted), (400, None));
        assert!(body["detail"].as_str().unwrap().contains(words), "{body}");
    }
}

#[tokio::test]
async fn a_platforms_call_is_opened_on_first_contact_and_then_known() {
    let world = World::new().await;
    for (call, caller) in [("CA-by-user", world.acme.user.to_string()), ("CA-by-number", NUMBER.to_owned())] {
        let send = |body: &Value| named(world.post(body), &world.acme, call, &caller).send();
        let found = result(send(&find("the march invoice")).await.unwrap()).await;
        assert_eq!(found["structuredContent"]["data"]["files"][0]["title"], "March invoice", "{call}");
        let described = result(send(&describe("f1")).await.unwrap()).await;
        assert_eq!(described["structuredContent"]["data"]["title"], "March invoice", "{call}");
    }
}

#[tokio::test]
async fn a_call_that_the_platform_has_opened_needs_no_caller_again() {
    let world = World::new().await;
    let call = world.call().await;
    let request = world.post(&find("the march invoice")).bearer_auth(&world.acme.api_key).header("x-call-id", &call.id);
    assert_eq!(result(request.send().await.unwrap()).await["structuredContent"]["outcome"], "done");
}

#[tokio::test]
async fn another_customers_call_of_the_same_name_is_its_own() {
    let world = World::new().await;
    let ours = named(world.post(&find("the march invoice")), &world.acme, "CA7", NUMBER).send().await.unwrap();
    assert_eq!(result(ours).await["structuredContent"]["outcome"], "done");
    let theirs = |body: &Value| named(world.post(body), &world.borealis, "CA7", NUMBER).send();
    assert_eq!(result(theirs(&find("the march invoice")).await.unwrap()).await["structuredContent"]["outcome"], "not_found");
    assert_ne!(result(theirs(&describe("f1")).await.unwrap()).await["structuredContent"]["outcome"], "done");
}

#[tokio::test]
async fn another_caller_on_the_same_call_does_not_inherit_what_was_listed() {
    let world = World::new().await;
    let (ann, ben) = (world.acme.user.to_string(), world.acme.other_user.to_string());
    let send = |body: &Value, caller: &str| named(world.post(body), &world.acme, "CA8", caller).send();
    assert_eq!(result(send(&find("the march invoice"), &ann).await.unwrap()).await["structuredContent"]["outcome"], "done");
    assert_eq!(result(send(&describe("f1"), &ann).await.unwrap()).await["structuredContent"]["outcome"], "done");
    assert_ne!(result(send(&describe("f1"), &ben).await.unwrap()).await["structuredContent"]["outcome"], "done");
    let found = result(send(&find("the march invoice"), &ben).await.unwrap()).await;
    assert_eq!(found["structuredContent"]["outcome"], "not_found", "it is not Ben's");
}

#[tokio::test]
async fn a_key_may_no_more_in_a_call_that_another_key_opened_than_it_may_at_all() {
    let world = World::new().await;
    let call = world.call().await;
    let share = tool_call("share_file", json!({ "file": "the march invoice", "with": "Ben of Acme" }));
    let send = |key: &str| world.post(&share).bearer_auth(key).header("x-call-id", &call.id).send();
    let narrow = world.key(&["files:read"]).await;
    assert_eq!(result(send(&narrow).await.unwrap()).await["structuredContent"]["outcome"], "refused");
    let first = result(send(&world.acme.api_key).await.unwrap()).await;
    assert_eq!(first["structuredContent"]["outcome"], "confirm", "{first}");
}

#[tokio::test]
async fn a_page_of_another_site_may_not_call() {
    let world = World::new().await;
    let call = world.call().await;
    let list = || world.post(&rpc("tools/list", json!({}))).bearer_auth(&call.token);
    for (header, value, status) in [
        ("origin", "https://evil.example", 403),
        ("origin", "http://satchel.example", 403),
        ("origin", "https://satchel.example:8443", 403),
        ("origin", "null", 403),
        ("origin", "not an origin", 403),
        ("origin", "https://satchel.example", 200),
        ("origin", "http://localhost:3000", 200),
        ("origin", "http://127.0.0.1:8080", 200),
        ("host", "evil.example", 403),
        ("host", "satchel.example", 200),
    ] {
        let response = list().header(header, value).send().await.unwrap();
        assert_eq!(response.status(), status, "{header}: {value}");
    }
}

#[tokio::test]
async fn a_client_that_takes_json_alone_is_served() {
    let world = World::new().await;
    let call = world.call().await;
    for accept in ["application/json", "*/*"] {
        let request = world.request("POST", &world.url).bearer_auth(&call.token).header("content-type", "application/json");
        let response = request.header("accept", accept).body(rpc("tools/list", json!({})).to_string()).send().await.unwrap();
        assert!(result(response).await["tools"].is_array(), "{accept}");
    }
}
