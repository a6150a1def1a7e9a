//! The file toolbox of voice agents. Each room is a module; its first lines say what it owns.

pub mod domain;
pub mod search;
pub mod telemetry;
