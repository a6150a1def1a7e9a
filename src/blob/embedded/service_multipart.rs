//! Multipart uploads: parts are files of their own; the finished object is the list of them, so
//! completing is one transaction whatever the size.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListPartsInput, ListPartsOutput, MultipartUpload, Part, UploadPartInput, UploadPartOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Result, s3_error};

use super::change::{self, Completion, Conditions, ListedPart};
use super::index::{Headers, PartRow, UploadRow};
use super::intake::{Expected, receive};
use super::service::{Service, now_us, page_size, refuse, tag, timestamp, wire_size};
use super::service_listing::listed;
use super::sums::{sums_of, with_part_sums, with_sums};
use super::whole_sums::{Declared, SumKind};
use crate::domain::{SystemEntropy, random_bytes};

/// Highest number of a part: S3's own limit.
const MAX_PART_NUMBER: u16 = 10_000;

/// The number of a part, when it is one.
pub(super) fn part_number(number: Option<i32>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok()).filter(|number| (1..=MAX_PART_NUMBER).contains(number))
}

fn listed_part(part: CompletedPart) -> Result<ListedPart, S3ErrorCode> {
    let sums = sums_of!(part);
    let number = part_number(part.part_number).ok_or(S3ErrorCode::InvalidPart)?;
    let etag = part.e_tag.map(ETag::into_value).ok_or(S3ErrorCode::InvalidPart)?;
    Ok(ListedPart { number, etag, sums })
}

impl Service {
    pub(super) async fn begin_upload(
        &self,
        bucket: String,
        key: String,
        headers: Headers,
        declared: Option<Declared>,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let id = hex::encode(random_bytes::<16>(&SystemEntropy));
        let row = UploadRow { started_us: now_us(), declared, headers };
        let output = CreateMultipartUploadOutput {
            bucket: Some(bucket.clone()),
            key: Some(key.clone()),
            upload_id: Some(id.clone()),
            checksum_algorithm: declared.map(|declared| ChecksumAlgorithm::from_static(declared.algorithm.as_str())),
            checksum_type: declared.map(|declared| ChecksumType::from_static(declared.kind.as_str())),
            ..CreateMultipartUploadOutput::default()
        };
        self.commit(None, move |change| Ok(change::create_upload(change, &bucket, &key, &id, &row)?.map(|()| ((), Vec::new())))).await?;
        Ok(output)
    }

    pub(super) async fn take_part(&self, req: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let mut input = req.input;
        refuse!(input; sse_customer_key);
        let number =
            part_number(Some(input.part_number)).ok_or_else(|| s3_error!(InvalidArgument, "a part has a number from 1 to 10000"))?;
        let sums = sums_of!(input);
        let expected = Expected::new(input.content_length, input.content_md5.as_deref(), sums, &req.headers, req.trailing_headers)?;
        let received = receive(&self.disk, &self.tasks, input.body.take(), expected).await?;
        let row = PartRow { segment: received.segment, etag: received.etag.clone(), modified_us: now_us(), sums: received.sums.clone() };
        self.commit(Some(received.unclaimed), move |change| {
            let place = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
            Ok(change::put_part(change, place, number, &row)?.map(|old| ((), old)))
        })
        .await?;
        let output = UploadPartOutput { e_tag: Some(tag(&received.etag)), ..UploadPartOutput::default() };
        Ok(with_part_sums!(output, received.sums))
    }

