//! `satchel migrate`: the catalog of a data folder, moved to a server.

use std::sync::Arc;

use serde::Serialize;

use crate::app::arguments::MigrateArgs;
use crate::app::failure::Failure;
use crate::app::folder::{Folder, MOVED};
use crate::app::settings::{CatalogPlace, Settings};
use crate::app::terminal::{Terminal, Tone};
use crate::catalog::{Catalog, Comparison};
use crate::domain::{Clock as _, SystemClock, SystemEntropy, Timestamp};

/// A whole answer.
#[derive(Serialize)]
struct Migrated<'a> {
    same: bool,
    moved: bool,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// What stays behind, so that no server goes on with what was.
#[derive(Serialize)]
struct Moved {
    at: Timestamp,
}

/// Moves or compares, and says what differs.
pub async fn migrate(arguments: &MigrateArgs, terminal: Terminal) -> Result<(), Failure> {
    let dir = &arguments.from;
    if !dir.join("catalog").join("catalog.db").exists() {
        return Err(Failure::Usage(format!("there is no catalog in `{}`; name a data folder with `--from`", dir.display())));
    }
    let CatalogPlace::Postgres(place) = Settings::on_server(&arguments.to, arguments.owner.as_deref()).catalog_place()? else {
        return Err(Failure::Usage("name the database with `--to`".to_owned()));
    };
    // Held to the end: a server that wrote to it meanwhile would leave that behind.
    let folder = Folder::take(dir)?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let target = Catalog::connect(&place, clock.clone(), entropy.clone()).await?;
    let source = Catalog::open(&folder.join("catalog"), clock, entropy).await?;
    let compared = if arguments.check { source.compare_with(&target).await } else { source.move_to(&target).await };
    source.close().await;
    target.close().await;
    let comparison = compared?;
    let same = comparison.is_same();
    if same && !arguments.check {
        folder.write_private(MOVED, &Moved { at: SystemClock.now() })?;
    }
    if arguments.json {
        terminal.json(&Migrated { same, moved: same && !arguments.check, comparison: &comparison })?;
    } else {
        tell(&comparison, terminal)?;
        if same && !arguments.check {
            terminal
                .line("Everything is there, and nothing differs. Start every server with this database from now on (`catalog.url`, or")?;
            terminal
                .line("`--database`), the first with this data folder; what is stored stays where it is. The old catalog is kept and")?;
            terminal.line(format!("no longer written: `{}`.", dir.join("catalog").join("catalog.db").display()))?;
        }
    }
    if same { Ok(()) } else { Err(Failure::Reported) }
}

fn tell(comparison: &Comparison, terminal: Terminal) -> Result<(), Failure> {
    for table in &comparison.tables {
        let (tone, mark, what) = match &table.differs_at {
            None => (Tone::Good, "same   ", format!("{} rows", table.rows)),
            Some(key) => (Tone::Bad, "differs", format!("{} rows are the same; then `{key}` is not", table.rows)),
        };
        terminal.line(format!("{}  {:<14} {what}", terminal.paint(tone, mark), table.table))?;
    }
    for chain in &comparison.chains {
        let (tone, mark) = if chain.fault.is_none() { (Tone::Good, "whole  ") } else { (Tone::Bad, "broken ") };
        terminal.line(format!("{}  {}  {} records", terminal.paint(tone, mark), chain.chain, chain.records))?;
    }
    Ok(())
}
