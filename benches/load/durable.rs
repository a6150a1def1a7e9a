//! Operations that are on disk when they are answered, beside a bare commit to the same kind of database.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::client::Client;
use crate::pace::{Seen, Went, closed};
use crate::report::{Report, ms};
use crate::server::{Customer, Server, folder};
use crate::{Failure, Scale};

const SECTION: &str = "durable operations";
/// Rows of one commit, where several share it.
pub const GROUP: usize = 32;

struct Sender {
    client: Client,
    path: &'static str,
    token: String,
    body: Bytes,
}

async fn send(mut sender: Sender) -> Result<(Sender, Went), Failure> {
    let answer = sender.client.send(Method::POST, sender.path, &sender.token, sender.body.clone()).await?.done()?;
    let went = answer.went();
    Ok((sender, went))
}

/// Rate and latencies, as a table has them.
fn shown(seen: &Seen) -> String {
    let refused = if seen.refused > 0 { format!("; {} told to come back", seen.refused) } else { String::new() };
    format!("{:.0}/s, p50 {}, p99 {}{refused}", seen.rate(), ms(seen.percentile(50)), ms(seen.percentile(99)))
}

/// A server with a customer and its file, and what a bare durable commit costs on the same disk.
pub struct Stage {
    /// What lies on the disk, for as long as this lives.
    _dir: TempDir,
    /// Commits of one row each.
    single: Seen,
    /// Commits of [`GROUP`] rows each.
    grouped: Seen,
    pub server: Server,
    pub customer: Customer,
    pub client: Client,
    pub file: String,
}

impl Stage {
    pub async fn set(scale: Scale) -> Result<Self, Failure> {
        let dir = folder()?;
        let single = commits(dir.path(), 1, scale.time).await?;
        let grouped = commits(dir.path(), GROUP, scale.time).await?;
        let server = Server::start(&dir.path().join("data"), 1).await?;
        let customer = server.customer().await?;
        let mut client = server.client().await?;
        let file = Server::upload(&mut client, &customer, "Northwind-lease.txt", "The lease of Northwind.\n".into()).await?;
        Server::active(&mut client, &customer, &file).await?;
        Ok(Self { _dir: dir, single, grouped, server, customer, client, file })
    }

    /// Adds what was seen at so many connections, beside bare commits of as many rows.
    pub fn add(&self, report: &mut Report, section: &'static str, what: &str, connections: usize, seen: &Seen) {
        let (bare, name) = if connections == 1 { (&self.single, "one row a commit") } else { (&self.grouped, "32 rows a commit") };
        let ratio = seen.percentile(99).as_secs_f64() / bare.percentile(99).as_secs_f64();
        report.add(section, format!("{what}, {connections} at once"), shown(seen), format!("{name}: {}", shown(bare)), Some(ratio));
    }
}

pub async fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let stage = Stage::set(scale).await?;
    let (server, customer) = (&stage.server, &stage.customer);
    let person = json!({ "kind": "contact", "name": "Ida Brandt", "email": "ida@brandt.example" });
    let share = json!({ "file": "the northwind lease", "with": "Owen Price" });
    // The directory is searched by every share: it grows only after those were measured.
    for (what, path, body, as_caller) in
        [("`share_file` up to its question", "/v1/tools/share_file", share, true), ("a contact added", "/v1/people", person, false)]
    {
        for connections in [1, GROUP] {
            let tokens = if as_caller { server.calls(customer, connections).await? } else { vec![customer.key.clone(); connections] };
            let mut senders = Vec::new();
            for token in tokens {
                senders.push(Sender { client: server.client().await?, path, token, body: body.to_string().into() });
            }
            let (_, seen) = closed(senders, scale.time, send).await?;
            stage.add(report, SECTION, what, connections, &seen);
        }
    }
    stage.server.stop().await
}

/// Commits of so many rows each, one after the other, with the catalog's durability. A row's
/// latency is its commit's.
async fn commits(dir: &std::path::Path, rows: usize, time: Duration) -> Result<Seen, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(dir.join(format!("bare-{rows}.db")))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = options.connect().await?;
    sqlx::query("CREATE TABLE records (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").execute(&mut connection).await?;
    let text = "x".repeat(400);
    let begin = Instant::now();
    let mut latencies = Vec::new();
    while begin.elapsed() < time {
        let sent = Instant::now();
        commit(&mut connection, rows, &text).await?;
        latencies.extend(std::iter::repeat_n(sent.elapsed(), rows));
    }
    let seen = Seen::of(latencies, begin.elapsed());
    connection.close().await?;
    Ok(seen)
}

async fn commit(connection: &mut SqliteConnection, rows: usize, text: &str) -> Result<(), Failure> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for _ in 0..rows {
        sqlx::query("INSERT INTO records (text) VALUES ($1)").bind(text).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}
