//! What calls are told of while they run: noted in the transaction of what happened, read in order, and
//! forgotten once no call of then can be alive.

use jiff::SignedDuration;
use serde::Serialize;

use super::files::file_in;
use super::rows::{RowRef, as_i64, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, sql, sweeps};
use crate::domain::{CallId, CustomerId, ExtractionStatus, FileEvent, FileId, FileNews, FileRecord, LinkId, Timestamp, UserId};

/// How long events are kept: far longer than a call and its token live.
pub const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Something that happened, for those who are to hear of it: the call, or every living call of the user. With
/// both it is the user's, on whatever call.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// In which call.
    pub call: Option<CallId>,
    /// To whom.
    pub user: Option<UserId>,
    /// What, as listeners get it: `file_arrived`.
    pub kind: &'static str,
    /// The facts, a JSON object.
    pub data: String,
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Its number among the customer's.
    pub seq: u64,
    /// What happened.
    pub kind: String,
    /// The facts, a JSON object.
    pub data: String,
    /// When.
    pub at: Timestamp,
}

/// Who is told what becomes of a file that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The call in which it was sent or asked for, and as which of its callers.
    pub call: Option<(CallId, u32)>,
    /// The user who sent it or asked for it.
    pub user: Option<UserId>,
    /// The link under which it came; that takes one file more.
    pub link: Option<LinkId>,
}

