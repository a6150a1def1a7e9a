//! Policies that were put together, one set for each customer that was lately asked for. Which set is in force is
//! read anew for every decision, so that what one server activates holds on all of them at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::{Files, FilesError};
use crate::domain::CustomerId;
use crate::policy::{Policies, PolicyError};

/// Customers whose policies are kept; a set takes some hundred kilobytes.
const KEPT: usize = 256;

/// Sets by customer.
pub(super) struct PolicyCache {
    built_in: Arc<Policies>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    sets: HashMap<CustomerId, KeptSet>,
    /// Counts up with every use.
    uses: u64,
}

#[derive(Clone)]
struct KeptSet {
    number: u32,
    /// Filled by whoever asks first; the others wait for it.
    policies: Arc<OnceCell<Arc<Policies>>>,
    used: u64,
}

impl PolicyCache {
    pub fn new(built_in: Policies) -> Self {
        Self { built_in: Arc::new(built_in), kept: Mutex::default() }
    }

    pub fn built_in(&self) -> &Arc<Policies> {
        &self.built_in
    }

    /// Where a customer's set is kept or will be. An older one makes way.
    fn place(&self, customer: CustomerId, number: u32) -> Arc<OnceCell<Arc<Policies>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let used = kept.uses;
        if let Some(set) = kept.sets.get_mut(&customer).filter(|set| set.number == number) {
            set.used = used;
            return Arc::clone(&set.policies);
        }
        if kept.sets.len() >= KEPT
            && !kept.sets.contains_key(&customer)
            && let Some(oldest) = kept.sets.iter().min_by_key(|(_, set)| set.used).map(|(customer, _)| *customer)
        {
            kept.sets.remove(&oldest);
        }
        let policies = Arc::new(OnceCell::new());
        kept.sets.insert(customer, KeptSet { number, policies: Arc::clone(&policies), used });
        policies
    }
}

impl Files {
    /// The policies in force for a customer, now.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub(super) async fn policies_of(&self, customer: CustomerId) -> Result<Arc<Policies>, FilesError> {
        let number = self.0.catalog.active_policy_set(customer).await?;
        if number == 0 {
            return Ok(Arc::clone(self.0.policies.built_in()));
        }
        let place = self.0.policies.place(customer, number);
        place.get_or_try_init(|| self.set_in_force(customer, number)).await.cloned()
    }

    async fn set_in_force(&self, customer: CustomerId, number: u32) -> Result<Arc<Policies>, FilesError> {
        let set = self.0.catalog.policy_set(customer, number).await?;
        let texts = set.ok_or(FilesError::Conflict("the policy set in force is gone"))?.texts;
        match self.put_together(texts).await? {
            Ok(policies) => Ok(Arc::new(policies)),
            // Valid once, and not by the schema of this program. What it forbade must not be allowed by its absence.
            Err(error) => {
                tracing::error!(
                    customer = %customer,
                    policy.set = number,
                    error = &error as &dyn std::error::Error,
                    "a policy set in force is not valid any more; everything but another one is refused"
                );
                Ok(Arc::new(self.0.policies.built_in().closed()?))
            }
        }
    }

    /// Puts a customer's texts and the built-in policies together, off the threads that serve.
    pub(super) async fn put_together(&self, texts: Vec<(String, String)>) -> Result<Result<Policies, PolicyError>, FilesError> {
        let built_in = Arc::clone(self.0.policies.built_in());
        let put_together = tokio::task::spawn_blocking(move || built_in.with(&texts)).await;
        put_together.map_err(|_| FilesError::Conflict("the server is stopping"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    #[tokio::test]
    async fn a_set_is_put_together_once_and_the_longest_unused_makes_way() {
        let cache = PolicyCache::new(Policies::built_in().unwrap());
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(1));
        let customers: Vec<CustomerId> = (0..=KEPT).map(|_| CustomerId::new(&clock, &entropy)).collect();
        let first = cache.place(customers[0], 1);
        assert!(Arc::ptr_eq(&first, &cache.place(customers[0], 1)));
        for customer in &customers[1..KEPT] {
            cache.place(*customer, 1);
        }
        // Used again, so that the second is now the one that was left alone longest.
        assert!(Arc::ptr_eq(&first, &cache.place(customers[0], 1)));
        let second = cache.place(customers[1], 1);
        cache.place(customers[KEPT], 1);
        assert!(Arc::ptr_eq(&first, &cache.place(customers[0], 1)));
        assert!(Arc::ptr_eq(&second, &cache.place(customers[1], 1)));
        assert_eq!(cache.kept.lock().unwrap().sets.len(), KEPT);
        assert!(!Arc::ptr_eq(&first, &cache.place(customers[0], 2)), "another set is another set");
        assert_eq!(cache.kept.lock().unwrap().sets.len(), KEPT);
    }
}
