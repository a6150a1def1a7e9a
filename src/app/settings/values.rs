//! What can be set, with its defaults.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize, Serializer};

use super::load::SettingsError;
use crate::api::DoorLimits;
use crate::blob::{AssumeRole, Destination, Pace, StoreSettings, Tuning};
use crate::catalog::PostgresSettings;
use crate::files::Keeping;
use crate::jobs::{Lease, WorkerSettings};
use crate::tools;

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where everything lies.
    pub data: DataSettings,
    /// The catalog; in the data folder unless it has an address.
    pub catalog: CatalogSettings,
    /// The HTTP doors.
    pub http: HttpSettings,
    /// The listener of the embedded object store.
    pub bytes: BytesSettings,
    /// A store over the network; without keys the embedded one is used.
    pub store: RemoteSettings,
    /// Links.
    pub links: LinkSettings,
    /// Limits.
    pub limits: LimitSettings,
    /// How long what is deleted stays.
    pub keeping: KeepingSettings,
    /// The audit trail.
    pub audit: AuditSettings,
    /// Workers.
    pub workers: WorkersSettings,
    /// The log.
    pub log: LogSettings,
}

/// `data`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    /// The data folder: catalog, index, secrets, and the objects where no store is set.
    pub dir: PathBuf,
    /// The secret that codes and sealed texts are made with, 64 hexadecimal digits; made at the first start
    /// and kept in `secrets.json` when unset. Servers that share a catalog have the same.
    pub secret: Option<Hidden>,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { dir: PathBuf::from("./satchel-data"), secret: None }
    }
}

/// `catalog`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogSettings {
    /// `postgres://role:password@host:port/database`; SQLite in the data folder when unset. The role must
    /// not own the tables, nor be able to get around row-level security.
    pub url: Option<Hidden>,
    /// The same database as the role that owns the tables; brings them up to date at start, and makes the role
    /// of `url` where it is missing. Without it the tables must be up to date.
    pub owner_url: Option<Hidden>,
    /// Connections at once, at most.
    pub connections: u32,
}

impl Default for CatalogSettings {
    fn default() -> Self {
        Self { url: None, owner_url: None, connections: 16 }
    }
}

/// `http`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Address and port of the doors; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Under which address browsers and phones reach the doors; the address listened on when unset.
    pub public_url: Option<String>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), public_url: None }
    }
}

/// `bytes`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BytesSettings {
    /// Address and port of the embedded object store; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Under which address browsers and phones reach the bytes, embedded or not.
    pub public_url: Option<String>,
}

impl Default for BytesSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)), public_url: None }
    }
}

/// A value that is never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
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

/// `store.events`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventSettings {
    /// Address of the queue that is read.
    pub queue_url: Option<String>,
    /// ARN of that queue, for the bucket's set-up and for policies.
    pub queue_arn: Option<String>,
    /// ARN of a topic that pushes to `POST /v1/store/events`, for the bucket's set-up.
    pub topic_arn: Option<String>,
    /// What whoever posts events must show; without it the endpoint takes none.
    pub webhook_token: Option<Hidden>,
}

impl EventSettings {
    /// Where the bucket is to send word: the queue, else the topic.
    pub fn destination(&self) -> Option<Destination> {
        let queue = self.queue_arn.clone().map(Destination::Queue);
        queue.or_else(|| self.topic_arn.clone().map(Destination::Topic))
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
        }
    }
}

/// `links`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkSettings {
    /// Whether tools may give a link's address to the model.
    pub reveal: bool,
}

/// `limits`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Largest upload, in bytes.
    pub upload_bytes: u64,
    /// Connections of the doors at once; fewer where the system's limit of open files does not allow them.
    pub connections: usize,
    /// Requests in work at once, uploads apart.
    pub requests: usize,
    /// Tool calls in work at once; a further one gets a spoken "not now".
    pub tool_calls: usize,
    /// Uploads at once that are in work or wait for memory.
    pub uploads: usize,
    /// Memory that uploads may fill together, in bytes; at least 16 MiB, which is what one may fill.
    pub upload_memory_bytes: u64,
    /// How long a connection may take to bring its next request, and may lie idle, in seconds.
    pub head_seconds: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let doors = DoorLimits::default();
        Self {
            upload_bytes: 5 * 1024 * 1024 * 1024,
            connections: doors.connections,
            requests: doors.requests,
            tool_calls: tools::CALLS_AT_ONCE,
            uploads: doors.uploads,
            upload_memory_bytes: doors.upload_memory,
            head_seconds: doors.head.as_secs(),
        }
    }
}

