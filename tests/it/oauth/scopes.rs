//! What clients are told: where tokens are to be had, and which scope is missing.

use serde_json::{Value, json};

use super::issuer::Pair;
use super::stage::{ISSUER, METADATA, PUBLIC, Set, Stage};

#[tokio::test]
async fn the_metadata_says_where_tokens_are_to_be_had() {
    let stage = Stage::of(Pair::p256(), Set::default()).await;
    for (path, resource) in [("", PUBLIC.to_owned()), ("/mcp", format!("{PUBLIC}/mcp"))] {
        let told = stage.world.get(&format!("/.well-known/oauth-protected-resource{path}"), "").await.expect(200);
        assert_eq!(told.header("content-type"), "application/json");
        let told = told.json();
        assert_eq!((&told["resource"], &told["authorization_servers"]), (&json!(resource), &json!([ISSUER])));
        assert_eq!(told["bearer_methods_supported"], json!(["header"]));
        assert_eq!(told["scopes_supported"], json!(["files:read", "files:write", "files:share", "codes:issue", "admin"]));
    }
    let challenge = format!(r#"Bearer resource_metadata="{METADATA}", scope="files:read""#);
    assert_eq!(stage.rpc("", "tools/list", json!({})).await.expect(401).header("www-authenticate"), challenge);
    assert_eq!(stage.files("").await.expect(401).header("www-authenticate"), challenge);
}

/// Status, scope asked for, and outcome of a tool that was called.
async fn called(stage: &Stage, scope: &str, tool: &str, arguments: &Value) -> (u16, Option<String>, Value) {
    let token = stage.token(&json!({ "scope": scope }));
    let answer = stage.rpc(&token, "tools/call", json!({"name": tool, "arguments": arguments})).await;
    let challenge = answer.header("www-authenticate");
    let asked = challenge.strip_prefix(r#"Bearer error="insufficient_scope", scope=""#).map(|rest| {
        let (scope, rest) = rest.split_once('"').unwrap();
        assert_eq!(rest, format!(r#", resource_metadata="{METADATA}""#));
        scope.to_owned()
    });
    (answer.status, asked, answer.json()["result"]["structuredContent"]["outcome"].clone())
}

#[tokio::test]
async fn a_tool_that_needs_another_scope_asks_for_it_and_goes_on_in_the_same_call() {
    let stage = Stage::of(Pair::p256(), Set::default()).await;
    stage.world.person(&stage.acme.tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    let writer = stage.token(&json!({"scope": "files:write"}));
    stage.world.file(&writer, "name=lease.txt&title=The%20Lease", b"The lease of the house.").await;
    let asked = |scope: &str| Some(scope.to_owned());
    for (scope, tool, arguments, expected) in [
        ("", "find_file", json!({"query": "the lease"}), (403, asked("files:read"), Value::Null)),
        ("files:read", "find_file", json!({"query": "the lease"}), (200, None, json!("done"))),
        ("files:read", "describe_file", json!({"file": "f1"}), (200, None, json!("done"))),
        ("files:read", "share_file", json!({"file": "f1", "with": "Jonas Weber"}), (403, asked("files:share"), Value::Null)),
        // What was listed under the first token is known under the second.
        ("files:read files:share", "share_file", json!({"file": "f1", "with": "Jonas Weber"}), (200, None, json!("confirm"))),
        ("files:read files:share", "generate_access_code", json!({"file": "f1"}), (403, asked("codes:issue"), Value::Null)),
    ] {
        assert_eq!(called(&stage, scope, tool, &arguments).await, expected, "{tool} with `{scope}`");
    }
    // It asks for nothing that no token could bring, and for nothing where nothing is needed.
    let token = stage.token(&json!({"scope": ""}));
    for (method, params) in [("tools/list", json!({})), ("ping", json!({}))] {
        stage.rpc(&token, method, params).await.expect(200);
    }
    let calls = stage.calls(&stage.acme).await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!((&calls[0]["caller_id"], &calls[0]["verified"]), (&json!(stage.acme.user), &json!({"method": "platform", "level": 2})));
}

#[tokio::test]
async fn a_token_may_no_more_than_the_key_it_acts_under_and_no_more_than_its_scopes() {
    let stage = Stage::of(Pair::p256(), Set { permissions: &["files:read", "files:write"], ..Set::default() }).await;
    let all = "files:read files:write files:share codes:issue admin";
    let token = stage.token(&json!({"scope": all}));
    stage.world.put(&token, "name=a.txt", b"a").await.expect(201);
    stage.world.get("/v1/audit", &token).await.expect_problem(403, "forbidden");
    // No token brings what the key does not have: the tool itself says no.
    let (status, asked, outcome) = called(&stage, all, "share_file", &json!({"file": "a", "with": "Jonas Weber"})).await;
    assert_eq!((status, asked), (200, None));
    assert!(outcome != "confirm" && outcome != "done", "{outcome}");
    let reader = stage.token(&json!({"scope": "files:read"}));
    stage.world.put(&reader, "name=b.txt", b"b").await.expect_problem(403, "forbidden");
    assert_eq!(stage.files(&stage.token(&json!({"scope": null}))).await.expect(200).json()["files"], json!([]));
}
