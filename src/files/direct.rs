//! Direct uploads: a browser or a device sends the bytes straight to the store, by requests that we
//! signed; what arrived is checked and becomes a file as any other.

use bytes::Bytes;
use futures::TryStreamExt;
use jiff::SignedDuration;
use ring::digest::{self, SHA256};

use super::add::{AddRequest, Allowed, Arrived};
use super::{Files, FilesError, Subject};
use crate::blob::{ArrivedPart, BlobError, Facts, ObjectKey, PutTerms, SignedRequest, Stored};
use crate::catalog::{CatalogError, DirectState, DirectUpload, MostOpen};
use crate::domain::{Actor, AuditEntry, Checksum, Decision, Timestamp, UploadId};
use crate::files::FileView;

/// How long a direct upload may be completed: less than the day after which a sweep removes what
/// never became a file.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(6);
/// How long completing may take before somebody else may try: the largest file is read once.
const COMPLETING: SignedDuration = SignedDuration::from_mins(15);
/// Uploads that one link may have open at once.
const OPEN_BY_LINK: u32 = 20;
/// Parts whose requests are signed at once.
const PAGE: u32 = 100;
/// Most parts of one object: S3's own limit.
const MAX_PARTS: u64 = 10_000;

/// What is promised of a direct upload.
#[derive(Debug, Clone)]
pub struct UploadTerms {
    /// The file it is to become.
    pub about: AddRequest,
    /// Its bytes, exactly.
    pub size: u64,
    /// Its SHA-256, where the sender knows it.
    pub checksum: Option<Checksum>,
}

/// A direct upload that waits for its bytes.
#[derive(Debug, Clone)]
pub struct OpenUpload {
    /// Which.
    pub id: UploadId,
    /// Until when it may be completed.
    pub expires_at: Timestamp,
    /// How its bytes are sent.
    pub way: Way,
}

/// How the bytes of a direct upload are sent.
#[derive(Debug, Clone)]
pub enum Way {
    /// In one request.
    Whole {
        /// The request.
        request: SignedRequest,
        /// When the store stops taking it.
        expires_at: Timestamp,
    },
    /// In parts.
    Parts(PartsPage),
}

/// Requests for some of the parts.
#[derive(Debug, Clone)]
pub struct PartsPage {
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// How many parts there are in all.
    pub count: u32,
    /// The requests of this page, in order.
    pub parts: Vec<PartRequest>,
    /// When the store stops taking these requests.
    pub expires_at: Timestamp,
    /// After which part the next page begins, when there is one.
    pub next: Option<u32>,
}

/// The request that brings one part.
#[derive(Debug, Clone)]
pub struct PartRequest {
    /// From 1.
    pub number: u32,
    /// Its bytes, exactly.
    pub size: u64,
    /// The request.
    pub request: SignedRequest,
}

/// A part that the sender says he sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartClaim {
    /// From 1.
    pub number: u32,
    /// What the store called it.
    pub etag: String,
}

/// The sizes of the parts of an upload, in order.
fn plan(size: u64, part: u64) -> impl Iterator<Item = (u32, u64)> {
    (1..=count(size, part)).map(move |number| (number, size.saturating_sub(u64::from(number - 1).saturating_mul(part)).min(part)))
}

fn count(size: u64, part: u64) -> u32 {
    u32::try_from(size.div_ceil(part.max(1))).unwrap_or(u32::MAX)
}

/// Whether exactly the parts of the plan have arrived, and those that the sender names are these.
fn agrees(upload: &DirectUpload, part: u64, arrived: &[ArrivedPart], claimed: Option<&[PartClaim]>) -> bool {
    let planned = plan(upload.size, part).eq(arrived.iter().map(|part| (part.number, part.size)));
    let bare = |etag: &str| etag.trim_matches('"').to_owned();
    let is_there = |claim: &PartClaim| arrived.iter().any(|part| part.number == claim.number && bare(&part.etag) == bare(&claim.etag));
    planned && claimed.is_none_or(|claims| claims.len() == arrived.len() && claims.iter().all(is_there))
}

impl Files {
    /// Begins a direct upload, and signs what is sent to the store.
    ///
    /// # Errors
    /// `Refused` or `NotFound` without the right, `Invalid` and `TooLarge` for what cannot become a
    /// file, `TooMany` when the customer has too many open; else when catalog or store do not answer.
    pub async fn begin_direct(&self, subject: &Subject, terms: &UploadTerms) -> Result<OpenUpload, FilesError> {
        let upload = self.open_direct(subject, terms, self.0.settings.direct_whole).await?;
        self.signed(subject, &upload, 0).await
    }

