//! Opening a database of either engine, turns at writing, looks, and errors.

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::postgres::{self, PostgresSettings, Standing, TlsFault, WallFault};
use super::session::{Reader, Scope, Tx};
use super::writer::Writer;
use crate::domain::{Clock, Entropy, ErrorCode, random_bytes};

/// Why a verb did not happen. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The database does not answer, or its disk refuses.
    #[error("the catalog does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The disk refused the commit that held the change.
    #[error("the catalog could not commit")]
    NotCommitted(#[source] Arc<sqlx::Error>),
    /// The server was lost while it committed, and did not say whether it had. The change is stored whole or
    /// not at all; whoever must know looks.
    #[error("the catalog did not say whether the change was kept")]
    Unknown(#[source] sqlx::Error),
    /// Too many changes wait, or one held the others up for too long.
    #[error("too many changes wait for the catalog")]
    Busy,
    /// The catalog is being closed.
    #[error("the catalog is closed")]
    Stopped,
    /// A row does not mean anything.
    #[error("the catalog's row `{id}` of `{table}` cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        id: String,
    },
    /// What was to be changed is gone or has changed.
    #[error("{0}")]
    Conflict(&'static str),
    /// The customer may not have so much.
    #[error("{0}")]
    Full(&'static str),
    /// The tables could not be made.
    #[error("the catalog's tables could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The tables are older or newer than this program, and the owner of the tables was not given.
    #[error(
        "the catalog's tables are not those of this release; give the address of their owner once, or start the release they belong to"
    )]
    Outdated,
    /// The role of this server could get around the walls between customers.
    #[error("the catalog's walls between customers do not hold")]
    Walls(#[from] WallFault),
    /// A row that is not of the customer whom the verb was for, or a right that the role of this server does not
    /// have. A defect that did no harm.
    #[error("the catalog refused what the role of this server may not do")]
    Walled(#[source] sqlx::Error),
    /// The database was made with another secret than that of this server.
    #[error("this catalog belongs to servers with another secret; give this one theirs: `server_secret` of their `secrets.json`")]
    OtherSecret,
    /// The server of the database did not prove who it is.
    #[error("the database is not used: {fault}")]
    Untrusted {
        /// Why.
        fault: TlsFault,
        /// What was met.
        source: sqlx::Error,
    },
    /// A pooler lends a connection of the server for each transaction, and the address does not say so.
    #[error("a pooler lends the database's connections for one transaction each: say `pgbouncer=true` in the address of the catalog")]
    Pooled,
    /// What the owner of the tables does takes one connection from beginning to end.
    #[error(
        "the owner of the catalog's tables must reach Postgres itself, and not a pooler that lends connections for one transaction each"
    )]
    OwnerPooled,
    /// The address of the database cannot be read.
    #[error("the catalog's address must be `postgres://role:password@host:port/database`")]
    Address,
    /// The folder cannot be used.
    #[error("the catalog's folder cannot be used")]
    Folder(#[source] io::Error),
}

impl From<sqlx::Error> for CatalogError {
    fn from(source: sqlx::Error) -> Self {
        let told = source.as_database_error();
        match told.map(DatabaseError::kind) {
            Some(ErrorKind::UniqueViolation) => return Self::Conflict("this is there already"),
            Some(ErrorKind::ForeignKeyViolation) => return Self::Conflict("what this refers to is not there"),
            _ => {}
        }
        match told.and_then(DatabaseError::code).as_deref() {
            // Insufficient privilege: a grant or a policy; lock not available in time.
            Some("42501") => Self::Walled(source),
            Some("55P03") => Self::Busy,
            _ => Self::Unavailable(source),
        }
    }
}

impl CatalogError {
    /// The code this is at the edge.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable(_) | Self::NotCommitted(_) | Self::Unknown(_) | Self::Busy | Self::Stopped | Self::Folder(_) => {
                ErrorCode::Unavailable
            }
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Full(_) => ErrorCode::OverQuota,
            Self::Corrupt { .. }
            | Self::Migration(_)
            | Self::Outdated
            | Self::Walls(_)
            | Self::Walled(_)
            | Self::OtherSecret
            | Self::Untrusted { .. }
            | Self::Pooled
            | Self::OwnerPooled
            | Self::Address => ErrorCode::Internal,
        }
    }
}

/// Where the truth lies.
#[derive(Clone)]
pub(super) enum Engine {
    /// In a file of this machine.
    // INVARIANT: one connection writes, so a transaction never waits for another's lock and
    // sequence numbers need no retry; readers see the last commit and never wait for it.
    // Verbs do not lean on it where a row can be locked by writing to it first: an engine with
    // many writers runs the same statements.
    Sqlite { writer: Writer, readers: SqlitePool },
    /// On a server that several processes share.
    Postgres(postgres::Database),
}

