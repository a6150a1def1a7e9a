//! Taking a body in: to a temporary file, hashed on the way, and durable under its final name only
//! when its length and every checksum are right.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};
use tokio_util::task::TaskTracker;

use super::disk::{Disk, Unclaimed};
use super::index::Segment;
use super::sums::Sums;

/// Bytes gathered before they are hashed and written in one go.
const BATCH: usize = 512 * 1024;
/// How long a client may stay silent in the middle of a body.
const STALL: Duration = Duration::from_mins(1);
/// Largest body of one request: S3's own limit.
const MAX_BODY: u64 = 5 * 1024 * 1024 * 1024;

/// What the client said of the body.
#[derive(Debug)]
pub struct Expected {
    length: u64,
    md5: Option<Vec<u8>>,
    sums: Sums,
    trailers: Option<TrailingHeaders>,
    announced: Vec<super::sums::Algorithm>,
}

impl Expected {
    /// Reads the promises of a request.
    pub fn new(
        length: Option<i64>,
        md5: Option<&str>,
        sums: Sums,
        headers: &HeaderMap,
        trailers: Option<TrailingHeaders>,
    ) -> S3Result<Self> {
        let length = length.and_then(|length| u64::try_from(length).ok()).ok_or(S3ErrorCode::MissingContentLength)?;
        if length > MAX_BODY {
            return Err(s3_error!(EntityTooLarge));
        }
        let md5 = md5.map(|text| STANDARD.decode(text).ok().filter(|digest| digest.len() == 16).ok_or(S3ErrorCode::InvalidDigest));
        Ok(Self { length, md5: md5.transpose()?, sums, announced: Sums::announced(headers), trailers })
    }
}

impl Expected {
    /// Bytes that the store itself reads: only their number is known.
    pub fn copied(length: u64) -> Self {
        Self { length, md5: None, sums: Sums::default(), trailers: None, announced: Vec::new() }
    }
}

/// A body that is durable under a name that no row refers to yet.
#[derive(Debug)]
pub struct Received {
    /// The file.
    pub segment: Segment,
    /// Unlinks the file unless it is claimed.
    pub unclaimed: Unclaimed,
    /// MD5, hexadecimal.
    pub etag: String,
    /// Checksums that were sent and found right.
    pub sums: Sums,
}

struct Writing {
    disk: Arc<Disk>,
    file: Option<(File, Unclaimed)>,
    md5: Md5,
    hasher: ChecksumHasher,
}

impl Writing {
    fn write(mut self, batch: Vec<Bytes>) -> io::Result<Self> {
        let (mut file, unclaimed) = match self.file.take() {
            Some(open) => open,
            None => self.disk.create()?,
        };
        for bytes in batch {
            self.md5.update(&bytes);
            self.hasher.update(&bytes);
            file.write_all(&bytes)?;
        }
        self.file = Some((file, unclaimed));
        Ok(self)
    }

    fn finish(self, batch: Vec<Bytes>, expected: Expected) -> S3Result<Received> {
        let Expected { length, md5, mut sums, trailers, .. } = expected;
        let writing = self.write(batch).map_err(internal)?;
        let Some((file, mut unclaimed)) = writing.file else { return Err(s3_error!(InternalError)) };
        let digest = writing.md5.finalize();
        if md5.is_some_and(|sent| sent != digest) {
            return Err(S3Error::with_message(S3ErrorCode::BadDigest, "the Content-MD5 sent is not that of the content"));
        }
        if let Some(trailers) = trailers {
            trailers.read(|trailers| sums.add_trailers(trailers));
        }
        sums.check(&writing.hasher.finalize())?;
        writing.disk.finish(&file, &mut unclaimed).map_err(internal)?;
        let id = unclaimed.id().ok_or(S3ErrorCode::InternalError)?;
        Ok(Received { segment: Segment { id, size: length }, unclaimed, etag: hex::encode(digest), sums })
    }
}

fn internal(error: io::Error) -> S3Error {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => S3ErrorCode::ServiceUnavailable,
        _ => S3ErrorCode::InternalError,
    };
    S3Error::with_source(code, Box::new(error))
}

/// Takes a body in. Whatever ends it early, the caller's drop included, leaves no file behind.
pub async fn receive(disk: &Arc<Disk>, tasks: &TaskTracker, body: Option<StreamingBlob>, expected: Expected) -> S3Result<Received> {
    let writing = Writing { disk: Arc::clone(disk), file: None, md5: Md5::new(), hasher: expected.sums.hasher(&expected.announced) };
    // One batch is hashed and written while the next one arrives.
    let mut work = tasks.spawn_blocking(move || Ok(writing));
    let mut batch = Vec::new();
    let (mut gathered, mut received) = (0, 0_u64);
    if let Some(mut body) = body {
        loop {
            let piece = match tokio::time::timeout(STALL, body.next()).await {
                Err(_) => return Err(s3_error!(RequestTimeout)),
                Ok(None) => break,
                Ok(Some(Err(source))) => return Err(S3Error::with_source(S3ErrorCode::IncompleteBody, source)),
                Ok(Some(Ok(piece))) => piece,
            };
            received = received.saturating_add(piece.len() as u64);
            if received > expected.length {
                return Err(s3_error!(IncompleteBody, "more bytes came than were announced"));
            }
            gathered += piece.len();
            batch.push(piece);
            if gathered >= BATCH {
                let writing = settled(work).await?;
                let full = std::mem::take(&mut batch);
                gathered = 0;
                work = tasks.spawn_blocking(move || writing.write(full));
            }
        }
    }
    if received < expected.length {
        return Err(s3_error!(IncompleteBody, "fewer bytes came than were announced"));
    }
    let writing = settled(work).await?;
    tasks.spawn_blocking(move || writing.finish(batch, expected)).await.map_err(gone)?
}

async fn settled(work: tokio::task::JoinHandle<io::Result<Writing>>) -> S3Result<Writing> {
    work.await.map_err(gone)?.map_err(internal)
}

fn gone(error: tokio::task::JoinError) -> S3Error {
    S3Error::with_source(S3ErrorCode::InternalError, Box::new(error))
}
