//! Multipart uploads beyond the plain way: copied parts, checksums of the whole, attributes, races.

use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, ObjectAttributes};

use super::*;

async fn begin(peer: &Peer, algorithm: Option<ChecksumAlgorithm>, kind: Option<ChecksumType>) -> String {
    let request = peer.s3.create_multipart_upload().bucket("bucket-one").key("k");
    let answer = request.set_checksum_algorithm(algorithm).set_checksum_type(kind).send().await.unwrap();
    answer.upload_id().unwrap().to_owned()
}

async fn copied(peer: &Peer, id: &str, number: i32, range: &str) -> CompletedPart {
    let copy = peer.s3.upload_part_copy().bucket("bucket-one").key("k").upload_id(id).part_number(number);
    let part = copy.copy_source("bucket-two/source").copy_source_range(range).send().await.unwrap();
    let etag = part.copy_part_result().and_then(|result| result.e_tag()).unwrap();
    CompletedPart::builder().part_number(number).e_tag(etag).build()
}

fn list(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
}

#[tokio::test]
async fn an_object_is_put_together_from_stretches_of_another() {
    let peer = peer().await;
    let source = content(3 * PART);
    peer.s3.put_object().bucket("bucket-two").key("source").body(ByteStream::from(source.clone())).send().await.unwrap();
    let id = begin(&peer, None, None).await;
    // The last stretch first: the parts' order is by number, not by time.
    let last = copied(&peer, &id, 2, "bytes=10-99").await;
    let first = copied(&peer, &id, 1, &format!("bytes={PART}-{}", 2 * PART)).await;
    let done = peer.s3.complete_multipart_upload().bucket("bucket-one").key("k").upload_id(&id);
    done.multipart_upload(list(vec![first, last])).send().await.unwrap();
    assert!(peer.read("bucket-one", "k").await.unwrap() == [source.slice(PART..=2 * PART), source.slice(10..100)].concat());
    assert_eq!(peer.files_left().await, 3, "the source and two parts");
}

#[tokio::test]
async fn a_part_is_not_copied_from_outside_its_source() {
    let peer = peer().await;
    peer.s3.put_object().bucket("bucket-two").key("source").body(ByteStream::from(content(100))).send().await.unwrap();
    let id = begin(&peer, None, None).await;
    let copy = |range: &str| {
        let copy = peer.s3.upload_part_copy().bucket("bucket-one").key("k").upload_id(&id).part_number(1);
        copy.copy_source("bucket-two/source").copy_source_range(range)
    };
    for (range, refusal) in
        [("bytes=0-100", "InvalidRange"), ("bytes=100-", "InvalidRange"), ("bytes=-5", "InvalidRange"), ("0-5", "InvalidArgument")]
    {
        assert_eq!(code(copy(range).send().await), refusal, "{range}");
    }
    assert_eq!(code(copy("bytes=0-5").copy_source_if_match("\"other\"").send().await), "PreconditionFailed");
    assert_eq!(code(copy("bytes=0-5").copy_source("bucket-two/none").send().await), "NoSuchKey");
    assert_eq!(code(copy("bytes=0-5").upload_id("none").send().await), "NoSuchUpload");
    assert_eq!(peer.files_left().await, 1, "what was refused left nothing");
}

/// Completes an upload of two parts and gives what the store says of the whole.
async fn completed(peer: &Peer, algorithm: ChecksumAlgorithm, kind: Option<ChecksumType>) -> (String, String) {
    let id = begin(peer, Some(algorithm.clone()), kind).await;
    let mut parts = Vec::new();
    for (number, size) in [(1, PART), (2, 77)] {
        let part = peer.s3.upload_part().bucket("bucket-one").key("k").upload_id(&id).part_number(number);
        let part = part.checksum_algorithm(algorithm.clone()).body(ByteStream::from(content(size))).send().await.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(part.e_tag().unwrap()).build());
    }
    let complete = peer.s3.complete_multipart_upload().bucket("bucket-one").key("k").upload_id(&id);
    complete.multipart_upload(list(parts)).send().await.unwrap();
    let head = peer.s3.head_object().bucket("bucket-one").key("k").checksum_mode("ENABLED".into()).send().await.unwrap();
    let sums = [head.checksum_crc32(), head.checksum_crc32_c(), head.checksum_crc64_nvme(), head.checksum_sha256()];
    let sum = sums.into_iter().flatten().next().unwrap().to_owned();
    (sum, head.checksum_type().unwrap().as_str().to_owned())
}

#[tokio::test]
async fn an_object_in_parts_has_the_checksum_that_its_upload_declared() {
    let peer = peer().await;
    let whole = [content(PART), content(77)].concat();
    let crc = STANDARD.encode(<s3s::crypto::Crc64Nvme as s3s::crypto::Checksum>::checksum(&whole));
    assert_eq!(completed(&peer, ChecksumAlgorithm::Crc64Nvme, None).await, (crc, "FULL_OBJECT".to_owned()));
    let crc = STANDARD.encode(<s3s::crypto::Crc32c as s3s::crypto::Checksum>::checksum(&whole));
    let full = completed(&peer, ChecksumAlgorithm::Crc32C, Some(ChecksumType::FullObject)).await;
    assert_eq!(full, (crc, "FULL_OBJECT".to_owned()));
    let digests = [content(PART), content(77)].map(|part| STANDARD.decode(digest(&part)).unwrap()).concat();
    let of_digests = format!("{}-2", digest(&digests));
    assert_eq!(completed(&peer, ChecksumAlgorithm::Sha256, None).await, (of_digests, "COMPOSITE".to_owned()));
}

