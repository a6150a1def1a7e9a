//! Asking the store: the only way to it names whose bytes they are, which tells the region, and how long
//! somebody waits for them.

use std::sync::PoisonError;
use std::time::Duration;

use super::{Files, FilesError, Subject};
use crate::blob::{Anchored, ObjectKey, Store};
use crate::domain::{CustomerId, RegionName, Timestamp};
use crate::telemetry::Stopwatch;

/// What is kept of the time somebody waits, to write down that the store did not answer, and to say so.
const TO_SAY: Duration = Duration::from_millis(500);
/// How long a request of a worker or a sweep may take, for which nobody waits: the store copies its largest
/// object at once in five minutes, and is asked three times. A job has three times as much in all.
const STEP: Duration = Duration::from_mins(15);
/// Customers whose region is remembered; past that, all are asked for again.
const REMEMBERED: usize = 65_536;

/// How long somebody waits for what he asked.
#[derive(Debug, Clone, Copy)]
pub enum Patience {
    /// So long, in which an answer must be out. It runs by the machine's own measure of time, so that several
    /// requests to a store share it, whatever is done to the clock.
    For(Duration, Stopwatch),
    /// As long as bytes move: what stalls is ended by limits of its own, at the door and at the store.
    WhileBytesMove,
}

impl Patience {
    /// How long a program waits for an answer when nobody says otherwise.
    pub(super) const USUAL: Duration = Duration::from_secs(10);

    /// So long from now.
    #[must_use]
    pub fn of(limit: Duration) -> Self {
        Self::For(limit, Stopwatch::start())
    }

    /// Until an answer must be out.
    #[must_use]
    pub fn until(deadline: Timestamp, now: Timestamp) -> Self {
        Self::of(Duration::try_from(deadline.duration_since(now)).unwrap_or(Duration::ZERO))
    }

    /// How long a store may take from now on, so that what it did not do can still be said; `None` while
    /// bytes move.
    fn left(&self) -> Option<Duration> {
        match self {
            Self::For(limit, since) => Some(limit.saturating_sub(since.elapsed()).saturating_sub(TO_SAY)),
            Self::WhileBytesMove => None,
        }
    }
}

/// Work for a customer that the store is needed for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Errand {
    customer: CustomerId,
    /// How long the store may take; `None` while bytes move.
    left: Option<Duration>,
}

impl Errand {
    /// Of a worker or a sweep.
    pub const fn of_worker(customer: CustomerId) -> Self {
        Self { customer, left: Some(STEP) }
    }

    /// Whose bytes.
    pub const fn customer(self) -> CustomerId {
        self.customer
    }

    /// For somebody who waits so long.
    pub fn waited_for(customer: CustomerId, patience: Patience) -> Self {
        Self { customer, left: patience.left() }
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
        let store = self.0.stores.get(region.as_ref())?.for_customer(errand.customer);
        Ok(match errand.left {
            Some(left) => store.within(left),
            None => store,
        })
    }

    /// The store that a chain of the audit trail is noted in, by the house's own credentials: its
    /// customer's, or home's for the house's chain.
    pub(super) async fn store_of_chain(&self, chain: Anchored) -> Result<(RegionName, Store), FilesError> {
        let region = match chain {
            Anchored::Customer(customer) => self.region_of(customer).await?,
            Anchored::House => None,
        };
        let store = self.0.stores.get(region.as_ref())?.within(STEP);
        Ok((self.0.stores.name(region.as_ref()).clone(), store))
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
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_store_has_what_is_left_of_somebodys_time_and_as_long_as_it_takes_for_bytes_that_move() {
        let now = Timestamp::UNIX_EPOCH;
        for (millis, most) in [(60_000, 59_500), (500, 0), (0, 0), (-10_000, 0)] {
            let left = Patience::until(now + SignedDuration::from_millis(millis), now).left();
            assert!(left.is_some_and(|left| left <= Duration::from_millis(most)), "{millis}: {left:?}");
            assert_eq!(left.is_some_and(|left| left.is_zero()), most == 0, "{millis}: {left:?}");
        }
        assert_eq!(Patience::WhileBytesMove.left(), None);
    }
}
