//! Postgres: three things keep customers apart, and each does so when the others are taken away. That policies do
//! where a statement forgets its customer is in `policies.rs`.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::fixture::{Engine, Fixture, entry};
use super::walls;
use super::world::World;

/// A catalog whose statements and references are all that keeps customers apart.
async fn without_policies() -> Fixture {
    let fx = Fixture::open(Engine::Postgres).await;
    fx.database()
        .run(
            "DO $$ DECLARE of regclass; BEGIN FOR of IN SELECT oid FROM pg_class WHERE relrowsecurity LOOP \
             EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', of); END LOOP; END $$",
        )
        .await;
    fx
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_alone_keep_what_one_customer_has_from_another() {
    walls::what_one_customer_has_is_nothing_to_another(&without_policies().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_alone_keep_one_customer_from_changing_another() {
    Box::pin(walls::what_one_customer_does_leaves_another_as_it_was(&without_policies().await)).await;
}

#[tokio::test]
async fn references_alone_keep_a_row_from_pointing_to_another_customers() {
    let fx = without_policies().await;
    let (north, south) = (World::named(&fx, "Northwind").await, World::named(&fx, "Southwind").await);
    for world in [&north, &south] {
        fx.catalog.claim(world.customer, world.call, "k", "r", fx.in_seconds(-600)).await.unwrap();
    }
    // A call has one question: this one must not stand in the way of the other's.
    fx.catalog.drop_pending(north.customer, north.call, north.pending, &entry("drop")).await.unwrap();
    let mut owner = PgConnection::connect(&fx.database().owner_url()).await.unwrap();
    // Nor must a message's one place in the queue.
    sqlx::query("DELETE FROM deliveries WHERE customer_id = $1").bind(north.customer.to_string()).execute(&mut owner).await.unwrap();
    // Every reference there is but those to the customer itself: its name, both tables, and the columns of each.
    let references: Vec<(String, String, String, Vec<String>, Vec<String>)> = sqlx::query_as(
        "SELECT c.conname::text, c.conrelid::regclass::text, c.confrelid::regclass::text, \
         ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, i) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i), \
         ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, i) JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.i) \
         FROM pg_constraint c WHERE c.contype = 'f' AND c.confrelid <> 'customers'::regclass ORDER BY c.conname",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(references.len() > 15, "{references:?}");
    for (name, from, to, columns, keys) in references {
        let [("customer_id", "customer_id"), rest @ ..] =
            &*columns.iter().zip(&keys).map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>()
        else {
            panic!("`{name}` does not hold to one customer");
        };
        let (columns, keys): (Vec<&str>, Vec<&str>) = rest.iter().copied().unzip();
        let sql = format!(
            "UPDATE {from} SET ({}) = ROW(k.*) FROM (SELECT {} FROM {to} WHERE customer_id = '{}' LIMIT 1) k \
             WHERE customer_id = '{}' AND {from}.ctid = (SELECT MIN(ctid) FROM {from} WHERE customer_id = '{}')",
            columns.join(", "),
            keys.join(", "),
            north.customer,
            south.customer,
            south.customer
        );
        let error = sqlx::raw_sql(AssertSqlSafe(sql.as_str())).execute(&mut owner).await.expect_err(&sql);
        let told = error.as_database_error().unwrap();
        assert_eq!(told.code().as_deref(), Some("23503"), "{sql}: {told}");
    }
}
