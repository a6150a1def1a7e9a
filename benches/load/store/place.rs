//! The same operations by both ways: through the storage layer, and by the SDK as its user would
//! write them: one request up to 16 MiB, above it the same parts, as many at once.

use aws_sdk_s3::Client as Sdk;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use satchel::blob::{ObjectKey, Store, StoreSettings, Tuning};
use satchel::domain::{BlobId, Category, ChunkStream, CustomerId, SystemClock, SystemEntropy};

use super::endpoint::Endpoint;
use crate::Failure;
use crate::bare::{self, noise};

/// As a body comes from a connection.
const PIECE: u64 = 256 * 1024;
/// Objects at a time, at most.
const SLOTS: usize = 2000;

/// By which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Satchel,
    Bare,
}

/// What is done with an object; sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Put(u64),
    Get(u64),
    /// So many bytes from the first place.
    Range(u64, u64),
    Head,
    Delete,
}

impl Operation {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Put(_) => "put",
            Self::Get(_) => "get",
            Self::Range(..) => "get a range of",
            Self::Head => "head",
            Self::Delete => "delete",
        }
    }
}

/// The number of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub usize);

/// One store, reached by both ways.
pub struct Place {
    store: Store,
    keys: Vec<ObjectKey>,
    sdk: Sdk,
    bucket: String,
    /// What all objects are made of.
    content: Bytes,
}

impl Place {
    pub async fn reach(endpoint: &Endpoint) -> Result<Self, Failure> {
        let (clock, entropy) = (SystemClock, SystemEntropy);
        let customer = CustomerId::new(&clock, &entropy);
        // Buckets that no other run has.
        let bucket = format!("satchel-load-{}", customer.to_string().replace('_', "-").to_lowercase());
        let settings = StoreSettings {
            endpoint: Some(endpoint.url.clone()),
            credentials_by_chain: false,
            access_key: endpoint.access_key.clone(),
            secret_key: endpoint.secret_key.clone(),
            files_bucket: bucket.clone(),
            metadata_bucket: format!("{bucket}-m"),
            path_style: true,
            checksums_when_required: endpoint.without_checksums,
            create_buckets: true,
            ..StoreSettings::default()
        };
        let keys = (0..SLOTS).map(|_| ObjectKey::document(customer, Category::Document, BlobId::new(&clock, &entropy))).collect();
        let sdk = bare::client(&endpoint.url, &endpoint.access_key, &endpoint.secret_key, !endpoint.without_checksums);
        // Three parts: a body of two begins anywhere in the first.
        let content = noise(1, 3 * part_bytes());
        Ok(Self { store: Store::connect(settings).await?, keys, sdk, bucket, content })
    }

    /// One operation to its end; an answer of another size is an error.
    pub async fn run(&self, side: Side, operation: Operation, slot: Slot) -> Result<(), Failure> {
        match side {
            Side::Satchel => self.satchel(operation, slot).await,
            Side::Bare => self.bare(operation, slot).await,
        }
    }

    /// Removes the objects of the first slots.
    pub async fn clear(&self, slots: usize) -> Result<(), Failure> {
        for slot in 0..slots {
            self.satchel(Operation::Delete, Slot(slot)).await?;
            self.bare(Operation::Delete, Slot(slot)).await?;
        }
        Ok(())
    }

    async fn satchel(&self, operation: Operation, slot: Slot) -> Result<(), Failure> {
        let key = self.keys.get(slot.0).ok_or("there are not so many objects")?;
        match operation {
            Operation::Put(size) => whole(self.store.put(key, self.stream(size), size).await?.size, size),
            Operation::Get(size) => {
                let object = self.store.download(key).await?.ok_or("there is no such object")?;
                whole(length(object.stream).await?, size)
            }
            Operation::Range(start, size) => {
                let object = self.store.get(key, Some(start..start + size)).await?.ok_or("there is no such object")?;
                whole(length(object.stream).await?, size)
            }
            Operation::Head => self.store.head(key).await?.map(drop).ok_or_else(|| "there is no such object".into()),
            Operation::Delete => Ok(self.store.delete(key).await?),
        }
    }

