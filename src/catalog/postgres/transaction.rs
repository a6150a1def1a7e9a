//! A transaction that sees one customer, and what an error of it means.

use sqlx::{PgConnection, Postgres};

use crate::catalog::CatalogError;

/// A transaction with its scope set. Dropped without [`Transaction::commit`], it is rolled back,
/// and what it was for is forgotten with it.
pub struct Transaction(pub(super) sqlx::Transaction<'static, Postgres>);

impl Transaction {
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// Keeps what was done.
    ///
    /// # Errors
    /// `Unknown` when the server did not say whether it did; else nothing of it is stored.
    pub async fn commit(self) -> Result<(), CatalogError> {
        self.0.commit().await.map_err(|error| if is_unsure(&error) { CatalogError::Unknown(error) } else { error.into() })
    }
}

/// Whether the server may have done what it was asked and could not say so: the connection broke, or the
/// server was stopped under it.
pub fn is_unsure(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(told) => told.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether the same verb may succeed when it is tried again, and nothing of it was done: two
/// transactions got in each other's way, or the connection broke before anything was committed.
pub fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        // Serialisation failure; deadlock.
        sqlx::Error::Database(told) if told.code().is_some_and(|code| matches!(&*code, "40001" | "40P01")) => true,
        error => is_unsure(error),
    }
}
