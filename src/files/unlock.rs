//! A password for a file that is locked with one: taken from whoever may edit the file, or from whoever sent it, tried by a
//! worker, and forgotten.
//!
//! INVARIANT: outside of memory a password is sealed, and only until it was tried. No record, event, log or answer holds it.

use bytes::Bytes;

use super::errand::Errand;
use super::moving::Goal;
use super::{Files, FilesError, Subject, UnderInspection, Understood, Uploader};
use crate::blob::ObjectKey;
use crate::catalog::{Begun, Bound, CatalogError, Inside, Job, NewUnlock, TryLimits, UnlockEnd};
use crate::domain::{AuditEntry, ExtractionStatus, FileId, FileRecord, JobId, Password, ScanStatus, ScanVerdict, Unlock, is_opened_here};
use crate::policy::{Organise, Permit};

/// Passwords that are tried: ten in an hour at one file, thirty in an hour by one asker. Both end by themselves, and a right
/// one empties the count of its file. At ten an hour a thousand common passwords take four days.
const LIMITS: TryLimits = TryLimits { file: Bound { failures: 10, seconds: 3600 }, asker: Bound { failures: 30, seconds: 3600 } };

/// What a file says of itself after a wrong password.
const WRONG: &str = "it is locked with a password, and the one that was given does not open it";
const NOT_LOCKED: &str = "the file is not locked with a password";
const OTHER_KIND: &str = "files of this kind are not unlocked here: PDF, Office and ZIP files are";
const TRYING: &str = "a password is being tried";
const TOO_MANY: &str = "too many passwords were tried; the next one is taken within the hour";

/// What came of trying a password.
#[derive(Debug, Clone)]
pub enum Unlocking {
    /// It fits.
    Opened {
        /// What was read.
        understood: Box<Understood>,
        /// What the scanner says of what was behind it.
        inside: ScanVerdict,
    },
    /// It does not fit.
    Wrong,
    /// It could not be tried, and why.
    Failed(String),
}

/// Whether a password can be given for a file now; else why not.
pub(super) fn may_be_tried(file: &FileRecord) -> Result<(), FilesError> {
    if let Some(error) = FilesError::by_state(file) {
        return Err(error);
    }
    if file.extraction.status != ExtractionStatus::Locked {
        return Err(FilesError::Conflict(NOT_LOCKED));
    }
    if !is_opened_here(&file.content_type) {
        return Err(FilesError::Conflict(OTHER_KIND));
    }
    if file.unlock == Some(Unlock::Trying) {
        return Err(FilesError::Conflict(TRYING));
    }
    Ok(())
}

impl Files {
    /// Takes a password for a file from whoever may edit it. What comes of it is told when it was tried.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; `NotReady`, `Quarantined`; `Conflict` when the file is not locked, cannot be unlocked here or one is
    /// being tried; `TooMany`; else when it could not be committed.
    pub async fn unlock(&self, subject: &Subject, id: FileId, password: &Password) -> Result<(), FilesError> {
        let file = self.known(subject, id, "unlock").await?;
        let permit = self.permit_or_refuse::<Organise>(subject, &file).await?;
        self.take_password(subject, &file, &permit, password).await
    }

    /// The same from whoever sent the file under a link.
    ///
    /// # Errors
    /// `NotFound` when it did not come under this link; else as [`Files::unlock`].
    pub async fn unlock_sent(&self, uploader: &Uploader, id: FileId, password: &Password) -> Result<(), FilesError> {
        let (subject, link) = (&uploader.subject, &uploader.link);
        let came = self.0.catalog.came_by(link.customer, link.id).await?;
        let Some(file) = came.into_iter().find(|file| file.id == id) else {
            return Err(self.absent(subject, "unlock", Some(id.to_string())).await?);
        };
        let permit = self.permit_or_refuse::<Organise>(subject, &file).await?;
        self.take_password(subject, &file, &permit, password).await
    }

