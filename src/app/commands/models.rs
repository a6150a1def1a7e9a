//! `satchel models`: bringing models to this machine.

use crate::app::arguments::{ModelName, ModelsCommand};
use crate::app::failure::Failure;
use crate::app::settings::ModelSettings;
use crate::app::terminal::Terminal;
use crate::models;

/// Brings a model here.
pub fn models(command: &ModelsCommand, terminal: Terminal) -> Result<(), Failure> {
    let ModelsCommand::Get(arguments) = command;
    let ModelName::Speech = arguments.model;
    let folder = arguments.into.clone().unwrap_or_else(|| ModelSettings::default().speech_folder(&arguments.data));
    let fetched = models::fetch(&folder, &arguments.from)?;
    for file in &fetched.files {
        terminal.line(format!("{}", file.display()))?;
    }
    terminal.remark(format!(
        "{} MB, every byte as it was tried; a server that starts now writes down what is said in recordings",
        fetched.bytes / 1_000_000
    ));
    Ok(())
}
