//! Probes that need no more than an object.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, GlacierJobParameters, RestoreRequest, ServerSideEncryption, StorageClass, Tag, Tagging, Tier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use super::feature::{Capability, Feature};
use super::scratch::{Answer, Scratch};
use crate::blob::error::BlobError;

const CONTENT: &[u8] = b"satchel asks what this store can do\n";
const OTHER: &[u8] = b"and writes a second time\n";

/// What happened where a store does a thing halfway.
const ACCEPTED_ONLY: &str = "the store accepts it and does not do it";

fn body(bytes: &'static [u8]) -> ByteStream {
    ByteStream::from_static(bytes)
}

fn sum(bytes: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, bytes).as_ref())
}

fn refused(feature: Feature, code: &str) -> Capability {
    Capability::without(feature, &format!("the store answers `{code}`"))
}

/// A second create must fail, and leave the first object as it was.
pub async fn conditional_writes(scratch: &Scratch<'_>) -> Result<Capability, BlobError> {
    const FEATURE: Feature = Feature::ConditionalWrites;
    let key = scratch.key("once");
    let create = |bytes| scratch.client.put_object().bucket(scratch.bucket).key(&key).if_none_match("*").body(body(bytes)).send();
    let first = match Answer::of(create(CONTENT).await)? {
        Answer::Done(made) => made,
        Answer::Refused(code) => return Ok(refused(FEATURE, &code)),
    };
    scratch.note(&key, first.version_id());
    if let Answer::Done(second) = Answer::of(create(OTHER).await)? {
        scratch.note(&key, second.version_id());
        return Ok(Capability::without(FEATURE, ACCEPTED_ONLY));
    }
    let now = scratch.client.head_object().bucket(scratch.bucket).key(&key).send().await.map_err(BlobError::of)?;
    let kept = now.e_tag() == first.e_tag();
    Ok(if kept { Capability::native(FEATURE) } else { Capability::without(FEATURE, "the store refuses the second write and makes it") })
}

/// A wrong sum must be refused, and a right one told back.
pub async fn checksums(scratch: &Scratch<'_>) -> Result<Capability, BlobError> {
    const FEATURE: Feature = Feature::Checksums;
    let put = |key: &str, sum: String| {
        scratch.client.put_object().bucket(scratch.bucket).key(key).checksum_sha256(sum).body(body(CONTENT)).send()
    };
    let wrong = scratch.key("wrong-sum");
    if let Answer::Done(made) = Answer::of(put(&wrong, sum(OTHER)).await)? {
        scratch.note(&wrong, made.version_id());
        return Ok(Capability::without(FEATURE, "the store takes a wrong SHA-256"));
    }
    let right = scratch.key("right-sum");
    match Answer::of(put(&right, sum(CONTENT)).await)? {
        Answer::Done(made) => scratch.note(&right, made.version_id()),
        Answer::Refused(code) => return Ok(refused(FEATURE, &code)),
    }
    let head = scratch.client.head_object().bucket(scratch.bucket).key(&right).checksum_mode(ChecksumMode::Enabled).send();
    let told = head.await.map_err(BlobError::of)?.checksum_sha256().map(str::to_owned);
    Ok(if told == Some(sum(CONTENT)) {
        Capability::native(FEATURE)
    } else {
        Capability::without(FEATURE, "the store does not tell the SHA-256 back")
    })
}

/// Makes the object that the following probes put something on.
pub async fn plain(scratch: &Scratch<'_>) -> Result<String, BlobError> {
    let key = scratch.key("plain");
    let made = scratch.client.put_object().bucket(scratch.bucket).key(&key).body(body(CONTENT)).send().await.map_err(BlobError::of)?;
    scratch.note(&key, made.version_id());
    Ok(key)
}

/// A tag must be there when it is asked for.
pub async fn tagging(scratch: &Scratch<'_>, key: &str) -> Result<Capability, BlobError> {
    const FEATURE: Feature = Feature::Tagging;
    let Ok(tag) = Tag::builder().key("satchel").value("probe").build() else {
        return Ok(Capability::without(FEATURE, "the client cannot build a tag"));
    };
    let Ok(tags) = Tagging::builder().tag_set(tag.clone()).build() else {
        return Ok(Capability::without(FEATURE, "the client cannot build a tag"));
    };
    if let Answer::Refused(code) =
        Answer::of(scratch.client.put_object_tagging().bucket(scratch.bucket).key(key).tagging(tags).send().await)?
    {
        return Ok(refused(FEATURE, &code));
    }
    Ok(match Answer::of(scratch.client.get_object_tagging().bucket(scratch.bucket).key(key).send().await)? {
        Answer::Done(told) if told.tag_set().contains(&tag) => Capability::native(FEATURE),
        Answer::Done(_) => Capability::without(FEATURE, ACCEPTED_ONLY),
        Answer::Refused(code) => refused(FEATURE, &code),
    })
}

