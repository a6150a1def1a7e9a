//! Asking the store: the only way to it names whose bytes they are, which tells the region, and how long
//! somebody waits for them.

use std::sync::PoisonError;
use std::time::Duration;

use jiff::SignedDuration;

use super::{Files, FilesError, Subject};
use crate::blob::{BlobError, ObjectKey, Store};
use crate::domain::{CustomerId, RegionName, Timestamp};

/// What is kept of the time somebody waits, to write down that the store did not answer, and to say so.
const TO_SAY: SignedDuration = SignedDuration::from_millis(500);
/// How long a request of a worker or a sweep may take, for which nobody waits: the store copies its largest
/// object at once in five minutes, and is asked three times. A job has three times as much in all.
const STEP: Duration = Duration::from_mins(15);
/// Customers whose region is remembered; past that, all are asked for again.
const REMEMBERED: usize = 65_536;

/// How long somebody waits for what he asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Until then, when an answer must be out.
    Until(Timestamp),
    /// As long as bytes move: what stalls is ended by limits of its own, at the door and at the store.
    WhileBytesMove,
}

impl Patience {
    /// How long a program waits for an answer when nobody says otherwise.
    pub const USUAL: SignedDuration = SignedDuration::from_secs(10);
}

/// Work for a customer that the store is needed for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Errand {
    customer: CustomerId,
    limit: Limit,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    Until(Timestamp),
    Step,
    Stall,
}

impl Errand {
    /// Of a worker or a sweep.
    pub const fn of_worker(customer: CustomerId) -> Self {
        Self { customer, limit: Limit::Step }
    }

    /// For somebody who waits so long.
    pub const fn waited_for(customer: CustomerId, patience: Patience) -> Self {
        let limit = match patience {
            Patience::Until(at) => Limit::Until(at),
            Patience::WhileBytesMove => Limit::Stall,
        };
        Self { customer, limit }
    }

    /// How long the store may take from now on; `None` while bytes move.
    fn left(&self, now: Timestamp) -> Option<Duration> {
        match self.limit {
            Limit::Until(at) => Some(Duration::try_from(at.duration_since(now) - TO_SAY).unwrap_or(Duration::ZERO)),
            Limit::Step => Some(STEP),
            Limit::Stall => None,
        }
    }
}

impl From<&Subject> for Errand {
    fn from(subject: &Subject) -> Self {
        Self::waited_for(subject.customer(), subject.patience)
    }
}

impl Files {
    /// The store of the customer's region, for its work alone, until nobody waits any more.
    pub(super) async fn store(&self, errand: impl Into<Errand>) -> Result<Store, FilesError> {
        let errand = errand.into();
        let region = self.region_of(errand.customer).await?;
        let store = match (self.0.stores.get(region.as_ref()), region) {
            (Some(store), _) => store.for_customer(errand.customer),
            (None, Some(region)) => return Err(BlobError::NoRegion { region }.into()),
            (None, None) => self.0.stores.home().for_customer(errand.customer),
        };
        Ok(match errand.left(self.now()) {
            Some(left) => store.within(left),
            None => store,
        })
    }

    /// Removes an object that nobody refers to. What cannot be removed while somebody waits is swept.
    pub(super) async fn remove_object(&self, errand: impl Into<Errand>, key: &ObjectKey) -> Result<(), FilesError> {
        Ok(self.store(errand).await?.delete(key).await?)
    }

    /// In which region a customer's bytes lie. It never changes, and is asked for once.
    async fn region_of(&self, customer: CustomerId) -> Result<Option<RegionName>, FilesError> {
        if let Some(known) = self.0.regions.lock().unwrap_or_else(PoisonError::into_inner).get(&customer) {
            return Ok(known.clone());
        }
        let region = self.0.catalog.customer(customer).await?.ok_or(FilesError::NotFound)?.region;
        let mut known = self.0.regions.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(customer, region.clone());
        Ok(region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, ManualClock, SeededEntropy};

    #[test]
    fn the_store_has_what_is_left_of_a_callers_time_and_as_long_as_it_takes_for_bytes_that_move() {
        let clock = ManualClock::at("2026-03-02T09:00:00Z");
        let customer = CustomerId::new(&clock, &SeededEntropy::new(3));
        let now = clock.now();
        let until = |millis| Errand::waited_for(customer, Patience::Until(now + SignedDuration::from_millis(millis)));
        for (errand, left) in [
            (until(4500), Some(Duration::from_secs(4))),
            (until(600), Some(Duration::from_millis(100))),
            (until(500), Some(Duration::ZERO)),
            (until(0), Some(Duration::ZERO)),
            (until(-10_000), Some(Duration::ZERO)),
            (Errand::of_worker(customer), Some(STEP)),
            (Errand::waited_for(customer, Patience::WhileBytesMove), None),
        ] {
            assert_eq!(errand.left(now), left, "{errand:?}");
        }
    }
}
