//! Storing a stream: one request while it is small, parts when it is not, flat memory either way.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::operation::upload_part::UploadPartOutput;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http_body::{Body, Frame, SizeHint};
use ring::digest::{self, SHA256};
use tokio::task::JoinSet;

use super::error::BlobError;
use super::key::ObjectKey;
use super::store::Store;
use crate::domain::{Checksum, ChunkStream};

/// Bytes of a part; what fits into two of them, the memory of an upload, goes in one request. S3
/// takes 10,000 parts, hence objects up to 78 GiB.
pub(super) const PART: usize = 8 * 1024 * 1024;
/// Parts in memory: one under way while the next one fills.
const PARTS_UNDER_WAY: usize = 1;
/// How long giving up an upload may take.
const ABORT: Duration = Duration::from_secs(30);

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, computed on the way in.
    pub checksum: Checksum,
}

impl Store {
    /// Stores a stream under the key, replacing what lies there once the last byte is safe. Memory
    /// stays under two parts of 8 MiB. When the stream fails, is longer than `limit` bytes, or the
    /// call is dropped, nothing is stored and what lay there before stays.
    pub async fn put(&self, key: &ObjectKey, stream: ChunkStream, limit: u64) -> Result<Stored, BlobError> {
        let mut source = Source { stream, rest: Bytes::new(), hash: digest::Context::new(&SHA256), size: 0, limit };
        let first = source.part().await?;
        if first.len() < PART {
            return self.put_whole(key, vec![first], source.finish()).await;
        }
        let second = source.part().await?;
        if second.len() < PART {
            return self.put_whole(key, vec![first, second], source.finish()).await;
        }
        self.put_parts(key, [first, second], source).await
    }

    /// Stores bytes that are already in memory.
    pub async fn put_bytes(&self, key: &ObjectKey, bytes: Bytes) -> Result<Stored, BlobError> {
        self.put(key, Box::pin(futures::stream::iter([Ok(bytes)])), u64::MAX).await
    }

    async fn put_whole(&self, key: &ObjectKey, pieces: Vec<Bytes>, stored: Stored) -> Result<Stored, BlobError> {
        let (bucket, name) = self.place(key);
        self.client()
            .put_object()
            .bucket(bucket)
            .key(name)
            .checksum_sha256(STANDARD.encode(stored.checksum.digest()))
            .body(ByteStream::new(SdkBody::retryable(move || SdkBody::from_body_1_x(Pieces(pieces.clone().into())))))
            .send()
            .await
            .map_err(BlobError::of)?;
        Ok(stored)
    }

    async fn put_parts(&self, key: &ObjectKey, ready: [Bytes; 2], mut source: Source) -> Result<Stored, BlobError> {
        let (bucket, name) = self.place(key);
        let created = self.client().create_multipart_upload().bucket(bucket).key(name).send().await.map_err(BlobError::of)?;
        let upload = Upload {
            store: self.clone(),
            bucket: bucket.to_owned(),
            name: name.to_owned(),
            id: created.upload_id().unwrap_or_default().to_owned(),
            open: true,
        };
        match upload.send_all(ready, &mut source).await {
            Ok(parts) => {
                upload.complete(parts).await?;
                Ok(source.finish())
            }
            Err(error) => {
                upload.give_up().await;
                Err(error)
            }
        }
    }
}

/// Bytes in memory as a body, uncopied. The client does not hash them once more for its signature:
/// their SHA-256 goes along in a header that is signed, and the store compares.
struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

/// The caller's stream, cut into parts, hashed and counted.
struct Source {
    stream: ChunkStream,
    rest: Bytes,
    hash: digest::Context,
    size: u64,
    limit: u64,
}

impl Source {
    /// The next part; shorter than `PART` only at the end, empty after it.
    async fn part(&mut self) -> Result<Bytes, BlobError> {
        // The first part may stay small; those after it are full but for the last, and a buffer that
        // grows is in memory twice while it moves.
        let mut part = if self.size == 0 { BytesMut::new() } else { BytesMut::with_capacity(PART) };
        loop {
            let take = self.rest.len().min(PART - part.len());
            // A chunk that is a whole part by itself is not copied.
            if part.is_empty() && take == PART {
                return Ok(self.rest.split_to(PART));
            }
            part.extend_from_slice(&self.rest.split_to(take));
            if part.len() == PART {
                return Ok(part.freeze());
            }
            let Some(chunk) = self.stream.next().await else { return Ok(part.freeze()) };
            let chunk = chunk.map_err(|source| BlobError::Body { source })?;
            self.size = self.size.saturating_add(chunk.len() as u64);
            if self.size > self.limit {
                return Err(BlobError::TooLarge { limit: self.limit });
            }
            self.hash.update(&chunk);
            self.rest = chunk;
        }
    }

