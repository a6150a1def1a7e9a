//! Two servers on one database and one store: whichever a request comes to, it is served as by one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use futures::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::program::{FREE_PORTS, Serving, post, satchel, text};
use crate::support::{Answer, Call, Database, Ground, Tenant, World, until};

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
        let own = |verified: &Value| {
            let chains = verified["chains"].as_array().unwrap();
            assert!(chains.iter().all(|chain| chain["fault"].is_null()), "{chains:?}");
            chains.iter().find(|chain| chain["chain"] == self.tenant.customer.as_str()).unwrap().clone()
        };
        // The chain of the house grows by each of these looks.
        assert_eq!(own(&verified[0]), own(&verified[1]));
        own(&verified[0])["records"].as_u64().unwrap()
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
        let answer = match index % 4 {
            0 | 1 => world.put(&nodes.tenant.key, &format!("name=n{index}.txt"), format!("bytes {index}").as_bytes()).await.expect(201),
            2 => world.post("/v1/calls", &nodes.tenant.key, &json!({})).await.expect(201),
            _ => tool(world, &call, "find_file", &format!("o-{index}"), &json!({"query": "quarterly report"})).await,
        };
        drop(answer);
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

/// Starts a program and waits until it serves; the program and its card.
pub async fn serving(data: &Path, settings: &[(&str, &str)]) -> (Serving, Value) {
    let mut command = satchel();
    command.args(["serve", "--data", data.to_str().unwrap()]).args(FREE_PORTS).envs(settings.iter().copied());
    let mut program = Serving::running(command);
    let card = until("a server that serves", async || {
        let card = fs::read(data.join("server.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        assert!(card.is_some() || program.is_running(), "it ended: {}", program.stop().1);
        card
    });
    let card = card.await;
    (program, card)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_with_one_secret_share_a_database_and_a_store_and_one_may_only_work() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    let (first, second, third) = (folder.path().join("first"), folder.path().join("second"), folder.path().join("third"));
    let (url, owner) = (database.url(), database.owner_url());
    let (mut a, card) =
        serving(&first, &[("SATCHEL__CATALOG__URL", &url), ("SATCHEL__CATALOG__OWNER_URL", &owner), ("SATCHEL__WORKERS__COUNT", "0")])
            .await;
    let secrets: Value = serde_json::from_slice(&fs::read(first.join("secrets.json")).unwrap()).unwrap();
    let secret = |name: &str| secrets[name].as_str().unwrap();
    // The others have their bytes where the first one serves them, and no right to change the tables.
    let settings = [
        ("SATCHEL__CATALOG__URL", url.as_str()),
        ("SATCHEL__DATA__SECRET", secret("server_secret")),
        ("SATCHEL__STORE__ENDPOINT", text(&card, "/bytes_url")),
        ("SATCHEL__STORE__ACCESS_KEY", secret("store_access_key")),
        ("SATCHEL__STORE__SECRET_KEY", secret("store_secret_key")),
        ("SATCHEL__STORE__PATH_STYLE", "true"),
    ];
    let mut idle = settings.to_vec();
    idle.push(("SATCHEL__WORKERS__COUNT", "0"));
    let (mut b, other) = serving(&second, &idle).await;
    let mut command = satchel();
    command.args(["worker", "--data", third.to_str().unwrap()]).envs(settings);
    let mut worker = Serving::running(command);
    let (near, far) = (text(&card, "/url"), text(&other, "/url"));
    let made = post(near, "/v1/customers", text(&card, "/operator_key"), &json!({"name": "Larkfield Foods", "is_test": true})).await;
    let key = text(&made, "/api_key");
    let client = reqwest::Client::new();
    let mut files = Vec::new();
    for index in 0..8 {
        let to = if index % 2 == 0 { near } else { far };
        let put = client.post(format!("{to}/v1/files?name=n{index}.txt")).bearer_auth(key).body(format!("The number is {index}.\n"));
        files.push(Answer::of(put.send().await.unwrap()).await.expect(201).text("/id"));
    }
    // The worker has read them all, and either server tells them.
    for (index, file) in files.iter().enumerate() {
        let from = if index % 2 == 0 { far } else { near };
        until("a file that was read", async || {
            let seen = client.get(format!("{from}/v1/files/{file}")).bearer_auth(key).send().await.unwrap();
            (Answer::of(seen).await.expect(200).text("/lifecycle/status") == "active").then_some(())
        })
        .await;
    }
    for server in [near, far] {
        let verified = client.get(format!("{server}/v1/audit/verify")).bearer_auth(key).send().await.unwrap();
        assert_eq!(Answer::of(verified).await.expect(200).json()["intact"], json!(true));
    }
    assert_eq!((worker.stop().0, b.stop().0, a.stop().0), (Some(0), Some(0), Some(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_that_one_server_puts_in_force_hold_on_the_other_at_once() {
    let nodes = Nodes::start().await;
    let call = nodes.on_the_line().await;
    let key = &nodes.tenant.key;
    let files = async |world: &World| world.get("/v1/files", &call.token).await.expect(200).json()["files"].as_array().unwrap().len();
    for (number, (text, seen)) in
        [(r#"@id("blind") forbid (principal is User, action, resource is File);"#, 0), ("", 1)].into_iter().enumerate()
    {
        let body = json!({"policies": [{"name": "own.cedar", "text": text}]});
        nodes.a.post("/v1/policies", key, &body).await.expect(201);
        nodes.a.post(&format!("/v1/policies/{}/activate", number + 1), key, &Value::Null).await.expect(204);
        assert_eq!((files(&nodes.b).await, files(&nodes.a).await), (seen, seen));
    }
    nodes.expect_whole_audit().await;
}
