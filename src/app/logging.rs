//! The log: to standard error, as text or as JSON lines.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use super::settings::{LogFormat, LogSettings, SettingsError};

/// Starts the log of this process; a second start changes nothing.
pub fn start(settings: &LogSettings) -> Result<(), SettingsError> {
    // The protocol of the embedded store logs each refusal as an error, an honest 501 or a stranger's
    // request as well, and whole answers with it; what the store itself could not do is logged by the store.
    let filter = EnvFilter::try_new(format!("s3s=off,{}", settings.level))
        .map_err(|error| SettingsError::Value { key: "log.level".to_owned(), reason: error.to_string() })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match settings.format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // Another subscriber is there already: in tests only.
    let _ = started;
    Ok(())
}
