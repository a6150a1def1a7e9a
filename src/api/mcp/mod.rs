//! Owns the MCP door: streamable HTTP at `/mcp` and standard input/output, in the revisions
//! 2025-03-26, 2025-06-18, 2025-11-25 and 2026-07-28. There are no sessions: every request carries
//! its credential, and what a call remembers lies in the catalog, so any process answers any request.
//!
//! Must not decide anything about files, nor keep state between two requests.
//!
//! To add one: a tool appears here by being in the registry; a field of the answer goes into
//! `structuredContent` by itself, and into the text of [`Answer`](crate::tools::Answer) in `text`
//! only when a model that sees nothing else needs it for its next call.

mod credential;
mod form;
mod refusal;
mod scopes;
mod service;
mod stdio;
mod text;
mod toolbox;

pub use scopes::scope_of;
pub use service::{McpSettings, service};
pub use stdio::{StdioError, over, stdio};
