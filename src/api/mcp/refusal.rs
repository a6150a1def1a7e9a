//! Why a request never reaches the protocol, and the HTTP answer that says so.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::api::input::MOST_NESTED;
use crate::api::oauth::Lack;
use crate::api::problem::Problem;
use crate::domain::{ErrorCode, Permission};
use crate::files::FilesError;

/// Why a request is turned away before the protocol sees it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// Nothing that opens a call. The same for a call that is over, foreign or unknown.
    #[error("send the token of a living call; or a key of the customer with the call in `X-Call-Id` and the caller in `X-Caller-Id`")]
    NoCall,
    /// The token does not have a scope that the tool needs.
    #[error("this needs a token with the scope `{}`", .0.as_str())]
    Scope(Permission),
    /// A header that cannot be read.
    #[error("`{name}` {reason}")]
    Header {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Too much came from there.
    #[error("too much comes from there")]
    TooFast(Problem),
    /// The call could not be looked up or opened.
    #[error("the call could not be opened")]
    Files(#[from] FilesError),
    /// The body is no JSON.
    #[error("the body is not valid JSON")]
    NotJson,
    /// The body is JSON, and no message of the protocol.
    #[error("the body is not one JSON-RPC message; batches are not taken")]
    NotAMessage {
        /// The id it carries, to be given back.
        id: Value,
    },
    /// The body is nested deeper than any message.
    #[error("the body is nested more than {MOST_NESTED} deep")]
    TooNested,
    /// The body is too large, or broke off.
    #[error("the body is at most {limit} bytes")]
    TooLarge {
        /// Most bytes.
        limit: usize,
    },
}

/// A problem document (RFC 9457).
fn problem(status: StatusCode, code: ErrorCode, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "code": code.as_str(),
        "detail": detail,
    });
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// An error of the protocol, for what is wrong with a message.
fn rpc(code: i32, id: &Value, message: &str) -> Response {
    let body = json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
    let mut response = (StatusCode::BAD_REQUEST, body.to_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl Refusal {
    /// What the client lacks, where it can go and get it.
    pub fn lack(&self, of_request: Lack) -> Option<Lack> {
        match self {
            Self::Scope(scope) => Some(Lack::Scope(*scope)),
            Self::NoCall => Some(of_request),
            Self::Files(error) => is_no_call(error.code()).then_some(of_request),
            Self::Header { .. } | Self::TooFast(_) | Self::NotJson | Self::NotAMessage { .. } | Self::TooNested | Self::TooLarge { .. } => {
                None
            }
        }
    }
}

/// A call that is over or not theirs is told like one that never was.
const fn is_no_call(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Unauthenticated | ErrorCode::NotFound | ErrorCode::Conflict)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let words = self.to_string();
        match self {
            Self::Scope(_) => problem(StatusCode::FORBIDDEN, ErrorCode::Forbidden, &words),
            Self::NoCall => problem(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, &words),
            Self::Header { .. } => problem(StatusCode::BAD_REQUEST, ErrorCode::Invalid, &words),
            Self::TooLarge { .. } => problem(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, &words),
            Self::NotJson => rpc(-32700, &Value::Null, &words),
            Self::TooNested => rpc(-32600, &Value::Null, &words),
            Self::NotAMessage { id } => rpc(-32600, &id, &words),
            // Written down where the router finishes its answers, as everywhere.
            Self::TooFast(problem) => problem.into_response(),
            Self::Files(error) => unopened(error),
        }
    }
}

/// Why the use cases gave no call.
fn unopened(error: FilesError) -> Response {
    let code = error.code();
    match code {
        // This message is written for the sender.
        ErrorCode::Invalid => problem(StatusCode::BAD_REQUEST, code, &error.to_string()),
        ErrorCode::Unauthenticated | ErrorCode::NotFound | ErrorCode::Conflict => Refusal::NoCall.into_response(),
        ErrorCode::Forbidden => {
            problem(StatusCode::FORBIDDEN, code, "this credential may not open calls, or is of nobody in the directory")
        }
        ErrorCode::TooMany => Problem::from(error).into_response(),
        ErrorCode::NotReady | ErrorCode::Timeout | ErrorCode::Unavailable => {
            tracing::warn!(error = %error, cause = root(&error), "a call could not be opened now");
            problem(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, "nothing was changed; try again in a few seconds")
        }
        ErrorCode::TooLarge | ErrorCode::OverQuota | ErrorCode::Quarantined | ErrorCode::Held | ErrorCode::Internal => {
            tracing::error!(error = %error, cause = root(&error), "a call could not be opened");
            problem(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "this is our fault; it has been recorded")
        }
    }
}

fn root(error: &FilesError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_is_not_theirs_is_told_like_no_call_at_all() {
        let refusals = [Refusal::NoCall, Refusal::Files(FilesError::NotFound), Refusal::Files(FilesError::Conflict("it has ended"))];
        for response in refusals.map(IntoResponse::into_response) {
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        }
    }

    #[test]
    fn a_name_of_nobody_is_told_in_the_words_written_for_the_sender() {
        let error = FilesError::Invalid { field: "caller_id", reason: "is not a user of this customer".to_owned() };
        assert_eq!(unopened(error).status(), StatusCode::BAD_REQUEST);
        assert_eq!(unopened(FilesError::Refused).status(), StatusCode::FORBIDDEN);
        assert_eq!(unopened(FilesError::Sealed { what: "slug" }).status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
