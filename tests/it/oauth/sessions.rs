//! Whose call a token is in: a session's of a user, or one that a program names.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::issuer::Pair;
use super::stage::{Customer, Set, Stage};

async fn call_ids(stage: &Stage, customer: &Customer) -> BTreeSet<String> {
    stage.calls(customer).await.iter().map(|call| call["call_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_session_of_a_user_is_one_call_for_as_long_as_it_lives() {
    let stage = Stage::of(Pair::p256(), Set::default()).await;
    // Renewed tokens of one session, and two requests of it at once.
    let tokens = [json!({}), json!({"iat": stage.now() - 5, "jti": "b"})].map(|change| stage.token(&change));
    let answers = futures::future::join_all(tokens.iter().map(|token| stage.files(token))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let first = call_ids(&stage, &stage.acme).await;
    assert_eq!(first.len(), 1);
    for (change, calls) in [(json!({"sid": "s2"}), 2), (json!({"sub": "idp|8"}), 3), (json!({"sid": null, "client_id": "app"}), 4)] {
        stage.files(&stage.token(&change)).await.expect(200);
        assert_eq!(call_ids(&stage, &stage.acme).await.len(), calls, "{change}");
    }
    // One that was ended is followed by another.
    let ended = first.first().unwrap();
    stage.world.delete(&format!("/v1/calls/{ended}"), &stage.acme.tenant.key).await.expect(204);
    stage.files(&stage.token(&json!({}))).await.expect(200);
    let now = call_ids(&stage, &stage.acme).await;
    assert!(now.len() == 4 && !now.contains(ended), "{now:?}");
    stage.world.clock.advance_seconds(5 * 3600);
    stage.files(&stage.token(&json!({}))).await.expect(200);
    assert_eq!(call_ids(&stage, &stage.acme).await.len(), 1);
}

#[tokio::test]
async fn the_same_user_of_two_customers_has_two_calls_and_sees_each_ones_files() {
    let stage = Stage::of(Pair::p256(), Set::default()).await;
    let token = |org: &str| stage.token(&json!({"org": org, "scope": "files:read files:write"}));
    let file = stage.world.file(&token("acme"), "name=lease.txt&title=The%20Lease", b"the lease").await;
    let list = async |org: &str| stage.files(&token(org)).await.expect(200).json()["files"].as_array().unwrap().len();
    assert_eq!((list("acme").await, list("borealis").await), (1, 0));
    stage.world.get(&format!("/v1/files/{file}"), &token("borealis")).await.expect_problem(404, "not_found");
    let (ours, theirs) = (call_ids(&stage, &stage.acme).await, call_ids(&stage, &stage.borealis).await);
    assert!(ours.len() == 1 && theirs.len() == 1 && ours != theirs);
}

#[tokio::test]
async fn a_user_is_told_by_mail_by_number_or_by_id_and_whoever_is_nobody_is_turned_away() {
    let by = async |claim| Stage::of(Pair::p256(), Set { user_claim: Some(claim), ..Set::default() }).await;
    let stage = by("who").await;
    let caller = async |who: &str| {
        let token = stage.token(&json!({"who": who, "sid": who}));
        stage.files(&token).await.expect(200);
        let calls = stage.calls(&stage.acme).await;
        (calls[0]["caller_id"].clone(), calls[0]["caller_number"].clone())
    };
    let known = (json!(stage.acme.user), Value::Null);
    assert_eq!(caller("Amira@Example.com").await, known);
    stage.world.clock.advance_seconds(1);
    assert_eq!(caller(&stage.acme.user.clone()).await, known);
    stage.world.clock.advance_seconds(1);
    assert_eq!(caller("+15550100100").await, known);
    stage.world.clock.advance_seconds(1);
    // A number of nobody's is a guest's, as on any call.
    assert_eq!(caller("+15550100999").await, (Value::Null, json!("+15550100999")));
    for (who, status) in [
        ("jonas@example.com", 403),
        (stage.borealis.user.as_str(), 403),
        ("user_01h455vb4pex5vsknk084sn02q", 403),
        ("amira", 401),
        ("0049301234567", 401),
    ] {
        let token = stage.token(&json!({"who": who}));
        stage.files(&token).await.expect(status);
        assert_eq!(stage.rpc(&token, "tools/list", json!({})).await.status, status, "{who}");
    }
    let refused = stage.world.audit(&stage.acme.tenant).await;
    assert!(refused.contains(&("open_call".to_owned(), "refused".to_owned())), "{refused:?}");
    // Two of that address are nobody.
    stage.world.person(&stage.acme.tenant, &json!({"kind": "user", "name": "Nora Lind", "email": "amira@example.com"})).await;
    stage.files(&stage.token(&json!({"who": "amira@example.com"}))).await.expect(403);
}

#[tokio::test]
async fn a_program_names_call_and_caller_and_is_held_to_the_scopes_of_each_token() {
    let stage = Stage::of(Pair::p256(), Set { user_claim: None, ..Set::default() }).await;
    stage.world.person(&stage.acme.tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    let program = |scope: &str| stage.token(&json!({"sub": "platform", "email": null, "scope": scope}));
    let headers = [("x-call-id", "CA1"), ("x-caller-id", stage.acme.user.as_str())];
    let call = async |scope: &str, tool: &str, arguments: Value| {
        stage.rpc_with(&program(scope), &headers, "tools/call", json!({"name": tool, "arguments": arguments})).await
    };
    let body = json!({"caller_id": stage.acme.user});
    let token = stage.world.post("/v1/calls", &program("files:read files:write"), &body).await.expect(201).text("/token");
    stage.world.file(&token, "name=lease.txt&title=The%20Lease", b"the lease").await;
    let found = call("files:read", "find_file", json!({"query": "the lease"})).await.expect(200).json();
    assert_eq!(found["result"]["structuredContent"]["outcome"], "done", "{found}");
    let share = json!({"file": "f1", "with": "Jonas Weber"});
    let refused = call("files:read", "share_file", share.clone()).await.expect(403);
    assert!(refused.header("www-authenticate").contains(r#"scope="files:share""#), "{refused:?}");
    let asked = call("files:read files:share", "share_file", share).await.expect(200).json();
    assert_eq!(asked["result"]["structuredContent"]["outcome"], "confirm", "{asked}");
    // A later token with less may less, in the call that one with more has opened.
    let again = call("files:read", "share_file", json!({"file": "f1", "with": "Jonas Weber"})).await;
    assert_eq!(again.status, 403);
    // Without a call there is nothing to act in.
    stage.rpc(&program("files:read"), "tools/list", json!({})).await.expect(401);
    stage.world.get("/v1/keys", &program("files:read")).await.expect_problem(403, "forbidden");
}
