//! How long a worker has a job without a sign of life.

use std::fmt::Display;
use std::time::Duration;

use crate::domain::ErrorCode;
use crate::files::FilesError;

/// How long a job may be away before another worker takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    seconds: u16,
}

impl Lease {
    /// What is used where nothing is set.
    pub const USUAL: Self = Self { seconds: 180 };
    /// Shorter, one slow answer of the catalog would cost a worker its job; in seconds.
    pub const SHORTEST: u16 = 3;
    /// Longer, a file would wait for hours when a machine goes; in seconds.
    pub const LONGEST: u16 = 3600;

    /// A lease of so many seconds; `None` outside [`SHORTEST`](Self::SHORTEST) to [`LONGEST`](Self::LONGEST).
    pub const fn of_seconds(seconds: u16) -> Option<Self> {
        if seconds < Self::SHORTEST || seconds > Self::LONGEST { None } else { Some(Self { seconds }) }
    }

    /// Its length, in seconds.
    pub fn seconds(self) -> i64 {
        i64::from(self.seconds)
    }

    /// How often a worker that is still busy renews it; two renewals may fail before it ends.
    pub(super) fn renew_every(self) -> Duration {
        Duration::from_secs(u64::from(self.seconds)) / 3
    }

    /// Renewals of work that takes so long at most.
    fn renewals(self, longest: Duration) -> u128 {
        longest.as_millis().div_ceil(self.renew_every().as_millis().max(1))
    }

    /// Does the work, and keeps what it is about from other workers meanwhile; `None` when it took longer
    /// than any should. A renewal that fails while the catalog is away is tried again.
    pub(super) async fn held<T, R>(
        self,
        what: impl Display,
        longest: Duration,
        work: impl Future<Output = T>,
        renew: impl Fn() -> R,
    ) -> Result<Option<T>, FilesError>
    where
        R: Future<Output = Result<(), FilesError>>,
    {
        let mut work = std::pin::pin!(work);
        for _ in 0..self.renewals(longest) {
            match tokio::time::timeout(self.renew_every(), &mut work).await {
                Ok(done) => return Ok(Some(done)),
                Err(_) => match renew().await {
                    Ok(()) => {}
                    Err(error) if error.code() == ErrorCode::Unavailable => {
                        tracing::warn!(lease.of = %what, error = %error, "a lease could not be renewed; trying again before it ends");
                    }
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::JobKind;
    use crate::jobs::stage::StageLimits;

    const LONGEST_INSPECTION: Duration = StageLimits::of(JobKind::Scan).longest;

    #[test]
    fn a_lease_of_any_length_lets_two_renewals_fail_and_lasts_for_the_longest_inspection() {
        for seconds in [Lease::SHORTEST, 10, 180, Lease::LONGEST] {
            let lease = Lease::of_seconds(seconds).unwrap();
            assert!(lease.renew_every() * 2 < Duration::from_secs(u64::from(seconds)), "{lease:?}");
            let longest = lease.renew_every().as_millis() * lease.renewals(LONGEST_INSPECTION);
            assert!(longest >= LONGEST_INSPECTION.as_millis(), "{lease:?}");
        }
        assert_eq!((Lease::USUAL.renew_every(), Lease::USUAL.renewals(LONGEST_INSPECTION)), (Duration::from_mins(1), 45));
        assert_eq!([0, 2, 3601].map(Lease::of_seconds), [None; 3]);
    }
}
