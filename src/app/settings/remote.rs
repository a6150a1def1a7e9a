//! A store over the network: how it is set, and what that means for its clients.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::events::EventSettings;
use super::load::SettingsError;
use super::locations::{LocationSettings, checked};
use super::regions::RegionTable;
use super::values::Settings;
use crate::blob::{AssumeRole, Pace, StoreSettings, Tuning};

/// A value that is never shown. It is set as it stands, or as the file that has it: `secret_key.file =
/// "/run/secrets/store"`, `SATCHEL__STORE__SECRET_KEY__FILE=/run/secrets/store`.
#[derive(Clone)]
pub struct Hidden(String);

/// Longest secret of a file, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What a file has, without the end of its last line.
fn from_file(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if read as u64 > LONGEST {
        return Err(std::io::Error::other("it is too long to be a secret"));
    }
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    if text.is_empty() { Err(std::io::Error::other("it is empty")) } else { Ok(text) }
}

struct HiddenVisitor;

impl<'de> Visitor<'de> for HiddenVisitor {
    type Value = Hidden;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a text, or `file` with the path of one")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hidden, E> {
        Ok(Hidden(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Hidden, A::Error> {
        let Some((key, path)) = map.next_entry::<String, PathBuf>()? else { return Err(A::Error::missing_field("file")) };
        if key != "file" {
            return Err(A::Error::unknown_field(&key, &["file"]));
        }
        if let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
            return Err(A::Error::unknown_field(&key, &["file"]));
        }
        from_file(&path).map(Hidden).map_err(|error| A::Error::custom(format!("the file `{}` cannot be used: {error}", path.display())))
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HiddenVisitor)
    }
}

impl Hidden {
    /// Hides a text.
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The value itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("(hidden)")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}

/// `store`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RemoteSettings {
    /// `http(s)://host:port` of an S3 store; AWS in `region` when unset.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// Take credentials by the standard chain (environment, profile, container, instance) and renew
    /// them by it, instead of the two keys.
    pub credentials_by_chain: bool,
    /// Access key id.
    pub access_key: Option<String>,
    /// Secret access key.
    pub secret_key: Option<Hidden>,
    /// Bucket of what people put in; `satchel-files-{region}` when unset.
    pub files_bucket: Option<String>,
    /// Bucket of what Satchel made of it; `satchel-metadata-{region}` when unset.
    pub metadata_bucket: Option<String>,
    /// `host/bucket/key` instead of `bucket.host/key`; most stores that are not AWS want it.
    pub path_style: bool,
    /// Send S3's additional checksums only where the protocol demands them, and believe none that is
    /// told; for stores that neither check nor keep them (Ceph RGW 16, Garage).
    pub checksums_when_required: bool,
    /// After `SlowDown`, send no faster than the store takes it, first attempts too.
    pub adaptive_pace: bool,
    /// Create missing buckets at start.
    pub create_buckets: bool,
    /// ARN of the key of the key service under which objects lie; the store's own keys when unset.
    pub kms_key: Option<String>,
    /// The role that is assumed for each customer's work.
    pub assume_role: AssumeRoleSettings,
    /// The store's events.
    pub events: EventSettings,
    /// Whose objects each customer may adopt where they lie.
    pub locations: Vec<LocationSettings>,
    /// Further regions, by name.
    pub regions: RegionTable,
}

/// `store.assume_role`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssumeRoleSettings {
    /// ARN of the role; without it the store's keys do every customer's work.
    pub arn: Option<String>,
    /// What the role's owner wants to be told, where it is another account.
    pub external_id: Option<String>,
    /// How long credentials live, in seconds: 900 to 43,200.
    pub duration_s: u64,
    /// Where credentials are asked for; `store.endpoint` when unset, and AWS in `store.region` without one.
    pub endpoint: Option<String>,
}

impl Default for AssumeRoleSettings {
    fn default() -> Self {
        Self { arn: None, external_id: None, duration_s: 3600, endpoint: None }
    }
}

impl Default for RemoteSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            credentials_by_chain: false,
            access_key: None,
            secret_key: None,
            files_bucket: None,
            metadata_bucket: None,
            path_style: false,
            checksums_when_required: false,
            adaptive_pace: true,
            create_buckets: false,
            kms_key: None,
            assume_role: AssumeRoleSettings::default(),
            events: EventSettings::default(),
            locations: Vec::new(),
            regions: RegionTable::new(),
        }
    }
}

