//! Owns the workers: they lease durable jobs, have files scanned and read, and admit or quarantine
//! them; they sweep what uploads left behind, and keep this process's index in step.
//!
//! Must not decide anything for a caller, nor touch rows and objects other than through `files`.
//!
//! To add one: a stage gets a function in `inspect.rs` that may run twice; a sweep gets a step in
//! `workers.rs`.

mod follow;
mod inspect;
mod workers;

pub use follow::follow;
pub use workers::{WorkerSettings, Workers};
