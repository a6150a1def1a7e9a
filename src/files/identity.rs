//! Who is at the door: customers, keys, calls and their tokens.

use jiff::SignedDuration;

use super::secrets::token_hash;
use super::{Files, FilesError, KeyAccess, Subject};
use crate::catalog::{CallChange, CallRecord, Customer, KeyRecord, NewCall, NewCustomer, NewKey};
use crate::domain::{
    Actor, AuditEntry, CallContext, CallId, CallSettings, Caller, CustomerId, Decision, Door, HeardKind, KeyId, Origin, Permissions,
    PersonId, Phone, RegionName, Timestamp, UserId, Verified, clean_text,
};
use crate::policy::{ManageKeys, OpenCall};

/// What a credential opens.
pub enum Access {
    /// The operator of this server.
    Operator,
    /// A program of a customer.
    Key(KeyAccess),
    /// A tool call within a call.
    Call(Box<CallAccess>),
}

/// A living call, known by its token.
pub struct CallAccess {
    record: CallRecord,
    is_test: bool,
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
            origin: facts.origin,
            heard: self.record.heard.clone(),
            deadline,
            batch: facts.batch,
            idempotency_key: facts.idempotency_key,
        }
    }
}

/// A customer that was just made, with its first key.
pub struct CreatedCustomer {
    /// Which.
    pub customer: CustomerId,
    /// The key's secret, shown once.
    pub api_key: String,
}

/// A key that was just made.
pub struct CreatedKey {
    /// Which.
    pub id: KeyId,
    /// Its secret, shown once.
    pub secret: String,
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

impl Files {
    /// What a secret opens now; `None` when nothing. The caller of this records refusals.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<Access>, FilesError> {
        let hash = token_hash(secret);
        let now = self.now();
        if let Some(record) = self.0.catalog.call_by_token(&hash).await? {
            if !record.is_alive(now) {
                return Ok(None);
            }
            let Some(customer) = self.0.catalog.customer(record.customer).await? else { return Ok(None) };
            return Ok(Some(Access::Call(Box::new(CallAccess { record, is_test: customer.is_test }))));
        }
        let Some(key) = self.0.catalog.key_by_secret(&hash).await? else { return Ok(None) };
        if !key.is_alive(now) {
            return Ok(None);
        }
        let Some(customer) = key.customer else { return Ok(Some(Access::Operator)) };
        let Some(customer) = self.0.catalog.customer(customer).await? else { return Ok(None) };
        Ok(Some(Access::Key(KeyAccess { key: key.id, customer: customer.id, permissions: key.permissions, is_test: customer.is_test })))
    }

