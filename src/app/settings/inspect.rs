//! Who judges files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::load::SettingsError;
use crate::inspect::{AboveLimit, ClamdAddress, ClamdSettings, InspectorSettings, LockedArchives, RuleFile, Rules};

/// `inspect`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InspectSettings {
    /// A folder of rules for the embedded scanner: every `.yar` and `.yara` file in it, read at the start.
    pub rules_dir: Option<PathBuf>,
    /// What an archive means that is locked with a password: `note` or `suspicious`.
    pub locked_archives: LockedArchives,
    /// Files that are judged again each minute, at most, once the scanner has changed; 0 for none.
    pub rescans_per_minute: u16,
    /// Files that are looked at again each minute, at most, once their customer asked for it; 0 for none.
    pub rereads_per_minute: u16,
    /// A clamd that judges too.
    pub clamd: ClamdChoice,
}

impl Default for InspectSettings {
    fn default() -> Self {
        Self {
            rules_dir: None,
            locked_archives: LockedArchives::default(),
            rescans_per_minute: 60,
            rereads_per_minute: 240,
            clamd: ClamdChoice::default(),
        }
    }
}

/// `inspect.clamd`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClamdChoice {
    /// `host:port` or `unix:/path`; without it there is none.
    pub address: Option<String>,
    /// The longest pause while it is handed bytes, and how long its answer may take, in seconds.
    pub timeout: u16,
    /// Bytes that it takes of one file: not more than its own `StreamMaxLength`.
    pub stream_max_bytes: u64,
    /// Connections at once.
    pub connections: u16,
    /// What counts for larger files: `not_checked`, or `others_decide` where the embedded scanner's word is enough.
    pub above_limit: Above,
    /// After how many days its database is old, and the log says so.
    pub database_max_age_days: u16,
}

/// What counts for files that are larger than clamd takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Above {
    /// They are not checked, and nobody reads them.
    #[default]
    NotChecked,
    /// The embedded scanner's verdict stands.
    OthersDecide,
}

impl Default for ClamdChoice {
    fn default() -> Self {
        // clamd's own usual limits: `MaxScanTime` of two minutes, `StreamMaxLength` of 100 MiB, ten threads.
        Self {
            address: None,
            timeout: 150,
            stream_max_bytes: 100 << 20,
            connections: 4,
            above_limit: Above::default(),
            database_max_age_days: 7,
        }
    }
}

impl InspectSettings {
    /// Puts what is set into what an inspector wants.
    ///
    /// # Errors
    /// When a value means nothing, or rules cannot be read or are wrong.
    pub fn apply(&self, inspector: InspectorSettings) -> Result<InspectorSettings, SettingsError> {
        Ok(InspectorSettings { rules: self.rules()?, locked_archives: self.locked_archives, clamd: self.clamd.settings()?, ..inspector })
    }

    fn rules(&self) -> Result<Rules, SettingsError> {
        let Some(dir) = &self.rules_dir else { return Ok(Rules::none()) };
        let refused = |reason: String| SettingsError::Value { key: "inspect.rules_dir".to_owned(), reason };
        let files = rule_files(dir).map_err(refused)?;
        if files.is_empty() {
            return Err(refused(format!("there is no `.yar` file in `{}`", dir.display())));
        }
        Rules::compile(files).map_err(|error| refused(error.to_string()))
    }
}