#[tokio::test]
async fn a_wrong_checksum_of_the_whole_is_refused_and_the_upload_goes_on() {
    let peer = peer().await;
    peer.put("k", content(10)).await;
    let id = begin(&peer, Some(ChecksumAlgorithm::Crc32), Some(ChecksumType::FullObject)).await;
    let part = peer.s3.upload_part().bucket("bucket-one").key("k").upload_id(&id).part_number(1);
    let part = part.checksum_algorithm(ChecksumAlgorithm::Crc32).body(ByteStream::from(content(20))).send().await.unwrap();
    let parts = || list(vec![CompletedPart::builder().part_number(1).e_tag(part.e_tag().unwrap()).build()]);
    let complete = || {
        let complete = peer.s3.complete_multipart_upload().bucket("bucket-one").key("k").upload_id(&id);
        complete.checksum_type(ChecksumType::FullObject).multipart_upload(parts())
    };
    assert_eq!(code(complete().checksum_crc32("AAAAAA==").send().await), "BadDigest");
    assert_eq!(code(complete().checksum_crc64_nvme("AAAAAAAAAAA=").send().await), "InvalidRequest", "nothing to compute it from");
    assert_eq!(code(complete().mpu_object_size(21).send().await), "InvalidRequest");
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(10));
    let right = STANDARD.encode(<s3s::crypto::Crc32 as s3s::crypto::Checksum>::checksum(&content(20)));
    complete().checksum_crc32(right).mpu_object_size(20).send().await.unwrap();
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(20));
}

#[tokio::test]
async fn attributes_tell_size_checksum_and_parts_without_the_bytes() {
    let peer = peer().await;
    completed(&peer, ChecksumAlgorithm::Sha256, None).await;
    let ask = |key: &str| {
        let ask = peer.s3.get_object_attributes().bucket("bucket-one").key(key);
        [ObjectAttributes::Checksum, ObjectAttributes::ObjectParts, ObjectAttributes::ObjectSize]
            .into_iter()
            .fold(ask, aws_sdk_s3::operation::get_object_attributes::builders::GetObjectAttributesFluentBuilder::object_attributes)
    };
    let told = ask("k").max_parts(1).send().await.unwrap();
    assert_eq!((told.object_size(), told.e_tag()), (i64::try_from(PART + 77).ok(), None), "only what was asked for");
    assert!(told.checksum().unwrap().checksum_sha256().unwrap().ends_with("-2"));
    let parts = told.object_parts().unwrap();
    assert_eq!((parts.total_parts_count(), parts.is_truncated(), parts.next_part_number_marker()), (Some(2), Some(true), Some("1")));
    assert_eq!(parts.parts()[0].checksum_sha256(), Some(digest(&content(PART)).as_str()));
    let rest = ask("k").part_number_marker("1").send().await.unwrap();
    assert_eq!(rest.object_parts().unwrap().parts().iter().map(|part| part.size().unwrap()).collect::<Vec<_>>(), [77]);
    peer.put("whole", content(5)).await;
    let told = ask("whole").send().await.unwrap();
    assert_eq!((told.object_size(), told.object_parts().is_none()), (Some(5), true));
    assert_eq!(code(ask("none").send().await), "NoSuchKey");
}

#[tokio::test]
async fn one_of_sixteen_uploads_in_parts_creates_the_object() {
    let peer = peer().await;
    let mut racers = JoinSet::new();
    for racer in 0..16_usize {
        let id = begin(&peer, None, None).await;
        let part = peer.s3.upload_part().bucket("bucket-one").key("k").upload_id(&id).part_number(1);
        let part = part.body(ByteStream::from(content(racer + 1))).send().await.unwrap();
        let parts = list(vec![CompletedPart::builder().part_number(1).e_tag(part.e_tag().unwrap()).build()]);
        let complete = peer.s3.complete_multipart_upload().bucket("bucket-one").key("k").upload_id(&id).if_none_match("*");
        racers.spawn(async move { complete.multipart_upload(parts).send().await.map(|_| racer) });
    }
    let (winners, losers): (Vec<_>, Vec<_>) = racers.join_all().await.into_iter().partition(Result::is_ok);
    for loser in losers {
        assert_eq!(code(loser), "PreconditionFailed");
    }
    let [Ok(winner)] = winners.as_slice() else { panic!("{} winners", winners.len()) };
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(winner + 1));
    let left = peer.s3.list_multipart_uploads().bucket("bucket-one").send().await.unwrap();
    assert_eq!(left.uploads().len(), 15, "a loser may still give its parts another key's condition, or give them up");
}

#[tokio::test]
async fn of_sixteen_who_replace_the_same_version_one_does() {
    let peer = peer().await;
    peer.put("k", content(100)).await;
    let head = peer.s3.head_object().bucket("bucket-one").key("k").send().await.unwrap();
    let etag = head.e_tag().unwrap();
    let mut racers = JoinSet::new();
    for racer in 0..16_usize {
        let put = peer.s3.put_object().bucket("bucket-one").key("k").if_match(etag).body(ByteStream::from(content(racer + 1)));
        racers.spawn(async move { put.send().await.map(|_| racer) });
    }
    let (winners, losers): (Vec<_>, Vec<_>) = racers.join_all().await.into_iter().partition(Result::is_ok);
    for loser in losers {
        assert_eq!(code(loser), "PreconditionFailed");
    }
    let [Ok(winner)] = winners.as_slice() else { panic!("{} winners", winners.len()) };
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(winner + 1));
    assert_eq!(peer.files_left().await, 1);
}
