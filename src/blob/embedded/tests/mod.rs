//! The endpoint as a foreign client sees it: conditions, checksums, listings, odd keys, refusals.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, EncodingType, MetadataDirective, ObjectIdentifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{Embedded, EmbeddedError, EmbeddedSettings};
use crate::blob::client::bare;
use crate::blob::tests::{content, files_in, serve, settings};

mod parts;
mod refusals;

const PART: usize = 5 * 1024 * 1024;

struct Peer {
    dir: TempDir,
    embedded: Embedded,
    s3: Client,
}

fn client(address: SocketAddr) -> Client {
    bare(&settings(address))
}

async fn peer() -> Peer {
    let dir = tempfile::tempdir().unwrap();
    let embedded = serve(dir.path()).await;
    let s3 = client(embedded.local_addr());
    for bucket in ["one", "two"] {
        s3.create_bucket().bucket(format!("bucket-{bucket}")).send().await.unwrap();
    }
    Peer { dir, embedded, s3 }
}

impl Peer {
    async fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        self.s3.put_object().bucket("bucket-one").key(key).body(ByteStream::from(bytes.into())).send().await.unwrap();
    }

    async fn read(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let answer = self.s3.get_object().bucket(bucket).key(key).send().await;
        match answer {
            Ok(object) => Some(object.body.collect().await.unwrap().into_bytes()),
            Err(error) => {
                assert_eq!(error.code(), Some("NoSuchKey"));
                None
            }
        }
    }

    async fn files_left(self) -> usize {
        self.embedded.shutdown().await;
        files_in(self.dir.path())
    }
}

fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(answer: Result<T, SdkError<E, R>>) -> String {
    let error = answer.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no code in {error:?}")).to_owned()
}

fn digest(bytes: &[u8]) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, bytes))
}

fn streamed(pieces: Vec<std::io::Result<Bytes>>) -> ByteStream {
    let frames = stream::iter(pieces.into_iter().map(|piece| piece.map(Frame::data)));
    ByteStream::new(SdkBody::from_body_1_x(StreamBody::new(frames)))
}

#[tokio::test]
async fn a_wrong_checksum_is_refused_and_the_old_object_stays() {
    let peer = peer().await;
    peer.put("k", content(10)).await;
    let put = || peer.s3.put_object().bucket("bucket-one").key("k").body(ByteStream::from(content(20)));
    assert_eq!(code(put().checksum_sha256(digest(b"other")).send().await), "BadDigest");
    assert_eq!(code(put().checksum_crc32("AAAAAA==").send().await), "BadDigest");
    assert_eq!(code(put().content_md5(STANDARD.encode([7; 16])).send().await), "BadDigest");
    assert_eq!(code(put().content_md5("not a digest").send().await), "InvalidDigest");
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(10));

    put().checksum_sha256(digest(&content(20))).send().await.unwrap();
    let head = peer.s3.head_object().bucket("bucket-one").key("k").checksum_mode("ENABLED".into()).send().await.unwrap();
    assert_eq!(head.checksum_sha256(), Some(digest(&content(20)).as_str()));
    assert_eq!(peer.files_left().await, 1);
}

#[tokio::test]
async fn a_streamed_body_with_a_trailing_checksum_is_taken() {
    let peer = peer().await;
    let bytes = content(700_000);
    let pieces = bytes.chunks(50_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let put = peer.s3.put_object().bucket("bucket-one").key("k").content_length(700_000).body(streamed(pieces));
    put.send().await.unwrap();
    let object = peer.s3.get_object().bucket("bucket-one").key("k").checksum_mode("ENABLED".into()).send().await.unwrap();
    assert!(object.checksum_crc32().is_some(), "the sum that came after the body is kept");
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), bytes);
}

#[tokio::test]
async fn an_interrupted_body_leaves_nothing_and_the_old_object_stays() {
    let peer = peer().await;
    peer.put("k", content(10)).await;
    let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    let body = streamed(vec![Ok(content(600_000)), Ok(content(600_000)), Err(broken)]);
    let answer = peer.s3.put_object().bucket("bucket-one").key("k").content_length(5_000_000).body(body).send().await;
    answer.unwrap_err();
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(10));
    assert_eq!(peer.files_left().await, 1);
}

