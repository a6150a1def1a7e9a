//! What is said when a confirmation does not lead to its action; when it does, the action's own line is said.

use serde::Serialize;

use super::super::line::line;
use crate::speech::Spoken;

/// How often the caller's answer was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Once: asked again.
    First,
    /// Twice: asked in other words.
    Second,
    /// Three times: keys are offered.
    Third,
}

impl Attempt {
    /// The attempt after so many failures, from one.
    pub const fn after(failures: u32) -> Self {
        match failures {
            0 | 1 => Self::First,
            2 => Self::Second,
            _ => Self::Third,
        }
    }
}

line! {
    /// The caller said no.
    Cancelled = "confirm_cancelled" {};

    /// Neither yes nor no.
    NotUnderstood = "confirm_not_understood" {
        /// How often.
        attempt: Attempt,
    };

    /// No action waits.
    NothingToConfirm = "confirm_nothing" {};

    /// The action waited too long.
    ConfirmExpired = "confirm_expired" {};

    /// The answer came before the caller can have given it.
    ConfirmTooEarly = "confirm_too_early" {};

    /// A spoken yes where a pressed key is asked for.
    ConfirmNeedsKey = "confirm_needs_key" {};

    /// Another action took the place of the one that waited.
    ConfirmSuperseded = "confirm_superseded" {
        /// The read-back of the one that waits now.
        question: Spoken,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_failure_and_all_after_it_offer_keys() {
        let attempts: Vec<_> = [0, 1, 2, 3, 9].into_iter().map(Attempt::after).collect();
        assert_eq!(attempts, [Attempt::First, Attempt::First, Attempt::Second, Attempt::Third, Attempt::Third]);
    }
}
