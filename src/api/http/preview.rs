//! What a file looks like, as a picture.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use ring::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::credential::Asker;
use crate::api::input::{Params, Segment, id};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Permission, PreviewSize};
use crate::files::PICTURE_TYPE;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/files/{file}/preview", get(preview))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("get_preview", "/v1/files/{file}/preview", "What a file looks like, as a JPEG picture.", Takes::KeyOrCall)
            .needs(Permission::Read)
            .query::<Wanted>()
            .header("If-None-Match", "The `ETag` of the picture that you have: while it is that one, 304 is answered.")
            .gives_bytes()
            .not_modified()
            .fails(&[ErrorCode::NotReady, ErrorCode::Quarantined]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default = "page")]
    size: PreviewSize,
}

const fn page() -> PreviewSize {
    PreviewSize::Page
}

async fn preview(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(file): Segment,
    Params(wanted): Params<Wanted>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let bytes = api.0.files.preview(&subject, id(&file)?, wanted.size).await?;
    let tag = format!("\"{}\"", hex::encode(digest(&SHA256, &bytes)));
    let is_known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|tags| names(tags, &tag));
    let mut response = Response::new(if is_known { Body::empty() } else { Body::from(bytes) });
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::from_str(&tag).map_err(|_| Problem::internal())?);
    // Kept by whoever asked alone, and asked for again each time: a right may have ended.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PICTURE_TYPE));
    }
    Ok(response)
}

/// Whether a list of tags names this one, by the weak comparison (RFC 9110, 13.1.2).
fn names(tags: &str, tag: &str) -> bool {
    tags.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_alone_in_a_list_weak_or_whatever_it_is() {
        for tags in ["\"a\"", "\"b\", \"a\"", "W/\"a\"", "*"] {
            assert!(names(tags, "\"a\""), "{tags}");
        }
        for tags in ["", "\"b\"", "a", "\"aa\""] {
            assert!(!names(tags, "\"a\""), "{tags}");
        }
    }
}
