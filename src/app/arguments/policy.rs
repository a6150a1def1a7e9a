//! What `satchel policy` and `satchel grant` take.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ServerArgs;

/// `satchel policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Role by action by relation, as the built-in policies decide
    Matrix,
    /// Check files of policies together with the built-in ones; takes no server
    Validate {
        /// Files in Cedar's language
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// What would change if these were in force in place of the active set
    Diff {
        /// What is compared.
        #[command(flatten)]
        proposed: ProposedArgs,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep files as a set without putting it in force; prints its number
    Add {
        /// Files in Cedar's language
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Why, for whoever looks at the list later
        #[arg(long, default_value = "")]
        note: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Put a set in force, of files or one that is kept
    Activate {
        /// What is put in force.
        #[command(flatten)]
        proposed: ProposedArgs,
        /// Why, for whoever looks at the list later
        #[arg(long, default_value = "", conflicts_with = "set")]
        note: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Every set, the newest first, and which is active
    List {
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The texts of a set
    Show {
        /// Its number
        number: u32,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a set in force again that was in force before; 0 for the built-in policies alone
    Rollback {
        /// Its number
        number: u32,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Files of policies, or a set that is kept.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ProposedArgs {
    /// Files in Cedar's language
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Number of a set that is kept; 0 for the built-in policies alone
    #[arg(long, value_name = "NUMBER")]
    pub set: Option<u32>,
}

/// `satchel grant`.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// Give a user or a team a standing right on a file or a folder
    Give {
        /// viewer, commenter, editor or owner
        level: String,
        /// To whom: user_... or team_...
        #[arg(long)]
        to: String,
        /// On what.
        #[command(flatten)]
        place: PlaceArgs,
        /// End it by itself after so many seconds
        #[arg(long, value_name = "SECONDS")]
        lifetime: Option<i64>,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The standing rights of a file or a folder
    List {
        /// Of what.
        #[command(flatten)]
        place: PlaceArgs,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a standing right
    End {
        /// grant_...
        id: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// A file or a folder.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct PlaceArgs {
    /// file_...
    #[arg(long)]
    pub file: Option<String>,
    /// Path of a folder, with all that lies in it; "" for the top
    #[arg(long)]
    pub folder: Option<String>,
}
