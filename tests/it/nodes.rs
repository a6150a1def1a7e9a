//! Two servers on one database and one store: whichever a request comes to, it is served as by one.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Database, Ground, Tenant, World};

/// Two servers, and what they stand on.
struct Nodes {
    a: World,
    b: World,
    tenant: Tenant,
    // Last, so that the database outlives who uses it.
    _database: Database,
}

impl Nodes {
    async fn start() -> Self {
        let database = Database::new().await;
        let ground = Ground { database: Some(database.settings()), ..Ground::new(u64::from(std::process::id())).await };
        let beside = ground.beside();
        let (a, b) = (World::on(ground).await, World::on(beside).await);
        let tenant = a.tenant("Larkfield Foods").await;
        Self { a, b, tenant, _database: database }
    }

    fn both(&self) -> [&World; 2] {
        [&self.a, &self.b]
    }

    /// A call of a member with one file and one contact, made at the first.
    async fn on_the_line(&self) -> Call {
        let user = self.a.user(&self.tenant, "Amira Haddad", "member").await;
        self.a.person(&self.tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
        let call = self.a.call(&self.tenant, &user).await;
        self.a.file(&call.token, "name=q2.txt&title=Quarterly%20Report", b"Revenue rose.").await;
        call
    }

    fn pass(&self, seconds: i64) {
        for world in self.both() {
            world.clock.advance_seconds(seconds);
        }
    }

    /// That every chain is whole at either, and they agree; the records of the tenant's.
    async fn expect_whole_audit(&self) -> u64 {
        let mut verified = Vec::new();
        for world in self.both() {
            verified.push(world.get("/v1/audit/verify", &world.operator).await.expect(200).json());
        }
        assert_eq!(verified[0], verified[1]);
        let chains = verified[0]["chains"].as_array().unwrap();
        assert!(chains.iter().all(|chain| chain["fault"].is_null()), "{chains:?}");
        let own = chains.iter().find(|chain| chain["chain"] == self.tenant.customer.as_str()).unwrap();
        own["records"].as_u64().unwrap()
    }
}

async fn tool(world: &World, call: &Call, name: &str, batch: &str, arguments: &Value) -> Answer {
    let request = world.request(Method::POST, &format!("/v1/tools/{name}"), &call.token).header("satchel-batch", batch);
    Answer::of(request.header("idempotency-key", batch).json(arguments).send().await.unwrap()).await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_turn_of_a_call_may_come_to_the_other_server() {
    let nodes = Nodes::start().await;
    let call = nodes.on_the_line().await;
    // The other one's index has not followed; it says so by finding nothing, and is caught up.
    nodes.b.files.follow_all().await.unwrap();
    let found = tool(&nodes.b, &call, "find_file", "b-1", &json!({"query": "quarterly report"})).await;
    assert_eq!(found.text("/outcome"), "done", "{found:?}");
    // The handle that B gave is known to A.
    let asked = tool(&nodes.a, &call, "share_file", "b-2", &json!({"file": "f1", "with": "Jonas Weber"})).await;
    assert_eq!(asked.text("/outcome"), "confirm", "{asked:?}");
    nodes.pass(30);
    let shared = tool(&nodes.b, &call, "confirm_action", "b-3", &json!({"answer": "yes"})).await;
    assert_eq!(shared.text("/outcome"), "done", "{shared:?}");
    let again = tool(&nodes.a, &call, "confirm_action", "b-3", &json!({"answer": "yes"})).await;
    assert_eq!(again.json(), shared.json(), "the same request at the other is the same share");
    let (url, code) = (shared.text("/data/link/url"), shared.text("/data/code/digits"));
    let path = url.strip_prefix(&nodes.b.url).unwrap();
    let page = nodes.a.request(Method::POST, path, "").header("content-type", "application/x-www-form-urlencoded");
    let away = Answer::of(page.body(format!("code={code}")).send().await.unwrap()).await.expect(303);
    let bytes = nodes.a.client.get(away.header("location")).send().await.unwrap();
    assert_eq!(Answer::of(bytes).await.body, "Revenue rose.");
    // Told again at A, it is the code that B made.
    let told = tool(&nodes.a, &call, "generate_access_code", "b-4", &json!({})).await;
    assert_eq!((told.text("/outcome"), told.text("/data/code/digits")), ("done".to_owned(), code), "{told:?}");
    nodes.expect_whole_audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_operations_at_once_over_both_leave_one_whole_chain() {
    const OPERATIONS: usize = 200;
    let nodes = Nodes::start().await;
    let call = nodes.on_the_line().await;
    nodes.b.files.follow_all().await.unwrap();
    let before = nodes.expect_whole_audit().await;
    let one = async |index: usize| {
        let world = nodes.both()[index % 2];
        match index % 4 {
            0 | 1 => {
                drop(world.put(&nodes.tenant.key, &format!("name=n{index}.txt"), format!("bytes {index}").as_bytes()).await.expect(201))
            }
            2 => drop(world.post("/v1/calls", &nodes.tenant.key, &json!({})).await.expect(201)),
            _ => drop(tool(world, &call, "find_file", &format!("o-{index}"), &json!({"query": "quarterly report"})).await),
        }
    };
    // As many under way at any moment as a few dozen callers of one customer make.
    stream::iter(0..OPERATIONS).map(one).buffer_unordered(40).collect::<Vec<()>>().await;
    assert_eq!(nodes.expect_whole_audit().await, before + OPERATIONS as u64, "each left one record, and none was lost");
    for world in nodes.both() {
        assert_eq!(world.files.follow_all().await.unwrap(), OPERATIONS as u64 / 2, "each upload is in the feed, once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_leased_by_one_server_and_by_the_other_when_that_one_is_gone() {
    const FILES: usize = 24;
    let nodes = Nodes::start().await;
    for index in 0..FILES {
        nodes.both()[index % 2]
            .put(&nodes.tenant.key, &format!("name=n{index}.txt"), format!("bytes {index}").as_bytes())
            .await
            .expect(201);
    }
    let lease = async |index: usize| nodes.both()[index % 2].files.lease_job(60).await.unwrap();
    let leased = futures::future::join_all((0..FILES).map(lease)).await;
    let ids: BTreeSet<_> = leased.iter().flatten().map(|job| job.id).collect();
    assert_eq!(ids.len(), FILES, "a job for each, and none for two");
    assert!(lease(0).await.is_none() && lease(1).await.is_none());
    // The start of a server takes nothing from one that lives.
    assert_eq!(nodes.b.files.take_over().await.unwrap(), 0);
    assert!(lease(1).await.is_none());
    // A server that is gone renews nothing.
    nodes.pass(61);
    let again = lease(1).await.unwrap();
    assert!(ids.contains(&again.id) && again.attempts == 2, "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_tried_at_either_is_one_try_of_the_same_few() {
    let nodes = Nodes::start().await;
    let share = nodes.a.share(&nodes.tenant, b"the numbers").await;
    let wrong: String = share.code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect();
    let open = async |world: &World, code: &str| {
        let page = world.request(Method::POST, &share.path, "").header("content-type", "application/x-www-form-urlencoded");
        Answer::of(page.body(format!("code={code}")).send().await.unwrap()).await
    };
    for index in 0..5 {
        open(nodes.both()[index % 2], &wrong).await.expect(403);
    }
    for world in nodes.both() {
        open(world, &share.code).await.expect(403);
    }
}