    /// Begins an upload whose parts come through us; its id, the size of a part, their number and until when they
    /// may come.
    pub(super) async fn begin_in_parts(
        &self,
        subject: &Subject,
        terms: &UploadTerms,
    ) -> Result<(UploadId, u64, u32, Timestamp), FilesError> {
        let upload = self.open_direct(subject, terms, 0).await?;
        let (_, part) = parts_of(&upload)?;
        Ok((upload.id, part, count(upload.size, part), upload.expires_at))
    }

    /// How far an upload whose parts come through us is: the size of a part, how many there are, which have arrived,
    /// and until when the others may.
    pub(super) async fn arrived_in_parts(&self, subject: &Subject, id: UploadId) -> Result<(u64, u32, Vec<u32>, Timestamp), FilesError> {
        let upload = self.own_direct(subject, id, "look_at_upload").await?;
        self.expect_open(subject, &upload).await?;
        let (store_id, part) = parts_of(&upload)?;
        let arrived = self.store(subject).await?.arrived_parts(&key_of(&upload)?, store_id).await?.unwrap_or_default();
        let is_whole = |arrived: &&ArrivedPart| plan(upload.size, part).any(|planned| planned == (arrived.number, arrived.size));
        let numbers = arrived.iter().filter(is_whole).map(|part| part.number).collect();
        Ok((part, count(upload.size, part), numbers, upload.expires_at))
    }

    /// Sends one part of an upload on to the store.
    pub(super) async fn bring_part(&self, subject: &Subject, id: UploadId, number: u32, bytes: Bytes) -> Result<(), FilesError> {
        let upload = self.own_direct(subject, id, "bring_part").await?;
        self.expect_open(subject, &upload).await?;
        let (store_id, part) = parts_of(&upload)?;
        let wanted = plan(upload.size, part).find(|(planned, _)| *planned == number).map(|(_, size)| size);
        if wanted != Some(bytes.len() as u64) {
            let reason = wanted.map_or_else(|| "is none of this upload".to_owned(), |size| format!("has {size} bytes"));
            return Err(FilesError::Invalid { field: "part", reason });
        }
        Ok(self.store(subject).await?.send_part(&key_of(&upload)?, store_id, number, bytes).await?)
    }

    /// Notes an upload before its bytes come: of one object, or of parts where it has more bytes than `whole`.
    async fn open_direct(&self, subject: &Subject, terms: &UploadTerms, whole: u64) -> Result<DirectUpload, FilesError> {
        let customer = subject.customer();
        let allowed = self.may_add(subject, &terms.about).await?;
        let settings = &self.0.settings;
        if terms.size > settings.upload_limit {
            return Err(BlobError::TooLarge { limit: settings.upload_limit }.into());
        }
        let id = UploadId::new(&*self.0.clock, &*self.0.entropy);
        let key = ObjectKey::upload(customer, id, self.now());
        let part = settings.direct_part.max(terms.size.div_ceil(MAX_PARTS));
        let parts = if terms.size > whole { Some((self.store(subject).await?.begin_parts(&key).await?, part)) } else { None };
        let upload = DirectUpload {
            id,
            customer,
            object_key: key.as_str().to_owned(),
            parts,
            size: terms.size,
            checksum: terms.checksum,
            name: terms.about.name.clone(),
            folder: terms.about.folder.clone(),
            owner: terms.about.owner,
            given: terms.about.given.clone(),
            content_type: terms.about.content_type.clone(),
            replaces: terms.about.replaces,
            begun_by: subject.actor.to_string(),
            state: DirectState::Open,
            expires_at: self.now().saturating_add(OPEN_FOR).unwrap_or(Timestamp::MAX),
        };
        let entry = AuditEntry {
            object: Some(id.to_string()),
            bytes: Some(terms.size),
            decision: Decision::Allow,
            policy: Some(allowed.policies().to_owned()),
            ..subject.entry("begin_upload", "done")
        };
        let begun = self.0.catalog.begin_direct(&upload, self.most_open(subject), &entry).await;
        if !matches!(begun, Ok(true))
            && let Some((parts, _)) = &upload.parts
        {
            self.store(subject).await?.abort_parts(&key, parts).await?;
        }
        if let Err(CatalogError::Full(reason)) = begun {
            let entry = AuditEntry { reason: Some(reason.to_owned()), ..subject.entry("begin_upload", "refused") };
            self.0.catalog.record(customer, &entry).await?;
        }
        if !begun? {
            let reason = "too many direct uploads are open; complete some or give them up";
            let entry = AuditEntry { reason: Some(reason.to_owned()), ..subject.entry("begin_upload", "refused") };
            self.0.catalog.record(customer, &entry).await?;
            return Err(FilesError::TooMany(reason));
        }
        Ok(upload)
    }

