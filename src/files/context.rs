//! What every use case has at hand, and who is asking.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::keys::Uses;
use super::object_events::EventCounts;
use super::pace::{Pacer, Paces};
use super::policy_cache::PolicyCache;
use super::posts::{Certificates, PostRules};
use super::secrets::{Secrets, ServerSecret};
use super::{FilesError, Keeping, Patience, ScannerNote};
use crate::blob::{Capabilities, Stores};
use crate::catalog::{Bound, Catalog, FailureLimits, Grant, OpenedShare};
use crate::domain::{
    Actor, AuditEntry, CallContext, CallId, Clock, CustomerId, Decision, Door, Entropy, FileRecord, Folder, KeyId, Origin, Permissions,
    PersonId, RegionName, Role, TeamId, Timestamp, UserId, Verified,
};
use crate::policy::{
    Action, Conditions, Evidence, FileFacts, FolderFacts, GrantFact, Permit, Policies, Principal, PrincipalKind, Refusal, Resource,
};
use crate::search::Indexes;

/// What the use cases are made of; built by `app`.
pub struct Parts {
    /// The truth.
    pub catalog: Catalog,
    /// The bytes, by region.
    pub stores: Stores,
    /// The projection that finds.
    pub indexes: Indexes,
    /// Who may do what.
    pub policies: Policies,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The server's secret.
    pub secret: ServerSecret,
    /// Limits and addresses.
    pub settings: FilesSettings,
}

/// Limits and addresses of the use cases.
#[derive(Debug, Clone)]
pub struct FilesSettings {
    /// Under which address people reach the pages, without a slash at the end.
    pub public_url: String,
    /// Whether tools may give a link's address to the model.
    pub reveal_links: bool,
    /// Whether link and code go in one message to whoever has one address only; else the call tells the code.
    pub code_beside_link: bool,
    /// Largest upload, in bytes.
    pub upload_limit: u64,
    /// How long what is deleted stays.
    pub keeping: Keeping,
    /// How long the store keeps a checkpoint of the audit trail from everybody, in days, where it can.
    pub anchor_days: u32,
    /// Newest checkpoints in the store that a check of the trail reads.
    pub anchors_checked: usize,
    /// Largest direct upload that is sent in one request, in bytes; a larger one comes in parts.
    pub direct_whole: u64,
    /// Bytes of a part of a direct upload, at least 5 MiB.
    pub direct_part: u64,
    /// Direct uploads that a customer may have open at once.
    pub direct_open: u32,
    /// How fast a read-back is heard, in words per second: sets the earliest moment a yes can count
    /// without other evidence.
    pub heard_words_per_second: u32,
    /// What a yes needs at least, whatever policies demand.
    pub evidence: EvidenceSettings,
    /// How many wrong codes are borne.
    pub failures: FailureLimits,
    /// Who may post the store's events; nobody unless something is set.
    pub posts: PostRules,
    /// How fast may be asked.
    pub paces: Paces,
}

/// What a yes needs at least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EvidenceSettings {
    /// For what stays with the customer.
    pub inside: Evidence,
    /// For what is given to somebody outside.
    pub outside: Evidence,
}

impl EvidenceSettings {
    /// For one or the other.
    pub(super) const fn of(self, outside: bool) -> Evidence {
        if outside { self.outside } else { self.inside }
    }
}

impl Default for FilesSettings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            reveal_links: false,
            code_beside_link: false,
            upload_limit: 5 * 1024 * 1024 * 1024,
            keeping: Keeping::default(),
            anchor_days: 6 * 365,
            anchors_checked: 100,
            direct_whole: 32 * 1024 * 1024,
            direct_part: 16 * 1024 * 1024,
            direct_open: 200,
            heard_words_per_second: 4,
            evidence: EvidenceSettings::default(),
            // Five tries belong to each code; these keep whoever tries many codes from going on, and end by
            // themselves within the hour (docs/codes.md has the sums).
            failures: FailureLimits {
                network: Bound { failures: 30, seconds: 600 },
                caller: Bound { failures: 10, seconds: 600 },
                customer: Bound { failures: 200, seconds: 3600 },
                overall: Bound { failures: 1000, seconds: 3600 },
            },
            posts: PostRules::default(),
            paces: Paces::default(),
        }
    }
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Files(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub catalog: Catalog,
    pub stores: Stores,
    pub indexes: Indexes,
    pub policies: PolicyCache,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub secrets: Secrets,
    pub settings: FilesSettings,
    /// Wakes the workers and the index follower when this process changed something.
    pub changed: Notify,
    /// Rung when files are to be looked at again.
    pub rereads: Notify,
    pub arrived: Notify,
    /// Up to which change each customer's index is complete, as far as this process has looked.
    pub followed: Mutex<HashMap<CustomerId, u64>>,
    /// One probe of the catalog at a time: whoever asks for readiness must not fill its queue.
    pub probing: tokio::sync::Mutex<()>,
    /// What each region's store does by itself, once that was probed.
    pub capabilities: Mutex<BTreeMap<RegionName, Capabilities>>,
    /// Where customers' bytes lie, as far as that was asked for.
    pub regions: Mutex<HashMap<CustomerId, Option<RegionName>>>,
    pub events: EventCounts,
    /// Wrong codes of all customers in the present window, as this process saw them last: since when, and how many.
    pub wrong_codes: Mutex<(Timestamp, u32)>,
    /// Certificates of topics, for whoever posts with their signature.
    pub certificates: tokio::sync::Mutex<Certificates>,
    pub pacer: Pacer,
    pub uses: Uses,
    /// What is known of the scanners of this process.
    pub scanners: Mutex<Vec<ScannerNote>>,
}

