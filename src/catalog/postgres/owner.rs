//! What the owner of the tables does before a server may use them: brings them up to date, makes the
//! role that serves where it is missing, and gives it no more than it needs.

use std::borrow::Cow;
use std::fmt::Write as _;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::address::Address;
use super::guard::WallFault;
use super::pool::is_lent;
use super::tables::TABLES;
use super::tls;
use crate::catalog::CatalogError;

/// One start at a time prepares a database.
const LOCK: i64 = 0x0053_4154_4348_454c;

/// Prepares a database for the role that `serving_url` names.
pub(super) async fn prepare(owner: Address, serving_url: &str) -> Result<(), CatalogError> {
    if !owner.statements.are_named() {
        return Err(CatalogError::OwnerPooled);
    }
    let serving = url::Url::parse(serving_url).map_err(|_| CatalogError::Address)?;
    let text = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8().map(Cow::into_owned);
    let role = text(serving.username()).map_err(|_| CatalogError::Address)?;
    let password = serving.password().map(text).transpose().map_err(|_| CatalogError::Address)?;
    if role.is_empty() {
        return Err(CatalogError::Address);
    }
    // Migrations may take longer than a verb.
    // A statement that makes a role holds its password, and is not to be logged however slow it is.
    let owner = owner.options.disable_statement_logging();
    let mut connection = owner.connect().await.map_err(tls::unconnected)?;
    // What locks and prepares on one connection must have it to itself.
    let mut second = owner.connect().await?;
    let is_lent = is_lent(&mut connection, &mut second).await?;
    second.close().await?;
    if is_lent {
        return Err(CatalogError::OwnerPooled);
    }
    sqlx::raw_sql("SET statement_timeout = 0; SET lock_timeout = 60000").execute(&mut connection).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    let prepared = prepared(&mut connection, &role, password.as_deref()).await;
    // The lock ends with the connection.
    connection.close().await?;
    prepared
}

async fn prepared(connection: &mut PgConnection, role: &str, password: Option<&str>) -> Result<(), CatalogError> {
    // Before anything is touched: the rights of a role that owns the tables are not to be taken from it.
    let owns: Option<(bool,)> = sqlx::query_as("SELECT pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles WHERE rolname = $1")
        .bind(role)
        .fetch_optional(&mut *connection)
        .await?;
    let known = owns.is_some();
    if owns == Some((true,)) {
        return Err(WallFault::Owner { role: role.to_owned(), table: "customers" }.into());
    }
    sqlx::migrate!("migrations/postgres").run(&mut *connection).await?;
    let (name,): (String,) = sqlx::query_as("SELECT format('%I', $1::text)").bind(role).fetch_one(&mut *connection).await?;
    if !known {
        let (password,): (String,) = sqlx::query_as("SELECT format('%L', $1::text)").bind(password).fetch_one(&mut *connection).await?;
        let made = sqlx::raw_sql(AssertSqlSafe(format!(
            "CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD {password}"
        )))
        .execute(&mut *connection)
        .await;
        match made {
            // Another database of this server made it at the same moment.
            Err(sqlx::Error::Database(told)) if told.code().is_some_and(|code| matches!(&*code, "42710" | "23505")) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    let mut grants = format!("BEGIN; GRANT USAGE ON SCHEMA public TO {name}; GRANT SELECT ON _sqlx_migrations TO {name};");
    for table in &TABLES {
        // What an earlier release gave and this one does not need is taken back.
        // Writing to a string has no way to fail.
        let _ = write!(grants, "REVOKE ALL ON {0} FROM {name}; GRANT {1} ON {0} TO {name};", table.name, table.rights);
    }
    grants.push_str("COMMIT");
    sqlx::raw_sql(AssertSqlSafe(grants)).execute(connection).await?;
    Ok(())
}
