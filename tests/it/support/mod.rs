//! The whole server in this process: a folder of its own, the embedded store, every room, and the
//! doors on a free port. Time stands still until a test moves it.

mod answer;
mod database;
mod folder;
mod share;
mod webdriver;
mod world;

pub use answer::Answer;
pub use database::Database;
pub use folder::copy_folder;
pub use webdriver::{Browser, until};
pub use world::{Call, DIRECT_PART, Ground, Tenant, World};
