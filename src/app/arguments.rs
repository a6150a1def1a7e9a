//! What can be typed after `satchel`.

mod audit;
mod categories;
mod dlp;
mod models;
mod person;
mod policy;
mod quarantine;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use audit::{AuditArgs, AuditCommand, ExportFormat, TrailArgs};
pub use categories::{CategoriesCommand, RereadArgs};
pub use dlp::{DlpCommand, SoughtArgs};
pub use models::{ModelName, ModelsCommand};
pub use person::PersonCommand;
pub use policy::{GrantCommand, PlaceArgs, PolicyCommand, ProposedArgs};
pub use quarantine::{QuarantineCommand, ReportCommand};

/// The file toolbox of voice agents.
#[derive(Debug, Parser)]
#[command(name = "satchel", version, disable_help_subcommand = true, propagate_version = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a customer with people and files of our own making, everything in one process and one folder
    Demo(DemoArgs),
    /// Serve
    Serve(ServeArgs),
    /// Run workers without a server (needs a catalog and a store reached over the network)
    Worker(ServeArgs),
    /// Move the catalog of a data folder to a Postgres database, and check that nothing differs
    Migrate(MigrateArgs),
    /// Look whether every part works, and say how
    Doctor(DoctorArgs),
    /// The buckets of the object store: how they are set up, and which rights that takes
    #[command(subcommand)]
    Store(StoreCommand),
    /// Upload a folder or adopt objects of a bucket, wait, and report what was understood
    Import(ImportArgs),
    /// What this machine's own files would give
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Be the caller: type what is said, see what would be spoken
    Call(CallArgs),
    /// Be an MCP server for a program that starts this one
    Mcp(McpArgs),
    /// Models that this machine runs by itself
    #[command(subcommand)]
    Models(ModelsCommand),
    /// The tools as a voice platform wants them
    #[command(subcommand)]
    Tools(ToolsCommand),
    /// The committed definitions of the tools
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Customers of this server
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// The directory of a customer
    #[command(subcommand)]
    Person(PersonCommand),
    /// API keys of a customer
    #[command(subcommand)]
    Key(KeyCommand),
    /// Files of which nothing is removed
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Files that were found harmful
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Reports over a period
    #[command(subcommand)]
    Report(ReportCommand),
    /// The audit trail
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Who may do what: the customer's own policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Standing rights of users and teams on files and folders
    #[command(subcommand)]
    Grant(GrantCommand),
    /// What is sensitive in files, and how sensitive they are
    #[command(subcommand)]
    Dlp(DlpCommand),
    /// By which words files are sorted, and why
    #[command(subcommand)]
    Categories(CategoriesCommand),
}

/// `satchel bench`.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// What whole-file deduplication saves of folders, each uploaded whole by one customer
    Dedup(DedupArgs),
}

/// `satchel bench dedup`.
#[derive(Debug, Args)]
pub struct DedupArgs {
    /// Folders, each a corpus; NAME=DIR names it
    #[arg(value_name = "[NAME=]DIR", required = true)]
    pub corpora: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Settings that can be given as flags; they win over file and environment.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingsArgs {
    /// Settings file (TOML)
    #[arg(long, value_name = "FILE", env = "SATCHEL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Data folder
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Postgres database of the catalog, postgres://role@host:port/database; with its password in `SATCHEL__CATALOG__URL` instead [default: SQLite in the data folder]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// The same database as the role that owns its tables; brings them up to date
    #[arg(long, value_name = "URL")]
    pub database_owner: Option<String>,
    /// Address of the HTTP doors, for example 127.0.0.1:8080
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Address under which browsers and phones reach the doors
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Address of the embedded object store
    #[arg(long, value_name = "ADDR")]
    pub bytes_listen: Option<SocketAddr>,
    /// Address under which browsers and phones reach the bytes
    #[arg(long, value_name = "URL")]
    pub bytes_public_url: Option<String>,
    /// Print the settings that result, without secrets, and stop
    #[arg(long)]
    pub print_settings: bool,
}

/// `satchel demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one line of JSON once everything can be found, then serve
    #[arg(long)]
    pub json: bool,
}

/// `satchel serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Workers in this process; 0 for none
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
}

