//! The whole server in this process: a folder of its own, the embedded store, every room, and the
//! doors on a free port. Time stands still until a test moves it.

mod answer;
mod axe;
mod database;
mod folder;
mod reach;
mod share;
mod webdriver;
mod world;

pub use answer::Answer;
pub use database::Database;
pub use folder::copy_folder;
pub use reach::{Kind, Reached};
pub use share::OpenedShare;
pub use webdriver::{Browser, until};
pub use world::{Call, DIRECT_PART, DIRECT_WHOLE, Ground, Tenant, UPLOAD_LIMIT, World};

/// The address of what `./test` starts beside the tests, or the path of what it installs.
pub fn beside(variable: &str) -> String {
    let found = std::env::var_os(variable).and_then(|text| text.into_string().ok());
    found.unwrap_or_else(|| panic!("`{variable}` is not set: run the tests with ./test, which starts and installs what they need"))
}
