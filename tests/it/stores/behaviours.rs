//! What Satchel needs of a store, as one function each. They fail by a value, so that a gap can be
//! tried and compared with what is known of it.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use percent_encoding::percent_decode_str;
use satchel::blob::{BlobError, BucketState, ObjectKey, PutTerms, SignedRequest};
use satchel::domain::{BlobId, Category, Clock, FileName, SystemClock, SystemEntropy, UploadId};

use super::peer::{Fault, MIB, PART, Peer, checksum_of, chunked, content, read};

type Outcome = Result<(), Fault>;

/// Fails the behaviour unless this holds.
macro_rules! ensure {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+).into());
        }
    };
}

pub async fn what_is_put_is_got_until_it_is_deleted(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.store, peer.key());
    ensure!(read(store, &key).await?.is_none(), "something lies where nothing was put");
    ensure!(store.head(&key).await?.is_none(), "a size of nothing");
    for bytes in [content(0), content(1), content(4096), content(3 * MIB)] {
        let stored = store.put(&key, chunked(&bytes, 1000), u64::MAX).await?;
        ensure!((stored.size, stored.checksum) == (bytes.len() as u64, checksum_of(&bytes)), "{stored:?}");
        ensure!(store.head(&key).await? == Some(bytes.len() as u64), "another size");
        ensure!(read(store, &key).await?.is_some_and(|got| got == bytes), "{} bytes came back changed", bytes.len());
    }
    store.delete(&key).await?;
    store.delete(&key).await?;
    ensure!(read(store, &key).await?.is_none(), "it is still there");
    Ok(())
}

pub async fn a_part_of_an_object_is_got_by_its_range(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.store, peer.key());
    let bytes = content(600_000);
    store.put_bytes(&key, bytes.clone()).await?;
    for (range, expected) in [
        (0..10, &bytes[..10]),
        (262_100..262_200, &bytes[262_100..262_200]),
        (599_990..600_000, &bytes[599_990..]),
        (599_990..1_000_000, &bytes[599_990..]),
        (600_000..600_010, &[][..]),
        (5..5, &[][..]),
    ] {
        let object = store.get(&key, Some(range.clone())).await?.ok_or("no object")?;
        ensure!((object.size, object.total) == (expected.len() as u64, 600_000), "{range:?}: {object:?}");
        let got: Vec<u8> = object.stream.map_ok(|chunk| chunk.to_vec()).try_concat().await?;
        ensure!(got == expected, "{range:?} came back changed");
    }
    ensure!(store.get(&peer.key(), Some(0..10)).await?.is_none(), "a part of nothing");
    Ok(())
}

pub async fn a_large_stream_is_stored_in_parts_and_read_as_one(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.store, peer.key());
    for size in [PART, 2 * PART - 1, 2 * PART, 3 * PART + 7] {
        let bytes = content(size);
        let stored = store.put(&key, chunked(&bytes, 100_000), size as u64).await?;
        ensure!((stored.size, stored.checksum) == (size as u64, checksum_of(&bytes)), "{stored:?}");
        ensure!(read(store, &key).await?.is_some_and(|got| got == bytes), "{size} bytes came back changed");
    }
    let requests = store.usage().get("UploadPart").map_or(0, |tally| tally.requests);
    ensure!(requests == 2 + 4, "{requests} parts were sent");
    Ok(())
}

pub async fn a_large_object_is_read_in_parts_at_once(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.store, peer.key());
    for size in [0, 1, PART, PART + 1, 4 * PART + 9] {
        let bytes = content(size);
        let stored = store.put_bytes(&key, bytes.clone()).await?;
        let object = store.download(&key).await?.ok_or("no object")?;
        ensure!((object.size, object.total) == (size as u64, size as u64), "{object:?}");
        let got: Vec<u8> = object.verified(stored.checksum).stream.map_ok(|chunk| chunk.to_vec()).try_concat().await?;
        ensure!(got == bytes, "{size} bytes came back changed");
    }
    ensure!(store.download(&peer.key()).await?.is_none(), "an object out of nothing");
    Ok(())
}

