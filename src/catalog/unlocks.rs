//! Passwords that are tried at files, and what they open. A password lies here sealed, from when it is given to when it was
//! tried, and no longer.

use super::collect::{Garbage, Move, relocate};
use super::events::tell;
use super::failures::{self, Bound};
use super::files::{file_in, touch};
use super::jobs::{Job, JobKind, JobState, NewJob, enqueue, hold_job, leave_job};
use super::priority::Priority;
use super::rows::{RowRef, list_json, micros};
use super::session::Tx;
use super::verdict::{Admission, close_all, file_at, keep_reading};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{
    AuditEntry, BlobId, CustomerId, ExtractionStatus, FileEvent, FileId, FileStatus, JobId, ScanStatus, ScanVerdict, Unlock, UploadId,
};

/// A password that is to be tried.
#[derive(Debug)]
pub struct NewUnlock {
    /// At which file.
    pub file: FileId,
    /// At which of its versions.
    pub version: u32,
    /// The password, sealed.
    pub password: String,
    /// Where the text will lie that it opens.
    pub text_key: String,
    /// The name under which tries at this file are counted: a keyed hash.
    pub tried_at: String,
    /// The same for whoever gives it.
    pub tried_by: String,
    /// The job that will try it.
    pub job: JobId,
}

/// How many passwords may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryLimits {
    /// At one file, whoever tries.
    pub file: Bound,
    /// By one caller, program or link.
    pub asker: Bound,
}

/// Whether a password is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It is.
    Yes,
    /// Too many were tried.
    TooMany,
}

/// Harm that was found behind a password.
#[derive(Debug)]
pub struct Inside<'a> {
    /// The verdict on it.
    pub verdict: &'a ScanVerdict,
    /// Where the bytes went, when they moved.
    pub moved: Option<Move>,
}

