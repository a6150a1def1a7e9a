//! `satchel audit verify` and `key`.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::source::{Source, source, verifier_of};
use crate::app::arguments::{AuditArgs, ServerArgs};
use crate::app::client::{As, Client, list, text};
use crate::app::failure::Failure;
use crate::app::terminal::{Terminal, Tone};
use crate::catalog::{Catalog, ChainReport, CheckpointVerifier, Checkpoints, verify_export};

/// A whole answer, as the server gives it too.
#[derive(Serialize)]
struct Verified {
    intact: bool,
    chains: Vec<Value>,
}

/// Checks every chain there is.
pub async fn verify(of: &AuditArgs, verifier: Option<&str>, json: bool, terminal: Terminal) -> Result<(), Failure> {
    let chains = match source(of).await? {
        Source::Served(client) => list(&client.get("/v1/audit/verify").await?, "chains")?.to_vec(),
        Source::Kept { catalog, folder } => {
            let verifier = match verifier {
                Some(told) => Some(parsed(told)?),
                None => verifier_of(&catalog, folder.as_ref()).await?,
            };
            if verifier.is_none() {
                terminal.remark("checkpoints are not checked: say with `--verifier` what `satchel audit key` printed");
            }
            let checked = verify_all(&catalog, verifier.as_ref()).await;
            catalog.close().await;
            checked?.iter().map(as_json).collect::<Result<_, _>>()?
        }
    };
    tell(chains, json, terminal)
}

/// Checks what was exported.
pub fn verify_files(records: &Path, checkpoints: &Path, verifier: &str, json: bool, terminal: Terminal) -> Result<(), Failure> {
    let open = |path: &Path| {
        File::open(path).map(BufReader::new).map_err(|error| Failure::Usage(format!("`{}` cannot be read: {error}", path.display())))
    };
    let report = verify_export(open(records)?, open(checkpoints)?, &parsed(verifier)?).map_err(Failure::Output)?;
    tell(vec![as_json(&report)?], json, terminal)
}

/// Prints what checks the signatures.
pub async fn key(server: &ServerArgs, terminal: Terminal) -> Result<(), Failure> {
    let told = Client::connect(server, As::Operator)?.get("/v1/audit/key").await?;
    Ok(terminal.line(text(&told, "verifier")?)?)
}

fn parsed(verifier: &str) -> Result<CheckpointVerifier, Failure> {
    let told = "that is no key of checkpoints; `satchel audit key` prints it: name+id+key";
    CheckpointVerifier::parse(verifier).ok_or_else(|| Failure::Usage(told.to_owned()))
}

fn as_json(report: &ChainReport) -> Result<Value, Failure> {
    serde_json::to_value(report).map_err(|error| Failure::Output(error.into()))
}

fn tell(chains: Vec<Value>, json: bool, terminal: Terminal) -> Result<(), Failure> {
    let verified = Verified { intact: chains.iter().all(|chain| chain.get("fault").is_none_or(Value::is_null)), chains };
    if json {
        terminal.json(&verified)?;
    } else {
        for chain in &verified.chains {
            let report: ChainLine = ChainLine::of(chain);
            terminal.line(format!("{} {}", terminal.paint(report.tone, report.mark), report.text))?;
        }
    }
    if verified.intact { Ok(()) } else { Err(Failure::Reported) }
}

async fn verify_all(catalog: &Catalog, verifier: Option<&CheckpointVerifier>) -> Result<Vec<ChainReport>, Failure> {
    let mut reports = Vec::new();
    for chain in catalog.audit_chains().await? {
        reports.push(match verifier {
            Some(verifier) => catalog.verify_sealed(&chain, verifier, Checkpoints::default()).await?,
            None => catalog.verify_chain(&chain).await?,
        });
    }
    Ok(reports)
}

/// A chain's report as it is printed.
struct ChainLine {
    mark: &'static str,
    tone: Tone,
    text: String,
}

impl ChainLine {
    fn of(chain: &Value) -> Self {
        let name = chain.get("chain").and_then(Value::as_str).unwrap_or("?");
        let count = |field: &str| chain.get(field).and_then(Value::as_u64).unwrap_or(0);
        let (records, sealed) = (count("records"), count("sealed"));
        let fault = chain.get("fault").filter(|fault| !fault.is_null());
        match fault {
            None => Self { mark: "whole ", tone: Tone::Good, text: format!("{name}  {records} records, {sealed} of them signed for") },
            Some(fault) => {
                let number = |field: &str| fault.get(field).and_then(Value::as_u64).unwrap_or(0);
                let seq = number("seq");
                let what = match fault.get("fault").and_then(Value::as_str) {
                    Some("gap") => format!("record {seq} is missing or out of order"),
                    Some("altered") => format!("record {seq} was changed"),
                    Some("cut") => format!("it ends at record {seq}, and its head names {}", number("head")),
                    Some("forked") => format!("its first {} records are not those that were signed for", number("size")),
                    Some("rolled_back") => format!("it ends at record {seq}, and {} were signed for", number("size")),
                    Some("forged") => format!("the checkpoint for {} records was not signed here", number("size")),
                    _ => fault.to_string(),
                };
                Self { mark: "broken", tone: Tone::Bad, text: format!("{name}  {records} good records, then: {what}") }
            }
        }
    }
}
