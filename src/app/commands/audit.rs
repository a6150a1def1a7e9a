//! `satchel audit`: through a server where one runs, else on the database or the data folder itself.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::app::arguments::{AuditArgs, AuditCommand, ServerArgs};
use crate::app::client::{As, Client, ClientError, data_folder, list};
use crate::app::failure::Failure;
use crate::app::folder::{Folder, MOVED};
use crate::app::settings::{CatalogPlace, Settings};
use crate::app::terminal::{Terminal, Tone};
use crate::catalog::{Catalog, ChainReport};
use crate::domain::{CustomerId, SystemClock, SystemEntropy};

/// Records that one request asks for.
const PAGE: u32 = 1000;

/// Checks or prints the audit trail.
pub async fn audit(command: &AuditCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify { of, json } => verify(of, *json, terminal).await,
        AuditCommand::Export { customer, after, of } => export(of, customer, *after, terminal).await,
    }
}

/// A whole answer, as the server gives it too.
#[derive(Serialize)]
struct Verified {
    intact: bool,
    chains: Vec<Value>,
}

async fn verify(of: &AuditArgs, json: bool, terminal: Terminal) -> Result<(), Failure> {
    let chains = match source(of).await? {
        Source::Served(client) => list(&client.get("/v1/audit/verify").await?, "chains")?.to_vec(),
        Source::Kept { catalog, .. } => {
            let checked = verify_all(&catalog).await;
            catalog.close().await;
            let json = |report| serde_json::to_value(report).map_err(|error| Failure::Output(error.into()));
            checked?.iter().map(json).collect::<Result<_, _>>()?
        }
    };
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

async fn verify_all(catalog: &Catalog) -> Result<Vec<ChainReport>, Failure> {
    let mut reports = Vec::new();
    for chain in catalog.audit_chains().await? {
        reports.push(catalog.verify_chain(&chain).await?);
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
        let records = chain.get("records").and_then(Value::as_u64).unwrap_or(0);
        let fault = chain.get("fault").filter(|fault| !fault.is_null());
        match fault {
            None => Self { mark: "whole ", tone: Tone::Good, text: format!("{name}  {records} records") },
            Some(fault) => {
                let number = |field: &str| fault.get(field).and_then(Value::as_u64).unwrap_or(0);
                let seq = number("seq");
                let what = match fault.get("fault").and_then(Value::as_str) {
                    Some("gap") => format!("record {seq} is missing or out of order"),
                    Some("altered") => format!("record {seq} was changed"),
                    Some("cut") => format!("it ends at record {seq}, and its head names {}", number("head")),
                    _ => fault.to_string(),
                };
                Self { mark: "broken", tone: Tone::Bad, text: format!("{name}  {records} good records, then: {what}") }
            }
        }
    }
}

async fn export(of: &AuditArgs, customer: &str, after: u64, terminal: Terminal) -> Result<(), Failure> {
    let Ok(id) = CustomerId::parse(customer) else {
        return Err(Failure::Usage(format!("`{customer}` is not the id of a customer (cust_...)")));
    };
    match source(of).await? {
        Source::Served(client) => export_served(&client, &of.server, id, after, terminal).await,
        Source::Kept { catalog, .. } => {
            let exported = export_kept(&catalog, id, after, terminal).await;
            catalog.close().await;
            exported
        }
    }
}

async fn export_served(client: &Client, server: &ServerArgs, id: CustomerId, after: u64, terminal: Terminal) -> Result<(), Failure> {
    // A customer's own key reads its own records, and may not name anybody.
    let is_own = server.key.as_deref().is_some_and(|key| key.starts_with("sk_"));
    let whose = if is_own { String::new() } else { format!("&customer={id}") };
    let mut after = Some(after);
    while let Some(seq) = after {
        let page = client.get(&format!("/v1/audit?after={seq}&limit={PAGE}{whose}")).await?;
        for record in list(&page, "records")? {
            terminal.json(record)?;
        }
        after = page.get("next").and_then(Value::as_u64);
    }
    Ok(())
}

async fn export_kept(catalog: &Catalog, id: CustomerId, after: u64, terminal: Terminal) -> Result<(), Failure> {
    let mut after = after;
    loop {
        let records = catalog.audit_page(id, after, PAGE).await?;
        let Some(last) = records.last() else { return Ok(()) };
        after = last.seq;
        for record in &records {
            terminal.json(record)?;
        }
    }
}

/// Where the trail is read.
enum Source {
    /// Where a server answers for it.
    Served(Client),
    /// Where it is kept. A folder is held meanwhile; a database is shared with whoever serves from it.
    Kept { catalog: Catalog, _folder: Option<Folder> },
}

async fn source(of: &AuditArgs) -> Result<Source, Failure> {
    let AuditArgs { server, database } = of;
    if let (Some(url), None) = (database, &server.url) {
        return Ok(Source::Kept { catalog: catalog_in(url).await?, _folder: None });
    }
    if let Some(client) = connected(server)? {
        return Ok(Source::Served(client));
    }
    let (catalog, folder) = catalog_of(server).await?;
    Ok(Source::Kept { catalog, _folder: Some(folder) })
}

/// The server to ask; `None` when the data folder may be opened instead: nobody holds it.
fn connected(server: &ServerArgs) -> Result<Option<Client>, Failure> {
    match Client::connect(server, As::Operator) {
        Ok(client) if server.url.is_some() || Folder::is_held(&data_folder(server)) => Ok(Some(client)),
        Ok(_) | Err(ClientError::NoServer { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn catalog_in(url: &str) -> Result<Catalog, Failure> {
    let CatalogPlace::Postgres(place) = Settings::on_server(url, None).catalog_place()? else {
        return Err(Failure::Usage("name the database with `--database`".to_owned()));
    };
    Ok(Box::pin(Catalog::connect(&place, Arc::new(SystemClock), Arc::new(SystemEntropy))).await?)
}

async fn catalog_of(server: &ServerArgs) -> Result<(Catalog, Folder), Failure> {
    let dir = data_folder(server);
    if !catalog_exists(&dir) {
        return Err(Failure::Usage(format!(
            "there is no catalog in `{}`; name a data folder with `--data`, or a database with `--database`",
            dir.display()
        )));
    }
    if dir.join(MOVED).exists() {
        let sentence = format!("the catalog of `{}` has moved to a database; name it with `--database`", dir.display());
        return Err(Failure::Usage(sentence));
    }
    let folder = Folder::take(&dir)?;
    let catalog = Catalog::open(&folder.join("catalog"), Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    Ok((catalog, folder))
}

fn catalog_exists(dir: &Path) -> bool {
    dir.join("catalog").join("catalog.db").exists()
}
