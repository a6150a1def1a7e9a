//! From a share to the people it is told to, and what becomes of a message on its way.

use std::sync::Arc;
use std::time::Duration;

use satchel::app::Outgoing;
use satchel::domain::Channel;
use satchel::jobs::{Delivery, Lease, deliver};
use satchel::notify::{Carrier, Carriers, Encryption, Sender, Smtp, SmtpSettings, Ways, Webhook, WebhookSecret};
use satchel::speech::Speech;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::peers::{Peer, mail_server};
use super::webhook::OLD;
use crate::support::{Tenant, World, until};

/// A process' worth of deliverers, on threads of their own.
struct Deliverers {
    stop: CancellationToken,
    tasks: TaskTracker,
    process: Runtime,
}

impl Deliverers {
    fn start(world: &World, ways: Ways) -> Self {
        let process = Runtime::new().unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let delivery = Delivery {
            files: world.files.clone(),
            carriers: Carriers::of_house(ways),
            speech: Arc::new(Speech::load("en").unwrap()),
            lease: Lease::USUAL,
        };
        tasks.spawn_on(deliver(delivery, stop.clone()), process.handle());
        tasks.close();
        Self { stop, tasks, process }
    }

    /// Ends them as a server that is told to stop.
    async fn end(self) {
        self.stop.cancel();
        self.tasks.wait().await;
        self.process.shutdown_background();
    }

    /// Ends them wherever they are.
    fn kill(self) {
        self.process.shutdown_background();
    }
}

fn mail(server: &Peer) -> (Channel, Arc<dyn Carrier>) {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: server.port("plain"),
        encryption: Encryption::None,
        login: None,
        authority: None,
        hello: None,
        sender: Sender::parse("files@northwind.example", None).unwrap(),
        timeout: Duration::from_secs(20),
    };
    (Channel::Mail, Arc::new(Smtp::new(settings).unwrap()))
}

fn texts(receiver: &Peer, path: &str) -> (Channel, Arc<dyn Carrier>) {
    let url = format!("http://127.0.0.1:{}{path}", receiver.port("port")).parse().unwrap();
    let post = Arc::new(Outgoing::new(&["127.0.0.1".to_owned()]).unwrap());
    (Channel::Sms, Arc::new(Webhook::new(url, vec![WebhookSecret::parse(OLD).unwrap()], post)))
}

/// A customer whose messages go to people.
async fn real_tenant(world: &World) -> Tenant {
    let made = world.post("/v1/customers", &world.operator, &json!({"name": "Northwind"})).await.expect(201);
    Tenant { customer: made.text("/customer_id"), key: made.text("/api_key") }
}

