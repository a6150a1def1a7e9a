//! `satchel audit export`, `search` and `checkpoints`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::source::{Source, source};
use crate::app::arguments::{AuditArgs, ExportFormat, ServerArgs, TrailArgs};
use crate::app::client::{Client, list};
use crate::app::failure::Failure;
use crate::app::terminal::Terminal;
use crate::catalog::{AuditRecord, Catalog, ExportedCheckpoint};
use crate::domain::{CustomerId, Timestamp};
pub use crate::files::AuditFilter as Filter;

/// What one request asks for.
const PAGE: u32 = 1000;

/// Prints the records that match.
pub async fn records(of: &AuditArgs, what: &TrailArgs, filter: &Filter, format: ExportFormat, terminal: Terminal) -> Result<(), Failure> {
    let mut printer = Printer::new(format, terminal)?;
    each(of, what, filter, |record| printer.print(&record)).await
}

/// Gives every record that matches, in their order.
pub async fn each(
    of: &AuditArgs,
    what: &TrailArgs,
    filter: &Filter,
    mut take: impl FnMut(AuditRecord) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let customer = customer(what)?;
    match source(of).await? {
        Source::Served(client) => {
            let query = query(filter);
            served(&client, &of.server, "/v1/audit", customer, what.after, &query, |page| {
                list(page, "records")?.iter().try_for_each(|record| take(read(record)?))
            })
            .await
        }
        Source::Kept { catalog, folder: _folder } => {
            let outcome = kept(&catalog, customer, what.after, filter, &mut take).await;
            catalog.close().await;
            outcome
        }
    }
}

/// Prints the signed notes.
pub async fn checkpoints(of: &AuditArgs, what: &TrailArgs, terminal: Terminal) -> Result<(), Failure> {
    let customer = customer(what)?;
    match source(of).await? {
        Source::Served(client) => {
            served(&client, &of.server, "/v1/audit/checkpoints", customer, what.after, "", |page| {
                list(page, "checkpoints")?.iter().try_for_each(|told| Ok(terminal.json(&read::<ExportedCheckpoint>(told)?)?))
            })
            .await
        }
        Source::Kept { catalog, folder: _folder } => {
            let outcome = kept_checkpoints(&catalog, customer, what.after, terminal).await;
            catalog.close().await;
            outcome
        }
    }
}

fn customer(what: &TrailArgs) -> Result<CustomerId, Failure> {
    CustomerId::parse(&what.customer).map_err(|_| Failure::Usage(format!("`{}` is not the id of a customer (cust_...)", what.customer)))
}

/// As it was hashed: fields in their order, whatever order the answer had.
fn read<T: serde::de::DeserializeOwned>(told: &Value) -> Result<T, Failure> {
    serde_json::from_value(told.clone()).map_err(|error| Failure::Output(error.into()))
}

fn query(filter: &Filter) -> String {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let Filter { actor, action, object, call, outcome, since, until } = filter.clone();
    let wanted = [
        ("actor", actor),
        ("action", action),
        ("object", object),
        ("call", call),
        ("outcome", outcome),
        ("since", time(since)),
        ("until", time(until)),
    ];
    let pairs = wanted.into_iter().filter_map(|(name, value)| Some(format!("&{name}={}", utf8_percent_encode(&value?, NON_ALPHANUMERIC))));
    pairs.collect()
}

