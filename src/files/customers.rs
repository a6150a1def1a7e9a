//! Customers, as the operator makes and lists them.

use super::{Files, FilesError};
use crate::catalog::{Customer, NewCustomer};
use crate::domain::{CustomerId, Origin, RegionName, clean_text};

/// A customer that was just made, with its first key.
pub struct CreatedCustomer {
    /// Which.
    pub customer: CustomerId,
    /// The key's secret, shown once.
    pub api_key: String,
}

impl Files {
    /// Makes a customer with its first key, whose bytes lie in a region for good; in the home region when
    /// none is named. The operator decides this, no policy of a customer.
    ///
    /// # Errors
    /// `Invalid` for an empty name and for a region that is not set; else when it could not be committed.
    pub async fn create_customer(
        &self,
        name: &str,
        is_test: bool,
        region: Option<&str>,
        origin: &Origin,
    ) -> Result<CreatedCustomer, FilesError> {
        let name = clean_text(name, 200);
        if name.is_empty() {
            return Err(FilesError::Invalid { field: "name", reason: "must not be empty".to_owned() });
        }
        let stores = &self.0.stores;
        let region = match region {
            Some(text) if text != stores.name(None).as_str() => Some(stores.further(text).cloned().ok_or_else(|| self.no_such_region())?),
            Some(_) | None => None,
        };
        let customer = CustomerId::new(&*self.0.clock, &*self.0.entropy);
        let (key, first) = self.first_key();
        let new = NewCustomer { id: customer, name, is_test, region, key };
        self.0.catalog.create_customer(&new, &Self::operator_entry("create_customer", origin, customer.to_string())).await?;
        self.0.changed.notify_waiters();
        Ok(CreatedCustomer { customer, api_key: first.secret })
    }

    fn no_such_region(&self) -> FilesError {
        let known: Vec<String> = self.regions().iter().map(|name| format!("`{name}`")).collect();
        FilesError::Invalid { field: "region", reason: format!("is one of {}", known.join(", ")) }
    }

    /// How the region is called in which a customer's bytes lie.
    pub fn region_name(&self, customer: &Customer) -> RegionName {
        self.0.stores.name(customer.region.as_ref()).clone()
    }

    /// All customers, for the operator.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn customers(&self) -> Result<Vec<Customer>, FilesError> {
        Ok(self.0.catalog.customers().await?)
    }
}
