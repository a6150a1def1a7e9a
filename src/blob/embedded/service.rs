//! The S3 operations: what a request says, turned into a question or a change of the index.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use redb::WriteTransaction;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Bucket, ChecksumAlgorithm, ChecksumMode, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, ETagCondition, GetBucketLocationInput, GetBucketLocationOutput,
    GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, ObjectCannedACL,
    PutObjectInput, PutObjectOutput, StorageClass, StreamingBlob, Timestamp, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use tokio::sync::broadcast::Sender;
use tokio_util::task::TaskTracker;

use super::change::{self, Conditions};
use super::commit::{Ending, Writer};
use super::disk::{Disk, Pinned, SegmentId, Unclaimed};
use super::fetches::{Counted, Fetched, mark_of};
use super::index::{Headers, Index, IndexError, Lookup, ObjectRow};
use super::intake::{Expected, receive};
use super::reading::content;
use super::sums::{sums_of, with_sums};
use super::whole_sums::Declared;
use crate::domain::{Clock, SystemClock};

/// Entries of a page: S3's own limit.
const MAX_PAGE: usize = 1000;
/// The embedded store behind its protocol.
#[derive(Debug, Clone)]
pub struct Service {
    pub(super) index: Arc<Index>,
    pub(super) writer: Writer,
    pub(super) disk: Arc<Disk>,
    pub(super) tasks: TaskTracker,
    /// Who is told of what was read.
    pub(super) fetches: Sender<Fetched>,
}

impl From<IndexError> for S3Error {
    fn from(error: IndexError) -> Self {
        let code = match error {
            IndexError::Stopping | IndexError::Shut => S3ErrorCode::ServiceUnavailable,
            IndexError::Storage(_) | IndexError::Row { .. } | IndexError::NotCommitted => S3ErrorCode::InternalError,
        };
        Self::with_source(code, Box::new(error))
    }
}

/// Refuses what would otherwise be silently not kept.
macro_rules! refuse {
    ($input:expr; $($field:ident),+) => {
        $(if $input.$field.is_some() {
            return Err(s3s::s3_error!(NotImplemented, concat!("the embedded store does not support `", stringify!($field), "`")));
        })+
    };
}
pub(super) use refuse;

/// Refuses what a writer may say of an object and this store does not keep. What it says of the one
/// class and the one access that there are is true.
macro_rules! refuse_unkept {
    ($input:expr) => {
        $crate::blob::embedded::service::refuse!($input; expires, website_redirect_location, grant_full_control, grant_read, grant_read_acp,
            grant_write_acp, ssekms_key_id, ssekms_encryption_context, bucket_key_enabled);
        $crate::blob::embedded::service::check_unkept(
            $input.storage_class.as_ref().map(s3s::dto::StorageClass::as_str),
            $input.acl.as_ref().map(s3s::dto::ObjectCannedACL::as_str),
        )?;
    };
}
pub(super) use refuse_unkept;

/// The headers that are kept with an object.
macro_rules! headers_of {
    ($input:expr) => {
        $crate::blob::embedded::index::Headers {
            content_type: $input.content_type.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $input.content_encoding.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            metadata: $input.metadata.clone().unwrap_or_default().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        }
    };
}
pub(super) use headers_of;

