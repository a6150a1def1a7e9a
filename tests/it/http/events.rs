//! What a call is told while it runs.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{Answer, Call, Database, Ground, Tenant, World, until};

/// The longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream of events, as a client reads it.
struct Events {
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    read: String,
}

/// One event: its id, its name and its data.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: Option<String>,
    name: String,
    data: Value,
}

async fn asked(world: &World, call: &str, token: &str, after: Option<&str>) -> Response {
    let request = world.request(Method::GET, &format!("/v1/calls/{call}/events"), token);
    let request = if let Some(after) = after { request.header("last-event-id", after) } else { request };
    request.send().await.unwrap()
}

impl Events {
    async fn of(world: &World, call: &str, token: &str, after: Option<&str>) -> Self {
        let response = asked(world, call, token, after).await;
        assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (200, "text/event-stream"));
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { bytes: response.bytes_stream().boxed(), read: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.read.split_once("\n\n").map(|(block, rest)| (block.to_owned(), rest.to_owned())) {
                self.read = rest;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned());
                if let Some(data) = field("data:") {
                    return Some(Event { id: field("id:"), name: field("event:").unwrap(), data: serde_json::from_str(&data).unwrap() });
                }
            }
            let more = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("something comes, or the stream ends");
            self.read.push_str(std::str::from_utf8(&more?.unwrap()).unwrap());
        }
    }

    async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(self.next().await.expect("the stream goes on").name);
        }
        names
    }
}

async fn call(world: &World) -> (Tenant, Call) {
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Nora Lind", "member").await;
    let call = world.call(&tenant, &user).await;
    (tenant, call)
}

#[tokio::test]
async fn a_file_that_is_sent_in_a_call_is_told_of_as_it_arrives_and_when_it_is_ready() {
    let world = World::start().await;
    let (tenant, call) = call(&world).await;
    let mut by_call = Events::of(&world, &call.id, &call.token, None).await;
    let mut by_program = Events::of(&world, &call.id, &tenant.key, None).await;
    world.put(&call.token, "name=Acme_invoice.txt", b"pay this").await.expect(201);
    let arrived = by_call.next().await.unwrap();
    assert_eq!((arrived.name.as_str(), arrived.id.as_deref()), ("file_arrived", Some("1")));
    assert_eq!(arrived.data["say"], "The Acme invoice has arrived. I'm having it checked.");
    world.inspect_all().await;
    assert_eq!(by_call.names(2).await, ["file_scanned", "file_read"]);
    let ready = by_call.next().await.unwrap();
    assert_eq!(ready.data["kind"], "file_active");
    assert_eq!(ready.data["say"], "It's here: the Acme invoice, a document of one page. It was checked and is clean.");
    assert_eq!((&ready.data["scan_status"], &ready.data["at"]), (&json!("clean"), &json!("2026-03-02T09:00:00Z")));
    assert_eq!(by_program.names(4).await, ["file_arrived", "file_scanned", "file_read", "file_active"]);
    // What a program stores for the customer is no matter of the call.
    world.file(&tenant.key, "name=other.txt", b"other").await;
    world.file(&call.token, "name=bad.txt", b"HARMFUL").await;
    assert_eq!(by_call.names(3).await, ["file_arrived", "file_scanned", "file_quarantined"]);
    let listened = world.audit(&tenant).await.into_iter().filter(|record| *record == ("listen".to_owned(), "done".to_owned())).count();
    assert_eq!(listened, 2);
}

