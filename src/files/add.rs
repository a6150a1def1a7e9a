//! Adding a file: bytes to the store first, then one row, then a job.

use super::errand::Errand;
use super::{FileView, Files, FilesError, Patience, Subject};
use crate::blob::{ObjectKey, Stored};
use crate::catalog::{AddedFile, CatalogError, Given, NewFile, Sender};
use crate::domain::{
    Actor, AuditEntry, BlobId, ChunkStream, Decision, FileId, FileName, FileStatus, Folder, JobId, Owner, PersonId, UploadId, UserId,
    clean_text,
};
use crate::policy::{Add, Describe, Permit};

/// A file that arrives.
#[derive(Debug, Clone)]
pub struct AddRequest {
    /// The name it has at the sender.
    pub name: FileName,
    /// Where it is to lie.
    pub folder: Folder,
    /// Whose it is; the customer's service user's when `None` and a program sends it, the caller's
    /// when a caller does.
    pub owner: Option<UserId>,
    /// What the sender knows of it.
    pub given: Given,
    /// The type the sender declared.
    pub content_type: Option<String>,
    /// The file that gets these bytes as its next version.
    pub replaces: Option<FileId>,
}

/// That something may be added, and whose it becomes.
pub(super) struct Allowed {
    permit: Permit<Add>,
    owner: Owner,
}

impl Allowed {
    /// Which policies allowed it, for the record.
    pub fn policies(&self) -> &str {
        self.permit.policies()
    }
}

/// Bytes that lie in the store and are no file yet.
pub(super) struct Arrived {
    /// The upload that brought them.
    pub upload: UploadId,
    /// Where they lie.
    pub key: ObjectKey,
    /// What they are.
    pub stored: Stored,
    /// The direct upload that becomes the file.
    pub closes: Option<UploadId>,
}

const MAX_TAGS: usize = 32;

fn cleaned(given: &Given) -> Given {
    let short = |text: &Option<String>| text.as_deref().map(|text| clean_text(text, 200)).filter(|text| !text.is_empty());
    Given {
        title: short(&given.title),
        author: short(&given.author),
        tags: given.tags.iter().map(|tag| clean_text(tag, 60)).filter(|tag| !tag.is_empty()).take(MAX_TAGS).collect(),
        category: given.category,
        topic: given.topic.clone(),
        created_date: given.created_date,
    }
}

/// Who is told what becomes of a file: whoever sent it in a call, or asked for it there.
fn sender(subject: &Subject) -> Option<Sender> {
    let call = subject.call.map(|call| (call, subject.epoch));
    // A link that brings a file is one that was made for uploads.
    let link = if let Actor::Link(link) = subject.actor { Some(link) } else { None };
    (call.is_some() || link.is_some()).then(|| Sender { call, user: subject.user(), link })
}

impl Files {
    /// Stores a file as it streams in. It may be found by name at once, and read after a clean verdict.
    ///
    /// # Errors
    /// `Refused` or `NotFound` without the right, `Blob` when the stream breaks, is too large, or the
    /// store fails: nothing is left of it then but an object that a sweep removes.
    pub async fn add(&self, subject: &Subject, request: &AddRequest, bytes: ChunkStream) -> Result<FileView, FilesError> {
        self.add_within(subject, request, bytes, self.0.settings.upload_limit).await
    }

    /// The same, of so many bytes at most.
    pub(super) async fn add_within(
        &self,
        subject: &Subject,
        request: &AddRequest,
        bytes: ChunkStream,
        limit: u64,
    ) -> Result<FileView, FilesError> {
        let customer = subject.customer();
        let allowed = self.may_add(subject, request).await?;
        let upload = UploadId::new(&*self.0.clock, &*self.0.entropy);
        let key = ObjectKey::upload(customer, upload, self.now());
        self.0.catalog.begin_upload(customer, upload, key.as_str()).await?;
        let stored = match self.take_bytes(subject, &key, bytes, limit).await {
            Ok(stored) => stored,
            Err(error) => {
                self.abandon(subject, upload, &key, "failed", &error.to_string()).await;
                return Err(error);
            }
        };
        self.make_file(subject, request, &allowed, Arrived { upload, key, stored, closes: None }).await
    }

    /// Stores what streams in; that may take as long as bytes come.
    async fn take_bytes(&self, subject: &Subject, key: &ObjectKey, bytes: ChunkStream, limit: u64) -> Result<Stored, FilesError> {
        let store = self.store(Errand::waited_for(subject.customer(), Patience::WhileBytesMove)).await?;
        Ok(store.put(key, bytes, limit).await?)
    }

    /// Whether the subject may add this, and whose it becomes.
    pub(super) async fn may_add(&self, subject: &Subject, request: &AddRequest) -> Result<Allowed, FilesError> {
        let customer = subject.customer();
        let permit = match request.replaces {
            None => self.permit_customer::<Add>(subject).await?,
            Some(file) => {
                let Some(record) = self.0.catalog.file(customer, file).await?.filter(|found| found.status != FileStatus::Deleted) else {
                    return Err(self.absent(subject, "add", Some(file.to_string())).await?);
                };
                self.permit_or_refuse::<Add>(subject, &record).await?
            }
        };
        if let Some(topic) = &request.given.topic {
            self.topic_there(customer, topic).await?;
        }
        let owner = match (request.owner, subject.user()) {
            (Some(owner), user) if user.is_none() || user == Some(owner) => {
                if self.0.catalog.person(customer, PersonId::User(owner)).await?.is_none() {
                    return Err(FilesError::Invalid { field: "owner", reason: "is not a user of this customer".to_owned() });
                }
                Owner::User(owner)
            }
            (Some(_), _) => {
                return Err(FilesError::Invalid { field: "owner", reason: "a caller adds own files only".to_owned() });
            }
            (None, Some(user)) => Owner::User(user),
            (None, None) => Owner::Service,
        };
        Ok(Allowed { permit, owner })
    }