    fn finish(self) -> Stored {
        let mut digest = [0; 32];
        for (target, byte) in digest.iter_mut().zip(self.hash.finish().as_ref()) {
            *target = *byte;
        }
        Stored { size: self.size, checksum: Checksum::from_digest(digest) }
    }
}

/// A multipart upload under way. Dropped while open, it is given up in the background.
struct Upload {
    store: Store,
    bucket: String,
    name: String,
    id: String,
    open: bool,
}

impl Upload {
    async fn send_all(&self, ready: [Bytes; 2], source: &mut Source) -> Result<Vec<CompletedPart>, BlobError> {
        // Dropped on any error: what is under way stops.
        let mut under_way = JoinSet::new();
        let mut done = Vec::new();
        let mut number = 0;
        let mut ready = ready.into_iter();
        loop {
            let part = match ready.next() {
                Some(part) => part,
                None => source.part().await?,
            };
            if part.is_empty() {
                break;
            }
            number += 1;
            while under_way.len() >= PARTS_UNDER_WAY {
                collect(&mut under_way, &mut done).await?;
            }
            under_way.spawn(self.send_one(number, part));
        }
        while !under_way.is_empty() {
            collect(&mut under_way, &mut done).await?;
        }
        done.sort_by_key(CompletedPart::part_number);
        Ok(done)
    }

    fn send_one(&self, number: i32, bytes: Bytes) -> impl Future<Output = Result<CompletedPart, BlobError>> + Send + 'static {
        let request = self.store.client().upload_part().bucket(&self.bucket).key(&self.name).upload_id(&self.id);
        let request = request.part_number(number).body(ByteStream::from(bytes));
        async move { request.send().await.map(|answer| completed(number, &answer)).map_err(BlobError::of) }
    }

    async fn complete(mut self, parts: Vec<CompletedPart>) -> Result<(), BlobError> {
        let list = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.store.client().complete_multipart_upload().bucket(&self.bucket).key(&self.name).upload_id(&self.id);
        match request.multipart_upload(list).send().await {
            Ok(_) => {
                self.open = false;
                Ok(())
            }
            Err(error) => {
                self.give_up().await;
                Err(BlobError::of(error))
            }
        }
    }

    async fn give_up(mut self) {
        self.open = false;
        abort(self.store.clone(), std::mem::take(&mut self.bucket), std::mem::take(&mut self.name), std::mem::take(&mut self.id)).await;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.open
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let abort = abort(self.store.clone(), self.bucket.clone(), self.name.clone(), self.id.clone());
            self.store.tasks().spawn_on(abort, &runtime);
        }
    }
}

async fn abort(store: Store, bucket: String, name: String, id: String) {
    let request = store.client().abort_multipart_upload().bucket(bucket).key(name).upload_id(id);
    match tokio::time::timeout(ABORT, request.send()).await {
        Ok(Ok(_)) => {}
        // The store's own lifecycle rule sweeps what stays behind.
        Ok(Err(error)) => tracing::warn!(error = %BlobError::of(error), "a broken-off upload could not be given up"),
        Err(_) => tracing::warn!("a broken-off upload could not be given up in time"),
    }
}

async fn collect(under_way: &mut JoinSet<Result<CompletedPart, BlobError>>, done: &mut Vec<CompletedPart>) -> Result<(), BlobError> {
    match under_way.join_next().await {
        None => Ok(()),
        Some(Ok(part)) => {
            done.push(part?);
            Ok(())
        }
        Some(Err(error)) => Err(BlobError::Unavailable { source: error.into() }),
    }
}

fn completed(number: i32, answer: &UploadPartOutput) -> CompletedPart {
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(answer.e_tag().map(str::to_owned))
        .set_checksum_crc32(answer.checksum_crc32().map(str::to_owned))
        .set_checksum_crc32_c(answer.checksum_crc32_c().map(str::to_owned))
        .set_checksum_crc64_nvme(answer.checksum_crc64_nvme().map(str::to_owned))
        .build()
}
