//! Owns the commands, one file each: what is asked of a server or a use case, and what is printed.
//!
//! Must not decide anything, read the environment, or print other than through `Terminal`.
//!
//! To add one: a function `(arguments, terminal)`, exported here and called from `entry`.

mod adopt;
mod audit;
mod bench;
mod call;
mod categories;
mod customer;
mod demo;
mod dlp;
mod doctor;
mod grant;
mod hold;
mod import;
mod key;
mod mcp;
mod migrate;
mod models;
mod person;
mod policy;
mod quarantine;
mod schema;
mod serve;
mod store;
mod tools;
mod worker;

pub use audit::audit;
pub use bench::bench;
pub use call::call;
pub use categories::categories;
pub use customer::customer;
pub use demo::demo;
pub use dlp::dlp;
pub use doctor::doctor;
pub use grant::grant;
pub use hold::hold;
pub use import::import;
pub use key::key;
pub use mcp::mcp;
pub use migrate::migrate;
pub use models::models;
pub use person::person;
pub use policy::policy;
pub use quarantine::{quarantine, report};
pub use schema::schema;
pub use serve::serve;
pub use store::store;
pub use tools::tools;
pub use worker::worker;