    /// The requests of an open upload, signed again; of parts, those after `after`.
    ///
    /// # Errors
    /// `NotFound` to all but who began it; `Conflict` when it is not open any more; else when catalog
    /// or store do not answer.
    pub async fn direct_requests(&self, subject: &Subject, id: UploadId, after: u32) -> Result<OpenUpload, FilesError> {
        let upload = self.own_direct(subject, id, "sign_upload").await?;
        self.expect_open(subject, &upload).await?;
        let allowed = self.may_add(subject, &about(&upload)).await?;
        let entry = AuditEntry {
            object: Some(id.to_string()),
            decision: Decision::Allow,
            policy: Some(allowed.policies().to_owned()),
            ..subject.entry("sign_upload", "done")
        };
        self.0.catalog.record(subject.customer(), &entry).await?;
        self.signed(subject, &upload, after).await
    }

    /// How many direct uploads may be open at once: of a link fewer, and they are no others' concern.
    fn most_open(&self, subject: &Subject) -> MostOpen {
        match subject.actor {
            Actor::Link(_) => MostOpen::OfSender(OPEN_BY_LINK),
            _ => MostOpen::OfCustomer(self.0.settings.direct_open),
        }
    }

    async fn signed(&self, subject: &Subject, upload: &DirectUpload, after: u32) -> Result<OpenUpload, FilesError> {
        let (key, store) = (key_of(upload)?, self.store(subject).await?);
        let until = |request: &SignedRequest| {
            let lifetime = SignedDuration::try_from(request.lifetime).unwrap_or(SignedDuration::ZERO);
            self.now().saturating_add(lifetime).unwrap_or(Timestamp::MAX)
        };
        let way = match &upload.parts {
            None => {
                let terms = PutTerms { size: upload.size, checksum: upload.checksum, content_type: upload.content_type.clone() };
                let request = store.presign_put(&key, &terms).await?;
                Way::Whole { expires_at: until(&request), request }
            }
            Some((store_id, part_size)) => {
                let mut parts = Vec::new();
                let page = plan(upload.size, *part_size).filter(|(number, _)| *number > after).take(PAGE as usize);
                for (number, size) in page {
                    let terms = PutTerms { size, checksum: None, content_type: None };
                    let request = store.presign_part(&key, store_id, number, &terms).await?;
                    parts.push(PartRequest { number, size, request });
                }
                let count = count(upload.size, *part_size);
                let last = parts.last().map(|part| part.number);
                let expires_at = parts.first().map_or(upload.expires_at, |part| until(&part.request));
                Way::Parts(PartsPage { part_size: *part_size, count, parts, expires_at, next: last.filter(|last| *last < count) })
            }
        };
        Ok(OpenUpload { id: upload.id, expires_at: upload.expires_at, way })
    }

    /// Makes a file of what arrived, once it is what was promised. Asked again after it was done, it
    /// answers the same file.
    ///
    /// # Errors
    /// `NotFound` to all but who began it; `Conflict` while bytes are missing, while it is being
    /// completed, and when it is over; `Invalid` when what arrived is something else: it is removed
    /// then. Else when catalog or store do not answer; it can be completed later.
    pub async fn complete_direct(&self, subject: &Subject, id: UploadId, parts: Option<&[PartClaim]>) -> Result<FileView, FilesError> {
        let upload = self.own_direct(subject, id, "add").await?;
        if let DirectState::Done(file) = upload.state {
            let entry = AuditEntry { object: Some(id.to_string()), ..subject.entry("complete_upload", "again") };
            self.0.catalog.record(subject.customer(), &entry).await?;
            return self.view_of_added(subject, file).await;
        }
        self.expect_open(subject, &upload).await?;
        let request = about(&upload);
        let allowed = self.may_add(subject, &request).await?;
        let until = self.now().saturating_add(COMPLETING).unwrap_or(Timestamp::MAX);
        if !self.0.catalog.claim_direct(upload.customer, id, until).await? {
            return self.not_now(subject, id, "the upload is being completed").await;
        }
        match self.take_in(subject, &upload, &request, &allowed, parts).await {
            Ok(view) => Ok(view),
            Err(error) => {
                let entry = AuditEntry {
                    object: Some(id.to_string()),
                    reason: Some(error.to_string()),
                    ..subject.entry("complete_upload", "failed")
                };
                self.0.catalog.release_direct(upload.customer, id, &entry).await?;
                Err(error)
            }
        }
    }