    pub(super) async fn finish_upload(&self, input: CompleteMultipartUploadInput) -> S3Result<CompleteMultipartUploadOutput> {
        let parts = input.multipart_upload.clone().and_then(|list| list.parts).unwrap_or_default();
        let completion = Completion {
            listed: parts.into_iter().map(listed_part).collect::<Result<Vec<_>, _>>()?,
            size: input.mpu_object_size.map(u64::try_from).transpose().map_err(|_| S3ErrorCode::InvalidArgument)?,
            sums: sums_of!(input),
            kind: input.checksum_type.as_ref().map(|kind| SumKind::named(kind.as_str())).transpose()?,
            conditions: Conditions { if_match: input.if_match, if_none_match: input.if_none_match },
            now_us: now_us(),
        };
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let row = self
            .commit(None, move |change| {
                let place = (bucket.as_str(), key.as_str(), input.upload_id.as_str());
                change::complete_upload(change, place, &completion)
            })
            .await?;
        let output = CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(tag(&row.etag)),
            ..CompleteMultipartUploadOutput::default()
        };
        Ok(with_sums!(output, row.sums))
    }

    pub(super) async fn drop_upload(&self, input: AbortMultipartUploadInput) -> S3Result<AbortMultipartUploadOutput> {
        refuse!(input; if_match_initiated_time);
        self.commit(None, move |change| {
            let place = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
            Ok(change::abort_upload(change, place)?.map(|old| ((), old)))
        })
        .await?;
        Ok(AbortMultipartUploadOutput::default())
    }

    pub(super) async fn parts_page(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        let max = page_size(input.max_parts)?;
        let after = input.part_number_marker.and_then(|marker| u16::try_from(marker).ok()).unwrap_or(0);
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
        let found = self.ask(move |index| index.parts(&bucket, &key, &id, after)).await?.ok_or(S3ErrorCode::NoSuchUpload)?;
        let more = found.len() > max;
        let page: Vec<_> = found.into_iter().take(max).collect();
        let last = page.last().map(|(number, _)| i32::from(*number));
        let parts = page.into_iter().map(|(number, row)| {
            let part = Part {
                part_number: Some(number.into()),
                e_tag: Some(tag(&row.etag)),
                size: Some(wire_size(row.segment.size)),
                last_modified: Some(timestamp(row.modified_us)),
                ..Part::default()
            };
            with_part_sums!(part, row.sums)
        });
        Ok(ListPartsOutput {
            parts: Some(parts.collect()),
            is_truncated: Some(more),
            next_part_number_marker: last.filter(|_| more),
            max_parts: i32::try_from(max).ok(),
            part_number_marker: input.part_number_marker,
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            ..ListPartsOutput::default()
        })
    }

    pub(super) async fn uploads_page(&self, input: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
        refuse!(input; delimiter);
        let max = page_size(input.max_uploads)?;
        let (bucket, prefix) = (input.bucket.clone(), input.prefix.clone().unwrap_or_default());
        let after = (input.key_marker.clone().unwrap_or_default(), input.upload_id_marker.clone().unwrap_or_default());
        let found = self
            .ask(move |index| {
                let known = index.has_bucket(&bucket)?;
                known.then(|| index.uploads(&bucket, &prefix, (&after.0, &after.1), max + 1)).transpose()
            })
            .await?
            .ok_or(S3ErrorCode::NoSuchBucket)?;
        let more = found.len() > max;
        let encoding = input.encoding_type.as_ref();
        let mut uploads = Vec::new();
        let mut last = None;
        for upload in found.into_iter().take(max) {
            last = Some((upload.key.clone(), upload.id.clone()));
            uploads.push(MultipartUpload {
                key: Some(listed(upload.key, encoding)),
                upload_id: Some(upload.id),
                initiated: Some(timestamp(upload.row.started_us)),
                ..MultipartUpload::default()
            });
        }
        let (next_key, next_id) = last.filter(|_| more).unzip();
        Ok(ListMultipartUploadsOutput {
            uploads: Some(uploads),
            is_truncated: Some(more),
            next_key_marker: next_key.map(|key| listed(key, encoding)),
            next_upload_id_marker: next_id,
            max_uploads: i32::try_from(max).ok(),
            prefix: input.prefix.map(|prefix| listed(prefix, encoding)),
            key_marker: input.key_marker.map(|key| listed(key, encoding)),
            upload_id_marker: input.upload_id_marker,
            bucket: Some(input.bucket),
            encoding_type: input.encoding_type,
            ..ListMultipartUploadsOutput::default()
        })
    }
}
