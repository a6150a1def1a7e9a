//! Who stands at the door: `Authorization: Bearer` alone opens it.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Extensions, HeaderMap};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::problem::Problem;
use super::state::{Api, TOOL_DEADLINE};
use super::strangers::Strangers;
use crate::domain::{CallContext, CallId, CallSettings, Door, ErrorCode, Phone, Timestamp, UserId, Verified};
use crate::files::{Access, CallAccess, CallRequest, CallerHint, Files, FilesError, KeyAccess, RequestFacts, Subject};

/// Keys and tokens are far shorter.
const MAX_SECRET: usize = 512;
/// Longest value of a header that names a call, a batch or a request, in bytes.
const MAX_NAME: usize = 255;

/// Tells who stands at the door. Cheap to clone.
#[derive(Clone)]
pub struct Doorkeeper {
    files: Files,
    strangers: Strangers,
}

/// The peer's address, where the listener knows it. What a client says of itself in
/// `X-Forwarded-For` is not believed.
pub(super) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    // Two credentials are none: a proxy and we might believe different ones.
    if values.next().is_some() {
        return None;
    }
    let (scheme, secret) = value.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty() && secret.len() <= MAX_SECRET).then_some(secret)
}

/// A header that is a name of something: visible ASCII of bounded length.
pub(super) fn name_header(headers: &HeaderMap, header: &'static str) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(header) else { return Ok(None) };
    match value.to_str() {
        Ok(text) if !text.trim().is_empty() && text.len() <= MAX_NAME => Ok(Some(text.trim().to_owned())),
        _ => Err(Problem::invalid(format!("`{header}` is at most {MAX_NAME} visible ASCII characters, and not empty"))),
    }
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(ErrorCode::Forbidden, detail)
}

impl Doorkeeper {
    pub(super) fn new(files: Files, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self { strangers: Strangers::new(files.clone(), tasks, stop), files }
    }

    /// What the request's credential opens.
    ///
    /// # Errors
    /// `unauthenticated` when it opens nothing; that is counted.
    pub async fn access(&self, headers: &HeaderMap, door: Door) -> Result<Access, Problem> {
        let found = match bearer(headers) {
            Some(secret) => self.files.authenticate(secret).await?,
            None => None,
        };
        found.ok_or_else(|| {
            self.strangers.refused(door);
            Problem::unauthenticated()
        })
    }

    /// The context of a tool call: from a call's token; or from a program's key with the call named in
    /// `X-Call-Id`, ours or the platform's. A call of the platform that is not open yet is opened for
    /// the caller in `X-Caller-Id` (`user_…`) or `X-Caller-Number`; another `X-Caller-Id` on an open
    /// call is a change of caller. `Idempotency-Key` and `Satchel-Batch` ride along.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden` for the operator, `invalid` without a call, `not_found` for a
    /// call that is not this customer's.
    pub async fn call_context(&self, headers: &HeaderMap, peer: Option<SocketAddr>, door: Door) -> Result<CallContext, Problem> {
        let access = self.access(headers, door).await?;
        let facts = request_facts(headers, peer)?;
        let call = match access {
            Access::Call(call) => *call,
            Access::Key(key) => self.named_call(headers, &key, door, facts.source.clone()).await?,
            Access::Operator => return Err(forbidden("a tool runs in a call of a customer; the operator has none")),
        };
        Ok(call.context(door, facts, self.deadline()))
    }

    /// When the answer of a tool that is called now must be out.
    pub(super) fn deadline(&self) -> Timestamp {
        let patience = jiff::SignedDuration::try_from(TOOL_DEADLINE).unwrap_or(jiff::SignedDuration::ZERO);
        self.files.now().saturating_add(patience).unwrap_or(Timestamp::MAX)
    }

    async fn named_call(&self, headers: &HeaderMap, key: &KeyAccess, door: Door, source: Option<String>) -> Result<CallAccess, Problem> {
        let Some(id) = name_header(headers, "x-call-id")? else {
            return Err(Problem::invalid("a key needs the call it acts in: send its token instead, or name it in `X-Call-Id`"));
        };
        let subject = self.files.program(key, door, source);
        let hint = caller_header(headers)?;
        let call = match self.files.call(&subject, &id, key.is_test).await {
            // Our own ids are never opened by naming them: this one is not theirs, or is over.
            Err(FilesError::NotFound) if CallId::parse(&id).is_err() => {
                let hint = hint.clone().unwrap_or(CallerHint::Unknown);
                self.open_named(&subject, &id, hint, key.is_test).await?
            }
            found => found?,
        };
        let Some(CallerHint::User(user)) = hint else { return Ok(call) };
        if call.context(door, RequestFacts::default(), self.files.now()).caller.user() == Some(user) {
            return Ok(call);
        }
        self.files.change_call(&subject, &id, Some(&CallerHint::User(user)), Some(Verified::default()), None).await?;
        Ok(self.files.call(&subject, &id, key.is_test).await?)
    }

    async fn open_named(&self, subject: &Subject, id: &str, caller: CallerHint, is_test: bool) -> Result<CallAccess, Problem> {
        let request = CallRequest {
            caller,
            external_id: Some(id.to_owned()),
            permissions: None,
            verified: Verified::default(),
            settings: CallSettings::default(),
        };
        match self.files.open_call(subject, &request).await {
            // Another tool call of the same phone call was faster.
            Ok(_) => {}
            Err(error) if error.code() == ErrorCode::Conflict => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.files.call(subject, id, is_test).await?)
    }
}