/// `keeping`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeepingSettings {
    /// How long the bytes of a deleted file stay, in days.
    pub deleted_days: u32,
    /// How long bytes stay after that, in hours, before they are removed; at least six.
    pub grace_hours: u32,
}

impl Default for KeepingSettings {
    fn default() -> Self {
        Self { deleted_days: 30, grace_hours: 24 }
    }
}

impl KeepingSettings {
    /// As the use cases want it.
    pub fn keeping(&self) -> Keeping {
        let hours = |hours: u32| SignedDuration::from_hours(hours.into());
        Keeping { deleted: hours(self.deleted_days.saturating_mul(24)), grace: hours(self.grace_hours).max(Keeping::LEAST_GRACE) }
    }
}

/// `audit`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// Seconds between signed checkpoints of the chains that grew; at least one.
    pub checkpoint_seconds: u64,
    /// How long the store keeps a checkpoint from everybody, in days, where its bucket has object lock.
    pub anchor_days: u32,
    /// Newest checkpoints in the store that a check of the trail reads.
    pub anchors_checked: usize,
}

impl Default for AuditSettings {
    fn default() -> Self {
        // Six years: what reviewers of medical records expect of logs.
        Self { checkpoint_seconds: 60, anchor_days: 6 * 365, anchors_checked: 100 }
    }
}

/// `workers`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkersSettings {
    /// Files inspected at once in this process; 0 leaves inspection to others.
    pub count: usize,
    /// After how long, in seconds, a file passes to another worker whose own gives no sign of life; 3 to 3,600.
    pub lease_seconds: u16,
    /// Whether files stay unscanned, with this reason, where the kernel does not let the process
    /// that parses them give up files, connections and system calls.
    pub require_sandbox: bool,
}

impl Default for WorkersSettings {
    fn default() -> Self {
        Self { count: 2, lease_seconds: 180, require_sandbox: false }
    }
}

/// `log`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// How lines look.
    pub format: LogFormat,
    /// What is written: `error`, `warn`, `info`, `debug`, or a filter such as `info,satchel::jobs=debug`.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Where the catalog lies.
#[derive(Debug, Clone)]
pub enum CatalogPlace {
    /// In the data folder.
    Folder,
    /// On a server.
    Postgres(PostgresSettings),
}

/// Where bytes lie.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// In the data folder, served by this process.
    Embedded,
    /// In a store over the network.
    Remote(Box<StoreSettings>),
}

impl Settings {
    /// The usual settings with a catalog on a server.
    pub fn on_server(url: &str, owner_url: Option<&str>) -> Self {
        let hidden = |text: &str| Hidden(text.to_owned());
        Self {
            catalog: CatalogSettings { url: Some(hidden(url)), owner_url: owner_url.map(hidden), ..CatalogSettings::default() },
            ..Self::default()
        }
    }

    /// Where the catalog lies, by these settings.
    ///
    /// # Errors
    /// When an address cannot be read; it is not told, since it holds a password.
    pub fn catalog_place(&self) -> Result<CatalogPlace, SettingsError> {
        let catalog = &self.catalog;
        let checked = |key: &str, address: &Hidden| match url::Url::parse(address.reveal()) {
            Ok(url)
                if matches!(url.scheme(), "postgres" | "postgresql")
                    && url.has_host()
                    && !url.username().is_empty()
                    && url.path().len() > 1 =>
            {
                Ok(address.reveal().to_owned())
            }
            _ => Err(SettingsError::Value {
                key: format!("catalog.{key}"),
                reason: "it must be `postgres://role:password@host:port/database`".to_owned(),
            }),
        };
        let Some(url) = &catalog.url else {
            return if catalog.owner_url.is_none() {
                Ok(CatalogPlace::Folder)
            } else {
                Err(SettingsError::Value { key: "catalog.url".to_owned(), reason: "it is missing, and `owner_url` is set".to_owned() })
            };
        };
        Ok(CatalogPlace::Postgres(PostgresSettings {
            url: checked("url", url)?,
            owner_url: catalog.owner_url.as_ref().map(|address| checked("owner_url", address)).transpose()?,
            connections: catalog.connections,
        }))
    }