/// `satchel migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Data folder with the catalog; no server may hold it
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Database it moves to, postgres://role@host:port/database, as the role that will serve; taken from the variable where it has a password
    #[arg(long, value_name = "URL", env = "SATCHEL__CATALOG__URL", hide_env_values = true)]
    pub to: String,
    /// The same database as the role that owns its tables: makes them, and the role of `--to` where it is missing
    #[arg(long, value_name = "URL", env = "SATCHEL__CATALOG__OWNER_URL", hide_env_values = true)]
    pub owner: Option<String>,
    /// Move nothing; compare the folder with what the database has
    #[arg(long)]
    pub check: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `satchel doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `satchel store`.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Say how the buckets differ from what Satchel wants of them, or change that
    Setup(StoreSetupArgs),
    /// Print the least rights, as an IAM policy document
    Policy {
        /// Whose
        #[arg(long, value_enum)]
        role: PolicyOf,
        /// Of which region's store [default: the home region's]
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        /// Settings.
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

/// Whose rights are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyOf {
    /// A server with its workers.
    Server,
    /// Workers alone.
    Worker,
    /// Whoever runs `satchel store setup`.
    Setup,
    /// The role of `store.assume_role`.
    Customer,
}

/// `satchel store setup`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("mode").required(true).args(["plan", "apply", "check"])))]
pub struct StoreSetupArgs {
    /// Say what differs, and stop
    #[arg(long)]
    pub plan: bool,
    /// Say what differs, change it, and read it back
    #[arg(long)]
    pub apply: bool,
    /// Fail when something differs
    #[arg(long)]
    pub check: bool,
    /// Customer whose `temp/` and `archive/` get rules of their own, repeatable: cust_...
    #[arg(long = "customer", value_name = "CUSTOMER")]
    pub customers: Vec<String>,
    /// Make the metadata bucket with object lock, so that nobody deletes the checkpoints of the audit trail
    #[arg(long)]
    pub lock: bool,
    /// Settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which server to talk to, and as whom.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Address of the server
    #[arg(long, value_name = "URL", env = "SATCHEL_URL")]
    pub url: Option<String>,
    /// Key: of a customer, or the operator's; taken from the variable, never from the command line
    #[arg(long, value_name = "KEY", env = "SATCHEL_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Data folder of a server on this machine: address and key are read from it
    /// [default: ./satchel-data, else ./satchel-demo]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `satchel import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The folder, or the objects of a bucket, which stay where they lie: s3://BUCKET/PREFIX
    #[arg(value_name = "DIR or s3://BUCKET/PREFIX")]
    pub source: String,
    /// The customer that must receive them; its key is taken from the demo's folder or `SATCHEL_KEY`
    #[arg(long, value_name = "CUSTOMER")]
    pub customer: Option<String>,
    /// Folder of Satchel that receives them
    #[arg(long, value_name = "FOLDER", default_value = "")]
    pub folder: String,
    /// Server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print JSON with one entry per file
    #[arg(long)]
    pub json: bool,
    /// Print the tables by format and by reason as Markdown
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// `satchel call`.
#[derive(Debug, Args)]
pub struct CallArgs {
    /// Who calls: a name of the directory, a number (+1555...), or an id (user_...)
    #[arg(long, value_name = "WHO", conflicts_with = "token")]
    pub caller: Option<String>,
    /// Token of a call that is open; taken from the variable, never from the command line
    #[arg(long, value_name = "TOKEN", env = "SATCHEL_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Case file to run instead of typing
    #[arg(long, value_name = "FILE", conflicts_with = "tool")]
    pub fixture: Option<PathBuf>,
    /// Call one tool and stop
    #[arg(long, value_name = "TOOL")]
    pub tool: Option<String>,
    /// Arguments of `--tool`, JSON
    #[arg(long, value_name = "JSON", requires = "tool", default_value = "{}")]
    pub args: String,
    /// Server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print answers as JSON
    #[arg(long)]
    pub json: bool,
}

