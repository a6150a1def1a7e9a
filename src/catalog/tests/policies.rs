//! Postgres: what the role of a server sees and may do, when no verb stands between.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::fixture::{Engine, Fixture, entry, hash};
use super::world::World;
use crate::catalog::{Catalog, CatalogError, KeyOwner, PostgresSettings, WallFault};
use crate::domain::CustomerId;

/// What a server serves in all customers' name; every other table shows the house nothing.
const OF_THE_HOUSE: [&str; 8] = ["audit_heads", "customers", "deliveries", "imports", "installation", "jobs", "sweeps", "uploads"];

/// Two customers with one of everything, the second's things first.
struct Two {
    fx: Fixture,
    north: World,
    south: World,
}

impl Two {
    async fn new() -> Self {
        let fx = Fixture::open(Engine::Postgres).await;
        let (south, north) = (World::named(&fx, "Southwind").await, World::named(&fx, "Northwind").await);
        for world in [&south, &north] {
            fx.catalog.claim(world.customer, world.call, "k", "r", fx.in_seconds(-600)).await.unwrap();
        }
        fx.catalog.add_key(KeyOwner::Operator, &fx.new_key("operator"), &entry("create_key")).await.unwrap();
        fx.catalog.belong_to("mark").await.unwrap();
        Self { fx, north, south }
    }

    /// A transaction of a server's role, for whom it is said to be.
    async fn server(&self, scope: &str) -> Raw {
        let mut connection = PgConnection::connect(&self.fx.database().url()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; SET LOCAL satchel.scope = '{scope}'"))).execute(&mut connection).await.unwrap();
        Raw(connection)
    }
}

struct Raw(PgConnection);

impl Raw {
    /// How many rows a table shows, with nothing asked of them.
    async fn seen(&mut self, table: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"))).fetch_one(&mut self.0).await.unwrap()
    }

    /// Runs what must be refused; the code of the refusal. The transaction goes on.
    async fn refused(&mut self, sql: &str) -> String {
        sqlx::raw_sql("SAVEPOINT tried").execute(&mut self.0).await.unwrap();
        let error = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.0).await.expect_err(sql);
        sqlx::raw_sql("ROLLBACK TO tried").execute(&mut self.0).await.unwrap();
        error.as_database_error().and_then(|told| told.code().map(std::borrow::Cow::into_owned)).unwrap_or_default()
    }

    async fn changed(&mut self, sql: &str) -> u64 {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.0).await.unwrap().rows_affected()
    }
}

