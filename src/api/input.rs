//! What clients send, read once into types. What cannot be read is named in the answer.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::state::{Api, BODY_LIMIT};
use crate::domain::ErrorCode;

fn too_large() -> Problem {
    Problem::new(ErrorCode::TooLarge, format!("the body of this request is at most {BODY_LIMIT} bytes"))
}

/// Deepest nesting of a JSON body: nothing that is taken here is nested by half.
pub(super) const MOST_NESTED: usize = 16;

/// Whether a text, read as JSON, is nested deeper than anything that is taken. It need not be JSON.
pub(super) fn is_too_nested(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > MOST_NESTED {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The declared length of a body, where there is a readable one.
pub(super) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// The whole body of a JSON request, within its limit.
pub(super) struct Whole(pub Bytes);

impl FromRequest<Api> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if declared_length(request.headers()).is_some_and(|length| length > BODY_LIMIT as u64) {
            return Err(too_large());
        }
        match Bytes::from_request(request, api).await {
            Ok(bytes) if is_too_nested(&bytes) => Err(Problem::invalid(format!("the body is nested more than {MOST_NESTED} deep"))),
            Ok(bytes) => Ok(Self(bytes)),
            Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_))) => Err(too_large()),
            Err(_) => Err(Problem::invalid("the body broke off before its end")),
        }
    }
}

/// A JSON body, of whatever content type it says it is.
pub(super) struct Input<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let Whole(bytes) = Whole::from_request(request, api).await?;
        if bytes.is_empty() {
            return Err(Problem::invalid("a JSON object is needed as the body"));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| Problem::invalid(format!("the body cannot be read: {error}")))
    }
}

/// The one variable part of a path.
pub(super) struct Segment(pub String);

impl FromRequestParts<Api> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        // What is not even text names nothing.
        Path::from_request_parts(parts, api).await.map(|Path(text)| Self(text)).map_err(|_| Problem::not_found())
    }
}

/// The two variable parts of a path.
pub(super) struct Segments(pub String, pub String);

impl FromRequestParts<Api> for Segments {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Path::from_request_parts(parts, api).await.map(|Path((first, second))| Self(first, second)).map_err(|_| Problem::not_found())
    }
}

/// The query of the address.
pub(super) struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, api).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
                Err(Problem::invalid(format!("the query cannot be read: {reason}")))
            }
        }
    }
}

/// An id in a path or query. One that cannot be an id is nobody's: the same answer as an unknown one.
pub(super) fn id<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// A value of a field or query, read by its own type.
pub(super) fn value<T, E: std::fmt::Display>(field: &str, read: Result<T, E>) -> Result<T, Problem> {
    read.map_err(|error| Problem::invalid(format!("`{field}`: {error}")))
}

/// A blank field is a missing one.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_outside_of_texts() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_nested(nested(MOST_NESTED).as_bytes()));
        assert!(is_too_nested(nested(MOST_NESTED + 1).as_bytes()));
        assert!(is_too_nested("{\"a\":".repeat(MOST_NESTED + 1).as_bytes()));
        for text in [format!("\"{}\"", "[".repeat(100)), format!("\"\\\"{}\"", "{".repeat(100)), "[]".repeat(100), String::new()] {
            assert!(!is_too_nested(text.as_bytes()), "{text}");
        }
        assert!(is_too_nested(format!("\"\\\\\"{}", "[".repeat(100)).as_bytes()), "the text ended before");
    }
}
