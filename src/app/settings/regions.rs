//! Further regions: `store.regions.NAME`, and what of `[store]` they share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::events::EventSettings;
use super::load::SettingsError;
use super::locations::{checked, locations};
use super::remote::{AssumeRoleSettings, Bytes, Hidden, Keys, RemoteSettings, assume_role, keys};
use super::values::Settings;
use crate::blob::{Destination, StoreSettings};
use crate::domain::RegionName;

/// `store.regions.NAME`: a store beside that of `[store]`. What is unset and has no default of its own is as
/// in `[store]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegionSettings {
    /// `http(s)://host:port` of an S3 store; AWS in `region` when unset.
    pub endpoint: Option<String>,
    /// Under which address browsers and phones reach it; `endpoint` when unset.
    pub public_url: Option<String>,
    /// The region that requests are signed for; the name when unset.
    pub region: Option<String>,
    /// Take credentials by the standard chain instead of two keys; as in `[store]` when neither is set.
    pub credentials_by_chain: Option<bool>,
    /// Access key id; as in `[store]` when unset.
    pub access_key: Option<String>,
    /// Secret access key.
    pub secret_key: Option<Hidden>,
    /// Bucket of what people put in; `satchel-files-NAME` when unset.
    pub files_bucket: Option<String>,
    /// Bucket of what Satchel made of it; `satchel-metadata-NAME` when unset.
    pub metadata_bucket: Option<String>,
    /// As in `[store]` when unset.
    pub path_style: Option<bool>,
    /// As in `[store]` when unset.
    pub checksums_when_required: Option<bool>,
    /// ARN of this region's key of the key service; the store's own keys when unset.
    pub kms_key: Option<String>,
    /// The role that is assumed for each customer's work; as in `[store]` when unset, asked for here.
    pub assume_role: Option<AssumeRoleSettings>,
    /// This store's events; the token of the endpoint is that of `[store]`.
    pub events: EventSettings,
}

/// A store, and what is said of it beside how it is reached.
#[derive(Debug, Clone)]
pub struct Region {
    /// Its name.
    pub name: RegionName,
    /// How it is reached.
    pub store: StoreSettings,
    /// ARN of the key of the key service under which objects lie.
    pub kms_key: Option<String>,
    /// Address of the queue of its events.
    pub queue_url: Option<String>,
    /// ARN of that queue.
    pub queue_arn: Option<String>,
    /// Where its bucket is to send word.
    pub destination: Option<Destination>,
}

fn unusable(key: String, reason: &str) -> SettingsError {
    SettingsError::Value { key, reason: reason.to_owned() }
}

impl Settings {
    /// The name of the home region, whose store is that of `[store]` or the embedded one.
    pub fn home_region(&self) -> Result<RegionName, SettingsError> {
        RegionName::parse(&self.store.region).map_err(|error| unusable("store.region".to_owned(), &error.to_string()))
    }

    /// All regions whose stores are reached over the network, the home region first unless it is embedded.
    ///
    /// # Errors
    /// For a name that is none or is taken, half a set of keys, and two regions in one bucket: files of
    /// one would be the other's too.
    pub fn regions(&self) -> Result<Vec<Region>, SettingsError> {
        let home = self.home_region()?;
        let mut regions: Vec<Region> = match self.bytes_place()? {
            Bytes::Embedded => Vec::new(),
            Bytes::Remote(store) => vec![region(home.clone(), *store, &self.store.events)],
        };
        for (name, set) in &self.store.regions {
            let key = format!("store.regions.{name}");
            let name = RegionName::parse(name).map_err(|error| unusable(key.clone(), &error.to_string()))?;
            if name == home {
                return Err(unusable(key, "the home region has this name (`store.region`)"));
            }
            let next = region(name, set.store(&self.store, &key)?, &set.events);
            let places = |region: &Region| {
                let store = &region.store;
                [(store.endpoint.clone(), store.files_bucket.clone()), (store.endpoint.clone(), store.metadata_bucket.clone())]
            };
            if let Some(taken) = regions.iter().find(|other| places(other).iter().any(|place| places(&next).contains(place))) {
                return Err(unusable(format!("{key}.files_bucket"), &format!("a bucket of the region `{}` has this name", taken.name)));
            }
            regions.push(next);
        }
        Ok(regions)
    }
}

fn region(name: RegionName, store: StoreSettings, events: &EventSettings) -> Region {
    Region {
        name,
        kms_key: store.kms_key.clone(),
        queue_url: events.queue_url.clone(),
        queue_arn: events.queue_arn.clone(),
        destination: events.destination(),
        store,
    }
}

impl RegionSettings {
    fn store(&self, home: &RemoteSettings, key: &str) -> Result<StoreSettings, SettingsError> {
        let name = key.rsplit('.').next().unwrap_or_default();
        let chosen = Keys {
            by_chain: self.credentials_by_chain.unwrap_or(false),
            access_key: self.access_key.as_ref(),
            secret_key: self.secret_key.as_ref(),
        };
        let own = keys(key, &chosen)?;
        let Some((by_chain, access_key, secret_key)) = own.map_or_else(|| keys("store", &home.keys()), |own| Ok(Some(own)))? else {
            let reason = "it is missing, here and in `store`; a region needs `access_key` and `secret_key`, or `credentials_by_chain`";
            return Err(unusable(format!("{key}.access_key"), reason));
        };
        let bucket = |set: &Option<String>, what: &str| set.clone().unwrap_or_else(|| format!("satchel-{what}-{name}"));
        let region = self.region.clone().unwrap_or_else(|| name.to_owned());
        let role = self.assume_role.as_ref().unwrap_or(&home.assume_role);
        // The role of `[store]` may name its own region's service.
        let of_home = AssumeRoleSettings { endpoint: None, ..role.clone() };
        let role = if self.assume_role.is_some() { role } else { &of_home };
        let (files_bucket, metadata_bucket) = (bucket(&self.files_bucket, "files"), bucket(&self.metadata_bucket, "metadata"));
        checked(StoreSettings {
            endpoint: self.endpoint.clone(),
            public_endpoint: self.public_url.clone(),
            region,
            credentials_by_chain: by_chain,
            access_key,
            secret_key,
            locations: locations(&home.locations, &files_bucket, &metadata_bucket)?,
            files_bucket,
            metadata_bucket,
            path_style: self.path_style.unwrap_or(home.path_style),
            checksums_when_required: self.checksums_when_required.unwrap_or(home.checksums_when_required),
            create_buckets: home.create_buckets,
            tuning: home.tuning(),
            assume_role: assume_role(role, self.endpoint.as_deref(), key)?,
            kms_key: self.kms_key.clone(),
        })
    }
}

/// All further regions, by name.
pub type RegionTable = BTreeMap<String, RegionSettings>;