    /// Makes a file, or the next version of one, of bytes that lie in the store.
    pub(super) async fn make_file(
        &self,
        subject: &Subject,
        request: &AddRequest,
        allowed: &Allowed,
        arrived: Arrived,
    ) -> Result<FileView, FilesError> {
        let customer = subject.customer();
        let (clock, entropy) = (&*self.0.clock, &*self.0.entropy);
        let Arrived { upload, key, stored, closes } = arrived;
        let given = cleaned(&request.given);
        let id = request.replaces.unwrap_or_else(|| FileId::new(clock, entropy));
        let new = NewFile {
            id,
            customer,
            owner: allowed.owner,
            folder: request.folder.clone(),
            name: request.name.clone(),
            working_title: given.title.clone().unwrap_or_else(|| request.name.stem().to_owned()),
            given,
            content_type: request.content_type.clone().map_or_else(|| "application/octet-stream".to_owned(), |text| clean_text(&text, 100)),
            blob: BlobId::new(clock, entropy),
            content_key: self.0.secrets.content_key(customer, &stored.checksum),
            object_key: key.as_str().to_owned(),
            adopted: None,
            size: stored.size,
            checksum: stored.checksum,
            upload: Some(upload),
            job: JobId::new(clock, entropy),
            closes,
            sender: sender(subject),
        };
        let entry = AuditEntry {
            object: Some(id.to_string()),
            content_hash: Some(stored.checksum.hex()),
            bytes: Some(stored.size),
            on_behalf_of: request.owner.filter(|owner| subject.user() != Some(*owner)).map(|owner| owner.to_string()),
            decision: Decision::Allow,
            policy: Some(allowed.permit.policies().to_owned()),
            ..subject.entry("add", "done")
        };
        let AddedFile { duplicate, .. } = match self.0.catalog.add_file(&new, &entry).await {
            // INVARIANT: whoever has two uploads of one object must not remove it by a conflict of the
            // second; see `direct.rs`.
            Err(CatalogError::Conflict(reason)) if closes.is_some() => return Err(FilesError::Conflict(reason)),
            // The version before is still under way, the file is gone, or there is no room: these bytes are of no use.
            Err(error @ (CatalogError::Conflict(reason) | CatalogError::Full(reason))) if closes.is_none() => {
                self.abandon(subject, upload, &key, "refused", reason).await;
                return Err(match error {
                    CatalogError::Conflict(reason) => FilesError::Conflict(reason),
                    error => error.into(),
                });
            }
            added => added?,
        };
        if duplicate {
            self.drop_spare(subject, upload, &key).await;
        }
        self.0.arrived.notify_waiters();
        self.0.changed.notify_waiters();
        self.view_of_added(subject, id).await
    }

    /// What somebody learns of a file that he added.
    pub(super) async fn view_of_added(&self, subject: &Subject, id: FileId) -> Result<FileView, FilesError> {
        let file = self.0.catalog.file(subject.customer(), id).await?.ok_or(FilesError::NotFound)?;
        // Somebody who may write and not read learns what he sent, and no more.
        match self.permit::<Describe>(subject, &file).await? {
            Ok(_) => self.view(file).await,
            Err(_) => Ok(FileView { file, stored_path: String::new(), owner: None, shared_with: Vec::new(), stages: Vec::new() }),
        }
    }

    /// Removes the object of bytes the customer already had. The file is committed; a spare object costs space only.
    pub(super) async fn drop_spare(&self, subject: &Subject, upload: UploadId, key: &ObjectKey) {
        let entry = AuditEntry { object: Some(upload.to_string()), ..subject.entry("drop_upload", "done") };
        let dropped = match self.remove_object(subject, key).await {
            Ok(()) => self.0.catalog.abandon_upload(subject.customer(), upload, &entry).await.map_err(FilesError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = dropped {
            tracing::warn!(upload.id = %upload, error = %error, "a spare upload stays until it is swept");
        }
    }

    /// Removes the object of an upload that became no file, and records why.
    async fn abandon(&self, subject: &Subject, upload: UploadId, key: &ObjectKey, outcome: &'static str, reason: &str) {
        let entry = AuditEntry { object: Some(upload.to_string()), reason: Some(reason.to_owned()), ..subject.entry("add", outcome) };
        let recorded = match self.remove_object(subject, key).await {
            Ok(()) => self.0.catalog.abandon_upload(subject.customer(), upload, &entry).await,
            Err(error) => {
                tracing::warn!(upload.id = %upload, error = %error, "broken upload stays until it is swept");
                self.0.catalog.record(subject.customer(), &entry).await
            }
        };
        if let Err(error) = recorded {
            tracing::warn!(upload.id = %upload, error = %error, "a broken upload could not be recorded; it stays until it is swept");
        }
    }
}
