//! What `satchel person` takes.

use clap::Subcommand;

use super::ServerArgs;

/// `satchel person`.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Add a user, a team or a contact
    Add {
        /// The full name
        name: String,
        /// user, team or contact
        #[arg(long, default_value = "user")]
        kind: String,
        /// Mail address
        #[arg(long)]
        email: Option<String>,
        /// Number, +1555...
        #[arg(long)]
        phone: Option<String>,
        /// Role of a user, repeatable: owner, administrator, member, guest, auditor
        #[arg(long = "role")]
        roles: Vec<String>,
        /// What separates the person from soundalikes, as it is said: "in finance"
        #[arg(long)]
        detail: Option<String>,
        /// Member of a team, repeatable: user_...
        #[arg(long = "member")]
        members: Vec<String>,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Everybody in the directory
    List {
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a person; what is not named stays
    Change {
        /// user_..., team_... or contact_...
        id: String,
        /// The full name
        #[arg(long)]
        name: Option<String>,
        /// Mail address; "" for none
        #[arg(long)]
        email: Option<String>,
        /// Number, +1555...; "" for none
        #[arg(long)]
        phone: Option<String>,
        /// Role of a user in place of those there are, repeatable: owner, administrator, member, guest, auditor
        #[arg(long = "role", conflicts_with = "no_roles")]
        roles: Vec<String>,
        /// Take all roles away
        #[arg(long)]
        no_roles: bool,
        /// What separates the person from soundalikes; "" for nothing
        #[arg(long)]
        detail: Option<String>,
        /// From now on as unknown as a stranger
        #[arg(long, conflicts_with = "activate")]
        deactivate: bool,
        /// Not deactivated any more
        #[arg(long)]
        activate: bool,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Put a user into a team
    Join {
        /// team_...
        team: String,
        /// user_...
        user: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Take a user out of a team
    Leave {
        /// team_...
        team: String,
        /// user_...
        user: String,
        /// Server.
        #[command(flatten)]
        server: ServerArgs,
    },
}
