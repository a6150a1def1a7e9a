//! A store under test: reached, with buckets of its own, and left as it was found.

use std::net::SocketAddr;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use satchel::blob::embedded::Embedded;
use satchel::blob::{ObjectKey, Store, StoreSettings, Tuning};
use satchel::domain::{BlobId, Category, Checksum, ChunkStream, CustomerId, SystemClock, SystemEntropy};
use tempfile::TempDir;

pub use crate::support::Kind;
use crate::support::Reached;

pub const MIB: usize = 1024 * 1024;
/// Small parts, so that a few megabytes are a large object: S3's least.
pub const PART: usize = 5 * MIB;

/// What went wrong with a store.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A store with two empty buckets.
pub struct Peer {
    pub store: Store,
    pub settings: StoreSettings,
    /// The SDK's own client, for what the house never asks.
    pub bare: Client,
    pub customer: CustomerId,
    embedded: Option<(Embedded, TempDir)>,
}

impl Peer {
    pub async fn reach(kind: Kind) -> Self {
        let Reached { settings, bare, embedded } = Reached::of(kind).await;
        let tuning = Tuning { part: PART as u64, copy_whole: 6 * MIB as u64, copy_part: PART as u64, ..Tuning::default() };
        let settings = StoreSettings { create_buckets: true, tuning, ..settings };
        Self {
            store: Store::connect(settings.clone()).await.unwrap(),
            settings,
            bare,
            customer: CustomerId::new(&SystemClock, &SystemEntropy),
            embedded,
        }
    }

    /// Another client of the same store and buckets.
    pub async fn again(&self, change: impl FnOnce(&mut StoreSettings)) -> Store {
        let mut settings = StoreSettings { create_buckets: false, ..self.settings.clone() };
        change(&mut settings);
        Store::connect(settings).await.unwrap()
    }

    /// A key at which nothing lies.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::document(self.customer, Category::Document, BlobId::new(&SystemClock, &SystemEntropy))
    }

    /// Where the store listens.
    pub fn address(&self) -> SocketAddr {
        let endpoint = self.settings.endpoint.as_deref().unwrap();
        endpoint.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// Names of all objects, and how many uploads of parts are open.
    pub async fn contents(&self) -> (Vec<String>, usize) {
        let (mut names, mut open) = (Vec::new(), 0);
        for bucket in [&self.settings.files_bucket, &self.settings.metadata_bucket] {
            let listed = self.bare.list_objects_v2().bucket(bucket).send().await.unwrap();
            names.extend(listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
            open += self.bare.list_multipart_uploads().bucket(bucket).send().await.unwrap().uploads().len();
        }
        (names, open)
    }

    /// Removes the buckets, and stops what was started.
    pub async fn close(self) {
        self.store.drain().await;
        if let Some((embedded, _dir)) = self.embedded {
            return embedded.shutdown().await;
        }
        for bucket in [&self.settings.files_bucket, &self.settings.metadata_bucket] {
            let open = self.bare.list_multipart_uploads().bucket(bucket).send().await.unwrap();
            for upload in open.uploads() {
                let abort = self.bare.abort_multipart_upload().bucket(bucket).set_key(upload.key.clone());
                abort.set_upload_id(upload.upload_id.clone()).send().await.unwrap();
            }
            let listed = self.bare.list_objects_v2().bucket(bucket).send().await.unwrap();
            let objects = listed.contents().iter().map(|object| ObjectIdentifier::builder().set_key(object.key.clone()).build().unwrap());
            let objects: Vec<_> = objects.collect();
            if !objects.is_empty() {
                let delete = Delete::builder().set_objects(Some(objects)).build().unwrap();
                self.bare.delete_objects().bucket(bucket).delete(delete).send().await.unwrap();
            }
            self.bare.delete_bucket().bucket(bucket).send().await.unwrap();
        }
    }
}

/// Bytes that differ everywhere.
pub fn content(size: usize) -> Bytes {
    (0..size).map(|at| u8::try_from((at / 251 + at) % 256).unwrap()).collect::<Vec<_>>().into()
}

pub fn chunked(bytes: &Bytes, size: usize) -> ChunkStream {
    let chunks: Vec<_> = bytes.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    Box::pin(stream::iter(chunks))
}

pub fn checksum_of(bytes: &[u8]) -> Checksum {
    Checksum::from_digest(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().unwrap())
}

/// All bytes of an object; `None` when there is none.
pub async fn read(store: &Store, key: &ObjectKey) -> Result<Option<Vec<u8>>, Fault> {
    let Some(object) = store.get(key, None).await? else { return Ok(None) };
    Ok(Some(object.stream.map_ok(|chunk| chunk.to_vec()).try_concat().await?))
}
