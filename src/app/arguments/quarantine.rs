//! What `satchel quarantine` and `satchel report` take.

use clap::{Subcommand, ValueEnum};

use super::ServerArgs;
use crate::domain::Timestamp;

/// `satchel quarantine`.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// What lies in quarantine, and why
    List {
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Propose that the bytes of a file are a false alarm; somebody else confirms it, with another key
    Release {
        /// file_...
        file: String,
        /// Why; goes on the audit trail
        #[arg(long)]
        reason: String,
        /// For how many days the bytes may be read, 1 to 365
        #[arg(long, default_value_t = 90)]
        days: u16,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Confirm what somebody else proposed: the bytes are judged again, and pass
    Confirm {
        /// file_...
        file: String,
        /// Why; goes on the audit trail
        #[arg(long)]
        reason: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Take a release back, proposed or in force
    Withdraw {
        /// file_...
        file: String,
        /// Why; goes on the audit trail
        #[arg(long)]
        reason: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Remove a file that lies in quarantine
    Delete {
        /// file_...
        file: String,
        /// Why; goes on the audit trail
        #[arg(long)]
        reason: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// `satchel report`.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// What was scanned, found, let out and removed over a period, and by whom
    Security {
        /// From this instant on, such as 2026-03-01T00:00:00Z
        #[arg(long)]
        from: Timestamp,
        /// Before this instant; now when left out
        #[arg(long)]
        to: Option<Timestamp>,
        /// The form
        #[arg(long, value_enum, default_value_t = ReportFormat::Json)]
        format: ReportFormat,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// How a report is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ReportFormat {
    /// An object
    Json,
    /// A table, a line for each thing that happened
    Csv,
    /// A page that needs nothing else
    Html,
}

impl ReportFormat {
    /// As the server knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }
}
