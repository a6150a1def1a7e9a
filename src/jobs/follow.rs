//! Keeps this process's index in step with the catalog.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::files::Files;

/// How long a change made by another process may go unseen.
const AT_MOST: Duration = Duration::from_millis(500);
/// How long to wait after a fault.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// Follows the change feed of all customers until cancelled.
pub async fn follow(files: Files, cancel: CancellationToken) {
    loop {
        let wait = match files.follow_all().await {
            Ok(_) => AT_MOST,
            Err(error) => {
                tracing::warn!(code = %error.code(), error = %error, "the index lags behind; trying again");
                AFTER_FAULT
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = files.changed(wait) => {}
        }
    }
}
