//! How often something may be done, and who has done it how often.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Timestamp;

const SECOND: i64 = 1_000_000;

/// So many times a second in the long run, and so many at once after a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Times a second, in the long run; 0 is as often as one likes.
    pub per_second: u32,
    /// Times at once, after a rest; at least one.
    pub burst: u32,
}

impl Rate {
    /// As often as one likes.
    pub const ANY: Self = Self { per_second: 0, burst: 0 };

    /// Microseconds that one time takes.
    fn step(self) -> i64 {
        SECOND / i64::from(self.per_second.max(1))
    }
}

/// How often each of many did something: a token bucket for each, kept as the instant at which it is
/// full again.
///
/// Whoever has not done it for a while is forgotten. No more than `room` are remembered; while that many
/// are, those who come new share one bucket, so that neither memory nor the rate of all together grows
/// with their number.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    room: usize,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    /// When each bucket is full again, in microseconds.
    full_at: HashMap<K, i64>,
    /// The bucket of those for whom there is no room.
    others: i64,
    /// When the full buckets may be looked for again.
    sweep_at: i64,
}

impl<K: Eq + Hash> Buckets<K> {
    /// Full buckets for at most `room`.
    pub fn new(rate: Rate, room: usize) -> Self {
        Self { rate, room, state: Mutex::new(State { full_at: HashMap::new(), others: i64::MIN, sweep_at: i64::MIN }) }
    }

    /// Takes one token of somebody's bucket.
    ///
    /// # Errors
    /// How long until there is one, when it is empty.
    pub fn take(&self, of: K, now: Timestamp) -> Result<(), Duration> {
        if self.rate.per_second == 0 {
            return Ok(());
        }
        let now = now.as_microsecond();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.full_at.len() >= self.room && !state.full_at.contains_key(&of) {
            // Once a second: looking through all of them for every stranger would be his way to stop us.
            if now >= state.sweep_at {
                state.full_at.retain(|_, full_at| *full_at > now);
                state.sweep_at = now.saturating_add(SECOND);
            }
            if state.full_at.len() >= self.room {
                return taken(self.rate, &mut state.others, now);
            }
        }
        taken(self.rate, state.full_at.entry(of).or_insert(now), now)
    }

    /// How many are remembered.
    pub fn remembered(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).full_at.len()
    }
}

/// Takes a token of a bucket, where there is one.
fn taken(rate: Rate, full_at: &mut i64, now: i64) -> Result<(), Duration> {
    let (step, burst) = (rate.step(), i64::from(rate.burst.max(1)));
    let whole = step.saturating_mul(burst);
    // A bucket is never emptier than empty: a clock that was set back must not lock anybody out for long.
    *full_at = (*full_at).clamp(now, now.saturating_add(whole));
    let then = full_at.saturating_add(step);
    let over = then.saturating_sub(now).saturating_sub(whole);
    if over > 0 {
        return Err(Duration::from_micros(over.unsigned_abs()));
    }
    *full_at = then;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2, burst: 5 };

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn five_at_once_and_then_two_a_second() {
        let buckets = Buckets::new(RATE, 10);
        assert!((0..5).all(|_| buckets.take("a", at(0)).is_ok()));
        assert_eq!(buckets.take("a", at(0)), Err(Duration::from_millis(500)));
        assert_eq!(buckets.take("a", at(400)), Err(Duration::from_millis(100)));
        assert!(buckets.take("b", at(0)).is_ok(), "another has a bucket of his own");
        assert!(buckets.take("a", at(500)).is_ok() && buckets.take("a", at(500)).is_err());
        // After a long rest it is full again, and no fuller.
        assert!((0..5).all(|_| buckets.take("a", at(60_000)).is_ok()));
        assert!(buckets.take("a", at(60_000)).is_err());
    }

    #[test]
    fn a_rate_of_nothing_lets_everything_pass() {
        let buckets = Buckets::new(Rate::ANY, 10);
        assert!((0..1000).all(|_| buckets.take("a", at(0)).is_ok()));
        assert_eq!(buckets.remembered(), 0);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let buckets = Buckets::new(RATE, 10);
        assert!((0..5).all(|_| buckets.take("a", at(3_600_000)).is_ok()));
        assert_eq!(buckets.take("a", at(0)), Err(Duration::from_millis(500)));
        assert!(buckets.take("a", at(500)).is_ok());
    }

    #[test]
    fn memory_is_bounded_whoever_comes_and_those_without_room_share_a_bucket() {
        let buckets = Buckets::new(RATE, 100_000);
        assert!((0..100_000).all(|one| buckets.take(one, at(0)).is_ok()));
        let let_in = (100_000..200_000).filter(|one| buckets.take(*one, at(1)).is_ok()).count();
        assert_eq!((buckets.remembered(), let_in), (100_000, 5));
        assert!(buckets.take(7, at(1)).is_ok(), "who is known goes on");
        // Their buckets are full again: they are forgotten, and there is room.
        assert!(buckets.take(300_000, at(2_000)).is_ok());
        assert!(buckets.remembered() <= 2, "{}", buckets.remembered());
    }

    #[test]
    fn never_more_than_the_burst_and_the_rate_together_whatever_the_times() {
        bolero::check!().with_iterations(500).with_type::<Vec<u16>>().for_each(|waits| {
            let (buckets, mut now, mut passed) = (Buckets::new(RATE, 10), 0_i64, 0_i64);
            for wait in waits {
                now += i64::from(*wait);
                passed += i64::from(buckets.take("a", at(now)).is_ok());
                assert!(passed * 1000 <= 5000 + 2 * now, "{passed} in {now} ms");
            }
        });
    }
}
