//! Who tries codes, and what follows when too many are wrong.

use std::sync::PoisonError;

use super::{Files, FilesError};
use crate::catalog::{Guesser, Tried};
use crate::domain::{AuditEntry, CustomerId, Network, Phone};

/// The network of an address, as it is counted.
fn network(source: Option<&str>) -> String {
    source.and_then(Network::of_text).map_or_else(|| "nowhere".to_owned(), |network| network.to_string())
}

impl Files {
    pub(super) fn guessing_network(&self, customer: CustomerId, source: Option<&str>) -> Guesser {
        Guesser { scope: self.0.secrets.guesser(customer, &network(source)), is_caller: false }
    }

    pub(super) fn guessing_caller(&self, customer: CustomerId, number: &Phone) -> Guesser {
        Guesser { scope: self.0.secrets.guesser(customer, number.as_str()), is_caller: true }
    }

    /// Whether the budget of wrong codes at all customers is spent in this window, as far as this process
    /// has seen: it learns what others count when it counts one itself.
    pub(super) fn wrong_codes_spent(&self) -> bool {
        let bound = &self.0.settings.failures.overall;
        let (since, count) = *self.0.wrong_codes.lock().unwrap_or_else(PoisonError::into_inner);
        count >= bound.failures && self.now().duration_since(since).as_secs() < bound.seconds
    }

    /// Counts a wrong code against the budget of all customers, and raises the alarms that are due: a code
    /// that is burned, a customer with many wrong ones, many of them everywhere.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub(super) async fn after_wrong(&self, customer: CustomerId, tried: Tried, base: &AuditEntry) -> Result<(), FilesError> {
        if tried.is_burned {
            tracing::warn!(customer.id = %customer, object = base.object, "an access code was burned by wrong tries");
            self.alarm(customer, base, "code_burned").await?;
        }
        let limits = &self.0.settings.failures;
        if tried.failures == limits.customer.failures {
            tracing::warn!(customer.id = %customer, failures = tried.failures, "a customer's budget of wrong access codes is spent");
            self.alarm(customer, base, "customer_budget_spent").await?;
        }
        if tried.failures == 0 {
            return Ok(());
        }
        let all = self.0.catalog.count_overall(&limits.overall).await?;
        if all == limits.overall.failures {
            tracing::error!(failures = all, "the budget of wrong access codes of all customers is spent");
            let entry = Self::worker_entry("code_alarm", "overall_budget_spent", "codes");
            self.0.catalog.record_system(&entry).await?;
        }
        let now = self.now();
        let mut seen = self.0.wrong_codes.lock().unwrap_or_else(PoisonError::into_inner);
        // A count that went down began a new window.
        let since = if all <= seen.1 || now.duration_since(seen.0).as_secs() >= limits.overall.seconds { now } else { seen.0 };
        *seen = (since, all);
        Ok(())
    }

    async fn alarm(&self, customer: CustomerId, base: &AuditEntry, what: &'static str) -> Result<(), FilesError> {
        let entry = AuditEntry { action: "code_alarm", outcome: what, ..base.clone() };
        Ok(self.0.catalog.record(customer, &entry).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn neighbours_are_one_network_and_an_address_is_one_in_both_families() {
        for (one, other) in [("192.0.2.7", "192.0.2.200"), ("::ffff:192.0.2.7", "192.0.2.200"), ("2001:db8:7::1", "2001:db8:7:ffff::9")] {
            assert_eq!(network(Some(one)), network(Some(other)), "{one} {other}");
        }
        for (one, other) in [("192.0.2.7", "192.0.3.7"), ("2001:db8:7::1", "2001:db8:8::1")] {
            assert_ne!(network(Some(one)), network(Some(other)), "{one} {other}");
        }
        assert_ne!(network(None), network(Some("192.0.2.7")));
        assert_eq!(network(None), network(Some("no address")));
    }
}
