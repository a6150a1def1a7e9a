//! What whoever opens an upload link may do: see what is asked for, send files, whole or in parts, and see what
//! became of them.
//!
//! A link acts for the user who asked: what arrives is his, by his rights of that moment. In the record the actor
//! is the link.

use bytes::Bytes;

use super::secrets::token_hash;
use super::unlock::may_be_tried;
use super::{AddRequest, Files, FilesError, Patience, Subject, UploadTerms};
use crate::blob::BlobError;
use crate::catalog::{Given, UploadLink};
use crate::domain::{
    Actor, AuditEntry, ChunkStream, Decision, Door, ExtractionStatus, FileId, FileName, FileRecord, FileStatus, Origin, Permission,
    Permissions, PersonId, ScanStatus, Timestamp, Unlock, UploadId,
};
use crate::policy::{Conditions, Principal, PrincipalKind};

/// Somebody who opened a living upload link.
#[derive(Debug, Clone)]
pub struct Uploader {
    pub(super) subject: Subject,
    pub(super) link: UploadLink,
}

/// What the page of an upload link shows.
#[derive(Debug, Clone)]
pub struct UploadFace {
    /// The customer's name.
    pub from: String,
    /// Who asks.
    pub asked_by: String,
    /// What is wanted, in the caller's words.
    pub what: Option<String>,
    /// Bytes of a file, at most.
    pub most_bytes: u64,
    /// Files that may still come.
    pub left: u32,
    /// Until when.
    pub expires_at: Timestamp,
    /// What came so far.
    pub came: Vec<Came>,
}

/// A file that came under a link, as its sender may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// Which.
    pub file: FileId,
    /// The name it came with.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// What became of it.
    pub state: CameState,
    /// Whether its sender may give a password for it now.
    pub may_unlock: bool,
}

/// What became of a file that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameState {
    /// It is being checked.
    Checking,
    /// It was checked, and is clean.
    Ready,
    /// It was checked and is clean; it is locked with a password.
    Closed,
    /// The same, and a password is being tried.
    Trying,
    /// The same, and the password that was given does not open it.
    WrongPassword,
    /// It was checked and is clean; a password opened it, and it was read.
    Opened,
    /// It was checked and is clean; its text could not be read.
    Unread,
    /// It looked harmful, and is locked away.
    LockedAway,
    /// The check did not work; nobody can open it until it does.
    Unchecked,
}

impl CameState {
    /// What a file's state means to whoever waits for it.
    pub const fn of(file: &FileRecord) -> Self {
        match (file.status, file.scan) {
            (FileStatus::Active, _) if matches!(file.extraction.status, ExtractionStatus::Locked) => match file.unlock {
                Some(Unlock::Trying) => Self::Trying,
                Some(Unlock::Wrong) => Self::WrongPassword,
                Some(Unlock::Opened | Unlock::Failed) | None => Self::Closed,
            },
            (FileStatus::Active, _) if matches!(file.unlock, Some(Unlock::Opened)) => Self::Opened,
            (FileStatus::Active, _) if matches!(file.extraction.status, ExtractionStatus::Failed) => Self::Unread,
            (FileStatus::Quarantined, _) => Self::LockedAway,
            (FileStatus::Uploading | FileStatus::Scanning, ScanStatus::Failed) => Self::Unchecked,
            (FileStatus::Uploading | FileStatus::Scanning | FileStatus::Processing, _) => Self::Checking,
            (FileStatus::Active | FileStatus::Archived | FileStatus::Restoring | FileStatus::Expired | FileStatus::Deleted, _) => {
                Self::Ready
            }
        }
    }
}

/// An upload in parts that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Which.
    pub id: UploadId,
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// How many parts there are.
    pub count: u32,
    /// Those that have arrived, in order.
    pub arrived: Vec<u32>,
    /// Until when the rest may come.
    pub expires_at: Timestamp,
}

fn came(file: &FileRecord) -> Came {
    Came {
        file: file.id,
        name: file.name.as_str().to_owned(),
        size: file.size,
        state: CameState::of(file),
        may_unlock: may_be_tried(file).is_ok(),
    }
}

/// Slugs are far shorter.
const MAX_SLUG: usize = 64;
const FULL: &str = "the link takes no more files";

impl Uploader {
    fn about(&self, name: FileName, content_type: Option<String>) -> AddRequest {
        AddRequest { name, folder: self.link.folder.clone(), owner: None, given: Given::default(), content_type, replaces: None }
    }
}

