//! Runs that adopt objects where they lie, page by page, one run at a time in this process.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::ErrorCode;
use crate::files::{Files, FilesError, ImportRecord};

/// How long a run may be away before another worker takes it.
const LEASE_SECONDS: i64 = 180;
/// How often a worker that is still at a page renews its lease; two renewals may fail before it ends.
const RENEW_EVERY: Duration = Duration::from_mins(1);
/// Renewals of one page: a hundred of the largest objects take less.
const MAX_RENEWALS: u32 = 24 * 60;
/// How long a run waits while a part that it needs does not answer.
const OUTAGE_SECONDS: i64 = 15;
/// How long a run of another process may wait unseen.
const IDLE: Duration = Duration::from_secs(2);

/// Works on open runs until cancelled; a page under way is left, and looked at again.
pub(super) async fn adopt(files: Files, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        match files.lease_import(LEASE_SECONDS).await {
            Ok(Some(import)) => {
                if run(&files, import, &cancel).await.is_some() {
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
async fn run(files: &Files, leased: ImportRecord, cancel: &CancellationToken) -> Option<()> {
    let mut import = leased;
    loop {
        let page = tokio::select! {
            () = cancel.cancelled() => return put_back(files, &import, 0, None).await,
            page = in_hand(files, &import) => page,
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
async fn in_hand(files: &Files, import: &ImportRecord) -> Result<Option<ImportRecord>, FilesError> {
    let mut work = std::pin::pin!(files.import_page(import));
    for _ in 0..MAX_RENEWALS {
        match tokio::time::timeout(RENEW_EVERY, &mut work).await {
            Ok(page) => {
                // The next page begins with a whole lease.
                if matches!(page, Ok(Some(_))) {
                    files.renew_import(import, LEASE_SECONDS).await?;
                }
                return page;
            }
            Err(_) => match files.renew_import(import, LEASE_SECONDS).await {
                Ok(()) => {}
                Err(error) if error.code() == ErrorCode::Unavailable => {
                    tracing::warn!(import.id = %import.id, error = %error, "a lease could not be renewed; trying again before it ends");
                }
                Err(error) => return Err(error),
            },
        }
    }
    Err(FilesError::Conflict("a page of an import took longer than any page should"))
}
