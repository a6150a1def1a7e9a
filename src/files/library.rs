//! Files as a program or a signed-in person handles them: listing, metadata, bytes, removal.

use super::hold::is_kept;
use super::{Files, FilesError, Handout, Subject};
use crate::catalog::{CatalogError, StageRecord};
use crate::domain::{AuditEntry, Decision, FileId, FileRecord, FileStatus, Person};
use crate::policy::{Action, Delete, Describe, Download, Find, Permit};

/// A file with everything its JSON shows.
#[derive(Debug, Clone)]
pub struct FileView {
    /// The file.
    pub file: FileRecord,
    /// Where its bytes lie.
    pub stored_path: String,
    /// Its owner; `None` for files of the customer as a whole.
    pub owner: Option<Person>,
    /// Whom it is shared with.
    pub shared_with: Vec<Person>,
    /// How far the stages of its present version are.
    pub stages: Vec<StageRecord>,
}

/// Files that one page looks at, at most, to find those that may be shown.
const MOST_LOOKED_AT: u32 = 1000;
/// What a sealed place is sealed for.
const PLACE: &str = "place in a list";

impl Files {
    pub(super) async fn known(&self, subject: &Subject, id: FileId, action: &'static str) -> Result<FileRecord, FilesError> {
        match self.0.catalog.file(subject.customer(), id).await? {
            Some(file) if file.status != FileStatus::Deleted => Ok(file),
            _ => Err(self.absent(subject, action, Some(id.to_string())).await?),
        }
    }

    pub(super) async fn view(&self, file: FileRecord) -> Result<FileView, FilesError> {
        let grants = self.0.catalog.grants(file.customer, file.id).await?;
        let (owner, shared_with) = self.holders(&file, &grants).await?;
        let stored_path = self.0.catalog.blob(file.customer, file.blob).await?.map(|blob| blob.object_key).unwrap_or_default();
        let stages = self.0.catalog.stages(file.customer, file.id, file.version).await?;
        Ok(FileView { file, stored_path, owner, shared_with, stages })
    }