impl Service {
    /// Asks the index, off the reactor.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Index) -> Result<T, IndexError> + Send + 'static,
    ) -> S3Result<T> {
        let index = Arc::clone(&self.index);
        let answer = self.tasks.spawn_blocking(move || question(&index)).await;
        answer.map_err(|error| S3Error::with_source(S3ErrorCode::InternalError, Box::new(error)))?.map_err(S3Error::from)
    }

    /// Commits a change, then keeps the new files and lets go of the old ones.
    pub(super) async fn commit<T: Send + 'static>(
        &self,
        new: Option<Unclaimed>,
        change: impl FnOnce(&WriteTransaction) -> change::Outcome<(T, Vec<SegmentId>)> + Send + 'static,
    ) -> S3Result<T> {
        let disk = Arc::clone(&self.disk);
        let settle = move |outcome: Result<(T, Vec<SegmentId>), S3ErrorCode>, ending| {
            outcome.map(|(result, old)| {
                if let Some(new) = new {
                    new.claim();
                }
                if ending == Ending::Committed {
                    disk.discard(old);
                }
                result
            })
        };
        self.writer.commit(change, settle).await?.map_err(S3Error::from)
    }

    /// The object as it is now, its files kept from vanishing while `Pinned` lives.
    pub(super) async fn open(&self, bucket: String, key: String) -> S3Result<(ObjectRow, Pinned)> {
        let disk = Arc::clone(&self.disk);
        let found = self
            .ask(move |index| {
                let mut row = index.object(&bucket, &key)?;
                loop {
                    let Lookup::Found(seen) = row else { return Ok(missing(&row)) };
                    let pinned = disk.pin(&seen.segments);
                    // A change between the look and the pin may have let the files go: look again.
                    row = index.object(&bucket, &key)?;
                    if matches!(&row, Lookup::Found(now) if now.segments == seen.segments) {
                        return Ok(Ok((seen, pinned)));
                    }
                }
            })
            .await?;
        found.map_err(S3Error::from)
    }

    pub(super) async fn row(&self, bucket: String, key: String) -> S3Result<ObjectRow> {
        match self.ask(move |index| index.object(&bucket, &key)).await? {
            Lookup::Found(row) => Ok(row),
            absent => missing(&absent).map_err(S3Error::from),
        }
    }
}

fn missing<T>(lookup: &Lookup<ObjectRow>) -> Result<T, S3ErrorCode> {
    Err(match lookup {
        Lookup::NoBucket => S3ErrorCode::NoSuchBucket,
        Lookup::Nothing | Lookup::Found(_) => S3ErrorCode::NoSuchKey,
    })
}

/// Microseconds since the epoch.
pub(super) fn now_us() -> i64 {
    SystemClock.now().as_microsecond()
}

/// A stored time as S3 messages carry it.
pub(super) fn timestamp(us: i64) -> Timestamp {
    Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(us).unwrap_or(0)))
}

/// A size as S3 messages carry it.
pub(super) fn wire_size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A strong entity tag.
pub(super) fn tag(etag: &str) -> ETag {
    ETag::Strong(etag.to_owned())
}

/// The wanted size of a page.
pub(super) fn page_size(asked: Option<i32>) -> S3Result<usize> {
    let asked = asked.map(usize::try_from).transpose().map_err(|_| s3_error!(InvalidArgument, "a page has at least no entries"))?;
    Ok(asked.unwrap_or(MAX_PAGE).min(MAX_PAGE))
}

/// Refuses a class or an access other than those of every object here.
pub(super) fn check_unkept(storage_class: Option<&str>, acl: Option<&str>) -> S3Result<()> {
    if storage_class.is_some_and(|class| class != StorageClass::STANDARD) {
        return Err(s3_error!(NotImplemented, "the embedded store has the class STANDARD only"));
    }
    if acl.is_some_and(|acl| acl != ObjectCannedACL::PRIVATE) {
        return Err(s3_error!(NotImplemented, "the embedded store has private objects only"));
    }
    Ok(())
}

/// The conditions of a read.
struct ReadConditions {
    wanted: Option<ETagCondition>,
    known: Option<ETagCondition>,
    modified_since: Option<Timestamp>,
    unmodified_since: Option<Timestamp>,
}

macro_rules! read_conditions {
    ($input:expr) => {
        ReadConditions {
            wanted: $input.if_match.clone(),
            known: $input.if_none_match.clone(),
            modified_since: $input.if_modified_since.clone(),
            unmodified_since: $input.if_unmodified_since.clone(),
        }
    };
}

/// In the order of RFC 9110, section 13.2.2: an entity tag outranks the time beside it.
fn check_read(row: &ObjectRow, asked: ReadConditions) -> S3Result<()> {
    // HTTP's times have no fractions.
    let modified = timestamp(row.modified_us - row.modified_us.rem_euclid(1_000_000));
    if asked.wanted.is_none() && asked.unmodified_since.is_some_and(|limit| modified > limit) {
        return Err(s3_error!(PreconditionFailed));
    }
    Conditions { if_match: asked.wanted, if_none_match: None }.check(Some(&row.etag))?;
    let is_old = asked.known.is_none() && asked.modified_since.is_some_and(|since| modified <= since);
    let unchanged = Conditions { if_match: None, if_none_match: asked.known };
    if is_old || unchanged.check(Some(&row.etag)).is_err() {
        let mut error = S3Error::new(S3ErrorCode::NotModified);
        if let Ok(value) = tag(&row.etag).to_http_header() {
            error.set_headers(http::HeaderMap::from_iter([(http::header::ETAG, value)]));
        }
        return Err(error);
    }
    Ok(())
}

