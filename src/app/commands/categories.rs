//! `satchel categories`, and looking again through files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::dlp::sought_json;
use crate::app::arguments::{CategoriesCommand, RereadArgs};
use crate::app::client::{As, Client, list, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, table};
use crate::domain::{Category, Sorted, Topic};
use crate::inspect::{Sorter, Sorting};

/// How long to wait before asking again how far it is.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Shows and says by which words files are sorted.
pub async fn categories(command: &CategoriesCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        CategoriesCommand::List { server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let found = client.get("/v1/categories").await?;
            if *json { Ok(terminal.json(&found)?) } else { listed(&found, terminal) }
        }
        CategoriesCommand::Show { file, server, json } => {
            let client = Client::connect(server, As::Customer(None))?;
            let found = client.get(&format!("/v1/files/{file}")).await?;
            let metadata = found.get("metadata").cloned().unwrap_or_default();
            if *json { Ok(terminal.json(&metadata.get("categorised").cloned().unwrap_or_default())?) } else { told(&metadata, terminal) }
        }
        CategoriesCommand::Say { file, category, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            let said = if category == "found" { Value::Null } else { json!(category) };
            client.put(&format!("/v1/files/{file}/category"), &json!({ "category": said })).await?;
            let now = client.get(&format!("/v1/files/{file}")).await?;
            let now = now.pointer("/metadata/category").and_then(Value::as_str).unwrap_or_default();
            Ok(terminal.line(format!("{file} is sorted under {now}"))?)
        }
        CategoriesCommand::Set { name, sought, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            let mut body = sought_json(sought)?;
            if let Some(body) = body.as_object_mut() {
                body.insert("name".to_owned(), json!(name));
            }
            client.put("/v1/categories/own", &body).await?;
            Ok(terminal.line(format!("files that are read from now on may be sorted under {name}"))?)
        }
        CategoriesCommand::Remove { name, server } => {
            let client = Client::connect(server, As::Customer(None))?;
            client.delete(&format!("/v1/categories/own/{}", name.replace(' ', "%20"))).await?;
            Ok(terminal.line(format!("no more files are sorted under {name}"))?)
        }
        CategoriesCommand::Reread(arguments) => reread("/v1/categories/reread", arguments, terminal).await,
        CategoriesCommand::Check { file, misses } => check(file, *misses, terminal),
    }
}

/// Has all files looked at again, or says how far that is.
pub async fn reread(path: &str, arguments: &RereadArgs, terminal: Terminal) -> Result<(), Failure> {
    let client = Client::connect(&arguments.server, As::Customer(None))?;
    let mut now = if arguments.status { client.get(path).await? } else { client.post(path, &Value::Null).await? };
    while arguments.wait && now.get("ended_at").is_some_and(Value::is_null) {
        tokio::time::sleep(LOOK_AGAIN).await;
        now = client.get(path).await?;
        terminal.remark(so_far(&now));
    }
    if arguments.json { Ok(terminal.json(&now)?) } else { Ok(terminal.line(so_far(&now))?) }
}

fn so_far(now: &Value) -> String {
    let number = |field: &str| now.get(field).and_then(Value::as_u64).unwrap_or(0);
    let state = match (now.get("asked_at").and_then(Value::as_str), now.get("ended_at").and_then(Value::as_str)) {
        (None, _) => return "nobody asked for it yet".to_owned(),
        (_, Some(ended)) => format!("ended {ended}"),
        (Some(asked), None) => format!("under way since {asked}"),
    };
    format!("{state}: {} files, {} changed, {} could not be looked at", number("files"), number("changed"), number("failed"))
}

fn listed(found: &Value, terminal: Terminal) -> Result<(), Failure> {
    let usual: Vec<&str> = list(found, "usual")?.iter().filter_map(Value::as_str).collect();
    terminal.line(usual.join(", "))?;
    let own = |own: &Value| {
        let words = own.get("words").and_then(Value::as_array).map(|words| format!("{} words", words.len()));
        let what = words.unwrap_or_else(|| text_or(own, "pattern", "").to_owned());
        vec![text_or(own, "name", "").to_owned(), what, text_or(own, "set_by", "").to_owned()]
    };
    let rows: Vec<Vec<String>> = list(found, "own")?.iter().map(own).collect();
    if rows.is_empty() {
        terminal.remark("the customer has no categories of its own");
        return Ok(());
    }
    for line in table(&["own", "looks for", "set by"], &rows) {
        terminal.line(line)?;
    }
    Ok(())
}

