//! Every error of every door as a problem document (RFC 9457).

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ErrorCode;
use crate::files::FilesError;

/// Why a request was not answered. It becomes a document, with the request's id in it, when the
/// answer leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: ErrorCode,
    status: StatusCode,
    detail: String,
    say: Option<String>,
    /// After how many seconds to try again, where that is known.
    wait: Option<u64>,
    challenge: Option<HeaderValue>,
}

/// Why a request was not answered (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Document<'a> {
    /// `urn:satchel:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem, the same for each of its kind.
    pub title: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// What was wrong with this request, and what to do, for a developer.
    pub detail: &'a str,
    /// For programs.
    pub code: ErrorCode,
    /// The id of the request; it leads to its log.
    pub request_id: &'a str,
    /// A line that can be said to a caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<&'a str>,
}

/// The HTTP status of a code.
pub(super) const fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Invalid => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::Quarantined | ErrorCode::OverQuota => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Conflict | ErrorCode::NotReady => StatusCode::CONFLICT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Held => StatusCode::LOCKED,
        ErrorCode::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What kind of problem, in one sentence.
pub(super) const fn title(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Invalid => "The request cannot be read",
        ErrorCode::Unauthenticated => "A valid credential is needed",
        ErrorCode::Forbidden => "This is not allowed",
        ErrorCode::NotFound => "There is no such thing",
        ErrorCode::Conflict => "This cannot be done now",
        ErrorCode::TooLarge => "The request is too large",
        ErrorCode::TooMany => "Too many requests",
        ErrorCode::OverQuota => "The customer has no room for this",
        ErrorCode::NotReady => "The file is still being checked",
        ErrorCode::Quarantined => "The file is in quarantine",
        ErrorCode::Held => "A hold or retention forbids this",
        ErrorCode::Timeout => "It took too long",
        ErrorCode::Unavailable => "A part that is needed does not answer",
        ErrorCode::Internal => "A fault of the server",
    }
}

/// Seconds after which a retry makes sense, where one does.
pub(super) const fn retry_after(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::TooMany => Some("60"),
        ErrorCode::NotReady | ErrorCode::Unavailable | ErrorCode::Timeout => Some("5"),
        ErrorCode::Invalid
        | ErrorCode::Unauthenticated
        | ErrorCode::Forbidden
        | ErrorCode::NotFound
        | ErrorCode::Conflict
        | ErrorCode::TooLarge
        | ErrorCode::OverQuota
        | ErrorCode::Quarantined
        | ErrorCode::Held
        | ErrorCode::Internal => None,
    }
}