fn metadata_of(headers: &Headers) -> Option<s3s::dto::Metadata> {
    (!headers.metadata.is_empty()).then(|| headers.metadata.clone().into_iter().collect())
}

#[async_trait::async_trait]
impl S3 for Service {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let bucket = req.input.bucket;
        let location = format!("/{bucket}");
        let now = now_us();
        self.commit(None, move |change| Ok(change::create_bucket(change, &bucket, now)?.map(|()| ((), Vec::new())))).await?;
        Ok(S3Response::new(CreateBucketOutput { location: Some(location) }))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        let bucket = req.input.bucket;
        if self.ask(move |index| index.has_bucket(&bucket)).await? {
            Ok(S3Response::new(HeadBucketOutput::default()))
        } else {
            Err(s3_error!(NoSuchBucket))
        }
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        let bucket = req.input.bucket;
        self.commit(None, move |change| Ok(change::delete_bucket(change, &bucket)?.map(|()| ((), Vec::new())))).await?;
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    async fn get_bucket_location(&self, req: S3Request<GetBucketLocationInput>) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let bucket = req.input.bucket;
        if self.ask(move |index| index.has_bucket(&bucket)).await? {
            // No constraint means `us-east-1`, the region for which any region's signature is taken here.
            Ok(S3Response::new(GetBucketLocationOutput::default()))
        } else {
            Err(s3_error!(NoSuchBucket))
        }
    }

    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let prefix = req.input.prefix.unwrap_or_default();
        let buckets = self.ask(Index::buckets).await?;
        let buckets = buckets.into_iter().filter(|(name, _)| name.starts_with(&prefix)).map(|(name, created)| Bucket {
            name: Some(name),
            creation_date: Some(timestamp(created)),
            ..Bucket::default()
        });
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets.collect()), ..ListBucketsOutput::default() }))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let mut input = req.input;
        refuse!(input; object_lock_mode, object_lock_legal_hold_status, object_lock_retain_until_date, sse_customer_key,
            server_side_encryption, tagging, write_offset_bytes);
        refuse_unkept!(input);
        let sums = sums_of!(input);
        let expected = Expected::new(input.content_length, input.content_md5.as_deref(), sums, &req.headers, req.trailing_headers)?;
        let conditions = Conditions { if_match: input.if_match.take(), if_none_match: input.if_none_match.take() };
        let received = receive(&self.disk, &self.tasks, input.body.take(), expected).await?;
        let row = ObjectRow {
            size: received.segment.size,
            segments: vec![received.segment],
            etag: received.etag.clone(),
            modified_us: now_us(),
            sums: received.sums.clone(),
            parts: Vec::new(),
            headers: headers_of!(input),
        };
        let (bucket, key) = (input.bucket, input.key);
        let change =
            move |change: &WriteTransaction| Ok(change::put_object(change, &bucket, &key, &row, &conditions)?.map(|old| ((), old)));
        self.commit(Some(received.unclaimed), change).await?;
        let output = PutObjectOutput { e_tag: Some(tag(&received.etag)), ..PutObjectOutput::default() };
        Ok(S3Response::new(with_sums!(output, received.sums)))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        refuse!(input; version_id, part_number, sse_customer_key);
        let mark = mark_of(req.uri.query()).map(|mark| (input.bucket.clone(), input.key.clone(), mark));
        let (row, pinned) = self.open(input.bucket, input.key).await?;
        check_read(&row, read_conditions!(input))?;
        let range = input.range.map(|range| range.check(row.size)).transpose()?;
        let wanted = range.clone().unwrap_or(0..row.size);
        let content_range = range.map(|range| format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), row.size));
        // A stored checksum speaks of the whole object only.
        let whole = content_range.is_none() && input.checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let body = content(&self.disk, &self.tasks, &row.segments, wanted.clone(), pinned);
        let body = match mark {
            Some(mark) => StreamingBlob::wrap(Counted::new(body, mark, self.fetches.clone())),
            None => StreamingBlob::wrap(body),
        };
        let output = GetObjectOutput {
            body: Some(body),
            content_length: Some(wire_size(wanted.end - wanted.start)),
            content_range,
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(tag(&row.etag)),
            last_modified: Some(timestamp(row.modified_us)),
            metadata: metadata_of(&row.headers),
            content_type: row.headers.content_type,
            content_disposition: row.headers.content_disposition,
            content_encoding: row.headers.content_encoding,
            content_language: row.headers.content_language,
            cache_control: row.headers.cache_control,
            ..GetObjectOutput::default()
        };
        Ok(S3Response::new(if whole { with_sums!(output, row.sums) } else { output }))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        refuse!(input; version_id, part_number, sse_customer_key);
        let row = self.row(input.bucket, input.key).await?;
        check_read(&row, read_conditions!(input))?;
        let output = HeadObjectOutput {
            content_length: Some(wire_size(row.size)),
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(tag(&row.etag)),
            last_modified: Some(timestamp(row.modified_us)),
            metadata: metadata_of(&row.headers),
            content_type: row.headers.content_type,
            content_disposition: row.headers.content_disposition,
            content_encoding: row.headers.content_encoding,
            content_language: row.headers.content_language,
            cache_control: row.headers.cache_control,
            ..HeadObjectOutput::default()
        };
        let wanted = input.checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        Ok(S3Response::new(if wanted { with_sums!(output, row.sums) } else { output }))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = req.input;
        refuse!(input; version_id, if_match_last_modified_time, if_match_size);
        let conditions = Conditions { if_match: input.if_match, if_none_match: None };
        self.commit(None, move |change| Ok(change::delete_object(change, &input.bucket, &input.key, &conditions)?.map(|old| ((), old))))
            .await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = req.input;
        if input.delete.objects.len() > MAX_PAGE {
            return Err(s3_error!(MalformedXML, "at most 1000 objects are deleted at once"));
        }
        for object in &input.delete.objects {
            refuse!(object; version_id, e_tag, last_modified_time, size);
        }
        let keys: Vec<String> = input.delete.objects.into_iter().map(|object| object.key).collect();
        let gone = keys.clone();
        let bucket = input.bucket;
        self.commit(None, move |change| {
            let mut old = Vec::new();
            for key in &keys {
                match change::delete_object(change, &bucket, key, &Conditions::default())? {
                    Ok(segments) => old.extend(segments),
                    Err(refusal) => return Ok(Err(refusal)),
                }
            }
            Ok(Ok(((), old)))
        })
        .await?;
        let quiet = input.delete.quiet.unwrap_or(false);
        let deleted = gone.into_iter().map(|key| DeletedObject { key: Some(key), ..DeletedObject::default() });
        let deleted = (!quiet).then(|| deleted.collect());
        Ok(S3Response::new(DeleteObjectsOutput { deleted, ..DeleteObjectsOutput::default() }))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.copy(req).await.map(S3Response::new)
    }

    async fn upload_part_copy(&self, req: S3Request<UploadPartCopyInput>) -> S3Result<S3Response<UploadPartCopyOutput>> {
        self.copy_part(req).await.map(S3Response::new)
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        self.objects_page(req.input).await.map(S3Response::new)
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.objects_page_v2(req.input).await.map(S3Response::new)
    }

    async fn get_object_attributes(&self, req: S3Request<GetObjectAttributesInput>) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        self.attributes(req.input).await.map(S3Response::new)
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        refuse!(input; object_lock_mode, object_lock_legal_hold_status, object_lock_retain_until_date, sse_customer_key,
            server_side_encryption, tagging);
        refuse_unkept!(input);
        let algorithm = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
        let declared = Declared::read(algorithm, input.checksum_type.as_ref().map(ChecksumType::as_str))?;
        let headers = headers_of!(input);
        self.begin_upload(input.bucket, input.key, headers, declared).await.map(S3Response::new)
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.take_part(req).await.map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.finish_upload(req.input).await.map(S3Response::new)
    }

    async fn abort_multipart_upload(&self, req: S3Request<AbortMultipartUploadInput>) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.drop_upload(req.input).await.map(S3Response::new)
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        self.parts_page(req.input).await.map(S3Response::new)
    }

    async fn list_multipart_uploads(&self, req: S3Request<ListMultipartUploadsInput>) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        self.uploads_page(req.input).await.map(S3Response::new)
    }
}
