//! Where customers may adopt objects from: `store.locations`.

use serde::{Deserialize, Serialize};

use super::load::SettingsError;
use super::values::Settings;
use crate::blob::{Location, StoreSettings};
use crate::domain::CustomerId;

/// `store.locations`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationSettings {
    /// Who may adopt: cust_...
    pub customer: String,
    /// The bucket, reached by the same address and in the same region as the customer's own bytes.
    pub bucket: String,
    /// With what the keys begin, up to a slash; the whole bucket when left out.
    #[serde(default)]
    pub prefix: String,
}

fn wrong(reason: String) -> SettingsError {
    SettingsError::Value { key: "store.locations".to_owned(), reason }
}

/// The locations, beside the buckets that Satchel has for itself in a region.
pub(super) fn locations(listed: &[LocationSettings], files_bucket: &str, metadata_bucket: &str) -> Result<Vec<Location>, SettingsError> {
    let read = |one: &LocationSettings| {
        let customer = CustomerId::parse(&one.customer).map_err(|error| wrong(format!("`{}` is {error}", one.customer)))?;
        Ok(Location { customer, bucket: one.bucket.clone(), prefix: one.prefix.clone() })
    };
    let all = listed.iter().map(read).collect::<Result<Vec<_>, SettingsError>>()?;
    Location::check(&all, files_bucket, metadata_bucket).map_err(|fault| wrong(fault.to_string()))?;
    Ok(all)
}

/// The settings of a store whose sessions can name every location of a customer.
pub(super) fn checked(store: StoreSettings) -> Result<StoreSettings, SettingsError> {
    store.check_sessions().map_err(wrong)?;
    Ok(store)
}

impl Settings {
    /// The locations that customers may adopt from, beside these two buckets.
    ///
    /// # Errors
    /// When one is none, is Satchel's own place, or is of two customers.
    pub fn locations(&self, files_bucket: &str, metadata_bucket: &str) -> Result<Vec<Location>, SettingsError> {
        locations(&self.store.locations, files_bucket, metadata_bucket)
    }
}