/// `satchel mcp`.
#[derive(Debug, Args)]
pub struct McpArgs {
    /// Speak over standard input and output; over HTTP, `satchel serve` does
    #[arg(long, required = true)]
    pub stdio: bool,
    /// Token of the call the tools run in; taken from the variable, never from the command line [default: a new call, ended with the conversation]
    #[arg(long, value_name = "TOKEN", env = "SATCHEL_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Key of the customer whose files these are; taken from the variable, never from the command line [default: that of the demo in the data folder]
    #[arg(long, value_name = "KEY", env = "SATCHEL_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Who calls: a name of the directory, a number (+1555...), or an id (user_...) [default: the demo's caller]
    #[arg(long, value_name = "WHO", conflicts_with = "token")]
    pub caller: Option<String>,
    /// Settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// `satchel tools`.
#[derive(Debug, Subcommand)]
pub enum ToolsCommand {
    /// Print the definitions
    Export {
        /// Format of the platform
        #[arg(long, value_enum)]
        dialect: Dialect,
        /// Which tools
        #[arg(long, value_enum, default_value_t = Profile::Full)]
        profile: Profile,
    },
}

/// Formats of definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dialect {
    /// Model Context Protocol, `tools/list`.
    Mcp,
    /// Amazon Bedrock Converse.
    Bedrock,
    /// OpenAI.
    Openai,
    /// Vapi.
    Vapi,
    /// Retell.
    Retell,
    /// ElevenLabs.
    Elevenlabs,
}

/// Sets of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// The first four and the confirmation.
    Core,
    /// All.
    Full,
}

/// `satchel schema`.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Write one file per tool, the description of the HTTP endpoints and the schema of policies
    Write(SchemaFiles),
    /// Fail when a file differs from the types
    Check(SchemaFiles),
}

/// Where the definitions lie.
#[derive(Debug, Args)]
pub struct SchemaFiles {
    /// Folder of the definitions of tools
    #[arg(long, default_value = "tools")]
    pub dir: PathBuf,
    /// File of the description of the HTTP endpoints (OpenAPI)
    #[arg(long, default_value = "openapi.json")]
    pub openapi: PathBuf,
    /// Folder of the policies and their schema
    #[arg(long, default_value = "policies")]
    pub policies: PathBuf,
}

/// `satchel customer`.
#[derive(Debug, Subcommand)]
pub enum CustomerCommand {
    /// Create a customer; prints its id and its first key, once
    Create {
        /// Its name
        name: String,
        /// Messages go to an outbox to look at, never to people
        #[arg(long)]
        test: bool,
        /// Region in which its bytes lie, for good [default: the home region]
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// How much a customer has and may have; sets what is given
    Quota {
        /// Its id (cust_...)
        customer: String,
        /// Files it may have, deleted ones apart; `any` for as many as it likes
        #[arg(long, value_name = "N", value_parser = most)]
        files: Option<Most>,
        /// Bytes it may have in all their versions; `any` for as many as it likes
        #[arg(long, value_name = "N", value_parser = most)]
        bytes: Option<Most>,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// How much one may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most(pub Option<u64>);

fn most(text: &str) -> Result<Most, String> {
    match text {
        "any" => Ok(Most(None)),
        text => text.parse().map(|most| Most(Some(most))).map_err(|_| "is a number, or `any`".to_owned()),
    }
}

/// `satchel key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key; its secret is printed once
    Create {
        /// What it is for
        label: String,
        /// Narrow it, repeatable: files:read, files:write, files:share, codes:issue, admin
        #[arg(long = "permission", conflicts_with = "operator")]
        permissions: Vec<String>,
        /// After how many days it ends [default: never]
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
        /// A key of the operator, not of a customer
        #[arg(long)]
        operator: bool,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// All keys, without their secrets
    List {
        /// Those of the operator, not of a customer
        #[arg(long)]
        operator: bool,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a key a new secret, which is printed once; the old one opens it too for a while
    Rotate {
        /// Its id: key_...
        id: String,
        /// For how many seconds the old secret opens it too, at most a week
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
        overlap: u32,
        /// A key of the operator, not of a customer
        #[arg(long)]
        operator: bool,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a key
    Revoke {
        /// Its id: key_...
        id: String,
        /// A key of the operator, not of a customer
        #[arg(long)]
        operator: bool,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// `satchel hold`.
#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Stop every removal of a file, deleted or not, until the hold is lifted
    Place {
        /// file_...
        file: String,
        /// Why; goes on the audit trail
        #[arg(long)]
        reason: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Let what was put off go on
    Lift {
        /// file_...
        file: String,
        /// Why; goes on the audit trail
        #[arg(long)]
        reason: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Every file that is held, and why
    List {
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
