//! `satchel import s3://bucket/prefix`: has objects adopted where they lie, waits, and reports.

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::arguments::ImportArgs;
use crate::app::client::{As, Client, list, text, text_or};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, Tone};

/// How long to wait before asking again how far it is.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What became of objects, in the order in which it is told.
const OUTCOMES: [(&str, &str); 6] = [
    ("adopted", "adopted"),
    ("changed", "changed, now the next version of their file"),
    ("known", "there already"),
    ("refused", "refused"),
    ("vanished", "not there any more"),
    ("deleted", "of files that were deleted"),
];

#[derive(Serialize)]
struct Report {
    import: Value,
    notes: Vec<Value>,
}

/// Adopts what lies under an address.
pub async fn adopt(address: &str, arguments: &ImportArgs, terminal: Terminal) -> Result<(), Failure> {
    let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
    let client = Client::connect(&arguments.server, As::Customer(arguments.customer.as_deref()))?;
    let begun = client.post("/v1/imports", &json!({"bucket": bucket, "prefix": prefix, "folder": arguments.folder})).await?;
    let path = format!("/v1/imports/{}", text(&begun, "import_id")?);
    let bar = ProgressBar::new_spinner();
    let import = loop {
        let import = client.get(&path).await?;
        match text(&import, "state")? {
            "listing" | "comparing" => {
                let waits = import.get("error").and_then(Value::as_str).map(|why| format!("; it waits: {why}")).unwrap_or_default();
                bar.set_message(format!("{} objects looked at{waits}", looked_at(&import)));
                bar.tick();
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            _ => break import,
        }
    };
    bar.finish_and_clear();
    let report = Report { notes: notes(&client, &path).await?, import };
    if arguments.json {
        terminal.json(&report)?;
    } else {
        print(&report, terminal)?;
    }
    let is_whole = text(&report.import, "state")? == "done" && seen(&report.import, "refused") == 0;
    if is_whole { Ok(()) } else { Err(Failure::Reported) }
}

fn seen(import: &Value, outcome: &str) -> u64 {
    import.pointer(&format!("/seen/{outcome}")).and_then(Value::as_u64).unwrap_or(0)
}

fn looked_at(import: &Value) -> u64 {
    OUTCOMES.iter().map(|(outcome, _)| seen(import, outcome)).sum()
}

async fn notes(client: &Client, path: &str) -> Result<Vec<Value>, Failure> {
    let mut notes = Vec::new();
    let mut after = String::new();
    loop {
        let request = client.request(reqwest::Method::GET, &format!("{path}/notes")).query(&[("after", &after)]);
        let page = client.value(request).await?;
        notes.extend(list(&page, "notes")?.iter().cloned());
        match page.get("next").and_then(Value::as_str) {
            Some(next) if next != after => next.clone_into(&mut after),
            _ => return Ok(notes),
        }
    }
}

fn print(report: &Report, terminal: Terminal) -> Result<(), Failure> {
    for note in &report.notes {
        let reason = note.get("reason").and_then(Value::as_str).map(|reason| format!(": {reason}")).unwrap_or_default();
        terminal.toned(Tone::Dim, format!("{}  {}{reason}", text_or(note, "outcome", ""), text_or(note, "key", "")))?;
    }
    for (outcome, words) in OUTCOMES {
        let count = seen(&report.import, outcome);
        if count > 0 {
            terminal.line(format!("{count} {words}"))?;
        }
    }
    terminal.line(format!("{} objects looked at; new ones are scanned and read from now on", looked_at(&report.import)))?;
    if let Some(error) = report.import.get("error").and_then(Value::as_str) {
        terminal.remark(format!("the import ended early: {error}; run it again to go on"));
    }
    Ok(())
}