impl Problem {
    /// A problem with what was wrong and what to do, for the developer who reads it.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, status: status(code), detail: detail.into(), say: None, wait: None, challenge: None }
    }

    /// The request cannot be read.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, detail)
    }

    /// Asked too often in a short time; after so long the next one is taken.
    #[must_use]
    pub fn too_fast(wait: Duration) -> Self {
        // A client that comes back a little too early is told the same again.
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        let wait = Some(u64::try_from(seconds).unwrap_or(u64::MAX));
        Self { wait, ..Self::new(ErrorCode::TooMany, "asked too fast; wait as long as `Retry-After` says, then try again") }
    }

    /// No such thing, or not for this asker: one text for both.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "no such thing, or not yours to see")
    }

    /// No credential, or one that opens nothing now.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(ErrorCode::Unauthenticated, "send `Authorization: Bearer …` with a key or token that is valid now")
    }

    /// A fault of the server's own.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "the server failed; the request id leads to its log")
    }

    /// The path is there, under another method.
    #[must_use]
    pub(super) fn method() -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, ..Self::invalid("this path does not take this method") }
    }

    /// The same problem, with a line that can be said to a caller.
    #[must_use]
    pub fn with_say(mut self, say: impl Into<String>) -> Self {
        self.say = Some(say.into());
        self
    }

    /// The same problem, with what is said in `WWW-Authenticate`.
    #[must_use]
    pub(super) fn challenged(mut self, challenge: HeaderValue) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// The code.
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What was wrong, for a developer.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The document that leaves, with the request's id in it.
    pub(super) fn document(&self, request_id: &str) -> Response {
        let document = Document {
            kind: format!("urn:satchel:problem:{}", self.code),
            title: title(self.code),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            say: self.say.as_deref(),
        };
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = &self.challenge {
            headers.insert(WWW_AUTHENTICATE, challenge.clone());
        } else if self.code == ErrorCode::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.wait {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        } else if let Some(seconds) = retry_after(self.code) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// A placeholder: the outermost layer, which knows the request's id, writes the document.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<FilesError> for Problem {
    fn from(error: FilesError) -> Self {
        if let FilesError::TooFast { wait } = error {
            return Self::too_fast(wait);
        }
        let code = error.code();
        match code {
            // Only to somebody who knows the file.
            ErrorCode::NotFound if matches!(error, FilesError::NoPreview(_)) => Self::new(code, told(&error)),
            ErrorCode::NotFound => Self::not_found(),
            // The message of these is written for the asker; what lies beneath them is not.
            ErrorCode::Invalid
            | ErrorCode::Conflict
            | ErrorCode::TooLarge
            | ErrorCode::OverQuota
            | ErrorCode::NotReady
            | ErrorCode::Quarantined => Self::new(code, told(&error)),
            ErrorCode::Unauthenticated => Self::unauthenticated(),
            // Only whoever may read the file is told that it is what is in it.
            ErrorCode::Forbidden if matches!(error, FilesError::TooSensitive { .. }) => Self::new(code, told(&error)),
            ErrorCode::Forbidden => Self::new(code, "this credential may not do that"),
            ErrorCode::TooMany => Self::new(code, "wait a minute, then try again"),
            ErrorCode::Held => Self::new(code, "a hold or retention forbids it"),
            ErrorCode::Timeout => Self::new(code, "it was not done in time; try again"),
            ErrorCode::Unavailable => {
                tracing::warn!(error = %error, cause = %root(&error), "a part that is needed does not answer");
                Self::new(code, "nothing was changed; try again in a few seconds")
            }
            ErrorCode::Internal => {
                tracing::error!(error = %error, cause = %root(&error), "a request failed");
                Self::internal()
            }
        }
    }
}

/// The message for the asker: that of the part below where the use case only passes it on.
fn told(error: &FilesError) -> String {
    match error {
        FilesError::Catalog(source) => source.to_string(),
        FilesError::Blob(source) => source.to_string(),
        FilesError::NotFound
        | FilesError::Refused
        | FilesError::TooSensitive { .. }
        | FilesError::Invalid { .. }
        | FilesError::NotReady { .. }
        | FilesError::Quarantined { .. }
        | FilesError::NoPreview(_)
        | FilesError::Held { .. }
        | FilesError::Conflict(_)
        | FilesError::TooMany(_)
        | FilesError::TooFast { .. }
        | FilesError::Search(_)
        | FilesError::Policy(_)
        | FilesError::Outside(_)
        | FilesError::Sealed { .. } => error.to_string(),
    }
}

fn root(error: &FilesError) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileStatus;

    #[test]
    fn every_code_has_a_status_of_its_kind() {
        for code in ErrorCode::ALL {
            let status = status(code).as_u16();
            assert!((400..600).contains(&status), "{code}: {status}");
            assert_eq!(retry_after(code).is_some(), code.is_retryable(), "{code}");
        }
    }

    #[test]
    fn what_lies_beneath_an_error_is_not_told() {
        let sealed = Problem::from(FilesError::Sealed { what: "slug" });
        assert_eq!((sealed.code(), sealed.detail().contains("slug")), (ErrorCode::Internal, false));
        let waiting = Problem::from(FilesError::NotReady { title: "A".to_owned(), status: FileStatus::Scanning });
        assert_eq!((waiting.status(), waiting.detail()), (StatusCode::CONFLICT, "the file is `scanning`"));
    }

    #[tokio::test]
    async fn a_document_names_the_request_and_asks_for_a_credential() {
        let response = Problem::unauthenticated().with_say("Sorry.").document("req_1");
        assert_eq!(response.headers().get("www-authenticate").unwrap(), "Bearer");
        assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(document["request_id"], "req_1");
        assert_eq!(document["code"], "unauthenticated");
        assert_eq!(document["say"], "Sorry.");
        assert_eq!(document["status"], 401);
    }
}
