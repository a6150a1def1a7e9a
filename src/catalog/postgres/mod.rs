//! Owns the catalog's side of Postgres: the pool, transactions that are tied to one customer, what
//! the owner of the tables prepares, and the proof that the role of a server cannot get around it.
//!
//! Must not know a verb, nor a table's columns beyond what the walls between customers need.
//!
//! To add one: a table goes into `migrations/postgres` with its policies, and into
//! [`TABLES`](tables::TABLES) with what a server may do with it.

mod address;
mod guard;
mod owner;
mod pool;
mod tables;
mod tls;
mod transaction;

pub(super) use address::Statements;
pub use guard::{Standing, WallFault};
pub(super) use pool::Database;
pub use pool::PostgresSettings;
pub(super) use tables::TABLES;
pub use tls::TlsFault;
pub(super) use transaction::{Transaction, is_passing};
