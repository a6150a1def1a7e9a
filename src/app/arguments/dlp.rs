//! What `satchel dlp` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{RereadArgs, ServerArgs};

/// `satchel dlp`.
#[derive(Debug, Subcommand)]
pub enum DlpCommand {
    /// What is sensitive in a file, masked, and how sensitive it counts as
    Findings {
        /// file_...
        file: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say how sensitive a file is
    Classify {
        /// file_...
        file: String,
        /// public, internal, confidential or restricted; `found` takes back what was said
        level: String,
        /// Why, for whoever looks at it later
        #[arg(long)]
        reason: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// The customer's own rules, and what findings count
    Rules {
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep a rule of the customer's own, in place of the one of its name
    Set {
        /// Small letters, digits, - and _
        name: String,
        /// What it looks for.
        #[command(flatten)]
        sought: SoughtArgs,
        /// From how many different ones on
        #[arg(long, default_value_t = 1)]
        at_least: u32,
        /// How sensitive a file is then: public, internal, confidential or restricted
        #[arg(long)]
        level: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Take a rule of the customer's own away
    Remove {
        /// Its name
        name: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Say from how many findings of a type on a file is how sensitive; without any, the usual holds
    Levels {
        /// As card:1:restricted
        #[arg(value_name = "TYPE:COUNT:LEVEL")]
        levels: Vec<String>,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Have all files looked through again by the rules as they are
    Reread(RereadArgs),
    /// Look through labelled texts and print precision and recall by type; takes no server
    Check {
        /// Lines of {"type": "card", "text": "...", "expected": true}
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print every text that was judged otherwise
        #[arg(long)]
        misses: bool,
    },
}

/// What a rule looks for.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct SoughtArgs {
    /// A word or a phrase; may be given several times
    #[arg(long = "word", value_name = "WORD")]
    pub words: Vec<String>,
    /// A file of words or phrases, one a line
    #[arg(long, value_name = "FILE")]
    pub words_of: Option<PathBuf>,
    /// A regular expression, over text without accents
    #[arg(long)]
    pub pattern: Option<String>,
}