#[tokio::test]
async fn one_of_sixteen_racers_creates_the_object() {
    let peer = peer().await;
    let mut racers = JoinSet::new();
    for racer in 0..16_usize {
        let put = peer.s3.put_object().bucket("bucket-one").key("k").if_none_match("*").body(ByteStream::from(content(racer + 1)));
        racers.spawn(async move { put.send().await.map(|_| racer) });
    }
    let (winners, losers): (Vec<_>, Vec<_>) = racers.join_all().await.into_iter().partition(Result::is_ok);
    for loser in losers {
        assert_eq!(code(loser), "PreconditionFailed");
    }
    let [Ok(winner)] = winners.as_slice() else { panic!("{} winners", winners.len()) };
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(winner + 1));
    assert_eq!(peer.files_left().await, 1, "what the losers sent is gone");
}

#[tokio::test]
async fn an_entity_tag_guards_replacing_and_spares_reading() {
    let peer = peer().await;
    peer.put("k", content(10)).await;
    let head = peer.s3.head_object().bucket("bucket-one").key("k").send().await.unwrap();
    let etag = head.e_tag().unwrap();
    let put = || peer.s3.put_object().bucket("bucket-one").key("k").body(ByteStream::from(content(11)));
    assert_eq!(code(put().if_match("\"other\"").send().await), "PreconditionFailed");
    let unchanged = peer.s3.get_object().bucket("bucket-one").key("k").if_none_match(etag).send().await.unwrap_err();
    assert_eq!(unchanged.raw_response().unwrap().status().as_u16(), 304);
    put().if_match(etag).send().await.unwrap();
    assert_eq!(code(put().if_match(etag).send().await), "PreconditionFailed");
    assert_eq!(code(peer.s3.delete_object().bucket("bucket-one").key("k").if_match(etag).send().await), "PreconditionFailed");
}

#[tokio::test]
async fn a_key_is_text_and_never_a_path() {
    let peer = peer().await;
    let long = "k".repeat(1024);
    let keys = ["../bucket-two/k", "..", "a", "a/b", "a//b", "a/./b", "a/../b", "/a", "a/", "ключ 🔑?&+%2F", long.as_str()];
    for (size, key) in keys.iter().enumerate() {
        peer.put(key, content(size + 1)).await;
    }
    for (size, key) in keys.iter().enumerate() {
        assert_eq!(peer.read("bucket-one", key).await.unwrap(), content(size + 1), "{key}");
    }
    assert_eq!(peer.read("bucket-two", "k").await, None);
    let listed = peer.s3.list_objects_v2().bucket("bucket-two").send().await.unwrap();
    assert_eq!(listed.key_count(), Some(0));
    let outside: Vec<_> = std::fs::read_dir(peer.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(outside.len(), 3, "{outside:?}");
}

#[tokio::test]
async fn a_listing_comes_in_pages_with_prefixes_rolled_up() {
    let peer = peer().await;
    for key in ["a", "b/1", "b/2", "c d/1", "e"] {
        peer.put(key, content(1)).await;
    }
    let mut seen = Vec::new();
    let mut token = None;
    loop {
        let list = peer.s3.list_objects_v2().bucket("bucket-one").delimiter("/").max_keys(2).encoding_type(EncodingType::Url);
        let page = list.set_continuation_token(token.take()).send().await.unwrap();
        assert!(page.key_count().unwrap() <= 2);
        seen.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        seen.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
        token = page.next_continuation_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["a", "b/", "c%20d/", "e"]);
    let under = peer.s3.list_objects_v2().bucket("bucket-one").prefix("b/").start_after("b/1").send().await.unwrap();
    assert_eq!(under.contents().iter().map(|object| object.key().unwrap()).collect::<Vec<_>>(), ["b/2"]);
    assert_eq!(code(peer.s3.list_objects_v2().bucket("bucket-none").send().await), "NoSuchBucket");
    let buckets = peer.s3.list_buckets().send().await.unwrap();
    assert_eq!(buckets.buckets().iter().filter_map(|bucket| bucket.name()).collect::<Vec<_>>(), ["bucket-one", "bucket-two"]);
}

#[tokio::test]
async fn what_was_said_of_an_object_is_kept_and_copied_or_replaced() {
    let peer = peer().await;
    let put = peer.s3.put_object().bucket("bucket-one").key("k").body(ByteStream::from(content(3)));
    put.content_type("text/csv").cache_control("no-store").metadata("colour", "blue").send().await.unwrap();
    let copy = |to: &str| peer.s3.copy_object().copy_source("bucket-one/k").bucket("bucket-two").key(to);
    copy("same").send().await.unwrap();
    copy("other").metadata_directive(MetadataDirective::Replace).content_type("text/plain").send().await.unwrap();
    for (key, kind, colour) in [("same", "text/csv", Some("blue")), ("other", "text/plain", None)] {
        let head = peer.s3.head_object().bucket("bucket-two").key(key).send().await.unwrap();
        assert_eq!(head.content_type(), Some(kind));
        assert_eq!(head.metadata().and_then(|all| all.get("colour")).map(String::as_str), colour);
    }
    assert_eq!(code(peer.s3.copy_object().copy_source("bucket-one/none").bucket("bucket-two").key("x").send().await), "NoSuchKey");
}

#[tokio::test]
async fn several_objects_are_deleted_at_once() {
    let peer = peer().await;
    for key in ["a", "b", "c"] {
        peer.put(key, content(1)).await;
    }
    let objects = ["a", "b", "none"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.to_vec())).build().unwrap();
    let answer = peer.s3.delete_objects().bucket("bucket-one").delete(delete).send().await.unwrap();
    assert_eq!((answer.deleted().len(), answer.errors().len()), (3, 0));
    assert_eq!(peer.read("bucket-one", "c").await.unwrap(), content(1));
    assert_eq!(peer.files_left().await, 1);
}

