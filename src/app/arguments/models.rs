//! Arguments of `satchel models`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `satchel models`.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Bring a model here, by the machine's own Python client, and check that its bytes are those that were tried
    Get(ModelsGetArgs),
}

/// `satchel models get`.
#[derive(Debug, Args)]
pub struct ModelsGetArgs {
    /// Which: `speech` writes down what is said in recordings (English, 87 MB)
    #[arg(value_enum)]
    pub model: ModelName,
    /// Data folder of the server that is to use it
    #[arg(long, value_name = "DIR", default_value = "./satchel-data")]
    pub data: PathBuf,
    /// Another folder to put it into, as `models.speech` names it
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Files that are here already, instead of fetching them
    #[arg(long, value_name = "FILE")]
    pub from: Vec<PathBuf>,
}

/// A model that can be brought here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModelName {
    /// Writes down what is said.
    Speech,
}
