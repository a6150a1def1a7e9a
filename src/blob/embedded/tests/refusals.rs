//! What the endpoint has not, and says so; conditions of reads and copies; buckets that go.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectCannedAcl, StorageClass, Tag, Tagging, VersioningConfiguration};

use super::*;

#[tokio::test]
async fn what_the_endpoint_has_not_is_said_to_be_missing() {
    let peer = peer().await;
    peer.put("k", content(1)).await;
    let s3 = &peer.s3;
    let tag = Tag::builder().key("a").value("b").build().unwrap();
    let tagging = Tagging::builder().tag_set(tag).build().unwrap();
    let refusals = [
        code(s3.get_bucket_versioning().bucket("bucket-one").send().await),
        code(
            s3.put_bucket_versioning()
                .bucket("bucket-one")
                .versioning_configuration(VersioningConfiguration::builder().build())
                .send()
                .await,
        ),
        code(s3.list_object_versions().bucket("bucket-one").send().await),
        code(s3.get_object_tagging().bucket("bucket-one").key("k").send().await),
        code(s3.put_object_tagging().bucket("bucket-one").key("k").tagging(tagging).send().await),
        code(s3.get_object_lock_configuration().bucket("bucket-one").send().await),
        code(s3.get_object_legal_hold().bucket("bucket-one").key("k").send().await),
        code(s3.get_object_retention().bucket("bucket-one").key("k").send().await),
        code(s3.get_bucket_lifecycle_configuration().bucket("bucket-one").send().await),
        code(s3.get_bucket_notification_configuration().bucket("bucket-one").send().await),
        code(s3.get_bucket_policy().bucket("bucket-one").send().await),
        code(
            s3.put_object_annotation()
                .bucket("bucket-one")
                .key("k")
                .annotation_name("n")
                .annotation_payload(content(2).into())
                .send()
                .await,
        ),
        code(s3.get_object_annotation().bucket("bucket-one").key("k").annotation_name("n").send().await),
        code(s3.get_object().bucket("bucket-one").key("k").version_id("1").send().await),
        code(s3.delete_object().bucket("bucket-one").key("k").version_id("1").send().await),
    ];
    assert!(refusals.iter().all(|refusal| refusal == "NotImplemented"), "{refusals:?}");
    assert_eq!(peer.read("bucket-one", "k").await.unwrap(), content(1));
}

#[tokio::test]
async fn what_a_writer_says_of_class_access_and_expiry_is_kept_or_refused() {
    let peer = peer().await;
    let put = || peer.s3.put_object().bucket("bucket-one").key("k").body(ByteStream::from(content(1)));
    let begin = || peer.s3.create_multipart_upload().bucket("bucket-one").key("k");
    put().storage_class(StorageClass::Standard).acl(ObjectCannedAcl::Private).send().await.unwrap();
    for refusal in [
        code(put().storage_class(StorageClass::Glacier).send().await),
        code(put().acl(ObjectCannedAcl::PublicRead).send().await),
        code(put().expires(DateTime::from_secs(1)).send().await),
        code(put().website_redirect_location("/elsewhere").send().await),
        code(begin().storage_class(StorageClass::StandardIa).send().await),
        code(begin().grant_read("id=somebody").send().await),
    ] {
        assert_eq!(refusal, "NotImplemented");
    }
    assert_eq!(peer.files_left().await, 1);
}

#[tokio::test]
async fn a_reader_may_ask_for_what_changed_since() {
    let peer = peer().await;
    peer.put("k", content(3)).await;
    let head = peer.s3.head_object().bucket("bucket-one").key("k").send().await.unwrap();
    let (modified, etag) = (head.last_modified().unwrap().secs(), head.e_tag().unwrap());
    let get = || peer.s3.get_object().bucket("bucket-one").key("k");
    let status = async |get: aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder| match get.send().await {
        Ok(_) => 200,
        Err(error) => error.raw_response().unwrap().status().as_u16(),
    };
    let at = |offset| DateTime::from_secs(modified + offset);
    assert_eq!(status(get().if_modified_since(at(0))).await, 304);
    assert_eq!(status(get().if_modified_since(at(-1))).await, 200);
    assert_eq!(status(get().if_unmodified_since(at(0))).await, 200);
    assert_eq!(status(get().if_unmodified_since(at(-1))).await, 412);
    // An entity tag outranks the time beside it.
    assert_eq!(status(get().if_match(etag).if_unmodified_since(at(-1))).await, 200);
    assert_eq!(status(get().if_none_match("\"other\"").if_modified_since(at(0))).await, 200);
}

