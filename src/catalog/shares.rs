//! Shares and their links.

use sqlx::FromRow;

use super::codes::{NewCode, insert_code};
use super::files::{file_in, touch};
use super::outbox::NewMessage;
use super::pending::confirm_pending;
use super::people::insert_person;
use super::rows::{RowRef, micros};
use super::session::Scope;
use super::share_events::{ShareEvent, tell_of_share};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CallId, CustomerId, Edition, FileId, LinkId, PendingId, Person, PersonId, Rights, ShareId, Timestamp};

/// A permission to be given.
#[derive(Debug)]
pub struct NewShare {
    /// Which.
    pub id: ShareId,
    /// Whose file.
    pub customer: CustomerId,
    /// Which file.
    pub file: FileId,
    /// The version that was confirmed.
    pub version: u32,
    /// Whether it gives that version, or the newest there is.
    pub edition: Edition,
    /// To whom.
    pub recipient: PersonId,
    /// The recipient's row, where there may be none yet.
    pub new_recipient: Option<NewRecipient>,
    /// How far.
    pub rights: Rights,
    /// In which call.
    pub call: Option<CallId>,
    /// Until when.
    pub expires_at: Timestamp,
    /// Its link.
    pub link: NewLink,
    /// A code for the link, for somebody outside.
    pub code: Option<NewCode>,
    /// What is to be delivered.
    pub messages: Vec<NewMessage>,
}

/// A recipient that the directory may not know yet.
#[derive(Debug)]
pub struct NewRecipient {
    /// Who.
    pub person: Person,
    /// The record of adding him; none for [`PersonId::anyone`], who is added once and is nobody.
    pub entry: Option<AuditEntry>,
}

/// A link to be made. The slug itself is stored sealed only.
#[derive(Debug)]
pub struct NewLink {
    /// Which.
    pub id: LinkId,
    /// SHA-256 of the slug, hexadecimal.
    pub slug_hash: String,
    /// The slug, sealed.
    pub slug_sealed: String,
    /// How often its file may be handed out; as often as wanted when `None`.
    pub most_downloads: Option<u32>,
}

/// A share as stored, with its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRecord {
    /// Which.
    pub id: ShareId,
    /// Which file.
    pub file: FileId,
    /// The version that was confirmed.
    pub version: u32,
    /// Whether it gives that version, or the newest there is.
    pub edition: Edition,
    /// To whom.
    pub recipient: PersonId,
    /// How far.
    pub rights: Rights,
    /// In which call.
    pub call: Option<CallId>,
    /// Who gave it: the text form of an [`Actor`](crate::domain::Actor).
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was taken back, and by whom.
    pub revoked: Option<Revoked>,
    /// Its link.
    pub link: LinkId,
    /// The link's slug, sealed.
    pub slug_sealed: String,
    /// How often its file was handed out.
    pub downloads: u64,
    /// How often it may be.
    pub most_downloads: Option<u32>,
}

impl ShareRecord {
    /// Whether it still gives anything at an instant.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires_at
    }
}

/// That a share was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// By whom: the text form of an [`Actor`](crate::domain::Actor); not known of old ones.
    pub by: Option<String>,
}

/// Which shares are looked for; what is `None` narrows nothing.
#[derive(Debug, Clone, Default)]
pub struct ShareFilter {
    /// Of this file.
    pub file: Option<FileId>,
    /// To this recipient.
    pub recipient: Option<PersonId>,
    /// Given by this actor.
    pub given_by: Option<String>,
    /// Given at this instant or later.
    pub from: Option<Timestamp>,
    /// Given before this instant.
    pub until: Option<Timestamp>,
    /// Only those that live.
    pub living: bool,
    /// Older than this one.
    pub before: Option<ShareId>,
}

/// A link as somebody opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRecord {
    /// Which.
    pub id: LinkId,
    /// Whose file.
    pub customer: CustomerId,
    /// The share it stands for.
    pub share: ShareId,
    /// Which file.
    pub file: FileId,
    /// The version that was confirmed.
    pub version: u32,
    /// Whether it gives that version, or the newest there is.
    pub edition: Edition,
    /// To whom the share was given.
    pub recipient: PersonId,
    /// Who gave it.
    pub created_by: String,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// How often its file was handed out.
    pub downloads: u64,
    /// How often it may be.
    pub most_downloads: Option<u32>,
}

impl LinkRecord {
    /// Whether it was opened as often as it may be.
    pub fn is_used_up(&self) -> bool {
        self.most_downloads.is_some_and(|most| self.downloads >= u64::from(most))
    }
}

#[derive(FromRow)]
struct ShareRow {
    id: String,
    file_id: String,
    version: i64,
    follows: i64,
    recipient_id: String,
    rights: String,
    call_id: Option<String>,
    created_by: String,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    revoked_by: Option<String>,
    link_id: String,
    slug_sealed: String,
    downloads: i64,
    most_downloads: Option<i64>,
}

