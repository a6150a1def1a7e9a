//! What the catalog and the store hold of a customer, read beside the server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

/// Every row of a customer, by its table.
pub type Rows = BTreeMap<String, BTreeSet<String>>;

/// The catalog of a server in this process, read only.
pub struct Catalog {
    connection: SqliteConnection,
    /// Each table with its columns joined to one text.
    tables: Vec<(String, String)>,
}

impl Catalog {
    pub async fn open(folder: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(folder.join("catalog/catalog.db")).read_only(true);
        let mut connection = options.connect().await.unwrap();
        let names: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let mut tables = Vec::new();
        for name in names {
            let columns: Vec<String> =
                sqlx::query_scalar("SELECT name FROM pragma_table_info($1)").bind(&name).fetch_all(&mut connection).await.unwrap();
            let joined = columns.iter().map(|column| format!("'{column}=' || quote(\"{column}\")")).collect::<Vec<_>>().join(" || ' ' || ");
            tables.push((name, joined));
        }
        assert!(tables.len() > 20, "{} tables", tables.len());
        Self { connection, tables }
    }

    /// Every row of the customer.
    pub async fn rows(&mut self, customer: &str) -> Rows {
        let mut found = Rows::new();
        for (table, columns) in &self.tables {
            // Another customer's record may name it; only its own chain is its own.
            let whose = if columns.contains("\"customer_id\"") {
                "customer_id"
            } else if columns.contains("\"chain\"") {
                "chain"
            } else {
                "id"
            };
            let query = if columns.contains(&format!("\"{whose}\"")) {
                format!("SELECT {columns} AS line FROM \"{table}\" WHERE {whose} = $1")
            } else {
                format!("SELECT line FROM (SELECT {columns} AS line FROM \"{table}\") WHERE instr(line, $1) > 0")
            };
            let rows = sqlx::query(AssertSqlSafe(query)).bind(customer).fetch_all(&mut self.connection).await.unwrap();
            if !rows.is_empty() {
                found.insert(table.clone(), rows.iter().map(|row| row.get::<String, _>(0)).collect());
            }
        }
        found
    }

    /// The place of the last record of a chain.
    pub async fn last_record(&mut self, chain: &str) -> i64 {
        sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM audit WHERE chain = $1")
            .bind(chain)
            .fetch_one(&mut self.connection)
            .await
            .unwrap()
    }

    /// The records of a chain after that place, as they were hashed.
    pub async fn records_after(&mut self, chain: &str, seq: i64) -> Vec<String> {
        let query = sqlx::query_scalar("SELECT record FROM audit WHERE chain = $1 AND seq > $2 ORDER BY seq");
        query.bind(chain).bind(seq).fetch_all(&mut self.connection).await.unwrap()
    }
}

/// Every id in some rows, by its prefix, oldest first.
pub fn ids(rows: &Rows) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    for id in rows.values().flatten().flat_map(|row| typed_ids(row)) {
        let (prefix, _) = id.rsplit_once('_').unwrap();
        found.entry(prefix.to_owned()).or_default().insert(id.to_owned());
    }
    found
}

/// The ids in a text: lower case letters, `_`, and 26 signs of base32 that begin with a small digit.
pub fn typed_ids(text: &str) -> Vec<&str> {
    let is_base32 = |c: char| c.is_ascii_digit() || (c.is_ascii_lowercase() && !"ilou".contains(c));
    text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| {
            word.rsplit_once('_').is_some_and(|(prefix, end)| {
                !prefix.is_empty() && end.len() == 26 && end.starts_with(|c: char| ('0'..='7').contains(&c)) && end.chars().all(is_base32)
            })
        })
        .collect()
}

/// The ends of the addresses of links in a text.
pub fn slugs(text: &str) -> Vec<String> {
    let after = text.split("/s/").skip(1).chain(text.split("/u/").skip(1));
    let slug = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    after.map(slug).filter(|slug: &String| slug.len() > 16).collect()
}

#[test]
fn ids_are_found_in_any_text() {
    let id = "file_01h455vb4pex5vsknk084sn02q";
    assert_eq!(typed_ids(&format!("id='{id}' x={{\"file\":\"{id}\"}} file_short")), [id, id]);
}