fn caller_header(headers: &HeaderMap) -> Result<Option<CallerHint>, Problem> {
    if let Some(text) = name_header(headers, "x-caller-id")? {
        return UserId::parse(&text).map(|user| Some(CallerHint::User(user))).map_err(|_| unknown_caller());
    }
    // Platforms send `anonymous` and the like for a hidden number: that is nobody known.
    let number = name_header(headers, "x-caller-number")?;
    Ok(number.map(|text| Phone::parse(&text).map_or(CallerHint::Unknown, CallerHint::Number)))
}

/// What is said of a caller's id that cannot be one, as of one that is nobody's.
pub(super) fn unknown_caller() -> Problem {
    Problem::invalid("`caller_id`: is not a user of this customer")
}

pub(super) fn request_facts(headers: &HeaderMap, peer: Option<SocketAddr>) -> Result<RequestFacts, Problem> {
    Ok(RequestFacts {
        source: peer.map(|address| address.ip().to_string()),
        batch: name_header(headers, "satchel-batch")?,
        idempotency_key: name_header(headers, "idempotency-key")?,
    })
}

/// The operator of this server.
pub(super) struct Operator;

impl FromRequestParts<Api> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.0.door.access(&parts.headers, Door::Http).await? {
            Access::Operator => Ok(Self),
            Access::Key(_) | Access::Call(_) => Err(forbidden("this takes the operator's key")),
        }
    }
}

/// A program of a customer.
pub(super) struct Program {
    pub subject: Subject,
    pub key: KeyAccess,
}

fn program_of(parts: &Parts, api: &Api, key: KeyAccess) -> Program {
    let source = peer(&parts.extensions).map(|address| address.ip().to_string());
    Program { subject: api.0.files.program(&key, Door::Http, source), key }
}

impl FromRequestParts<Api> for Program {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.0.door.access(&parts.headers, Door::Http).await? {
            Access::Key(key) => Ok(program_of(parts, api, key)),
            Access::Operator | Access::Call(_) => Err(forbidden("this takes a key of the customer")),
        }
    }
}

/// A program of a customer, or the caller of a call.
pub(super) struct Asker(pub Subject);

impl FromRequestParts<Api> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.0.door.access(&parts.headers, Door::Http).await? {
            Access::Key(key) => Ok(Self(program_of(parts, api, key).subject)),
            Access::Call(call) => Ok(Self(caller_of(parts, api, &call).await?)),
            Access::Operator => Err(forbidden("this takes a key of the customer or a call's token; the operator has no files")),
        }
    }
}

async fn caller_of(parts: &Parts, api: &Api, call: &CallAccess) -> Result<Subject, Problem> {
    let facts = request_facts(&parts.headers, peer(&parts.extensions))?;
    Ok(api.0.files.caller(&call.context(Door::Http, facts, api.0.door.deadline())).await?)
}

/// The operator, or whoever [`Asker`] is.
pub(super) enum Auditor {
    Operator,
    Asker(Subject),
}

impl FromRequestParts<Api> for Auditor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(match api.0.door.access(&parts.headers, Door::Http).await? {
            Access::Operator => Self::Operator,
            Access::Key(key) => Self::Asker(program_of(parts, api, key).subject),
            Access::Call(call) => Self::Asker(caller_of(parts, api, &call).await?),
        })
    }
}

/// The context of a tool call.
pub(super) struct OnCall(pub CallContext);

impl FromRequestParts<Api> for OnCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.0.door.access(&parts.headers, Door::Http).await? {
            Access::Call(call) => {
                let facts = request_facts(&parts.headers, peer(&parts.extensions))?;
                Ok(Self(call.context(Door::Http, facts, api.0.door.deadline())))
            }
            Access::Operator | Access::Key(_) => Err(forbidden("this takes the token of a call; `POST /v1/calls` gives one")),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_one_bearer_token_of_sane_length_counts() {
        for (values, expected) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bearer  abc "], Some("abc")),
            (&["Basic abc"], None),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["Bearer a", "Bearer b"], None),
            (&[], None),
        ] {
            assert_eq!(bearer(&headers(values)), expected, "{values:?}");
        }
        let mut long = HeaderMap::new();
        long.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", "a".repeat(MAX_SECRET + 1))).unwrap());
        assert_eq!(bearer(&long), None);
    }

    #[test]
    fn a_header_that_names_something_is_short_and_visible() {
        let mut headers = HeaderMap::new();
        assert_eq!(name_header(&headers, "idempotency-key"), Ok(None));
        headers.insert("idempotency-key", HeaderValue::from_static(" k-1 "));
        assert_eq!(name_header(&headers, "idempotency-key"), Ok(Some("k-1".to_owned())));
        headers.insert("idempotency-key", HeaderValue::from_static("  "));
        assert!(name_header(&headers, "idempotency-key").is_err());
        headers.insert("idempotency-key", HeaderValue::from_str(&"k".repeat(MAX_NAME + 1)).unwrap());
        assert!(name_header(&headers, "idempotency-key").is_err());
    }
}
