//! Reading objects: whole or in part, going on where a body broke off, several parts at once, and
//! never a byte more than what is known to be right.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use ring::digest::{self, SHA256};

use super::error::{BlobError, is_absent, status};
use super::key::ObjectKey;
use super::store::{Store, length};
use super::upload::checksum;
use crate::domain::{Checksum, ChunkStream};

/// How often a body may break off without having given a byte.
const BREAKS: u32 = 4;
/// Wait before the request that goes on; doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// An object, or a part of one, to be read once.
pub struct Object {
    /// Bytes that the stream gives.
    pub size: u64,
    /// Bytes of the whole object.
    pub total: u64,
    /// The bytes. A body that breaks off is gone on with where it stopped, while the object is the
    /// same; the stream ends with an error when that does not help, or the store's own checksum
    /// does not fit. The last piece comes after the last check.
    pub stream: ChunkStream,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Object").field("size", &self.size).field("total", &self.total).finish_non_exhaustive()
    }
}

impl Object {
    /// The same, whose stream ends with an error in the place of its last piece when its bytes do not
    /// have this checksum: whoever reads to the end has the bytes that were stored, or knows.
    #[must_use]
    pub fn verified(self, expected: Checksum) -> Self {
        Self { stream: verified(self.stream, expected), ..self }
    }

    /// Reads it to its end: how many bytes came, and their SHA-256.
    ///
    /// # Errors
    /// What the stream ended with.
    pub async fn sum(mut self) -> Result<(u64, Checksum), BlobError> {
        let (mut hash, mut size) = (digest::Context::new(&SHA256), 0_u64);
        while let Some(piece) = self.stream.try_next().await.map_err(of_stream)? {
            size = size.saturating_add(piece.len() as u64);
            hash.update(&piece);
        }
        Ok((size, checksum(hash)))
    }
}

/// What a request reads.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub bucket: String,
    pub name: String,
    /// Of the versions that the bucket keeps, this one.
    pub version: Option<String>,
}

/// What the store said, where a stream of ours carries it.
fn of_stream(error: std::io::Error) -> BlobError {
    match error.downcast::<BlobError>() {
        Ok(error) => error,
        Err(source) => BlobError::Unavailable { source: source.into() },
    }
}

/// Where a body stands.
struct Reading {
    store: Store,
    at: At,
    etag: Option<String>,
    next: u64,
    end: u64,
    body: Option<ByteStream>,
    /// Not given yet: nothing after it has been checked.
    held: Option<Bytes>,
    breaks: u32,
}