#[tokio::test]
async fn who_shares_in_a_call_is_told_when_it_is_opened_first_and_when_it_is_taken_back() {
    let world = World::start().await;
    let (tenant, call) = call(&world).await;
    world.person(&tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    world.file(&call.token, "name=plan.txt&title=Merger%20Plan", b"plan").await;
    world.post("/v1/tools/share_file", &call.token, &json!({"file": "merger plan", "with": "Jonas"})).await.expect(200);
    world.clock.advance_seconds(30);
    let given = world.post("/v1/tools/confirm_action", &call.token, &json!({"answer": "yes"})).await.expect(200);
    let mut events = Events::of(&world, &call.id, &call.token, None).await;
    assert_eq!(events.names(5).await, ["file_arrived", "file_scanned", "file_read", "file_active", "share_given"]);
    let path = given.text("/data/link/url").replace(&world.url, "");
    for _ in 0..2 {
        let request = world.request(Method::POST, &path, "").header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(format!("code={}", given.text("/data/code/digits")));
        Answer::of(request.send().await.unwrap()).await.expect(303);
    }
    let share = given.text("/data/share");
    world.delete(&format!("/v1/shares/{share}"), &tenant.key).await.expect(204);
    let opened = events.next().await.unwrap();
    assert_eq!((opened.name.as_str(), &opened.data["share"]), ("share_opened", &json!(share)));
    assert_eq!((&opened.data["title"], &opened.data["recipient"]), (&json!("Merger Plan"), &json!("Jonas Weber")));
    assert_eq!(events.names(1).await, ["share_taken_back"], "opened once is enough to tell");
}

#[tokio::test]
async fn a_listener_that_was_cut_off_goes_on_where_it_was() {
    let world = World::start().await;
    let (_, call) = call(&world).await;
    world.file(&call.token, "name=a.txt", b"a").await;
    let all = Events::of(&world, &call.id, &call.token, None).await.names(4).await;
    assert_eq!(all, ["file_arrived", "file_scanned", "file_read", "file_active"]);
    let mut rest = Events::of(&world, &call.id, &call.token, Some("2")).await;
    assert_eq!(rest.next().await.unwrap().id.as_deref(), Some("3"));
    let answer = Answer::of(asked(&world, &call.id, &call.token, Some("yesterday")).await).await;
    answer.expect_problem(400, "invalid");
}

#[tokio::test]
async fn a_stream_ends_with_its_call_and_with_the_server() {
    let world = World::start().await;
    let (tenant, first) = call(&world).await;
    let mut events = Events::of(&world, &first.id, &first.token, None).await;
    world.put(&first.token, "name=a.txt", b"a").await.expect(201);
    world.delete(&format!("/v1/calls/{}", first.id), &tenant.key).await.expect(204);
    assert_eq!(events.names(2).await, ["file_arrived", "call_ended"], "what happened before the end is told before it");
    assert_eq!(events.next().await, None);
    assert_eq!(asked(&world, &first.id, &tenant.key, None).await.status(), 404, "what is over is not listened to again");

    let user = world.user(&tenant, "Ben Okafor", "member").await;
    let second = world.call(&tenant, &user).await;
    let mut events = Events::of(&world, &second.id, &second.token, None).await;
    world.shutdown().await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn nobody_listens_to_anothers_call() {
    let world = World::start().await;
    let (tenant, mine) = call(&world).await;
    let user = world.user(&tenant, "Ben Okafor", "member").await;
    let other = world.call(&tenant, &user).await;
    let stranger = world.tenant("Borealis").await;
    for (id, token) in [(&mine.id, &other.token), (&mine.id, &stranger.key), (&"call_x".to_owned(), &tenant.key)] {
        Answer::of(asked(&world, id, token, None).await).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_call_has_few_streams_at_once() {
    let world = World::start().await;
    let (_, call) = call(&world).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(Events::of(&world, &call.id, &call.token, None).await);
    }
    Answer::of(asked(&world, &call.id, &call.token, None).await).await.expect_problem(429, "too_many");
    drop(open);
    // The server notices a client that is gone when it next has something to say.
    world.put(&call.token, "name=a.txt", b"a").await.expect(201);
    until("a free place", async || (asked(&world, &call.id, &call.token, None).await.status() == 200).then_some(())).await;
}

#[tokio::test]
async fn what_one_server_stores_is_told_by_another() {
    let database = Database::new().await;
    let ground = Ground { database: Some(database.settings()), ..Ground::new(5).await };
    let beside = ground.beside();
    let (first, second) = (World::on(ground).await, World::on(beside).await);
    let (_, call) = call(&first).await;
    let mut events = Events::of(&second, &call.id, &call.token, None).await;
    first.put(&call.token, "name=a.txt", b"a").await.expect(201);
    assert_eq!(events.names(1).await, ["file_arrived"]);
    first.shutdown().await;
    second.shutdown().await;
}
