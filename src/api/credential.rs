//! Who stands at the door: `Authorization: Bearer` alone opens it.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::addresses::Addresses;
use super::oauth::{Challenge, Gate, Lack, MAX_TOKEN, looks_signed};
use super::origin::{origin, peer, place};
use super::problem::Problem;
use super::state::{Api, tool_deadline};
use super::strangers::Strangers;
use crate::domain::{CallContext, CustomerId, Door, ErrorCode, Origin, Timestamp};
use crate::files::{Access, CallAccess, Files, FilesError, KeyAccess, Patience, RequestFacts, Subject};
use crate::tools::Place;

/// Keys and tokens are far shorter.
const MAX_SECRET: usize = 512;
/// Longest value of a header that names a call, a batch or a request, in bytes.
pub(super) const MAX_NAME: usize = 255;

/// Tells who stands at the door. Cheap to clone.
#[derive(Clone)]
pub(super) struct Doorkeeper {
    files: Files,
    addresses: Arc<Addresses>,
    gate: Gate,
    challenge: Challenge,
    strangers: Strangers,
}

/// How long whoever sent the request waits: until it is given up, and where it never is by a time, as long
/// as its bytes move.
pub(super) fn patience(extensions: &Extensions) -> Patience {
    extensions.get().copied().unwrap_or(Patience::WhileBytesMove)
}

/// The secret of `Authorization: Bearer`, where there is exactly one.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    // Two credentials are none: a proxy and we might believe different ones.
    if values.next().is_some() {
        return None;
    }
    let (scheme, secret) = value.split_once(' ')?;
    let secret = secret.trim();
    let longest = if looks_signed(secret) { MAX_TOKEN } else { MAX_SECRET };
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty() && secret.len() <= longest).then_some(secret)
}

/// A header that does not name anything.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unnamed;

/// A header that is a name of something, given once: visible ASCII of bounded length.
pub(super) fn named(headers: &HeaderMap, header: &'static str) -> Result<Option<String>, Unnamed> {
    let mut values = headers.get_all(header).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) if !text.trim().is_empty() && text.len() <= MAX_NAME => Ok(Some(text.trim().to_owned())),
        _ => Err(Unnamed),
    }
}

/// The same, for an endpoint.
pub(super) fn name_header(headers: &HeaderMap, header: &'static str) -> Result<Option<String>, Problem> {
    named(headers, header)
        .map_err(|Unnamed| Problem::invalid(format!("`{header}` is one value of at most {MAX_NAME} visible ASCII characters")))
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(ErrorCode::Forbidden, detail)
}

impl Doorkeeper {
    pub fn new(files: Files, addresses: Arc<Addresses>, gate: Gate, public_url: &str, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let challenge = Challenge::new(public_url, gate.is_open());
        Self { strangers: Strangers::new(files.clone(), tasks, stop), files, addresses, gate, challenge }
    }

    /// Counts that somebody came without a valid credential.
    ///
    /// # Errors
    /// When too many came from there: he is told to come back, and not what is wrong.
    pub fn turn_away(&self, extensions: &Extensions) -> Result<(), Problem> {
        self.addresses.stranger(peer(extensions), self.files.now())
    }

    /// The gate for tokens of issuers.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What is said in `WWW-Authenticate` to whoever lacks this.
    pub fn challenge(&self, lack: Lack) -> HeaderValue {
        self.challenge.header(lack)
    }

    /// What a request lacks whose credential opens nothing.
    pub fn lack(headers: &HeaderMap) -> Lack {
        if headers.contains_key(AUTHORIZATION) { Lack::Valid } else { Lack::Credential }
    }

    /// What the request's credential opens; that it opens nothing is counted.
    pub async fn found(&self, headers: &HeaderMap, extensions: &Extensions, door: Door) -> Result<Option<Access>, FilesError> {
        let found = match bearer(headers) {
            Some(token) if looks_signed(token) => self.gate.access(&self.files, token, place(door, extensions)).await?,
            Some(secret) => self.files.authenticate(secret).await?,
            None => None,
        };
        if found.is_none() {
            self.strangers.refused(door);
        }
        Ok(found)
    }

    /// What the request's credential opens.
    ///
    /// # Errors
    /// `unauthenticated` when it opens nothing.
    pub async fn access(&self, parts: &Parts, door: Door) -> Result<Access, Problem> {
        if let Some(access) = self.found(&parts.headers, &parts.extensions, door).await? {
            return Ok(access);
        }
        self.turn_away(&parts.extensions)?;
        Err(Problem::unauthenticated().challenged(self.challenge(Self::lack(&parts.headers))))
    }

    /// When the answer of a tool that is called now must be out.
    pub fn deadline(&self) -> Timestamp {
        tool_deadline(self.files.now())
    }
}

/// What is said of a caller's id that cannot be one, as of one that is nobody's.
pub(super) fn unknown_caller() -> Problem {
    Problem::invalid("`caller_id`: is not a user of this customer")
}

pub(super) fn request_facts(parts: &Parts) -> Result<RequestFacts, Problem> {
    Ok(RequestFacts {
        origin: origin(Door::Http, &parts.extensions, &parts.headers)?,
        batch: name_header(&parts.headers, "satchel-batch")?,
        idempotency_key: name_header(&parts.headers, "idempotency-key")?,
    })
}

/// Where a request keeps its place among those of its customer until it is answered. Uploads and streams have
/// none: they are bounded by their own numbers, and would keep a place for as long as their sender likes.
#[derive(Clone, Default)]
pub(super) struct Seat(Arc<OnceLock<Place>>);