impl ShareRow {
    fn into_record(self) -> Result<ShareRecord, CatalogError> {
        let row = RowRef { table: "shares", id: &self.id };
        Ok(ShareRecord {
            id: row.parsed(&self.id)?,
            file: row.parsed(&self.file_id)?,
            version: row.number(self.version)?,
            edition: Edition::of(self.follows != 0),
            recipient: PersonId::parse(&self.recipient_id).map_err(|_| row.corrupt())?,
            rights: row.known(Rights::parse(&self.rights))?,
            call: self.call_id.as_deref().map(|text| row.parsed(text)).transpose()?,
            created_by: self.created_by.clone(),
            created_at: row.instant(self.created_at)?,
            expires_at: row.instant(self.expires_at)?,
            revoked: row.maybe_instant(self.revoked_at)?.map(|at| Revoked { at, by: self.revoked_by.clone() }),
            link: row.parsed(&self.link_id)?,
            slug_sealed: self.slug_sealed.clone(),
            downloads: row.number(self.downloads)?,
            most_downloads: self.most_downloads.map(|most| row.number(most)).transpose()?,
        })
    }
}

#[derive(FromRow)]
struct LinkRow {
    id: String,
    customer_id: String,
    share_id: String,
    file_id: String,
    version: i64,
    follows: i64,
    recipient_id: String,
    created_by: String,
    expires_at: i64,
    revoked_at: Option<i64>,
    downloads: i64,
    most_downloads: Option<i64>,
}

/// Sorts after every id of a share.
const AFTER_ALL: &str = "share_~";

/// The columns of [`ShareRow`]; a share always has one link.
macro_rules! select_shares {
    ($tail:literal) => {
        concat!(
            "SELECT s.id, s.file_id, s.version, s.follows, s.recipient_id, s.rights, s.call_id, s.created_by, s.created_at, ",
            "s.expires_at, s.revoked_at, s.revoked_by, l.id AS link_id, l.slug_sealed, l.downloads, l.most_downloads ",
            "FROM shares s JOIN links l ON l.customer_id = s.customer_id AND l.share_id = s.id ",
            $tail
        )
    };
}

impl Catalog {
    /// Gives a share with its link, code and messages, and takes the confirmed action out of wait,
    /// all or nothing.
    ///
    /// # Errors
    /// `Conflict` when the action was already answered or waited too long, or the file is not active at
    /// this version any more; else when it could not be committed.
    pub async fn share(&self, new: &NewShare, confirmed: Option<(CallId, PendingId)>, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        let customer = new.customer.to_string();
        self.verb(|| async {
            let mut tx = self.begin(new.customer).await?;
            if let Some((call, pending)) = confirmed {
                confirm_pending(&mut tx, new.customer, call, pending, now).await?;
            }
            // Rights were decided before this transaction; the file must still be what they were decided on.
            let file = file_in(&mut tx, new.customer, new.file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
            if file.version != new.version {
                return Err(CatalogError::Conflict("a newer version of the file has arrived"));
            }
            if !file.status.is_readable() {
                return Err(CatalogError::Conflict("the file cannot be handed out now"));
            }
            if let Some(NewRecipient { person, entry }) = &new.new_recipient {
                let is_there: Option<(String,)> = sql::query("SELECT id FROM people WHERE customer_id = $1 AND id = $2")
                    .bind(&customer)
                    .bind(person.id.to_string())
                    .fetch_optional(&mut tx)
                    .await?;
                if is_there.is_none() {
                    insert_person(&mut tx, person, now).await?;
                    if let Some(entry) = entry {
                        audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
                    }
                }
            }
            sql::query(
                "INSERT INTO shares (id, customer_id, file_id, version, recipient_id, rights, call_id, created_by, created_at, expires_at, follows) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            )
            .bind(new.id.to_string())
            .bind(&customer)
            .bind(new.file.to_string())
            .bind(i64::from(new.version))
            .bind(new.recipient.to_string())
            .bind(new.rights.as_str())
            .bind(new.call.map(|id| id.to_string()))
            .bind(entry.actor.to_string())
            .bind(micros(now))
            .bind(micros(new.expires_at))
            .bind(i64::from(new.edition.follows()))
            .execute(&mut tx)
            .await?;
            sql::query("INSERT INTO links (id, customer_id, share_id, slug_hash, slug_sealed, created_at, most_downloads) VALUES ($1, $2, $3, $4, $5, $6, $7)")
                .bind(new.link.id.to_string())
                .bind(&customer)
                .bind(new.id.to_string())
                .bind(&new.link.slug_hash)
                .bind(&new.link.slug_sealed)
                .bind(micros(now))
                .bind(new.link.most_downloads.map(i64::from))
                .execute(&mut tx)
                .await?;
            if let Some(code) = &new.code {
                insert_code(&mut tx, new.customer, code, now).await?;
            }
            self.queue(&mut tx, new.customer, &new.messages, entry).await?;
            touch(&mut tx, new.customer, new.file, now).await?;
            tell_of_share(&mut tx, new.customer, new.id, ShareEvent::Given, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// The living share of a file with somebody at these rights, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn share_with(
        &self,
        customer: CustomerId,
        file: FileId,
        recipient: PersonId,
        rights: Rights,
    ) -> Result<Option<ShareRecord>, CatalogError> {
        let row: Option<ShareRow> = sql::query(select_shares!(
            "WHERE s.customer_id = $1 AND s.file_id = $2 AND s.recipient_id = $3 AND s.rights = $4 AND s.revoked_at IS NULL AND s.expires_at > $5 \
             ORDER BY s.id DESC LIMIT 1"
        ))
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(recipient.to_string())
        .bind(rights.as_str())
        .bind(micros(self.clock().now()))
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        row.map(ShareRow::into_record).transpose()
    }

    /// Living shares made in a call, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn shares_of_call(&self, customer: CustomerId, call: CallId) -> Result<Vec<ShareRecord>, CatalogError> {
        let rows: Vec<ShareRow> = sql::query(select_shares!(
            "WHERE s.customer_id = $1 AND s.call_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 ORDER BY s.id DESC LIMIT 50"
        ))
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(micros(self.clock().now()))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(ShareRow::into_record).collect()
    }

    /// Living shares of a file, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn shares_of_file(&self, customer: CustomerId, file: FileId) -> Result<Vec<ShareRecord>, CatalogError> {
        let rows: Vec<ShareRow> = sql::query(select_shares!(
            "WHERE s.customer_id = $1 AND s.file_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 ORDER BY s.id DESC LIMIT 200"
        ))
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(micros(self.clock().now()))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(ShareRow::into_record).collect()
    }

    /// Shares of a customer, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn shares(&self, customer: CustomerId, filter: &ShareFilter, limit: u32) -> Result<Vec<ShareRecord>, CatalogError> {
        let mut query = sql::query(select_shares!(
            "WHERE s.customer_id = $1 AND s.created_at >= $2 AND s.created_at < $3 AND ($4 = 0 OR (s.revoked_at IS NULL AND s.expires_at > $5)) \
             AND s.id < $6"
        ))
        .bind(customer.to_string())
        .bind(micros(filter.from.unwrap_or(Timestamp::UNIX_EPOCH)))
        .bind(micros(filter.until.unwrap_or(Timestamp::MAX)))
        .bind(i64::from(filter.living))
        .bind(micros(self.clock().now()))
        .bind(filter.before.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string()))
        .bind(i64::from(limit));
        if let Some(file) = filter.file {
            query = query.one_of("s.file_id", &[file]);
        }
        if let Some(recipient) = filter.recipient {
            query = query.one_of("s.recipient_id", &[recipient]);
        }
        if let Some(actor) = &filter.given_by {
            query = query.one_of("s.created_by", &[actor]);
        }
        let rows: Vec<ShareRow> = query.then(" ORDER BY s.id DESC LIMIT $7").fetch_all(&mut self.read(customer).await?).await?;
        rows.into_iter().map(ShareRow::into_record).collect()
    }

    /// One share, living or not.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn share_of(&self, customer: CustomerId, share: ShareId) -> Result<Option<ShareRecord>, CatalogError> {
        let row: Option<ShareRow> = sql::query(select_shares!("WHERE s.customer_id = $1 AND s.id = $2"))
            .bind(customer.to_string())
            .bind(share.to_string())
            .fetch_optional(&mut self.read(customer).await?)
            .await?;
        row.map(ShareRow::into_record).transpose()
    }

