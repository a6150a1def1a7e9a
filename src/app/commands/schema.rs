//! `satchel schema`: what is committed and made from types: the definitions of tools, the description of the HTTP
//! endpoints, and the schema of policies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::api::openapi;
use crate::app::arguments::SchemaCommand;
use crate::app::failure::Failure;
use crate::app::terminal::Terminal;
use crate::policy;
use crate::tools::definitions;

/// Where the schema of policies lies, in the folder of all policies.
const POLICY_SCHEMA: &str = "satchel.cedarschema";

/// Writes or checks the definitions.
pub fn schema(command: &SchemaCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        SchemaCommand::Write(files) => {
            write(&files.dir, terminal)?;
            write_file(&files.openapi, &described()?, terminal)?;
            fs::create_dir_all(&files.policies).map_err(file_failure(&files.policies))?;
            write_file(&files.policies.join(POLICY_SCHEMA), &policy::schema(), terminal)
        }
        SchemaCommand::Check(files) => {
            let mut drift = drift(&files.dir)?;
            drift.extend(file_drift(&files.openapi, &described()?));
            drift.extend(file_drift(&files.policies.join(POLICY_SCHEMA), &policy::schema()));
            if drift.is_empty() {
                let (dir, openapi, policies) = (files.dir.display(), files.openapi.display(), files.policies.display());
                return Ok(terminal.line(format!("`{dir}`, `{openapi}` and `{policies}` are in step with the types"))?);
            }
            for line in &drift {
                terminal.line(line)?;
            }
            terminal.remark("`satchel schema write` mends it");
            Err(Failure::Reported)
        }
    }
}

/// File name and text of every definition.
fn published() -> Result<BTreeMap<String, String>, Failure> {
    let text = |definition| serde_json::to_string_pretty(definition).map_err(|error| Failure::Output(error.into()));
    definitions().iter().map(|definition| Ok((format!("{}.json", definition.name), text(definition)? + "\n"))).collect()
}

/// The description of the HTTP endpoints.
fn described() -> Result<String, Failure> {
    serde_json::to_string_pretty(&openapi()).map(|text| text + "\n").map_err(|error| Failure::Output(error.into()))
}

fn file_failure(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |source| Failure::File { path, source }
}

fn names_in(dir: &Path) -> Result<Vec<String>, Failure> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(file_failure(dir))? {
        let name = entry.map_err(file_failure(dir))?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "json") {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn write(dir: &Path, terminal: Terminal) -> Result<(), Failure> {
    let published = published()?;
    fs::create_dir_all(dir).map_err(file_failure(dir))?;
    for name in names_in(dir)?.iter().filter(|name| !published.contains_key(*name)) {
        fs::remove_file(dir.join(name)).map_err(file_failure(dir))?;
        terminal.line(format!("removed {}", dir.join(name).display()))?;
    }
    for (name, text) in &published {
        write_file(&dir.join(name), text, terminal)?;
    }
    Ok(())
}

fn write_file(path: &Path, text: &str, terminal: Terminal) -> Result<(), Failure> {
    fs::write(path, text).map_err(file_failure(path))?;
    Ok(terminal.line(format!("wrote {}", path.display()))?)
}

/// What is wrong with one file, where something is.
fn file_drift(path: &Path, text: &str) -> Option<String> {
    match fs::read_to_string(path) {
        Ok(found) if found == *text => None,
        Ok(_) => Some(format!("{} differs from its type", path.display())),
        Err(_) => Some(format!("{} is missing", path.display())),
    }
}

/// What differs between the folder and the types, one line each.
pub fn drift(dir: &Path) -> Result<Vec<String>, Failure> {
    let published = published()?;
    let mut lines = Vec::new();
    for name in names_in(dir)?.iter().filter(|name| !published.contains_key(*name)) {
        lines.push(format!("{} belongs to no tool", dir.join(name).display()));
    }
    lines.extend(published.iter().filter_map(|(name, text)| file_drift(&dir.join(name), text)));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_in_step_until_a_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        assert!(drift(dir.path()).unwrap().iter().all(|line| line.ends_with("is missing")));
        write(dir.path(), Terminal::standard()).unwrap();
        assert_eq!(drift(dir.path()).unwrap(), Vec::<String>::new());
        fs::write(dir.path().join("find_file.json"), "{}").unwrap();
        fs::write(dir.path().join("old_tool.json"), "{}").unwrap();
        let drift = drift(dir.path()).unwrap();
        assert_eq!(drift.len(), 2, "{drift:?}");
        assert!(drift.iter().any(|line| line.ends_with("find_file.json differs from its type")), "{drift:?}");
    }
}
