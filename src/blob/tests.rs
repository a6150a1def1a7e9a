//! The client against the embedded endpoint, over real sockets and a real folder.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;

use super::embedded::{Embedded, EmbeddedSettings};
use super::{BlobError, BucketState, ObjectKey, Store, StoreSettings, Tuning};
use crate::domain::{
    BlobId, Category, Checksum, ChunkStream, Clock, CustomerId, ErrorCode, FileName, ManualClock, SeededEntropy, UploadId,
};

const MIB: usize = 1024 * 1024;

/// An endpoint in a folder of its own, a connected client, and a customer.
pub(super) struct World {
    pub dir: TempDir,
    pub embedded: Embedded,
    pub store: Store,
    pub customer: CustomerId,
    clock: ManualClock,
    entropy: SeededEntropy,
}

pub(super) fn settings(address: SocketAddr) -> StoreSettings {
    StoreSettings {
        endpoint: Some(format!("http://{address}")),
        public_endpoint: None,
        region: "us-east-1".to_owned(),
        access_key: "satchel".to_owned(),
        secret_key: "correct horse".to_owned(),
        files_bucket: "satchel-files".to_owned(),
        metadata_bucket: "satchel-metadata".to_owned(),
        path_style: true,
        checksums_when_required: false,
        create_buckets: true,
        credentials_by_chain: false,
        tuning: Tuning::default(),
        assume_role: None,
        kms_key: None,
        locations: Vec::new(),
    }
}

pub(super) async fn serve(dir: &Path) -> Embedded {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (access_key, secret_key) = ("satchel".to_owned(), "correct horse".to_owned());
    Embedded::start(EmbeddedSettings { dir: dir.to_owned(), listen, access_key, secret_key }).await.unwrap()
}

/// Files of content and temporary files in the endpoint's folder.
pub(super) fn files_in(dir: &Path) -> usize {
    let count = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    let shards = std::fs::read_dir(dir.join("blobs")).unwrap().map(|shard| count(&shard.unwrap().path())).sum::<usize>();
    shards + count(&dir.join("temp"))
}

impl World {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let embedded = serve(dir.path()).await;
        let store = Store::connect(settings(embedded.local_addr())).await.unwrap();
        let (clock, entropy) = (ManualClock::at("2026-03-01T09:00:00Z"), SeededEntropy::new(1));
        let customer = CustomerId::new(&clock, &entropy);
        Self { dir, embedded, store, customer, clock, entropy }
    }

    fn key(&self) -> ObjectKey {
        ObjectKey::document(self.customer, Category::Document, BlobId::new(&self.clock, &self.entropy))
    }

    /// Stops everything; returns how many files are left on disk.
    async fn files_left(self) -> usize {
        self.store.drain().await;
        self.embedded.shutdown().await;
        files_in(self.dir.path())
    }
}

/// Bytes that differ everywhere.
pub(super) fn content(size: usize) -> Bytes {
    (0..size).map(|at| u8::try_from((at / 251 + at) % 256).unwrap()).collect::<Vec<_>>().into()
}

fn chunked(bytes: &Bytes, size: usize) -> ChunkStream {
    let chunks: Vec<_> = bytes.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    Box::pin(stream::iter(chunks))
}

fn checksum_of(bytes: &[u8]) -> Checksum {
    Checksum::from_digest(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().unwrap())
}

async fn read(store: &Store, key: &ObjectKey) -> Option<Vec<u8>> {
    let object = store.get(key, None).await.unwrap()?;
    let bytes: Vec<u8> = object.stream.map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap();
    assert_eq!((object.size, object.total), (bytes.len() as u64, bytes.len() as u64));
    Some(bytes)
}

#[tokio::test]
async fn what_is_put_is_got_until_it_is_deleted() {
    let world = World::new().await;
    let (store, key) = (&world.store, world.key());
    assert_eq!(read(store, &key).await, None);
    assert_eq!(store.head(&key).await.unwrap(), None);
    for bytes in [content(0), content(1), content(4096), content(3 * MIB)] {
        let stored = store.put(&key, chunked(&bytes, 1000), u64::MAX).await.unwrap();
        assert_eq!((stored.size, stored.checksum), (bytes.len() as u64, checksum_of(&bytes)));
        assert_eq!(store.head(&key).await.unwrap(), Some(bytes.len() as u64));
        assert_eq!(read(store, &key).await.unwrap(), bytes);
    }
    store.delete(&key).await.unwrap();
    store.delete(&key).await.unwrap();
    assert_eq!(read(store, &key).await, None);
    assert_eq!(world.files_left().await, 0);
}

