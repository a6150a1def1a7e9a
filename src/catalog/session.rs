//! What statements run in, and for whom: a verb's turn at writing, or a look.

use sqlx::Sqlite;
use sqlx::pool::PoolConnection;

use super::CatalogError;
use super::postgres::Transaction;
use super::sql::{Lent, Session};
use super::writer;
use crate::domain::CustomerId;

/// Whose rows a transaction may touch. Every statement says so by itself as well; Postgres
/// holds the transaction to it whatever a statement forgets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// One customer's, and its chain.
    Customer(CustomerId),
    /// One chain, which a customer may have or not.
    Chain(&'a str),
    /// The one row that has this hash of a secret: a key, a call or a link.
    Secret(&'a str),
    /// What the house must know of every customer: that it is there, its open jobs, its uploads
    /// under way and that it has a chain. Nothing of its people, files or calls.
    House,
}

impl Scope<'_> {
    /// The customer whose rows they are, where they are one's.
    pub fn customer(self) -> Option<CustomerId> {
        match self {
            Self::Customer(customer) => Some(customer),
            Self::Chain(chain) => CustomerId::parse(chain).ok(),
            Self::Secret(_) | Self::House => None,
        }
    }
}

impl From<CustomerId> for Scope<'_> {
    fn from(customer: CustomerId) -> Self {
        Self::Customer(customer)
    }
}

/// A verb's turn at writing. Dropped without [`Tx::commit`], what was done in it is undone.
pub(super) enum Tx {
    /// A savepoint of the one writer.
    Sqlite(writer::Tx),
    /// A transaction of its own.
    Postgres(Transaction),
}

impl Tx {
    /// Keeps what was done, and waits until it is durable.
    ///
    /// # Errors
    /// When it could not be committed: nothing of it is stored then, unless the error is `Unknown`.
    pub async fn commit(self) -> Result<(), CatalogError> {
        match self {
            Self::Sqlite(turn) => turn.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

impl Session for Tx {
    fn lend(&mut self) -> Lent<'_> {
        match self {
            Self::Sqlite(turn) => Lent::Sqlite(turn),
            Self::Postgres(transaction) => transaction.lend(),
        }
    }
}

/// A look at what was committed.
pub(super) enum Reader {
    /// A connection that cannot write.
    Sqlite(PoolConnection<Sqlite>),
    /// A transaction that cannot write.
    Postgres(Transaction),
}

impl Session for Reader {
    fn lend(&mut self) -> Lent<'_> {
        match self {
            Self::Sqlite(connection) => Lent::Sqlite(connection),
            Self::Postgres(transaction) => transaction.lend(),
        }
    }
}
