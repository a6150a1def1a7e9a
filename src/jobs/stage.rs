//! What each stage may take, and what becomes of it when it fails.

use std::time::Duration;

use crate::files::JobKind;

/// The limits of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StageLimits {
    /// The longest that one try takes.
    pub longest: Duration,
    /// Tries that count, at most.
    pub tries: u32,
}

impl StageLimits {
    /// Those of a stage.
    pub const fn of(kind: JobKind) -> Self {
        match kind {
            // The largest file at two megabytes a second takes less.
            JobKind::Scan => Self { longest: Duration::from_mins(45), tries: 5 },
            // What is read for text, or drawn, is far smaller.
            JobKind::Read | JobKind::Preview | JobKind::Unlock => Self { longest: Duration::from_mins(10), tries: 5 },
            // An hour of speech, on one processor.
            JobKind::Transcribe => Self { longest: Duration::from_hours(1), tries: 3 },
        }
    }
}

/// How long a job waits at most while a part that it needs does not answer, in seconds.
const OUTAGE_SECONDS: i64 = 15;

/// How long a job waits before it is tried again: two seconds, then four, eight, sixteen, up to sixty-four.
pub(super) fn backoff_seconds(tries: u32) -> i64 {
    2_i64.saturating_pow(tries.min(6))
}

/// The same while a part that it needs is away.
pub(super) fn outage_seconds(attempts: u32) -> i64 {
    backoff_seconds(attempts).min(OUTAGE_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_short_while_something_is_away() {
        assert_eq!([1, 2, 3, 4, 60].map(backoff_seconds), [2, 4, 8, 16, 64]);
        assert_eq!([1, 3, 4, 60].map(outage_seconds), [2, 8, 15, 15]);
    }
}