impl Files {
    /// Who a living upload link makes of somebody; `None` where there is no such link, or it has ended: the same to
    /// whoever holds it.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn uploader(&self, slug: &str, origin: Origin, patience: Patience) -> Result<Option<Uploader>, FilesError> {
        if slug.is_empty() || slug.len() > MAX_SLUG {
            return Ok(None);
        }
        let Some(link) = self.0.catalog.upload_link(&token_hash(slug)).await? else { return Ok(None) };
        let user = link.asked_by;
        // Nothing is sent to somebody who is no user any more.
        let standing = self.standing(link.customer, user).await?;
        let is_alive = link.is_alive(self.now()) && standing.is_some();
        let (roles, teams) = standing.unwrap_or_default();
        let subject = Subject {
            principal: Principal {
                kind: PrincipalKind::User { id: user, roles, teams },
                customer: link.customer,
                // It brings, and reads nothing.
                permissions: Permissions::only([Permission::Write]),
            },
            actor: Actor::Link(link.id),
            call: link.call.map(|(call, _)| call),
            epoch: link.call.map_or(0, |(_, epoch)| epoch),
            origin,
            assurance: None,
            conditions: Conditions { external: true, ..Conditions::at(Door::Page, self.now()) },
            patience,
            opened: Vec::new(),
        };
        if !is_alive {
            let entry = AuditEntry { object: Some(link.id.to_string()), ..subject.entry("open_upload_link", "ended") };
            self.0.catalog.record(link.customer, &entry).await?;
            return Ok(None);
        }
        Ok(Some(Uploader { subject, link }))
    }

    /// What the page of a link shows.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn upload_face(&self, uploader: &Uploader) -> Result<UploadFace, FilesError> {
        let link = &uploader.link;
        let entry = AuditEntry {
            object: Some(link.id.to_string()),
            decision: Decision::Allow,
            ..uploader.subject.entry("open_upload_link", "done")
        };
        self.0.catalog.record(link.customer, &entry).await?;
        let customer = self.0.catalog.customer(link.customer).await?.ok_or(FilesError::NotFound)?;
        let person = self.0.catalog.person(link.customer, PersonId::User(link.asked_by)).await?.ok_or(FilesError::NotFound)?;
        Ok(UploadFace {
            from: customer.name,
            asked_by: person.name,
            what: link.what.clone(),
            most_bytes: self.most_bytes(link),
            left: link.most_files.saturating_sub(link.files),
            expires_at: link.expires_at,
            came: self.came(uploader).await?,
        })
    }

    /// What came under a link, and what became of it. No record: that the link was opened has one.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn came(&self, uploader: &Uploader) -> Result<Vec<Came>, FilesError> {
        let link = &uploader.link;
        Ok(self.0.catalog.came_by(link.customer, link.id).await?.iter().map(came).collect())
    }

    fn most_bytes(&self, link: &UploadLink) -> u64 {
        link.most_bytes.min(self.0.settings.upload_limit)
    }

    /// Bytes of a part; what is no larger comes whole.
    pub fn part_bytes(&self) -> u64 {
        self.0.settings.direct_part
    }

    /// That a link takes one more file of this size, where it is known.
    async fn expect_room(&self, uploader: &Uploader, size: Option<u64>) -> Result<(), FilesError> {
        let link = &uploader.link;
        let limit = self.most_bytes(link);
        let error = if size.is_some_and(|size| size > limit) {
            FilesError::from(BlobError::TooLarge { limit })
        } else if link.files >= link.most_files {
            FilesError::Conflict(FULL)
        } else {
            return Ok(());
        };
        let entry =
            AuditEntry { object: Some(link.id.to_string()), reason: Some(error.to_string()), ..uploader.subject.entry("add", "refused") };
        self.0.catalog.record(link.customer, &entry).await?;
        Err(error)
    }

    /// Stores a file that comes whole, as it streams in.
    ///
    /// # Errors
    /// `Conflict` when the link takes no more, `TooLarge`; `Refused` when who asked may add nothing any more; else as
    /// [`Files::add`].
    pub async fn receive(
        &self,
        uploader: &Uploader,
        name: FileName,
        content_type: Option<String>,
        size: Option<u64>,
        bytes: ChunkStream,
    ) -> Result<Came, FilesError> {
        self.expect_room(uploader, size).await?;
        let request = uploader.about(name, content_type);
        let view = self.add_within(&uploader.subject, &request, bytes, self.most_bytes(&uploader.link)).await?;
        Ok(came(&view.file))
    }

    /// Begins a file that comes in parts, so that it can go on after it broke off.
    ///
    /// # Errors
    /// As [`Files::receive`], and `TooMany` when the link has too many begun.
    pub async fn begin_sending(
        &self,
        uploader: &Uploader,
        name: FileName,
        content_type: Option<String>,
        size: u64,
    ) -> Result<Sending, FilesError> {
        self.expect_room(uploader, Some(size)).await?;
        let terms = UploadTerms { about: uploader.about(name, content_type), size, checksum: None };
        let (id, part_size, count, expires_at) = self.begin_in_parts(&uploader.subject, &terms).await?;
        Ok(Sending { id, part_size, count, arrived: Vec::new(), expires_at })
    }

    /// How far an upload in parts is.
    ///
    /// # Errors
    /// `NotFound` when this link began no such upload, `Conflict` when it is over.
    pub async fn sending(&self, uploader: &Uploader, id: UploadId) -> Result<Sending, FilesError> {
        let (part_size, count, arrived, expires_at) = self.arrived_in_parts(&uploader.subject, id).await?;
        Ok(Sending { id, part_size, count, arrived, expires_at })
    }

    /// Takes one part. The same part may come again: the last one counts.
    ///
    /// # Errors
    /// `NotFound` when this link began no such upload, `Conflict` when it is over, `Invalid` for a part that is none of
    /// it or has another size; else when catalog or store do not answer.
    pub async fn take_part(&self, uploader: &Uploader, id: UploadId, number: u32, bytes: Bytes) -> Result<(), FilesError> {
        self.bring_part(&uploader.subject, id, number, bytes).await
    }

    /// Makes a file of an upload in parts. Asked again, it answers the same file.
    ///
    /// # Errors
    /// As [`Files::complete_direct`]; `Conflict` when the link takes no more.
    pub async fn finish_sending(&self, uploader: &Uploader, id: UploadId) -> Result<Came, FilesError> {
        let view = self.complete_direct(&uploader.subject, id, None).await?;
        Ok(came(&view.file))
    }

    /// Gives an upload in parts up.
    ///
    /// # Errors
    /// As [`Files::give_up_direct`].
    pub async fn stop_sending(&self, uploader: &Uploader, id: UploadId) -> Result<(), FilesError> {
        self.give_up_direct(&uploader.subject, id).await
    }
}
