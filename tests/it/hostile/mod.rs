//! Files that are made to harm whoever parses them: made here, by code, and never large on disk.

pub mod archives;
mod documents;
pub mod files;
mod pictures;
pub mod processes;
mod reserve;
mod served;
mod states;
mod worker;
