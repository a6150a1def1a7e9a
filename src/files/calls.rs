//! Calls: opened by a program for a caller whom the platform has identified, changed and ended by it.

use jiff::SignedDuration;

use super::{Files, FilesError, Subject};
use crate::catalog::{CallChange, CallRecord, NewCall};
use crate::domain::{
    AuditEntry, CallContext, CallId, CallSettings, Caller, CustomerId, Door, HeardKind, Origin, Permissions, PersonId, Phone, Timestamp,
    UserId, Verified, clean_text,
};
use crate::policy::{OpenCall, Permit, ReadAudit};

/// A living call, known by its token.
pub struct CallAccess {
    pub(super) record: CallRecord,
    pub(super) is_test: bool,
    /// What it could do by a token with every scope; `None` where it is not reached by a token with scopes.
    pub(super) without_scopes: Option<Permissions>,
}

/// What belongs to one request within a call.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// Where it comes from.
    pub origin: Origin,
    /// The batch of tool calls it belongs to.
    pub batch: Option<String>,
    /// The platform's id of this tool call.
    pub idempotency_key: Option<String>,
}

impl From<Door> for RequestFacts {
    /// A door, and nothing more known.
    fn from(door: Door) -> Self {
        Self { origin: door.into(), batch: None, idempotency_key: None }
    }
}

impl CallAccess {
    pub(super) const fn of(record: CallRecord, is_test: bool) -> Self {
        Self { record, is_test, without_scopes: None }
    }

    /// Which call.
    pub const fn call(&self) -> CallId {
        self.record.id
    }

    /// The context one request runs in.
    pub fn context(&self, facts: RequestFacts, deadline: Timestamp) -> CallContext {
        CallContext {
            customer: self.record.customer,
            is_test: self.is_test,
            call: self.record.id,
            epoch: self.record.epoch,
            caller: self.record.caller.clone(),
            verified: self.record.verified,
            permissions: self.record.permissions.clone(),
            settings: self.record.settings.clone(),
            untrusted_text: self.record.untrusted_at.is_some(),
            origin: facts.origin,
            heard: self.record.heard.clone(),
            codes_tried: self.record.heard_tried_at.is_some(),
            deadline,
            batch: facts.batch,
            idempotency_key: facts.idempotency_key,
        }
    }
}

/// A call to be opened.
#[derive(Debug, Clone)]
pub struct CallRequest {
    /// Who is on the line.
    pub caller: CallerHint,
    /// The platform's own id of the call.
    pub external_id: Option<String>,
    /// What to narrow it to; everything the key has when `None`.
    pub permissions: Option<Permissions>,
    /// How sure the platform is of the caller.
    pub verified: Verified,
    /// Language and time zone.
    pub settings: CallSettings,
}

/// How the platform names the caller.
#[derive(Debug, Clone)]
pub enum CallerHint {
    /// A user of the directory.
    User(UserId),
    /// The number the call came from.
    Number(Phone),
    /// Nobody known.
    Unknown,
}

impl From<&Caller> for CallerHint {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::User(user) => Self::User(*user),
            Caller::Guest { number: Some(number) } => Self::Number(number.clone()),
            Caller::Guest { number: None } => Self::Unknown,
        }
    }
}

/// A call that was just opened.
pub struct OpenedCall {
    /// Which.
    pub call: CallId,
    /// Its token, shown once.
    pub token: String,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// How long a call and its token live at most.
const CALL_LIFETIME: SignedDuration = SignedDuration::from_hours(4);
/// Calls that a list of those on the line holds, at most.
const MOST_LISTED: u32 = 500;
/// How the token of a call begins.
pub(super) const CALLS: &str = "sct";

impl Files {
    /// Whom a hint means; a number that nobody or more than one of the customer's users has is a guest's.
    pub(super) async fn caller_of(&self, customer: CustomerId, hint: &CallerHint) -> Result<Caller, FilesError> {
        match hint {
            CallerHint::User(user) => match self.0.catalog.person(customer, PersonId::User(*user)).await? {
                Some(person) if person.deactivated_at.is_none() => Ok(Caller::User(*user)),
                Some(_) | None => Err(FilesError::Invalid { field: "caller_id", reason: "is not a user of this customer".to_owned() }),
            },
            CallerHint::Number(number) => Ok(match self.0.catalog.user_by_phone(customer, number).await? {
                Some(user) => Caller::User(user),
                None => Caller::Guest { number: Some(number.clone()) },
            }),
            CallerHint::Unknown => Ok(Caller::Guest { number: None }),
        }
    }

    /// Opens a call for a caller whom the platform has identified.
    ///
    /// # Errors
    /// `Refused` without the right, `Invalid` for an unknown user, `Conflict` when it is already open.
    pub async fn open_call(&self, subject: &Subject, request: &CallRequest) -> Result<OpenedCall, FilesError> {
        self.begin_call(subject, request, false).await
    }

    /// The same; an outside id whose call is over names the new one from now on.
    pub(super) async fn reopen_call(&self, subject: &Subject, request: &CallRequest) -> Result<OpenedCall, FilesError> {
        self.begin_call(subject, request, true).await
    }

