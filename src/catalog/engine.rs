//! Opening the database, transactions and errors.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

pub(super) use super::writer::Tx;
use super::writer::Writer;
use crate::domain::{Clock, Entropy, ErrorCode};

/// Why a verb did not happen. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The database does not answer, or its disk refuses.
    #[error("the catalog does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The disk refused the commit that held the change.
    #[error("the catalog could not commit")]
    NotCommitted(#[source] Arc<sqlx::Error>),
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
    /// The tables could not be made.
    #[error("the catalog's tables could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The folder cannot be used.
    #[error("the catalog's folder cannot be used")]
    Folder(#[source] io::Error),
}

impl From<sqlx::Error> for CatalogError {
    fn from(source: sqlx::Error) -> Self {
        match source.as_database_error().map(DatabaseError::kind) {
            Some(ErrorKind::UniqueViolation) => Self::Conflict("this is there already"),
            Some(ErrorKind::ForeignKeyViolation) => Self::Conflict("what this refers to is not there"),
            _ => Self::Unavailable(source),
        }
    }
}

impl CatalogError {
    /// The code this is at the edge.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable(_) | Self::NotCommitted(_) | Self::Busy | Self::Stopped | Self::Folder(_) => ErrorCode::Unavailable,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Corrupt { .. } | Self::Migration(_) => ErrorCode::Internal,
        }
    }
}

/// The truth, behind verbs. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    // INVARIANT: one connection writes, so a transaction never waits for another's lock and
    // sequence numbers need no retry; readers see the last commit and never wait for it.
    // Verbs do not lean on it where a row can be locked by writing to it first: an engine with
    // many writers must run the same statements.
    writer: Writer,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

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
        Ok(Self { writer, readers, clock, entropy })
    }

    /// Closes all connections; the write-ahead log is folded in.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self) -> Result<(), CatalogError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    pub(super) async fn begin(&self) -> Result<Tx, CatalogError> {
        self.writer.turn().await
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub(super) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }
}