fn told(metadata: &Value, terminal: Terminal) -> Result<(), Failure> {
    let at = |path: &str| metadata.pointer(path);
    terminal.line(text_or(metadata, "category", ""))?;
    if let Some(said) = at("/categorised/said").filter(|said| !said.is_null()) {
        terminal.line(format!("{} says so, since {}", text_or(said, "by", ""), text_or(said, "at", "")))?;
    }
    let Some(found) = at("/categorised/found").filter(|found| !found.is_null()) else {
        terminal.remark("it has not been read yet");
        return Ok(());
    };
    let score = |of: &Value| of.get("score").and_then(Value::as_f64).unwrap_or_default();
    let other = found.get("runner_up").filter(|other| !other.is_null());
    let other = other.map(|other| format!(", else {} ({:.2})", text_or(other, "category", ""), score(other)));
    let (category, other) = (text_or(found, "category", ""), other.unwrap_or_default());
    terminal.line(format!("the rules say {category} ({:.2}){other}", score(found)))?;
    let row = |reason: &Value| {
        let points = reason.get("points").map(Value::to_string).unwrap_or_default();
        vec![text_or(reason, "part", "").to_owned(), text_or(reason, "rule", "").to_owned(), points]
    };
    let rows: Vec<Vec<String>> = list(found, "reasons")?.iter().map(row).collect();
    if !rows.is_empty() {
        for line in table(&["in", "speaks for it", "points"], &rows) {
            terminal.line(line)?;
        }
    }
    Ok(())
}

/// A labelled text.
#[derive(Deserialize)]
struct Labelled {
    category: Topic,
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    kind: Option<Category>,
    #[serde(default)]
    text: String,
}

fn check(file: &Path, misses: bool, terminal: Terminal) -> Result<(), Failure> {
    let text = fs::read_to_string(file).map_err(|source| Failure::File { path: file.display().to_string(), source })?;
    let sorter = Sorter::new()?;
    let mut taken: BTreeMap<Topic, BTreeMap<Topic, u32>> = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Ok(labelled) = serde_json::from_str::<Labelled>(line) else {
            return Err(Failure::Usage(format!("line {} is no labelled text: {{\"category\", \"name\", \"text\"}}", number + 1)));
        };
        let kind = labelled.kind.unwrap_or(Category::Document);
        let of = Sorting { name: &labelled.name, title: &labelled.title, kind, text: &labelled.text, pages: None, has_account: false };
        let found = Sorted::by(&sorter.look(&of, &[]));
        *taken.entry(labelled.category.clone()).or_default().entry(found.topic.clone()).or_default() += 1;
        if misses && found.topic != labelled.category {
            let score = f64::from(found.score) / 100.0;
            terminal.line(format!(
                "line {}: {} was taken for {} ({score:.2}): {}",
                number + 1,
                labelled.category,
                found.topic,
                labelled.name
            ))?;
        }
    }
    let share = |right: u32, whole: u32| if whole == 0 { "-".to_owned() } else { format!("{:.3}", f64::from(right) / f64::from(whole)) };
    let rows: Vec<Vec<String>> = taken
        .iter()
        .map(|(category, as_what)| {
            let right = as_what.get(category).copied().unwrap_or(0);
            let whole: u32 = as_what.values().sum();
            let called: u32 = taken.values().filter_map(|as_what| as_what.get(category)).sum();
            let others = as_what.iter().filter(|(other, _)| *other != category).map(|(other, count)| format!("{other} {count}"));
            vec![
                category.to_string(),
                format!("{right} of {whole}"),
                share(right, called),
                share(right, whole),
                others.collect::<Vec<_>>().join(", "),
            ]
        })
        .collect();
    for line in table(&["category", "right", "precision", "recall", "taken for"], &rows) {
        terminal.line(line)?;
    }
    Ok(())
}