/// The files of rules in a folder, by name.
fn rule_files(dir: &Path) -> Result<Vec<RuleFile>, String> {
    let unreadable = |path: &Path, error: std::io::Error| format!("`{}` cannot be read: {error}", path.display());
    let mut files = Vec::new();
    let mut left = Rules::MAX_BYTES as u64;
    for entry in fs::read_dir(dir).map_err(|error| unreadable(dir, error))? {
        let path = entry.map_err(|error| unreadable(dir, error))?.path();
        if !path.extension().is_some_and(|ending| ending == "yar" || ending == "yara") {
            continue;
        }
        // Before it is read: a wrong path may hold anything.
        let size = fs::metadata(&path).map_err(|error| unreadable(&path, error))?.len();
        left = left.checked_sub(size).ok_or_else(|| format!("its rules have more than {} bytes in all", Rules::MAX_BYTES))?;
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        if text.contains('\0') {
            return Err(format!("`{}` is no text", path.display()));
        }
        files.push(RuleFile { name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text });
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

impl ClamdChoice {
    /// Which clamd, if there is one.
    ///
    /// # Errors
    /// When the address is none, or a limit is nothing.
    pub fn settings(&self) -> Result<Option<ClamdSettings>, SettingsError> {
        let Some(address) = &self.address else { return Ok(None) };
        let refused = |key: &str, reason: &str| SettingsError::Value { key: format!("inspect.clamd.{key}"), reason: reason.to_owned() };
        let address = ClamdAddress::parse(address).ok_or_else(|| refused("address", "it must be `host:port` or `unix:/path`"))?;
        for (key, value) in
            [("timeout", u64::from(self.timeout)), ("connections", self.connections.into()), ("stream_max_bytes", self.stream_max_bytes)]
        {
            if value == 0 {
                return Err(refused(key, "it must be more than nothing"));
            }
        }
        Ok(Some(ClamdSettings {
            address,
            timeout: Duration::from_secs(self.timeout.into()),
            stream_max_bytes: self.stream_max_bytes,
            connections: self.connections.into(),
            above_limit: match self.above_limit {
                Above::NotChecked => AboveLimit::NotChecked,
                Above::OthersDecide => AboveLimit::OthersDecide,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(settings: &InspectSettings) -> Result<InspectorSettings, String> {
        settings.apply(InspectorSettings::new(PathBuf::from("satchel"))).map_err(|error| error.to_string())
    }

    #[test]
    fn a_folder_of_rules_is_read_and_what_is_wrong_in_it_is_told_with_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let settings = InspectSettings { rules_dir: Some(dir.path().to_owned()), ..InspectSettings::default() };
        let write = |name: &str, text: &[u8]| fs::write(dir.path().join(name), text).unwrap();
        write("notes.txt", b"no rules");
        assert!(applied(&settings).unwrap_err().contains("there is no `.yar` file"));
        write("b.yar", b"rule B { condition: false }");
        write("a.yara", b"rule B { condition: false }");
        assert_eq!(applied(&settings).unwrap().rules.count(), 2);
        write("c.yar", b"rule C {\n  condition: wrong\n}\n");
        let told = applied(&settings).unwrap_err();
        assert!(told.contains("`inspect.rules_dir`") && told.contains("c.yar:2:"), "{told}");
        write("c.yar", b"\xff\xfe");
        assert!(applied(&settings).unwrap_err().contains("c.yar"));
        write("c.yar", &vec![b' '; Rules::MAX_BYTES]);
        assert!(applied(&settings).unwrap_err().contains("bytes in all"));
        let missing = InspectSettings { rules_dir: Some(dir.path().join("nowhere")), ..InspectSettings::default() };
        assert!(applied(&missing).unwrap_err().contains("nowhere"));
    }

    #[test]
    fn a_clamd_is_set_by_its_address() {
        let choice = |change: fn(&mut ClamdChoice)| {
            let mut clamd = ClamdChoice { address: Some("unix:/run/clamav/clamd.ctl".to_owned()), ..ClamdChoice::default() };
            change(&mut clamd);
            applied(&InspectSettings { clamd, ..InspectSettings::default() })
        };
        assert!(applied(&InspectSettings::default()).unwrap().clamd.is_none());
        let clamd = choice(|_| {}).unwrap().clamd.unwrap();
        assert_eq!((clamd.above_limit, clamd.stream_max_bytes), (AboveLimit::NotChecked, 100 << 20));
        for (change, key) in [
            ((|clamd| clamd.address = Some("clamd".to_owned())) as fn(&mut ClamdChoice), "address"),
            (|clamd| clamd.timeout = 0, "timeout"),
            (|clamd| clamd.connections = 0, "connections"),
            (|clamd| clamd.stream_max_bytes = 0, "stream_max_bytes"),
        ] {
            let told = choice(change).unwrap_err();
            assert!(told.contains(&format!("`inspect.clamd.{key}`")), "{told}");
        }
    }
}
