//! Each revision of the protocol does what its clients expect.

use serde_json::{Value, json};

use super::world::{NEWEST, World, answered, error, result, rpc, tool_call};

const OLDER: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];
const TOOLS: [&str; 9] = [
    "find_file",
    "describe_file",
    "share_file",
    "generate_access_code",
    "confirm_action",
    "revoke_access",
    "file_history",
    "request_upload",
    "check_progress",
];

fn initialize(version: &str) -> Value {
    let client = json!({ "name": "test", "version": "1" });
    rpc("initialize", json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client }))
}

fn names(listed: &Value) -> Vec<&str> {
    listed["tools"].as_array().unwrap().iter().filter_map(|tool| tool["name"].as_str()).collect()
}

#[tokio::test]
async fn an_older_client_shakes_hands_lists_and_calls_without_a_session() {
    let world = World::new().await;
    for version in OLDER {
        let call = world.call().await;
        let response = world.post(&initialize(version)).bearer_auth(&call.token).send().await.unwrap();
        assert_eq!(response.headers().get("mcp-session-id"), None, "{version}");
        let hello = result(response).await;
        assert_eq!(hello["protocolVersion"], version);
        assert_eq!((&hello["serverInfo"]["name"], &hello["serverInfo"]["version"]), (&json!("satchel"), &json!(env!("CARGO_PKG_VERSION"))));
        assert!(hello["capabilities"]["tools"].is_object());
        assert!(hello["instructions"].as_str().unwrap().contains("Say it as it stands"));

        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let send = |body: &Value| world.post(body).bearer_auth(&call.token).header("mcp-protocol-version", version).send();
        assert_eq!(send(&ready).await.unwrap().status(), 202, "{version}");
        assert!(result(send(&rpc("ping", json!({}))).await.unwrap()).await.is_object());
        assert_eq!(names(&result(send(&rpc("tools/list", json!({}))).await.unwrap()).await), TOOLS, "{version}");
        let found = result(send(&tool_call("find_file", json!({ "query": "the march invoice" }))).await.unwrap()).await;
        assert_eq!((&found["structuredContent"]["outcome"], &found["isError"]), (&json!("done"), &json!(false)), "{version}");
        assert_eq!(found.get("resultType"), None, "{version}");
    }
}

#[tokio::test]
async fn a_handshake_settles_on_a_revision_that_has_one() {
    let world = World::new().await;
    let call = world.call().await;
    for unknown in ["2024-11-05", "2019-01-01", NEWEST] {
        let hello = result(world.post(&initialize(unknown)).bearer_auth(&call.token).send().await.unwrap()).await;
        assert_eq!(hello["protocolVersion"], "2025-11-25", "{unknown}");
    }
}