/// Who asks, with everything a decision and a record need. Built once for a request.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(super) principal: Principal,
    pub(super) actor: Actor,
    pub(super) call: Option<CallId>,
    /// As which of the call's callers.
    pub(super) epoch: u32,
    pub(super) origin: Origin,
    pub(super) assurance: Option<Verified>,
    pub(super) conditions: Conditions,
    pub(super) patience: Patience,
    /// What codes have opened to the caller of this call.
    pub(super) opened: Vec<OpenedShare>,
}

impl Subject {
    /// The same, who waits so long.
    #[must_use]
    pub fn waiting(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Whose files are asked for.
    pub const fn customer(&self) -> CustomerId {
        self.principal.customer
    }

    /// The user behind the request, when there is one.
    pub const fn user(&self) -> Option<UserId> {
        match &self.principal.kind {
            PrincipalKind::User { id, .. } => Some(*id),
            PrincipalKind::Guest { .. } | PrincipalKind::Key { .. } | PrincipalKind::Link { .. } => None,
        }
    }

    /// The user behind the request and the user's teams, to whom grants may have been given.
    pub(super) fn grantees(&self) -> Vec<PersonId> {
        match &self.principal.kind {
            PrincipalKind::User { id, teams, .. } => {
                let teams = teams.iter().copied().map(PersonId::Team);
                [PersonId::User(*id)].into_iter().chain(teams).collect()
            }
            PrincipalKind::Guest { .. } | PrincipalKind::Key { .. } | PrincipalKind::Link { .. } => Vec::new(),
        }
    }

    /// How high the request stands among roles; a program acts for the customer itself, above all.
    pub(super) fn rank(&self) -> u8 {
        match &self.principal.kind {
            PrincipalKind::User { roles, .. } => roles.iter().map(|role| role.rank()).max().unwrap_or(0),
            PrincipalKind::Key { .. } => u8::MAX,
            PrincipalKind::Guest { .. } | PrincipalKind::Link { .. } => 0,
        }
    }

    /// A record of what this subject asks for; decision, object and reason are filled in by the use case.
    pub(super) fn entry(&self, action: &'static str, outcome: &'static str) -> AuditEntry {
        // A link for uploads acts for the user who asked.
        let on_behalf_of = if let Actor::Link(_) = self.actor { self.user().map(|user| user.to_string()) } else { None };
        AuditEntry {
            on_behalf_of,
            assurance: self.assurance,
            call: self.call,
            ..AuditEntry::new(self.actor.clone(), &self.origin, action, outcome)
        }
    }

    /// A record of what a permit allowed.
    pub(super) fn allowed<A: Action>(&self, action: &'static str, outcome: &'static str, permit: &Permit<A>) -> AuditEntry {
        AuditEntry { decision: Decision::Allow, policy: Some(permit.policies().to_owned()), ..self.entry(action, outcome) }
    }

    /// A record about one version of a file that a permit allowed.
    pub(super) fn file_entry<A: Action>(&self, outcome: &'static str, file: &FileRecord, permit: &Permit<A>) -> AuditEntry {
        AuditEntry {
            object: Some(file.id.to_string()),
            version: Some(file.version),
            content_hash: Some(file.checksum.hex()),
            ..self.allowed(A::KIND.as_str(), outcome, permit)
        }
    }
}

/// A program of the customer, known by its API key.
#[derive(Debug, Clone)]
pub struct KeyAccess {
    /// Which key.
    pub key: KeyId,
    /// Whose.
    pub customer: CustomerId,
    /// What it is narrowed to.
    pub permissions: Permissions,
    /// The scopes of the token by which it is acted under it; `None` with a key's own secret.
    pub scopes: Option<Permissions>,
    /// Whether messages of this customer go to an outbox to look at.
    pub is_test: bool,
}

impl KeyAccess {
    /// What may be done: what the key may, within the scopes of a token.
    pub fn allowed(&self) -> Permissions {
        self.scopes.as_ref().map_or_else(|| self.permissions.clone(), |scopes| self.permissions.within(scopes))
    }