pub async fn a_stream_over_its_limit_or_broken_stores_nothing(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.store, peer.key());
    store.put_bytes(&key, content(10)).await?;
    for size in [100, PART, 2 * PART + 1] {
        let bytes = content(size);
        let over = store.put(&key, chunked(&bytes, 65_536), size as u64 - 1).await;
        ensure!(matches!(over, Err(BlobError::TooLarge { .. })), "{size}: {over:?}");
        let cut = stream::once(async { Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
        let broken = store.put(&key, Box::pin(chunked(&bytes, 65_536).chain(cut)), u64::MAX).await;
        ensure!(matches!(broken, Err(BlobError::Body { .. })), "{size}: {broken:?}");
    }
    ensure!(read(store, &key).await?.is_some_and(|got| got == content(10)), "what lay there has changed");
    let (names, open) = peer.contents().await;
    ensure!((names.len(), open) == (1, 0), "{names:?} and {open} open uploads are left");
    Ok(())
}

pub async fn a_copy_lives_on_its_own(peer: &Peer) -> Outcome {
    let (store, from, to) = (&peer.store, peer.key(), ObjectKey::quarantine(peer.customer, BlobId::new(&SystemClock, &SystemEntropy)));
    ensure!(store.copy(&from, &to).await?.is_none(), "a copy of nothing");
    for size in [0, 1000, 6 * MIB] {
        store.put_bytes(&from, content(size)).await?;
        ensure!(store.copy(&from, &to).await?.is_some(), "no copy of {size} bytes");
        store.delete(&from).await?;
        ensure!(read(store, &to).await?.is_some_and(|got| got == content(size)), "{size} bytes came back changed");
    }
    Ok(())
}

pub async fn a_large_copy_is_made_in_parts(peer: &Peer) -> Outcome {
    let (store, from, to) = (&peer.store, peer.key(), peer.key());
    let bytes = content(3 * PART + 11);
    store.put_bytes(&from, bytes.clone()).await?;
    ensure!(store.copy(&from, &to).await?.is_some(), "no copy");
    let parts = store.usage().get("UploadPartCopy").map_or(0, |tally| tally.requests);
    ensure!(parts == 4, "{parts} parts were copied");
    store.delete(&from).await?;
    ensure!(read(store, &to).await?.is_some_and(|got| got == bytes), "it came back changed");
    Ok(())
}

pub async fn a_copy_of_what_was_looked_at_is_of_nothing_else(peer: &Peer) -> Outcome {
    let (store, from, to) = (&peer.store, peer.key(), peer.key());
    for size in [1000, 2 * PART] {
        store.put_bytes(&from, content(size)).await?;
        let facts = store.look(&from).await?.ok_or("no object")?;
        let mut other = content(size).to_vec();
        other[0] ^= 1;
        store.put_bytes(&from, Bytes::from(other)).await?;
        let copied = store.copy_known(&from, &facts, &to).await;
        ensure!(matches!(copied, Err(BlobError::Changed)), "{size} bytes that were replaced: {copied:?}");
        ensure!(store.head(&to).await?.is_none(), "they were copied all the same");
    }
    ensure!(peer.contents().await.1 == 0, "parts of the copy are left");
    Ok(())
}

pub async fn parts_that_nobody_finishes_are_swept_and_foreign_ones_stay(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.store, peer.key());
    store.begin_parts(&key).await?;
    store.begin_parts(&ObjectKey::text(peer.customer, BlobId::new(&SystemClock, &SystemEntropy))).await?;
    peer.bare.create_multipart_upload().bucket(&peer.settings.files_bucket).key("backup/of somebody else").send().await?;
    let now = SystemClock.now();
    let (before, after) = (now - jiff::SignedDuration::from_hours(24), now + jiff::SignedDuration::from_hours(24));
    ensure!(store.sweep_parts(before).await? == 0, "young ones were swept");
    let swept = store.sweep_parts(after).await?;
    ensure!(swept == 2, "{swept} were swept");
    ensure!(peer.contents().await.1 == 1, "the foreign one is gone");
    Ok(())
}

