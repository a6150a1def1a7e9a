//! Who is told by event what becomes of a share: whoever gave it and the owner of its file, on every call
//! of theirs that lives.

use serde::Serialize;

use super::events::{NewEvent, note_event};
use super::rows::RowRef;
use super::session::Tx;
use super::{CatalogError, sql};
use crate::domain::{CallId, CustomerId, FileId, ShareId, Timestamp, UserId};

/// What became of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShareEvent {
    /// It was given.
    Given,
    /// Its link gave out the file for the first time.
    Opened,
    /// It was taken back.
    TakenBack,
}

impl ShareEvent {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "share_given",
            Self::Opened => "share_opened",
            Self::TakenBack => "share_taken_back",
        }
    }
}

/// What listeners get of a share.
#[derive(Serialize)]
struct ShareNews<'a> {
    share: ShareId,
    file: FileId,
    title: &'a str,
    recipient: &'a str,
}

/// Tells what became of a share, in the transaction of it.
///
/// # Errors
/// When a row cannot be read or written; the transaction must then fail too.
pub(super) async fn tell_of_share(
    tx: &mut Tx,
    customer: CustomerId,
    share: ShareId,
    event: ShareEvent,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let found: Option<(String, String, String, Option<String>, Option<String>, String)> = sql::query(
        "SELECT s.file_id, f.title, s.created_by, s.call_id, f.owner_id, p.name FROM shares s \
         JOIN files f ON f.customer_id = s.customer_id AND f.id = s.file_id \
         JOIN people p ON p.customer_id = s.customer_id AND p.id = s.recipient_id WHERE s.customer_id = $1 AND s.id = $2",
    )
    .bind(customer.to_string())
    .bind(share.to_string())
    .fetch_optional(tx)
    .await?;
    let id = share.to_string();
    let row = RowRef { table: "shares", id: &id };
    let (file, title, giver, call, owner, recipient) = found.ok_or_else(|| row.corrupt())?;
    let news = ShareNews { share, file: row.parsed(&file)?, title: &title, recipient: &recipient };
    let data = serde_json::to_string(&news).map_err(|_| row.corrupt())?;
    // Programs and guests give shares too.
    let giver = UserId::parse(&giver).ok();
    let owner: Option<UserId> = owner.as_deref().map(|id| row.parsed(id)).transpose()?;
    let call: Option<CallId> = call.as_deref().map(|id| row.parsed(id)).transpose()?;
    for user in [giver, owner.filter(|owner| giver != Some(*owner))].into_iter().flatten() {
        note_event(tx, customer, &NewEvent { call, user: Some(user), kind: event.as_str(), data: data.clone() }, now).await?;
    }
    // A guest is told on the call, and only at once: later somebody else may be on the line.
    if giver.is_none() && call.is_some() && event == ShareEvent::Given {
        note_event(tx, customer, &NewEvent { call, user: None, kind: event.as_str(), data }, now).await?;
    }
    Ok(())
}