    /// The same key with all it may, whatever a token's scopes are: a call lives on while tokens change.
    #[must_use]
    pub fn in_full(&self) -> Self {
        Self { scopes: None, ..self.clone() }
    }
}

impl Files {
    /// Puts the use cases together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let secrets = Secrets::new(&parts.secret, Arc::clone(&parts.entropy));
        Self(Arc::new(Inner {
            catalog: parts.catalog,
            stores: parts.stores,
            indexes: parts.indexes,
            policies: PolicyCache::new(parts.policies),
            clock: parts.clock,
            entropy: parts.entropy,
            secrets,
            pacer: Pacer::new(&parts.settings.paces),
            settings: parts.settings,
            changed: Notify::new(),
            rereads: Notify::new(),
            arrived: Notify::new(),
            followed: Mutex::default(),
            probing: tokio::sync::Mutex::new(()),
            capabilities: Mutex::default(),
            regions: Mutex::default(),
            events: EventCounts::default(),
            wrong_codes: Mutex::new((Timestamp::MIN, 0)),
            certificates: tokio::sync::Mutex::default(),
            uses: Uses::default(),
            scanners: Mutex::default(),
        }))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clock the use cases run by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// The caller of a call, with the roles and teams the directory has now. Somebody who was deactivated is as unknown
    /// as a stranger.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn caller(&self, ctx: &CallContext) -> Result<Subject, FilesError> {
        let standing = match ctx.caller.user() {
            Some(user) => self.standing(ctx.customer, user).await?,
            None => None,
        };
        let principal = match standing {
            Some((roles, teams)) => Principal::of_call(ctx, roles, teams),
            None => {
                Principal { kind: PrincipalKind::Guest { call: ctx.call }, customer: ctx.customer, permissions: ctx.permissions.clone() }
            }
        };
        Ok(Subject {
            principal,
            actor: Actor::of_call(ctx.call, &ctx.caller),
            call: Some(ctx.call),
            epoch: ctx.epoch,
            origin: ctx.origin.clone(),
            assurance: Some(ctx.verified),
            conditions: Conditions::of_call(ctx, self.now()),
            patience: Patience::until(ctx.deadline, self.now()),
            opened: if ctx.codes_tried { self.0.catalog.opened_in_call(ctx.customer, ctx.call, ctx.epoch).await? } else { Vec::new() },
        })
    }

    /// A program with an API key, which waits for ten seconds.
    pub fn program(&self, access: &KeyAccess, origin: impl Into<Origin>) -> Subject {
        let origin = origin.into();
        let door = origin.door;
        Subject {
            principal: Principal { kind: PrincipalKind::Key { id: access.key }, customer: access.customer, permissions: access.allowed() },
            actor: Actor::Key(access.key),
            call: None,
            epoch: 0,
            origin,
            assurance: None,
            conditions: Conditions::at(door, self.now()),
            patience: Patience::of(Patience::USUAL),
            opened: Vec::new(),
        }
    }

    /// Satchel's own workers, for the record: what they did with a file, its bytes or an object.
    pub(super) fn worker_entry(action: &'static str, outcome: &'static str, object: impl Display) -> AuditEntry {
        AuditEntry { object: Some(object.to_string()), ..AuditEntry::new(Actor::System, &Door::Worker.into(), action, outcome) }
    }

    /// Roles and teams of an active user.
    pub(super) async fn standing(&self, customer: CustomerId, user: UserId) -> Result<Option<(Vec<Role>, Vec<TeamId>)>, FilesError> {
        let person = self.0.catalog.person(customer, PersonId::User(user)).await?;
        let Some(person) = person.filter(|person| person.deactivated_at.is_none()) else { return Ok(None) };
        Ok(Some((person.roles, self.0.catalog.teams_of(customer, user).await?)))
    }

