//! Owns the workers: they lease durable jobs, have files scanned and read, and admit or quarantine
//! them; they adopt objects where they lie, deliver messages, sweep what uploads left behind, keep this process's index in step,
//! sign checkpoints of the audit trail, watch the scanners, judge again what an older one judged, and find out what the store can do.
//!
//! Must not decide anything for a caller, nor touch rows and objects other than through `files`; what is said and who carries it are `speech` and `notify`.
//!
//! To add one: a stage gets a kind in `catalog/jobs.rs`, limits in `stage.rs`, a function in `inspect.rs` that may
//! run twice and ends in a verb that enqueues what follows, and a line in `give_up`; a sweep gets a step in
//! `workers.rs`.

mod adopt;
mod deliver;
mod follow;
mod inspect;
mod lease;
mod probe;
mod reread;
mod rescan;
mod seal;
mod stage;
mod watch;
mod workers;

pub use deliver::{Delivery, deliver};
pub use follow::follow;
pub use lease::Lease;
pub use probe::probe;
pub use reread::{reread, reread_round};
pub use rescan::rescan;
pub use seal::seal;
pub use watch::watch;
pub use workers::{WorkerSettings, Workers};