pub async fn every_kind_of_key_has_its_own_place(peer: &Peer) -> Outcome {
    let (customer, blob) = (peer.customer, BlobId::new(&SystemClock, &SystemEntropy));
    let keys = [
        ObjectKey::upload(customer, UploadId::new(&SystemClock, &SystemEntropy), SystemClock.now()),
        ObjectKey::document(customer, Category::Other, blob),
        ObjectKey::quarantine(customer, blob),
        ObjectKey::text(customer, blob),
    ];
    for (size, key) in keys.iter().enumerate() {
        peer.store.put_bytes(key, content(size + 1)).await?;
    }
    for (size, key) in keys.iter().enumerate() {
        ensure!(read(&peer.store, key).await?.is_some_and(|got| got == content(size + 1)), "{key}");
    }
    Ok(())
}

/// Our own keys are plain; what is adopted from elsewhere is not.
pub async fn any_name_of_a_key_is_a_name_of_its_own(peer: &Peer) -> Outcome {
    let bucket = &peer.settings.files_bucket;
    let long = "k".repeat(1023);
    let names = ["a", "a/b", "a//b", "x/./y", "x/../y", "ünïcode/ключ", "with space+plus", "100%25", "q?a=b&c", "trailing/", long.as_str()];
    for (size, name) in names.iter().enumerate() {
        peer.bare.put_object().bucket(bucket).key(*name).body(content(size + 1).into()).send().await?;
    }
    for (size, name) in names.iter().enumerate() {
        let got = peer.bare.get_object().bucket(bucket).key(*name).send().await?.body.collect().await?.into_bytes();
        ensure!(got == content(size + 1), "`{name}` is another object's name too");
    }
    let listed = peer.bare.list_objects_v2().bucket(bucket).encoding_type("url".into()).send().await?;
    let mut found: Vec<String> = Vec::new();
    for object in listed.contents() {
        found.push(percent_decode_str(object.key().unwrap_or_default()).decode_utf8()?.into_owned());
    }
    for name in names {
        // A plus is a space in the older way to encode a listing.
        let spaced = name.replace(' ', "+");
        ensure!(found.iter().any(|key| key == name || *key == spaced), "`{name}` is not listed: {found:?}");
    }
    Ok(())
}