    fn grant_facts(grants: &[Grant]) -> Vec<GrantFact> {
        grants.iter().map(|grant| GrantFact { to: grant.to, level: grant.level, expires: grant.expires_at }).collect()
    }

    /// What policies know of a file.
    pub(super) fn facts(file: &FileRecord, grants: &[Grant]) -> FileFacts {
        FileFacts::of(file, Self::grant_facts(grants))
    }

    /// Asks the policies about one file.
    pub(super) async fn permit<A: Action>(&self, subject: &Subject, file: &FileRecord) -> Result<Result<Permit<A>, Refusal>, FilesError> {
        let grants = async { Ok(self.0.catalog.grants(file.customer, file.id).await?) };
        let (policies, grants) = tokio::try_join!(self.policies_of(file.customer), grants)?;
        Ok(Self::decide(&policies, subject, file, &grants))
    }

    /// Asks policies that are at hand about one file whose grants are known.
    pub(super) fn decide<A: Action>(
        policies: &Policies,
        subject: &Subject,
        file: &FileRecord,
        grants: &[Grant],
    ) -> Result<Permit<A>, Refusal> {
        let resource = Resource::File(Self::facts(file, grants));
        policies.permit::<A>(&subject.principal, &resource, &subject.conditions).or_else(|refusal| {
            // A right code on a call opens what the same code opens at its link, and no more.
            let Some(opened) = subject.opened.iter().find(|opened| opened.file == file.id) else { return Err(refusal) };
            let kind = PrincipalKind::Link { id: opened.link, file: opened.file };
            let holder = Principal { kind, ..subject.principal.clone() };
            // Whoever is no user of the customer is outside it.
            let conditions = Conditions { external: subject.user().is_none(), ..subject.conditions };
            policies.permit::<A>(&holder, &resource, &conditions).map_err(|_| refusal)
        })
    }

    /// Asks the policies about a folder with all that lies in it, and records a refusal.
    pub(super) async fn permit_folder<A: Action>(&self, subject: &Subject, folder: &Folder) -> Result<Permit<A>, FilesError> {
        let customer = subject.customer();
        let grants = async { Ok(self.0.catalog.folder_grants(customer, folder).await?) };
        let (policies, grants) = tokio::try_join!(self.policies_of(customer), grants)?;
        let facts = FolderFacts { path: folder.clone(), customer, grants: Self::grant_facts(&grants) };
        match policies.permit::<A>(&subject.principal, &Resource::Folder(facts), &subject.conditions) {
            Ok(permit) => Ok(permit),
            Err(refusal) => Err(self.refused(subject, A::KIND.as_str(), Some(format!("folder {folder}")), &refusal).await?),
        }
    }

    /// Asks the policies about one file, and records a refusal.
    pub(super) async fn permit_or_refuse<A: Action>(&self, subject: &Subject, file: &FileRecord) -> Result<Permit<A>, FilesError> {
        match self.permit::<A>(subject, file).await? {
            Ok(permit) => Ok(permit),
            Err(refusal) => Err(self.refused(subject, A::KIND.as_str(), Some(file.id.to_string()), &refusal).await?),
        }
    }

    /// Asks the policies about the customer as a whole, and records a refusal.
    pub(super) async fn permit_customer<A: Action>(&self, subject: &Subject) -> Result<Permit<A>, FilesError> {
        let policies = self.policies_of(subject.customer()).await?;
        match policies.permit::<A>(&subject.principal, &Resource::Customer(subject.customer()), &subject.conditions) {
            Ok(permit) => Ok(permit),
            Err(refusal) => Err(self.refused(subject, A::KIND.as_str(), None, &refusal).await?),
        }
    }

    /// Records a refusal and gives the error it is to the asker.
    pub(super) async fn refused(
        &self,
        subject: &Subject,
        action: &'static str,
        object: Option<String>,
        refusal: &Refusal,
    ) -> Result<FilesError, FilesError> {
        let entry = AuditEntry {
            object,
            decision: Decision::Deny,
            policy: Some(refusal.policies.clone()),
            ..subject.entry(action, if refusal.may_know { "refused" } else { "not_found" })
        };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(if refusal.may_know { FilesError::Refused } else { FilesError::NotFound })
    }

    /// Records a look for something that is not there.
    pub(super) async fn absent(&self, subject: &Subject, action: &'static str, object: Option<String>) -> Result<FilesError, FilesError> {
        self.0.catalog.record(subject.customer(), &AuditEntry { object, ..subject.entry(action, "not_found") }).await?;
        Ok(FilesError::NotFound)
    }
}
