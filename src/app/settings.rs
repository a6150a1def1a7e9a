//! Settings: a file, then `SATCHEL__SECTION__KEY`, then flags. Nothing else reads the environment.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::{Deserialize, Serialize, Serializer};

use super::arguments::SettingsArgs;
use crate::blob::StoreSettings;

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where everything lies.
    pub data: DataSettings,
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
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { dir: PathBuf::from("./satchel-data") }
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
    /// Send the SDK's own checksums only where the protocol demands them.
    pub checksums_when_required: bool,
    /// Create missing buckets at start.
    pub create_buckets: bool,
}

impl Default for RemoteSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key: None,
            secret_key: None,
            files_bucket: None,
            metadata_bucket: None,
            path_style: false,
            checksums_when_required: false,
            create_buckets: false,
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
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { upload_bytes: 5 * 1024 * 1024 * 1024 }
    }
}

/// `workers`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkersSettings {
    /// Files inspected at once in this process; 0 leaves inspection to others.
    pub count: usize,
}

impl Default for WorkersSettings {
    fn default() -> Self {
        Self { count: 2 }
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

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file named is not there or cannot be read.
    #[error("the settings file `{}` cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A setting that does not exist.
    #[error("there is no setting `{key}` ({origin}); known here: {known}")]
    Unknown {
        /// Its name.
        key: String,
        /// Where it was given.
        origin: String,
        /// What could be meant.
        known: String,
    },
    /// A setting with a value that means nothing.
    #[error("the setting `{key}` cannot be used: {reason}")]
    Value {
        /// Its name.
        key: String,
        /// Why.
        reason: String,
    },
}

/// What a command changes of the defaults, below file, environment and flags.
#[derive(Debug, Clone, Default)]
pub struct Preset {
    /// The data folder.
    pub dir: Option<PathBuf>,
    /// Whether tools may give links to the model.
    pub reveal_links: bool,
    /// What is logged.
    pub log_level: Option<&'static str>,
}

impl Preset {
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        if let Some(dir) = &self.dir {
            settings.data.dir.clone_from(dir);
        }
        settings.links.reveal = self.reveal_links;
        if let Some(level) = self.log_level {
            level.clone_into(&mut settings.log.level);
        }
        settings
    }
}

/// The settings, and whether the addresses were chosen by somebody.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// `http.listen` is not the default.
    pub http_chosen: bool,
    /// `bytes.listen` is not the default.
    pub bytes_chosen: bool,
}

const ENVIRONMENT: &str = "environment";

/// Reads the settings.
pub fn load(preset: &Preset, flags: &SettingsArgs) -> Result<Loaded, SettingsError> {
    let defaults = preset.settings();
    let mut figment = Figment::from(Serialized::defaults(&defaults));
    if let Some(path) = &flags.config {
        std::fs::metadata(path).map_err(|source| SettingsError::File { path: path.clone(), source })?;
        figment = figment.merge(Toml::file_exact(path));
    }
    for (name, value) in Env::prefixed("SATCHEL__").split("__").iter() {
        figment = figment.merge(Variable::of(name.as_str(), value, &defaults));
    }
    let flag = |figment: Figment, key: &str, value: Option<String>| match value {
        Some(value) => figment.merge((key, value)),
        None => figment,
    };
    let text = |address: &SocketAddr| address.to_string();
    figment = flag(figment, "data.dir", flags.data.as_ref().map(|dir| dir.to_string_lossy().into_owned()));
    figment = flag(figment, "http.listen", flags.listen.as_ref().map(text));
    figment = flag(figment, "http.public_url", flags.public_url.clone());
    figment = flag(figment, "bytes.listen", flags.bytes_listen.as_ref().map(text));
    figment = flag(figment, "bytes.public_url", flags.bytes_public_url.clone());
    let mut settings: Settings = figment.extract().map_err(|error| refusal(&error))?;
    for (key, url) in [("http.public_url", &mut settings.http.public_url), ("bytes.public_url", &mut settings.bytes.public_url)] {
        *url = url.take().map(|text| checked_url(key, &text)).transpose()?;
    }
    let (http, bytes) = (HttpSettings::default(), BytesSettings::default());
    Ok(Loaded {
        http_chosen: flags.listen.is_some() || settings.http.listen != http.listen,
        bytes_chosen: flags.bytes_listen.is_some() || settings.bytes.listen != bytes.listen,
        settings,
    })
}

