//! The people and files of the demo, as they travel in the binary.

use include_dir::{Dir, include_dir};
use serde::Deserialize;

const PEOPLE: &str = include_str!("../../../fixtures/people.json");
static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/files");
const MANIFEST: &str = "manifest.json";

/// Somebody of the demo.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPerson {
    /// How the manifest names the person.
    pub key: String,
    /// `user`, `team` or `contact`.
    pub kind: String,
    /// The full name.
    pub name: String,
    /// Mail address.
    pub email: Option<String>,
    /// Number.
    pub phone: Option<String>,
    /// Roles; `none` for a user without rights.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What separates the person from soundalikes.
    pub detail: Option<String>,
    /// Keys of a team's members.
    #[serde(default)]
    pub members: Vec<String>,
}

/// A file of the demo.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoFile {
    /// Where it lies among the fixtures.
    pub path: String,
    /// The folder it goes to.
    pub folder: String,
    /// What people call it.
    pub title: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Key words.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What it is for; a word that Satchel has no category for becomes a tag.
    pub category: Option<String>,
    /// The date on it.
    pub created_date: Option<String>,
    /// Key of the owner.
    pub owner: Option<String>,
    /// Keys of those who may view it.
    #[serde(default)]
    pub shared_with: Vec<String>,
    /// Path of the file that it is the next version of.
    pub version_of: Option<String>,
}

impl DemoFile {
    /// The name it arrives with.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Its bytes; `None` when the manifest names a file that is not there.
    pub fn bytes(&self) -> Option<&'static [u8]> {
        FILES.get_file(&self.path).map(include_dir::File::contents)
    }
}

/// Why the demo's own material cannot be read; only a broken build does that.
#[derive(Debug, thiserror::Error)]
#[error("the demo's `{part}` cannot be read")]
pub struct WorldError {
    part: &'static str,
    source: serde_json::Error,
}

/// People, in an order in which members come before their team.
pub fn people() -> Result<Vec<DemoPerson>, WorldError> {
    let mut people: Vec<DemoPerson> = serde_json::from_str(PEOPLE).map_err(|source| WorldError { part: "people.json", source })?;
    people.sort_by_key(|person| person.kind == "team");
    Ok(people)
}

/// Files, each version after the one before it.
pub fn files() -> Result<Vec<DemoFile>, WorldError> {
    let manifest = FILES.get_file(MANIFEST).map(include_dir::File::contents).unwrap_or_default();
    serde_json::from_slice(manifest).map_err(|source| WorldError { part: MANIFEST, source })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::{FileName, Folder, PersonKind, Phone, Role};

    #[test]
    fn every_file_of_the_manifest_travels_and_every_name_means_somebody() {
        let keys: HashSet<String> = people().unwrap().into_iter().map(|person| person.key).collect();
        let mut before = HashSet::new();
        for file in files().unwrap() {
            assert!(file.bytes().is_some(), "{} is not there", file.path);
            assert!(FileName::parse(file.name()).is_ok() && Folder::parse(&file.folder).is_ok(), "{}", file.path);
            assert!(file.created_date.as_deref().is_none_or(|date| date.parse::<jiff::civil::Date>().is_ok()), "{}", file.path);
            for key in file.shared_with.iter().chain(&file.owner) {
                assert!(keys.contains(key), "{key} of {} is nobody", file.path);
            }
            assert!(file.version_of.as_ref().is_none_or(|base| before.contains(base)), "{} comes before its base", file.path);
            before.insert(file.path);
        }
        assert!(before.len() > 30);
    }

    #[test]
    fn people_are_complete_and_members_come_first() {
        let mut before = HashSet::new();
        for person in people().unwrap() {
            assert!(person.members.iter().all(|member| before.contains(member)), "{}", person.key);
            assert!(person.phone.as_deref().is_none_or(|phone| Phone::parse(phone).is_ok()), "{}", person.key);
            assert!(serde_json::from_str::<PersonKind>(&format!("\"{}\"", person.kind)).is_ok(), "{}", person.kind);
            assert!(person.roles.iter().all(|role| role == "none" || Role::parse(role).is_some()), "{}", person.key);
            before.insert(person.key);
        }
    }
}
