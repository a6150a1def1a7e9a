//! An object made of parts: begun, filled, and finished or given up.

use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::digest::{SHA256, digest};
use s3s::crypto::{Checksum as _, Md5};

use super::error::BlobError;
use super::key::ObjectKey;
use super::payload::{SignedPayload, body, sending};
use super::store::{Store, length};

/// How long giving up an upload may take.
const ABORT: Duration = Duration::from_secs(30);
/// Most parts of one object: S3's own limit.
pub(super) const MAX_PARTS: u64 = 10_000;
/// Parts of a page of their list: S3's own limit.
const PAGE: u64 = 1000;

/// A part that lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivedPart {
    /// From 1 to 10,000; the order of the parts in the object.
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// The store's name for it.
    pub etag: String,
}

/// What checks the parts on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sums {
    /// Each comes with its SHA-256, where the store keeps checksums.
    Sha256,
    /// They are not sent by us, or not sent at all.
    None,
}

/// A multipart upload under way. Dropped while open, it is given up in the background.
pub(super) struct Multipart {
    store: Store,
    bucket: String,
    name: String,
    id: String,
    open: bool,
}

impl Multipart {
    pub async fn begin(store: &Store, key: &ObjectKey, sums: Sums) -> Result<Self, BlobError> {
        let (bucket, name) = store.place(key);
        let mut request = store.client().create_multipart_upload().bucket(bucket).key(name);
        if sums == Sums::Sha256 && store.keeps_checksums() {
            request = request.checksum_algorithm(ChecksumAlgorithm::Sha256);
        }
        let created = store.timed(request.send()).await.map_err(BlobError::of)?;
        Ok(Self {
            store: store.clone(),
            bucket: bucket.to_owned(),
            name: name.to_owned(),
            id: created.upload_id().unwrap_or_default().to_owned(),
            open: true,
        })
    }

    /// Sends one part. What the store answers is only believed of the bytes that it hashed itself.
    pub fn send(&self, number: i32, bytes: Bytes) -> impl Future<Output = Result<CompletedPart, BlobError>> + Send + 'static {
        let store = self.store.clone();
        let request = store.client().upload_part().bucket(&self.bucket).key(&self.name).upload_id(&self.id).part_number(number);
        async move {
            let mut sum = [0; 32];
            sum.copy_from_slice(digest(&SHA256, &bytes).as_ref());
            let patience = sending(store.tuning(), bytes.len() as u64);
            let request = request.body(body(vec![bytes]));
            let answer = if store.keeps_checksums() {
                let request = request.checksum_sha256(STANDARD.encode(sum));
                store.carried(request.customize().config_override(patience).send()).await
            } else {
                store.carried(request.customize().config_override(patience).interceptor(SignedPayload(sum)).send()).await
            };
            let answer = answer.map_err(BlobError::of)?;
            Ok(CompletedPart::builder()
                .part_number(number)
                .set_e_tag(answer.e_tag().map(str::to_owned))
                .set_checksum_sha256(answer.checksum_sha256().map(str::to_owned))
                .build())
        }
    }

    /// Has the store copy a range of bytes, both ends included, into one part.
    pub fn copy(
        &self,
        number: i32,
        source: String,
        if_match: String,
        range: String,
    ) -> impl Future<Output = Result<CompletedPart, BlobError>> + Send + 'static {
        let store = self.store.clone();
        let request = store.client().upload_part_copy().bucket(&self.bucket).key(&self.name).upload_id(&self.id).part_number(number);
        let request = request.copy_source(source).copy_source_if_match(if_match).copy_source_range(range).customize();
        async move {
            // Some stores (Ceph RGW 16) want the length of a body that there is not.
            let request = request.mutate_request(|request| {
                request.headers_mut().insert("content-length", "0");
            });
            let answer = store.carried(request.send()).await.map_err(BlobError::of)?;
            let etag = answer.copy_part_result().and_then(|part| part.e_tag()).map(str::to_owned);
            Ok(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
        }
    }

    /// Makes the object of its parts, in the order of their numbers.
    pub async fn complete(mut self, mut parts: Vec<CompletedPart>, size: u64) -> Result<(), BlobError> {
        parts.sort_by_key(CompletedPart::part_number);
        match finish(&self.store, (&self.bucket, &self.name), &self.id, parts, size).await {
            Ok(()) => {
                self.open = false;
                Ok(())
            }
            Err(error) => {
                self.give_up().await;
                Err(error)
            }
        }
    }

    pub async fn give_up(mut self) {
        self.open = false;
        abort(self.store.clone(), std::mem::take(&mut self.bucket), std::mem::take(&mut self.name), std::mem::take(&mut self.id)).await;
    }

    /// Leaves it open for somebody else; its id.
    fn leave_open(mut self) -> String {
        self.open = false;
        std::mem::take(&mut self.id)
    }
}

impl Drop for Multipart {
    fn drop(&mut self) {
        if self.open
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let abort = abort(self.store.clone(), self.bucket.clone(), self.name.clone(), self.id.clone());
            self.store.tasks().spawn_on(abort, &runtime);
        }
    }
}

async fn finish(store: &Store, place: (&str, &str), id: &str, parts: Vec<CompletedPart>, size: u64) -> Result<(), BlobError> {
    let (bucket, name) = place;
    let expected = etag_of(&parts);
    let list = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let request = store.client().complete_multipart_upload().bucket(bucket).key(name).upload_id(id);
    match store.carried(request.multipart_upload(list).send()).await {
        Ok(_) => Ok(()),
        // Asked a second time because the first answer was lost, the store knows of no upload any more.
        Err(error) if is_gone(error.code()) => {
            let found = store.timed(store.client().head_object().bucket(bucket).key(name).send()).await;
            let is_ours = |etag: &str| expected.as_deref().is_some_and(|expected| etag.trim_matches('"') == expected);
            match found {
                Ok(there) if length(there.content_length()) == size && there.e_tag().is_some_and(is_ours) => Ok(()),
                _ => Err(BlobError::of(error)),
            }
        }
        Err(error) => Err(BlobError::of(error)),
    }
}