/// One variable of the environment.
struct Variable {
    key: String,
    value: Value,
}

impl Variable {
    /// Numbers and switches are read; anything else is text as it stands, so that a key made of
    /// digits stays the text it is.
    fn of(key: &str, value: String, defaults: &Settings) -> Self {
        let key = key.to_lowercase();
        let pointer = format!("/{}", key.replace('.', "/"));
        let default = serde_json::to_value(defaults).ok().and_then(|all| all.pointer(&pointer).cloned());
        let value = match default {
            Some(serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => {
                let Ok(value) = value.parse::<Value>();
                value
            }
            _ => Value::from(value),
        };
        Self { key, value }
    }
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(&self.key, self.value.clone());
        Ok(Profile::Default.collect(nested.into_dict().unwrap_or_default()))
    }
}

fn checked_url(key: &str, text: &str) -> Result<String, SettingsError> {
    let bad = |reason: &str| SettingsError::Value { key: key.to_owned(), reason: reason.to_owned() };
    let url = url::Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(bad("it must begin with `http://` or `https://` and a host"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn refusal(error: &figment::Error) -> SettingsError {
    let origin = error.metadata.as_ref().map_or_else(
        || "default".to_owned(),
        |metadata| match &metadata.source {
            Some(figment::Source::File(path)) => format!("in `{}`", path.display()),
            _ if metadata.name == ENVIRONMENT => "in the environment".to_owned(),
            _ => "in the flags".to_owned(),
        },
    );
    let place = error.path.join(".");
    match &error.kind {
        Kind::UnknownField(field, known) => {
            let key = if error.path.last() == Some(field) || place.is_empty() && field.contains('.') {
                place
            } else if place.is_empty() {
                field.clone()
            } else {
                format!("{place}.{field}")
            };
            SettingsError::Unknown { key, origin, known: known.join(", ") }
        }
        kind => SettingsError::Value { key: if place.is_empty() { origin } else { place }, reason: kind.to_string() },
    }
}

/// Where bytes lie.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// In the data folder, served by this process.
    Embedded,
    /// In a store over the network.
    Remote(StoreSettings),
}

impl Settings {
    /// Where bytes lie, by these settings. Half a set of keys is an error: bytes would silently
    /// land on this machine.
    pub fn bytes_place(&self) -> Result<Bytes, SettingsError> {
        let store = &self.store;
        let missing = |key: &str| SettingsError::Value {
            key: format!("store.{key}"),
            reason: "it is missing; a store over the network needs `access_key` and `secret_key`".to_owned(),
        };
        let (access_key, secret_key) = match (&store.access_key, &store.secret_key, &store.endpoint) {
            (Some(access), Some(secret), _) => (access.clone(), secret.reveal().to_owned()),
            (None, None, None) => return Ok(Bytes::Embedded),
            (None, _, _) => return Err(missing("access_key")),
            (Some(_), None, _) => return Err(missing("secret_key")),
        };
        let bucket = |name: &Option<String>, what: &str| name.clone().unwrap_or_else(|| format!("satchel-{what}-{}", store.region));
        Ok(Bytes::Remote(StoreSettings {
            endpoint: store.endpoint.clone(),
            public_endpoint: self.bytes.public_url.clone(),
            region: store.region.clone(),
            access_key,
            secret_key,
            files_bucket: bucket(&store.files_bucket, "files"),
            metadata_bucket: bucket(&store.metadata_bucket, "metadata"),
            path_style: store.path_style,
            checksums_when_required: store.checksums_when_required,
            create_buckets: store.create_buckets,
        }))
    }

    /// The settings as a file that could be read again; secrets are hidden.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let Ok(serde_json::Value::Object(sections)) = serde_json::to_value(self) else { return text };
        for (section, keys) in &sections {
            if !text.is_empty() {
                text.push('\n');
            }
            // Writing to a string has no way to fail. A JSON scalar is a TOML scalar.
            let _ = writeln!(text, "[{section}]");
            for (key, value) in keys.as_object().into_iter().flatten() {
                let _ = if value.is_null() { writeln!(text, "# {key} =") } else { writeln!(text, "{key} = {value}") };
            }
        }
        text
    }
}

/// Data folders of servers that were started without settings.
pub const USUAL_DATA_FOLDERS: [&str; 2] = ["./satchel-data", "./satchel-demo"];

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn from_text(text: &str) -> Result<Loaded, SettingsError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        load(&Preset::default(), &SettingsArgs { config: Some(file.path().to_owned()), ..SettingsArgs::default() })
    }

    #[test]
    fn flags_win_over_the_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"[http]\nlisten = \"127.0.0.1:9000\"\npublic_url = \"https://a.example/\"\n").unwrap();
        let flags = SettingsArgs {
            config: Some(file.path().to_owned()),
            listen: Some("127.0.0.1:9100".parse().unwrap()),
            ..SettingsArgs::default()
        };
        let loaded = load(&Preset::default(), &flags).unwrap();
        assert_eq!(loaded.settings.http.listen.port(), 9100);
        assert_eq!(loaded.settings.http.public_url.as_deref(), Some("https://a.example"));
        assert!(loaded.http_chosen && !loaded.bytes_chosen);
    }

    #[test]
    fn unknown_settings_are_named() {
        for (text, key) in [("[http]\nlisten_on = 1\n", "http.listen_on"), ("[htpp]\nlisten = 1\n", "htpp")] {
            let error = from_text(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")), "{error}");
        }
    }

    #[test]
    fn values_that_mean_nothing_are_named() {
        for (text, key) in [
            ("[http]\nlisten = \"nowhere\"\n", "http.listen"),
            ("[limits]\nupload_bytes = \"big\"\n", "limits.upload_bytes"),
            ("[http]\npublic_url = \"ftp://x\"\n", "http.public_url"),
        ] {
            let error = from_text(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")), "{error}");
        }
    }

    #[test]
    fn half_a_set_of_keys_is_an_error() {
        let loaded = from_text("[store]\nendpoint = \"http://127.0.0.1:9000\"\n").unwrap();
        assert!(loaded.settings.bytes_place().unwrap_err().to_string().contains("store.access_key"));
        let loaded = from_text("[store]\naccess_key = \"a\"\nsecret_key = \"b\"\nregion = \"eu-central-1\"\n").unwrap();
        let Bytes::Remote(store) = loaded.settings.bytes_place().unwrap() else { panic!("a store over the network") };
        assert_eq!(store.files_bucket, "satchel-files-eu-central-1");
        assert!(matches!(from_text("").unwrap().settings.bytes_place(), Ok(Bytes::Embedded)));
    }

    #[test]
    fn a_variable_is_text_unless_its_setting_is_a_number_or_a_switch() {
        let defaults = Settings::default();
        for (key, text, value) in [
            ("STORE.ACCESS_KEY", "0123", Value::from("0123")),
            ("links.reveal", "true", Value::from(true)),
            ("workers.count", "3", Value::from(3_u8)),
            ("no.such_thing", "3", Value::from("3")),
        ] {
            let variable = Variable::of(key, text.to_owned(), &defaults);
            assert_eq!((variable.key, variable.value), (key.to_lowercase(), value));
        }
    }

    #[test]
    fn printed_settings_hide_secrets_and_can_be_read_again() {
        let loaded = from_text("[store]\naccess_key = \"a\"\nsecret_key = \"very secret\"\n").unwrap();
        let text = loaded.settings.to_toml();
        assert!(!text.contains("very secret"), "{text}");
        assert!(from_text(&text).is_ok(), "{text}");
    }
}
