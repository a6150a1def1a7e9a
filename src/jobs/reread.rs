//! Looks again through files that lie there, after their customer's rules changed. The least urgent work there is: by stored text, one
//! file at a time, so many a minute, and no more than one while uploads wait for a worker.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use tokio_util::sync::CancellationToken;

use crate::domain::ErrorCode;
use crate::files::{Files, FilesError, RereadTurn, SeenAgain, ToReadBy, ToReread};
use crate::inspect::{Inspector, KnownOfFile, LookedFor};

/// How often it is gone on with while something is under way.
const EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether another process was asked for something.
const IDLE: Duration = Duration::from_mins(1);
/// Rounds in a minute.
const ROUNDS: u16 = 12;

/// Looks at up to `per_minute` files again each minute, until cancelled; 0 for none.
pub async fn reread(files: Files, inspector: Arc<Inspector>, per_minute: u16, cancel: CancellationToken) {
    if per_minute == 0 {
        return;
    }
    let limit = usize::from(per_minute.div_ceil(ROUNDS));
    loop {
        let asked = files.reread_asked();
        let round = async {
            let is_under_way = reread_round(&files, &inspector, limit).await.unwrap_or_else(|error| {
                tracing::warn!(code = %error.code(), error = %error, "files could not be looked at again; trying again");
                true
            });
            tokio::select! {
                () = tokio::time::sleep(if is_under_way { EVERY } else { IDLE }) => {}
                () = asked => {}
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = round => {}
        }
    }
}

/// One round of up to `limit` files; whether there may be more.
///
/// # Errors
/// When catalog or store do not answer.
pub async fn reread_round(files: &Files, inspector: &Inspector, limit: usize) -> Result<bool, FilesError> {
    // In another's hands, or not due.
    let Some(turn) = files.take_reread_turn().await? else { return Ok(false) };
    let done = in_turn(files, inspector, limit, &turn).await;
    // What failed may go another time.
    files.end_reread_turn(&turn, done.as_ref().is_ok_and(|more| *more) || done.is_err()).await?;
    done
}

async fn in_turn(files: &Files, inspector: &Inspector, limit: usize, turn: &RereadTurn) -> Result<bool, FilesError> {
    let (found, more) = files.to_reread(limit).await?;
    for (at, one) in found.iter().enumerate() {
        if at > 0 && inspector.is_busy() {
            break;
        }
        look_again(files, inspector, one).await?;
        files.keep_reread_turn(turn).await?;
    }
    Ok(more)
}

/// Looks at one file. What lies outside the file leaves it to another round.
async fn look_again(files: &Files, inspector: &Inspector, of: &ToReread) -> Result<(), FilesError> {
    let text = match files.text_again(of).await {
        Ok(Some(text)) => text,
        Ok(None) => return settled(files.looked_again(of, None).await),
        Err(error) if error.code() == ErrorCode::Unavailable => return Err(error),
        Err(error) => {
            tracing::warn!(file.id = %of.file.id, error = %error, "the text of a file could not be looked at again");
            return settled(files.not_looked_again(of).await);
        }
    };
    let ToReadBy { rules, topics } = files.to_read_by(of.file.customer).await?;
    let known = KnownOfFile {
        author: of.file.author.clone().unwrap_or_default(),
        kind: of.file.category,
        pages: of.file.page_count,
        properties: of.file.facts.words(),
    };
    let bytes = Box::pin(stream::iter([Ok(Bytes::from(text))]));
    match inspector.look(&of.file.name, known, bytes, LookedFor { rules, topics, title: of.file.own_title() }).await {
        Some((findings, hints)) => settled(files.looked_again(of, Some(SeenAgain { findings, hints })).await),
        None => settled(files.not_looked_again(of).await),
    }
}

/// One that was asked for anew meanwhile begins at its beginning in the next round.
fn settled(result: Result<(), FilesError>) -> Result<(), FilesError> {
    match result {
        Err(FilesError::Conflict(_)) => Ok(()),
        other => other,
    }
}
