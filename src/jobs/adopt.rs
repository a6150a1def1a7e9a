//! Runs that adopt objects where they lie, page by page, one run at a time in this process.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use crate::domain::ErrorCode;
use crate::files::{Files, FilesError, ImportRecord};

/// The longest that a page takes: a hundred of the largest objects take less.
const LONGEST: Duration = Duration::from_hours(24);
/// How long a run waits while a part that it needs does not answer.
const OUTAGE_SECONDS: i64 = 15;
/// How long a run of another process may wait unseen.
const IDLE: Duration = Duration::from_secs(2);

/// Works on open runs until cancelled; a page under way is left, and looked at again.
pub(super) async fn adopt(files: Files, lease: Lease, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        match files.lease_import(lease.seconds()).await {
            Ok(Some(import)) => {
                if run(&files, import, lease, &cancel).await.is_some() {
                    continue;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(code = %error.code(), error = %error, "no import could be leased; trying again"),
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = files.arrived() => {}
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

/// Works on a run to its end, or puts it back; `None` where nobody should go on at once.
async fn run(files: &Files, leased: ImportRecord, lease: Lease, cancel: &CancellationToken) -> Option<()> {
    let mut import = leased;
    loop {
        let page = tokio::select! {
            () = cancel.cancelled() => return put_back(files, &import, 0, None).await,
            page = in_hand(files, &import, lease) => page,
        };
        match page {
            Ok(Some(next)) => import = next,
            Ok(None) => return Some(()),
            Err(error) if matches!(error.code(), ErrorCode::Unavailable | ErrorCode::Timeout) => {
                tracing::warn!(import.id = %import.id, code = %error.code(), error = %error, "an import waits for a part that it needs");
                return put_back(files, &import, OUTAGE_SECONDS, Some(&error.to_string())).await;
            }
            // Another worker has it.
            Err(error) if error.code() == ErrorCode::Conflict => return Some(()),
            Err(error) => {
                let reason = told(&error);
                tracing::warn!(import.id = %import.id, error = %reason, "an import was given up");
                if let Err(error) = files.give_up_import(&import, &reason).await {
                    tracing::warn!(import.id = %import.id, error = %error, "an import stays leased until its lease ends");
                }
                return None;
            }
        }
    }
}

/// What a report says of an error that ended a run.
fn told(error: &FilesError) -> String {
    match error {
        FilesError::Blob(source) => source.to_string(),
        other => other.to_string(),
    }
}

async fn put_back(files: &Files, import: &ImportRecord, seconds: i64, error: Option<&str>) -> Option<()> {
    if let Err(error) = files.put_back_import(import, seconds, error).await {
        tracing::warn!(import.id = %import.id, error = %error, "an import stays leased until its lease ends");
    }
    None
}

/// Looks at a page, and keeps the run from other workers meanwhile.
async fn in_hand(files: &Files, import: &ImportRecord, lease: Lease) -> Result<Option<ImportRecord>, FilesError> {
    let renew = || files.renew_import(import, lease.seconds());
    let page = lease.held(import.id, LONGEST, Box::pin(files.import_page(import)), renew).await?;
    let page = page.unwrap_or(Err(FilesError::Conflict("a page of an import took longer than any page should")));
    // The next page begins with a whole lease.
    if matches!(page, Ok(Some(_))) {
        renew().await?;
    }
    page
}