#[tokio::test]
async fn a_copy_heeds_what_lies_at_its_target() {
    let peer = peer().await;
    peer.put("from", content(3)).await;
    peer.put("to", content(4)).await;
    let copy = |condition: &'static str, value: &'static str| {
        let copy = peer.s3.copy_object().copy_source("bucket-one/from").bucket("bucket-one").key("to");
        copy.customize().mutate_request(move |request| {
            request.headers_mut().insert(condition, value);
        })
    };
    assert_eq!(code(copy("if-none-match", "*").send().await), "PreconditionFailed");
    assert_eq!(code(copy("if-match", "\"other\"").send().await), "PreconditionFailed");
    assert_eq!(peer.read("bucket-one", "to").await.unwrap(), content(4));
    let onto_itself = peer.s3.copy_object().copy_source("bucket-one/to").bucket("bucket-one").key("to");
    assert_eq!(code(onto_itself.clone().send().await), "InvalidRequest");
    onto_itself.metadata_directive(MetadataDirective::Replace).content_type("text/csv").send().await.unwrap();
    let head = peer.s3.head_object().bucket("bucket-one").key("to").send().await.unwrap();
    assert_eq!((head.content_type(), head.content_length()), (Some("text/csv"), Some(4)));
    assert_eq!(peer.read("bucket-one", "to").await.unwrap(), content(4));
    assert_eq!(peer.files_left().await, 2);
}

#[tokio::test]
async fn a_bucket_goes_when_nothing_is_in_it_or_under_way() {
    let peer = peer().await;
    let delete = || peer.s3.delete_bucket().bucket("bucket-one");
    peer.put("k", content(1)).await;
    assert_eq!(code(delete().send().await), "BucketNotEmpty");
    peer.s3.delete_object().bucket("bucket-one").key("k").send().await.unwrap();
    let begun = peer.s3.create_multipart_upload().bucket("bucket-one").key("k").send().await.unwrap();
    assert_eq!(code(delete().send().await), "BucketNotEmpty");
    let abort = peer.s3.abort_multipart_upload().bucket("bucket-one").key("k");
    abort.upload_id(begun.upload_id().unwrap()).send().await.unwrap();
    // What another bucket holds does not matter.
    peer.s3.put_object().bucket("bucket-two").key("k").body(ByteStream::from(content(1))).send().await.unwrap();
    delete().send().await.unwrap();
    assert_eq!(code(delete().send().await), "NoSuchBucket");
    assert_eq!(code(peer.s3.get_bucket_location().bucket("bucket-one").send().await), "NoSuchBucket");
    peer.s3.get_bucket_location().bucket("bucket-two").send().await.unwrap();
}

#[tokio::test]
async fn a_key_of_one_byte_too_many_is_refused() {
    let peer = peer().await;
    let put = |key: String| peer.s3.put_object().bucket("bucket-one").key(key).body(ByteStream::from(content(1)));
    put("ü".repeat(512)).send().await.unwrap();
    assert_eq!(code(put(format!("{}k", "ü".repeat(512))).send().await), "KeyTooLongError");
}

#[tokio::test]
async fn an_old_client_lists_by_marker() {
    let peer = peer().await;
    for key in ["a", "b/1", "b/2", "c"] {
        peer.put(key, content(1)).await;
    }
    let mut seen = Vec::new();
    let mut marker = String::new();
    loop {
        let page = peer.s3.list_objects().bucket("bucket-one").delimiter("/").max_keys(1).marker(&marker).send().await.unwrap();
        seen.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        seen.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
        match page.next_marker() {
            Some(next) => next.clone_into(&mut marker),
            None => break,
        }
    }
    assert_eq!(seen, ["a", "b/", "c"]);
}
