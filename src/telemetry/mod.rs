//! Owns the names of what is measured, and the only clock that measures durations.
//!
//! Must not touch anything but `domain`.
//!
//! To add one: a metric gets a constant in [`metric`] with its unit in the name.

mod stopwatch;

pub use stopwatch::Stopwatch;

/// Names of what is measured; the unit is the last word.
pub mod metric {
    /// Duration of one tool call, by tool and outcome.
    pub const TOOL_CALL_MS: &str = "satchel.tool.call_ms";
    /// Duration of one stage of a file's inspection.
    pub const STAGE_MS: &str = "satchel.inspect.stage_ms";
    /// Calls of one operation of the store that ended.
    pub const STORE_CALLS: &str = "satchel.store.calls";
    /// Those that failed after their last attempt.
    pub const STORE_FAILURES: &str = "satchel.store.failures";
    /// Requests that went to the store; each is billed.
    pub const STORE_REQUESTS: &str = "satchel.store.requests";
    /// Requests that were a further attempt of the same call.
    pub const STORE_RETRIES: &str = "satchel.store.retries";
    /// Bytes of bodies sent to the store.
    pub const STORE_SENT_BYTES: &str = "satchel.store.sent_bytes";
    /// Bytes of bodies that the store announced.
    pub const STORE_RECEIVED_BYTES: &str = "satchel.store.received_bytes";
    /// Time that calls of the store took.
    pub const STORE_ELAPSED_US: &str = "satchel.store.elapsed_us";
}