/// An annotation must give its payload back. A store that does not know the request may take it for
/// the object's own, so the object it is tried on is one of its own.
pub async fn annotations(scratch: &Scratch<'_>) -> Result<Capability, BlobError> {
    const FEATURE: Feature = Feature::Annotations;
    const NAME: &str = "satchel";
    let key = scratch.key("annotated");
    let made = scratch.client.put_object().bucket(scratch.bucket).key(&key).body(body(CONTENT)).send().await.map_err(BlobError::of)?;
    scratch.note(&key, made.version_id());
    let put = scratch.client.put_object_annotation().bucket(scratch.bucket).key(&key).annotation_name(NAME);
    let answer = Answer::of(put.annotation_payload(body(OTHER)).send().await)?;
    let head = scratch.client.head_object().bucket(scratch.bucket).key(&key).send().await.map_err(BlobError::of)?;
    if head.e_tag() != made.e_tag() {
        // It was overwritten, whatever was answered: the version that this made is to be removed too.
        scratch.note(&key, head.version_id());
        return Ok(Capability::without(FEATURE, "the store takes an annotation for the object itself"));
    }
    if let Answer::Refused(code) = answer {
        return Ok(refused(FEATURE, &code));
    }
    let get = scratch.client.get_object_annotation().bucket(scratch.bucket).key(&key).annotation_name(NAME).send();
    Ok(match Answer::of(get.await)? {
        Answer::Done(told) => match told.annotation_payload.collect().await {
            Ok(payload) if payload.clone().to_vec() == OTHER => Capability::native(FEATURE),
            Ok(_) | Err(_) => Capability::without(FEATURE, ACCEPTED_ONLY),
        },
        Answer::Refused(code) => refused(FEATURE, &code),
    })
}

/// An object under a key of the key service must say so afterwards; whether the bucket's key did it, too.
pub async fn keys(scratch: &Scratch<'_>) -> Result<[Capability; 2], BlobError> {
    let key = scratch.key("key-service");
    let put = scratch.client.put_object().bucket(scratch.bucket).key(&key).server_side_encryption(ServerSideEncryption::AwsKms);
    match Answer::of(put.bucket_key_enabled(true).body(body(CONTENT)).send().await)? {
        Answer::Done(made) => scratch.note(&key, made.version_id()),
        Answer::Refused(code) => return Ok([refused(Feature::CustomerKeys, &code), refused(Feature::BucketKeys, &code)]),
    }
    let head = scratch.client.head_object().bucket(scratch.bucket).key(&key).send().await.map_err(BlobError::of)?;
    let encrypted = head.server_side_encryption() == Some(&ServerSideEncryption::AwsKms);
    let of = |feature, does| if does { Capability::native(feature) } else { Capability::without(feature, ACCEPTED_ONLY) };
    Ok([of(Feature::CustomerKeys, encrypted), of(Feature::BucketKeys, encrypted && head.bucket_key_enabled() == Some(true))])
}

/// Whether a bucket takes an object into the archive class and gives it back.
pub async fn archive_of(client: &Client, bucket: &str) -> Result<Capability, BlobError> {
    let scratch = Scratch::new(client, bucket);
    let found = archive(&scratch).await;
    scratch.remove().await;
    found
}

/// An object in the archive class must say that it is there, and be asked back.
pub async fn archive(scratch: &Scratch<'_>) -> Result<Capability, BlobError> {
    const FEATURE: Feature = Feature::Archive;
    let key = scratch.key("archived");
    let put = scratch.client.put_object().bucket(scratch.bucket).key(&key).storage_class(StorageClass::Glacier);
    match Answer::of(put.body(body(CONTENT)).send().await)? {
        Answer::Done(made) => scratch.note(&key, made.version_id()),
        Answer::Refused(code) => return Ok(refused(FEATURE, &code)),
    }
    let head = scratch.client.head_object().bucket(scratch.bucket).key(&key).send().await.map_err(BlobError::of)?;
    if head.storage_class() != Some(&StorageClass::Glacier) {
        return Ok(Capability::without(FEATURE, ACCEPTED_ONLY));
    }
    let Ok(tier) = GlacierJobParameters::builder().tier(Tier::Bulk).build() else {
        return Ok(Capability::without(FEATURE, "the client cannot build the request"));
    };
    let back = RestoreRequest::builder().days(1).glacier_job_parameters(tier).build();
    Ok(match Answer::of(scratch.client.restore_object().bucket(scratch.bucket).key(&key).restore_request(back).send().await)? {
        Answer::Done(_) => Capability::native(FEATURE),
        Answer::Refused(code) => Capability::without(FEATURE, &format!("the store takes it in and answers `{code}` when it is asked back")),
    })
}
