//! Storing a stream: one request while it is small, parts when it is not, flat memory either way.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::types::CompletedPart;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use ring::digest::{self, SHA256};
use tokio::task::JoinSet;

use super::error::BlobError;
use super::key::ObjectKey;
use super::multipart::{MAX_PARTS, Multipart, Sums};
use super::payload::{SignedPayload, body, sending};
use super::store::Store;
use crate::domain::{Checksum, ChunkStream};

/// Largest object of S3, in bytes.
const MAX_OBJECT: u64 = 5 * 1024 * 1024 * 1024 * 1024;

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, computed on the way in.
    pub checksum: Checksum,
}

/// Bytes of a part, so that an object of `size` bytes has no more of them than S3 takes.
pub(super) fn part_size(usual: u64, size: u64) -> u64 {
    usual.max(size.min(MAX_OBJECT).div_ceil(MAX_PARTS))
}

impl Store {
    /// Stores a stream under the key, replacing what lies there once the last byte is safe. What fits
    /// into two parts goes in one request. Memory stays under the parts that are under way and one
    /// more, 24 MiB by default; where `limit` is over 78 GiB, in proportion more. When the stream
    /// fails, is longer than `limit` bytes, or the call is dropped, nothing is stored and what lay
    /// there before stays.
    ///
    /// # Errors
    /// `Body` when the stream breaks, `TooLarge` over the limit; else when the store does not take it.
    pub async fn put(&self, key: &ObjectKey, stream: ChunkStream, limit: u64) -> Result<Stored, BlobError> {
        let usual = self.tuning().part;
        // No limit is none that S3 would keep to, not a wish for parts of half a gigabyte.
        let part = if limit < MAX_OBJECT { part_size(usual, limit) } else { usual };
        let part = usize::try_from(part).map_err(|_| BlobError::TooLarge { limit })?;
        let mut source = Source { stream, part, rest: Bytes::new(), hash: digest::Context::new(&SHA256), size: 0, limit };
        let first = source.part().await?;
        if first.len() < part {
            return self.put_whole(key, vec![first], source.finish()).await;
        }
        let second = source.part().await?;
        if second.len() < part {
            return self.put_whole(key, vec![first, second], source.finish()).await;
        }
        let upload = Multipart::begin(self, key, Sums::Sha256).await?;
        match self.send_all(&upload, [first, second], &mut source).await {
            Ok(parts) => {
                let stored = source.finish();
                upload.complete(parts, stored.size).await?;
                Ok(stored)
            }
            Err(error) => {
                upload.give_up().await;
                Err(error)
            }
        }
    }

    /// Stores bytes that are already in memory.
    ///
    /// # Errors
    /// When the store does not take them.
    pub async fn put_bytes(&self, key: &ObjectKey, bytes: Bytes) -> Result<Stored, BlobError> {
        self.put(key, Box::pin(futures::stream::iter([Ok(bytes)])), u64::MAX).await
    }

    async fn put_whole(&self, key: &ObjectKey, pieces: Vec<Bytes>, stored: Stored) -> Result<Stored, BlobError> {
        let (bucket, name) = self.place(key);
        let request = self.client().put_object().bucket(bucket).key(name).body(body(pieces));
        self.send_whole(request, stored).await.map_err(BlobError::of)?;
        Ok(stored)
    }

    /// Sends a whole object, with its SHA-256 for the store to check: among S3's own checksums, or in the signature.
    pub(super) async fn send_whole(
        &self,
        request: PutObjectFluentBuilder,
        stored: Stored,
    ) -> Result<PutObjectOutput, SdkError<PutObjectError, HttpResponse>> {
        let (sum, patience) = (*stored.checksum.digest(), sending(self.tuning(), stored.size));
        if self.keeps_checksums() {
            let request = request.checksum_sha256(STANDARD.encode(sum));
            self.carried(request.customize().config_override(patience).send()).await
        } else {
            self.carried(request.customize().config_override(patience).interceptor(SignedPayload(sum)).send()).await
        }
    }

    async fn send_all(&self, upload: &Multipart, ready: [Bytes; 2], source: &mut Source) -> Result<Vec<CompletedPart>, BlobError> {
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
            while under_way.len() >= self.tuning().parts_at_once.max(1) {
                collect(&mut under_way, &mut done).await?;
            }
            under_way.spawn(upload.send(number, part));
        }
        while !under_way.is_empty() {
            collect(&mut under_way, &mut done).await?;
        }
        Ok(done)
    }
}

/// The caller's stream, cut into parts, hashed and counted.
struct Source {
    stream: ChunkStream,
    part: usize,
    rest: Bytes,
    hash: digest::Context,
    size: u64,
    limit: u64,
}

impl Source {
    /// The next part; shorter than the others only at the end, empty after it.
    async fn part(&mut self) -> Result<Bytes, BlobError> {
        // The first part may stay small; those after it are full but for the last, and a buffer that
        // grows is in memory twice while it moves.
        let mut part = if self.size == 0 { BytesMut::new() } else { BytesMut::with_capacity(self.part) };
        loop {
            let take = self.rest.len().min(self.part.saturating_sub(part.len()));
            // A chunk that is a whole part by itself is not copied.
            if part.is_empty() && take == self.part {
                return Ok(self.rest.split_to(take));
            }
            part.extend_from_slice(&self.rest.split_to(take));
            if part.len() == self.part {
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
        Stored { size: self.size, checksum: checksum(self.hash) }
    }
}

/// What a running SHA-256 has come to.
pub(super) fn checksum(hash: digest::Context) -> Checksum {
    let mut sum = [0; 32];
    for (target, byte) in sum.iter_mut().zip(hash.finish().as_ref()) {
        *target = *byte;
    }
    Checksum::from_digest(sum)
}

/// Waits for one of the parts under way.
pub(super) async fn collect(
    under_way: &mut JoinSet<Result<CompletedPart, BlobError>>,
    done: &mut Vec<CompletedPart>,
) -> Result<(), BlobError> {
    match under_way.join_next().await {
        None => Ok(()),
        Some(Ok(part)) => {
            done.push(part?);
            Ok(())
        }
        Some(Err(error)) => Err(BlobError::Unavailable { source: error.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_where_the_object_would_have_too_many() {
        let mib = 1024 * 1024;
        for (size, part) in [(0, 8 * mib), (78 << 30, 8 * mib), (100 << 30, 10_737_419), (u64::MAX, 549_755_814)] {
            assert_eq!(part_size(8 * mib, size), part, "{size}");
            assert!(size.min(MAX_OBJECT).div_ceil(part) <= MAX_PARTS, "{size}");
        }
    }
}
