//! What a durable operation costs: an audit record through the catalog, alone and 32 at once, beside
//! a bare commit of one row by the same engine with the same settings.
//!
//! `cargo bench --bench catalog`

#![expect(missing_docs, clippy::expect_used, reason = "the macros of a bench make functions of their own; one that cannot go on ends")]

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use satchel::catalog::Catalog;
use satchel::domain::{Actor, AuditEntry, CustomerId, Decision, Door, SystemClock, SystemEntropy};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::runtime::Runtime;

/// Operations that wait together.
const AT_ONCE: usize = 32;

fn entry() -> AuditEntry {
    AuditEntry {
        actor: Actor::Operator,
        call: None,
        door: Door::Http,
        source: Some("192.0.2.7".to_owned()),
        action: "bench",
        object: None,
        version: None,
        content_hash: None,
        decision: Decision::Allow,
        policy: Some("owner".to_owned()),
        outcome: "done",
        reason: None,
    }
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

criterion_group!(benches, durable);
criterion_main!(benches);