    async fn take_password(
        &self,
        subject: &Subject,
        file: &FileRecord,
        permit: &Permit<Organise>,
        password: &Password,
    ) -> Result<(), FilesError> {
        let entry = AuditEntry { action: "unlock", ..subject.file_entry("asked", file, permit) };
        let refused = |error: FilesError| async {
            let entry = AuditEntry { outcome: "refused", reason: Some(error.to_string()), ..entry.clone() };
            self.0.catalog.record(file.customer, &entry).await?;
            Err(error)
        };
        if let Err(error) = may_be_tried(file) {
            return refused(error).await;
        }
        let customer = file.customer;
        let sealed = self.0.secrets.seal(customer, &purpose(file.id, file.version), password.expose());
        let new = NewUnlock {
            file: file.id,
            version: file.version,
            password: sealed.ok_or(FilesError::Sealed { what: "password" })?,
            // Known before there is one: whatever happens on the way, who forgets the file finds its text.
            text_key: ObjectKey::unlocked_text(customer, file.blob, file.id).as_str().to_owned(),
            tried_at: self.tried_at(file),
            tried_by: self.0.secrets.guesser(customer, &format!("unlock by {}", subject.actor)),
            job: JobId::new(&*self.0.clock, &*self.0.entropy),
        };
        match self.0.catalog.begin_unlock(customer, &new, &LIMITS, &entry).await {
            Ok(Begun::Yes) => {
                self.0.arrived.notify_one();
                self.0.changed.notify_waiters();
                Ok(())
            }
            Ok(Begun::TooMany) => Err(FilesError::TooMany(TOO_MANY)),
            Err(CatalogError::Conflict(reason)) => refused(FilesError::Conflict(reason)).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Under which name passwords for a file are counted.
    fn tried_at(&self, file: &FileRecord) -> String {
        self.0.secrets.guesser(file.customer, &format!("unlock {}", file.id))
    }

    /// The password that a job is to try; `None` when it is gone.
    ///
    /// # Errors
    /// `Sealed` when it was sealed under another server's secret; else when the catalog does not answer.
    pub async fn password_to_try(&self, job: &Job) -> Result<Option<Password>, FilesError> {
        let Some(sealed) = self.0.catalog.password_to_try(job).await? else { return Ok(None) };
        let opened = self.0.secrets.unseal(job.customer, &purpose(job.file, job.version), &sealed);
        opened.and_then(Password::parse).map(Some).ok_or(FilesError::Sealed { what: "password" })
    }

    /// Ends the trying of a password with what came of it. What was read is kept for this file alone: of other files of the same
    /// bytes nobody gave the password. What is harmful inside closes all of them, since they hold it as well.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when catalog or store do not answer.
    pub async fn end_unlock(&self, job: &Job, under: &UnderInspection, came: &Unlocking) -> Result<(), FilesError> {
        let file = &under.file;
        let entry = |outcome: &'static str, reason: Option<String>| AuditEntry {
            version: Some(job.version),
            content_hash: Some(file.checksum.hex()),
            reason,
            ..Self::worker_entry("unlock", outcome, file.id)
        };
        let tried_at = self.tried_at(file);
        let end = async |end: &UnlockEnd<'_>, entry: AuditEntry| self.0.catalog.end_unlock(job, end, &tried_at, &entry).await;
        match came {
            Unlocking::Wrong => end(&UnlockEnd::Wrong(WRONG), entry("wrong", None)).await?,
            Unlocking::Failed(reason) => end(&UnlockEnd::Failed(reason), entry("failed", Some(reason.clone()))).await?,
            Unlocking::Opened { understood, inside } => {
                let verdict = self.unless_released(file.customer, &file.checksum, inside.clone()).await?;
                let found = (!verdict.findings.is_empty()).then(|| verdict.findings.join(", "));
                if verdict.status == ScanStatus::Clean {
                    if !understood.text.is_empty() {
                        let key = ObjectKey::unlocked_text(file.customer, file.blob, file.id);
                        let text = Bytes::from(understood.text.clone());
                        self.store(Errand::of_worker(file.customer)).await?.put_bytes(&key, text).await?;
                    }
                    let admission = self.admission(file, understood).await?;
                    end(&UnlockEnd::Opened(&admission), entry("opened", found)).await?;
                } else {
                    let blob = self.blob_of(file).await?;
                    let moved = self.move_on(file.customer, &blob, Goal::Quarantine).await?;
                    let inside = Inside { verdict: &verdict, moved: moved.as_ref().map(|(moved, _)| moved.clone()) };
                    end(&UnlockEnd::Harmful(&inside), entry(verdict.status.as_str(), found)).await?;
                    self.leave(file.customer, moved).await;
                }
            }
        }
        self.0.changed.notify_waiters();
        Ok(())
    }
}

/// What a password is sealed for: one that is copied to another file's row opens as nothing.
fn purpose(file: FileId, version: u32) -> String {
    format!("password of {file} {version}")
}
