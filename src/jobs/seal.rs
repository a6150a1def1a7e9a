//! Signs checkpoints of the audit trail, and says loudly when a trail is not what was written.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::files::Files;

/// Signs every so often until cancelled, and once more then: a server that was stopped leaves
/// nothing unsigned.
pub async fn seal(files: Files, every: Duration, cancel: CancellationToken) {
    loop {
        let is_last = tokio::select! {
            () = cancel.cancelled() => true,
            () = tokio::time::sleep(every) => false,
        };
        match files.seal_chains().await {
            Ok(sealed) => {
                for (chain, fault) in &sealed.broken {
                    tracing::error!(audit.chain = %chain, audit.fault = ?fault, "a chain of the audit trail is not what was written; nothing is signed for it");
                }
                if sealed.signed > 0 {
                    tracing::debug!(audit.signed = sealed.signed, audit.anchored = sealed.anchored, "checkpoints were signed");
                }
            }
            Err(error) => tracing::warn!(code = %error.code(), error = %error, "checkpoints of the audit trail lag behind; trying again"),
        }
        if is_last {
            return;
        }
    }
}
