//! Connections as the role of a server.

use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::task::TaskTracker;

use super::address::{Address, Statements};
use super::guard::{self, Standing};
use super::transaction::Transaction;
use super::{owner, tls};
use crate::catalog::CatalogError;
use crate::catalog::session::Scope;
use crate::catalog::sql::query;

/// How long a verb waits for a connection, and for another verb of its customer.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long the server works at one statement, in milliseconds.
const STATEMENT_MS: u32 = 8000;
/// How long a verb waits for a lock, in milliseconds.
const LOCK_MS: u32 = 4000;
/// After this long a transaction whose owner is gone is ended by the server, in milliseconds.
const IDLE_MS: u32 = 30_000;
/// A connection that lay idle for longer is asked whether it lives before it is used.
const FRESH: Duration = Duration::from_secs(1);

/// Where the catalog lies on Postgres.
#[derive(Clone)]
pub struct PostgresSettings {
    /// `postgres://role:password@host:port/database` of the role that serves. A server that is not on this machine must
    /// show a certificate for its name (`sslmode=verify-full`) unless the address says otherwise; `pgbouncer=true` says that a
    /// pooler lends a connection for each transaction.
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
    statements: Statements,
    standing: Standing,
    begins: TaskTracker,
    /// Who waits for another change of its customer waits here, without a connection: a customer
    /// with many callers leaves the connections to others.
    turns: Arc<[Arc<Mutex<()>>]>,
}

/// What bounds a connection's work, said as `SET` for all of it or as `SET LOCAL` for a transaction. Never when the
/// connection begins, where poolers refuse it.
fn limits(set: &str) -> String {
    format!(
        "{set} statement_timeout = {STATEMENT_MS}; {set} lock_timeout = {LOCK_MS}; {set} idle_in_transaction_session_timeout = {IDLE_MS}"
    )
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
    format!("BEGIN ISOLATION LEVEL READ COMMITTED {access}; SET LOCAL satchel.scope = '{name}'")
}

/// Whether two clients get one connection of the server in turns. Two that have it to themselves never do, and keep
/// theirs; behind a pooler that lends it for a transaction, the one that was given back last is given out next.
pub(super) async fn is_lent(one: &mut PgConnection, other: &mut PgConnection) -> Result<bool, CatalogError> {
    /// More looks than other clients are likely to come between.
    const LOOKS: usize = 4;
    let mut first = None;
    for _ in 0..LOOKS {
        let (of_one, of_other) = (process(one).await?, process(other).await?);
        if of_one == of_other || *first.get_or_insert(of_one) != of_one {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The server's process behind a connection, now.
async fn process(connection: &mut PgConnection) -> Result<i32, CatalogError> {
    // Not prepared: a name would be left behind for the next client.
    let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}

impl Database {
    /// Prepares the tables where the owner's address is given, connects as the role that serves, and
    /// makes sure that it sees one customer at a time.
    ///
    /// # Errors
    /// `Walls` when it could see more; `Outdated` when the tables are not those of this program; `Untrusted` when the server
    /// does not prove who it is; `Pooled` when a connection is lent for a transaction and the address does not say so.
    pub async fn connect(settings: &PostgresSettings) -> Result<Self, CatalogError> {
        let Address { options, statements } = Address::parse(&settings.url)?;
        if let Some(owner_url) = &settings.owner_url {
            owner::prepare(Address::parse(owner_url)?, &settings.url).await?;
        }
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections.max(2))
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if statements.are_named() {
                        sqlx::raw_sql(AssertSqlSafe(limits("SET"))).execute(connection).await?;
                    }
                    Ok(())
                })
            })
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await
            .map_err(tls::unconnected)?;
        if statements.are_named() {
            let (mut one, mut other) = (pool.acquire().await?, pool.acquire().await?);
            if is_lent(&mut one, &mut other).await? {
                return Err(CatalogError::Pooled);
            }
        }
        let mut looking = Transaction { inner: pool.begin_with("BEGIN READ ONLY").await?, statements, turn: None };
        let standing = guard::standing(&mut looking).await?;
        drop(looking);
        let turns = (0..TURNS).map(|_| Arc::default()).collect();
        Ok(Self { pool, statements, standing, begins: TaskTracker::new(), turns })
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
            query("SELECT id FROM customers WHERE id = $1 FOR NO KEY UPDATE").bind(customer.to_string()).execute(&mut transaction).await?;
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

    fn opened(&self, mut text: String) -> impl Future<Output = Result<Transaction, CatalogError>> + use<> {
        let (pool, statements) = (self.pool.clone(), self.statements);
        if !statements.are_named() {
            text.push_str("; ");
            text.push_str(&limits("SET LOCAL"));
        }
        // A task of its own, which ends even when the caller leaves: a connection that goes back between
        // the begin and the server's answer would be in a transaction that nobody knows of.
        let begun = self.begins.spawn(async move { pool.begin_with(AssertSqlSafe(text)).await });
        async move {
            match begun.await {
                Ok(transaction) => Ok(Transaction { inner: transaction?, statements, turn: None }),
                Err(_) => Err(CatalogError::Stopped),
            }
        }
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self) -> Result<(), CatalogError> {
        query("SELECT 1").execute(&mut self.read(Scope::House).await?).await?;
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
        assert_eq!(begun(Scope::House), "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL satchel.scope = 'house'");
        assert_eq!(begun(Scope::Secret("0aF9")), "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL satchel.scope = '0aF9'");
        for forged in ["x'; RESET ROLE; --", "house", "a b", "é"] {
            assert_eq!(
                begun(Scope::Chain(forged)),
                "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL satchel.scope = ''",
                "{forged}"
            );
            assert_eq!(
                begun(Scope::Secret(forged)),
                "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL satchel.scope = ''",
                "{forged}"
            );
        }
    }
}