/// Sends it as it was signed.
async fn send(request: &SignedRequest, body: Bytes) -> Result<(u16, String), Fault> {
    let method: reqwest::Method = request.method.parse()?;
    let mut sent = reqwest::Client::new().request(method, &request.url);
    for (name, value) in &request.headers {
        if name != "host" && name != "content-length" {
            sent = sent.header(name, value);
        }
    }
    let answer = sent.body(body).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

fn terms(bytes: &[u8]) -> PutTerms {
    PutTerms { size: bytes.len() as u64, checksum: Some(checksum_of(bytes)), content_type: Some("application/pdf".to_owned()) }
}

pub async fn a_presigned_get_downloads_under_its_name_and_nothing_else(peer: &Peer) -> Outcome {
    let key = peer.key();
    peer.store.put_bytes(&key, content(100_000)).await?;
    let name = FileName::parse("Übersicht Q2.pdf")?;
    let url = peer.store.presign_get(&key, &name, "application/pdf", Some("req_1"), Duration::from_hours(1)).await?;
    ensure!(url.contains("X-Amz-Expires=60"), "the lifetime is not capped");
    let web = reqwest::Client::new();
    let answer = web.get(&url).send().await?;
    ensure!(answer.status() == 200, "{}", answer.status());
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    ensure!(header("content-type") == "application/pdf", "{}", header("content-type"));
    let disposition = "attachment; filename=\"_bersicht Q2.pdf\"; filename*=UTF-8''%C3%9Cbersicht%20Q2.pdf";
    ensure!(header("content-disposition") == disposition, "{}", header("content-disposition"));
    ensure!(answer.bytes().await? == content(100_000), "it came back changed");
    let part = web.get(&url).header("range", "bytes=10-19").send().await?;
    ensure!(part.status() == 206 && part.bytes().await? == content(100_000).slice(10..20), "no part of it");
    let other = peer.key();
    peer.store.put_bytes(&other, content(1)).await?;
    let swapped = url.replace(key.as_str().rsplit('/').next().unwrap(), other.as_str().rsplit('/').next().unwrap());
    for tampered in [swapped, url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"), url.replace("_bersicht", "invoice")] {
        ensure!(tampered != url, "nothing was tampered with");
        let status = web.get(tampered).send().await?.status();
        ensure!(status == 403, "a changed address gives {status}");
    }
    let put = web.put(&url).body("mine now").send().await?.status();
    ensure!(put == 403, "it writes too: {put}");
    Ok(())
}

pub async fn a_presigned_get_ends_in_time(peer: &Peer) -> Outcome {
    let key = peer.key();
    peer.store.put_bytes(&key, content(10)).await?;
    let url = peer.store.presign_get(&key, &FileName::parse("a.txt")?, "text/plain", None, Duration::from_secs(1)).await?;
    let web = reqwest::Client::new();
    // Stores count whole seconds, from the one in which it was signed.
    for _ in 0..100 {
        let status = web.get(&url).send().await?.status();
        if status == 403 {
            return Ok(());
        }
        ensure!(status == 200, "{status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("it lives for ten seconds".into())
}

pub async fn a_presigned_head_tells_the_size(peer: &Peer) -> Outcome {
    let key = peer.key();
    peer.store.put_bytes(&key, content(1234)).await?;
    let request = peer.store.presign_head(&key, Duration::from_hours(1)).await?;
    ensure!(request.method == "HEAD" && request.lifetime == Duration::from_mins(1), "{request:?}");
    let answer = reqwest::Client::new().head(&request.url).send().await?;
    let told = answer.headers().get("content-length").and_then(|length| length.to_str().ok()).unwrap_or_default();
    ensure!(answer.status() == 200 && told == "1234", "{} {told}", answer.status());
    ensure!(reqwest::Client::new().get(&request.url).send().await?.status() == 403, "it reads too");
    Ok(())
}

pub async fn a_presigned_put_brings_exactly_what_was_signed(peer: &Peer) -> Outcome {
    let (key, bytes) = (peer.key(), content(5000));
    let request = peer.store.presign_put(&key, &terms(&bytes)).await?;
    ensure!(request.method == "PUT", "{request:?}");
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    for signed in ["content-length", "content-type", "if-none-match", "x-amz-checksum-sha256"] {
        ensure!(names.contains(&signed), "`{signed}` is not signed: {names:?}");
    }
    for wrong in [bytes.slice(1..), content(5001)] {
        let (status, _) = send(&request, wrong).await?;
        ensure!((400..500).contains(&status), "another length gives {status}");
    }
    for missing in ["if-none-match", "x-amz-checksum-sha256"] {
        let mut bare = request.clone();
        bare.headers.retain(|(name, _)| name != missing);
        let (status, _) = send(&bare, bytes.clone()).await?;
        ensure!(status == 403, "without `{missing}`: {status}");
    }
    ensure!(peer.store.head(&key).await?.is_none(), "something was stored");
    let (status, text) = send(&request, bytes.clone()).await?;
    ensure!(status == 200, "{status} {text}");
    ensure!(read(&peer.store, &key).await?.is_some_and(|got| got == bytes), "it came back changed");
    Ok(())
}

pub async fn a_presigned_put_with_other_bytes_than_signed_is_refused(peer: &Peer) -> Outcome {
    let (key, bytes) = (peer.key(), content(5000));
    let request = peer.store.presign_put(&key, &terms(&bytes)).await?;
    let mut other = bytes.to_vec();
    other[2500] ^= 1;
    let (status, _) = send(&request, Bytes::from(other)).await?;
    ensure!(status == 400, "other bytes were taken: {status}");
    ensure!(peer.store.head(&key).await?.is_none(), "they were stored all the same");
    Ok(())
}

pub async fn a_presigned_put_replaces_nothing(peer: &Peer) -> Outcome {
    let (key, bytes) = (peer.key(), content(100));
    let request = peer.store.presign_put(&key, &terms(&bytes)).await?;
    ensure!(send(&request, bytes.clone()).await?.0 == 200, "the first was refused");
    let (status, text) = send(&request, bytes.clone()).await?;
    ensure!(status == 412, "the second gives {status} {text}");
    peer.store.put_bytes(&key, content(7)).await?;
    ensure!(send(&request, bytes).await?.0 == 412, "what lies there was replaced");
    ensure!(peer.store.head(&key).await? == Some(7), "what lies there was replaced");
    Ok(())
}

pub async fn of_many_who_put_at_once_one_is_first(peer: &Peer) -> Outcome {
    let key = peer.key();
    let mut racers = Vec::new();
    for racer in 0..16_u8 {
        let bytes = Bytes::from(vec![racer; 3000]);
        racers.push((peer.store.presign_put(&key, &terms(&bytes)).await?, bytes));
    }
    let sent = futures::future::join_all(racers.iter().map(|(request, bytes)| send(request, bytes.clone()))).await;
    let mut winners = Vec::new();
    for ((_, bytes), outcome) in racers.iter().zip(sent) {
        match outcome?.0 {
            200 => winners.push(bytes.clone()),
            409 | 412 => {}
            status => return Err(format!("a racer is told {status}").into()),
        }
    }
    ensure!(winners.len() == 1, "{} won", winners.len());
    ensure!(read(&peer.store, &key).await?.is_some_and(|got| got == winners[0]), "another's bytes lie there");
    Ok(())
}

pub async fn presigned_parts_make_an_object(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.store, peer.key());
    let bytes = content(2 * PART + 100);
    let upload = store.begin_parts(&key).await?;
    ensure!(store.arrived_parts(&key, &upload).await?.is_some_and(|parts| parts.is_empty()), "parts before any was sent");
    let pieces: Vec<Bytes> = bytes.chunks(PART).map(Bytes::copy_from_slice).collect();
    // The last first: parts come in any order.
    for (number, piece) in (1..).zip(&pieces).collect::<Vec<_>>().into_iter().rev() {
        let terms = PutTerms { size: piece.len() as u64, checksum: None, content_type: None };
        let request = store.presign_part(&key, &upload, number, &terms).await?;
        let (status, text) = send(&request, piece.clone()).await?;
        ensure!(status == 200, "{status} {text}");
    }
    let parts = store.arrived_parts(&key, &upload).await?.ok_or("no upload")?;
    let sizes: Vec<(u32, u64)> = parts.iter().map(|part| (part.number, part.size)).collect();
    ensure!(sizes == [(1, PART as u64), (2, PART as u64), (3, 100)], "{sizes:?}");
    store.complete_parts(&key, &upload, &parts).await?;
    // An answer that was lost is asked for again.
    store.complete_parts(&key, &upload, &parts).await?;
    ensure!(store.arrived_parts(&key, &upload).await?.is_none(), "the upload is still open");
    ensure!(read(store, &key).await?.is_some_and(|got| got == bytes), "it came back changed");
    store.abort_parts(&key, &upload).await?;
    Ok(())
}

pub async fn a_part_of_another_length_is_refused(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.store, peer.key());
    let upload = store.begin_parts(&key).await?;
    let terms = PutTerms { size: 1000, checksum: None, content_type: None };
    let request = store.presign_part(&key, &upload, 1, &terms).await?;
    for size in [999, 1001] {
        let (status, _) = send(&request, content(size)).await?;
        ensure!((400..500).contains(&status), "{size} bytes give {status}");
    }
    ensure!(store.arrived_parts(&key, &upload).await?.is_some_and(|parts| parts.is_empty()), "a part was taken");
    store.abort_parts(&key, &upload).await?;
    store.abort_parts(&key, &upload).await?;
    Ok(())
}

pub async fn a_wrong_checksum_is_refused_and_changes_nothing(peer: &Peer) -> Outcome {
    let (bucket, name) = (&peer.settings.files_bucket, "checked");
    let put = |bytes: &'static [u8], sum: &[u8]| {
        let request = peer.bare.put_object().bucket(bucket).key(name).body(ByteStream::from_static(bytes));
        request.checksum_sha256(STANDARD.encode(checksum_of(sum).digest())).send()
    };
    put(b"good", b"good").await?;
    ensure!(put(b"bad!", b"good").await.is_err(), "the wrong checksum was taken");
    let there = peer.bare.get_object().bucket(bucket).key(name).send().await?.body.collect().await?.into_bytes();
    ensure!(there == b"good".as_slice(), "what was refused lies there");
    Ok(())
}

