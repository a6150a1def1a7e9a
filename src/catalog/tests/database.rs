//! A Postgres database for one test: made by the owner of its tables, used as a role that owns
//! nothing, gone with the test.

use std::thread;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::catalog::PostgresSettings;
use crate::domain::{SystemEntropy, random_bytes};

/// The role that tests serve as, in every database.
const ROLE: &str = "satchel_test_server";

fn beside(variable: &str) -> String {
    let address = std::env::var_os(variable).and_then(|address| address.into_string().ok());
    address.unwrap_or_else(|| panic!("`{variable}` is not set: run the tests with ./test, which starts what they need"))
}

/// A database of a test's own.
pub(super) struct Database {
    name: String,
    server: String,
}

impl Database {
    /// An empty one.
    pub async fn new() -> Self {
        let server = beside("SATCHEL_TEST_POSTGRES");
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

    /// As the role that serves, through the pooler whose address `variable` holds.
    pub fn url_through(&self, variable: &str) -> String {
        let (mut address, pooler) = (url::Url::parse(&self.url()).unwrap(), beside(variable));
        let (host, port) = pooler.split_once(':').unwrap();
        address.set_host(Some(host)).unwrap();
        address.set_port(Some(port.parse().unwrap())).unwrap();
        address.into()
    }

    /// As the role that serves, through a pooler that has one connection and lends it for a transaction each.
    pub fn lent_url(&self) -> String {
        let mut address = url::Url::parse(&self.url_through("SATCHEL_TEST_PGBOUNCER")).unwrap();
        address.query_pairs_mut().append_pair("pgbouncer", "true");
        address.into()
    }

    /// What a server of this database is set to.
    pub fn settings(&self) -> PostgresSettings {
        PostgresSettings { url: self.url(), owner_url: Some(self.owner_url()), connections: 8 }
    }

    /// Runs statements as the owner of the tables.
    pub async fn run(&self, sql: &str) {
        run(&self.owner_url(), sql).await;
    }

    /// A number that the owner of the tables reads.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut owner = PgConnection::connect(&self.owner_url()).await.unwrap();
        let number = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut owner).await.unwrap();
        owner.close().await.unwrap();
        number
    }

    /// Texts that the owner of the tables reads.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let mut owner = PgConnection::connect(&self.owner_url()).await.unwrap();
        let texts = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut owner).await.unwrap();
        owner.close().await.unwrap();
        texts
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
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread, since the test's runtime waits for nobody in a drop.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await.unwrap();
                // The owner may end the sessions of a role that it is a member of. Another test may say so at the same
                // moment; either of the two is enough.
                let _ = sqlx::raw_sql(AssertSqlSafe(format!("GRANT {ROLE} TO CURRENT_USER"))).execute(&mut connection).await;
                // A worker of the server itself, which the owner may not end, may be looking at a table.
                let mut dropped = Ok(());
                for _ in 0..100 {
                    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    dropped = sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.map(|_| ());
                    if dropped.is_ok() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                dropped
            })
        });
        let dropped =
            dropped.join().map_err(|_| "the thread ended early".to_owned()).and_then(|dropped| dropped.map_err(|error| error.to_string()));
        assert!(dropped.is_ok() || thread::panicking(), "the database `{}` stays behind: {dropped:?}", self.name);
    }
}
