//! Connections as the role of a server.

use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::sync::{Mutex, OwnedMutexGuard};
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
    /// `postgres://role:password@host:port/database` of the role that serves. A server that is not on this machine must
    /// show a certificate for its name (`sslmode=verify-full`) unless the address says otherwise.
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

/// Places at which changes of one customer wait for each other in this process; two customers that share
/// one wait a little longer.
const TURNS: u64 = 256;

/// A database with its connections. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: PgPool,
    standing: Standing,
    begins: TaskTracker,
    /// Who waits for another change of its customer waits here, without a connection: a customer
    /// with many callers leaves the connections to others.
    turns: Arc<[Arc<Mutex<()>>]>,
}

fn options(url: &str) -> Result<PgConnectOptions, CatalogError> {
    // What cannot be read may hold a password, so the cause is not told.
    let parsed = url::Url::parse(url).map_err(|_| CatalogError::Address)?;
    let options = PgConnectOptions::from_str(url).map_err(|_| CatalogError::Address)?;
    let host = options.get_host().trim_start_matches('[').trim_end_matches(']');
    let is_near =
        options.get_socket().is_some() || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let is_chosen = parsed.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"));
    // The usual mode takes what it gets, which on a network is what somebody in between gives.
    let options = if is_near || is_chosen { options } else { options.ssl_mode(PgSslMode::VerifyFull) };
    Ok(options.application_name("satchel").options([
        ("statement_timeout", STATEMENT_MS),
        ("lock_timeout", LOCK_MS),
        ("idle_in_transaction_session_timeout", IDLE_MS),
        ("default_transaction_isolation", "read committed"),
    ]))
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
        let turns = (0..TURNS).map(|_| Arc::default()).collect();
        Ok(Self { pool, standing, begins: TaskTracker::new(), turns })
    }

    /// What was found at start.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// A transaction that writes. One of a customer has that customer to itself until it ends, so that what
    /// it read stays true and places in its chain and its feed are taken and committed in order.
    ///
    /// # Errors
    /// `Busy` when its turn does not come in time; else when none can be begun.
    pub async fn begin(&self, scope: Scope<'_>) -> Result<Transaction, CatalogError> {
        let turn = match scope {
            Scope::Customer(customer) => Some(self.turn(&customer.to_string()).await?),
            Scope::Chain(chain) => Some(self.turn(chain).await?),
            Scope::Secret(_) | Scope::House => None,
        };
        let mut transaction = self.opened(begin_text(scope, "READ WRITE")).await?;
        transaction.turn = turn;
        if let Scope::Customer(customer) = scope {
            sqlx::query("SELECT id FROM customers WHERE id = $1 FOR NO KEY UPDATE")
                .bind(customer.to_string())
                .execute(transaction.connection())
                .await?;
        }
        Ok(transaction)
    }

    async fn turn(&self, chain: &str) -> Result<OwnedMutexGuard<()>, CatalogError> {
        let mut hasher = DefaultHasher::new();
        chain.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % TURNS).unwrap_or_default();
        let turn = self.turns.get(place).ok_or(CatalogError::Stopped)?;
        tokio::time::timeout(PATIENCE, Arc::clone(turn).lock_owned()).await.map_err(|_| CatalogError::Busy)
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
                Ok(transaction) => Ok(Transaction { inner: transaction?, turn: None }),
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
    fn a_server_over_the_network_must_prove_who_it_is_unless_the_address_says_otherwise() {
        for (host, verified) in [
            ("db.example", true),
            ("192.0.2.7:5432", true),
            ("[2001:db8::7]", true),
            ("localhost.example", true),
            ("localhost", false),
            ("127.0.0.1:5433", false),
            ("[::1]", false),
            ("localhost/satchel?host=db.example&", true),
        ] {
            let options = options(&format!("postgres://satchel:secret@{host}/satchel")).unwrap();
            assert_eq!(matches!(options.get_ssl_mode(), PgSslMode::VerifyFull), verified, "{host}");
        }
        let chosen = options("postgres://satchel:secret@db.example/satchel?sslmode=require").unwrap();
        assert!(matches!(chosen.get_ssl_mode(), PgSslMode::Require));
        assert!(matches!(options("satchel").map(drop), Err(CatalogError::Address)));
    }

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
