//! Bytes that this server hands out itself, as a file to be kept and nothing else.

use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};

use super::problem::Problem;
use crate::files::Attachment;

/// The answer that brings bytes. They break off, short of their announced length, where they are not
/// those that were scanned.
///
/// # Errors
/// When a header cannot be written.
pub(super) fn attached(bytes: Attachment) -> Result<Response, Problem> {
    let Attachment { disposition, content_type, size, stream } = bytes;
    let mut response = Response::new(Body::from_stream(stream));
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Problem::internal());
    let headers: [(HeaderName, HeaderValue); 5] = [
        (CONTENT_DISPOSITION, value(&disposition)?),
        (CONTENT_TYPE, value(&content_type)?),
        (CONTENT_LENGTH, size.into()),
        (ACCEPT_RANGES, HeaderValue::from_static("none")),
        // Should a browser show it after all: nothing of it runs under the origin of the pages.
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
    ];
    response.headers_mut().extend(headers);
    Ok(response)
}
