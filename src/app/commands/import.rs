//! `satchel import`: uploads a folder, waits, and reports what was understood.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method};
use serde::Serialize;
use serde_json::Value;
use tokio_util::io::ReaderStream;

use super::adopt::adopt;
use crate::app::arguments::ImportArgs;
use crate::app::client::{As, Client, text, text_or};
use crate::app::failure::{Failure, with_causes};
use crate::app::terminal::{Terminal, Tone, table};

/// Files on their way at once.
const AT_ONCE: usize = 4;
/// How long to wait before asking again whether a file was inspected.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Folders within folders that are walked.
const MAX_DEPTH: usize = 64;

/// A file to be uploaded.
struct Source {
    path: PathBuf,
    folder: String,
    name: String,
}

/// What became of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// Its text was read.
    Read,
    /// There is no text in it.
    Empty,
    /// It needs a password.
    Locked,
    /// It could not be read.
    Failed,
    /// It was judged harmful; nobody reads it.
    Quarantined,
    /// It was not stored.
    NotStored,
}

#[derive(Serialize)]
struct Imported {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Report {
    files: usize,
    stored: usize,
    formats: BTreeMap<String, BTreeMap<Outcome, usize>>,
    /// Why files have no text, with how many files say so.
    reasons: BTreeMap<String, usize>,
    list: Vec<Imported>,
}

/// Uploads a folder, or adopts what lies in a bucket.
pub async fn import(arguments: &ImportArgs, terminal: Terminal) -> Result<(), Failure> {
    if let Some(address) = arguments.source.strip_prefix("s3://") {
        return adopt(address, arguments, terminal).await;
    }
    let root = Path::new(&arguments.source);
    let client = Client::connect(&arguments.server, As::Customer(arguments.customer.as_deref()))?;
    let mut sources = Vec::new();
    walk(root, arguments.folder.trim_matches('/'), 0, &mut sources)?;
    let bar = ProgressBar::new(sources.len() as u64).with_message("stored, scanned and read");
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let mut list: Vec<Imported> = stream::iter(sources)
        .map(|source| async {
            let imported = one(&client, source).await;
            bar.inc(1);
            imported
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    bar.finish_and_clear();
    list.sort_by(|a, b| a.path.cmp(&b.path));
    let report = report(list);
    if arguments.json {
        terminal.json(&report)?;
    } else if arguments.markdown {
        for line in markdown(&report) {
            terminal.line(line)?;
        }
    } else {
        print(&report, terminal)?;
    }
    if report.stored == report.files { Ok(()) } else { Err(Failure::Reported) }
}

/// Every file below a folder in a fixed order, with the folder it goes to. Links are not followed:
/// they may lead anywhere.
fn walk(dir: &Path, folder: &str, depth: usize, found: &mut Vec<Source>) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: dir.display().to_string(), source };
    let mut entries = std::fs::read_dir(dir).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(failed)?;
        if name.starts_with('.') {
            continue;
        }
        if kind.is_file() {
            found.push(Source { path: entry.path(), folder: folder.to_owned(), name });
        } else if kind.is_dir() && depth < MAX_DEPTH {
            let below = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            walk(&entry.path(), &below, depth + 1, found)?;
        }
    }
    Ok(())
}

async fn one(client: &Client, source: Source) -> Imported {
    let path = source.path.display().to_string();
    let stored = match upload(client, &source).await {
        Ok(id) => id,
        Err(error) => return Imported { path, id: None, outcome: Outcome::NotStored, reason: Some(with_causes(&error)) },
    };
    match inspected(client, &stored).await {
        Ok((outcome, reason)) => Imported { path, id: Some(stored), outcome, reason },
        Err(error) => Imported { path, id: Some(stored), outcome: Outcome::Failed, reason: Some(with_causes(&error)) },
    }
}

async fn upload(client: &Client, source: &Source) -> Result<String, Failure> {
    let failed = |error| Failure::File { path: source.path.display().to_string(), source: error };
    let file = tokio::fs::File::open(&source.path).await.map_err(failed)?;
    let size = file.metadata().await.map_err(failed)?.len();
    let request = client
        .request(Method::POST, "/v1/files")
        .query(&[("name", &source.name), ("folder", &source.folder)])
        .header(CONTENT_LENGTH, size)
        .body(Body::wrap_stream(ReaderStream::with_capacity(file, 64 * 1024)));
    let stored = client.value(request).await?;
    Ok(text(&stored, "id")?.to_owned())
}

