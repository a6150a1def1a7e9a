//! Whether the parts answer, and what the stores do by themselves.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use futures::future::join_all;

use super::{Files, FilesError};
use crate::blob::{Capabilities, Depth, Probe, Tally};
use crate::domain::RegionName;

/// A region, and what was asked of its store, by operation of the S3 model.
pub type RegionUsage = (RegionName, BTreeMap<String, Tally>);

/// What answers and what does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The catalog answers, and can write: no operation goes without a record.
    pub catalog: bool,
    /// How the buckets of each region stand, the home region first.
    pub regions: Vec<(RegionName, Probe)>,
}

impl Health {
    /// Both buckets of every region answer.
    pub fn store(&self) -> bool {
        self.regions.iter().all(|(_, probe)| probe.is_ready())
    }

    /// Whether requests can be served.
    pub fn is_ready(&self) -> bool {
        self.catalog && self.store()
    }
}

impl Files {
    /// Asks the parts.
    pub async fn health(&self) -> Health {
        let probes = self.0.stores.iter().map(|(name, store)| async { (name.clone(), store.probe().await) });
        let regions = join_all(probes).await;
        let catalog = {
            let _one = self.0.probing.lock().await;
            self.0.catalog.probe_writing().await.is_ok()
        };
        Health { catalog, regions }
    }

    /// What the store of a region does by itself and what Satchel does in its place, as last probed;
    /// `None` until a probe has ended.
    pub fn capabilities(&self, region: &RegionName) -> Option<Capabilities> {
        self.0.capabilities.lock().unwrap_or_else(PoisonError::into_inner).get(region).cloned()
    }

    /// Probes the stores of all regions, with scratch objects that are removed again, and keeps what was
    /// found.
    ///
    /// # Errors
    /// When a store does not answer, or refuses plain reads and writes; what was known of it stays, and the
    /// others are probed all the same.
    pub async fn probe_store(&self, depth: Depth) -> Result<Vec<(RegionName, Capabilities)>, FilesError> {
        let (mut all, mut failed) = (Vec::new(), None);
        for (name, store) in self.0.stores.iter() {
            match store.capabilities(depth).await {
                Ok(found) => {
                    self.0.capabilities.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), found.clone());
                    all.push((name.clone(), found));
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(all), |error| Err(error.into()))
    }

    /// What was asked of each region's store since this process began, by operation of the S3 model.
    pub fn store_usage(&self) -> Vec<RegionUsage> {
        self.0.stores.iter().map(|(name, store)| (name.clone(), store.usage())).collect()
    }

    /// The regions of this server, the home region first.
    pub fn regions(&self) -> Vec<RegionName> {
        self.0.stores.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Regions in which bytes of customers lie, and for which no store is set.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn missing_regions(&self) -> Result<Vec<RegionName>, FilesError> {
        let used = self.0.catalog.regions().await?;
        Ok(used.into_iter().filter(|region| self.0.stores.get(Some(region)).is_err()).collect())
    }
}
