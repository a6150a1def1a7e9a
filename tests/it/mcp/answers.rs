//! What comes out: the registry's answer, whole, and a text that stands alone.

use satchel::api::mcp::over;
use satchel::tools::definitions;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::world::{World, error, result, rpc, tool_call};

fn text(result: &Value) -> &str {
    let blocks = result["content"].as_array().unwrap();
    assert_eq!((blocks.len(), &blocks[0]["type"]), (1, &json!("text")));
    blocks[0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn an_answer_is_the_registrys_own_and_fits_its_published_schema() {
    let world = World::new().await;
    let steps = [
        ("find_file", json!({ "query": "the march invoice" })),
        ("find_file", json!({ "query": "zebra crossing" })),
        ("find_file", json!({})),
        ("describe_file", json!({ "file": "f1" })),
        ("describe_file", json!({ "file": "f99" })),
        ("generate_access_code", json!({})),
        ("generate_access_code", json!({ "file": "f99" })),
        ("share_file", json!({ "file": "f99", "with": "Ben" })),
        ("share_file", json!({ "file": "f1", "with": "Nobody At All" })),
        ("share_file", json!({ "file": "f1", "with": "Ben" })),
        ("share_file", json!({ "file": "f1", "with": "Ben", "rights": "burn" })),
        ("confirm_action", json!({ "answer": "no" })),
        ("confirm_action", json!({ "answer": "yes" })),
    ];
    let (through_door, directly) = (world.call().await, world.call().await);
    for (tool, arguments) in steps {
        let result = world.tool(&through_door, tool, arguments.clone()).await;
        let answer = world.directly(&directly, tool, arguments.clone()).await;
        assert_eq!(result["structuredContent"], answer, "{tool} {arguments}");
        let schema = definitions().into_iter().find(|known| known.name == tool).unwrap().output_schema;
        let fits = jsonschema::validator_for(&schema).unwrap().is_valid(&answer);
        assert!(fits, "{tool} {arguments}: {answer}");

        let say = answer["say"].as_str().unwrap();
        assert_eq!(text(&result).lines().next(), Some(say), "{tool}: the first line is what is said");
        assert!(text(&result).lines().count() <= 2, "{tool}");
        for must in answer["must_say"].as_array().unwrap() {
            assert!(say.contains(must["text"].as_str().unwrap()), "{tool}: what must be said is in the text");
        }
    }
}

#[tokio::test]
async fn a_model_that_sees_only_text_can_go_on_from_it() {
    let world = World::new().await;
    let call = world.call().await;
    let found = world.tool(&call, "find_file", json!({ "query": "the march invoice" })).await;
    assert!(text(&found).contains("\n(f1: March invoice, "), "{}", text(&found));
    let asked = world.tool(&call, "share_file", json!({ "file": "f1", "with": "Ben" })).await;
    assert!(text(&asked).ends_with("\n(confirm; next: confirm_action)"), "{}", text(&asked));
    let wrong = world.tool(&call, "find_file", json!({ "question": "x" })).await;
    assert!(text(&wrong).contains("(invalid; question is no argument of this tool"), "{}", text(&wrong));
    assert_eq!(wrong["isError"], true);
}

#[tokio::test]
async fn the_same_key_is_one_effect_and_another_request_under_it_is_refused() {
    let world = World::new().await;
    let call = world.call().await;
    let share = |key: &str, with: &str| {
        let mut message = tool_call("share_file", json!({ "file": "the march invoice", "with": with }));
        message["params"]["_meta"] = json!({ "satchel/idempotency-key": key });
        world.post(&message).bearer_auth(&call.token).send()
    };
    let first = result(share("k-1", "Ben").await.unwrap()).await;
    assert_eq!(first["structuredContent"]["outcome"], "confirm");
    assert_eq!(result(share("k-1", "Ben").await.unwrap()).await, first);
    let other = result(share("k-1", "Ann").await.unwrap()).await;
    assert_eq!(other["structuredContent"]["data"]["error"]["field"], "idempotency_key");
    let mut message = tool_call("share_file", json!({ "file": "f1", "with": "Ben" }));
    message["params"]["_meta"] = json!({ "satchel/idempotency-key": 7 });
    assert_eq!(error(world.post(&message).bearer_auth(&call.token).send().await.unwrap()).await, (200, -32602));
}

#[tokio::test]
async fn an_answer_in_the_batch_that_asked_does_not_count() {
    let world = World::new().await;
    let call = world.call().await;
    let send = |message: Value, batch: &str| world.post(&message).bearer_auth(&call.token).header("satchel-batch", batch).send();
    let asked = send(tool_call("share_file", json!({ "file": "the march invoice", "with": "Ben" })), "b1").await.unwrap();
    assert_eq!(result(asked).await["structuredContent"]["outcome"], "confirm");
    world.wait_seconds(60);
    let yes = || tool_call("confirm_action", json!({ "answer": "yes" }));
    assert_eq!(result(send(yes(), "b1").await.unwrap()).await["structuredContent"]["outcome"], "confirm");
    assert_eq!(result(send(yes(), "b2").await.unwrap()).await["structuredContent"]["outcome"], "done");
}

#[tokio::test]
async fn a_developer_can_force_an_outcome() {
    let world = World::new().await;
    let call = world.call().await;
    let request = world.post(&tool_call("find_file", json!({ "query": "x" }))).bearer_auth(&call.token);
    let forced = result(request.header("satchel-simulate", "refused").send().await.unwrap()).await;
    assert_eq!((&forced["structuredContent"]["outcome"], &forced["isError"]), (&json!("refused"), &json!(true)));
}

struct Pipe {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
}

impl Pipe {
    async fn send(&mut self, message: &Value) {
        self.writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, message: &Value) -> Value {
        self.send(message).await;
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_child_process_serves_its_one_call_until_the_call_is_over() {
    let world = World::new().await;
    let call = world.call().await;
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let tasks = TaskTracker::new();
    let (files, tools, token) = (world.files.clone(), world.tools.clone(), call.token.clone());
    let serving = tasks.spawn(async move { over(tokio::io::split(theirs), files, tools, &token, CancellationToken::new()).await });
    let (reader, writer) = tokio::io::split(ours);
    let mut pipe = Pipe { lines: BufReader::new(reader).lines(), writer };

    let client = json!({ "name": "test", "version": "1" });
    let hello = rpc("initialize", json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client }));
    assert_eq!(pipe.ask(&hello).await["result"]["protocolVersion"], "2025-11-25");
    pipe.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    assert_eq!(pipe.ask(&rpc("tools/list", json!({}))).await["result"]["tools"][0]["name"], "find_file");
    let found = pipe.ask(&tool_call("find_file", json!({ "query": "the march invoice" }))).await;
    assert_eq!(found["result"]["structuredContent"]["data"]["files"][0]["title"], "March invoice");

    world.end(&call).await;
    let over = pipe.ask(&tool_call("describe_file", json!({ "file": "f1" }))).await;
    assert_eq!((&over["error"]["code"], over.get("result")), (&json!(-32600), None));

    drop(pipe);
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_hangs_up_before_the_first_word_has_not_failed() {
    let world = World::new().await;
    let call = world.call().await;
    let (ours, theirs) = tokio::io::duplex(1024);
    drop(ours);
    over(tokio::io::split(theirs), world.files.clone(), world.tools.clone(), &call.token, CancellationToken::new()).await.unwrap();
}
