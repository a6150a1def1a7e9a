//! What a durable operation costs: an audit record through the catalog, alone and 32 at once, beside
//! a bare commit of one row by the same engine with the same settings.
//!
//! `cargo bench --bench catalog`

#![expect(missing_docs, clippy::expect_used, reason = "the macros of a bench make functions of their own; one that cannot go on ends")]

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use satchel::catalog::{Catalog, PostgresSettings};
use satchel::domain::{Actor, AuditEntry, CustomerId, Decision, Door, Origin, SystemClock, SystemEntropy};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::runtime::Runtime;

/// Operations that wait together.
const AT_ONCE: usize = 32;

fn entry() -> AuditEntry {
    let origin = Origin { address: Some("192.0.2.7".to_owned()), ..Door::Http.into() };
    AuditEntry { decision: Decision::Allow, policy: Some("owner".to_owned()), ..AuditEntry::new(Actor::Operator, &origin, "bench", "done") }
}

fn durable(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let mut group = criterion.benchmark_group("durable");

    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut bare = runtime.block_on(options.connect()).expect("a database");
    runtime.block_on(sqlx::query("CREATE TABLE notes (text TEXT)").execute(&mut bare)).expect("a table");
    group.throughput(Throughput::Elements(1));
    group.bench_function("a bare commit of one row", |bencher| {
        let row = "x".repeat(600);
        bencher.iter(|| runtime.block_on(sqlx::query("INSERT INTO notes VALUES ($1)").bind(&row).execute(&mut bare)).expect("a commit"));
    });

    let catalog =
        runtime.block_on(Catalog::open(&folder.path().join("catalog"), Arc::new(SystemClock), Arc::new(SystemEntropy))).expect("a catalog");
    let (customer, entry) = (CustomerId::new(&SystemClock, &SystemEntropy), entry());
    group.bench_function("one record", |bencher| {
        bencher.iter(|| runtime.block_on(catalog.record(customer, &entry)).expect("a record"));
    });
    group.throughput(Throughput::Elements(AT_ONCE as u64));
    group.bench_function("32 records at once", |bencher| {
        bencher.iter(|| {
            let all = runtime.block_on(join_all((0..AT_ONCE).map(|_| catalog.record(customer, &entry))));
            assert!(all.iter().all(Result::is_ok));
        });
    });
    group.finish();
    runtime.block_on(catalog.close());
}

/// The same on Postgres, where `SATCHEL_TEST_POSTGRES` names a server whose owner may make databases.
fn durable_on_a_server(criterion: &mut Criterion) {
    let Some(server) = std::env::var_os("SATCHEL_TEST_POSTGRES").and_then(|address| address.into_string().ok()) else { return };
    let runtime = Runtime::new().expect("a runtime");
    let name = format!("satchel_bench_{}", std::process::id());
    let mut owner_url = url::Url::parse(&server).expect("an address");
    let mut admin = runtime.block_on(PgConnection::connect(&server)).expect("a server");
    runtime.block_on(sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin)).expect("a database");
    owner_url.set_path(&name);
    let mut url = owner_url.clone();
    url.set_username("satchel_test_server").and_then(|()| url.set_password(Some("test"))).expect("a role");
    let settings = PostgresSettings { url: url.into(), owner_url: Some(owner_url.to_string()), connections: 16 };
    let mut group = criterion.benchmark_group("durable on a server");

    let mut bare = runtime.block_on(PgConnection::connect(owner_url.as_str())).expect("a connection");
    runtime.block_on(sqlx::raw_sql("CREATE TABLE notes (text TEXT)").execute(&mut bare)).expect("a table");
    group.throughput(Throughput::Elements(1));
    group.bench_function("a bare commit of one row", |bencher| {
        let row = "x".repeat(600);
        bencher.iter(|| runtime.block_on(sqlx::query("INSERT INTO notes VALUES ($1)").bind(&row).execute(&mut bare)).expect("a commit"));
    });
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let catalog = runtime.block_on(Catalog::connect(&settings, clock, entropy)).expect("a catalog");
    let (entry, customers) = (entry(), [(); AT_ONCE].map(|()| CustomerId::new(&SystemClock, &SystemEntropy)));
    group.bench_function("one record", |bencher| {
        bencher.iter(|| runtime.block_on(catalog.record(customers[0], &entry)).expect("a record"));
    });
    group.bench_function("one read", |bencher| {
        bencher.iter(|| runtime.block_on(catalog.customer(customers[0])).expect("an answer"));
    });
    group.throughput(Throughput::Elements(AT_ONCE as u64));
    for (name, several) in [("32 records of one customer at once", false), ("32 records of 32 customers at once", true)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let records = customers.iter().map(|customer| catalog.record(if several { *customer } else { customers[0] }, &entry));
                assert!(runtime.block_on(join_all(records)).iter().all(Result::is_ok));
            });
        });
    }
    group.finish();
    runtime.block_on(async {
        catalog.close().await;
        bare.close().await.expect("an end");
        sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name}"))).execute(&mut admin).await.expect("no database");
    });
}

criterion_group!(benches, durable, durable_on_a_server);
criterion_main!(benches);
