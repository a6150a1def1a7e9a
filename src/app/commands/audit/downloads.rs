//! `satchel audit downloads`: what was given out, held against what left the store.

use std::collections::HashMap;

use serde::Serialize;

use super::export::{Filter, each};
use crate::app::arguments::{AuditArgs, TrailArgs};
use crate::app::failure::Failure;
use crate::app::terminal::Terminal;
use crate::catalog::AuditRecord;
use crate::domain::Timestamp;

/// What is done when an address is given out, and when the store tells of it.
const GIVEN: [&str; 2] = ["download", "open_link"];
const FETCHED: &str = "fetch";

/// An address that was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Given {
    seq: u64,
    at: Timestamp,
    actor: String,
    object: Option<String>,
    version: Option<u32>,
    /// What it was given out for.
    bytes: u64,
    /// What the store says to have left through it; `null` when it says nothing.
    fetched_bytes: Option<u64>,
}

/// Every address, in its order, with what became of it.
#[derive(Debug, Default)]
struct Ledger {
    given: Vec<Given>,
    by_request: HashMap<String, usize>,
}

impl Ledger {
    fn take(&mut self, record: AuditRecord) {
        let Some(request) = record.request_id else { return };
        if record.action == FETCHED {
            if let Some(given) = self.by_request.get(&request).and_then(|at| self.given.get_mut(*at)) {
                given.fetched_bytes = Some(given.fetched_bytes.unwrap_or(0).saturating_add(record.bytes.unwrap_or(0)));
            }
        } else if GIVEN.contains(&record.action.as_str())
            && record.outcome == "done"
            && let Some(bytes) = record.bytes
        {
            let AuditRecord { seq, at, actor, object, version, .. } = record;
            self.by_request.insert(request, self.given.len());
            self.given.push(Given { seq, at, actor, object, version, bytes, fetched_bytes: None });
        }
    }

    /// Those through which fewer bytes left than they were given out for.
    fn open(&self) -> Vec<&Given> {
        self.given.iter().filter(|given| given.fetched_bytes.unwrap_or(0) < given.bytes).collect()
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    given: usize,
    fetched: usize,
    unmatched: Vec<&'a Given>,
}

/// Lists what was given out and did not leave the store whole.
pub async fn downloads(of: &AuditArgs, what: &TrailArgs, json: bool, terminal: Terminal) -> Result<(), Failure> {
    let mut ledger = Ledger::default();
    each(of, what, &Filter::default(), |record| {
        ledger.take(record);
        Ok(())
    })
    .await?;
    let unmatched = ledger.open();
    let (given, fetched) = (ledger.given.len(), ledger.given.len() - unmatched.len());
    if json {
        return Ok(terminal.json(&Told { given, fetched, unmatched })?);
    }
    for one in unmatched {
        let left = one.fetched_bytes.map_or_else(|| "nothing is known to have left".to_owned(), |bytes| format!("{bytes} left"));
        let object = one.object.as_deref().unwrap_or("-");
        terminal.line(format!("{}  {}  {}  {object}  {} bytes, {left}", one.seq, one.at, one.actor, one.bytes))?;
    }
    terminal.remark(format!("{fetched} of {given} addresses that were given out were fetched whole"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u64, action: &str, request: Option<&str>, bytes: Option<u64>) -> AuditRecord {
        let text = format!(
            r#"{{"id":"audit_1","chain":"cust_1","seq":{seq},"at":"2026-03-01T09:00:00Z","actor_kind":"key","actor":"key_1","on_behalf_of":null,"call":null,"door":"http","source":null,"action":"{action}","object":"file_1","version":1,"content_hash":null,"decision":"allow","policy":null,"outcome":"done","reason":null,"previous":"00"}}"#
        );
        AuditRecord { request_id: request.map(str::to_owned), bytes, ..serde_json::from_str(&text).unwrap() }
    }

    #[test]
    fn what_left_the_store_is_held_against_what_was_given_out() {
        let mut ledger = Ledger::default();
        for one in [
            record(1, "download", Some("req_1"), Some(10)),
            record(2, "open_link", Some("req_2"), Some(10)),
            record(3, "fetch", Some("req_1"), Some(10)),
            record(4, "download", Some("req_3"), Some(10)),
            // In two pieces, the second of which never came.
            record(5, "fetch", Some("req_3"), Some(4)),
            // Nobody gave that one out.
            record(6, "fetch", Some("req_9"), Some(4)),
            record(7, "describe", Some("req_4"), None),
            record(8, "download", Some("req_5"), Some(0)),
        ] {
            ledger.take(one);
        }
        let open: Vec<(u64, Option<u64>)> = ledger.open().iter().map(|given| (given.seq, given.fetched_bytes)).collect();
        assert_eq!((ledger.given.len(), open), (4, vec![(2, None), (4, Some(4))]));
        ledger.take(record(9, "fetch", Some("req_3"), Some(6)));
        assert_eq!(ledger.open().len(), 1);
    }
}
