//! A catalog that moves from a folder to a server: every row, in one transaction, compared one by one
//! before it is kept.

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use sqlx::{AssertSqlSafe, Row as _};

use super::engine::Engine;
use super::postgres::{TABLES, Transaction};
use super::session::{Reader, Scope};
use super::sql::{Lent, Query, Session, Value, composed, without_nul};
use super::{Catalog, CatalogError, ChainReport, SYSTEM_CHAIN};

/// Rows that one statement writes.
const AT_ONCE: usize = 200;

/// Two catalogs, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Every table.
    pub tables: Vec<TableComparison>,
    /// Every chain of the new catalog, checked from its start.
    pub chains: Vec<ChainReport>,
}

impl Comparison {
    /// Whether nothing differs and every chain is whole.
    pub fn is_same(&self) -> bool {
        self.tables.iter().all(|table| table.differs_at.is_none()) && self.chains.iter().all(|chain| chain.fault.is_none())
    }
}

/// One table in two catalogs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableComparison {
    /// Its name.
    pub table: &'static str,
    /// Rows that are the same in both.
    pub rows: u64,
    /// The first row that is in one only, or not the same in both, by its key; `None` when there is none.
    pub differs_at: Option<String>,
}

/// A column, as SQLite knows it. The other engine has the same.
struct Column {
    name: String,
    is_text: bool,
    is_key: bool,
}

/// A table whose rows are moved or compared.
struct Table {
    name: &'static str,
    columns: Vec<Column>,
}

/// Where a row belongs, as the walls of the new catalog see it, and which rows of a table those are.
fn condition(table: &str, chain: &str) -> &'static str {
    match table {
        "installation" | "sweeps" => "$1 = 'house'",
        "customers" => "id = $1",
        "audit" | "audit_heads" | "audit_checkpoints" => "chain = $1",
        // Keys of the operator have no customer, and are written for the system's chain.
        "api_keys" if chain == SYSTEM_CHAIN => "customer_id IS NULL AND $1 = 'system'",
        _ => "customer_id = $1",
    }
}

type Rows<'c> = BoxStream<'c, Result<Vec<Value>, sqlx::Error>>;

impl Table {
    /// The rows of one customer or chain, in the order of their keys.
    fn rows<'c>(&'c self, of: &str, on: &'c mut dyn Session) -> Rows<'c> {
        let names = |only_keys: bool| {
            let columns = self.columns.iter().filter(|column| !only_keys || column.is_key);
            columns.map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let text = format!("SELECT {} FROM {} WHERE {} ORDER BY {}", names(false), self.name, condition(self.name, of), names(true));
        let of = of.to_owned();
        /// Reads a row of either engine.
        macro_rules! values {
            ($row:expr) => {
                self.columns
                    .iter()
                    .enumerate()
                    .map(|(index, column)| {
                        Ok(if column.is_text { Value::Text($row.try_get(index)?) } else { Value::Integer($row.try_get(index)?) })
                    })
                    .collect()
            };
        }
        match on.lend() {
            Lent::Sqlite(connection) => {
                sqlx::query(AssertSqlSafe(text)).bind(of).fetch(connection).map(|row| row.and_then(|row| values!(row))).boxed()
            }
            Lent::Postgres(connection, statements) => {
                let statement = sqlx::query(AssertSqlSafe(text)).persistent(statements.are_named());
                statement.bind(of).fetch(connection).map(|row| row.and_then(|row| values!(row))).boxed()
            }
        }
    }

    /// Writes rows as they were read.
    async fn write(&self, rows: Vec<Vec<Value>>, to: &mut dyn Session) -> Result<(), sqlx::Error> {
        let names = self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        let mut number = 0;
        let places = rows.iter().map(|row| {
            let places = row.iter().map(|_| {
                number += 1;
                format!("${number}")
            });
            format!("({})", places.collect::<Vec<_>>().join(", "))
        });
        let text = format!("INSERT INTO {} ({names}) VALUES {}", self.name, places.collect::<Vec<_>>().join(", "));
        let query = rows.into_iter().flatten().fold(composed(text), Query::bind);
        query.execute(to).await.map(drop)
    }

    /// The key of a row, to be told.
    fn key(&self, row: &[Value]) -> String {
        let keys = self.columns.iter().zip(row).filter(|(column, _)| column.is_key);
        let texts = keys.map(|(_, value)| match value {
            Value::Text(text) => text.clone().unwrap_or_default(),
            Value::Integer(number) => number.map(|number| number.to_string()).unwrap_or_default(),
        });
        texts.collect::<Vec<_>>().join(" ")
    }
}

/// A row as the other engine keeps it.
fn kept(row: Vec<Value>) -> Vec<Value> {
    let kept = |value| match value {
        Value::Text(text) => Value::Text(text.map(without_nul)),
        number @ Value::Integer(_) => number,
    };
    row.into_iter().map(kept).collect()
}

impl Catalog {
    /// Moves everything to an empty catalog on a server, whose objects stay where they are, and compares
    /// both. Nothing is kept there unless all of it is the same. Nobody may write to either meanwhile.
    ///
    /// # Errors
    /// `Conflict` when this catalog is not in a folder, that one is not on a server, or it is not empty; else
    /// when either does not answer.
    pub async fn move_to(&self, target: &Self) -> Result<Comparison, CatalogError> {
        let Engine::Postgres(database) = target.engine() else {
            return Err(CatalogError::Conflict("a catalog is moved to a server"));
        };
        if !target.is_empty().await? {
            return Err(CatalogError::Conflict("the database has a catalog already; name an empty one"));
        }
        let (tables, chains) = (self.tables().await?, self.scopes().await?);
        let mut transaction = database.begin(Scope::House).await?;
        for chain in &chains {
            transaction.rescope(chain).await?;
            for table in &tables {
                let mut reader = self.read(Scope::House).await?;
                let mut rows = table.rows(chain, &mut reader).try_chunks(AT_ONCE);
                while let Some(chunk) = rows.next().await {
                    table.write(chunk.map_err(|error| error.1)?, &mut transaction).await?;
                }
            }
        }
        let compared = self.compare(&tables, &chains, &mut transaction).await?;
        if compared.iter().any(|table| table.differs_at.is_some()) {
            return Ok(Comparison { tables: compared, chains: Vec::new() });
        }
        transaction.commit().await?;
        Ok(Comparison { tables: compared, chains: target.check_all().await? })
    }

