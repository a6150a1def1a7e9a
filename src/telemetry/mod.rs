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
}