/// What came of trying a password.
#[derive(Debug)]
pub enum UnlockEnd<'a> {
    /// It fits, and this was read.
    Opened(&'a Admission),
    /// It fits, and what is inside is harmful: every file of the customer that stands for the bytes is closed.
    Harmful(&'a Inside<'a>),
    /// It does not fit; what is told of the file then.
    Wrong(&'a str),
    /// It could not be tried; what is told of the file then.
    Failed(&'a str),
}

/// Forgets the password of a job that is over. One that came to no end counts as not tried.
pub(super) async fn forget_password(tx: &mut Tx, customer: CustomerId, file: FileId, version: u32) -> Result<(), CatalogError> {
    sql::query("UPDATE unlocks SET password = NULL WHERE customer_id = $1 AND file_id = $2 AND version = $3")
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(i64::from(version))
        .execute(tx)
        .await?;
    sql::query("UPDATE files SET unlock = 'failed' WHERE customer_id = $1 AND id = $2 AND version = $3 AND unlock = 'trying'")
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(i64::from(version))
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets all that passwords opened of a file; gives the texts, which are nobody's then.
pub(super) async fn forget_unlocks(
    tx: &mut Tx,
    customer: CustomerId,
    file: FileId,
    new_id: impl Fn() -> UploadId,
) -> Result<Vec<Garbage>, CatalogError> {
    let texts: Vec<(String,)> = sql::query("SELECT text_key FROM unlocks WHERE customer_id = $1 AND file_id = $2 ORDER BY version")
        .bind(customer.to_string())
        .bind(file.to_string())
        .fetch_all(tx)
        .await?;
    sql::query("DELETE FROM unlocks WHERE customer_id = $1 AND file_id = $2")
        .bind(customer.to_string())
        .bind(file.to_string())
        .execute(tx)
        .await?;
    Ok(texts.into_iter().map(|(object_key,)| Garbage { id: new_id(), object_key }).collect())
}

async fn set_unlock(tx: &mut Tx, job: &Job, unlock: Unlock, reason: &str) -> Result<(), CatalogError> {
    sql::query("UPDATE files SET unlock = $3, extraction_reason = $4 WHERE customer_id = $1 AND id = $2")
        .bind(job.customer.to_string())
        .bind(job.file.to_string())
        .bind(unlock.as_str())
        .bind(reason)
        .execute(tx)
        .await?;
    Ok(())
}

/// A right password takes nothing from those who try: what was counted for it is given back.
async fn give_back(tx: &mut Tx, customer: CustomerId, file_scope: &str) -> Result<(), CatalogError> {
    sql::query("DELETE FROM code_failures WHERE customer_id = $1 AND scope = $2")
        .bind(customer.to_string())
        .bind(file_scope)
        .execute(tx)
        .await?;
    Ok(())
}

impl Catalog {
    /// Takes a password for a file that is locked, with the job that will try it. The try is counted before anything is compared.
    ///
    /// # Errors
    /// `Conflict` when the file is not locked at this version, or one is being tried; else when it could not be committed.
    pub async fn begin_unlock(
        &self,
        customer: CustomerId,
        new: &NewUnlock,
        limits: &TryLimits,
        entry: &AuditEntry,
    ) -> Result<Begun, CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // A write, since that locks the row on every engine: two passwords at once do not pass the bound together.
            sql::query("UPDATE customers SET policy_set = policy_set WHERE id = $1").bind(customer.to_string()).execute(&mut tx).await?;
            let record = file_in(&mut tx, customer, new.file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
            if record.version != new.version {
                return Err(CatalogError::Conflict("a newer version of the file has arrived"));
            }
            let is_locked = record.extraction.status == ExtractionStatus::Locked;
            if !is_locked || record.status != FileStatus::Active || record.scan != ScanStatus::Clean {
                return Err(CatalogError::Conflict("the file is not locked with a password"));
            }
            if record.unlock == Some(Unlock::Trying) {
                return Err(CatalogError::Conflict("a password is being tried"));
            }
            let scopes = [(&new.tried_at, &limits.file), (&new.tried_by, &limits.asker)];
            for (scope, bound) in scopes {
                if failures::failures(&mut tx, customer, scope, bound, now).await? >= i64::from(bound.failures) {
                    let refusal = AuditEntry { outcome: "too_many", ..entry.clone() };
                    audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), &refusal).await?;
                    tx.commit().await?;
                    return Ok(Begun::TooMany);
                }
            }
            for (scope, bound) in scopes {
                failures::count(&mut tx, &customer.to_string(), scope, bound, now).await?;
            }
            sql::query(
                "INSERT INTO unlocks (customer_id, file_id, version, password, text_key, asked_at) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (customer_id, file_id, version) DO UPDATE SET password = $4, text_key = $5, asked_at = $6",
            )
            .bind(customer.to_string())
            .bind(new.file.to_string())
            .bind(i64::from(new.version))
            .bind(&new.password)
            .bind(&new.text_key)
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            sql::query("UPDATE files SET unlock = 'trying' WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(new.file.to_string())
                .execute(&mut tx)
                .await?;
            // Whoever gives a password waits for what comes of it.
            let priority = if entry.call.is_some() { Priority::Call } else { Priority::Upload };
            let job = NewJob { id: new.job, customer, kind: JobKind::Unlock, file: new.file, version: new.version, priority };
            enqueue(&mut tx, &job, now).await?;
            touch(&mut tx, customer, new.file, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(Begun::Yes)
        })
        .await
    }

    /// The sealed password that a job is to try; `None` when it was tried.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn password_to_try(&self, job: &Job) -> Result<Option<String>, CatalogError> {
        let row: Option<(Option<String>,)> =
            sql::query("SELECT password FROM unlocks WHERE customer_id = $1 AND file_id = $2 AND version = $3")
                .bind(job.customer.to_string())
                .bind(job.file.to_string())
                .bind(i64::from(job.version))
                .fetch_optional(&mut self.read(job.customer).await?)
                .await?;
        Ok(row.and_then(|(password,)| password))
    }

    /// Ends the trying of a password with what came of it. `tried_at` is the name under which tries at the file are counted.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken the job over or the file has moved on meanwhile; else when it could not be
    /// committed.
    pub async fn end_unlock(&self, job: &Job, end: &UnlockEnd<'_>, tried_at: &str, entry: &AuditEntry) -> Result<(), CatalogError> {
        let (customer, file) = (job.customer, job.file);
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            hold_job(&mut tx, job).await?;
            let record = file_at(&mut tx, job).await?;
            if job.kind != JobKind::Unlock || record.status != FileStatus::Active || record.unlock != Some(Unlock::Trying) {
                return Err(CatalogError::Conflict("no password is being tried"));
            }
            leave_job(&mut tx, job, JobState::Done, None, None).await?;
            let event = match end {
                UnlockEnd::Opened(admission) => {
                    keep_reading(&mut tx, &record, admission, Some(Unlock::Opened)).await?;
                    give_back(&mut tx, customer, tried_at).await?;
                    Some(FileEvent::Unlocked)
                }
                UnlockEnd::Harmful(inside) => {
                    sql::query(
                        "UPDATE blobs SET scan_status = $3, scan_findings = $4, inside = $3, inside_findings = $4 \
                         WHERE customer_id = $1 AND id = $2",
                    )
                    .bind(customer.to_string())
                    .bind(record.blob.to_string())
                    .bind(inside.verdict.status.as_str())
                    .bind(list_json(&inside.verdict.findings))
                    .execute(&mut tx)
                    .await?;
                    if let Some(moved) = &inside.moved {
                        relocate(&mut tx, customer, record.blob, moved, now).await?;
                    }
                    close_all(&mut tx, customer, record.blob, now).await?;
                    None
                }
                UnlockEnd::Wrong(reason) => {
                    set_unlock(&mut tx, job, Unlock::Wrong, reason).await?;
                    Some(FileEvent::StillLocked)
                }
                UnlockEnd::Failed(reason) => {
                    set_unlock(&mut tx, job, Unlock::Failed, reason).await?;
                    Some(FileEvent::StillLocked)
                }
            };
            touch(&mut tx, customer, file, now).await?;
            if let Some(event) = event {
                tell(&mut tx, customer, file, &[event], now).await?;
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// What was found behind a password of these bytes, where it was harmful.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn harm_inside(&self, customer: CustomerId, blob: BlobId) -> Result<Option<(ScanStatus, Vec<String>)>, CatalogError> {
        let row: Option<(Option<String>, Option<String>)> =
            sql::query("SELECT inside, inside_findings FROM blobs WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(blob.to_string())
                .fetch_optional(&mut self.read(customer).await?)
                .await?;
        let Some((Some(status), findings)) = row else { return Ok(None) };
        let id = blob.to_string();
        let row = RowRef { table: "blobs", id: &id };
        let findings = findings.map_or(Ok(Vec::new()), |json| row.list(&json, |text| Some(text.to_owned())))?;
        Ok(Some((row.known(ScanStatus::parse(&status))?, findings)))
    }
}
