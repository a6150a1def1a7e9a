//! `satchel worker`: not yet.

use crate::app::arguments::ServeArgs;
use crate::app::failure::Failure;
use crate::app::settings::{self, Preset};
use crate::app::terminal::Terminal;

/// Says what is missing: several processes need a catalog that is reached over the network.
pub fn worker(arguments: &ServeArgs, terminal: Terminal) -> Result<(), Failure> {
    let loaded = settings::load(&Preset::default(), &arguments.settings)?;
    if arguments.settings.print_settings {
        return Ok(terminal.line(loaded.settings.to_toml().trim_end())?);
    }
    Err(Failure::Usage(
        "workers alone need a catalog reached over the network, which is not there yet; `satchel serve` runs its own workers".to_owned(),
    ))
}
