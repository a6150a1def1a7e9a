//! A server with one of everything, and every operation that a caller, a program or a recipient has.

use reqwest::Method;
use satchel::speech::lint_line;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::support::{Answer, Ground, Tenant, World};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Find,
    Describe,
    Ask,
    Confirm,
    Code,
    Upload,
    List,
    Metadata,
    Download,
    Remove,
    OpenLink,
}

impl Op {
    pub const ALL: [Self; 11] = [
        Self::Find,
        Self::Describe,
        Self::Ask,
        Self::Confirm,
        Self::Code,
        Self::Upload,
        Self::List,
        Self::Metadata,
        Self::Download,
        Self::Remove,
        Self::OpenLink,
    ];

    /// Whether it is a tool, and with what it succeeds: its outcome, else its status.
    const fn success(self) -> (bool, &'static str) {
        match self {
            Self::Find | Self::Describe | Self::Confirm | Self::Code => (true, "done"),
            Self::Ask => (true, "confirm"),
            Self::Upload => (false, "201"),
            Self::List | Self::Metadata => (false, "200"),
            Self::Download => (false, "302"),
            Self::Remove => (false, "204"),
            Self::OpenLink => (false, "303"),
        }
    }

    /// Whether it did what it is for.
    pub fn is_done(self, answer: &Answer) -> bool {
        match self.success() {
            (true, outcome) => answer.status == 200 && answer.text("/outcome") == outcome,
            (false, status) => answer.status.to_string() == status,
        }
    }

    /// Fails the test unless the answer says that it cannot be done now, in a way that fits the door.
    pub fn expect_unavailable(self, answer: &Answer) {
        match self.success() {
            (true, _) => {
                assert_eq!((answer.status, answer.text("/outcome").as_str()), (200, "unavailable"), "{self:?}: {answer:?}");
                let code = answer.text("/data/error/code");
                assert!(matches!(code.as_str(), "unavailable" | "timeout"), "{self:?}: {code}");
                let say = answer.text("/say");
                assert!(lint_line(&say).is_ok() && !say.is_empty(), "{self:?}: `{say}`");
            }
            // A page tells nothing of its link, not even that it cannot be looked up.
            (false, _) if self == Self::OpenLink => {
                assert_eq!(answer.status, 403, "{self:?}: {answer:?}");
                assert!(answer.headers.get("location").is_none());
            }
            (false, _) => {
                assert!(matches!(answer.status, 503 | 504), "{self:?}: {answer:?}");
                let code = if answer.status == 503 { "unavailable" } else { "timeout" };
                let answer = answer.clone().expect_problem(answer.status, code);
                assert_eq!(answer.header("retry-after"), "5", "{self:?}");
            }
        }
    }
}

/// An operation with all it needs in place.
pub struct Ready {
    op: Op,
    token: String,
    /// A file to be removed, or the address of a link.
    target: String,
    code: String,
}

/// The server.
pub struct Stage {
    pub world: World,
    pub tenant: Tenant,
    owner: String,
    file: String,
}

impl Stage {
    pub async fn new() -> Self {
        Self::on(Ground::new(u64::from(std::process::id())).await).await
    }

    pub async fn on(ground: Ground) -> Self {
        Self::of(World::on(ground).await).await
    }