pub async fn the_checksum_of_an_object_is_told(peer: &Peer) -> Outcome {
    let (key, bytes) = (peer.key(), content(3000));
    peer.store.put_bytes(&key, bytes.clone()).await?;
    let facts = peer.store.look(&key).await?.ok_or("no object")?;
    ensure!(facts.size == 3000 && !facts.etag.is_empty(), "{facts:?}");
    let told = facts.checksum.ok_or("no checksum is told")?;
    ensure!(told == checksum_of(&bytes), "another one: {told}");
    Ok(())
}

pub async fn another_secret_is_refused(peer: &Peer) -> Outcome {
    let key = peer.key();
    peer.store.put_bytes(&key, content(10)).await?;
    let wrong = peer.again(|settings| "wrong".clone_into(&mut settings.secret_key)).await;
    let read = wrong.get(&key, None).await;
    let is_refusal = |reason: &str| matches!(reason, "SignatureDoesNotMatch" | "AccessDenied");
    ensure!(matches!(&read, Err(BlobError::Refused { reason, .. }) if is_refusal(reason)), "read: {read:?}");
    let name = FileName::parse("a.txt")?;
    let url = wrong.presign_get(&key, &name, "text/plain", None, Duration::from_mins(1)).await?;
    ensure!(reqwest::get(url).await?.status() == 403, "its presigned address is taken");
    Ok(())
}