impl Store {
    /// The object, or the part of it within `range`; `None` when there is no such object. A range
    /// that begins at or after the end gives no bytes.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Option<Object>, BlobError> {
        Ok(self.open(self.at(key), range, None).await?.map(|(object, _)| object))
    }

    /// The object, read in parts of which several are under way at once, in order; `None` when there
    /// is no such object. Memory stays under these parts, 16 MiB by default. All parts are of the
    /// object as the first one found it.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn download(&self, key: &ObjectKey) -> Result<Option<Object>, BlobError> {
        let part = self.tuning().part.max(1);
        let Some((first, etag)) = self.open(self.at(key), Some(0..part), None).await? else { return Ok(None) };
        let total = first.total;
        let starts: Vec<u64> = (1..total.div_ceil(part)).map(|index| index * part).collect();
        let (store, key) = (self.unhurried(), key.clone());
        let rest = stream::iter(starts).map(move |start| {
            let (store, key, etag) = (store.clone(), key.clone(), etag.clone());
            async move { store.piece(&key, start..(start.saturating_add(part)).min(total), etag).await.map_err(std::io::Error::from) }
        });
        let rest = rest.buffered(self.tuning().parts_at_once.max(1));
        Ok(Some(Object { size: total, total, stream: Box::pin(first.stream.chain(rest)) }))
    }

    /// One part of an object that is as it was, in memory.
    async fn piece(&self, key: &ObjectKey, range: Range<u64>, etag: Option<String>) -> Result<Bytes, BlobError> {
        let wanted = range.end.saturating_sub(range.start);
        let Some((object, _)) = self.open(self.at(key), Some(range), etag).await? else { return Err(BlobError::Changed) };
        if object.size != wanted {
            return Err(BlobError::Changed);
        }
        let mut bytes = BytesMut::with_capacity(usize::try_from(wanted).unwrap_or_default());
        let mut stream = object.stream;
        while let Some(chunk) = stream.try_next().await.map_err(|source| BlobError::Unavailable { source: source.into() })? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }

    fn at(&self, key: &ObjectKey) -> At {
        let (bucket, name) = self.place(key);
        At { bucket: bucket.to_owned(), name: name.to_owned(), version: None }
    }

    /// Opens an object; where `if_match` is given, as that one and no other.
    pub(super) async fn open(
        &self,
        at: At,
        range: Option<Range<u64>>,
        if_match: Option<String>,
    ) -> Result<Option<(Object, Option<String>)>, BlobError> {
        let mut request = self.client().get_object().bucket(&at.bucket).key(&at.name).set_version_id(at.version.clone());
        request = request.set_if_match(if_match.clone());
        let start = range.as_ref().map_or(0, |range| range.start);
        if let Some(range) = &range {
            let Some(last) = range.end.checked_sub(1).filter(|last| range.start <= *last) else {
                return self.nothing_of(&at).await;
            };
            request = request.range(format!("bytes={}-{last}", range.start));
        }
        let answer = match self.timed(request.send()).await {
            Ok(answer) => answer,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) if status(&error) == Some(416) => return self.nothing_of(&at).await,
            Err(error) => {
                let is_nothing = status(&error) == Some(403) && self.lists_nothing(&at).await;
                return if is_nothing { Ok(None) } else { Err(BlobError::of(error)) };
            }
        };
        let (size, total) = (length(answer.content_length()), total_of(&answer));
        let etag = answer.e_tag().map(str::to_owned);
        // A store that does not know `If-Match` must not make other bytes of these.
        if if_match.is_some() && etag != if_match {
            return Err(BlobError::Changed);
        }
        let reading = Reading {
            store: self.unhurried(),
            at,
            etag: etag.clone(),
            next: start,
            end: start.saturating_add(size),
            body: Some(answer.body),
            held: None,
            breaks: 0,
        };
        Ok(Some((Object { size, total, stream: reading.into_stream() }, etag)))
    }

    async fn nothing_of(&self, at: &At) -> Result<Option<(Object, Option<String>)>, BlobError> {
        let facts = self.look_at(at).await?;
        Ok(facts.map(|facts| (Object { size: 0, total: facts.size, stream: Box::pin(stream::empty()) }, Some(facts.etag))))
    }
}

fn total_of(answer: &GetObjectOutput) -> u64 {
    let told = answer.content_range().and_then(|range| range.rsplit_once('/')).and_then(|(_, total)| total.parse().ok());
    told.unwrap_or_else(|| length(answer.content_length()))
}

impl Reading {
    fn into_stream(self) -> ChunkStream {
        Box::pin(stream::try_unfold(self, |mut reading| async move {
            Ok(reading.piece().await.map_err(std::io::Error::from)?.map(|piece| (piece, reading)))
        }))
    }

    /// The next piece, once the one after it is here or the end was checked.
    async fn piece(&mut self) -> Result<Option<Bytes>, BlobError> {
        loop {
            let Some(body) = &mut self.body else {
                self.go_on().await?;
                continue;
            };
            let came = tokio::time::timeout(self.store.tuning().read, body.next()).await;
            match came {
                Ok(Some(Ok(bytes))) if bytes.is_empty() => {}
                Ok(Some(Ok(bytes))) => {
                    self.next = self.next.saturating_add(bytes.len() as u64);
                    if self.next > self.end {
                        return Err(BlobError::Corrupt);
                    }
                    self.breaks = 0;
                    if let Some(piece) = self.held.replace(bytes) {
                        return Ok(Some(piece));
                    }
                }
                Ok(None) if self.next == self.end => return Ok(self.held.take()),
                // All bytes came, and the store's checksum is not theirs.
                Ok(Some(Err(error))) if self.next == self.end => {
                    tracing::warn!(error = %error, "an object came with bytes that are not what its checksum says");
                    return Err(BlobError::Corrupt);
                }
                Ok(Some(Err(error))) => self.broke(error.into())?,
                Ok(None) => self.broke("the body ended before its length".into())?,
                Err(late) => self.broke(late.into())?,
            }
        }
    }

