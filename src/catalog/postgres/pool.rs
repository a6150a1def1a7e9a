//! Connections as the role of a server.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio_util::task::TaskTracker;

use super::guard::{self, Standing};
use super::owner;
use super::transaction::Transaction;
use crate::catalog::CatalogError;
use crate::catalog::session::Scope;

/// How long a verb waits for a connection, and for another verb of its customer.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long the server works at one statement, in milliseconds.
const STATEMENT_MS: &str = "8000";
/// How long a verb waits for a lock, in milliseconds.
const LOCK_MS: &str = "4000";
/// After this long a transaction whose owner is gone is ended by the server, in milliseconds.
const IDLE_MS: &str = "30000";
/// A connection that lay idle for longer is asked whether it lives before it is used.
const FRESH: Duration = Duration::from_secs(1);

/// Where the catalog lies on Postgres.
#[derive(Clone)]
pub struct PostgresSettings {
    /// `postgres://role:password@host:port/database` of the role that serves.
    pub url: String,
    /// The same database as the role that owns its tables: brings them up to date at start. Without it
    /// they must be.
    pub owner_url: Option<String>,
    /// Connections at once, at most.
    pub connections: u32,
}

impl std::fmt::Debug for PostgresSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PostgresSettings").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// A database with its connections. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: PgPool,
    standing: Standing,
    begins: TaskTracker,
}

fn options(url: &str) -> Result<PgConnectOptions, CatalogError> {
    // What cannot be read may hold a password, so the cause is not told.
    PgConnectOptions::from_str(url).map_err(|_| CatalogError::Address).map(|options| {
        options.application_name("satchel").options([
            ("statement_timeout", STATEMENT_MS),
            ("lock_timeout", LOCK_MS),
            ("idle_in_transaction_session_timeout", IDLE_MS),
            ("default_transaction_isolation", "read committed"),
        ])
    })
}

/// Begins a transaction that sees what `scope` lets it see.
fn begin_text(scope: Scope<'_>, access: &str) -> String {
    let name = match scope {
        Scope::Customer(customer) => customer.to_string(),
        Scope::Chain(text) | Scope::Secret(text) => text.to_owned(),
        Scope::House => "house".to_owned(),
    };
    // INVARIANT: the name stands in quotes in a statement, so it is made of what needs none. Anything else
    // names nothing, and a transaction of nobody sees nothing.
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_house = matches!(scope, Scope::House);
    let name = if is_plain && (is_house || name != "house") { name.as_str() } else { "" };
    format!("BEGIN {access}; SET LOCAL satchel.scope = '{name}'")
}

impl Database {
    /// Prepares the tables where the owner's address is given, connects as the role that serves, and
    /// makes sure that it sees one customer at a time.
    ///
    /// # Errors
    /// `Walls` when it could see more; `Outdated` when the tables are not those of this program.
    pub async fn connect(settings: &PostgresSettings) -> Result<Self, CatalogError> {
        let serving = options(&settings.url)?;
        if let Some(owner_url) = &settings.owner_url {
            owner::prepare(&options(owner_url)?, &settings.url).await?;
        }
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections.max(2))
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(serving)
            .await?;
        let mut connection = pool.acquire().await?;
        let standing = guard::standing(&mut connection).await?;
        drop(connection);
        Ok(Self { pool, standing, begins: TaskTracker::new() })
    }

    /// What was found at start.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// A transaction that writes. One of a customer has that customer to itself until it ends, so that what
    /// it read stays true and places in its chain and its feed are taken and committed in order.
    ///
    /// # Errors
    /// When none can be begun in time.
    pub async fn begin(&self, scope: Scope<'_>) -> Result<Transaction, CatalogError> {
        let mut transaction = self.opened(begin_text(scope, "READ WRITE")).await?;
        if let Scope::Customer(customer) = scope {
            sqlx::query("SELECT id FROM customers WHERE id = $1 FOR NO KEY UPDATE")
                .bind(customer.to_string())
                .execute(transaction.connection())
                .await?;
        }
        Ok(transaction)
    }

    /// A transaction that reads.
    ///
    /// # Errors
    /// When none can be begun in time.
    pub async fn read(&self, scope: Scope<'_>) -> Result<Transaction, CatalogError> {
        self.opened(begin_text(scope, "READ ONLY")).await
    }

    fn opened(&self, text: String) -> impl Future<Output = Result<Transaction, CatalogError>> + use<> {
        let pool = self.pool.clone();
        // A task of its own, which ends even when the caller leaves: a connection that goes back between
        // the begin and the server's answer would be in a transaction that nobody knows of.
        let begun = self.begins.spawn(async move { pool.begin_with(AssertSqlSafe(text)).await });
        async move {
            match begun.await {
                Ok(transaction) => Ok(Transaction(transaction?)),
                Err(_) => Err(CatalogError::Stopped),
            }
        }
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self) -> Result<(), CatalogError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.begins.close();
        self.begins.wait().await;
        self.pool.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_is_no_plain_name_is_nobodys() {
        let begun = |scope| begin_text(scope, "READ ONLY");
        assert_eq!(begun(Scope::House), "BEGIN READ ONLY; SET LOCAL satchel.scope = 'house'");
        assert_eq!(begun(Scope::Secret("0aF9")), "BEGIN READ ONLY; SET LOCAL satchel.scope = '0aF9'");
        for forged in ["x'; RESET ROLE; --", "house", "a b", "é"] {
            assert_eq!(begun(Scope::Chain(forged)), "BEGIN READ ONLY; SET LOCAL satchel.scope = ''", "{forged}");
            assert_eq!(begun(Scope::Secret(forged)), "BEGIN READ ONLY; SET LOCAL satchel.scope = ''", "{forged}");
        }
    }
}
