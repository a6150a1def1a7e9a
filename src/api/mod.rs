//! Owns the doors: HTTP endpoints, MCP, pages for people; who stands at the door, limits,
//! deadlines, and every error as a problem document.
//!
//! Must not hold any rule about files, nor touch `catalog`, `blob`, `search`, `policy` or `models`.
//!
//! To add one: an endpoint goes into the file of its subject under `http/`, takes the extractor of
//! the credential it needs (`credential`), and gets a line in that file's `routes` and its description in
//! `operations`; a page goes into `pages/`; a way to fail gets its status in `problem`.

mod addresses;
mod admission;
mod attachment;
mod body;
mod credential;
mod headers;
mod http;
mod input;
mod limits;
pub mod mcp;
pub mod oauth;
mod openapi;
mod origin;
mod pages;
mod problem;
mod proxies;
mod router;
mod serve;
mod state;
mod strangers;

pub use limits::{AddressPaces, DoorLimits};
pub use openapi::openapi;
pub use problem::Problem;
pub use proxies::{ForwardedBy, Network, NetworkError, Proxies};
pub use router::router;
pub use serve::serve;
pub use state::{ApiParts, ApiSettings};
