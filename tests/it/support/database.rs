//! A Postgres database for one test: made by the owner of its tables, used as a role that owns nothing,
//! gone with the test.

use std::thread;
use std::time::Duration;

use super::beside;
use satchel::catalog::PostgresSettings;
use satchel::domain::{SystemEntropy, random_bytes};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

/// The role that tests serve as, in every database.
const ROLE: &str = "satchel_test_server";

/// A database of a test's own.
pub struct Database {
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

    /// As the owner of the tables.
    pub fn owner_url(&self) -> String {
        let mut address = url::Url::parse(&self.server).unwrap();
        address.set_path(&self.name);
        address.into()
    }

    /// As the role that serves.
    pub fn url(&self) -> String {
        let mut address = url::Url::parse(&self.owner_url()).unwrap();
        address.set_username(ROLE).unwrap();
        address.set_password(Some("test")).unwrap();
        address.into()
    }

    /// As the role that serves, at another host and perhaps port, with these words after the address.
    pub fn url_at(&self, host: &str, port: Option<u16>, words: &str) -> String {
        let mut address = url::Url::parse(&self.url()).unwrap();
        address.set_host(Some(host)).unwrap();
        address.set_port(port.or(address.port())).unwrap();
        address.set_query(None);
        format!("{address}{words}")
    }

    /// What a server of this database is set to.
    pub fn settings(&self) -> PostgresSettings {
        PostgresSettings { url: self.url(), owner_url: Some(self.owner_url()), connections: 8 }
    }

    /// A connection of the owner, who sees no rows either.
    pub async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.owner_url()).await.unwrap()
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
