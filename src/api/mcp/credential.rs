//! Who stands at this door: a call by its token, or a program by its key with the call named in
//! headers. Nothing of a message's body is believed.

use http::HeaderMap;
use http::request::Parts;

use super::refusal::Refusal;
use crate::api::credential::{self, Doorkeeper, Unnamed};
use crate::api::origin::{NoPurpose, PURPOSE, origin};
use crate::domain::{CallContext, CallId, CallSettings, Caller, Door, Origin, Permission, Phone, Timestamp, UserId, Verified};
use crate::files::{Access, CallAccess, CallRequest, CallerHint, Files, FilesError, KeyAccess, RequestFacts, Subject};

const CALL_ID: &str = "x-call-id";
const CALLER_ID: &str = "x-caller-id";
const BATCH: &str = "satchel-batch";
const SIMULATE: &str = "satchel-simulate";

/// A living call, and what belongs to the request it came with.
pub(super) struct Standing {
    access: CallAccess,
    origin: Origin,
    batch: Option<String>,
    simulation: Option<String>,
}

impl Standing {
    /// A call without anything around it.
    pub fn of(access: CallAccess) -> Self {
        Self { access, origin: Door::Mcp.into(), batch: None, simulation: None }
    }

    /// The context of one tool call in it.
    pub fn context(&self, idempotency_key: Option<String>, deadline: Timestamp) -> CallContext {
        let facts = RequestFacts { origin: self.origin.clone(), batch: self.batch.clone(), idempotency_key };
        self.access.context(facts, deadline)
    }

    /// Whether a token with this scope too would open more.
    pub fn lacks_scope(&self, scope: Permission) -> bool {
        self.access.lacks_scope(scope)
    }

    /// The outcome a developer asks for.
    pub fn simulation(&self) -> Option<&str> {
        self.simulation.as_deref()
    }
}

/// Tells who stands at the door.
pub(super) struct Doorman {
    files: Files,
}

impl Doorman {
    pub fn new(files: Files) -> Self {
        Self { files }
    }

    /// The call a request belongs to.
    pub async fn standing(&self, parts: &Parts) -> Result<Standing, Refusal> {
        let headers = &parts.headers;
        // The router puts its keeper on every request; whoever comes past it is not let in.
        let keeper = parts.extensions.get::<Doorkeeper>().ok_or(Refusal::NoCall)?;
        let access = keeper.found(headers, &parts.extensions, Door::Mcp).await?;
        let origin = origin(Door::Mcp, &parts.extensions, headers).map_err(|NoPurpose| Refusal::Header {
            name: PURPOSE,
            reason: "is a code of at most 64 letters, digits, dots, colons and dashes",
        })?;
        let access = match access {
            Some(Access::Call(call)) => *call,
            Some(Access::Key(key)) => self.named(headers, &key, origin.clone()).await?,
            // The operator has no call.
            Some(Access::Operator) => return Err(Refusal::NoCall),
            None => {
                keeper.turn_away(&parts.extensions).map_err(Refusal::TooFast)?;
                return Err(Refusal::NoCall);
            }
        };
        Ok(Standing { access, origin, batch: named(headers, BATCH)?, simulation: named(headers, SIMULATE)? })
    }

    /// The call a program names: ours or the platform's. The platform's is opened on first contact.
    async fn named(&self, headers: &HeaderMap, key: &KeyAccess, origin: Origin) -> Result<CallAccess, Refusal> {
        let id = named(headers, CALL_ID)?.ok_or(Refusal::NoCall)?;
        let caller = caller(headers)?;
        // A call lives on while tokens with scopes come and go: what it may is the key's, and each request is narrowed.
        let subject = self.files.program(&key.in_full(), origin);
        self.files.pace(&subject)?;
        let within = |call: CallAccess| match &key.scopes {
            Some(scopes) => call.within(scopes),
            None => call,
        };
        let call = match self.files.call(&subject, &id, key.is_test).await {
            // An id of ours is never opened by naming it: it is over, or not theirs.
            Err(FilesError::NotFound) if CallId::parse(&id).is_err() => {
                let caller = caller.clone().ok_or(Refusal::NoCall)?;
                self.open(&subject, &id, caller, key.is_test).await?
            }
            found => found?,
        };
        let Some(caller) = caller else { return Ok(within(call)) };
        if is_same(&call.context(Door::Mcp.into(), self.files.now()).caller, &caller) {
            return Ok(within(call));
        }
        // Somebody else is on the line: what the one before listed and was asked is void.
        self.files.change_call(&subject, &id, Some(&caller), None, None).await?;
        Ok(within(self.files.call(&subject, &id, key.is_test).await?))
    }

