//! What lies in quarantine, and bytes that two people let out of it.
//!
//! A release is of bytes, by their hash: proposed by one, confirmed by another, over at an instant. When it begins and
//! when it ends, files of these bytes are judged anew; that judgement passes while the release stands.

use sqlx::FromRow;

use super::files::{file_in, touch};
use super::jobs::{JobKind, NewJob, enqueue};
use super::priority::{Priority, uncrowded};
use super::rows::{RowRef, micros};
use super::session::Tx;
use super::sql::Session;
use super::verdict::{files_of_blob, set_status};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, BlobId, Checksum, CustomerId, FileId, FileStatus, JobId, ReleaseId, Timestamp};

/// A file in quarantine, with what is known of why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedFile {
    /// Which.
    pub file: FileId,
    /// Who judged.
    pub engine: String,
    /// What was found.
    pub findings: Vec<String>,
    /// When that was.
    pub judged_at: Option<Timestamp>,
}

/// A release that is proposed.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// Which.
    pub id: ReleaseId,
    /// The file at which it is proposed.
    pub file: FileId,
    /// Of these bytes.
    pub checksum: Checksum,
    /// Why, in the words of who proposes it.
    pub reason: String,
    /// When it is over, confirmed or not.
    pub expires_at: Timestamp,
}

/// How a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseState {
    /// It waits for a second person.
    Proposed,
    /// The bytes may be read.
    InForce,
    /// It is over.
    Over,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Which.
    pub id: ReleaseId,
    /// The file at which it was proposed.
    pub file: FileId,
    /// Of these bytes.
    pub checksum: Checksum,
    /// Who proposed it: an id.
    pub proposed_by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub proposed_at: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
    /// Who confirmed it, why and when.
    pub confirmed: Option<(String, String, Timestamp)>,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

impl Release {
    /// How it stands at an instant.
    pub fn state(&self, now: Timestamp) -> ReleaseState {
        match (&self.confirmed, self.ended_at) {
            (_, Some(_)) => ReleaseState::Over,
            _ if self.expires_at <= now => ReleaseState::Over,
            (None, None) => ReleaseState::Proposed,
            (Some(_), None) => ReleaseState::InForce,
        }
    }
}

#[derive(FromRow)]
struct ReleaseRow {
    id: String,
    file_id: String,
    checksum: String,
    proposed_by: String,
    reason: String,
    proposed_at: i64,
    expires_at: i64,
    confirmed_by: Option<String>,
    confirmed_reason: Option<String>,
    confirmed_at: Option<i64>,
    ended_at: Option<i64>,
}

macro_rules! select_releases {
    ($tail:literal) => {
        concat!(
            "SELECT id, file_id, checksum, proposed_by, reason, proposed_at, expires_at, confirmed_by, confirmed_reason, confirmed_at, ended_at ",
            "FROM releases WHERE customer_id = $1 ",
            $tail
        )
    };
}

type QuarantinedRow = (String, Option<String>, Option<String>, Option<i64>);

macro_rules! select_quarantined {
    ($tail:literal) => {
        concat!(
            "SELECT f.id, b.scan_engine, b.scan_findings, b.scanned_at FROM files f ",
            "JOIN blobs b ON b.customer_id = f.customer_id AND b.id = f.blob_id WHERE f.customer_id = $1 AND f.status = 'quarantined' ",
            $tail
        )
    };
}

fn quarantined((id, engine, findings, at): QuarantinedRow) -> Result<QuarantinedFile, CatalogError> {
    let row = RowRef { table: "blobs", id: &id };
    Ok(QuarantinedFile {
        file: row.parsed(&id)?,
        engine: engine.unwrap_or_default(),
        findings: findings.map_or(Ok(Vec::new()), |json| row.list(&json, |text| Some(text.to_owned())))?,
        judged_at: row.maybe_instant(at)?,
    })
}

impl ReleaseRow {
    fn into_release(self) -> Result<Release, CatalogError> {
        let row = RowRef { table: "releases", id: &self.id };
        Ok(Release {
            id: row.parsed(&self.id)?,
            file: row.parsed(&self.file_id)?,
            checksum: row.known(Checksum::parse(&self.checksum))?,
            proposed_at: row.instant(self.proposed_at)?,
            expires_at: row.instant(self.expires_at)?,
            confirmed: match (&self.confirmed_by, &self.confirmed_reason, self.confirmed_at) {
                (Some(by), Some(why), Some(at)) => Some((by.clone(), why.clone(), row.instant(at)?)),
                (None, None, None) => None,
                _ => return Err(row.corrupt()),
            },
            ended_at: row.maybe_instant(self.ended_at)?,
            proposed_by: self.proposed_by.clone(),
            reason: self.reason.clone(),
        })
    }
}