#[tokio::test]
async fn the_newest_client_discovers_lists_and_calls_without_a_handshake() {
    let world = World::new().await;
    let call = world.call().await;
    let send = |method, params| world.newest(method, params).bearer_auth(&call.token).send();

    let discovered = result(send("server/discover", json!({})).await.unwrap()).await;
    let served: Vec<&str> = OLDER.into_iter().chain([NEWEST]).collect();
    assert_eq!(discovered["supportedVersions"], json!(served));
    assert!(discovered["instructions"].as_str().unwrap().contains("round brackets"));

    let listed = result(send("tools/list", json!({})).await.unwrap()).await;
    assert_eq!(names(&listed), TOOLS);
    assert_eq!((&listed["ttlMs"], &listed["cacheScope"]), (&json!(300_000), &json!("public")));
    assert_eq!(
        listed["tools"][0]["annotations"],
        json!({ "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false })
    );

    let arguments = json!({ "name": "find_file", "arguments": { "query": "the march invoice" } });
    let found = result(send("tools/call", arguments).await.unwrap()).await;
    assert_eq!((&found["resultType"], &found["structuredContent"]["outcome"]), (&json!("complete"), &json!("done")));
}

#[tokio::test]
async fn the_newest_revision_holds_headers_against_the_message() {
    let world = World::new().await;
    let call = world.call().await;
    let sent = |request: reqwest::RequestBuilder| async { error(request.bearer_auth(&call.token).send().await.unwrap()).await };
    let find = || json!({ "name": "find_file", "arguments": { "query": "x" } });
    let body = |version: &str| {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        rpc("tools/call", json!({ "name": "find_file", "arguments": { "query": "x" }, "_meta": meta }))
    };
    let with = |version: &str, headers: &[(&str, &str)]| {
        headers.iter().fold(world.post(&body(version)), |request, (name, value)| request.header(*name, *value))
    };
    let method = ("mcp-method", "tools/call");
    let name = ("mcp-name", "find_file");
    for headers in [
        &[("mcp-protocol-version", NEWEST), method][..],
        &[("mcp-protocol-version", NEWEST), name],
        &[("mcp-protocol-version", NEWEST), method, ("mcp-name", "share_file")],
        &[("mcp-protocol-version", NEWEST), ("mcp-method", "tools/list"), name],
        &[("mcp-protocol-version", "2025-11-25"), method, name],
    ] {
        assert_eq!(sent(with(NEWEST, headers)).await, (400, -32020), "{headers:?}");
    }
    assert_eq!(sent(with("2099-01-01", &[("mcp-protocol-version", "2099-01-01"), method, name])).await, (400, -32022));
    let without_meta = world.post(&rpc("tools/call", find())).header("mcp-protocol-version", NEWEST).header(method.0, method.1);
    assert_eq!(sent(without_meta.header(name.0, name.1)).await, (400, -32602));
    for gone in ["ping", "logging/setLevel", "no/such"] {
        assert_eq!(sent(world.newest(gone, json!({}))).await, (404, -32601), "{gone}");
    }
}

#[tokio::test]
async fn there_is_one_endpoint_and_it_takes_posts_only() {
    let world = World::new().await;
    let call = world.call().await;
    for method in ["GET", "DELETE"] {
        let response =
            world.request(method, &world.url).bearer_auth(&call.token).header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "POST"), "{method}");
    }
    for below in ["/", "/other"] {
        let response = world.request("POST", &format!("{}{below}", world.url)).bearer_auth(&call.token).send().await.unwrap();
        assert_eq!(response.status(), 404, "{below}");
    }
}

#[tokio::test]
async fn what_is_no_message_is_an_error_of_the_protocol() {
    let world = World::new().await;
    let call = world.call().await;
    let sent = |body: &str| {
        let request = world.post_text(body.to_owned()).bearer_auth(&call.token);
        async { answered(request.send().await.unwrap()).await }
    };
    for (body, status, code, id) in [
        ("{\"jsonrpc\": \"2.0\", ", 400, -32700, json!(null)),
        ("", 400, -32700, json!(null)),
        ("[]", 400, -32600, json!(null)),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, 400, -32600, json!(null)),
        (r#"{"id":3}"#, 400, -32600, json!(3)),
        (r#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#, 400, -32600, json!("a")),
        (r#"{"jsonrpc":"2.0","id":4,"method":"tools/call"}"#, 200, -32602, json!(4)),
        (r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"arguments":{}}}"#, 200, -32602, json!(5)),
        (r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"find_file","arguments":"{}"}}"#, 200, -32602, json!(6)),
        (r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"erase_everything"}}"#, 200, -32602, json!(7)),
        (r#"{"jsonrpc":"2.0","id":8,"method":"no/such"}"#, 200, -32601, json!(8)),
    ] {
        let (answered, message) = sent(body).await;
        assert_eq!((answered, &message["error"]["code"], &message["id"]), (status, &json!(code), &id), "{body}: {message}");
    }
    let huge = world.post_text(" ".repeat(300 * 1024)).bearer_auth(&call.token).send().await.unwrap();
    assert_eq!(huge.status(), 413);
}