#[tokio::test]
async fn a_part_of_an_object_is_got_by_its_range() {
    let world = World::new().await;
    let (store, key) = (&world.store, world.key());
    let bytes = content(600_000);
    store.put_bytes(&key, bytes.clone()).await.unwrap();
    for (range, expected) in [
        (0..10, &bytes[..10]),
        (262_100..262_200, &bytes[262_100..262_200]),
        (599_990..600_000, &bytes[599_990..]),
        (599_990..1_000_000, &bytes[599_990..]),
        (600_000..600_010, &[][..]),
        (5..5, &[][..]),
    ] {
        let object = store.get(&key, Some(range.clone())).await.unwrap().unwrap();
        assert_eq!((object.size, object.total), (expected.len() as u64, 600_000), "{range:?}");
        let got: Vec<u8> = object.stream.map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap();
        assert_eq!(got, expected, "{range:?}");
    }
    assert!(store.get(&world.key(), Some(0..10)).await.unwrap().is_none());
    assert!(store.get(&world.key(), Some(5..5)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_large_stream_is_stored_in_parts_and_read_as_one() {
    let world = World::new().await;
    let (store, key) = (&world.store, world.key());
    for size in [8 * MIB, 8 * MIB + 1, 16 * MIB - 1, 16 * MIB, 20 * MIB + 7] {
        let bytes = content(size);
        let stored = store.put(&key, chunked(&bytes, 100_000), size as u64).await.unwrap();
        assert_eq!((stored.size, stored.checksum), (size as u64, checksum_of(&bytes)));
        assert!(read(store, &key).await.unwrap() == bytes, "{size} bytes came back changed");
    }
    let across = (8 * MIB - 3) as u64..(16 * MIB + 3) as u64;
    let object = store.get(&key, Some(across.clone())).await.unwrap().unwrap();
    let got: Vec<u8> = object.stream.map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap();
    assert!(got == content(20 * MIB + 7)[8 * MIB - 3..16 * MIB + 3], "a range across parts came back changed");
    assert_eq!(world.files_left().await, 3, "the three parts of the last one");
}

#[tokio::test]
async fn a_copy_lives_on_its_own() {
    let world = World::new().await;
    let (store, from, to) = (&world.store, world.key(), ObjectKey::quarantine(world.customer, BlobId::new(&world.clock, &world.entropy)));
    assert_eq!(store.copy(&from, &to).await.unwrap(), None);
    store.put_bytes(&from, content(17 * MIB)).await.unwrap();
    assert_eq!(store.copy(&from, &to).await.unwrap(), Some(()));
    store.delete(&from).await.unwrap();
    assert!(read(store, &to).await.unwrap() == content(17 * MIB));
    assert_eq!(world.files_left().await, 3, "the three parts, once");
}

#[tokio::test]
async fn every_kind_of_key_has_its_own_place() {
    let world = World::new().await;
    let (customer, blob) = (world.customer, BlobId::new(&world.clock, &world.entropy));
    let keys = [
        ObjectKey::upload(customer, UploadId::new(&world.clock, &world.entropy), world.clock.now()),
        ObjectKey::document(customer, Category::Other, blob),
        ObjectKey::quarantine(customer, blob),
        ObjectKey::text(customer, blob),
    ];
    for (size, key) in keys.iter().enumerate() {
        world.store.put_bytes(key, content(size + 1)).await.unwrap();
    }
    for (size, key) in keys.iter().enumerate() {
        assert_eq!(read(&world.store, key).await.unwrap(), content(size + 1));
    }
}

#[tokio::test]
async fn a_stream_over_its_limit_or_broken_stores_nothing() {
    let world = World::new().await;
    let (store, key) = (&world.store, world.key());
    store.put_bytes(&key, content(10)).await.unwrap();
    for size in [100, 8 * MIB, 17 * MIB] {
        let bytes = content(size);
        let over = store.put(&key, chunked(&bytes, 65_536), size as u64 - 1).await.unwrap_err();
        assert!(matches!(over, BlobError::TooLarge { limit } if limit == size as u64 - 1), "{over}");
        assert_eq!(over.code(), ErrorCode::TooLarge);
        let cut = stream::once(async { Err(io::Error::from(io::ErrorKind::ConnectionReset)) });
        let broken = store.put(&key, Box::pin(chunked(&bytes, 65_536).chain(cut)), u64::MAX).await.unwrap_err();
        assert!(matches!(broken, BlobError::Body { .. }), "{broken}");
        assert_eq!(broken.code(), ErrorCode::Invalid);
    }
    assert_eq!(read(store, &key).await.unwrap(), content(10));
    assert_eq!(world.files_left().await, 1);
}

#[tokio::test]
async fn an_upload_dropped_half_way_is_given_up() {
    let world = World::new().await;
    let (store, key) = (world.store.clone(), world.key());
    let (waits, waiting) = tokio::sync::oneshot::channel();
    let bytes = content(17 * MIB);
    let endless = stream::once(async move {
        waits.send(()).unwrap();
        std::future::pending().await
    });
    let put = store.put(&key, Box::pin(chunked(&bytes, 65_536).chain(endless)), u64::MAX);
    tokio::select! {
        _ = put => panic!("a stream without end was stored"),
        reached = waiting => reached.unwrap(),
    }
    drop(store);
    assert_eq!(world.files_left().await, 0);
}

#[tokio::test]
async fn a_reader_keeps_what_he_opened_while_it_is_replaced_and_deleted() {
    let world = World::new().await;
    for size in [6 * MIB, 17 * MIB] {
        let key = world.key();
        let bytes = content(size);
        world.store.put_bytes(&key, bytes.clone()).await.unwrap();
        let mut object = world.store.get(&key, None).await.unwrap().unwrap();
        let mut got = object.stream.next().await.unwrap().unwrap().to_vec();
        world.store.put_bytes(&key, content(5)).await.unwrap();
        world.store.delete(&key).await.unwrap();
        while let Some(chunk) = object.stream.next().await {
            got.extend_from_slice(&chunk.unwrap());
        }
        assert!(got == bytes, "{size} bytes came back changed");
    }
    assert_eq!(world.files_left().await, 0);
}

#[tokio::test]
async fn bytes_outlive_the_endpoint() {
    let World { dir, embedded, store, customer, clock, entropy } = World::new().await;
    let key = ObjectKey::text(customer, BlobId::new(&clock, &entropy));
    store.put_bytes(&key, content(9 * MIB)).await.unwrap();
    embedded.shutdown().await;
    let embedded = serve(dir.path()).await;
    let store = Store::connect(settings(embedded.local_addr())).await.unwrap();
    assert!(read(&store, &key).await.unwrap() == content(9 * MIB));
}

#[tokio::test]
async fn a_presigned_url_downloads_the_file_under_its_name() {
    // Fails only when another test of this process was first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let world = World::new().await;
    let key = world.key();
    world.store.put_bytes(&key, content(100_000)).await.unwrap();
    let name = FileName::parse("Übersicht Q2.pdf").unwrap();
    let url = world.store.presign_get(&key, &name, "application/pdf", Some("req_1"), Duration::from_hours(1)).await.unwrap();
    assert!(url.contains("X-Amz-Expires=60"), "the lifetime is capped");

    let web = reqwest::Client::new();
    let answer = web.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    let disposition = "attachment; filename=\"_bersicht Q2.pdf\"; filename*=UTF-8''%C3%9Cbersicht%20Q2.pdf";
    assert_eq!(answer.headers()["content-disposition"], disposition);
    assert_eq!(answer.bytes().await.unwrap(), content(100_000));

    let part = web.get(&url).header("range", "bytes=10-19").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap()), (206, content(100_000).slice(10..20)));

    let other = world.key();
    world.store.put_bytes(&other, content(1)).await.unwrap();
    let swapped = url.replace(key.as_str().rsplit('/').next().unwrap(), other.as_str().rsplit('/').next().unwrap());
    for tampered in [swapped, url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"), url.replace("_bersicht", "invoice")] {
        assert_ne!(tampered, url);
        assert_eq!(web.get(tampered).send().await.unwrap().status(), 403);
    }
    assert_eq!(web.put(&url).body("mine now").send().await.unwrap().status(), 403, "the method is signed");
}

#[tokio::test]
async fn a_store_with_another_secret_is_refused() {
    let world = World::new().await;
    let wrong = StoreSettings { secret_key: "wrong".into(), create_buckets: false, ..settings(world.embedded.local_addr()) };
    let store = Store::connect(wrong).await.unwrap();
    let error = store.get(&world.key(), None).await.unwrap_err();
    assert!(matches!(&error, BlobError::Refused { reason, .. } if reason == "SignatureDoesNotMatch"), "{error}");
    assert_eq!(error.code(), ErrorCode::Internal);
    assert_eq!(store.probe().await.files, BucketState::Refused);
}

#[tokio::test]
async fn readiness_tells_a_missing_bucket_from_a_silent_store() {
    let world = World::new().await;
    assert!(world.store.probe().await.is_ready());
    let address = world.embedded.local_addr();
    let missing = StoreSettings { metadata_bucket: "nowhere".into(), create_buckets: false, ..settings(address) };
    let probe = Store::connect(missing).await.unwrap().probe().await;
    assert_eq!((probe.files, probe.metadata), (BucketState::Ready, BucketState::Missing));
    let (store, key) = (world.store.clone(), world.key());
    world.embedded.shutdown().await;
    assert_eq!(store.probe().await.files, BucketState::Silent);
    let error = store.put_bytes(&key, content(1)).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable { .. }), "{error}");
    assert_eq!(error.code(), ErrorCode::Unavailable);
}

#[test]
fn settings_do_not_show_their_secrets() {
    let shown = format!("{:?}", settings(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
    assert!(!shown.contains("correct horse") && shown.contains("satchel-files"), "{shown}");
}
