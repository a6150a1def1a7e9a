//! One of several worker processes on one database, killed while it has a job: the job is nobody else's for as long as
//! the worker lives, passes to another one when the lease ends, and is done once.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tempfile::TempDir;

use crate::cli::program::{FREE_PORTS, Serving, post, satchel, text};
use crate::faults::proxy::{Fault, Proxy};
use crate::nodes::serving;
use crate::support::{Answer, Database, until};

/// The lease of these workers, in seconds: the shortest there is.
const LEASE: i64 = 3;

/// A job as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    stage: String,
    state: String,
    attempts: i64,
    /// Microseconds since 1970.
    leased_until: i64,
}

/// A server without workers; the store that it serves, with a proxy before it; and one customer.
struct Place {
    folder: TempDir,
    server: Serving,
    url: String,
    key: String,
    customer: String,
    settings: Vec<(&'static str, String)>,
    store: String,
    proxy: Proxy,
    client: reqwest::Client,
    // Last, so that the database outlives who uses it.
    database: Database,
}

impl Place {
    async fn new() -> Self {
        let (folder, database) = (tempfile::tempdir().unwrap(), Database::new().await);
        let data = folder.path().join("server");
        let (server, card) = serving(
            &data,
            &[
                ("SATCHEL__CATALOG__URL", &database.url()),
                ("SATCHEL__CATALOG__OWNER_URL", &database.owner_url()),
                ("SATCHEL__WORKERS__COUNT", "0"),
            ],
        )
        .await;
        let secrets: Value = serde_json::from_slice(&fs::read(data.join("secrets.json")).unwrap()).unwrap();
        let settings = vec![
            ("SATCHEL__CATALOG__URL", database.url()),
            ("SATCHEL__DATA__SECRET", text(&secrets, "/server_secret").to_owned()),
            ("SATCHEL__STORE__ACCESS_KEY", text(&secrets, "/store_access_key").to_owned()),
            ("SATCHEL__STORE__SECRET_KEY", text(&secrets, "/store_secret_key").to_owned()),
            ("SATCHEL__STORE__PATH_STYLE", "true".to_owned()),
            ("SATCHEL__WORKERS__COUNT", "1".to_owned()),
            ("SATCHEL__WORKERS__LEASE_SECONDS", LEASE.to_string()),
        ];
        let store = text(&card, "/bytes_url").to_owned();
        let proxy = Proxy::before(store.strip_prefix("http://").unwrap().parse().unwrap()).await;
        let url = text(&card, "/url").to_owned();
        let made = post(&url, "/v1/customers", text(&card, "/operator_key"), &json!({"name": "Larkfield Foods", "is_test": true})).await;
        let (key, customer) = (text(&made, "/api_key").to_owned(), text(&made, "/customer_id").to_owned());
        Self { folder, server, url, key, customer, settings, store, proxy, client: reqwest::Client::new(), database }
    }

    /// A worker that reaches the store at this address.
    fn worker(&self, name: &str, store: &str) -> Serving {
        let mut command = satchel();
        command.args(["worker", "--data", self.folder.path().join(name).to_str().unwrap()]);
        command.envs(self.settings.iter().map(|(name, value)| (name, value))).env("SATCHEL__STORE__ENDPOINT", store);
        Serving::running(command)
    }

    /// A worker whose requests to the store the test may hold up.
    fn watched(&self, name: &str) -> Serving {
        self.worker(name, &format!("http://{}", self.proxy.address))
    }

    /// A file whose bytes are its own.
    async fn upload(&self, name: &str) -> String {
        let put = self.client.post(format!("{}/v1/files?name={name}.txt", self.url)).bearer_auth(&self.key);
        Answer::of(put.body(format!("The number is {name}.\n")).send().await.unwrap()).await.expect(201).text("/id")
    }

    /// Waits until a file was read. Its row is looked at: to ask for it would be recorded.
    async fn read(&self, file: &str) {
        let status = format!("SELECT status FROM files WHERE id = '{file}'");
        until("a file that was read", async || (self.rows::<(String,)>(&status).await[0].0 == "active").then_some(())).await;
    }

    /// What the database has for the customer.
    async fn rows<T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin>(&self, sql: &str) -> Vec<T> {
        let mut connection = PgConnection::connect(&self.database.url()).await.unwrap();
        let scope = format!("BEGIN; SET LOCAL satchel.scope = '{}'", self.customer);
        sqlx::raw_sql(AssertSqlSafe(scope)).execute(&mut connection).await.unwrap();
        sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap()
    }

    /// The jobs of a file, one for each stage so far.
    async fn jobs(&self, file: &str) -> Vec<Row> {
        let found =
            format!("SELECT kind, state, attempts, COALESCE(leased_until, 0) FROM jobs WHERE file_id = '{file}' ORDER BY kind = 'read'");
        let found: Vec<(String, String, i64, i64)> = self.rows(&found).await;
        let kinds: Vec<&str> = found.iter().map(|row| row.0.as_str()).collect();
        assert!(matches!(*kinds, ["scan"] | ["scan", "read"]), "{found:?}");
        found.into_iter().map(|(stage, state, attempts, leased_until)| Row { stage, state, attempts, leased_until }).collect()
    }

    /// The stage that a file is at.
    async fn job(&self, file: &str) -> Row {
        self.jobs(file).await.pop().unwrap()
    }