    async fn take_in(
        &self,
        subject: &Subject,
        upload: &DirectUpload,
        request: &AddRequest,
        allowed: &Allowed,
        claimed: Option<&[PartClaim]>,
    ) -> Result<FileView, FilesError> {
        let key = key_of(upload)?;
        if let Some((store_id, part)) = &upload.parts {
            // None when an attempt before this one made the object, and could not finish.
            if let Some(arrived) = self.store(subject).await?.arrived_parts(&key, store_id).await? {
                if !agrees(upload, *part, &arrived, claimed) {
                    return Err(FilesError::Conflict("parts are missing, or are not those that were promised"));
                }
                self.store(subject).await?.complete_parts(&key, store_id, &arrived).await?;
            }
        }
        let Some(facts) = self.store(subject).await?.look(&key).await? else {
            return Err(FilesError::Conflict("nothing has arrived yet"));
        };
        if facts.size != upload.size {
            return Err(self.refuse(subject, upload, "size_bytes", format!("{} bytes arrived", facts.size)).await?);
        }
        let (by, lies_at, checksum) = self.fixed(subject, upload, &key, &facts).await?;
        let sealed = lies_at != key;
        if upload.checksum.is_some_and(|promised| promised != checksum) {
            if sealed {
                self.drop_spare(subject, by, &lies_at).await;
            }
            return Err(self.refuse(subject, upload, "checksum", format!("what arrived has {checksum}")).await?);
        }
        let stored = Stored { size: facts.size, checksum };
        let arrived = Arrived { upload: by, key: lies_at.clone(), stored, closes: Some(upload.id) };
        let made = self.make_file(subject, request, allowed, arrived).await;
        if sealed {
            // INVARIANT: the copy is nobody else's; where it became no file nothing refers to it.
            let (id, spare) = if made.is_ok() { (upload.id, &key) } else { (by, &lies_at) };
            self.drop_spare(subject, id, spare).await;
        }
        made
    }

    /// Where bytes lie that their sender cannot change any more, under which upload, and their SHA-256.
    ///
    /// A request that was signed for a whole object may be sent again while it lives, and not every store
    /// keeps it from replacing what lies there. Where its checksum was signed too and the store says that
    /// it compared it, only the same bytes can come. Else they are copied to a place that nobody has a
    /// request for, and hashed there. An object of parts is made by us, once.
    async fn fixed(
        &self,
        subject: &Subject,
        upload: &DirectUpload,
        key: &ObjectKey,
        facts: &Facts,
    ) -> Result<(UploadId, ObjectKey, Checksum), FilesError> {
        match (upload.checksum, facts.checksum) {
            (Some(promised), Some(told)) if upload.parts.is_none() && promised == told => return Ok((upload.id, key.clone(), told)),
            _ if upload.parts.is_some() => return Ok((upload.id, key.clone(), self.hashed(subject, key, facts.size).await?)),
            _ => {}
        }
        let id = UploadId::new(&*self.0.clock, &*self.0.entropy);
        let sealed = ObjectKey::upload(upload.customer, id, self.now());
        self.0.catalog.begin_upload(upload.customer, id, sealed.as_str()).await?;
        let hashed = match self.store(subject).await?.copy_known(key, facts, &sealed).await {
            Ok(Some(())) => self.hashed(subject, &sealed, facts.size).await,
            Ok(None) => Err(FilesError::Conflict("nothing has arrived yet")),
            Err(error) => Err(error.into()),
        };
        match hashed {
            Ok(checksum) => Ok((id, sealed, checksum)),
            Err(error) => {
                self.drop_spare(subject, id, &sealed).await;
                Err(error)
            }
        }
    }

    /// The SHA-256 of an object of this size.
    async fn hashed(&self, subject: &Subject, key: &ObjectKey, size: u64) -> Result<Checksum, FilesError> {
        let mut object = self.store(subject).await?.download(key).await?.ok_or(FilesError::Conflict("nothing has arrived yet"))?;
        if object.total != size {
            return Err(BlobError::Changed.into());
        }
        let mut hash = digest::Context::new(&SHA256);
        while let Some(piece) = object.stream.try_next().await.map_err(|source| BlobError::Unavailable { source: source.into() })? {
            hash.update(&piece);
        }
        let digest = hash.finish().as_ref().try_into().map_err(|_| FilesError::Sealed { what: "digest" })?;
        Ok(Checksum::from_digest(digest))
    }