    fn broke(&mut self, source: Box<dyn std::error::Error + Send + Sync>) -> Result<(), BlobError> {
        self.body = None;
        self.breaks += 1;
        if self.breaks > BREAKS || self.etag.is_none() { Err(BlobError::Unavailable { source }) } else { Ok(()) }
    }

    /// Asks for what is left of the same object.
    async fn go_on(&mut self) -> Result<(), BlobError> {
        tokio::time::sleep(PAUSE.saturating_mul(1 << self.breaks.min(8))).await;
        let request = self.store.client().get_object().bucket(&self.at.bucket).key(&self.at.name).set_if_match(self.etag.clone());
        let request = request.set_version_id(self.at.version.clone()).range(format!("bytes={}-{}", self.next, self.end.saturating_sub(1)));
        let answer = match self.store.timed(request.send()).await {
            Ok(answer) => answer,
            Err(error) if is_absent(&error) || status(&error) == Some(416) => return Err(BlobError::Changed),
            Err(error) => return Err(BlobError::of(error)),
        };
        // A store that does not know `If-Match` must not make one object of two.
        if answer.e_tag() != self.etag.as_deref() || length(answer.content_length()) != self.end.saturating_sub(self.next) {
            return Err(BlobError::Changed);
        }
        self.body = Some(answer.body);
        Ok(())
    }
}

/// The stream, its last piece held back until the whole has this checksum.
fn verified(stream: ChunkStream, expected: Checksum) -> ChunkStream {
    struct Checking {
        stream: ChunkStream,
        hash: Option<digest::Context>,
        held: Option<Bytes>,
    }
    let checking = Checking { stream, hash: Some(digest::Context::new(&SHA256)), held: None };
    Box::pin(stream::try_unfold(checking, move |mut checking| async move {
        loop {
            let Some(bytes) = checking.stream.try_next().await? else {
                if let Some(hash) = checking.hash.take()
                    && checksum(hash) != expected
                {
                    return Err(BlobError::Corrupt.into());
                }
                return Ok(checking.held.take().map(|piece| (piece, checking)));
            };
            if let Some(hash) = &mut checking.hash {
                hash.update(&bytes);
            }
            if let Some(piece) = checking.held.replace(bytes) {
                return Ok(Some((piece, checking)));
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&'static [u8]]) -> ChunkStream {
        Box::pin(stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect::<Vec<_>>()))
    }

    fn sum(bytes: &[u8]) -> Checksum {
        let mut hash = digest::Context::new(&SHA256);
        hash.update(bytes);
        checksum(hash)
    }

    #[tokio::test]
    async fn bytes_that_are_not_what_was_stored_never_end_well() {
        for (pieces, stored, is_good) in [
            (&[b"ab".as_slice(), b"c"][..], b"abc".as_slice(), true),
            (&[], b"", true),
            (&[b"ab", b"d"], b"abc", false),
            (&[b"ab"], b"abc", false),
            (&[], b"abc", false),
        ] {
            let read: Vec<std::io::Result<Bytes>> = verified(of(pieces), sum(stored)).collect().await;
            let got: Vec<u8> = read.iter().flatten().flat_map(|piece| piece.to_vec()).collect();
            assert_eq!(read.iter().all(Result::is_ok), is_good, "{pieces:?}");
            assert_eq!(got == stored, is_good, "the last piece of what is wrong is not given: {pieces:?}");
        }
    }
}
