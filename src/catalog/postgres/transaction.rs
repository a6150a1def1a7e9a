//! A transaction that sees one customer, and what an error of it means.

use sqlx::Postgres;
use tokio::sync::OwnedMutexGuard;

use super::address::Statements;
use crate::catalog::CatalogError;
use crate::catalog::sql::{Lent, Session, query};

/// A transaction with its scope set. Dropped without [`Transaction::commit`], it is rolled back,
/// and what it was for is forgotten with it.
pub struct Transaction {
    pub(super) inner: sqlx::Transaction<'static, Postgres>,
    pub(super) statements: Statements,
    /// Held until the end, where changes of one customer wait for each other.
    pub(super) turn: Option<OwnedMutexGuard<()>>,
}

impl Transaction {
    /// Goes on for another customer or chain: what serves none alone, such as a move, does one after the other.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn rescope(&mut self, name: &str) -> Result<(), CatalogError> {
        query("SELECT set_config('satchel.scope', $1, TRUE)").bind(name).execute(self).await?;
        Ok(())
    }

    /// Keeps what was done.
    ///
    /// # Errors
    /// `Unknown` when the server did not say whether it did; else nothing of it is stored.
    pub async fn commit(self) -> Result<(), CatalogError> {
        let Self { inner, turn, .. } = self;
        let ended = inner.commit().await;
        drop(turn);
        ended.map_err(|error| if is_unsure(&error) { CatalogError::Unknown(error) } else { error.into() })
    }
}

impl Session for Transaction {
    fn lend(&mut self) -> Lent<'_> {
        Lent::Postgres(&mut self.inner, self.statements)
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
