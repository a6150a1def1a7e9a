//! What `satchel categories` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ServerArgs, SoughtArgs};

/// `satchel categories`.
#[derive(Debug, Subcommand)]
pub enum CategoriesCommand {
    /// The categories there are, and the customer's own
    List {
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Which category a file has, and why
    Show {
        /// file_...
        file: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say which category a file has
    Say {
        /// file_...
        file: String,
        /// Its category; `found` takes back what was said
        category: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Keep a category of the customer's own, in place of the one of its name
    Set {
        /// Words of small letters and digits, as "lab results"
        name: String,
        /// What speaks for it.
        #[command(flatten)]
        sought: SoughtArgs,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Take a category of the customer's own away
    Remove {
        /// Its name
        name: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Have all files sorted again by the rules as they are
    Reread(RereadArgs),
    /// Sort labelled texts and print how many were right by category, and what was taken for what; takes no server
    Check {
        /// Lines of {"category": "invoices", "name": "...", "text": "..."}, and `title` and `kind` where there are any
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print every text that was sorted otherwise
        #[arg(long)]
        misses: bool,
    },
}

/// `satchel dlp reread` and `satchel categories reread`.
#[derive(Debug, Args)]
pub struct RereadArgs {
    /// Only say how far the last one is
    #[arg(long)]
    pub status: bool,
    /// Wait until every file was looked at
    #[arg(long, conflicts_with = "status")]
    pub wait: bool,
    /// Server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
