//! A catalog that moves from a folder to a server.

use super::fixture::{Engine, Fixture, conflicts, entry};
use super::world::World;
use crate::catalog::{Comparison, KeyOwner, TableComparison};

/// A catalog in a folder with two customers, and an empty one on a server.
struct Move {
    from: Fixture,
    to: Fixture,
    north: World,
    south: World,
}

impl Move {
    async fn new() -> Self {
        let (from, to) = (Fixture::open(Engine::Sqlite).await, Fixture::open(Engine::Postgres).await);
        let (south, north) = (World::named(&from, "Southwind").await, World::named(&from, "Northwind").await);
        from.catalog.add_key(KeyOwner::Operator, &from.new_key("operator"), &entry("create_key")).await.unwrap();
        from.catalog.belong_to("mark").await.unwrap();
        Self { from, to, north, south }
    }

    async fn done() -> Self {
        let moved = Self::new().await;
        assert!(moved.from.catalog.move_to(&moved.to.catalog).await.unwrap().is_same());
        moved
    }

    async fn compared(&self) -> Comparison {
        self.from.catalog.compare_with(&self.to.catalog).await.unwrap()
    }
}

fn differing(comparison: &Comparison) -> Vec<&TableComparison> {
    comparison.tables.iter().filter(|table| table.differs_at.is_some()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_answers_there_as_it_did_here() {
    let moved = Move::new().await;
    let comparison = moved.from.catalog.move_to(&moved.to.catalog).await.unwrap();
    assert!(comparison.is_same(), "{comparison:?}");
    assert!(comparison.tables.iter().all(|table| table.rows > 0 || table.table == "idempotency"), "{comparison:?}");
    assert_eq!(comparison.chains.len(), 3, "two customers and the system");
    for world in [&moved.north, &moved.south] {
        let there = world.asked_by(&moved.to.catalog, world.customer).await;
        assert_eq!(there, world.asked_by(&moved.from.catalog, world.customer).await);
    }
    let there = moved.north.asked_by_nobody(&moved.to, &moved.to.catalog).await;
    assert_eq!(there, moved.north.asked_by_nobody(&moved.from, &moved.from.catalog).await);
    assert_eq!(moved.compared().await, comparison);
    // It goes on there.
    moved.to.catalog.record(moved.north.customer, &entry("look")).await.unwrap();
    assert_eq!(moved.to.catalog.verify_chain(&moved.north.customer.to_string()).await.unwrap().fault, None);
    let later = moved.compared().await;
    assert_eq!(differing(&later).iter().map(|table| table.table).collect::<Vec<_>>(), ["audit", "audit_heads"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_empty_is_left_as_it_is() {
    let moved = Box::pin(Move::done()).await;
    assert!(conflicts(moved.from.catalog.move_to(&moved.to.catalog).await));
    let served = Fixture::open(Engine::Postgres).await;
    served.catalog.belong_to("another").await.unwrap();
    assert!(conflicts(moved.from.catalog.move_to(&served.catalog).await));
    assert!(conflicts(moved.to.catalog.move_to(&served.catalog).await), "only out of a folder");
    assert!(conflicts(moved.from.catalog.move_to(&moved.from.catalog).await), "only to a server");
    assert_eq!(served.catalog.customers().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_differs_afterwards_is_named() {
    let moved = Box::pin(Move::done()).await;
    let (file, call) = (moved.north.file.to_string(), moved.south.call.to_string());
    let first = if moved.south.customer.to_string() < moved.north.customer.to_string() { &moved.south } else { &moved.north };
    for (there, back, table, key) in [
        (
            format!("UPDATE files SET summary = 'x' WHERE id = '{file}'"),
            format!("UPDATE files SET summary = 'Revenue rose by a tenth.' WHERE id = '{file}'"),
            "files",
            file.clone(),
        ),
        (
            format!("UPDATE calls SET listing = listing + 1 WHERE id = '{call}'"),
            format!("UPDATE calls SET listing = listing - 1 WHERE id = '{call}'"),
            "calls",
            call.clone(),
        ),
        (
            // Of each customer the one code that opens a link.
            "CREATE TABLE kept AS SELECT * FROM codes WHERE caller_number IS NULL; DELETE FROM codes WHERE caller_number IS NULL"
                .to_owned(),
            "INSERT INTO codes SELECT * FROM kept; DROP TABLE kept".to_owned(),
            "codes",
            first.code.to_string(),
        ),
    ] {
        moved.to.damage(&there).await;
        let compared = moved.compared().await;
        assert!(!compared.is_same());
        let found: Vec<_> = differing(&compared).iter().map(|table| (table.table, table.differs_at.clone().unwrap())).collect();
        assert_eq!(found, [(table, key)], "{there}");
        moved.to.damage(&back).await;
        assert!(moved.compared().await.is_same(), "{back}");
    }
    moved.to.damage(&format!("UPDATE audit SET record = record || ' ' WHERE chain = '{}' AND seq = 3", moved.north.customer)).await;
    let compared = moved.compared().await;
    assert_eq!(compared.chains.iter().filter(|chain| chain.fault.is_some()).count(), 1, "the chain says so by itself");
}

#[tokio::test]
async fn both_engines_have_the_same_migrations_and_the_same_columns() {
    let of = |folder: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(of("sqlite"), of("postgres"));
    let moved = Move::new().await;
    // Every table of the one is moved, and has the same columns in the other.
    assert_eq!(moved.from.columns().await, moved.to.columns().await);
}
