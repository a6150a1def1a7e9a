//! The stores of all regions, made once; which of them a region's name means.

use std::sync::Arc;

use super::error::BlobError;
use super::events::{EventError, RawEvent, Told, parse};
use super::settings::StoreSettings;
use super::store::Store;
use crate::domain::RegionName;

/// The store of every region. Cheap to clone. There is always one, the home region's.
#[derive(Debug, Clone)]
pub struct Stores(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    home: (RegionName, Store),
    others: Vec<(RegionName, Store)>,
}

impl Stores {
    /// Builds the clients of every region, as [`Store::connect`] does.
    ///
    /// # Errors
    /// As [`Store::connect`], of the first region that fails.
    pub async fn connect(home: (RegionName, StoreSettings), others: Vec<(RegionName, StoreSettings)>) -> Result<Self, BlobError> {
        let home = (home.0, Box::pin(Store::connect(home.1)).await?);
        let mut stores = Vec::with_capacity(others.len());
        for (name, settings) in others {
            stores.push((name, Box::pin(Store::connect(settings)).await?));
        }
        Ok(Self::of(home, stores))
    }

    /// Stores that are there already.
    #[must_use]
    pub fn of(home: (RegionName, Store), others: Vec<(RegionName, Store)>) -> Self {
        Self(Arc::new(Inner { home, others }))
    }

    /// The home region's.
    pub fn home(&self) -> &Store {
        &self.0.home.1
    }

    /// The store of a region, `None` meaning home.
    ///
    /// # Errors
    /// `NoRegion` when the settings name no such region.
    pub fn get(&self, region: Option<&RegionName>) -> Result<&Store, BlobError> {
        let Some(wanted) = region else { return Ok(self.home()) };
        let found = self.0.others.iter().find(|(name, _)| name == wanted).map(|(_, store)| store);
        found.ok_or_else(|| BlobError::NoRegion { region: wanted.clone() })
    }

    /// The name of a region that is not home, as a text has it.
    pub fn further(&self, text: &str) -> Option<&RegionName> {
        self.0.others.iter().map(|(name, _)| name).find(|name| name.as_str() == text)
    }

    /// How a customer's region is called.
    pub fn name<'a>(&'a self, region: Option<&'a RegionName>) -> &'a RegionName {
        region.unwrap_or(&self.0.home.0)
    }

    /// All regions with their stores, home first.
    pub fn iter(&self) -> impl Iterator<Item = (&RegionName, &Store)> {
        std::iter::once(&self.0.home).chain(&self.0.others).map(|(name, store)| (name, store))
    }

    /// Reads a message of any of the stores.
    ///
    /// # Errors
    /// When it is no message of a format that is known.
    pub fn told(&self, body: &[u8]) -> Result<Told, EventError> {
        let mut told = Told::default();
        for RawEvent { bucket, key, happened, order, etag } in parse(body)? {
            let key = self.iter().find_map(|(_, store)| store.owned(&bucket, &key));
            told.take(key, happened, order, etag);
        }
        Ok(told)
    }
}

impl From<Store> for Stores {
    /// The one store there is.
    fn from(store: Store) -> Self {
        let name = RegionName::parse(store.region()).unwrap_or_else(|_| RegionName::home());
        Self::of((name, store), Vec::new())
    }
}