#[tokio::test]
async fn parts_become_an_object_only_when_they_are_the_listed_ones() {
    let peer = peer().await;
    let s3 = &peer.s3;
    peer.put("k", content(10)).await;
    let id = s3.create_multipart_upload().bucket("bucket-one").key("k").content_type("text/csv").send().await.unwrap();
    let id = id.upload_id().unwrap();
    let mut tags = Vec::new();
    for (number, size) in [(1, PART), (2, 100), (3, PART), (1, PART + 1)] {
        let part = s3.upload_part().bucket("bucket-one").key("k").upload_id(id).part_number(number);
        let answer = part.body(ByteStream::from(content(size))).send().await.unwrap();
        tags.push((number, answer.e_tag().unwrap().to_owned()));
    }
    let under_way = s3.list_multipart_uploads().bucket("bucket-one").send().await.unwrap();
    assert_eq!(under_way.uploads().iter().map(|upload| upload.upload_id().unwrap()).collect::<Vec<_>>(), [id]);
    let page = s3.list_parts().bucket("bucket-one").key("k").upload_id(id).max_parts(2).send().await.unwrap();
    let sizes: Vec<_> = page.parts().iter().map(|part| (part.part_number().unwrap(), part.size().unwrap())).collect();
    assert_eq!(sizes, [(1, 5_242_881), (2, 100)]);
    assert_eq!((page.is_truncated(), page.next_part_number_marker()), (Some(true), Some("2")));

    let complete = |list: &[usize]| {
        let parts = list.iter().map(|at| CompletedPart::builder().part_number(tags[*at].0).e_tag(&tags[*at].1).build()).collect();
        let list = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        s3.complete_multipart_upload().bucket("bucket-one").key("k").upload_id(id).multipart_upload(list)
    };
    for (list, refusal) in
        [(vec![0, 2], "InvalidPart"), (vec![2, 3], "InvalidPartOrder"), (vec![3, 1, 2], "EntityTooSmall"), (vec![], "MalformedXML")]
    {
        assert_eq!(code(complete(&list).send().await), refusal, "{list:?}");
    }
    assert_eq!(code(complete(&[3, 2]).if_none_match("*").send().await), "PreconditionFailed");
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(10));
    let done = complete(&[3, 2]).send().await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-2\""));
    let object = s3.get_object().bucket("bucket-one").key("k").send().await.unwrap();
    assert_eq!(object.content_type(), Some("text/csv"));
    assert!(object.body.collect().await.unwrap().into_bytes() == [content(PART + 1), content(PART)].concat());
    assert_eq!(code(complete(&[3, 2]).send().await), "NoSuchUpload");
    assert_eq!(peer.files_left().await, 2, "replaced and unlisted parts are gone");
}

