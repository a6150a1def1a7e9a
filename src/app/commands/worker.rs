//! `satchel worker`: workers without a server.

use std::net::{Ipv4Addr, SocketAddr};

use tokio_util::sync::CancellationToken;

use crate::app::arguments::ServeArgs;
use crate::app::failure::Failure;
use crate::app::house::{House, WhenTaken};
use crate::app::logging;
use crate::app::settings::{self, Bytes, CatalogPlace, Preset};
use crate::app::terminal::Terminal;

/// Works until it is stopped.
pub async fn worker(arguments: &ServeArgs, terminal: Terminal, stop: CancellationToken) -> Result<(), Failure> {
    let mut loaded = settings::load(&Preset::default(), &arguments.settings)?;
    if let Some(count) = arguments.workers {
        loaded.settings.workers.count = count;
    }
    if arguments.settings.print_settings {
        return Ok(terminal.line(loaded.settings.to_toml().trim_end())?);
    }
    let is_shared = matches!(loaded.settings.catalog_place()?, CatalogPlace::Postgres(_));
    if !is_shared || matches!(loaded.settings.bytes_place()?, Bytes::Embedded) {
        let sentence = "workers alone need a catalog and a store that are reached over the network: set `catalog.url` and `store.*`; \
                        `satchel serve` runs its own workers";
        return Err(Failure::Usage(sentence.to_owned()));
    }
    logging::start(&loaded.settings.log)?;
    // Nobody knocks at a worker.
    loaded.settings.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut house = House::open(&loaded, WhenTaken::Fail).await?;
    house.shut_doors();
    house.start_workers();
    tracing::info!(workers = loaded.settings.workers.count, "satchel works");
    stop.cancelled().await;
    house.close().await;
    Ok(())
}