pub async fn a_missing_bucket_is_told_from_a_missing_object(peer: &Peer) -> Outcome {
    ensure!(peer.store.probe().await.is_ready(), "not ready");
    let astray = peer.again(|settings| settings.metadata_bucket.push_str("-nowhere")).await;
    let probe = astray.probe().await;
    ensure!((probe.files, probe.metadata) == (BucketState::Ready, BucketState::Missing), "{probe:?}");
    let key = ObjectKey::text(peer.customer, BlobId::new(&SystemClock, &SystemEntropy));
    let read = astray.get(&key, None).await;
    ensure!(matches!(&read, Err(BlobError::Refused { reason, .. }) if reason == "NoSuchBucket"), "{read:?}");
    ensure!(peer.store.get(&key, None).await?.is_none(), "an object out of nothing");
    Ok(())
}

pub async fn what_was_asked_is_counted(peer: &Peer) -> Outcome {
    let (store, key) = (&peer.again(|_| ()).await, peer.key());
    store.put_bytes(&key, content(5000)).await?;
    read(store, &key).await?;
    store.get(&peer.key(), None).await?;
    store.presign_head(&key, Duration::from_secs(9)).await?;
    store.delete(&key).await?;
    let usage = store.usage();
    let told: Vec<_> = usage.iter().map(|(name, tally)| (name.as_str(), tally.calls, tally.requests, tally.failures.absent)).collect();
    ensure!(told == [("DeleteObject", 1, 1, 0), ("GetObject", 2, 2, 1), ("PutObject", 1, 1, 0)], "{told:?}");
    ensure!(usage["PutObject"].sent_bytes == 5000, "{:?}", usage["PutObject"]);
    ensure!(usage["GetObject"].received_bytes >= 5000, "{:?}", usage["GetObject"]);
    ensure!(usage.values().all(|tally| tally.failures.count() == tally.failures.absent), "{usage:?}");
    ensure!(usage.values().all(|tally| tally.retries() == 0 && tally.durations.count() == tally.calls), "{usage:?}");
    Ok(())
}