#[tokio::test]
async fn an_aborted_upload_leaves_no_file() {
    let peer = peer().await;
    let id = peer.s3.create_multipart_upload().bucket("bucket-one").key("k").send().await.unwrap();
    let id = id.upload_id().unwrap();
    let part = || peer.s3.upload_part().bucket("bucket-one").key("k").upload_id(id).part_number(1).body(ByteStream::from(content(9)));
    part().send().await.unwrap();
    peer.s3.abort_multipart_upload().bucket("bucket-one").key("k").upload_id(id).send().await.unwrap();
    assert_eq!(code(part().send().await), "NoSuchUpload");
    assert_eq!(peer.files_left().await, 0);
}

#[tokio::test]
async fn a_presigned_upload_takes_the_signed_length_only_and_ends_in_time() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let peer = peer().await;
    let web = reqwest::Client::new();
    let minute = PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let request = peer.s3.put_object().bucket("bucket-one").key("k").content_length(5).presigned(minute.clone()).await.unwrap();
    assert_eq!(web.put(request.uri()).body("too long").send().await.unwrap().status(), 403);
    assert_eq!(web.put(request.uri()).body("right").send().await.unwrap().status(), 200);
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), "right");

    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let expired = PresigningConfig::builder().start_time(past).expires_in(Duration::from_mins(1)).build().unwrap();
    let url = peer.s3.get_object().bucket("bucket-one").key("k").presigned(expired).await.unwrap();
    assert_eq!(web.get(url.uri()).send().await.unwrap().status(), 403);
    let plain = url.uri().split('?').next().unwrap();
    assert_eq!(web.get(plain).send().await.unwrap().status(), 403, "unsigned");
}

#[tokio::test]
async fn a_right_signature_of_version_2_is_refused() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let peer = peer().await;
    peer.put("k", content(1)).await;
    let date = "Sun, 01 Mar 2026 09:00:00 GMT";
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"correct horse");
    let signature = STANDARD.encode(ring::hmac::sign(&secret, format!("GET\n\n\n{date}\n/bucket-one/k").as_bytes()));
    let url = format!("http://{}/bucket-one/k", peer.embedded.local_addr());
    let request = reqwest::Client::new().get(url).header("date", date).header("authorization", format!("AWS satchel:{signature}"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let text = answer.text().await.unwrap();
    assert!(text.contains("AccessDenied"), "the signature itself is right: {text}");
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    let peer = peer().await;
    let put = || peer.s3.put_object().bucket("bucket-one").key("k").body(ByteStream::from(content(1)));
    assert_eq!(code(put().tagging("a=b").send().await), "NotImplemented");
    assert_eq!(code(put().server_side_encryption("AES256".into()).send().await), "NotImplemented");
    assert_eq!(code(put().object_lock_legal_hold_status("ON".into()).send().await), "NotImplemented");
    assert_eq!(peer.files_left().await, 0);
}

#[tokio::test]
async fn leftovers_of_a_crash_are_swept_at_start() {
    let peer = peer().await;
    peer.put("k", content(10)).await;
    let Peer { dir, embedded, .. } = peer;
    embedded.shutdown().await;
    std::fs::write(dir.path().join("temp/half"), b"half").unwrap();
    std::fs::write(dir.path().join("blobs/00").join("00".repeat(16)), b"nobody's").unwrap();
    assert_eq!(files_in(dir.path()), 3);
    let embedded = serve(dir.path()).await;
    assert_eq!(files_in(dir.path()), 1);
    let s3 = client(embedded.local_addr());
    let peer = Peer { dir, embedded, s3 };
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(10));
}

#[tokio::test]
async fn a_start_that_cannot_work_says_why() {
    let peer = peer().await;
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let start = async |dir: &std::path::Path, listen| {
        let settings = EmbeddedSettings { dir: dir.to_owned(), listen, access_key: "a".into(), secret_key: "s".into() };
        Embedded::start(settings).await.unwrap_err()
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let taken = start(elsewhere.path(), peer.embedded.local_addr()).await;
    assert!(matches!(taken, EmbeddedError::Listen { .. }), "{taken}");
    let in_use = start(peer.dir.path(), free).await;
    assert!(matches!(in_use, EmbeddedError::InUse { .. }), "{in_use}");
    let file = elsewhere.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let no_folder = start(&file.join("data"), free).await;
    assert!(no_folder.to_string().contains("cannot write to the folder"), "{no_folder}");
    std::fs::write(elsewhere.path().join("index.redb"), b"this is not an index, but it is long enough to be one").unwrap();
    let broken = start(elsewhere.path(), free).await;
    assert!(matches!(broken, EmbeddedError::Index { .. } | EmbeddedError::Folder { .. }), "{broken}");
}