/// Waits until it is the customer's turn.
async fn seated(parts: &Parts, api: &Api, customer: CustomerId) -> Result<(), Problem> {
    let Some(seat) = parts.extensions.get::<Seat>() else { return Ok(()) };
    let too_many = "too many requests of this customer wait already; nothing was changed, try again in a few seconds";
    let place = api.0.tools.place(customer).await.ok_or_else(|| Problem::new(ErrorCode::Unavailable, too_many))?;
    // A request that is looked at twice keeps the place that it has.
    drop(seat.0.set(place));
    Ok(())
}

/// The operator of this server, and where he is.
pub(super) struct Operator(pub Origin);

impl FromRequestParts<Api> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.0.door.access(parts, Door::Http).await? {
            Access::Operator => Ok(Self(origin(Door::Http, &parts.extensions, &parts.headers)?)),
            Access::Key(_) | Access::Call(_) => Err(forbidden("this takes the operator's key")),
        }
    }
}

/// A program of a customer.
pub(super) struct Program {
    pub subject: Subject,
    pub key: KeyAccess,
}

async fn program_of(parts: &Parts, api: &Api, key: KeyAccess) -> Result<Program, Problem> {
    let origin = origin(Door::Http, &parts.extensions, &parts.headers)?;
    let subject = api.0.files.program(&key, origin).waiting(patience(&parts.extensions));
    api.0.files.pace(&subject)?;
    seated(parts, api, subject.customer()).await?;
    Ok(Program { subject, key })
}

impl FromRequestParts<Api> for Program {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.0.door.access(parts, Door::Http).await? {
            Access::Key(key) => program_of(parts, api, key).await,
            Access::Operator | Access::Call(_) => Err(forbidden("this takes a key of the customer")),
        }
    }
}

/// A program of a customer, or the caller of a call.
pub(super) struct Asker(pub Subject);

impl FromRequestParts<Api> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.0.door.access(parts, Door::Http).await? {
            Access::Key(key) => Ok(Self(program_of(parts, api, key).await?.subject)),
            Access::Call(call) => Ok(Self(caller_of(parts, api, &call).await?)),
            Access::Operator => Err(forbidden("this takes a key of the customer or a call's token; the operator has no files")),
        }
    }
}

async fn caller_of(parts: &Parts, api: &Api, call: &CallAccess) -> Result<Subject, Problem> {
    let facts = request_facts(parts)?;
    let context = call.context(facts, api.0.door.deadline());
    api.0.files.pace_call(&context)?;
    seated(parts, api, context.customer).await?;
    let caller = api.0.files.caller(&context).await?;
    Ok(caller.waiting(patience(&parts.extensions)))
}

/// The operator, or whoever [`Asker`] is.
pub(super) enum Auditor {
    Operator(Origin),
    Asker(Box<Subject>),
}

impl FromRequestParts<Api> for Auditor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(match api.0.door.access(parts, Door::Http).await? {
            Access::Operator => Self::Operator(origin(Door::Http, &parts.extensions, &parts.headers)?),
            Access::Key(key) => Self::Asker(Box::new(program_of(parts, api, key).await?.subject)),
            Access::Call(call) => Self::Asker(Box::new(caller_of(parts, api, &call).await?)),
        })
    }
}

/// The context of a tool call.
pub(super) struct OnCall(pub CallContext);

impl FromRequestParts<Api> for OnCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.0.door.access(parts, Door::Http).await? {
            Access::Call(call) => {
                let facts = request_facts(parts)?;
                Ok(Self(call.context(facts, api.0.door.deadline())))
            }
            Access::Operator | Access::Key(_) => Err(forbidden("this takes the token of a call; `POST /v1/calls` gives one")),
        }
    }
}

#[cfg(test)]
mod tests {
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
        // Tokens of issuers are longer than ours.
        for (length, taken) in [(MAX_SECRET, true), (MAX_TOKEN - 2, true), (MAX_TOKEN - 1, false)] {
            long.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}..", "a".repeat(length))).unwrap());
            assert_eq!(bearer(&long).is_some(), taken, "{length}");
        }
    }

    #[test]
    fn a_header_that_names_something_is_short_and_visible() {
        let mut headers = HeaderMap::new();
        assert_eq!(name_header(&headers, "idempotency-key"), Ok(None));
        headers.insert("idempotency-key", HeaderValue::from_static(" k-1 "));
        assert_eq!(name_header(&headers, "idempotency-key"), Ok(Some("k-1".to_owned())));
        headers.append("idempotency-key", HeaderValue::from_static("k-2"));
        assert!(name_header(&headers, "idempotency-key").is_err());
        headers.insert("idempotency-key", HeaderValue::from_static("  "));
        assert!(name_header(&headers, "idempotency-key").is_err());
        headers.insert("idempotency-key", HeaderValue::from_str(&"k".repeat(MAX_NAME + 1)).unwrap());
        assert!(name_header(&headers, "idempotency-key").is_err());
    }

    #[test]
    fn any_header_is_a_secret_a_name_or_nothing() {
        bolero::check!().with_iterations(2000).with_type::<(Vec<u8>, bool)>().for_each(|(bytes, prefixed)| {
            let bytes = if *prefixed { [b"Bearer ".as_slice(), bytes].concat() } else { bytes.clone() };
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { return };
            let headers: HeaderMap = [(AUTHORIZATION, value.clone())].into_iter().collect();
            if let Some(secret) = bearer(&headers) {
                assert!(!secret.is_empty() && secret.len() <= MAX_TOKEN && secret.trim() == secret, "`{secret}`");
            }
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", value);
            if let Ok(name) = named(&headers, "idempotency-key") {
                assert!(name.is_some_and(|name| !name.is_empty() && name.len() <= MAX_NAME));
            }
        });
    }
}
