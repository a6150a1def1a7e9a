//! Finds out what the store does by itself.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::files::{Depth, Files};

/// How long to wait before a store that did not answer is asked again.
const AGAIN: Duration = Duration::from_secs(30);

/// Probes the stores until that has succeeded once, or until cancelled. Nothing waits for it: a server
/// may start before its store.
pub async fn probe(files: Files, cancel: CancellationToken) {
    loop {
        let outcome = tokio::select! {
            () = cancel.cancelled() => return,
            outcome = files.probe_store(Depth::InPlace) => outcome,
        };
        match outcome {
            Ok(found) => {
                for (region, one) in found.iter().flat_map(|(region, found)| found.iter().map(move |one| (region, one))) {
                    tracing::debug!(%region, feature = one.name.as_str(), support = one.support.as_str(), "the store was probed");
                }
                return;
            }
            Err(error) => tracing::warn!(code = %error.code(), error = %error, "the store could not be probed; trying again"),
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}