/// Where bytes lie.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// In the data folder, served by this process.
    Embedded,
    /// In a store over the network.
    Remote(Box<StoreSettings>),
}

/// What a section says of credentials.
pub(super) struct Keys<'a> {
    pub by_chain: bool,
    pub access_key: Option<&'a String>,
    pub secret_key: Option<&'a Hidden>,
}

fn missing(section: &str, key: &str) -> SettingsError {
    let reason = "it is missing; a store over the network needs `access_key` and `secret_key`, or `credentials_by_chain`";
    SettingsError::Value { key: format!("{section}.{key}"), reason: reason.to_owned() }
}

/// Whether the chain is asked, and the two keys where it is not; `None` where nothing is set. Half a set of
/// keys is an error: bytes would silently land elsewhere.
pub(super) fn keys(section: &str, set: &Keys<'_>) -> Result<Option<(bool, String, String)>, SettingsError> {
    match (set.access_key, set.secret_key) {
        (None, None) => Ok(set.by_chain.then(|| (true, String::new(), String::new()))),
        _ if set.by_chain => {
            let reason = "keys are set too; which of them counts must not be a guess".to_owned();
            Err(SettingsError::Value { key: format!("{section}.credentials_by_chain"), reason })
        }
        (Some(access), Some(secret)) => Ok(Some((false, access.clone(), secret.reveal().to_owned()))),
        (None, Some(_)) => Err(missing(section, "access_key")),
        (Some(_), None) => Err(missing(section, "secret_key")),
    }
}

/// The role that a section sets; credentials are asked for at its own address, else at the store's.
pub(super) fn assume_role(role: &AssumeRoleSettings, endpoint: Option<&str>, section: &str) -> Result<Option<AssumeRole>, SettingsError> {
    let Some(arn) = role.arn.clone() else { return Ok(None) };
    if !(900..=43_200).contains(&role.duration_s) {
        return Err(SettingsError::Value {
            key: format!("{section}.assume_role.duration_s"),
            reason: "credentials live for 900 to 43,200 seconds".to_owned(),
        });
    }
    Ok(Some(AssumeRole {
        arn,
        external_id: role.external_id.clone(),
        duration: Duration::from_secs(role.duration_s),
        endpoint: role.endpoint.clone().or_else(|| endpoint.map(str::to_owned)),
    }))
}

impl RemoteSettings {
    pub(super) fn keys(&self) -> Keys<'_> {
        Keys { by_chain: self.credentials_by_chain, access_key: self.access_key.as_ref(), secret_key: self.secret_key.as_ref() }
    }

    pub(super) fn tuning(&self) -> Tuning {
        Tuning { pace: if self.adaptive_pace { Pace::Adaptive } else { Pace::Standard }, ..Tuning::default() }
    }
}

impl Settings {
    /// Where bytes of the home region lie, by these settings.
    pub fn bytes_place(&self) -> Result<Bytes, SettingsError> {
        let store = &self.store;
        let Some((credentials_by_chain, access_key, secret_key)) = keys("store", &store.keys())? else {
            return if store.endpoint.is_none() { Ok(Bytes::Embedded) } else { Err(missing("store", "access_key")) };
        };
        let bucket = |name: &Option<String>, what: &str| name.clone().unwrap_or_else(|| format!("satchel-{what}-{}", store.region));
        let (files_bucket, metadata_bucket) = (bucket(&store.files_bucket, "files"), bucket(&store.metadata_bucket, "metadata"));
        let remote = StoreSettings {
            endpoint: store.endpoint.clone(),
            public_endpoint: self.bytes.public_url.clone(),
            region: store.region.clone(),
            credentials_by_chain,
            access_key,
            secret_key,
            locations: self.locations(&files_bucket, &metadata_bucket)?,
            files_bucket,
            metadata_bucket,
            path_style: store.path_style,
            checksums_when_required: store.checksums_when_required,
            create_buckets: store.create_buckets,
            tuning: store.tuning(),
            assume_role: assume_role(&store.assume_role, store.endpoint.as_deref(), "store")?,
            kms_key: store.kms_key.clone(),
        };
        Ok(Bytes::Remote(Box::new(checked(remote)?)))
    }
}
