//! The proof, at every start, that the role of a server cannot see two customers at once.

use super::tables::TABLES;
use super::transaction::Transaction;
use crate::catalog::CatalogError;
use crate::catalog::sql::{composed, query};

/// Why a role or a database is not safe to serve from.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WallFault {
    /// Row-level security does not hold for this role.
    #[error(
        "the role `{role}` is a superuser, has BYPASSRLS or REPLICATION, may make roles or reads the server's files; serve as one \
         that does not, and give this one as the owner"
    )]
    Powerful {
        /// The role, or one that it may become.
        role: String,
    },
    /// The role could change the tables themselves.
    #[error("the role `{role}` owns the table `{table}`, or may become its owner; serve as another role, and give this one as the owner")]
    Owner {
        /// The role.
        role: String,
        /// The table.
        table: &'static str,
    },
    /// A table is open.
    #[error("row-level security is not forced on the table `{table}`")]
    Open {
        /// The table.
        table: &'static str,
    },
    /// Rows are seen that nobody asked for.
    #[error("rows of the table `{table}` are seen without a customer; a policy has been added that opens it")]
    Leaking {
        /// The table.
        table: &'static str,
    },
    /// The role may do what no verb does.
    #[error("the role `{role}` may change or delete audit records")]
    Audit {
        /// The role.
        role: String,
    },
}

/// How a server stands in its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The server's version, such as `15.20`.
    pub version: String,
    /// The role it serves as.
    pub role: String,
    /// Tables whose rows are walled by customer.
    pub tables: usize,
    /// Whether the connection is encrypted; a server on this machine may do without.
    pub encrypted: bool,
}

/// Looks at the role and the tables.
///
/// # Errors
/// `Walls` when the role could see or change more than a verb asks for; `Outdated` when the tables
/// are not those of this program.
pub(super) async fn standing(on: &mut Transaction) -> Result<Standing, CatalogError> {
    let (role, version): (String, String) = query("SELECT session_user::text, current_setting('server_version')").fetch_one(on).await?;
    // Of every role that this one is or may become; a role that may make roles may give itself others.
    let powerful: Option<(String,)> = query(
        "SELECT rolname::text FROM pg_roles WHERE (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication \
         OR rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')) \
         AND (pg_has_role(session_user, oid, 'MEMBER') OR pg_has_role(current_user, oid, 'MEMBER')) ORDER BY rolname LIMIT 1",
    )
    .fetch_optional(on)
    .await?;
    if let Some((role,)) = powerful {
        return Err(WallFault::Powerful { role }.into());
    }
    migrated(on).await?;
    for table in TABLES.iter().map(|table| table.name) {
        let (forced, owned): (bool, bool) = query(
            "SELECT relrowsecurity AND relforcerowsecurity, pg_has_role(session_user, relowner, 'MEMBER') \
             FROM pg_class WHERE oid = $1::text::regclass",
        )
        .bind(table)
        .fetch_one(on)
        .await?;
        if owned {
            return Err(WallFault::Owner { role, table }.into());
        }
        if !forced {
            return Err(WallFault::Open { table }.into());
        }
        // The flags say that policies hold; this, that they hold back.
        let (seen,): (bool,) = composed(format!("SELECT EXISTS (SELECT 1 FROM {table})")).fetch_one(on).await?;
        if seen {
            return Err(WallFault::Leaking { table }.into());
        }
    }
    let (audit,): (bool,) = query("SELECT has_table_privilege('audit', 'UPDATE, DELETE, TRUNCATE')").fetch_one(on).await?;
    if audit {
        return Err(WallFault::Audit { role }.into());
    }
    let (encrypted,): (bool,) =
        query("SELECT COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), FALSE)").fetch_one(on).await?;
    Ok(Standing { version, role, tables: TABLES.len(), encrypted })
}

/// Makes sure that the tables are those of this program, without the right to change them.
async fn migrated(on: &mut Transaction) -> Result<(), CatalogError> {
    let (there,): (bool,) = query("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(on).await?;
    if !there {
        return Err(CatalogError::Outdated);
    }
    let applied: Vec<(i64, Vec<u8>)> =
        query("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version").fetch_all(on).await?;
    let ours = sqlx::migrate!("migrations/postgres");
    let ours: Vec<(i64, Vec<u8>)> = ours.iter().map(|migration| (migration.version, migration.checksum.to_vec())).collect();
    if applied == ours { Ok(()) } else { Err(CatalogError::Outdated) }
}
