//! What `satchel audit` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ServerArgs;
use crate::domain::Timestamp;

/// `satchel audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Recompute every chain and hold it against its checkpoints; fails when a record was changed, removed or cut off
    Verify {
        /// Whose.
        #[command(flatten)]
        of: AuditArgs,
        /// Check exported records instead, with nothing else at hand
        #[arg(long, value_name = "FILE", requires_all = ["checkpoints", "verifier"], conflicts_with_all = ["url", "data", "database"])]
        records: Option<PathBuf>,
        /// The exported checkpoints
        #[arg(long, value_name = "FILE", requires = "records")]
        checkpoints: Option<PathBuf>,
        /// What `satchel audit key` printed, noted elsewhere
        #[arg(long, value_name = "KEY", requires = "records")]
        verifier: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the records of a customer, one JSON object per line, as they were hashed
    Export {
        /// Which records.
        #[command(flatten)]
        what: TrailArgs,
        /// The form; a table is for reading, and cannot be checked
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
        /// Whose.
        #[command(flatten)]
        of: AuditArgs,
    },
    /// Print the signed checkpoints of a customer's chain, one JSON object per line
    Checkpoints {
        /// Which checkpoints.
        #[command(flatten)]
        what: TrailArgs,
        /// Whose.
        #[command(flatten)]
        of: AuditArgs,
    },
    /// Print the records of a customer that have all that is said
    Search {
        /// Which records.
        #[command(flatten)]
        what: TrailArgs,
        /// Who acted: an id, `operator` or `system`
        #[arg(long, value_name = "ID")]
        actor: Option<String>,
        /// What was asked for, such as `share`
        #[arg(long, value_name = "ACTION")]
        action: Option<String>,
        /// The id of what it was done with
        #[arg(long, value_name = "ID")]
        object: Option<String>,
        /// The id of the call
        #[arg(long, value_name = "CALL")]
        call: Option<String>,
        /// How it ended, such as `refused`
        #[arg(long, value_name = "OUTCOME")]
        outcome: Option<String>,
        /// From this instant on, such as 2026-11-01T00:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        /// Before this instant
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// The form
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
        /// Whose.
        #[command(flatten)]
        of: AuditArgs,
    },
    /// Hold the addresses of bytes that were given out against what left the store through them, and list the rest
    Downloads {
        /// Which records.
        #[command(flatten)]
        what: TrailArgs,
        /// Whose.
        #[command(flatten)]
        of: AuditArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what checks the signatures of this installation's checkpoints
    Key {
        /// Whose.
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// A part of a customer's trail.
#[derive(Debug, Args)]
pub struct TrailArgs {
    /// The customer
    #[arg(long, value_name = "CUSTOMER")]
    pub customer: String,
    /// Only what comes after this place in the chain
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: u64,
}

/// How records are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A record a line, as it was hashed
    Jsonl,
    /// A table with a head
    Csv,
}

/// Where the audit trail is read: through a server, or from its database or data folder where none is asked.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Postgres database to read without a server, postgres://role@host:port/database, as the role that serves; taken from the variable where it has a password
    #[arg(long, value_name = "URL", env = "SATCHEL__CATALOG__URL", hide_env_values = true)]
    pub database: Option<String>,
}
