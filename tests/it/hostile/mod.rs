//! Files that are made to harm whoever parses them: made here, by code, and never large on disk.

pub mod archives;
mod documents;
mod files;
mod pictures;
mod processes;
mod reserve;
mod served;
mod worker;