/// Every page of an answer.
async fn served(
    client: &Client,
    server: &ServerArgs,
    path: &str,
    customer: CustomerId,
    after: u64,
    query: &str,
    mut take: impl FnMut(&Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // A customer's own key reads its own trail, and may not name anybody.
    let is_own = server.key.as_deref().is_some_and(|key| key.starts_with("sk_"));
    let whose = if is_own { String::new() } else { format!("&customer={customer}") };
    let mut after = Some(after);
    while let Some(place) = after {
        let page = client.get(&format!("{path}?after={place}&limit={PAGE}{whose}{query}")).await?;
        take(&page)?;
        after = page.get("next").and_then(Value::as_u64);
    }
    Ok(())
}

async fn kept(
    catalog: &Catalog,
    customer: CustomerId,
    after: u64,
    filter: &Filter,
    take: &mut impl FnMut(AuditRecord) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after = after;
    loop {
        let records = catalog.audit_page(customer, after, PAGE).await?;
        let Some(last) = records.last() else { return Ok(()) };
        after = last.seq;
        for record in records.into_iter().filter(|record| filter.takes(record)) {
            take(record)?;
        }
    }
}

async fn kept_checkpoints(catalog: &Catalog, customer: CustomerId, after: u64, terminal: Terminal) -> Result<(), Failure> {
    let mut after = after;
    loop {
        let notes = catalog.checkpoint_notes(&customer.to_string(), after, PAGE).await?;
        let Some((last, _)) = notes.last() else { return Ok(()) };
        after = *last;
        for (size, note) in notes {
            terminal.json(&ExportedCheckpoint { size, note })?;
        }
    }
}

/// Prints records in a form.
struct Printer {
    format: ExportFormat,
    terminal: Terminal,
}

impl Printer {
    fn new(format: ExportFormat, terminal: Terminal) -> Result<Self, Failure> {
        if format == ExportFormat::Csv {
            terminal.line(line(HEAD)?)?;
        }
        Ok(Self { format, terminal })
    }

    fn print(&mut self, record: &AuditRecord) -> Result<(), Failure> {
        match self.format {
            ExportFormat::Jsonl => self.terminal.json(record)?,
            ExportFormat::Csv => self.terminal.line(line(cells(record))?)?,
        }
        Ok(())
    }
}

/// The columns, in the order of a record's fields.
const HEAD: [&str; 23] = [
    "id",
    "chain",
    "seq",
    "at",
    "actor_kind",
    "actor",
    "on_behalf_of",
    "assurance",
    "call",
    "door",
    "source",
    "request_id",
    "purpose",
    "action",
    "object",
    "version",
    "content_hash",
    "bytes",
    "decision",
    "policy",
    "outcome",
    "reason",
    "previous",
];

fn cells(record: &AuditRecord) -> [String; 23] {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let number = |field: Option<u64>| field.map(|number| number.to_string()).unwrap_or_default();
    let cells = [
        record.id.clone(),
        record.chain.clone(),
        record.seq.to_string(),
        record.at.to_string(),
        record.actor_kind.clone(),
        record.actor.clone(),
        text(&record.on_behalf_of),
        text(&record.assurance),
        text(&record.call),
        record.door.clone(),
        text(&record.source),
        text(&record.request_id),
        text(&record.purpose),
        record.action.clone(),
        text(&record.object),
        number(record.version.map(u64::from)),
        text(&record.content_hash),
        number(record.bytes),
        record.decision.clone(),
        text(&record.policy),
        record.outcome.clone(),
        text(&record.reason),
        record.previous.clone(),
    ];
    // What a table program would run as a formula is text.
    cells.map(|cell| if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell })
}

/// A line of a table, without its end.
fn line(cells: [impl AsRef<[u8]>; 23]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| Failure::Output(error.into()))?;
    let bytes = writer.into_inner().map_err(|error| Failure::Output(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_table_is_read_back_as_its_record_and_runs_no_formula() {
        let record = AuditRecord {
            id: "aud_1".to_owned(),
            chain: "cust_1".to_owned(),
            seq: 7,
            at: "2026-11-24T09:30:00Z".parse().unwrap(),
            actor_kind: "user".to_owned(),
            actor: "user_1".to_owned(),
            on_behalf_of: None,
            assurance: Some("pin/2".to_owned()),
            call: Some("=1+1".to_owned()),
            door: "http".to_owned(),
            source: None,
            request_id: None,
            purpose: None,
            action: "share".to_owned(),
            object: Some("a, b".to_owned()),
            version: Some(3),
            content_hash: None,
            bytes: Some(40),
            decision: "allow".to_owned(),
            policy: Some("say \"yes\"".to_owned()),
            outcome: "done".to_owned(),
            reason: Some("two\nlines".to_owned()),
            previous: "0".repeat(64),
        };
        let table = format!("{}\n{}\n", line(HEAD).unwrap(), line(cells(&record)).unwrap());
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        assert_eq!(reader.headers().unwrap(), HEAD.as_slice());
        let read = reader.records().next().unwrap().unwrap();
        let of = |name: &str| read.get(HEAD.iter().position(|column| *column == name).unwrap()).unwrap().to_owned();
        assert_eq!(
            (of("seq"), of("call"), of("object"), of("bytes")),
            ("7".to_owned(), "'=1+1".to_owned(), "a, b".to_owned(), "40".to_owned())
        );
        assert_eq!((of("policy"), of("reason"), of("version")), ("say \"yes\"".to_owned(), "two\nlines".to_owned(), "3".to_owned()));
    }
}