/// Every table of the database, and the column that says whose a row is.
async fn tables(fx: &Fixture) -> Vec<(String, &'static str)> {
    let mut owner = PgConnection::connect(&fx.database().owner_url()).await.unwrap();
    let rows = sqlx::query(
        "SELECT relname::text, relrowsecurity AND relforcerowsecurity AS walled FROM pg_class \
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> '_sqlx_migrations' ORDER BY relname",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    rows.iter()
        .map(|row| {
            let (table, walled): (String, bool) = (row.get(0), row.get(1));
            assert!(walled, "row-level security is not forced on `{table}`");
            let column = match table.as_str() {
                "customers" => "id",
                "audit" | "audit_heads" | "audit_checkpoints" => "chain",
                _ => "customer_id",
            };
            (table, column)
        })
        .collect()
}

#[tokio::test]
async fn every_table_is_walled_for_its_owner_too() {
    let fx = Fixture::open(Engine::Postgres).await;
    assert_eq!(tables(&fx).await.len(), 46);
}

#[tokio::test]
async fn a_file_that_was_deleted_before_deletions_had_an_instant_gets_one() {
    let two = Two::new().await;
    let gone = two.fx.active(two.north.customer, "gone").await;
    two.fx.catalog.delete_file(two.north.customer, gone, &entry("delete")).await.unwrap();
    let last = "SELECT COUNT(*) FROM files WHERE status = 'deleted' AND deleted_at IS NULL";
    let left = async || {
        let mut server = two.server(&two.north.customer.to_string()).await;
        sqlx::query_scalar::<_, i64>(last).fetch_one(&mut server.0).await.unwrap()
    };
    two.fx.damage(&format!("UPDATE files SET deleted_at = NULL WHERE id = '{gone}'")).await;
    assert_eq!(left().await, 1);
    let mut owner = Raw(PgConnection::connect(&two.fx.database().owner_url()).await.unwrap());
    sqlx::raw_sql(include_str!("../../../migrations/postgres/0010_deleted.sql")).execute(&mut owner.0).await.unwrap();
    assert_eq!(left().await, 0);
    tables(&two.fx).await;
}

#[tokio::test]
async fn nobody_sees_or_changes_anything_without_saying_for_whom() {
    let two = Two::new().await;
    let mut owner = Raw(PgConnection::connect(&two.fx.database().owner_url()).await.unwrap());
    let mut server = Raw(PgConnection::connect(&two.fx.database().url()).await.unwrap());
    for (table, _) in tables(&two.fx).await {
        assert_eq!((server.seen(&table).await, owner.seen(&table).await), (0, 0), "{table}");
    }
    for scope in ["", "nobody", "cust_", "%"] {
        let mut server = two.server(scope).await;
        for (table, _) in tables(&two.fx).await {
            assert_eq!(server.seen(&table).await, 0, "{table} to `{scope}`");
        }
        assert_eq!(server.changed("UPDATE files SET title = 'x'").await, 0);
        assert_eq!(server.changed("DELETE FROM uploads").await, 0);
    }
}

#[tokio::test]
async fn a_query_that_forgets_its_customer_finds_that_customers_rows_alone() {
    let two = Two::new().await;
    for world in [&two.north, &two.south] {
        let mut server = two.server(&world.customer.to_string()).await;
        for (table, column) in tables(&two.fx).await.into_iter().filter(|(table, _)| !["installation", "sweeps"].contains(&table.as_str()))
        {
            let whose: Vec<Option<String>> =
                sqlx::query_scalar(AssertSqlSafe(format!("SELECT {column} FROM {table}"))).fetch_all(&mut server.0).await.unwrap();
            assert!(!whose.is_empty(), "there is something in `{table}`");
            assert!(whose.iter().all(|whose| *whose == Some(world.customer.to_string())), "{table}: {whose:?}");
        }
        // The same by way of another table, and in the other's words.
        for sql in [
            "SELECT COUNT(*) FROM files f JOIN blobs b ON TRUE JOIN shares s ON TRUE WHERE f.customer_id <> b.customer_id OR s.customer_id <> f.customer_id",
            "SELECT COUNT(*) FROM (SELECT customer_id FROM links UNION SELECT customer_id FROM codes UNION SELECT id FROM customers) all_of_them OFFSET 1",
        ] {
            let rows: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&mut server.0).await.unwrap();
            assert!(rows.iter().all(|count| *count == 0), "{sql}");
        }
    }
}

#[tokio::test]
async fn a_change_that_forgets_its_customer_leaves_the_others_as_they_were() {
    let two = Two::new().await;
    let (north, south) = (two.north.customer, two.south.customer);
    let before = two.south.asked_by(&two.fx.catalog, south).await;
    let mut server = two.server(&north.to_string()).await;
    for sql in [
        "UPDATE files SET title = 'x', summary = 'x'",
        "UPDATE calls SET ended_at = 1",
        "UPDATE codes SET voided_at = 1",
        "UPDATE shares SET revoked_at = 1",
        "UPDATE api_keys SET revoked_at = 1",
        "UPDATE audit_heads SET hash = 'x'",
        "UPDATE jobs SET state = 'done'",
        "DELETE FROM uploads",
        "DELETE FROM call_pending",
    ] {
        assert!(server.changed(sql).await > 0, "{sql}");
    }
    server.changed("COMMIT").await;
    assert_eq!(two.south.asked_by(&two.fx.catalog, south).await, before);
}

