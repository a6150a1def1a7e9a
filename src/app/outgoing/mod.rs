//! Owns requests to addresses outside that this server makes by itself. A name is resolved once, and what it
//! resolves to is what is connected to; addresses of networks that are not public, redirects, and
//! answers without end are not for it.
//!
//! Must not ask for what a caller, a tool or a file names, nor say what was sent.
//!
//! To add one: a port of the room that asks (`Fetch`, `Post`), implemented in `client.rs`, with bounds of its
//! own for time and size.

mod client;
mod guard;

pub use client::{Outgoing, OutgoingError, OutgoingPosts, PostsError, posts};
