//! Owns the tools a voice agent calls, one file each: the types of arguments and answer, and what
//! is said; the registry; the published JSON definitions.
//!
//! Must not touch axum, rmcp, AWS or SQL crates, nor `blob`, `catalog`, `search`.
//!
//! To add one: a file with `Input`, `Data` and a `Tool` implementation, a line in `registry::all`,
//! its sentences in `prompts/say/en/`, `satchel schema write`, and cases in `fixtures/<tool>/`.

mod answer;
mod check_progress;
mod confirm_action;
mod decode;
mod describe_file;
mod file_history;
mod find_file;
#[cfg(test)]
mod foreign;
mod gate;
mod generate_access_code;
mod kit;
mod lifetime;
mod registry;
mod request_upload;
mod revoke_access;
mod schema;
mod share_file;
mod sheets;
mod simulate;

pub use answer::{Answer, Outcome};
pub use gate::{Crowd, Place};
pub use registry::{Definition, Hints, Registry, UnknownTool, definitions};

pub use crate::speech::MustSay;