    async fn open(&self, subject: &Subject, id: &str, caller: CallerHint, is_test: bool) -> Result<CallAccess, Refusal> {
        let request = CallRequest {
            caller,
            external_id: Some(id.to_owned()),
            permissions: None,
            verified: Verified::default(),
            settings: CallSettings::default(),
        };
        match self.files.open_call(subject, &request).await {
            // Another request of the same phone call was faster.
            Err(error) if error.code() == crate::domain::ErrorCode::Conflict => {}
            opened => drop(opened?),
        }
        Ok(self.files.call(subject, id, is_test).await?)
    }
}

/// Whether a call's caller is the one a header names. A number is not held against a known user:
/// the directory may have given the user for that very number.
fn is_same(caller: &Caller, hint: &CallerHint) -> bool {
    match (caller, hint) {
        (Caller::User(user), CallerHint::User(named)) => user == named,
        (Caller::Guest { number }, CallerHint::Number(named)) => number.as_ref() == Some(named),
        (Caller::User(_), CallerHint::Number(_)) | (_, CallerHint::Unknown) => true,
        (Caller::Guest { .. }, CallerHint::User(_)) => false,
    }
}

fn named(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Refusal> {
    credential::named(headers, name)
        .map_err(|Unnamed| Refusal::Header { name, reason: "is one value of at most 255 visible ASCII characters" })
}

fn caller(headers: &HeaderMap) -> Result<Option<CallerHint>, Refusal> {
    let Some(text) = named(headers, CALLER_ID)? else { return Ok(None) };
    if let Ok(user) = UserId::parse(&text) {
        return Ok(Some(CallerHint::User(user)));
    }
    match Phone::parse(&text) {
        Ok(number) => Ok(Some(CallerHint::Number(number))),
        Err(_) => Err(Refusal::Header { name: CALLER_ID, reason: "is a user's id, or a number that begins with `+`" }),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_caller_is_a_user_or_a_number_named_once() {
        assert!(matches!(caller(&headers(CALLER_ID, &["+49 30 1234567"])), Ok(Some(CallerHint::Number(_)))));
        assert!(matches!(caller(&headers(CALLER_ID, &["user_01h455vb4pex5vsknk084sn02q"])), Ok(Some(CallerHint::User(_)))));
        assert!(matches!(caller(&HeaderMap::new()), Ok(None)));
        for values in [&["anonymous"][..], &["  "], &["contact_01h455vb4pex5vsknk084sn02q"], &["+49301234567", "+49301234568"]] {
            assert!(matches!(caller(&headers(CALLER_ID, values)), Err(Refusal::Header { .. })), "{values:?}");
        }
    }

    #[test]
    fn another_caller_is_noticed() {
        let clock = ManualClock::at("2026-03-01T09:00:00Z");
        let [ann, ben] = [1, 2].map(|seed| UserId::new(&clock, &SeededEntropy::new(seed)));
        let number = |text| Phone::parse(text).unwrap();
        let guest = |text| Caller::Guest { number: Some(number(text)) };
        for (caller, hint, same) in [
            (Caller::User(ann), CallerHint::User(ann), true),
            (Caller::User(ann), CallerHint::User(ben), false),
            (Caller::User(ann), CallerHint::Number(number("+49301234567")), true),
            (guest("+49301234567"), CallerHint::Number(number("+49301234567")), true),
            (guest("+49301234567"), CallerHint::Number(number("+49301234568")), false),
            (guest("+49301234567"), CallerHint::User(ann), false),
            (Caller::Guest { number: None }, CallerHint::Number(number("+49301234567")), false),
        ] {
            assert_eq!(is_same(&caller, &hint), same, "{caller:?} {hint:?}");
        }
    }
}
