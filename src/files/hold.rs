//! Holds: a stop to every removal of a file, in whatever state it is, and its lifting.

use super::{Files, FilesError, Subject};
use crate::catalog::{CatalogError, HeldFile};
use crate::domain::{AuditEntry, FileId, FileRecord, FileStatus, Timestamp, clean_text};
use crate::policy::{Hold, ListHolds, Permit};

/// Longest reason, in characters.
const MAX_REASON: usize = 500;

/// Whether a hold or a retention stops the removal of a file.
pub(super) fn is_kept(file: &FileRecord, now: Timestamp) -> bool {
    file.hold || file.retention_until.is_some_and(|until| now < until)
}

/// A reason as it is kept.
fn reason(text: &str) -> Result<String, FilesError> {
    let text = clean_text(text, MAX_REASON);
    if text.is_empty() { Err(FilesError::Invalid { field: "reason", reason: "must say why".to_owned() }) } else { Ok(text) }
}

impl Files {
    /// Holds a file: until the hold is lifted nothing of it is removed, by nobody and no sweep. A file
    /// that was deleted can be held as long as its bytes were not let go.
    ///
    /// # Errors
    /// `Invalid` without a reason, `NotFound`, `Refused`, `Conflict` when it is held already or its
    /// bytes are gone; else when the catalog does not answer.
    pub async fn hold(&self, subject: &Subject, id: FileId, why: &str) -> Result<HeldFile, FilesError> {
        let why = reason(why)?;
        let (file, permit) = self.may_hold(subject, id).await?;
        let entry = AuditEntry { reason: Some(why.clone()), ..subject.file_entry("done", &file, &permit) };
        let held = self.0.catalog.hold_file(file.customer, id, &why, &entry).await;
        self.told(subject, &file, &permit, "hold", held).await?;
        Ok(HeldFile { file: id, title: file.title, status: file.status, reason: why, by: entry.actor.to_string(), since: self.now() })
    }

    /// Lifts the hold of a file. What was put off meanwhile, such as the removal of a deleted file's
    /// bytes, goes on by itself.
    ///
    /// # Errors
    /// `Invalid` without a reason, `NotFound`, `Refused`, `Conflict` when it is not held; else when the
    /// catalog does not answer.
    pub async fn lift_hold(&self, subject: &Subject, id: FileId, why: &str) -> Result<(), FilesError> {
        let why = reason(why)?;
        let (file, permit) = self.may_hold(subject, id).await?;
        let entry = AuditEntry { action: "lift_hold", reason: Some(why), ..subject.file_entry("done", &file, &permit) };
        let lifted = self.0.catalog.lift_hold(file.customer, id, &entry).await;
        self.told(subject, &file, &permit, "lift_hold", lifted).await
    }

    /// Files that are held, after the last one of the page before.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn held(&self, subject: &Subject, after: Option<FileId>, limit: u32) -> Result<Vec<HeldFile>, FilesError> {
        let permit = self.permit_customer::<ListHolds>(subject).await?;
        let entry = subject.allowed("list_holds", "done", &permit);
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(self.0.catalog.held_files(subject.customer(), after, limit).await?)
    }

    /// A file in whatever state, for whoever may hold it. To everybody else a deleted one is not there.
    async fn may_hold(&self, subject: &Subject, id: FileId) -> Result<(FileRecord, Permit<Hold>), FilesError> {
        let Some(file) = self.0.catalog.file(subject.customer(), id).await? else {
            return Err(self.absent(subject, "hold", Some(id.to_string())).await?);
        };
        match self.permit::<Hold>(subject, &file).await? {
            Ok(permit) => Ok((file, permit)),
            Err(_) if file.status == FileStatus::Deleted => Err(self.absent(subject, "hold", Some(id.to_string())).await?),
            Err(refusal) => Err(self.refused(subject, "hold", Some(id.to_string()), &refusal).await?),
        }
    }

    /// What came of it; that it could not be done has its record too.
    async fn told(
        &self,
        subject: &Subject,
        file: &FileRecord,
        permit: &Permit<Hold>,
        action: &'static str,
        outcome: Result<(), CatalogError>,
    ) -> Result<(), FilesError> {
        match outcome {
            Ok(()) => Ok(()),
            Err(CatalogError::Conflict(reason)) => {
                let entry = AuditEntry { action, reason: Some(reason.to_owned()), ..subject.file_entry("refused", file, permit) };
                self.0.catalog.record(file.customer, &entry).await?;
                Err(FilesError::Conflict(reason))
            }
            Err(error) => Err(error.into()),
        }
    }
}
