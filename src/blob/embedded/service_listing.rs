//! Listings of objects, in both versions of the operation.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object};
use s3s::{S3ErrorCode, S3Result, s3_error};

use super::index::ObjectRow;
use super::listing::{Page, PageRequest};
use super::service::{Service, page_size, tag, timestamp, wire_size};

/// What `encoding-type=url` leaves as it is.
const URL_KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// A key as a listing carries it.
pub(super) fn listed(text: String, encoding: Option<&EncodingType>) -> String {
    if encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL) {
        utf8_percent_encode(&text, URL_KEY).to_string()
    } else {
        text
    }
}

/// A page as messages carry it.
struct Listed {
    contents: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    next: Option<String>,
}

impl Listed {
    fn of(page: Page<ObjectRow>, encoding: Option<&EncodingType>) -> Self {
        let contents = page.objects.into_iter().map(|(key, row)| Object {
            key: Some(listed(key, encoding)),
            size: Some(wire_size(row.size)),
            e_tag: Some(tag(&row.etag)),
            last_modified: Some(timestamp(row.modified_us)),
            ..Object::default()
        });
        let prefixes = page.prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(listed(prefix, encoding)) });
        Self { contents: contents.collect(), prefixes: prefixes.collect(), next: page.next }
    }
}

impl Service {
    async fn page(&self, bucket: String, wanted: PageRequest) -> S3Result<Page<ObjectRow>> {
        Ok(self.ask(move |index| index.page(&bucket, &wanted)).await?.ok_or(S3ErrorCode::NoSuchBucket)?)
    }

    pub(super) async fn objects_page(&self, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
        let max = page_size(input.max_keys)?;
        let wanted = PageRequest {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after: input.marker.clone().unwrap_or_default(),
            max,
        };
        let encoding = input.encoding_type.as_ref();
        let page = Listed::of(self.page(input.bucket.clone(), wanted).await?, encoding);
        Ok(ListObjectsOutput {
            contents: Some(page.contents),
            common_prefixes: Some(page.prefixes),
            max_keys: i32::try_from(max).ok(),
            is_truncated: Some(page.next.is_some()),
            next_marker: page.next.map(|next| listed(next, encoding)),
            prefix: input.prefix.map(|prefix| listed(prefix, encoding)),
            delimiter: input.delimiter.map(|delimiter| listed(delimiter, encoding)),
            marker: input.marker.map(|marker| listed(marker, encoding)),
            name: Some(input.bucket),
            encoding_type: input.encoding_type,
            ..ListObjectsOutput::default()
        })
    }

    pub(super) async fn objects_page_v2(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let after = match &input.continuation_token {
            Some(token) => URL_SAFE_NO_PAD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| s3_error!(InvalidArgument, "the continuation token was not given by this store"))?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let max = page_size(input.max_keys)?;
        let wanted = PageRequest {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after,
            max,
        };
        let encoding = input.encoding_type.as_ref();
        let page = Listed::of(self.page(input.bucket.clone(), wanted).await?, encoding);
        Ok(ListObjectsV2Output {
            key_count: i32::try_from(page.contents.len() + page.prefixes.len()).ok(),
            contents: Some(page.contents),
            common_prefixes: Some(page.prefixes),
            max_keys: i32::try_from(max).ok(),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.map(|next| URL_SAFE_NO_PAD.encode(next)),
            prefix: input.prefix.map(|prefix| listed(prefix, encoding)),
            delimiter: input.delimiter.map(|delimiter| listed(delimiter, encoding)),
            start_after: input.start_after.map(|after| listed(after, encoding)),
            name: Some(input.bucket),
            continuation_token: input.continuation_token,
            encoding_type: input.encoding_type,
            ..ListObjectsV2Output::default()
        })
    }
}
