//! How fast somebody may ask: a bucket for each caller, each key and each customer.
//!
//! Each serving process counts what comes to it: several let through as many times as much. Who is over
//! is told when to come back, before anything is looked up; that leaves no record, since a record for each
//! would let a flood write as much as it likes. The log hears of the first, the second, the fourth, ….

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Files, FilesError, Subject};
use crate::domain::{Actor, Buckets, CallContext, CustomerId, Rate, Timestamp};

/// Callers, keys and customers whose pace is remembered, each.
const ROOM: usize = 100_000;

/// How fast may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paces {
    /// By one caller: a user on whatever calls, a guest on one.
    pub caller: Rate,
    /// With one key.
    pub key: Rate,
    /// By everybody of one customer together.
    pub customer: Rate,
}

impl Default for Paces {
    /// As fast as one likes.
    fn default() -> Self {
        Self { caller: Rate::ANY, key: Rate::ANY, customer: Rate::ANY }
    }
}

/// Who has asked how often.
#[derive(Debug)]
pub(super) struct Pacer {
    callers: Buckets<Actor>,
    keys: Buckets<Actor>,
    customers: Buckets<CustomerId>,
    refused: AtomicU64,
}

impl Pacer {
    pub fn new(paces: &Paces) -> Self {
        Self {
            callers: Buckets::new(paces.caller, ROOM),
            keys: Buckets::new(paces.key, ROOM),
            customers: Buckets::new(paces.customer, ROOM),
            refused: AtomicU64::new(0),
        }
    }

    fn take(&self, customer: CustomerId, actor: &Actor, now: Timestamp) -> Result<(), FilesError> {
        let own = match actor {
            Actor::User(_) | Actor::Guest(_) => self.callers.take(actor.clone(), now),
            Actor::Key(_) => self.keys.take(actor.clone(), now),
            // The operator and our own workers are trusted; links have limits of their own.
            Actor::Operator | Actor::Link(_) | Actor::System => return Ok(()),
        };
        // The own bucket first: one that is empty must not take from what others share.
        own.and_then(|()| self.customers.take(customer, now)).map_err(|wait| {
            let refused = self.refused.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            if refused.is_power_of_two() {
                tracing::warn!(customer.id = %customer, actor.kind = actor.kind(), refused, "somebody asks too fast, and was told to come back");
            }
            FilesError::TooFast { wait }
        })
    }
}

impl Files {
    /// Counts a request of somebody.
    ///
    /// # Errors
    /// `TooFast` when there were too many.
    pub fn pace(&self, subject: &Subject) -> Result<(), FilesError> {
        self.0.pacer.take(subject.customer(), &subject.actor, self.now())
    }

    /// Counts a tool call.
    ///
    /// # Errors
    /// `TooFast` when there were too many.
    pub fn pace_call(&self, ctx: &CallContext) -> Result<(), FilesError> {
        self.0.pacer.take(ctx.customer, &Actor::of_call(ctx.call, &ctx.caller), self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{KeyId, ManualClock, SeededEntropy, UserId};

    fn rate(burst: u32) -> Rate {
        Rate { per_second: 1, burst }
    }

    #[test]
    fn a_caller_who_is_too_fast_takes_nothing_from_the_others_of_his_customer() {
        let (clock, entropy) = (ManualClock::at("2026-03-01T09:00:00Z"), SeededEntropy::new(1));
        let customer = CustomerId::new(&clock, &entropy);
        let [ann, ben] = [(), ()].map(|()| Actor::User(UserId::new(&clock, &entropy)));
        let now = "2026-03-01T09:00:00Z".parse().unwrap();
        let pacer = Pacer::new(&Paces { caller: rate(2), key: rate(2), customer: rate(4) });
        let tries: Vec<bool> = (0..10).map(|_| pacer.take(customer, &ann, now).is_ok()).collect();
        assert_eq!(tries.iter().filter(|passed| **passed).count(), 2);
        assert!(pacer.take(customer, &ben, now).is_ok());
        let key = Actor::Key(KeyId::new(&clock, &entropy));
        assert!(pacer.take(customer, &key, now).is_ok());
        // The customer's own four are used up now.
        assert!(matches!(pacer.take(customer, &key, now), Err(FilesError::TooFast { .. })));
        assert!(pacer.take(CustomerId::new(&clock, &entropy), &Actor::System, now).is_ok());
    }
}