    async fn begin_call(&self, subject: &Subject, request: &CallRequest, is_renewable: bool) -> Result<OpenedCall, FilesError> {
        let permit = self.permit_customer::<OpenCall>(subject).await?;
        let customer = subject.customer();
        let caller = self.caller_of(customer, &request.caller).await?;
        let call = CallId::new(&*self.0.clock, &*self.0.entropy);
        let token = self.0.secrets.token(CALLS);
        let expires_at = self.now().saturating_add(CALL_LIFETIME).unwrap_or(Timestamp::MAX);
        let asked = request.permissions.clone().unwrap_or_else(Permissions::all);
        let new = NewCall {
            id: call,
            customer,
            external_id: request.external_id.as_ref().map(|id| clean_text(id, 128)),
            token_hash: token.hash,
            caller,
            verified: request.verified,
            permissions: permit.narrow(&asked),
            settings: request.settings.clone(),
            expires_at,
            is_renewable,
        };
        let entry = Self::call_entry(subject, "open_call", call, &permit);
        self.0.catalog.open_call(&new, &entry).await?;
        Ok(OpenedCall { call, token: token.secret, expires_at })
    }

    /// The customer's living call with this id, ours or the platform's, for a program of it: nothing that the
    /// program may not do may be done in it, whoever opened it.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Refused` without the right.
    pub async fn call(&self, subject: &Subject, id: &str, is_test: bool) -> Result<CallAccess, FilesError> {
        let (mut record, permit) = self.steered(subject, id, "open_call").await?;
        record.permissions = permit.narrow(&record.permissions);
        Ok(CallAccess::of(record, is_test))
    }

    /// The customer's living calls, newest first, as many as one answer shows.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn living_calls(&self, subject: &Subject) -> Result<Vec<CallRecord>, FilesError> {
        let permit = self.permit_customer::<ReadAudit>(subject).await?;
        let entry = subject.allowed("list_calls", "done", &permit);
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(self.0.catalog.living_calls(subject.customer(), MOST_LISTED).await?)
    }

    /// A living call, and the permit to steer it: who may open a call may steer it.
    async fn steered(&self, subject: &Subject, id: &str, action: &'static str) -> Result<(CallRecord, Permit<OpenCall>), FilesError> {
        let permit = self.permit_customer::<OpenCall>(subject).await?;
        match self.0.catalog.call(subject.customer(), id).await? {
            Some(record) if record.is_alive(self.now()) => Ok((record, permit)),
            _ => Err(self.absent(subject, action, None).await?),
        }
    }

    fn call_entry(subject: &Subject, action: &'static str, call: CallId, permit: &Permit<OpenCall>) -> AuditEntry {
        AuditEntry { object: Some(call.to_string()), ..subject.allowed(action, "done", permit) }
    }

    /// Changes caller, verification or language of a running call.
    ///
    /// # Errors
    /// `NotFound` when there is no such call, `Invalid` for an unknown user.
    pub async fn change_call(
        &self,
        subject: &Subject,
        id: &str,
        caller: Option<&CallerHint>,
        verified: Option<Verified>,
        settings: Option<CallSettings>,
    ) -> Result<(), FilesError> {
        let (record, permit) = self.steered(subject, id, "change_call").await?;
        let caller = match caller {
            Some(hint) => Some(self.caller_of(subject.customer(), hint).await?),
            None => None,
        };
        let change = CallChange { caller, verified, settings };
        let entry = Self::call_entry(subject, "change_call", record.id, &permit);
        Ok(self.0.catalog.change_call(subject.customer(), record.id, &change, &entry).await?)
    }

    /// Ends a call, running, expired or ended before: its token opens nothing any more.
    ///
    /// # Errors
    /// `NotFound` when the customer never had such a call; `Refused` without the right.
    pub async fn end_call(&self, subject: &Subject, id: &str) -> Result<(), FilesError> {
        let permit = self.permit_customer::<OpenCall>(subject).await?;
        let Some(record) = self.0.catalog.call(subject.customer(), id).await? else {
            return Err(self.absent(subject, "end_call", None).await?);
        };
        let entry = Self::call_entry(subject, "end_call", record.id, &permit);
        Ok(self.0.catalog.end_call(subject.customer(), record.id, &entry).await?)
    }

    /// Keeps what the caller said or keyed, as the platform reports it.
    ///
    /// # Errors
    /// `NotFound` when there is no such call, `Invalid` when nothing was said.
    pub async fn heard(&self, subject: &Subject, id: &str, kind: HeardKind, text: &str) -> Result<(), FilesError> {
        let (record, permit) = self.steered(subject, id, "heard").await?;
        let text = clean_text(text, 1000);
        if text.is_empty() {
            return Err(FilesError::Invalid { field: "text", reason: "must not be empty".to_owned() });
        }
        let entry = Self::call_entry(subject, "heard", record.id, &permit);
        Ok(self.0.catalog.heard(subject.customer(), record.id, kind, &text, &entry).await?)
    }
}