impl Engine {
    /// The one statement of two that this engine understands, where no text says it to both.
    pub const fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite { .. } => sqlite,
            Self::Postgres(_) => postgres,
        }
    }
}

/// What a catalog stands on, as an operator wants to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// A file in the data folder.
    Sqlite,
    /// A server.
    Postgres(Standing),
}

/// The truth, behind verbs. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    engine: Engine,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// How often a verb is tried whose transaction got in another's way.
const TRIES: u32 = 6;
/// The longest wait before the second try; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(8);

impl Catalog {
    /// Opens or makes the database file `catalog.db` in a folder, and brings its tables up to date.
    ///
    /// # Errors
    /// When the folder or the file cannot be used, or the tables are newer than this program.
    pub async fn open(folder: &Path, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, CatalogError> {
        std::fs::create_dir_all(folder).map_err(CatalogError::Folder)?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("catalog.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged operation survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let mut connection = options.connect().await?;
        sqlx::migrate!("migrations/sqlite").run(&mut connection).await?;
        let writer = Writer::start(connection, options.clone());
        let readers = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(4))
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self { engine: Engine::Sqlite { writer, readers }, clock, entropy })
    }

    /// Uses a Postgres database, which other processes may use too.
    ///
    /// # Errors
    /// `Walls` when the role could see or change more than a verb asks for, `Outdated` or `Migration`
    /// when the tables are not those of this program, else when the server does not answer.
    pub async fn connect(settings: &PostgresSettings, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, CatalogError> {
        Ok(Self { engine: Engine::Postgres(postgres::Database::connect(settings).await?), clock, entropy })
    }

    /// What it stands on.
    pub fn ground(&self) -> Ground {
        match &self.engine {
            Engine::Sqlite { .. } => Ground::Sqlite,
            Engine::Postgres(database) => Ground::Postgres(database.standing().clone()),
        }
    }

    /// Closes all connections; SQLite's write-ahead log is folded in.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres(database) => database.close().await,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self) -> Result<(), CatalogError> {
        match &self.engine {
            Engine::Sqlite { readers, .. } => sqlx::query("SELECT 1").execute(readers).await.map(drop).map_err(CatalogError::from),
            Engine::Postgres(database) => database.probe().await,
        }
    }

    /// Runs a verb, and runs it again where its transaction got in another's way or lost its connection
    /// before anything was committed. A commit that nobody knows the end of is never repeated.
    pub(super) async fn verb<T, F>(&self, run: impl Fn() -> F + Send) -> Result<T, CatalogError>
    where
        F: Future<Output = Result<T, CatalogError>> + Send,
    {
        let mut tries = 1;
        loop {
            let error = match run().await {
                Err(CatalogError::Unavailable(error)) if tries < TRIES && self.may_repeat(&error) => error,
                ended => return ended,
            };
            // Two that collided do not meet again at the same moment.
            let [chance] = random_bytes::<1>(self.entropy());
            let pause = FIRST_PAUSE.saturating_mul(1 << tries).mul_f64(f64::from(chance) / 256.0);
            tracing::debug!(error = %error, tries, pause.ms = pause.as_millis(), "a change of the catalog is tried again");
            tokio::time::sleep(pause).await;
            tries += 1;
        }
    }

    fn may_repeat(&self, error: &sqlx::Error) -> bool {
        matches!(self.engine, Engine::Postgres(_)) && postgres::is_passing(error)
    }

    pub(super) async fn begin<'s>(&self, scope: impl Into<Scope<'s>>) -> Result<Tx, CatalogError> {
        match &self.engine {
            Engine::Sqlite { writer, .. } => writer.turn(scope.into().customer()).await.map(Tx::Sqlite),
            Engine::Postgres(database) => database.begin(scope.into()).await.map(Tx::Postgres),
        }
    }

    pub(super) async fn read<'s>(&self, scope: impl Into<Scope<'s>>) -> Result<Reader, CatalogError> {
        match &self.engine {
            Engine::Sqlite { readers, .. } => Ok(Reader::Sqlite(readers.acquire().await?)),
            Engine::Postgres(database) => {
                let scope = scope.into();
                // A connection that broke while it lay idle shows at its first use.
                self.verb(|| database.read(scope)).await.map(Reader::Postgres)
            }
        }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub(super) const fn engine(&self) -> &Engine {
        &self.engine
    }
}