/// Notes an event in the transaction of what happened.
pub(super) async fn note_event(tx: &mut Tx, customer: CustomerId, new: &NewEvent, now: Timestamp) -> Result<(), CatalogError> {
    let (seq,): (i64,) = sql::query("UPDATE customers SET event_seq = event_seq + 1 WHERE id = $1 RETURNING event_seq")
        .bind(customer.to_string())
        .fetch_one(tx)
        .await?;
    sql::query("INSERT INTO events (customer_id, seq, call_id, user_id, kind, data, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(customer.to_string())
        .bind(seq)
        .bind(new.call.map(|id| id.to_string()))
        .bind(new.user.map(|id| id.to_string()))
        .bind(new.kind)
        .bind(&new.data)
        .bind(micros(now))
        .execute(tx)
        .await?;
    sweeps::due(tx, customer, now.saturating_add(EVENTS_KEPT).unwrap_or(Timestamp::MAX)).await
}

/// Remembers who is told what becomes of a version of a file, and tells that it arrived.
///
/// # Errors
/// `Conflict` when the link it came under takes nothing more.
pub(super) async fn arrived(
    tx: &mut Tx,
    customer: CustomerId,
    file: FileId,
    version: u32,
    sender: &Sender,
    now: Timestamp,
) -> Result<(), CatalogError> {
    if let Some(link) = sender.link {
        let taken = sql::query(
            "UPDATE upload_links SET files = files + 1 WHERE customer_id = $1 AND id = $2 AND files < most_files AND revoked_at IS NULL \
             AND expires_at > $3",
        )
        .bind(customer.to_string())
        .bind(link.to_string())
        .bind(micros(now))
        .execute(tx)
        .await?;
        if taken == 0 {
            return Err(CatalogError::Conflict("the link takes no more files"));
        }
    }
    let (call, epoch) = sender.call.unzip();
    sql::query(
        "INSERT INTO arrivals (customer_id, file_id, version, call_id, epoch, user_id, link_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(customer.to_string())
    .bind(file.to_string())
    .bind(i64::from(version))
    .bind(call.map(|id| id.to_string()))
    .bind(i64::from(epoch.unwrap_or(0)))
    .bind(sender.user.map(|id| id.to_string()))
    .bind(sender.link.map(|id| id.to_string()))
    .bind(micros(now))
    .execute(tx)
    .await?;
    tell(tx, customer, file, &[FileEvent::Arrived], now).await
}

/// Tells whoever is to hear of it what became of a file; nobody where nobody asked.
pub(super) async fn tell(
    tx: &mut Tx,
    customer: CustomerId,
    file: FileId,
    events: &[FileEvent],
    now: Timestamp,
) -> Result<(), CatalogError> {
    // Of a call, only to the caller who was on the line then.
    let told: Option<(Option<String>, Option<String>, Option<String>)> = sql::query(
        "SELECT c.id, a.user_id, a.link_id FROM arrivals a JOIN files f ON f.customer_id = a.customer_id AND f.id = a.file_id AND f.version = a.version \
         LEFT JOIN calls c ON c.customer_id = a.customer_id AND c.id = a.call_id AND c.epoch = a.epoch \
         WHERE a.customer_id = $1 AND a.file_id = $2",
    )
    .bind(customer.to_string())
    .bind(file.to_string())
    .fetch_optional(tx)
    .await?;
    let Some((call, user, link)) = told else { return Ok(()) };
    let id = file.to_string();
    let row = RowRef { table: "arrivals", id: &id };
    let call = call.map(|text| row.parsed(&text)).transpose()?;
    let user = user.map(|text| row.parsed(&text)).transpose()?;
    let upload_link = link.map(|text| row.parsed(&text)).transpose()?;
    if call.is_none() && user.is_none() {
        return Ok(());
    }
    let Some(record) = file_in(tx, customer, file).await? else { return Ok(()) };
    let data = facts(&news(record, upload_link), row)?;
    for event in events {
        note_event(tx, customer, &NewEvent { call, user, kind: event.as_str(), data: data.clone() }, now).await?;
    }
    Ok(())
}

/// Tells the owner of a file that was closed, and administrators, but whoever is told as its sender.
pub(super) async fn alarm(tx: &mut Tx, customer: CustomerId, file: FileId, now: Timestamp) -> Result<(), CatalogError> {
    let rows: Vec<(String,)> = sql::query(
        "SELECT p.id FROM people p WHERE p.customer_id = $1 AND p.deactivated_at IS NULL AND (p.roles LIKE '%\"owner\"%' \
         OR p.roles LIKE '%\"administrator\"%' OR p.id = (SELECT owner_id FROM files WHERE customer_id = $1 AND id = $2)) \
         AND NOT EXISTS (SELECT 1 FROM arrivals a JOIN files f ON f.customer_id = a.customer_id AND f.id = a.file_id AND f.version = a.version \
         WHERE a.customer_id = $1 AND a.file_id = $2 AND a.user_id = p.id) ORDER BY p.id",
    )
    .bind(customer.to_string())
    .bind(file.to_string())
    .fetch_all(tx)
    .await?;
    let Some(record) = file_in(tx, customer, file).await? else { return Ok(()) };
    let id = file.to_string();
    let row = RowRef { table: "files", id: &id };
    let data = facts(&news(record, None), row)?;
    for (user,) in &rows {
        let user = Some(RowRef { table: "people", id: user }.parsed(user)?);
        note_event(tx, customer, &NewEvent { call: None, user, kind: FileEvent::Quarantined.as_str(), data: data.clone() }, now).await?;
    }
    Ok(())
}

fn news(record: FileRecord, upload_link: Option<LinkId>) -> FileNews {
    FileNews {
        file: record.id,
        version: record.version,
        title: record.title,
        category: record.category,
        content_type: record.content_type,
        size_bytes: record.size,
        scan_status: record.scan,
        extraction_status: Some(record.extraction.status).filter(|status| *status != ExtractionStatus::Pending),
        unlock: record.unlock,
        page_count: record.page_count,
        upload_link,
    }
}

fn facts(of: &impl Serialize, row: RowRef<'_>) -> Result<String, CatalogError> {
    serde_json::to_string(of).map_err(|_| row.corrupt())
}

impl Catalog {
    /// What a call is told after a number, oldest first: what is for it, and for the user who is its caller now.
    /// Nothing from before that caller took the line.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn events(&self, customer: CustomerId, call: CallId, after: u64, limit: u32) -> Result<Vec<EventRecord>, CatalogError> {
        let rows: Vec<(i64, String, String, i64)> = sql::query(
            "SELECT e.seq, e.kind, e.data, e.created_at FROM calls c JOIN events e ON e.customer_id = c.customer_id AND e.seq > c.events_after \
             AND (e.user_id = c.caller_id OR (e.user_id IS NULL AND e.call_id = c.id)) \
             WHERE c.customer_id = $1 AND c.id = $2 AND e.seq > $3 ORDER BY e.seq LIMIT $4",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(as_i64(after))
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter()
            .map(|(seq, kind, data, at)| {
                let id = seq.to_string();
                let row = RowRef { table: "events", id: &id };
                Ok(EventRecord { seq: row.number(seq)?, kind, data, at: row.instant(at)? })
            })
            .collect()
    }

    /// Forgets events, and who was to be told of files, from before an instant. Part of what has its record. Gives how many.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn forget_events(&self, customer: CustomerId, before: Timestamp, limit: u32) -> Result<u64, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let mut gone = 0;
            for text in [
                "DELETE FROM events WHERE customer_id = $1 AND seq IN (SELECT seq FROM events WHERE customer_id = $1 \
                 AND created_at < $2 ORDER BY created_at, seq LIMIT $3)",
                "DELETE FROM arrivals WHERE customer_id = $1 AND link_id IS NULL AND (file_id, version) IN (SELECT file_id, version FROM arrivals \
                 WHERE customer_id = $1 AND link_id IS NULL AND created_at < $2 ORDER BY created_at, file_id LIMIT $3)",
            ] {
                gone += sql::query(text)
                    .bind(customer.to_string())
                    .bind(micros(before))
                    .bind(i64::from(limit))
                    .execute(&mut tx)
                    .await?;
            }
            tx.commit().await?;
            Ok(gone)
        })
        .await
    }
}