    /// Gives an upload up; what arrived of it is removed.
    ///
    /// # Errors
    /// `NotFound` to all but who began it; `Conflict` when it is over; else when catalog or store do
    /// not answer.
    pub async fn give_up_direct(&self, subject: &Subject, id: UploadId) -> Result<(), FilesError> {
        let upload = self.own_direct(subject, id, "give_up_upload").await?;
        if upload.state != DirectState::Open {
            return self.not_now(subject, id, "the upload is over").await;
        }
        let entry = AuditEntry { object: Some(id.to_string()), ..subject.entry("give_up_upload", "done") };
        self.end(subject, &upload, DirectState::GivenUp, &entry).await
    }

    /// Ends an upload first, so that nobody makes a file of what is removed then.
    async fn end(&self, subject: &Subject, upload: &DirectUpload, state: DirectState, entry: &AuditEntry) -> Result<(), FilesError> {
        let key = key_of(upload)?;
        self.0.catalog.end_direct(upload.customer, upload.id, state, entry).await?;
        if let Some((parts, _)) = &upload.parts
            && let Err(error) = self.abort_direct(subject, &key, parts).await
        {
            tracing::warn!(upload.id = %upload.id, error = %error, "parts of an upload stay until they are swept");
        }
        self.drop_spare(subject, upload.id, &key).await;
        Ok(())
    }

    async fn abort_direct(&self, subject: &Subject, key: &ObjectKey, parts: &str) -> Result<(), FilesError> {
        Ok(self.store(subject).await?.abort_parts(key, parts).await?)
    }

    async fn refuse(
        &self,
        subject: &Subject,
        upload: &DirectUpload,
        field: &'static str,
        reason: String,
    ) -> Result<FilesError, FilesError> {
        let entry = AuditEntry {
            object: Some(upload.id.to_string()),
            reason: Some(format!("`{field}`: {reason}")),
            ..subject.entry("complete_upload", "refused")
        };
        self.end(subject, upload, DirectState::Refused, &entry).await?;
        Ok(FilesError::Invalid { field, reason })
    }

    /// An upload that the subject began. To everybody else there is none.
    async fn own_direct(&self, subject: &Subject, id: UploadId, action: &'static str) -> Result<DirectUpload, FilesError> {
        match self.0.catalog.direct_upload(subject.customer(), id).await? {
            Some(upload) if upload.begun_by == subject.actor.to_string() => Ok(upload),
            _ => Err(self.absent(subject, action, Some(id.to_string())).await?),
        }
    }

    async fn expect_open(&self, subject: &Subject, upload: &DirectUpload) -> Result<(), FilesError> {
        if upload.state == DirectState::Open && self.now() < upload.expires_at {
            return Ok(());
        }
        self.not_now(subject, upload.id, "the upload is over").await
    }

    async fn not_now<T>(&self, subject: &Subject, id: UploadId, reason: &'static str) -> Result<T, FilesError> {
        let entry =
            AuditEntry { object: Some(id.to_string()), reason: Some(reason.to_owned()), ..subject.entry("complete_upload", "refused") };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Err(FilesError::Conflict(reason))
    }
}

fn key_of(upload: &DirectUpload) -> Result<ObjectKey, FilesError> {
    ObjectKey::parse(upload.customer, &upload.object_key).map_err(|_| FilesError::Sealed { what: "object key" })
}

/// The store's name of an upload in parts, and how large they are.
fn parts_of(upload: &DirectUpload) -> Result<(&str, u64), FilesError> {
    upload.parts.as_ref().map(|(id, size)| (id.as_str(), *size)).ok_or(FilesError::Conflict("the upload comes in one request"))
}

fn about(upload: &DirectUpload) -> AddRequest {
    AddRequest {
        name: upload.name.clone(),
        folder: upload.folder.clone(),
        owner: upload.owner,
        given: upload.given.clone(),
        content_type: upload.content_type.clone(),
        replaces: upload.replaces,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_upload_are_full_but_for_the_last() {
        for (size, part, expected) in [(25, 10, &[(1, 10), (2, 10), (3, 5)][..]), (20, 10, &[(1, 10), (2, 10)]), (1, 10, &[(1, 1)])] {
            assert_eq!(plan(size, part).collect::<Vec<_>>(), expected, "{size}");
            assert_eq!(count(size, part) as usize, expected.len());
        }
    }
}
