//! Pictures of what a file looks like: kept once for the same bytes, and shown to whoever may read the file.

use bytes::Bytes;
use futures::TryStreamExt as _;

use super::errand::Errand;
use super::{Files, FilesError, Subject, UnderInspection};
use crate::blob::{BlobError, ObjectKey};
use crate::catalog::{Drawing, Job, JobKind, JobState};
use crate::domain::{AuditEntry, FileId, FileRecord, Preview, PreviewSize, ScanStatus};
use crate::policy::{Describe, Read};

/// Of which type every picture is.
pub const PICTURE_TYPE: &str = "image/jpeg";
/// More than the largest picture has, in bytes.
const LARGEST: u64 = 8 << 20;

const NOT_YET: &str = "it is being drawn";
const OTHER_KIND: &str = "files of this kind are not shown";

impl Files {
    /// Whether there is nothing to draw any more: other files may have the same bytes. What may not be shown is not
    /// drawn either.
    pub(super) async fn is_drawn(&self, kind: JobKind, file: &FileRecord) -> Result<bool, FilesError> {
        if kind != JobKind::Preview {
            return Ok(false);
        }
        Ok(file.scan != ScanStatus::Clean || self.blob_of(file).await?.preview != Preview::NotYet)
    }

    /// Keeps pictures of a file.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when catalog or store do not answer.
    pub async fn keep_pictures(&self, job: &Job, under: &UnderInspection, page: Bytes, thumbnail: Bytes) -> Result<(), FilesError> {
        let file = &under.file;
        let store = self.store(Errand::of_worker(file.customer)).await?;
        for (size, bytes) in [(PreviewSize::Page, page), (PreviewSize::Thumbnail, thumbnail)] {
            store.put_bytes(&ObjectKey::preview(file.customer, file.blob, size), bytes).await?;
        }
        let entry = AuditEntry { version: Some(job.version), ..Self::worker_entry("draw", "done", file.id) };
        Ok(self.0.catalog.drawn(job, &Drawing::Made, &entry).await?)
    }

    /// Notes that a file cannot be drawn, and why.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when the catalog does not answer.
    pub async fn never_drawn(&self, job: &Job, under: &UnderInspection, reason: String) -> Result<(), FilesError> {
        let entry = AuditEntry {
            version: Some(job.version),
            reason: Some(reason.clone()),
            ..Self::worker_entry("draw", "not_possible", under.file.id)
        };
        Ok(self.0.catalog.drawn(job, &Drawing::Never(reason), &entry).await?)
    }

    /// A picture of the present version of a file.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `NotReady`, `Quarantined`, `NoPreview` when there is none (yet); else when catalog or
    /// store do not answer.
    pub async fn preview(&self, subject: &Subject, id: FileId, size: PreviewSize) -> Result<Bytes, FilesError> {
        let file = self.known(subject, id, "preview").await?;
        // Policies let nobody read what is not judged; whoever may know of the file is told that it is not.
        if let Some(error) = FilesError::by_state(&file) {
            let permit = self.permit_or_refuse::<Describe>(subject, &file).await?;
            let entry = AuditEntry { reason: Some(error.to_string()), ..subject.file_entry("unavailable", &file, &permit) };
            self.0.catalog.record(file.customer, &entry).await?;
            return Err(error);
        }
        let permit = self.permit_or_refuse::<Read>(subject, &file).await?;
        let shown = self.picture(subject, &file, size).await;
        let entry = match &shown {
            Ok(bytes) => AuditEntry {
                bytes: Some(bytes.len() as u64),
                reason: Some(size.as_str().to_owned()),
                ..subject.file_entry("shown", &file, &permit)
            },
            Err(error) => AuditEntry { reason: Some(error.to_string()), ..subject.file_entry("unavailable", &file, &permit) },
        };
        self.0.catalog.record(file.customer, &entry).await?;
        shown
    }

    async fn picture(&self, subject: &Subject, file: &FileRecord, size: PreviewSize) -> Result<Bytes, FilesError> {
        match self.blob_of(file).await?.preview {
            Preview::Made => {}
            Preview::Never(reason) => return Err(FilesError::NoPreview(reason)),
            Preview::NotYet => return Err(FilesError::NoPreview(self.why_not_yet(file).await?)),
        }
        let key = ObjectKey::preview(file.customer, file.blob, size);
        let object = self.store(subject).await?.get(&key, Some(0..LARGEST)).await?;
        let object = object.ok_or_else(|| FilesError::NoPreview("it is not where it was kept".to_owned()))?;
        let pieces: Vec<Bytes> = object.stream.try_collect().await.map_err(|source| BlobError::Body { source })?;
        Ok(Bytes::from(pieces.concat()))
    }

    async fn why_not_yet(&self, file: &FileRecord) -> Result<String, FilesError> {
        let stages = self.0.catalog.stages(file.customer, file.id, file.version).await?;
        let stage = stages.into_iter().find(|stage| stage.kind == JobKind::Preview);
        Ok(match stage {
            Some(stage) if stage.state == JobState::GivenUp => stage.reason.unwrap_or_else(|| OTHER_KIND.to_owned()),
            Some(_) => NOT_YET.to_owned(),
            None => OTHER_KIND.to_owned(),
        })
    }
}