    /// The link with this hash of its slug, alive or not.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn link(&self, slug_hash: &str) -> Result<Option<LinkRecord>, CatalogError> {
        // The slug shows its link and no more; the share is its customer's.
        let whose: Option<(String,)> = sql::query("SELECT customer_id FROM links WHERE slug_hash = $1")
            .bind(slug_hash)
            .fetch_optional(&mut self.read(Scope::Secret(slug_hash)).await?)
            .await?;
        let Some((customer,)) = whose else { return Ok(None) };
        let customer: CustomerId = RowRef { table: "links", id: &customer }.parsed(&customer)?;
        let row: Option<LinkRow> = sql::query(
            "SELECT l.id, l.customer_id, l.share_id, s.file_id, s.version, s.follows, s.recipient_id, s.created_by, s.expires_at, s.revoked_at, l.downloads, l.most_downloads \
             FROM links l JOIN shares s ON s.customer_id = l.customer_id AND s.id = l.share_id WHERE l.customer_id = $1 AND l.slug_hash = $2",
        )
        .bind(customer.to_string())
        .bind(slug_hash)
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        let Some(link) = row else { return Ok(None) };
        let row = RowRef { table: "links", id: &link.id };
        Ok(Some(LinkRecord {
            id: row.parsed(&link.id)?,
            customer: row.parsed(&link.customer_id)?,
            share: row.parsed(&link.share_id)?,
            file: row.parsed(&link.file_id)?,
            version: row.number(link.version)?,
            edition: Edition::of(link.follows != 0),
            recipient: PersonId::parse(&link.recipient_id).map_err(|_| row.corrupt())?,
            created_by: link.created_by.clone(),
            expires_at: row.instant(link.expires_at)?,
            revoked_at: row.maybe_instant(link.revoked_at)?,
            downloads: row.number(link.downloads)?,
            most_downloads: link.most_downloads.map(|most| row.number(most)).transpose()?,
        }))
    }
}