async fn release_in(session: &mut impl Session, customer: CustomerId, id: ReleaseId) -> Result<Option<Release>, CatalogError> {
    let row: Option<ReleaseRow> =
        sql::query(select_releases!("AND id = $2")).bind(customer.to_string()).bind(id.to_string()).fetch_optional(session).await?;
    row.map(ReleaseRow::into_release).transpose()
}

/// Takes every verdict on these bytes back, and sends files that stand for them to be judged anew. Nobody reads them
/// until then. One that is being read, and cannot go back, is closed. Gives which are judged.
async fn judge_anew(
    catalog: &Catalog,
    tx: &mut Tx,
    customer: CustomerId,
    checksum: &Checksum,
    now: Timestamp,
) -> Result<Vec<FileId>, CatalogError> {
    let blobs: Vec<(String,)> =
        sql::query("SELECT id FROM blobs WHERE customer_id = $1 AND checksum = $2 AND collected_at IS NULL ORDER BY id")
            .bind(customer.to_string())
            .bind(checksum.to_string())
            .fetch_all(tx)
            .await?;
    let mut files = Vec::new();
    for (id,) in &blobs {
        let blob: BlobId = RowRef { table: "blobs", id }.parsed(id)?;
        sql::query("UPDATE blobs SET scan_status = 'pending' WHERE customer_id = $1 AND id = $2")
            .bind(customer.to_string())
            .bind(id)
            .execute(tx)
            .await?;
        for (file, status) in files_of_blob(tx, customer, blob).await? {
            let next = match status {
                FileStatus::Active | FileStatus::Quarantined => FileStatus::Scanning,
                FileStatus::Processing => FileStatus::Quarantined,
                _ => continue,
            };
            set_status(tx, customer, file, next).await?;
            touch(tx, customer, file, now).await?;
            if next == FileStatus::Scanning {
                enqueue_scan(catalog, tx, customer, file, now).await?;
                files.push(file);
            }
        }
    }
    Ok(files)
}

async fn enqueue_scan(catalog: &Catalog, tx: &mut Tx, customer: CustomerId, file: FileId, now: Timestamp) -> Result<(), CatalogError> {
    let Some(record) = file_in(tx, customer, file).await? else { return Ok(()) };
    let id = JobId::new(catalog.clock(), catalog.entropy());
    let priority = uncrowded(tx, customer, Priority::Upload).await?;
    enqueue(tx, &NewJob { id, customer, kind: JobKind::Scan, file, version: record.version, priority }, now).await
}