/// Whether the store knows of no such upload (any more); Ceph RGW says it of the key.
fn is_gone(code: Option<&str>) -> bool {
    matches!(code, Some("NoSuchUpload" | "NoSuchKey"))
}

/// The entity tag of an object made of these parts: MD5 of their MD5s, and their number. Not known
/// where the store makes its tags otherwise.
fn etag_of(parts: &[CompletedPart]) -> Option<String> {
    let mut digests = Vec::with_capacity(parts.len() * 16);
    for part in parts {
        let digest = hex::decode(part.e_tag()?.trim_matches('"')).ok().filter(|digest| digest.len() == 16)?;
        digests.extend(digest);
    }
    Some(format!("{}-{}", hex::encode(Md5::checksum(&digests)), parts.len()))
}

async fn abort(store: Store, bucket: String, name: String, id: String) {
    let request = store.client().abort_multipart_upload().bucket(bucket).key(name).upload_id(id);
    match tokio::time::timeout(ABORT, request.send()).await {
        Ok(Ok(_)) => {}
        // Already finished or given up: nothing lies there.
        Ok(Err(error)) if is_gone(error.code()) => {}
        // The sweep of parts finds it.
        Ok(Err(error)) => tracing::warn!(error = %BlobError::of(error), "a broken-off upload could not be given up"),
        Err(_) => tracing::warn!("a broken-off upload could not be given up in time"),
    }
}

/// Parts that somebody else sends, by URLs that were signed for them.
impl Store {
    /// Begins an object of parts; the id under which its parts are sent.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn begin_parts(&self, key: &ObjectKey) -> Result<String, BlobError> {
        Ok(Multipart::begin(self, key, Sums::None).await?.leave_open())
    }

    /// Sends one part of an object that was begun. A part that was sent before is replaced.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn send_part(&self, key: &ObjectKey, id: &str, number: u32, bytes: Bytes) -> Result<(), BlobError> {
        let (bucket, name) = self.place(key);
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        let patience = sending(self.tuning(), bytes.len() as u64);
        let number = i32::try_from(number).unwrap_or(0);
        let request = self.client().upload_part().bucket(bucket).key(name).upload_id(id).part_number(number).body(body(vec![bytes]));
        // No checksum of its own: parts that others send have none, and an object has all of one kind.
        let request = request.customize().config_override(patience).interceptor(SignedPayload(sum));
        self.carried(request.send()).await.map(drop).map_err(BlobError::of)
    }

    /// The parts that have arrived, in order; `None` when there is no such upload (any more).
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn arrived_parts(&self, key: &ObjectKey, id: &str) -> Result<Option<Vec<ArrivedPart>>, BlobError> {
        let (bucket, name) = self.place(key);
        let mut parts = Vec::new();
        let mut after = None;
        for _ in 0..MAX_PARTS.div_ceil(PAGE) {
            let request = self.client().list_parts().bucket(bucket).key(name).upload_id(id).set_part_number_marker(after);
            let page = match self.timed(request.send()).await {
                Ok(page) => page,
                Err(error) if is_gone(error.code()) => return Ok(None),
                Err(error) => return Err(BlobError::of(error)),
            };
            parts.extend(page.parts().iter().map(|part| ArrivedPart {
                number: part.part_number().and_then(|number| u32::try_from(number).ok()).unwrap_or(0),
                size: length(part.size()),
                etag: part.e_tag().unwrap_or_default().to_owned(),
            }));
            after = page.next_part_number_marker().map(str::to_owned).filter(|_| page.is_truncated() == Some(true));
            if after.is_none() {
                break;
            }
        }
        Ok(Some(parts))
    }

    /// Makes the object of parts that have arrived.
    ///
    /// # Errors
    /// When the store does not answer, or has other parts than these.
    pub async fn complete_parts(&self, key: &ObjectKey, id: &str, parts: &[ArrivedPart]) -> Result<(), BlobError> {
        let size = parts.iter().fold(0_u64, |size, part| size.saturating_add(part.size));
        let listed = parts
            .iter()
            .map(|part| CompletedPart::builder().part_number(i32::try_from(part.number).unwrap_or(0)).e_tag(part.etag.clone()).build());
        finish(self, self.place(key), id, listed.collect(), size).await
    }

    /// Gives up an object of parts; one that is not there any more is given up already.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn abort_parts(&self, key: &ObjectKey, id: &str) -> Result<(), BlobError> {
        let (bucket, name) = self.place(key);
        match self.timed(self.client().abort_multipart_upload().bucket(bucket).key(name).upload_id(id).send()).await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(error.code()) => Ok(()),
            Err(error) => Err(BlobError::of(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_an_object_of_parts_is_known_where_tags_are_md5() {
        let part = |etag: &str| CompletedPart::builder().e_tag(etag).build();
        // MD5 of the two MD5s of nothing.
        let empty = "\"d41d8cd98f00b204e9800998ecf8427e\"";
        assert_eq!(etag_of(&[part(empty), part(empty)]).as_deref(), Some("5873dd45edd01f09c1ef2e7819369e8e-2"));
        assert_eq!(etag_of(&[part(empty), part("\"opaque\"")]), None);
    }
}
