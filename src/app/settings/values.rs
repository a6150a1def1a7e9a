//! What can be set, with its defaults.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::confirm::ConfirmSettings;
use super::delivery::DeliverySettings;
use super::inspect::InspectSettings;
use super::limits::LimitSettings;
use super::load::SettingsError;
use super::oauth::OauthSettings;
use super::remote::{Hidden, RemoteSettings};
use crate::api::{ForwardedBy, Network, Proxies};
use crate::catalog::PostgresSettings;
use crate::files::Keeping;
use crate::jobs::{Lease, WorkerSettings};

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
    /// Issuers whose tokens are taken besides our own keys and tokens.
    pub oauth: OauthSettings,
    /// A store over the network; without keys the embedded one is used.
    pub store: RemoteSettings,
    /// Links.
    pub links: LinkSettings,
    /// What a caller's yes needs.
    pub confirm: ConfirmSettings,
    /// How messages reach people.
    pub delivery: DeliverySettings,
    /// Who judges files.
    pub inspect: InspectSettings,
    /// Limits.
    pub limits: LimitSettings,
    /// How long what is deleted stays.
    pub keeping: KeepingSettings,
    /// The audit trail.
    pub audit: AuditSettings,
    /// Workers.
    pub workers: WorkersSettings,
    /// Models on this machine.
    pub models: ModelSettings,
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
    /// Proxies in front of the doors, as addresses or networks (`10.0.0.0/8`): they say whom a request comes
    /// from. What anybody else says of that counts for nothing.
    pub trusted_proxies: Vec<String>,
    /// The header in which they say it; they must write it themselves, or add to its end.
    pub forwarded_by: ForwardedHeader,
}

/// How proxies say whom a request comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl HttpSettings {
    /// The proxies whose word counts.
    ///
    /// # Errors
    /// When one is no address and no network.
    pub fn proxies(&self) -> Result<Proxies, SettingsError> {
        let read = |text: &String| {
            text.parse::<Network>()
                .map_err(|error| SettingsError::Value { key: "http.trusted_proxies".to_owned(), reason: format!("`{text}` {error}") })
        };
        Ok(Proxies {
            networks: self.trusted_proxies.iter().map(read).collect::<Result<_, _>>()?,
            header: match self.forwarded_by {
                ForwardedHeader::XForwardedFor => ForwardedBy::XForwardedFor,
                ForwardedHeader::Forwarded => ForwardedBy::Forwarded,
            },
        })
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            trusted_proxies: Vec::new(),
            forwarded_by: ForwardedHeader::default(),
        }
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

/// `links`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkSettings {
    /// Whether tools may give a link's address to the model.
    pub reveal: bool,
    /// Whether link and code go in one message to a recipient with one address; else the caller hears the code.
    pub code_beside_link: bool,
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

/// `models`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// The folder of the model that writes down what is said in recordings; `models/speech` in the data folder when
    /// unset. Without a model there, recordings are found by name, date and tags. `satchel models get` fills it.
    pub speech: Option<PathBuf>,
}

impl ModelSettings {
    /// The folder of the speech model.
    pub fn speech_folder(&self, data: &Path) -> PathBuf {
        self.speech.clone().unwrap_or_else(|| data.join("models").join("speech"))
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

impl Settings {
    /// The usual settings with a catalog on a server.
    pub fn on_server(url: &str, owner_url: Option<&str>) -> Self {
        let hidden = |text: &str| Hidden::of(text);
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
    // Of a table in a list of tables: the lists within it are told by the name alone.
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_table =
        |value: &serde_json::Value| value.is_object() || value.as_array().is_some_and(|list| list.iter().any(serde_json::Value::is_object));
    let (tables, values): (Vec<_>, Vec<_>) = keys.as_object().into_iter().flatten().partition(|(_, value)| is_table(value));
    for (key, value) in values {
        let _ = if value.is_null() { writeln!(text, "# {key} =") } else { writeln!(text, "{key} = {value}") };
    }
    for (key, keys) in tables {
        match keys.as_array() {
            // One table of the list after the other.
            Some(list) => list.iter().for_each(|keys| table(text, &format!("[{name}.{key}]"), keys)),
            None => table(text, &format!("{name}.{key}"), keys),
        }
    }
}

/// Data folders of servers that were started without settings.
pub const USUAL_DATA_FOLDERS: [&str; 2] = ["./satchel-data", "./satchel-demo"];
