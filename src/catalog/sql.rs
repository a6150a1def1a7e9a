//! One way to say SQL to either engine: a text, and values of the two kinds that columns have.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, SqliteConnection};

use super::postgres::Statements;

/// The connection of one engine, lent for one statement.
pub(super) enum Lent<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection, Statements),
}

/// What statements run in: a verb's turn at writing, or a look.
pub(super) trait Session: Send {
    fn lend(&mut self) -> Lent<'_>;
}

/// A row that reads the same from either engine.
pub(super) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A value as a column holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

/// A statement with its values, `$1` being the first.
pub(super) struct Query {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// A statement that both engines understand.
pub(super) fn query(text: &'static str) -> Query {
    Query { text: Cow::Borrowed(text), values: Vec::new() }
}

/// A statement put together from names that stand in this program; never from what anybody said.
pub(super) fn composed(text: String) -> Query {
    Query { text: Cow::Owned(text), values: Vec::new() }
}

/// Gives the values to a statement of one engine.
macro_rules! bound {
    ($statement:expr, $values:expr, $text:expr) => {
        $values.into_iter().fold($statement, |statement, value| match value {
            Value::Text(text) => statement.bind(text.map($text)),
            Value::Integer(number) => statement.bind(number),
        })
    };
}

/// Postgres keeps no NUL in a text. What is read out or compared never holds one; in what a file
/// says of itself it stands for a character that could not be read.
pub(super) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl Query {
    /// The next value.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Narrows the statement, which ends in its conditions, to rows whose column is one of these ids.
    pub fn one_of<I: Display>(mut self, column: &'static str, ids: &[I]) -> Self {
        let text = self.text.to_mut();
        text.push_str(" AND ");
        text.push_str(column);
        text.push_str(" IN (");
        for (index, id) in ids.iter().enumerate() {
            self.values.push(id.to_string().into());
            // Writing to a string has no way to fail.
            let _ = write!(text, "{}${}", if index == 0 { "" } else { ", " }, self.values.len());
        }
        text.push(')');
        self
    }

    /// What follows the conditions.
    pub fn then(mut self, tail: &'static str) -> Self {
        self.text.to_mut().push_str(tail);
        self
    }

    /// Runs it; how many rows it changed.
    pub async fn execute(self, on: &mut (dyn Session + '_)) -> Result<u64, sqlx::Error> {
        let Self { text, values } = self;
        match on.lend() {
            Lent::Sqlite(connection) => {
                let done = bound!(sqlx::query(AssertSqlSafe(text)), values, |text| text).execute(connection).await?;
                Ok(done.rows_affected())
            }
            Lent::Postgres(connection, statements) => {
                let statement = sqlx::query(AssertSqlSafe(text)).persistent(statements.are_named());
                let done = bound!(statement, values, without_nul).execute(connection).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Its one row.
    pub async fn fetch_one<T: Row>(self, on: &mut (dyn Session + '_)) -> Result<T, sqlx::Error> {
        self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Its row, where there is one.
    pub async fn fetch_optional<T: Row>(self, on: &mut (dyn Session + '_)) -> Result<Option<T>, sqlx::Error> {
        let Self { text, values } = self;
        match on.lend() {
            Lent::Sqlite(connection) => bound!(sqlx::query_as(AssertSqlSafe(text)), values, |text| text).fetch_optional(connection).await,
            Lent::Postgres(connection, statements) => {
                let statement = sqlx::query_as(AssertSqlSafe(text)).persistent(statements.are_named());
                bound!(statement, values, without_nul).fetch_optional(connection).await
            }
        }
    }

    /// All its rows.
    pub async fn fetch_all<T: Row>(self, on: &mut (dyn Session + '_)) -> Result<Vec<T>, sqlx::Error> {
        let Self { text, values } = self;
        match on.lend() {
            Lent::Sqlite(connection) => bound!(sqlx::query_as(AssertSqlSafe(text)), values, |text| text).fetch_all(connection).await,
            Lent::Postgres(connection, statements) => {
                let statement = sqlx::query_as(AssertSqlSafe(text)).persistent(statements.are_named());
                bound!(statement, values, without_nul).fetch_all(connection).await
            }
        }
    }
}