impl Catalog {
    /// Files in quarantine after an id, oldest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn quarantined_files(
        &self,
        customer: CustomerId,
        after: Option<FileId>,
        limit: u32,
    ) -> Result<Vec<QuarantinedFile>, CatalogError> {
        let rows: Vec<QuarantinedRow> = sql::query(select_quarantined!("AND f.id > $2 ORDER BY f.id LIMIT $3"))
            .bind(customer.to_string())
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        rows.into_iter().map(quarantined).collect()
    }

    /// One file in quarantine.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn quarantined_file(&self, customer: CustomerId, file: FileId) -> Result<Option<QuarantinedFile>, CatalogError> {
        let row: Option<QuarantinedRow> = sql::query(select_quarantined!("AND f.id = $2"))
            .bind(customer.to_string())
            .bind(file.to_string())
            .fetch_optional(&mut self.read(customer).await?)
            .await?;
        row.map(quarantined).transpose()
    }

    /// Proposes that bytes in quarantine be let out.
    ///
    /// # Errors
    /// `Conflict` when the file is not in quarantine, or a release of the same bytes is proposed or in force; else when
    /// it could not be committed.
    pub async fn propose_release(&self, customer: CustomerId, new: &NewRelease, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // What nobody confirmed in time does not stand in the way.
            sql::query(
                "UPDATE releases SET ended_at = expires_at WHERE customer_id = $1 AND checksum = $2 AND confirmed_at IS NULL \
                 AND ended_at IS NULL AND expires_at <= $3",
            )
            .bind(customer.to_string())
            .bind(new.checksum.to_string())
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            let open: Option<(String,)> =
                sql::query("SELECT id FROM releases WHERE customer_id = $1 AND checksum = $2 AND ended_at IS NULL")
                    .bind(customer.to_string())
                    .bind(new.checksum.to_string())
                    .fetch_optional(&mut tx)
                    .await?;
            if open.is_some() {
                return Err(CatalogError::Conflict("a release of these bytes is there already"));
            }
            let made = sql::query(
                "INSERT INTO releases (id, customer_id, file_id, checksum, proposed_by, reason, proposed_at, expires_at) \
                 SELECT $3, f.customer_id, f.id, b.checksum, $4, $5, $6, $7 FROM files f \
                 JOIN blobs b ON b.customer_id = f.customer_id AND b.id = f.blob_id \
                 WHERE f.customer_id = $1 AND f.id = $2 AND f.status = 'quarantined' AND b.checksum = $8",
            )
            .bind(customer.to_string())
            .bind(new.file.to_string())
            .bind(new.id.to_string())
            .bind(entry.actor.to_string())
            .bind(&new.reason)
            .bind(micros(now))
            .bind(micros(new.expires_at))
            .bind(new.checksum.to_string())
            .execute(&mut tx)
            .await?;
            if made == 0 {
                return Err(CatalogError::Conflict("the file is not in quarantine"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Confirms a release as another person, and sends every file of its bytes to be judged again. Gives which.
    ///
    /// # Errors
    /// `Conflict` when there is no such release to confirm any more, or whoever confirms it has proposed it; else when it
    /// could not be committed.
    pub async fn confirm_release(
        &self,
        customer: CustomerId,
        id: ReleaseId,
        reason: &str,
        entry: &AuditEntry,
    ) -> Result<Vec<FileId>, CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // The condition is in the statement: of two who confirm at once, one comes second.
            let confirmed = sql::query(
                "UPDATE releases SET confirmed_by = $3, confirmed_reason = $4, confirmed_at = $5 WHERE customer_id = $1 AND id = $2 \
                 AND confirmed_at IS NULL AND ended_at IS NULL AND expires_at > $5 AND proposed_by <> $3",
            )
            .bind(customer.to_string())
            .bind(id.to_string())
            .bind(entry.actor.to_string())
            .bind(reason)
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            let release = release_in(&mut tx, customer, id).await?.ok_or(CatalogError::Conflict("there is no such release"))?;
            if confirmed == 0 {
                let is_own = release.state(now) == ReleaseState::Proposed && release.proposed_by == entry.actor.to_string();
                return Err(CatalogError::Conflict(if is_own { "another person must confirm it" } else { "it waits for nobody any more" }));
            }
            let files = judge_anew(self, &mut tx, customer, &release.checksum, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(files)
        })
        .await
    }

    /// Takes a release back, in force or not. Files that it let out are judged anew, and not read until then. Gives which.
    ///
    /// # Errors
    /// `Conflict` when it is over already; else when it could not be committed.
    pub async fn withdraw_release(&self, customer: CustomerId, id: ReleaseId, entry: &AuditEntry) -> Result<Vec<FileId>, CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let ended =
                sql::query("UPDATE releases SET ended_at = $3 WHERE customer_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at > $3")
                    .bind(customer.to_string())
                    .bind(id.to_string())
                    .bind(micros(now))
                    .execute(&mut tx)
                    .await?;
            if ended == 0 {
                return Err(CatalogError::Conflict("the release is over"));
            }
            self.after_release(tx, customer, id, entry, now).await
        })
        .await
    }

    /// Ends a release whose time is over. Files that it let out are judged anew, and not read until then. Gives which.
    ///
    /// # Errors
    /// `Conflict` when its time is not over, or it was ended before; else when it could not be committed.
    pub async fn close_release(&self, customer: CustomerId, id: ReleaseId, entry: &AuditEntry) -> Result<Vec<FileId>, CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let ended = sql::query(
                "UPDATE releases SET ended_at = $3 WHERE customer_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at <= $3",
            )
            .bind(customer.to_string())
            .bind(id.to_string())
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            if ended == 0 {
                return Err(CatalogError::Conflict("the release is not one that is over"));
            }
            self.after_release(tx, customer, id, entry, now).await
        })
        .await
    }

    async fn after_release(
        &self,
        mut tx: Tx,
        customer: CustomerId,
        id: ReleaseId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Vec<FileId>, CatalogError> {
        let release = release_in(&mut tx, customer, id).await?.ok_or(CatalogError::Conflict("there is no such release"))?;
        let files = match release.confirmed {
            Some(_) => judge_anew(self, &mut tx, customer, &release.checksum, now).await?,
            None => Vec::new(),
        };
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await?;
        Ok(files)
    }

    /// The release of bytes that is in force.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn release_in_force(&self, customer: CustomerId, checksum: &Checksum) -> Result<Option<Release>, CatalogError> {
        let row: Option<ReleaseRow> =
            sql::query(select_releases!("AND checksum = $2 AND confirmed_at IS NOT NULL AND ended_at IS NULL AND expires_at > $3"))
                .bind(customer.to_string())
                .bind(checksum.to_string())
                .bind(micros(self.clock().now()))
                .fetch_optional(&mut self.read(customer).await?)
                .await?;
        row.map(ReleaseRow::into_release).transpose()
    }

    /// Releases that were not ended, newest first: proposed, in force, and those whose time is over.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn open_releases(&self, customer: CustomerId, limit: u32) -> Result<Vec<Release>, CatalogError> {
        let rows: Vec<ReleaseRow> = sql::query(select_releases!("AND ended_at IS NULL ORDER BY id DESC LIMIT $2"))
            .bind(customer.to_string())
            .bind(i64::from(limit))
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        rows.into_iter().map(ReleaseRow::into_release).collect()
    }
}