    pub async fn of(world: World) -> Self {
        let tenant = world.tenant("Acme").await;
        let owner = world.user(&tenant, "Nora Lind", "owner").await;
        world.person(&tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
        let file = world.file(&tenant.key, "name=quarterly.txt&title=Quarterly%20Report", b"the numbers").await;
        Self { world, tenant, owner, file }
    }

    /// The same customer and file on another server over a copy of the catalog.
    pub fn moved_to(&self, world: World) -> Self {
        Self { world, tenant: self.tenant.clone(), owner: self.owner.clone(), file: self.file.clone() }
    }

    /// Puts in place what an operation needs.
    pub async fn ready(&self, op: Op) -> Ready {
        // The page lets ten tries a minute through.
        self.world.clock.advance_seconds(10);
        let token = self.world.call(&self.tenant, &self.owner).await.token;
        let mut ready = Ready { op, token, target: String::new(), code: String::new() };
        if op == Op::Remove {
            ready.target = self.world.file(&self.tenant.key, "name=spare.txt&title=Zebra", b"spare").await;
        }
        if matches!(op, Op::Confirm | Op::Code | Op::OpenLink) {
            let asked = self.tool(&ready.token, "share_file", &self.share()).await;
            assert_eq!(asked.text("/outcome"), "confirm", "{asked:?}");
            self.world.clock.advance_seconds(30);
        }
        if matches!(op, Op::Code | Op::OpenLink) {
            let shared = self.tool(&ready.token, "confirm_action", &json!({"answer": "yes"})).await;
            ready.target = shared.text("/data/link/url");
            ready.code = shared.text("/data/code/digits");
        }
        ready
    }

    /// The same for every operation, that whose question is void soonest last.
    pub async fn all_ready(&self) -> Vec<(Op, Ready)> {
        let mut ready = Vec::new();
        for op in Op::ALL.into_iter().filter(|op| *op != Op::Confirm).chain([Op::Confirm]) {
            ready.push((op, self.ready(op).await));
        }
        ready
    }

    /// The id of the file that everything is done with.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The user who owns the customer's affairs.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    fn share(&self) -> Value {
        json!({"file": self.file, "with": "Jonas Weber"})
    }

    async fn tool(&self, token: &str, name: &str, arguments: &Value) -> Answer {
        self.world.post(&format!("/v1/tools/{name}"), token, arguments).await
    }

    /// Does it.
    pub async fn run(&self, ready: &Ready) -> Answer {
        let Ready { op, token, target, code } = ready;
        let (key, file) = (&self.tenant.key, format!("/v1/files/{}", self.file));
        match op {
            Op::Find => self.tool(token, "find_file", &json!({"query": "the quarterly report"})).await,
            Op::Describe => self.tool(token, "describe_file", &json!({"file": self.file})).await,
            Op::Ask => self.tool(token, "share_file", &self.share()).await,
            Op::Confirm => {
                let request = self.world.request(Method::POST, "/v1/tools/confirm_action", token).header("idempotency-key", "k-1");
                Answer::of(request.json(&json!({"answer": "yes"})).send().await.unwrap()).await
            }
            Op::Code => self.tool(token, "generate_access_code", &json!({"style": "words", "lifetime": "two hours"})).await,
            Op::Upload => self.world.put(key, "name=new.txt", b"new").await,
            Op::List => self.world.get("/v1/files", token).await,
            Op::Metadata => self.world.get(&file, token).await,
            Op::Download => self.world.get(&format!("{file}/content"), key).await,
            Op::Remove => self.world.delete(&format!("/v1/files/{target}"), key).await,
            Op::OpenLink => {
                let form = self.world.client.post(target).header("content-type", "application/x-www-form-urlencoded");
                Answer::of(form.body(format!("code={code}")).send().await.unwrap()).await
            }
        }
    }

    /// Fails the test unless every audit chain is whole.
    pub async fn expect_whole_audit(&self) {
        let verified = self.world.get("/v1/audit/verify", &self.world.operator).await.expect(200).json();
        assert_eq!(verified["intact"], true, "{verified}");
    }
}

/// The names of all tables but the migrations'.
pub async fn tables(database: &mut SqliteConnection) -> Vec<String> {
    let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlx%' ORDER BY name";
    sqlx::query(query).fetch_all(database).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The names of a table's columns.
pub async fn columns(database: &mut SqliteConnection, table: &str) -> Vec<String> {
    let query = format!("PRAGMA table_info({table})");
    sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(database).await.unwrap().iter().map(|row| row.get(1)).collect()
}

/// The tables that are not the same.
pub fn changed(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    before.iter().zip(after).filter(|(old, new)| old != new).map(|(old, _)| old.0.clone()).collect()
}

/// All rows of all tables, as text.
pub async fn everything(database: &mut SqliteConnection) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for table in tables(database).await {
        let columns: Vec<String> = columns(database, &table).await.iter().map(|column| format!("quote({column})")).collect();
        let query = format!("SELECT {} FROM {table} ORDER BY 1", columns.join(" || '|' || "));
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&mut *database).await.unwrap();
        found.push((table, rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")));
    }
    found
}