    /// Where bytes lie, by these settings. Half a set of keys is an error: bytes would silently
    /// land on this machine.
    pub fn bytes_place(&self) -> Result<Bytes, SettingsError> {
        let store = &self.store;
        let missing = |key: &str| SettingsError::Value {
            key: format!("store.{key}"),
            reason: "it is missing; a store over the network needs `access_key` and `secret_key`, or `credentials_by_chain`".to_owned(),
        };
        let (access_key, secret_key) = match (&store.access_key, &store.secret_key, &store.endpoint) {
            (None, None, _) if store.credentials_by_chain => (String::new(), String::new()),
            _ if store.credentials_by_chain => {
                let reason = "keys are set too; which of them counts must not be a guess".to_owned();
                return Err(SettingsError::Value { key: "store.credentials_by_chain".to_owned(), reason });
            }
            (Some(access), Some(secret), _) => (access.clone(), secret.reveal().to_owned()),
            (None, None, None) => return Ok(Bytes::Embedded),
            (None, _, _) => return Err(missing("access_key")),
            (Some(_), None, _) => return Err(missing("secret_key")),
        };
        let bucket = |name: &Option<String>, what: &str| name.clone().unwrap_or_else(|| format!("satchel-{what}-{}", store.region));
        Ok(Bytes::Remote(Box::new(StoreSettings {
            endpoint: store.endpoint.clone(),
            public_endpoint: self.bytes.public_url.clone(),
            region: store.region.clone(),
            credentials_by_chain: store.credentials_by_chain,
            access_key,
            secret_key,
            files_bucket: bucket(&store.files_bucket, "files"),
            metadata_bucket: bucket(&store.metadata_bucket, "metadata"),
            path_style: store.path_style,
            checksums_when_required: store.checksums_when_required,
            create_buckets: store.create_buckets,
            tuning: Tuning { pace: if store.adaptive_pace { Pace::Adaptive } else { Pace::Standard }, ..Tuning::default() },
            assume_role: self.assume_role()?,
            kms_key: store.kms_key.clone(),
        })))
    }

    fn assume_role(&self) -> Result<Option<AssumeRole>, SettingsError> {
        let role = &self.store.assume_role;
        let Some(arn) = role.arn.clone() else { return Ok(None) };
        if !(900..=43_200).contains(&role.duration_s) {
            return Err(SettingsError::Value {
                key: "store.assume_role.duration_s".to_owned(),
                reason: "credentials live for 900 to 43,200 seconds".to_owned(),
            });
        }
        Ok(Some(AssumeRole {
            arn,
            external_id: role.external_id.clone(),
            duration: Duration::from_secs(role.duration_s),
            endpoint: role.endpoint.clone().or_else(|| self.store.endpoint.clone()),
        }))
    }

    /// The workers of a process, by these settings.
    ///
    /// # Errors
    /// When a lease is too short or too long.
    pub fn workers(&self) -> Result<WorkerSettings, SettingsError> {
        let WorkersSettings { count, lease_seconds, .. } = self.workers;
        let lease = Lease::of_seconds(lease_seconds).ok_or_else(|| SettingsError::Value {
            key: "workers.lease_seconds".to_owned(),
            reason: format!("a lease has {} to {} seconds", Lease::SHORTEST, Lease::LONGEST),
        })?;
        Ok(WorkerSettings { count, lease })
    }

    /// The settings as a file that could be read again; secrets are hidden.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let Ok(serde_json::Value::Object(sections)) = serde_json::to_value(self) else { return text };
        for (section, keys) in &sections {
            table(&mut text, section, keys);
        }
        text
    }
}

/// Writes one table: its values, then the tables in it.
fn table(text: &mut String, name: &str, keys: &serde_json::Value) {
    if !text.is_empty() {
        text.push('\n');
    }
    // Writing to a string has no way to fail. A JSON scalar is a TOML scalar.
    let _ = writeln!(text, "[{name}]");
    let (tables, values): (Vec<_>, Vec<_>) = keys.as_object().into_iter().flatten().partition(|(_, value)| value.is_object());
    for (key, value) in values {
        let _ = if value.is_null() { writeln!(text, "# {key} =") } else { writeln!(text, "{key} = {value}") };
    }
    for (key, keys) in tables {
        table(text, &format!("{name}.{key}"), keys);
    }
}

/// Data folders of servers that were started without settings.
pub const USUAL_DATA_FOLDERS: [&str; 2] = ["./satchel-data", "./satchel-demo"];
