//! `satchel serve`.

use tokio_util::sync::CancellationToken;

use crate::app::arguments::ServeArgs;
use crate::app::failure::Failure;
use crate::app::house::{House, WhenTaken};
use crate::app::logging;
use crate::app::settings::{self, Preset};
use crate::app::terminal::Terminal;

/// Serves until it is stopped.
pub async fn serve(arguments: &ServeArgs, terminal: Terminal, stop: CancellationToken) -> Result<(), Failure> {
    let mut loaded = settings::load(&Preset::default(), &arguments.settings)?;
    if let Some(count) = arguments.workers {
        loaded.settings.workers.count = count;
    }
    if arguments.settings.print_settings {
        return Ok(terminal.line(loaded.settings.to_toml().trim_end())?);
    }
    logging::start(&loaded.settings.log)?;
    let mut house = House::open(&loaded, WhenTaken::Fail).await?;
    house.start_workers();
    house.start_following();
    house.start_sealing();
    house.start_probing();
    house.start_hearing();
    let served = house.serve(stop).await;
    house.close().await;
    Ok(served?)
}
