//! A Postgres database for one test: made by the owner of its tables, used as a role that owns
//! nothing, gone with the test.

use std::thread;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::catalog::PostgresSettings;
use crate::domain::{SystemEntropy, random_bytes};

/// The role that tests serve as, in every database.
const ROLE: &str = "satchel_test_server";

/// A database of a test's own.
pub(super) struct Database {
    name: String,
    server: String,
}

impl Database {
    /// An empty one.
    pub async fn new() -> Self {
        let server = std::env::var_os("SATCHEL_TEST_POSTGRES").and_then(|address| address.into_string().ok());
        let server = server.expect("`SATCHEL_TEST_POSTGRES` is not set: run the tests with ./test, which starts a Postgres");
        let name = format!("satchel_test_{}", hex::encode(random_bytes::<8>(&SystemEntropy)));
        run(&server, &format!("CREATE DATABASE {name}")).await;
        Self { name, server }
    }

    /// This database as the role with this name and password, or as the owner.
    fn address(&self, role: Option<(&str, &str)>) -> String {
        let mut address = url::Url::parse(&self.server).unwrap();
        address.set_path(&self.name);
        if let Some((role, password)) = role {
            address.set_username(role).unwrap();
            address.set_password(Some(password)).unwrap();
        }
        address.into()
    }

    /// As the owner of the tables.
    pub fn owner_url(&self) -> String {
        self.address(None)
    }

    /// As the role that serves.
    pub fn url(&self) -> String {
        self.address(Some((ROLE, "test")))
    }

    /// What a server of this database is set to.
    pub fn settings(&self) -> PostgresSettings {
        PostgresSettings { url: self.url(), owner_url: Some(self.owner_url()), connections: 8 }
    }

    /// Runs statements as the owner of the tables.
    pub async fn run(&self, sql: &str) {
        run(&self.owner_url(), sql).await;
    }

    /// Runs statements as the owner of the tables, with the walls down for as long as it takes; gives
    /// how many rows they changed.
    pub async fn damage(&self, sql: &str) -> u64 {
        let mut owner = PgConnection::connect(&self.owner_url()).await.unwrap();
        let mut transaction = owner.begin().await.unwrap();
        let forced = |force: &str| {
            format!(
                "DO $$ DECLARE of regclass; BEGIN FOR of IN SELECT oid FROM pg_class WHERE relrowsecurity LOOP \
                 EXECUTE format('ALTER TABLE %s {force} ROW LEVEL SECURITY', of); END LOOP; END $$"
            )
        };
        sqlx::raw_sql(AssertSqlSafe(forced("NO FORCE"))).execute(&mut *transaction).await.unwrap();
        let changed = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await.unwrap().rows_affected();
        sqlx::raw_sql(AssertSqlSafe(forced("FORCE"))).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        owner.close().await.unwrap();
        changed
    }
}

async fn run(address: &str, sql: &str) {
    let mut connection = PgConnection::connect(address).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

impl Drop for Database {
    fn drop(&mut self) {
        // The owner may end the sessions of a role that it is a member of.
        let (server, sql) =
            (self.server.clone(), [format!("GRANT {ROLE} TO CURRENT_USER"), format!("DROP DATABASE {} WITH (FORCE)", self.name)]);
        // A thread, since the test's runtime waits for nobody in a drop.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await.unwrap();
                for statement in sql {
                    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.ok();
                }
            });
        });
        assert!(dropped.join().is_ok() || thread::panicking(), "the database `{}` stays behind", self.name);
    }
}