    /// Compares every row of this catalog with one on a server, and checks that one's chains.
    ///
    /// # Errors
    /// `Conflict` when this catalog is not in a folder or that one is not on a server; else when either
    /// does not answer.
    pub async fn compare_with(&self, target: &Self) -> Result<Comparison, CatalogError> {
        let Engine::Postgres(database) = target.engine() else {
            return Err(CatalogError::Conflict("a catalog is compared with one on a server"));
        };
        let (tables, mut chains) = (self.tables().await?, self.scopes().await?);
        for chain in target.audit_chains().await? {
            if !chains.contains(&chain) {
                chains.push(chain);
            }
        }
        let mut transaction = database.read(Scope::House).await?;
        let compared = self.compare(&tables, &chains, &mut transaction).await?;
        drop(transaction);
        Ok(Comparison { tables: compared, chains: target.check_all().await? })
    }

    async fn compare(&self, tables: &[Table], chains: &[String], target: &mut Transaction) -> Result<Vec<TableComparison>, CatalogError> {
        let mut compared: Vec<_> = tables.iter().map(|table| TableComparison { table: table.name, rows: 0, differs_at: None }).collect();
        for chain in chains {
            target.rescope(chain).await?;
            for (table, compared) in tables.iter().zip(&mut compared).filter(|(_, compared)| compared.differs_at.is_none()) {
                let mut reader: Reader = self.read(Scope::House).await?;
                let (mut ours, mut theirs) = (table.rows(chain, &mut reader), table.rows(chain, &mut *target));
                loop {
                    match (ours.try_next().await?.map(kept), theirs.try_next().await?) {
                        (None, None) => break,
                        (Some(ours), Some(theirs)) if ours == theirs => compared.rows += 1,
                        (Some(row), _) | (None, Some(row)) => {
                            compared.differs_at = Some(table.key(&row));
                            break;
                        }
                    }
                }
            }
        }
        Ok(compared)
    }

    /// Whom rows are of: each customer, each chain, and the house.
    async fn scopes(&self) -> Result<Vec<String>, CatalogError> {
        let mut scopes = vec!["house".to_owned(), SYSTEM_CHAIN.to_owned()];
        scopes.extend(self.audit_chains().await?.into_iter().filter(|chain| chain != SYSTEM_CHAIN));
        Ok(scopes)
    }

    /// The tables with their columns, in an order in which each follows what it refers to.
    async fn tables(&self) -> Result<Vec<Table>, CatalogError> {
        if !matches!(self.engine(), Engine::Sqlite { .. }) {
            return Err(CatalogError::Conflict("what is moved is a catalog in a folder"));
        }
        let mut reader = self.read(Scope::House).await?;
        let mut tables = Vec::new();
        for name in TABLES.iter().map(|table| table.name) {
            let columns: Vec<(String, String, i64)> =
                composed(format!("SELECT name, type, pk FROM pragma_table_info('{name}') ORDER BY cid")).fetch_all(&mut reader).await?;
            let columns = columns.into_iter().map(|(name, kind, key)| Column { name, is_text: kind == "TEXT", is_key: key > 0 });
            tables.push(Table { name, columns: columns.collect() });
        }
        Ok(tables)
    }

    /// Whether nothing was ever written.
    async fn is_empty(&self) -> Result<bool, CatalogError> {
        let mut reader = self.read(Scope::House).await?;
        let (rows,): (i64,) = composed(
            "SELECT (SELECT COUNT(*) FROM installation) + (SELECT COUNT(*) FROM customers) + (SELECT COUNT(*) FROM audit_heads)".to_owned(),
        )
        .fetch_one(&mut reader)
        .await?;
        Ok(rows == 0)
    }

    async fn check_all(&self) -> Result<Vec<ChainReport>, CatalogError> {
        let mut reports = Vec::new();
        for chain in self.audit_chains().await? {
            reports.push(self.verify_chain(&chain).await?);
        }
        Ok(reports)
    }
}
