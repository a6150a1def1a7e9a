//! Copies within the store: a whole object is linked, a stretch of one becomes a part.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use redb::WriteTransaction;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETagCondition, MetadataDirective, Range,
    StreamingBlob, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::change::{self, Conditions};
use super::disk::Pinned;
use super::index::{ObjectRow, PartRow};
use super::intake::{Expected, receive};
use super::reading::content;
use super::service::{Service, headers_of, now_us, refuse, refuse_unkept, tag, timestamp};
use super::service_multipart::part_number;
use super::sums::with_sums;

/// A condition on the object that lies at the target: the protocol's types do not carry it for copies.
fn target_conditions(headers: &HeaderMap) -> S3Result<Conditions> {
    let read = |name| -> S3Result<Option<ETagCondition>> {
        let Some(value) = headers.get(name) else { return Ok(None) };
        let condition = value.to_str().ok().and_then(|text| text.parse().ok());
        condition.map(Some).ok_or_else(|| s3_error!(InvalidArgument, "a condition is an entity tag or `*`"))
    };
    Ok(Conditions { if_match: read(IF_MATCH)?, if_none_match: read(IF_NONE_MATCH)? })
}

impl Service {
    /// The object a copy is made from, at its present version.
    async fn source(
        &self,
        source: &CopySource,
        if_match: Option<ETagCondition>,
        if_none_match: Option<ETagCondition>,
    ) -> S3Result<(ObjectRow, Pinned)> {
        let CopySource::Bucket { bucket, key, version_id: None } = source else {
            return Err(s3_error!(NotImplemented, "a copy is made from the present version of a bucket's object"));
        };
        let (row, pinned) = self.open(bucket.to_string(), key.to_string()).await?;
        Conditions { if_match, if_none_match }.check(Some(&row.etag))?;
        Ok((row, pinned))
    }

    pub(super) async fn copy(&self, req: S3Request<CopyObjectInput>) -> S3Result<CopyObjectOutput> {
        let input = req.input;
        refuse!(input; object_lock_mode, object_lock_legal_hold_status, object_lock_retain_until_date, sse_customer_key, checksum_algorithm,
            copy_source_sse_customer_key, copy_source_if_modified_since, copy_source_if_unmodified_since, server_side_encryption, tagging);
        refuse_unkept!(input);
        let conditions = target_conditions(&req.headers)?;
        let replaces = input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let onto_itself =
            matches!(&input.copy_source, CopySource::Bucket { bucket, key, .. } if **bucket == *input.bucket && **key == *input.key);
        if onto_itself && !replaces {
            return Err(s3_error!(InvalidRequest, "a copy of an object onto itself must replace its metadata"));
        }
        let source = self.source(&input.copy_source, input.copy_source_if_match.clone(), input.copy_source_if_none_match.clone());
        let (mut row, pinned) = source.await?;
        let (disk, segments) = (Arc::clone(&self.disk), row.segments.clone());
        let linked = self.tasks.spawn_blocking(move || {
            let linked = disk.link(&segments);
            drop(pinned);
            linked
        });
        let (segments, unclaimed) = linked
            .await
            .map_err(|error| S3Error::with_source(S3ErrorCode::InternalError, Box::new(error)))?
            .map_err(|error| S3Error::with_source(S3ErrorCode::InternalError, Box::new(error)))?;
        row.segments = segments;
        row.modified_us = now_us();
        if replaces {
            row.headers = headers_of!(input);
        }
        let result = CopyObjectResult {
            e_tag: Some(tag(&row.etag)),
            last_modified: Some(timestamp(row.modified_us)),
            ..CopyObjectResult::default()
        };
        let result = with_sums!(result, row.sums);
        self.commit(Some(unclaimed), move |change: &WriteTransaction| {
            Ok(change::put_object(change, &input.bucket, &input.key, &row, &conditions)?.map(|old| ((), old)))
        })
        .await?;
        Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
    }

    pub(super) async fn copy_part(&self, req: S3Request<UploadPartCopyInput>) -> S3Result<UploadPartCopyOutput> {
        let input = req.input;
        refuse!(input; sse_customer_key, copy_source_sse_customer_key, copy_source_if_modified_since, copy_source_if_unmodified_since);
        let number =
            part_number(Some(input.part_number)).ok_or_else(|| s3_error!(InvalidArgument, "a part has a number from 1 to 10000"))?;
        let source = self.source(&input.copy_source, input.copy_source_if_match.clone(), input.copy_source_if_none_match.clone());
        let (source, pinned) = source.await?;
        let range = match input.copy_source_range.as_deref().map(Range::parse) {
            None => 0..source.size,
            Some(Ok(Range::Int { first, last: Some(last) })) if last < source.size => first..last + 1,
            Some(Ok(_)) => return Err(s3_error!(InvalidRange, "the range to copy lies within the object")),
            Some(Err(_)) => return Err(s3_error!(InvalidArgument, "a range to copy is `bytes=FIRST-LAST`")),
        };
        let expected = Expected::copied(range.end - range.start);
        let body = content(&self.disk, &self.tasks, &source.segments, range, pinned);
        let received = receive(&self.disk, &self.tasks, Some(StreamingBlob::wrap(body)), expected).await?;
        let row = PartRow { segment: received.segment, etag: received.etag.clone(), modified_us: now_us(), sums: received.sums };
        let modified = row.modified_us;
        self.commit(Some(received.unclaimed), move |change| {
            let place = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
            Ok(change::put_part(change, place, number, &row)?.map(|old| ((), old)))
        })
        .await?;
        let result =
            CopyPartResult { e_tag: Some(tag(&received.etag)), last_modified: Some(timestamp(modified)), ..CopyPartResult::default() };
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() })
    }
}