/// Has a member share a file with a contact; the link's path and the code.
async fn share(world: &World, tenant: &Tenant, contact: &Value) -> (String, String) {
    world.person(tenant, contact).await;
    let user = world.user(tenant, "Dana Reed", "member").await;
    let call = world.call(tenant, &user).await;
    world.file(&call.token, "name=quarterly-report.txt&title=Quarterly%20Report", b"numbers").await;
    let ask = json!({"file": "the quarterly report", "with": contact["name"]});
    world.post("/v1/tools/share_file", &call.token, &ask).await.expect(200);
    world.clock.advance_seconds(30);
    let done = world.post("/v1/tools/confirm_action", &call.token, &json!({"answer": "yes"})).await.expect(200).json();
    let url = done["data"]["link"]["url"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned();
    (url.strip_prefix(&world.url).unwrap().to_owned(), done["data"]["code"]["digits"].as_str().unwrap().to_owned())
}

/// State, attempts and last error of each message, in the order of their states.
async fn outbox(world: &World, tenant: &Tenant) -> Vec<(String, u64, Option<String>)> {
    let answer = world.get("/v1/outbox", &tenant.key).await.expect(200).json();
    let told = |message: &Value| {
        assert!(message["body"].is_null() && message["address"].is_null(), "what people are sent is for them alone: {message}");
        let error = message["last_error"].as_str().map(str::to_owned);
        (message["state"].as_str().unwrap().to_owned(), message["attempts"].as_u64().unwrap(), error)
    };
    let mut found: Vec<_> = answer["messages"].as_array().unwrap().iter().map(told).collect();
    found.sort();
    found
}

async fn settled(world: &World, tenant: &Tenant, expected: &[&str]) -> Vec<(String, u64, Option<String>)> {
    until(&format!("the messages are {expected:?}"), async || {
        let found = outbox(world, tenant).await;
        found.iter().map(|(state, ..)| state.as_str()).eq(expected.iter().copied()).then_some(found)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn link_and_code_reach_a_recipient_by_two_ways_once_each() {
    let (server, receiver) = (mail_server(), Peer::start("webhook.py", &["0", OLD]));
    let world = World::start().await;
    let tenant = real_tenant(&world).await;
    let john = json!({"kind": "contact", "name": "John Okafor", "email": "john@example.com", "phone": "+15550100"});
    let (path, code) = share(&world, &tenant, &john).await;
    let deliverers = Deliverers::start(&world, Ways::from([mail(&server), texts(&receiver, "/in")]));
    let (mailed, texted) = (server.told(), receiver.told());
    let mailed = mailed["mail"].as_str().unwrap().replace("=\r\n", "").replace("=\n", "");
    assert!(mailed.contains(&path) && mailed.contains("Dana Reed (Northwind)") && !mailed.contains(&code), "{mailed}");
    let text = texted["body"]["data"]["text"].as_str().unwrap();
    let grouped = format!("{} {}", &code[..3], &code[3..]);
    assert!(text.contains(&grouped) && !text.contains(&path), "{text}");
    assert_eq!((texted["verified"].as_bool(), texted["body"]["type"].as_str()), (Some(true), Some("message.code")));
    let found = settled(&world, &tenant, &["sent", "sent"]).await;
    assert!(found.iter().all(|(_, attempts, error)| *attempts == 1 && error.is_none()), "{found:?}");
    world.clock.advance_seconds(3600);
    deliverers.end().await;
    assert!(server.is_silent() && receiver.is_silent());
    let trail = world.audit(&tenant).await;
    for outcome in ["queued", "sent"] {
        assert_eq!(trail.iter().filter(|(action, told)| action == "message" && told == outcome).count(), 2, "{outcome}: {trail:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_put_off_goes_later_and_one_that_is_refused_is_given_up() {
    let server = mail_server();
    let world = World::start().await;
    let deliverers = Deliverers::start(&world, Ways::from([mail(&server)]));
    let grey = real_tenant(&world).await;
    share(&world, &grey, &json!({"kind": "contact", "name": "John Okafor", "email": "grey@example.com"})).await;
    let found = until("it was put off", async || outbox(&world, &grey).await.pop().filter(|(_, attempts, _)| *attempts == 1)).await;
    assert!(found.0 == "queued" && found.2.as_deref().is_some_and(|error| error.contains("451")), "{found:?}");
    world.clock.advance_seconds(60);
    let found = settled(&world, &grey, &["sent"]).await;
    assert_eq!(found[0].1, 2);
    assert_eq!(server.told()["to"][0], "grey@example.com");
    let gone = real_tenant(&world).await;
    share(&world, &gone, &json!({"kind": "contact", "name": "John Okafor", "email": "gone@example.com"})).await;
    let found = settled(&world, &gone, &["failed"]).await;
    assert!(found[0].2.as_deref().is_some_and(|error| error.contains("550")), "{found:?}");
    deliverers.end().await;
    let trail = world.audit(&gone).await;
    assert!(trail.contains(&("message".to_owned(), "given_up".to_owned())), "{trail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_gone_between_sending_and_noting_sends_again_under_the_same_id() {
    let receiver = Peer::start("webhook.py", &["0", OLD]);
    let world = World::start().await;
    let tenant = real_tenant(&world).await;
    share(&world, &tenant, &json!({"kind": "contact", "name": "John Okafor", "phone": "+15550100"})).await;
    let first = Deliverers::start(&world, Ways::from([texts(&receiver, "/hang-once")]));
    let seen = receiver.told();
    // It has the message and never says so; the process is gone meanwhile.
    first.kill();
    assert_eq!(outbox(&world, &tenant).await[0].0, "queued");
    let second = Deliverers::start(&world, Ways::from([texts(&receiver, "/hang-once")]));
    world.clock.advance_seconds(Lease::USUAL.seconds());
    let again = receiver.told();
    assert_eq!((again["id"].as_str(), again["times"].as_u64()), (seen["id"].as_str(), Some(2)), "{again}");
    let found = settled(&world, &tenant, &["sent"]).await;
    assert_eq!(found[0].1, 2);
    second.end().await;
    assert!(receiver.is_silent());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_or_has_ended_is_not_sent() {
    let (server, receiver) = (mail_server(), Peer::start("webhook.py", &["0", OLD]));
    let world = World::start().await;
    let john = json!({"kind": "contact", "name": "John Okafor", "email": "john@example.com", "phone": "+15550100"});
    let (revoked, late) = (real_tenant(&world).await, real_tenant(&world).await);
    share(&world, &revoked, &john).await;
    share(&world, &late, &john).await;
    let catalog = format!("sqlite://{}", world.folder().join("catalog/catalog.db").display());
    let mut catalog = SqliteConnection::connect(&catalog).await.unwrap();
    let revoke = "UPDATE shares SET revoked_at = 1 WHERE customer_id = ?";
    sqlx::query(revoke).bind(&revoked.customer).execute(&mut catalog).await.unwrap();
    catalog.close().await.unwrap();
    // The code lives for ten minutes, the link for a week.
    world.clock.advance_seconds(601);
    let deliverers = Deliverers::start(&world, Ways::from([mail(&server), texts(&receiver, "/in")]));
    settled(&world, &revoked, &["cancelled", "cancelled"]).await;
    let told = settled(&world, &late, &["expired", "sent"]).await;
    assert_eq!(server.told()["to"][0], "john@example.com", "{told:?}");
    deliverers.end().await;
    assert!(server.is_silent() && receiver.is_silent());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_nothing_carries_keeps_its_messages_until_something_does() {
    let server = mail_server();
    let world = World::start().await;
    let tenant = real_tenant(&world).await;
    share(&world, &tenant, &json!({"kind": "contact", "name": "John Okafor", "email": "john@example.com"})).await;
    let without = Deliverers::start(&world, Ways::new());
    without.end().await;
    assert_eq!(outbox(&world, &tenant).await, [("queued".to_owned(), 0, None)]);
    let with = Deliverers::start(&world, Ways::from([mail(&server)]));
    settled(&world, &tenant, &["sent"]).await;
    server.told();
    with.end().await;
}