/// Waits until a file was inspected, and says how it went.
async fn inspected(client: &Client, id: &str) -> Result<(Outcome, Option<String>), Failure> {
    loop {
        let file = client.get(&format!("/v1/files/{id}")).await?;
        let status = file.pointer("/lifecycle/status").and_then(Value::as_str).unwrap_or_default();
        if !matches!(status, "uploading" | "scanning" | "processing") {
            return Ok(outcome_of(&file, status));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn outcome_of(file: &Value, status: &str) -> (Outcome, Option<String>) {
    let scan = file.pointer("/lifecycle/scan_status").and_then(Value::as_str).unwrap_or_default();
    if status == "quarantined" {
        return (Outcome::Quarantined, Some(format!("the scanner says {scan}")));
    }
    let extraction = file.pointer("/metadata/extraction").cloned().unwrap_or_default();
    let reason = extraction.get("reason").and_then(Value::as_str).map(str::to_owned);
    match text_or(&extraction, "status", "failed") {
        "done" => (Outcome::Read, None),
        "empty" => (Outcome::Empty, reason),
        "locked" => (Outcome::Locked, reason),
        _ => (Outcome::Failed, reason),
    }
}

fn format_of(path: &str) -> String {
    Path::new(path).extension().map_or_else(|| "none".to_owned(), |extension| extension.to_string_lossy().to_lowercase())
}

fn report(list: Vec<Imported>) -> Report {
    let mut formats: BTreeMap<String, BTreeMap<Outcome, usize>> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for imported in &list {
        *formats.entry(format_of(&imported.path)).or_default().entry(imported.outcome).or_default() += 1;
        if let Some(reason) = &imported.reason {
            *reasons.entry(reason.clone()).or_default() += 1;
        }
    }
    let stored = list.iter().filter(|imported| imported.outcome != Outcome::NotStored).count();
    Report { files: list.len(), stored, formats, reasons, list }
}

/// Columns of the table by format.
const HEAD: [&str; 8] = ["format", "files", "read", "empty", "locked", "failed", "quarantined", "not stored"];
const COLUMNS: [Outcome; 6] = [Outcome::Read, Outcome::Empty, Outcome::Locked, Outcome::Failed, Outcome::Quarantined, Outcome::NotStored];

/// A row of the table: a name, all files, then one column for each outcome.
fn row(name: &str, counts: &BTreeMap<Outcome, usize>) -> Vec<String> {
    let shown = |count: usize| if count == 0 { String::new() } else { count.to_string() };
    let mut row = vec![name.to_owned(), counts.values().sum::<usize>().to_string()];
    row.extend(COLUMNS.map(|outcome| shown(counts.get(&outcome).copied().unwrap_or(0))));
    row
}

fn rows(report: &Report) -> Vec<Vec<String>> {
    report.formats.iter().map(|(format, counts)| row(format, counts)).collect()
}

/// The table by format with its sum, and the reasons, most frequent first.
fn markdown(report: &Report) -> Vec<String> {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let rule: Vec<String> = names.iter().enumerate().map(|(index, _)| if index == 0 { "---" } else { "---:" }.to_owned()).collect();
        [line(&names), line(&rule)]
    };
    let mut all: BTreeMap<Outcome, usize> = BTreeMap::new();
    for (outcome, count) in report.formats.values().flatten() {
        *all.entry(*outcome).or_default() += count;
    }
    let mut reasons: Vec<_> = report.reasons.iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), reason.as_str()));
    let mut lines = Vec::from(head(&HEAD));
    lines.extend(rows(report).iter().map(|row| line(row)));
    lines.push(line(&row("all", &all)));
    lines.push(String::new());
    lines.extend(head(&["reason", "files"]));
    lines.extend(reasons.into_iter().map(|(reason, count)| line(&[reason.replace('|', "/"), count.to_string()])));
    lines
}

fn print(report: &Report, terminal: Terminal) -> Result<(), Failure> {
    for line in table(&HEAD, &rows(report)) {
        terminal.line(line)?;
    }
    let odd: Vec<&Imported> = report.list.iter().filter(|imported| imported.outcome != Outcome::Read).collect();
    if !odd.is_empty() {
        terminal.line("")?;
    }
    for imported in odd {
        let word = match imported.outcome {
            Outcome::Read => "read",
            Outcome::Empty => "empty",
            Outcome::Locked => "locked",
            Outcome::Failed => "failed",
            Outcome::Quarantined => "quarantined",
            Outcome::NotStored => "not stored",
        };
        let reason = imported.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        terminal.toned(Tone::Dim, format!("{word}  {}{reason}", imported.path))?;
    }
    terminal.line(format!("{} of {} files are stored", report.stored, report.files))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_folder_is_walked_in_order_without_hidden_files_and_links() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["b.txt", "a/inner/c.txt", ".git/config"] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
        let mut found = Vec::new();
        walk(dir.path(), "top", 0, &mut found).unwrap();
        let places: Vec<_> = found.iter().map(|source| (source.folder.as_str(), source.name.as_str())).collect();
        assert_eq!(places, [("top/a/inner", "c.txt"), ("top", "b.txt")]);
    }

    #[test]
    fn what_became_of_a_file_is_read_from_its_json() {
        for (status, extraction, expected) in [
            ("active", json!({"status": "done"}), Outcome::Read),
            ("active", json!({"status": "locked", "reason": "it needs a password"}), Outcome::Locked),
            ("active", json!({"status": "new word"}), Outcome::Failed),
            ("quarantined", json!({"status": "pending"}), Outcome::Quarantined),
        ] {
            let file = json!({"lifecycle": {"status": status, "scan_status": "infected"}, "metadata": {"extraction": extraction}});
            assert_eq!(outcome_of(&file, status).0, expected);
        }
    }

    #[test]
    fn the_tables_add_up_in_markdown() {
        let imported = |path: &str, outcome, reason: Option<&str>| Imported {
            path: path.to_owned(),
            id: None,
            outcome,
            reason: reason.map(str::to_owned),
        };
        let report = report(vec![
            imported("a/one.PDF", Outcome::Read, None),
            imported("a/two.pdf", Outcome::Locked, Some("it is locked with a password")),
            imported("a/notes", Outcome::Empty, Some("the file is empty")),
        ]);
        assert_eq!(
            markdown(&report),
            [
                "| format | files | read | empty | locked | failed | quarantined | not stored |",
                "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
                "| none | 1 |  | 1 |  |  |  |  |",
                "| pdf | 2 | 1 |  | 1 |  |  |  |",
                "| all | 3 | 1 | 1 | 1 |  |  |  |",
                "",
                "| reason | files |",
                "| --- | ---: |",
                "| it is locked with a password | 1 |",
                "| the file is empty | 1 |",
            ]
        );
    }
}
