//! The question of a share as a form of the client's, in the newest revision.

use reqwest::Response;
use serde_json::{Value, json};

use super::world::{Call, World, error, result};

/// A client that can put forms to its user.
async fn send(world: &World, call: &Call, more: &Value) -> Response {
    let mut params = json!({
        "name": "share_file",
        "arguments": { "file": "the march invoice", "with": "Ben of Acme" },
        "_meta": { "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } } },
    });
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    world.newest("tools/call", params).bearer_auth(&call.token).send().await.unwrap()
}

fn filled(state: &str, action: &str, yes: bool) -> Value {
    json!({ "requestState": state, "inputResponses": { "confirm": { "action": action, "content": { "yes": yes } } } })
}

/// Asks, and gives the sealed state.
async fn asked(world: &World, call: &Call) -> String {
    let asked = result(send(world, call, &json!({})).await).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let form = &asked["inputRequests"]["confirm"];
    assert_eq!((&form["method"], &form["params"]["mode"]), (&json!("elicitation/create"), &json!("form")));
    assert!(form["params"]["message"].as_str().unwrap().contains("Ben of Acme"), "{asked}");
    assert_eq!(form["params"]["requestedSchema"]["properties"]["yes"]["type"], "boolean", "{asked}");
    asked["requestState"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_that_is_accepted_shares_once() {
    let world = World::new().await;
    let call = world.call().await;
    let state = asked(&world, &call).await;
    let shared = result(send(&world, &call, &filled(&state, "accept", true)).await).await;
    assert_eq!(shared["structuredContent"]["outcome"], "done", "{shared}");
    assert!(shared["structuredContent"]["data"]["share"].is_string(), "{shared}");
    let again = result(send(&world, &call, &filled(&state, "accept", true)).await).await;
    assert_eq!(again["structuredContent"]["outcome"], "refused", "a form is answered once: {again}");
}

#[tokio::test]
async fn a_form_that_is_declined_or_put_away_shares_nothing() {
    let world = World::new().await;
    let call = world.call().await;
    for (action, yes) in [("decline", true), ("cancel", true), ("accept", false)] {
        let state = asked(&world, &call).await;
        let answer = result(send(&world, &call, &filled(&state, action, yes)).await).await;
        assert!(answer["structuredContent"]["data"]["share"].is_null(), "{action}: {answer}");
        let late = result(send(&world, &call, &filled(&state, "accept", true)).await).await;
        assert_eq!(late["structuredContent"]["outcome"], "refused", "{action}: {late}");
    }
}

#[tokio::test]
async fn a_state_that_was_changed_replayed_elsewhere_or_made_up_is_refused() {
    let world = World::new().await;
    let (call, other) = (world.call().await, world.call().await);
    let state = asked(&world, &call).await;
    let refused = async |call: &Call, more: Value| {
        let answer = error(send(&world, call, &more).await).await;
        assert_eq!(answer.1, -32602, "{more}");
    };
    for at in (0..state.len()).step_by(7) {
        let changed: String =
            state.char_indices().map(|(index, c)| if index == at { if c == 'A' { 'B' } else { 'A' } } else { c }).collect();
        refused(&call, filled(&changed, "accept", true)).await;
    }
    refused(&other, filled(&state, "accept", true)).await;
    refused(&call, filled("", "accept", true)).await;
    refused(&call, json!({ "requestState": state })).await;
    refused(&call, json!({ "requestState": state, "inputResponses": { "other": { "action": "accept" } } })).await;
    // A newer question is another one: the form of the older does not answer it.
    let newer = asked(&world, &call).await;
    let late = result(send(&world, &call, &filled(&state, "accept", true)).await).await;
    assert_eq!(late["structuredContent"]["outcome"], "refused", "{late}");
    let shared = result(send(&world, &call, &filled(&newer, "accept", true)).await).await;
    assert_eq!(shared["structuredContent"]["outcome"], "done", "{shared}");
}

#[tokio::test]
async fn a_client_without_forms_gets_the_question_itself() {
    let world = World::new().await;
    let call = world.call().await;
    let more = json!({ "_meta": { "io.modelcontextprotocol/clientCapabilities": {} } });
    let asked = result(send(&world, &call, &more).await).await;
    assert_eq!(asked["structuredContent"]["outcome"], "confirm", "{asked}");
    let url = json!({ "_meta": { "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "url": {} } } } });
    let asked = result(send(&world, &call, &url).await).await;
    assert_eq!(asked["structuredContent"]["outcome"], "confirm", "{asked}");
}