#[tokio::test]
async fn nothing_is_written_for_another_customer() {
    let two = Two::new().await;
    let (south, mut server) = (two.south.customer, two.server(&two.north.customer.to_string()).await);
    for sql in [
        format!("INSERT INTO people (id, customer_id, name, roles, created_at) VALUES ('user_x', '{south}', 'x', '[]', 1)"),
        format!(
            "INSERT INTO customers (id, name, is_test, created_at) VALUES ('{}', 'x', 0, 1)",
            CustomerId::new(&*two.fx.clock, &*two.fx.entropy)
        ),
        format!("INSERT INTO audit (chain, seq, record, hash) VALUES ('{south}', 99, '{{}}', 'x')"),
        "INSERT INTO audit (chain, seq, record, hash) VALUES ('system', 99, '{}', 'x')".to_owned(),
        "INSERT INTO api_keys (id, customer_id, secret_hash, label, permissions, created_at) VALUES ('key_x', NULL, 'x', 'x', '[]', 1)"
            .to_owned(),
        // A row that is handed over.
        format!("UPDATE files SET customer_id = '{south}'"),
        format!("UPDATE jobs SET customer_id = '{south}'"),
    ] {
        assert_eq!(server.refused(&sql).await, "42501", "{sql}");
    }
}

#[tokio::test]
async fn the_role_of_a_server_cannot_take_the_walls_down() {
    let two = Two::new().await;
    let mut server = two.server(&two.north.customer.to_string()).await;
    let (owner,): (String,) =
        sqlx::query_as("SELECT tableowner::text FROM pg_tables WHERE tablename = 'files'").fetch_one(&mut server.0).await.unwrap();
    for sql in [
        format!("SET ROLE {owner}"),
        format!("SET SESSION AUTHORIZATION {owner}"),
        format!("GRANT {owner} TO CURRENT_USER"),
        "ALTER ROLE CURRENT_USER BYPASSRLS".to_owned(),
        "ALTER TABLE files DISABLE ROW LEVEL SECURITY".to_owned(),
        "ALTER TABLE files NO FORCE ROW LEVEL SECURITY".to_owned(),
        "DROP POLICY of_customer ON files".to_owned(),
        "CREATE POLICY open ON files USING (TRUE)".to_owned(),
        "CREATE VIEW all_files AS SELECT * FROM files".to_owned(),
        "CREATE TABLE mine (id TEXT)".to_owned(),
        "SET LOCAL row_security = off; SELECT * FROM files".to_owned(),
        // What was recorded stays.
        "UPDATE audit SET record = '{}'".to_owned(),
        "DELETE FROM audit".to_owned(),
        "TRUNCATE audit".to_owned(),
        "DROP TABLE audit".to_owned(),
        "DELETE FROM versions".to_owned(),
        "UPDATE customers SET name = 'x'".to_owned(),
        "UPDATE shares SET recipient_id = recipient_id".to_owned(),
        "DELETE FROM _sqlx_migrations".to_owned(),
    ] {
        assert_eq!(server.refused(&sql).await, "42501", "{sql}");
    }
    assert_eq!(server.changed("DELETE FROM audit_heads").await, 0, "the head of a chain stays");
}

#[tokio::test]
async fn a_secret_shows_the_one_row_that_has_it() {
    let two = Two::new().await;
    for (secret, table) in
        [("key of Northwind", "api_keys"), ("token of Northwind", "calls"), ("slug of Northwind", "links"), ("guess", "")]
    {
        let mut server = two.server(&hash(secret)).await;
        for (other, _) in tables(&two.fx).await {
            assert_eq!(server.seen(&other).await, i64::from(other == table), "{other} to `{secret}`");
        }
        assert_eq!(server.changed("UPDATE calls SET ended_at = 1").await, 0);
        assert_eq!(server.changed("UPDATE links SET downloads = 0").await, 0);
        assert_eq!(server.changed("UPDATE api_keys SET revoked_at = 1").await, 0);
    }
}