    /// Numbers given out in the customer's feed of changes.
    async fn changes(&self) -> i64 {
        self.rows::<(i64,)>("SELECT change_seq FROM customers").await[0].0
    }

    /// What was recorded of a file.
    async fn records(&self, file: &str) -> Vec<(String, String)> {
        let all = self.client.get(format!("{}/v1/audit?limit=1000", self.url)).bearer_auth(&self.key).send().await.unwrap();
        let all = Answer::of(all).await.expect(200).json();
        let of = all["records"].as_array().unwrap().iter().filter(|record| record.to_string().contains(file));
        of.map(|record| (text(record, "/action").to_owned(), text(record, "/outcome").to_owned())).collect()
    }

    async fn expect_whole_audit(&self) {
        let verified = self.client.get(format!("{}/v1/audit/verify", self.url)).bearer_auth(&self.key).send().await.unwrap();
        assert_eq!(Answer::of(verified).await.expect(200).json()["intact"], json!(true));
    }
}

fn kill(worker: &mut Serving) {
    assert!(Command::new("kill").args(["-KILL", &worker.pid().to_string()]).status().unwrap().success());
    assert_eq!(worker.stop().0, None, "it was killed, and did not end by itself");
}

/// What a file leaves behind that one worker read from beginning to end.
struct Undisturbed {
    records: Vec<(String, String)>,
    changes: i64,
}

/// Kills a worker when it waits for the store at its n-th request of a job, from 0. Gives whether it was killed: a job has
/// an end. Another one does the rest.
async fn killed_at(place: &Place, request: usize, expected: &Undisturbed) -> bool {
    let name = format!("k{request}");
    let mut worker = place.watched(&format!("{name}-first"));
    // It works, and has looked through the store as each does at its start.
    place.read(&place.upload(&format!("{name}-warm")).await).await;
    let changes = place.changes().await;
    place.proxy.plan(Fault::Stall, request..usize::MAX);
    let file = place.upload(&name).await;
    let was_held = until("a worker that waits or is done", async || {
        // Read in this order: a job that is done while it is looked at asks for nothing more.
        let (waits, job) = (place.proxy.seen() > request, place.job(&file).await);
        (job.state == "done" || waits && job.state == "leased").then_some(job.state == "leased")
    })
    .await;
    let mut other = None;
    if was_held {
        let first = place.job(&file).await;
        assert_eq!((first.state.as_str(), first.attempts), ("leased", 1));
        other = Some(place.worker(&format!("{name}-second"), &place.store));
        // For longer than a lease it is not taken from one that lives.
        until("a lease that was renewed", async || {
            (place.job(&file).await.leased_until > first.leased_until + LEASE * 1_000_000).then_some(())
        })
        .await;
        assert_eq!(place.job(&file).await.attempts, 1);
        kill(&mut worker);
        assert_eq!(place.job(&file).await.state, "leased", "nobody gave it back");
        place.read(&file).await;
        let done = |stage: &str| Row {
            stage: stage.to_owned(),
            state: "done".to_owned(),
            attempts: if stage == first.stage { 2 } else { 1 },
            leased_until: 0,
        };
        assert_eq!(place.jobs(&file).await, [done("scan"), done("read")], "the stage that was cut off is done again, and no other");
    }
    place.proxy.heal();
    assert_eq!(place.records(&file).await, expected.records, "killed at request {request}");
    assert_eq!(place.changes().await - changes, expected.changes, "killed at request {request}");
    let mut last = other.unwrap_or(worker);
    assert_eq!(last.stop().0, Some(0));
    was_held
}

/// Kills at these requests, until a job has no further one; how often.
async fn killed(requests: impl IntoIterator<Item = usize>) -> usize {
    let mut place = Place::new().await;
    let mut worker = place.watched("undisturbed");
    let changes = place.changes().await;
    let file = place.upload("undisturbed").await;
    place.read(&file).await;
    let expected = Undisturbed { records: place.records(&file).await, changes: place.changes().await - changes };
    let actions: Vec<&str> = expected.records.iter().map(|(action, _)| action.as_str()).collect();
    assert!(actions == ["add", "scan", "admit"] && expected.changes > 0, "{actions:?}");
    assert_eq!(worker.stop().0, Some(0));
    let mut kills = 0;
    for request in requests {
        if !killed_at(&place, request, &expected).await {
            break;
        }
        kills += 1;
    }
    place.expect_whole_audit().await;
    assert_eq!(place.server.stop().0, Some(0));
    kills
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_a_worker_that_was_killed_is_done_once_by_another() {
    assert_eq!(killed([0]).await, 1);
}

#[test]
fn a_lease_that_is_too_short_is_refused() {
    let mut command = satchel();
    command.args(["serve", "--data", tempfile::tempdir().unwrap().path().join("data").to_str().unwrap()]).args(FREE_PORTS);
    let ended = command.env("SATCHEL__WORKERS__LEASE_SECONDS", "2").output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.code() == Some(2) && said.contains("`workers.lease_seconds`") && said.contains("3 to 3600 seconds"), "{said}");
}

mod long {
    use super::killed;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_a_worker_is_killed_at_each_request_that_a_job_makes_of_the_store() {
        const MOST: usize = 20;
        let kills = killed(0..MOST).await;
        assert!(kills > 1 && kills < MOST, "{kills} kills");
        eprintln!("killed at each of {kills} requests to the store");
    }
}