    /// Records refusals before a customer is known, `count` of them at once.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn record_strangers(&self, count: u64, door: Door) -> Result<(), FilesError> {
        let entry = AuditEntry {
            decision: Decision::Deny,
            reason: Some(format!("{count} requests without a valid credential")),
            ..AuditEntry::new(Actor::System, &door.into(), "authenticate", "refused")
        };
        Ok(self.0.catalog.record_system(&entry).await?)
    }

    pub(super) fn operator_entry(action: &'static str, origin: &Origin, object: String) -> AuditEntry {
        AuditEntry {
            object: Some(object),
            decision: Decision::Allow,
            policy: Some("operator".to_owned()),
            ..AuditEntry::new(Actor::Operator, origin, action, "done")
        }
    }

    /// Makes a key of the operator; for the start of a server.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn create_operator_key(&self) -> Result<CreatedKey, FilesError> {
        let id = KeyId::new(&*self.0.clock, &*self.0.entropy);
        let token = self.0.secrets.token("sop");
        let key = NewKey { id, secret_hash: token.hash, label: "operator".to_owned(), permissions: Permissions::all(), expires_at: None };
        self.0.catalog.add_operator_key(&key, &Self::operator_entry("create_key", &Door::Cli.into(), id.to_string())).await?;
        Ok(CreatedKey { id, secret: token.secret })
    }

    /// Makes a customer with its first key, whose bytes lie in a region for good; in the home region when
    /// none is named. The operator decides this, no policy of a customer.
    ///
    /// # Errors
    /// `Invalid` for an empty name and for a region that is not set; else when it could not be committed.
    pub async fn create_customer(
        &self,
        name: &str,
        is_test: bool,
        region: Option<&str>,
        origin: &Origin,
    ) -> Result<CreatedCustomer, FilesError> {
        let name = clean_text(name, 200);
        if name.is_empty() {
            return Err(FilesError::Invalid { field: "name", reason: "must not be empty".to_owned() });
        }
        let stores = &self.0.stores;
        let region = match region {
            Some(text) if text != stores.name(None).as_str() => Some(stores.further(text).cloned().ok_or_else(|| self.no_such_region())?),
            Some(_) | None => None,
        };
        let customer = CustomerId::new(&*self.0.clock, &*self.0.entropy);
        let token = self.0.secrets.token("sk");
        let key = NewKey {
            id: KeyId::new(&*self.0.clock, &*self.0.entropy),
            secret_hash: token.hash,
            label: "first key".to_owned(),
            permissions: Permissions::all(),
            expires_at: None,
        };
        let new = NewCustomer { id: customer, name, is_test, region, key };
        self.0.catalog.create_customer(&new, &Self::operator_entry("create_customer", origin, customer.to_string())).await?;
        self.0.changed.notify_waiters();
        Ok(CreatedCustomer { customer, api_key: token.secret })
    }

    fn no_such_region(&self) -> FilesError {
        let known: Vec<String> = self.regions().iter().map(|name| format!("`{name}`")).collect();
        FilesError::Invalid { field: "region", reason: format!("is one of {}", known.join(", ")) }
    }

    /// How the region is called in which a customer's bytes lie.
    pub fn region_name(&self, customer: &Customer) -> RegionName {
        self.0.stores.name(customer.region.as_ref()).clone()
    }

    /// All customers, for the operator.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn customers(&self) -> Result<Vec<Customer>, FilesError> {
        Ok(self.0.catalog.customers().await?)
    }

    /// Makes another key of the customer, never with more than its maker has.
    ///
    /// # Errors
    /// `Refused` without the right; else when it could not be committed.
    pub async fn create_key(
        &self,
        subject: &Subject,
        label: &str,
        permissions: &Permissions,
        expires_at: Option<Timestamp>,
    ) -> Result<CreatedKey, FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let id = KeyId::new(&*self.0.clock, &*self.0.entropy);
        let token = self.0.secrets.token("sk");
        let permissions = Permissions::only(permissions.iter().filter(|wanted| subject.principal.permissions.has(*wanted)));
        let key = NewKey { id, secret_hash: token.hash, label: clean_text(label, 200), permissions, expires_at };
        let entry = AuditEntry {
            object: Some(id.to_string()),
            decision: Decision::Allow,
            policy: Some(permit.policies().to_owned()),
            ..subject.entry("create_key", "done")
        };
        self.0.catalog.add_key(subject.customer(), &key, &entry).await?;
        Ok(CreatedKey { id, secret: token.secret })
    }

    /// Keys of the customer.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn keys(&self, subject: &Subject) -> Result<Vec<KeyRecord>, FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let entry =
            AuditEntry { decision: Decision::Allow, policy: Some(permit.policies().to_owned()), ..subject.entry("list_keys", "done") };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(self.0.catalog.keys(subject.customer()).await?)
    }

    /// Revokes a key of the customer.
    ///
    /// # Errors
    /// `NotFound` when it is not a living key of this customer, `Refused` without the right.
    pub async fn revoke_key(&self, subject: &Subject, key: KeyId) -> Result<(), FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let entry = AuditEntry {
            object: Some(key.to_string()),
            decision: Decision::Allow,
            policy: Some(permit.policies().to_owned()),
            ..subject.entry("revoke_key", "done")
        };
        if self.0.catalog.revoke_key(subject.customer(), key, &entry).await? { Ok(()) } else { Err(FilesError::NotFound) }
    }

    async fn caller_of(&self, customer: CustomerId, hint: &CallerHint) -> Result<Caller, FilesError> {
        match hint {
            CallerHint::User(user) => match self.0.catalog.person(customer, PersonId::User(*user)).await? {
                Some(_) => Ok(Caller::User(*user)),
                None => Err(FilesError::Invalid { field: "caller_id", reason: "is not a user of this customer".to_owned() }),
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
        let permit = self.permit_customer::<OpenCall>(subject).await?;
        let customer = subject.customer();
        let caller = self.caller_of(customer, &request.caller).await?;
        let call = CallId::new(&*self.0.clock, &*self.0.entropy);
        let token = self.0.secrets.token("sct");
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
        };
        let entry = AuditEntry {
            object: Some(call.to_string()),
            decision: Decision::Allow,
            policy: Some(permit.policies().to_owned()),
            ..subject.entry("open_call", "done")
        };
        self.0.catalog.open_call(&new, &entry).await?;
        Ok(OpenedCall { call, token: token.secret, expires_at })
    }

    /// The customer's living call with this id, ours or the platform's, for the program that opened it.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Refused` without the right.
    pub async fn call(&self, subject: &Subject, id: &str, is_test: bool) -> Result<CallAccess, FilesError> {
        drop(self.permit_customer::<OpenCall>(subject).await?);
        match self.0.catalog.call(subject.customer(), id).await? {
            Some(record) if record.is_alive(self.now()) => Ok(CallAccess { record, is_test }),
            _ => Err(self.absent(subject, "open_call", None).await?),
        }
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
        let access = self.call(subject, id, false).await?;
        let caller = match caller {
            Some(hint) => Some(self.caller_of(subject.customer(), hint).await?),
            None => None,
        };
        let entry = AuditEntry { object: Some(access.call().to_string()), ..subject.entry("change_call", "done") };
        let change = CallChange { caller, verified, settings };
        Ok(self.0.catalog.change_call(subject.customer(), access.call(), &change, &entry).await?)
    }

    /// Ends a call.
    ///
    /// # Errors
    /// `NotFound` when there is no such call.
    pub async fn end_call(&self, subject: &Subject, id: &str) -> Result<(), FilesError> {
        let access = self.call(subject, id, false).await?;
        let entry = AuditEntry { object: Some(access.call().to_string()), ..subject.entry("end_call", "done") };
        self.0.catalog.end_call(subject.customer(), access.call(), &entry).await?;
        Ok(())
    }

    /// Keeps what the caller said or keyed, as the platform reports it.
    ///
    /// # Errors
    /// `NotFound` when there is no such call, `Invalid` when nothing was said.
    pub async fn heard(&self, subject: &Subject, id: &str, kind: HeardKind, text: &str) -> Result<(), FilesError> {
        let access = self.call(subject, id, false).await?;
        let text = clean_text(text, 1000);
        if text.is_empty() {
            return Err(FilesError::Invalid { field: "text", reason: "must not be empty".to_owned() });
        }
        let entry = AuditEntry { object: Some(access.call().to_string()), ..subject.entry("heard", "done") };
        Ok(self.0.catalog.heard(subject.customer(), access.call(), kind, &text, &entry).await?)
    }
}