#[tokio::test]
async fn the_house_sees_who_is_there_and_what_is_to_do_and_nothing_of_them() {
    let two = Two::new().await;
    let mut server = two.server("house").await;
    let seen: BTreeSet<String> = {
        let mut seen = BTreeSet::new();
        for (table, _) in tables(&two.fx).await {
            if server.seen(&table).await > 0 {
                seen.insert(table);
            }
        }
        seen
    };
    assert_eq!(seen, OF_THE_HOUSE.map(str::to_owned).into());
    assert_eq!(server.changed("UPDATE customers SET change_seq = 0").await, 0);
    assert_eq!(server.changed("UPDATE audit_heads SET seq = 0").await, 0);
    assert_eq!(server.changed("DELETE FROM uploads").await, 0);
}

#[tokio::test]
async fn a_server_does_not_start_where_the_walls_would_not_hold() {
    let two = Two::new().await;
    let (database, role) = (two.fx.database(), "satchel_test_server");
    let connect = async |settings: PostgresSettings| match Catalog::connect(&settings, two.fx.clock.clone(), two.fx.entropy.clone()).await {
        Ok(_) => None,
        Err(CatalogError::Walls(fault)) => Some(fault),
        Err(other) => panic!("{other:?}"),
    };
    // Without its owner, as a server that was set up before.
    let serving = || PostgresSettings { owner_url: None, ..database.settings() };
    assert_eq!(connect(serving()).await, None);
    let owner = connect(PostgresSettings { url: database.owner_url(), ..serving() }).await;
    assert!(matches!(owner, Some(WallFault::Powerful { .. })), "{owner:?}");
    let owns = format!("satchel_test_owns_{}", &two.fx.secret()[..12]);
    for (down, up, fault) in [
        (
            "ALTER TABLE files NO FORCE ROW LEVEL SECURITY".to_owned(),
            "ALTER TABLE files FORCE ROW LEVEL SECURITY".to_owned(),
            WallFault::Open { table: "files" },
        ),
        (
            "ALTER TABLE calls DISABLE ROW LEVEL SECURITY".to_owned(),
            "ALTER TABLE calls ENABLE ROW LEVEL SECURITY".to_owned(),
            WallFault::Open { table: "calls" },
        ),
        (
            "CREATE POLICY open ON codes USING (TRUE)".to_owned(),
            "DROP POLICY open ON codes".to_owned(),
            WallFault::Leaking { table: "codes" },
        ),
        (
            format!("GRANT UPDATE ON audit TO {role}"),
            format!("REVOKE UPDATE ON audit FROM {role}"),
            WallFault::Audit { role: role.to_owned() },
        ),
        (
            format!(
                "CREATE ROLE {owns} NOLOGIN; GRANT {owns} TO CURRENT_USER, {role}; GRANT CREATE ON SCHEMA public TO {owns}; ALTER TABLE people OWNER TO {owns}"
            ),
            format!("ALTER TABLE people OWNER TO CURRENT_USER; DROP OWNED BY {owns}; DROP ROLE {owns}"),
            WallFault::Owner { role: role.to_owned(), table: "people" },
        ),
    ] {
        database.run(&down).await;
        let found = connect(serving()).await;
        database.run(&up).await;
        assert_eq!(found, Some(fault), "{down}");
        assert_eq!(connect(serving()).await, None, "{up}");
    }
}

#[tokio::test]
async fn tables_of_another_release_are_refused_and_the_owner_brings_them_up_to_date() {
    let fx = Fixture::open(Engine::Postgres).await;
    let settings = fx.database().settings();
    let without_owner = PostgresSettings { owner_url: None, ..settings.clone() };
    let connect = async |settings: &PostgresSettings| Catalog::connect(settings, fx.clock.clone(), fx.entropy.clone()).await.map(drop);
    fx.database().run("UPDATE _sqlx_migrations SET checksum = '\\x00'").await;
    assert!(matches!(connect(&without_owner).await, Err(CatalogError::Outdated)));
    assert!(matches!(connect(&settings).await, Err(CatalogError::Migration(_))), "what was changed by hand is nobody's to mend");
}
