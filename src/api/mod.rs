//! Owns the doors: authentication, limits, deadlines, and the wire forms around the tools' answers.
//!
//! Must not hold any rule about files, nor touch `catalog`, `blob`, `search` or `models`.
//!
//! To add one: a folder with its router, which ends in the same registry as every other door.

pub mod mcp;
