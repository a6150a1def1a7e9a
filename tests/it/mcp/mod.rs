//! The MCP door over real HTTP and over pipes: every revision, who gets in, what comes out.

mod answers;
mod entry;
mod forms;
mod revisions;
mod world;