    async fn bare(&self, operation: Operation, slot: Slot) -> Result<(), Failure> {
        let key = format!("bare/{}", slot.0);
        match operation {
            Operation::Put(size) if size <= 2 * part() => {
                self.sdk.put_object().bucket(&self.bucket).key(key).body(self.piece(0, size).into()).send().await?;
                Ok(())
            }
            Operation::Put(size) => self.bare_parts(&key, size).await,
            Operation::Get(size) => {
                let answer = self.sdk.get_object().bucket(&self.bucket).key(key).send().await?;
                whole(body_length(answer.body).await?, size)
            }
            Operation::Range(start, size) => {
                let asked = format!("bytes={start}-{}", start + size - 1);
                let answer = self.sdk.get_object().bucket(&self.bucket).key(key).range(asked).send().await?;
                whole(body_length(answer.body).await?, size)
            }
            Operation::Head => {
                self.sdk.head_object().bucket(&self.bucket).key(key).send().await?;
                Ok(())
            }
            Operation::Delete => {
                self.sdk.delete_object().bucket(&self.bucket).key(key).send().await?;
                Ok(())
            }
        }
    }

    async fn bare_parts(&self, key: &str, size: u64) -> Result<(), Failure> {
        let begun = self.sdk.create_multipart_upload().bucket(&self.bucket).key(key).send().await?;
        let upload = begun.upload_id().ok_or("the upload has no id")?;
        let parts = stream::iter(1..=size.div_ceil(part())).map(|number| {
            let start = (number - 1) * part();
            let body = self.piece(start, part().min(size - start));
            async move {
                let number = i32::try_from(number)?;
                let request = self.sdk.upload_part().bucket(&self.bucket).key(key).upload_id(upload).part_number(number);
                let sent = request.body(body.into()).send().await?;
                let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).set_checksum_crc32(sent.checksum_crc32);
                Ok::<_, Failure>(part.build())
            }
        });
        let parts = parts.buffered(Tuning::default().parts_at_once).try_collect().await?;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        self.sdk.complete_multipart_upload().bucket(&self.bucket).key(key).upload_id(upload).multipart_upload(parts).send().await?;
        Ok(())
    }

    fn piece(&self, start: u64, size: u64) -> Bytes {
        let start = usize::try_from(start).unwrap_or_default() % part_bytes();
        let size = usize::try_from(size).unwrap_or_default();
        self.content.slice(start..start + size)
    }

    /// As a body comes from a connection.
    fn stream(&self, size: u64) -> ChunkStream {
        let content = self.content.clone();
        let pieces = (0..size.div_ceil(PIECE)).map(move |index| {
            let start = index * PIECE;
            let at = usize::try_from(start).unwrap_or_default() % part_bytes();
            let length = usize::try_from(PIECE.min(size - start)).unwrap_or_default();
            Ok(content.slice(at..at + length))
        });
        Box::pin(stream::iter(pieces))
    }
}

fn part() -> u64 {
    Tuning::default().part
}

fn part_bytes() -> usize {
    usize::try_from(part()).unwrap_or(usize::MAX)
}

async fn length(mut stream: ChunkStream) -> Result<u64, Failure> {
    let mut length = 0;
    while let Some(piece) = stream.next().await {
        length += piece?.len() as u64;
    }
    Ok(length)
}

async fn body_length(mut body: ByteStream) -> Result<u64, Failure> {
    let mut length = 0;
    while let Some(piece) = body.next().await {
        length += piece?.len() as u64;
    }
    Ok(length)
}

fn whole(came: u64, of: u64) -> Result<(), Failure> {
    if came == of { Ok(()) } else { Err(format!("{came} bytes came of {of}").into()) }
}