    /// Files the subject may know of, after a place; the second value is the place to go on from. A
    /// place never tells of a file that the subject may not know of.
    ///
    /// # Errors
    /// `Invalid` for a place that is none; else when the catalog does not answer.
    pub async fn list_files(
        &self,
        subject: &Subject,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<FileView>, Option<String>), FilesError> {
        let limit = limit.clamp(1, 200);
        let mut place = after.map(|text| self.place(subject, text)).transpose()?;
        let policies = self.policies_of(subject.customer()).await?;
        let (mut shown, mut next, mut looked_at) = (Vec::new(), None, 0);
        'pages: loop {
            let page = self.0.catalog.files_after(subject.customer(), place, limit + 1).await?;
            let is_last = page.len() <= limit as usize;
            let ids: Vec<FileId> = page.iter().map(|file| file.id).collect();
            let grants = self.0.catalog.grants_of(subject.customer(), &ids).await?;
            for file in page {
                looked_at += 1;
                place = Some(file.id);
                let grants = grants.get(&file.id).map(Vec::as_slice).unwrap_or_default();
                if Self::decide::<Find>(&policies, subject, &file, grants).is_err() {
                    continue;
                }
                if shown.len() == limit as usize {
                    next = shown.last().map(|file: &FileRecord| file.id.to_string());
                    break 'pages;
                }
                shown.push(file);
            }
            if is_last {
                break;
            }
            if looked_at >= MOST_LOOKED_AT {
                next = place.and_then(|file| self.0.secrets.seal(subject.customer(), PLACE, &file.to_string()));
                break;
            }
        }
        let entry =
            AuditEntry { decision: Decision::Allow, reason: Some(format!("{} files", shown.len())), ..subject.entry("list_files", "done") };
        self.0.catalog.record(subject.customer(), &entry).await?;
        let mut views = Vec::with_capacity(shown.len());
        for file in shown {
            views.push(self.view(file).await?);
        }
        Ok((views, next))
    }

    /// A place in the list of files: the id of one that was shown, or a sealed one where none could be.
    fn place(&self, subject: &Subject, text: &str) -> Result<FileId, FilesError> {
        let opened = self.0.secrets.unseal(subject.customer(), PLACE, text);
        FileId::parse(opened.as_deref().unwrap_or(text))
            .map_err(|_| FilesError::Invalid { field: "after", reason: "is the `next` of the page before".to_owned() })
    }

    /// One file's metadata.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; else when the catalog does not answer.
    pub async fn metadata(&self, subject: &Subject, id: FileId) -> Result<FileView, FilesError> {
        let file = self.known(subject, id, "describe").await?;
        let permit = self.permit_or_refuse::<Describe>(subject, &file).await?;
        self.0.catalog.record(file.customer, &subject.file_entry("done", &file, &permit)).await?;
        self.view(file).await
    }

    async fn download(&self, subject: &Subject, id: FileId) -> Result<FileRecord, FilesError> {
        let file = self.known(subject, id, "download").await?;
        let permit = self.permit_or_refuse::<Download>(subject, &file).await?;
        let Some(error) = FilesError::by_state(&file) else {
            let entry = AuditEntry { bytes: Some(file.size), ..subject.file_entry("done", &file, &permit) };
            self.0.catalog.accessed(file.customer, file.id, &entry).await?;
            return Ok(file);
        };
        let entry = AuditEntry { reason: Some(error.to_string()), ..subject.file_entry("unavailable", &file, &permit) };
        self.0.catalog.record(file.customer, &entry).await?;
        Err(error)
    }

    /// The file's bytes, mostly as an address that lives for a minute.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `NotReady`, `Quarantined`, `Conflict` when adopted bytes are not those any
    /// more; else when catalog or store do not answer.
    pub async fn content(&self, subject: &Subject, id: FileId) -> Result<(FileView, Handout), FilesError> {
        let file = self.download(subject, id).await?;
        let blob = self.0.catalog.blob(file.customer, file.blob).await?.ok_or(FilesError::NotFound)?;
        let given = self.hand_out(subject, subject.origin.request.as_deref(), &file, &blob, &file.name).await;
        if let Err(error) = &given {
            let entry =
                AuditEntry { object: Some(id.to_string()), reason: Some(error.to_string()), ..subject.entry("download", "unavailable") };
            self.0.catalog.record(file.customer, &entry).await?;
        }
        Ok((self.view(file).await?, given?))
    }

    /// Marks a file deleted. Its bytes stay until they are swept.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `Held`; else when the catalog does not answer.
    pub async fn remove(&self, subject: &Subject, id: FileId) -> Result<(), FilesError> {
        let file = self.known(subject, id, "delete").await?;
        let permit = self.permit_or_refuse::<Delete>(subject, &file).await?;
        self.remove_as(subject, &file, &permit, "delete", None).await
    }

    /// Removes a file that may be, under the name of the use case that does.
    pub(super) async fn remove_as<A: Action>(
        &self,
        subject: &Subject,
        file: &FileRecord,
        permit: &Permit<A>,
        action: &'static str,
        why: Option<String>,
    ) -> Result<(), FilesError> {
        let entry = AuditEntry { action, reason: why, ..subject.file_entry("done", file, permit) };
        match self.0.catalog.delete_file(file.customer, file.id, &entry).await {
            Ok(()) => {
                self.0.changed.notify_waiters();
                Ok(())
            }
            Err(CatalogError::Conflict(reason)) => {
                let entry = AuditEntry { action, reason: Some(reason.to_owned()), ..subject.file_entry("refused", file, permit) };
                self.0.catalog.record(file.customer, &entry).await?;
                // A hold may have been placed since the file was looked at.
                let is_held = self.0.catalog.file(file.customer, file.id).await?.is_some_and(|file| is_kept(&file, self.now()));
                Err(if is_held { FilesError::Held { title: file.title.clone() } } else { FilesError::Conflict(reason) })
            }
            Err(error) => Err(error.into()),
        }
    }
}
