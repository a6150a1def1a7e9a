//! Reading settings: a file, then the environment, then flags.

use std::net::SocketAddr;
use std::path::PathBuf;

use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::values::{BytesSettings, HttpSettings, Settings};
use crate::app::arguments::SettingsArgs;

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
    figment = flag(figment, "catalog.url", flags.database.clone());
    figment = flag(figment, "catalog.owner_url", flags.database_owner.clone());
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
    /// Numbers, switches and lists are read; anything else is text as it stands, so that a key made of
    /// digits stays the text it is.
    fn of(key: &str, value: String, defaults: &Settings) -> Self {
        let key = key.to_lowercase();
        let pointer = format!("/{}", usual(&key).replace('.', "/"));
        let default = serde_json::to_value(defaults).ok().and_then(|all| all.pointer(&pointer).cloned());
        let value = match default {
            Some(serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::Array(_)) => {
                let Ok(value) = value.parse::<Value>();
                value
            }
            _ => Value::from(value),
        };
        Self { key, value }
    }
}

/// The setting that one of a further region, or of one customer, is like.
fn usual(key: &str) -> String {
    for (table, section) in [("store.regions.", "store"), ("delivery.customers.", "delivery")] {
        if let Some((_, setting)) = key.strip_prefix(table).and_then(|rest| rest.split_once('.')) {
            return format!("{section}.{setting}");
        }
    }
    key.to_owned()
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::remote::Bytes;
    use super::super::values::CatalogPlace;
    use super::*;
    use crate::files::{Evidence, EvidenceSettings};

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
        let loaded = from_text("[store]\ncredentials_by_chain = true\n").unwrap();
        let Bytes::Remote(store) = loaded.settings.bytes_place().unwrap() else { panic!("a store over the network") };
        assert!(store.credentials_by_chain && store.access_key.is_empty());
        let loaded = from_text("[store]\ncredentials_by_chain = true\naccess_key = \"a\"\n").unwrap();
        assert!(loaded.settings.bytes_place().unwrap_err().to_string().contains("store.credentials_by_chain"));
    }

    #[test]
    fn a_region_is_as_the_store_but_for_what_it_says_itself() {
        let regions = |text: &str| from_text(text).unwrap().settings.regions();
        let store = "[store]\naccess_key = \"a\"\nsecret_key = \"hush\"\npath_style = true\nregion = \"eu-central-1\"\n";
        let found =
            regions(&format!("{store}[store.regions.us-east-1]\n[store.regions.cold]\nregion = \"eu-north-1\"\npath_style = false\n"))
                .unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|region| (region.name.as_str(), region.store.region.as_str(), region.store.files_bucket.as_str(), region.store.path_style))
            .collect();
        assert_eq!(
            told,
            [
                ("eu-central-1", "eu-central-1", "satchel-files-eu-central-1", true),
                ("cold", "eu-north-1", "satchel-files-cold", false),
                ("us-east-1", "us-east-1", "satchel-files-us-east-1", true),
            ]
        );
        assert!(found.iter().all(|region| region.store.access_key == "a" && region.store.secret_key == "hush"));
        // The embedded store has none of these, and is a home all the same.
        let chained = "[store.regions.far]\ncredentials_by_chain = true\n";
        let found = regions(chained).unwrap();
        assert!(found.len() == 1 && found[0].store.credentials_by_chain, "{found:?}");
        for (text, key) in [
            ("[store.regions.far]\n".to_owned(), "store.regions.far.access_key"),
            ("[store.regions.far]\naccess_key = \"a\"\n".to_owned(), "store.regions.far.secret_key"),
            (format!("{store}[store.regions.eu-central-1]\n"), "store.regions.eu-central-1"),
            (format!("{store}[store.regions.\"eu west\"]\n"), "store.regions.eu west"),
            (format!("{store}[store.regions.far]\nfiles_bucket = \"satchel-files-eu-central-1\"\n"), "store.regions.far.files_bucket"),
            (format!("{store}[store.regions.far]\nfiles_bucket = \"satchel-metadata-eu-central-1\"\n"), "store.regions.far.files_bucket"),
            (format!("{store}[store.regions.far.assume_role]\narn = \"x\"\nduration_s = 1\n"), "store.regions.far.assume_role.duration_s"),
        ] {
            let error = regions(&text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")), "{error}");
        }
        let loaded = from_text(&format!("{store}[store.regions.far]\naccess_key = \"b\"\nsecret_key = \"very secret\"\n")).unwrap();
        let text = loaded.settings.to_toml();
        assert!(!text.contains("very secret") && from_text(&text).is_ok(), "{text}");
    }

    #[test]
    fn a_catalog_on_a_server_is_set_by_its_address_and_never_shown() {
        let place = |text: &str| from_text(text).unwrap().settings.catalog_place();
        assert!(matches!(place(""), Ok(CatalogPlace::Folder)));
        let set = "[catalog]\nurl = \"postgres://satchel:very%20secret@db.example:5432/satchel\"\n";
        let Ok(CatalogPlace::Postgres(settings)) = place(set) else { panic!("a server") };
        assert_eq!((settings.owner_url.is_none(), settings.connections), (true, 16));
        let loaded = from_text(set).unwrap();
        for shown in [loaded.settings.to_toml(), format!("{loaded:?}"), format!("{settings:?}")] {
            assert!(!shown.contains("secret@") && !shown.contains("db.example"), "{shown}");
        }
        for wrong in ["mysql://a:secret@h/d", "postgres://h/d", "postgres://a:secret@h", "secret", "postgres:///d?user=secret"] {
            let error = place(&format!("[catalog]\nurl = \"{wrong}\"\n")).unwrap_err().to_string();
            assert!(error.contains("`catalog.url`") && !error.contains("secret@"), "{error}");
        }
        let error = place("[catalog]\nowner_url = \"postgres://a@h/d\"\n").unwrap_err().to_string();
        assert!(error.contains("`catalog.url`"), "{error}");
    }

    #[test]
    fn a_variable_is_text_unless_its_setting_is_a_number_a_switch_or_a_list() {
        let defaults = Settings::default();
        for (key, text, value) in [
            ("STORE.ACCESS_KEY", "0123", Value::from("0123")),
            ("links.reveal", "true", Value::from(true)),
            ("workers.count", "3", Value::from(3_u8)),
            ("store.events.signed_topics", "[\"a\", \"b\"]", Value::from(vec!["a", "b"])),
            ("no.such_thing", "3", Value::from("3")),
            ("STORE.REGIONS.EU-WEST-1.PATH_STYLE", "true", Value::from(true)),
            ("store.regions.eu-west-1.access_key", "0123", Value::from("0123")),
            ("delivery.customers.cust_1.mail.timeout_seconds", "7", Value::from(7_u8)),
            ("delivery.mail.password", "0123", Value::from("0123")),
        ] {
            let variable = Variable::of(key, text.to_owned(), &defaults);
            assert_eq!((variable.key, variable.value), (key.to_lowercase(), value));
        }
    }

    #[test]
    fn a_secret_is_read_from_the_file_that_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("key"), "very secret\n").unwrap();
        std::fs::write(path("empty"), "\n").unwrap();
        let set = |name: &str| from_text(&format!("[store]\naccess_key = \"a\"\nsecret_key.file = \"{}\"\n", path(name)));
        let loaded = set("key").unwrap();
        let Bytes::Remote(store) = loaded.settings.bytes_place().unwrap() else { panic!("a store over the network") };
        assert_eq!(store.secret_key, "very secret");
        assert!(!loaded.settings.to_toml().contains("very secret") && !format!("{loaded:?}").contains("very secret"));
        for (name, reason) in [("missing", "No such file"), ("empty", "it is empty")] {
            let error = set(name).unwrap_err().to_string();
            assert!(error.contains("`store.secret_key`") && error.contains(name) && error.contains(reason), "{error}");
        }
        let error = from_text("[store]\nsecret_key.path = \"x\"\n").unwrap_err().to_string();
        assert!(error.contains("path") && error.contains("file"), "{error}");
    }

    #[test]
    fn what_a_yes_needs_is_one_of_three_words() {
        let settings = from_text("[confirm]\noutside = \"heard\"\n").unwrap().settings;
        assert_eq!(settings.confirm.evidence(), EvidenceSettings { inside: Evidence::ModelWord, outside: Evidence::Heard });
        assert!(from_text("[confirm]\noutside = \"a nod\"\n").is_err());
    }

    #[test]
    fn printed_settings_hide_secrets_and_can_be_read_again() {
        let loaded = from_text("[store]\naccess_key = \"a\"\nsecret_key = \"very secret\"\n").unwrap();
        let text = loaded.settings.to_toml();
        assert!(!text.contains("very secret"), "{text}");
        assert!(from_text(&text).is_ok(), "{text}");
    }
}
