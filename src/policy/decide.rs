//! One decision: facts in, a permit or a refusal out. Whatever goes wrong on the way is a refusal.

use std::marker::PhantomData;

use cedar_policy::{AuthorizationError, Context, Decision, Entities, EntityUid, PolicyId, PolicySet, Request, RequestValidationError};

use super::action::{Action, ActionKind, OpenCall};
use super::entities::BuildError;
use super::evidence::Evidence;
use super::facts::{Conditions, Principal, Resource};
use super::set::Policies;
use crate::domain::{CustomerId, FileId, Permissions};

/// Proof that the policies allowed one action on one resource. Only [`Policies::permit`] makes
/// one; it is spent by the use case that takes it.
#[derive(Debug)]
#[must_use = "a permit is asked for to be handed to a use case"]
pub struct Permit<A: Action> {
    policies: String,
    customer: CustomerId,
    file: Option<FileId>,
    permissions: Permissions,
    evidence: Evidence,
    action: PhantomData<A>,
}

impl<A: Action> Permit<A> {
    /// What must show that the caller agreed before it is done: the most that any of the deciding policies demands.
    pub const fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// The ids of the policies that allowed it, sorted, joined by commas; for the audit.
    pub fn policies(&self) -> &str {
        &self.policies
    }

    /// In whose store.
    pub const fn customer(&self) -> CustomerId {
        self.customer
    }

    /// On which file, or none when it is for the customer as a whole. A use case checks that it is
    /// the file at hand.
    pub const fn file(&self) -> Option<FileId> {
        self.file
    }
}

impl Permit<OpenCall> {
    /// The permissions of the call: those asked for that the opener has. Opening a call would
    /// otherwise be a way for a narrowed key to get at everything its callers may do.
    pub fn narrow(&self, asked: &Permissions) -> Permissions {
        Permissions::only(asked.iter().filter(|&permission| self.permissions.has(permission)))
    }
}

/// The policies said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused by policy")]
pub struct Refusal {
    /// The ids of the policies that decided, sorted, joined by commas; for the audit, not for the
    /// caller. `default-deny` when no policy permits it, `customer-wall` for another customer's,
    /// `schema` when the action does not exist for this kind of principal or resource, `error`
    /// first when it could not be decided.
    pub policies: String,
    /// Whether the principal may find the resource. Where not, the answer is the one for a
    /// resource that does not exist.
    pub may_know: bool,
}

/// What the policies alone say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) allowed: bool,
    pub(super) policies: String,
    /// What an allowed action demands.
    pub(super) evidence: Evidence,
}

impl Verdict {
    fn refused(policies: impl Into<String>) -> Self {
        Self { allowed: false, policies: policies.into(), evidence: Evidence::default() }
    }
}

impl Policies {
    /// Decides.
    pub fn permit<A: Action>(&self, principal: &Principal, resource: &Resource, conditions: &Conditions) -> Result<Permit<A>, Refusal> {
        self.scene(principal, resource, conditions, &[A::KIND]).permit()
    }

    /// Somebody before something, for whoever asks several questions of them: to put them together costs more than an answer.
    pub fn scene<'a>(
        &'a self,
        principal: &'a Principal,
        resource: &'a Resource,
        conditions: &Conditions,
        actions: &[ActionKind],
    ) -> Scene<'a> {
        // INVARIANT: nothing crosses from one customer to another, whatever policies say.
        let question = if principal.customer == resource.customer() {
            Question::new(self, principal, resource, conditions, actions)
                .map_err(|error| Refusal { policies: undecided(&error).policies, may_know: false })
        } else {
            Err(Refusal { policies: WALL.to_owned(), may_know: false })
        };
        Scene { principal, resource, question }
    }

    /// What the policies alone say, for the matrix: without the wall in code.
    pub(super) fn verdict(&self, principal: &Principal, resource: &Resource, conditions: &Conditions, action: ActionKind) -> Verdict {
        match Question::new(self, principal, resource, conditions, &[action]) {
            Ok(question) => question.ask(action),
            Err(error) => undecided(&error),
        }
    }

    /// Whether a policy forbids it, and not only none permits it.
    #[cfg(test)]
    pub(super) fn forbids(&self, principal: &Principal, resource: &Resource, conditions: &Conditions, action: ActionKind) -> bool {
        let verdict = self.verdict(principal, resource, conditions, action);
        !verdict.allowed && ![DEFAULT_DENY, SCHEMA].contains(&verdict.policies.as_str())
    }

    /// Whether the action exists for resources of this kind.
    pub(super) fn applies(action: ActionKind, resource: &Resource) -> bool {
        action.resources().contains(&resource.kind())
    }
}

const WALL: &str = "customer-wall";
const DEFAULT_DENY: &str = "default-deny";
const SCHEMA: &str = "schema";
const ERROR: &str = "error";

/// Somebody before something, under some policies and circumstances: put together once, asked as often as there are questions.
pub struct Scene<'a> {
    principal: &'a Principal,
    resource: &'a Resource,
    question: Result<Question<'a>, Refusal>,
}

impl Scene<'_> {
    /// Decides. An action that it was not made for is refused.
    ///
    /// # Errors
    /// When the policies say no, or nothing could be decided.
    pub fn permit<A: Action>(&self) -> Result<Permit<A>, Refusal> {
        let question = self.question.as_ref().map_err(Refusal::clone)?;
        let verdict = question.ask(A::KIND);
        if verdict.allowed {
            return Ok(Permit {
                policies: verdict.policies,
                customer: self.resource.customer(),
                file: self.resource.file(),
                permissions: self.principal.permissions.clone(),
                evidence: verdict.evidence,
                action: PhantomData,
            });
        }
        let may_know = match self.resource {
            Resource::File(_) => A::KIND != ActionKind::Find && question.ask(ActionKind::Find).allowed,
            // Its own customer is no secret to anybody, and a folder has nothing but the name it was asked by.
            Resource::Folder(_) | Resource::Customer(_) => true,
        };
        Err(Refusal { policies: verdict.policies, may_know })
    }
}

/// Everything Cedar needs for some actions on one resource, and for asking whether it may be found.
struct Question<'a> {
    policies: &'a Policies,
    principal: EntityUid,
    resource: EntityUid,
    context: Context,
    entities: Entities,
    /// What it was put together for.
    asked: Vec<ActionKind>,
}

impl<'a> Question<'a> {
    fn new(
        policies: &'a Policies,
        principal: &Principal,
        resource: &Resource,
        conditions: &Conditions,
        asked: &[ActionKind],
    ) -> Result<Self, BuildError> {
        #[cfg(test)]
        BUILT.with(|built| built.set(built.get() + 1));
        let context = policies.types().context(&principal.permissions, conditions)?;
        let principal = policies.types().principal(principal)?;
        let resource = policies.types().resource(resource, conditions.now)?;
        let (principal_uid, resource_uid) = (principal.uid(), resource.uid());
        // Actions carry the groups they are in; Cedar takes them from here and not from the schema.
        let find = (!asked.contains(&ActionKind::Find)).then_some(ActionKind::Find);
        let asked: Vec<ActionKind> = asked.iter().copied().chain(find).collect();
        let actions = asked.iter().filter_map(|kind| policies.asked(*kind)).map(|asked| asked.entity.clone());
        let entities = Entities::from_entities([principal, resource].into_iter().chain(actions), None)
            .map_err(|error| BuildError::Entities(Box::new(error)))?;
        Ok(Self { policies, principal: principal_uid, resource: resource_uid, context, entities, asked })
    }

    fn ask(&self, action: ActionKind) -> Verdict {
        // Without its entity, an action is in none of the groups that policies name.
        if !self.asked.contains(&action) {
            return Verdict::refused(ERROR);
        }
        // Checked against the schema: an action on a kind of resource it does not have is refused,
        // though a policy such as "the owner may do everything" would permit it.
        let request = Request::new(
            self.principal.clone(),
            self.policies.types().action(action),
            self.resource.clone(),
            self.context.clone(),
            Some(self.policies.schema()),
        );
        let request = match request {
            Ok(request) => request,
            Err(RequestValidationError::InvalidPrincipalType(_) | RequestValidationError::InvalidResourceType(_)) => {
                return Verdict::refused(SCHEMA);
            }
            Err(error) => return undecided(&BuildError::Request(Box::new(error))),
        };
        let Some(asked) = self.policies.asked(action) else { return Verdict::refused(SCHEMA) };
        let (allowed, mut reasons) = match self.decided(&request, &asked.set, action) {
            Ok(decided) => decided,
            Err(refused) => return refused,
        };
        if !allowed {
            return Verdict::refused(if reasons.is_empty() { DEFAULT_DENY.to_owned() } else { joined(reasons) });
        }
        if asked.demands.num_of_policies() > 0 {
            match self.decided(&request, &asked.demands, action) {
                Ok((_, demands)) => reasons.extend(demands),
                Err(refused) => return refused,
            }
        }
        let evidence = reasons.iter().map(|id| self.policies.evidence(id)).max().unwrap_or_default();
        Verdict { allowed, policies: joined(reasons), evidence }
    }

    /// Whether these policies allow it, and which of them decided; a refusal where one of them failed.
    fn decided(&self, request: &Request, set: &PolicySet, action: ActionKind) -> Result<(bool, Vec<PolicyId>), Verdict> {
        let response = self.policies.authorizer().is_authorized(request, set, &self.entities);
        // Cedar skips a policy that fails while it is evaluated. A skipped `forbid` would permit.
        let failed: Vec<PolicyId> =
            response.diagnostics().errors().map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id().clone()).collect();
        if !failed.is_empty() {
            let failed = joined(failed);
            tracing::error!(
                policy.ids = failed,
                policy.action = action.as_str(),
                "policies failed while evaluated, the request is refused"
            );
            return Err(Verdict::refused(format!("{ERROR},{failed}")));
        }
        Ok((response.decision() == Decision::Allow, response.diagnostics().reason().cloned().collect()))
    }
}

#[cfg(test)]
thread_local! {
    /// How often this thread has put together what is asked about.
    pub(super) static BUILT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How often this thread has put together what decisions are about.
#[cfg(test)]
pub fn times_built() -> usize {
    BUILT.with(std::cell::Cell::get)
}

fn joined(ids: Vec<PolicyId>) -> String {
    let mut ids: Vec<_> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.join(",")
}

fn undecided(error: &BuildError) -> Verdict {
    tracing::error!(error = error as &dyn std::error::Error, "a decision could not be reached, the request is refused");
    Verdict::refused(ERROR)
}

#[cfg(test)]
mod tests {
    use super::super::action::{Add, Delete, Describe, Download, Find, History, ManagePolicies, Organise, Read, ReadAudit, Share};
    use super::super::facts::FileFacts;
    use super::super::fixture::{conditions, file, grant, guest, ids, key, later, member_of};
    use super::*;
    use crate::domain::{
        Classification, FileStatus, FindingKind, Folder, Level, Owner, Permission, PersonId, Role, Verified, VerifiedMethod,
    };

    fn policies() -> Policies {
        Policies::built_in().unwrap()
    }

    #[test]
    fn what_is_asked_in_one_scene_is_answered_as_each_alone_and_put_together_once() {
        fn told<A: Action>(result: Result<Permit<A>, Refusal>) -> Result<String, Refusal> {
            result.map(|permit| permit.policies().to_owned())
        }
        let policies = policies();
        let who = member_of(vec![Role::Member]);
        for resource in [mine(), Resource::File(theirs())] {
            let conditions = conditions();
            let before = times_built();
            let scene = policies.scene(&who, &resource, &conditions, &[ActionKind::Read, ActionKind::Share, ActionKind::Delete]);
            let together = (told::<Read>(scene.permit()), told::<Share>(scene.permit()), told::<Delete>(scene.permit()));
            assert_eq!(times_built() - before, 1);
            let alone = (
                told(policies.permit::<Read>(&who, &resource, &conditions)),
                told(policies.permit::<Share>(&who, &resource, &conditions)),
                told(policies.permit::<Delete>(&who, &resource, &conditions)),
            );
            assert_eq!(together, alone);
            assert_eq!(scene.permit::<Organise>().unwrap_err().policies, ERROR, "what it was not made for");
        }
    }

    fn mine() -> Resource {
        Resource::File(file(Owner::User(ids().me)))
    }

    fn theirs() -> FileFacts {
        file(Owner::User(ids().other))
    }

    fn allows<A: Action>(policies: &Policies, principal: &Principal, resource: &Resource, conditions: &Conditions) -> bool {
        policies.permit::<A>(principal, resource, conditions).is_ok()
    }

    #[test]
    fn a_permit_names_its_file_its_customer_and_the_deciding_policies() {
        let permit = policies().permit::<Share>(&member_of(vec![Role::Owner, Role::Member]), &mine(), &conditions()).unwrap();
        assert_eq!((permit.file(), permit.customer()), (Some(ids().file), ids().customer));
        assert_eq!(permit.policies(), "member-own,owner-everything");
        let permit = policies().permit::<Add>(&member_of(vec![Role::Member]), &Resource::Customer(ids().customer), &conditions()).unwrap();
        assert_eq!((permit.file(), permit.policies()), (None, "member-add"));
    }

    #[test]
    fn a_refusal_tells_which_policy_and_whether_the_file_may_be_known() {
        let member = member_of(vec![Role::Member]);
        let quarantined = Resource::File(FileFacts { status: FileStatus::Quarantined, ..file(Owner::User(ids().me)) });
        let refusal = policies().permit::<Share>(&member, &quarantined, &conditions()).unwrap_err();
        assert_eq!(refusal, Refusal { policies: "quarantine".to_owned(), may_know: true });
        let refusal = policies().permit::<Read>(&member, &quarantined, &conditions()).unwrap_err();
        assert_eq!(refusal.policies, "quarantine,unready");
        for refusal in [
            policies().permit::<Find>(&member, &Resource::File(theirs()), &conditions()).unwrap_err(),
            policies().permit::<Read>(&member, &Resource::File(theirs()), &conditions()).unwrap_err(),
        ] {
            assert_eq!(refusal, Refusal { policies: "default-deny".to_owned(), may_know: false });
        }
    }

    #[test]
    fn nothing_crosses_to_another_customer_even_for_its_owner_or_a_key() {
        // A customer's own policy that permits everything does not reach further either.
        let generous = Policies::from_texts(&[("acme.cedar", r#"@id("all") permit (principal, action, resource);"#)]).unwrap();
        let foreign = [
            Resource::File(FileFacts { customer: ids().foreign, ..file(Owner::Service) }),
            Resource::File(FileFacts { customer: ids().foreign, ..file(Owner::User(ids().me)) }),
            Resource::Customer(ids().foreign),
        ];
        for policies in [policies(), generous] {
            for principal in [member_of(Role::ALL.to_vec()), key(), guest()] {
                for resource in &foreign {
                    let refusal = policies.permit::<Add>(&principal, resource, &conditions()).unwrap_err();
                    assert_eq!(refusal, Refusal { policies: "customer-wall".to_owned(), may_know: false });
                    let alone = policies.verdict(&principal, resource, &conditions(), ActionKind::Add);
                    assert!(!alone.allowed, "the policies alone let {principal:?} through");
                }
            }
        }
    }

    #[test]
    fn narrowing_only_narrows() {
        let resources = [mine(), Resource::File(file(Owner::Service)), Resource::Customer(ids().customer)];
        let policies = policies();
        let mut narrowed_some = false;
        for bits in 0_u8..32 {
            let kept = Permission::ALL.into_iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, permission)| permission);
            let permissions = Permissions::only(kept);
            let everybody = Role::ALL.map(|role| member_of(vec![role]));
            for wide in everybody.into_iter().chain([key(), guest()]) {
                let narrow = Principal { permissions: permissions.clone(), ..wide.clone() };
                for (resource, &action) in
                    resources.iter().flat_map(|resource| ActionKind::ALL.iter().map(move |action| (resource, action)))
                {
                    let before = policies.verdict(&wide, resource, &conditions(), action).allowed;
                    let after = policies.verdict(&narrow, resource, &conditions(), action).allowed;
                    assert!(before || !after, "{narrow:?} may {} more than without narrowing", action.as_str());
                    narrowed_some |= before && !after;
                }
            }
        }
        assert!(narrowed_some);
    }

    #[test]
    fn a_caller_narrowed_below_reading_may_not_know() {
        let narrow = Principal { permissions: Permissions::only([Permission::Share]), ..member_of(vec![Role::Owner]) };
        assert!(allows::<Share>(&policies(), &narrow, &mine(), &conditions()));
        let refusal = policies().permit::<Delete>(&narrow, &mine(), &conditions()).unwrap_err();
        assert_eq!(refusal, Refusal { policies: "narrow-write".to_owned(), may_know: false });
    }

    #[test]
    fn an_unknown_caller_and_a_user_without_a_role_may_do_nothing() {
        let (policies, ids) = (policies(), ids());
        let shared = FileFacts { grants: vec![grant(PersonId::User(ids.me), Level::Editor)], ..theirs() };
        let resources = [mine(), Resource::File(file(Owner::Service)), Resource::File(shared), Resource::Customer(ids.customer)];
        for principal in [guest(), member_of(Vec::new())] {
            for resource in &resources {
                for &action in ActionKind::ALL {
                    let verdict = policies.verdict(&principal, resource, &conditions(), action);
                    assert!(!verdict.allowed, "{principal:?} may {} {resource:?}", action.as_str());
                }
            }
        }
    }

    #[test]
    fn a_grant_ends_at_the_instant_it_expires() {
        let (policies, member) = (policies(), member_of(vec![Role::Member]));
        let shared = Resource::File(FileFacts { grants: vec![grant(PersonId::Team(ids().my_team), Level::Viewer)], ..theirs() });
        let last = Conditions { now: later().saturating_sub(jiff::SignedDuration::from_micros(1)).unwrap(), ..conditions() };
        assert!(allows::<Download>(&policies, &member, &shared, &last));
        let over = Conditions { now: later(), ..conditions() };
        assert!(!policies.permit::<Download>(&member, &shared, &over).unwrap_err().may_know);
    }

    #[test]
    fn a_guest_of_the_customer_looks_at_what_was_shared_and_no_more() {
        let (policies, guest) = (policies(), member_of(vec![Role::Guest]));
        let shared = Resource::File(FileFacts { grants: vec![grant(PersonId::User(ids().me), Level::Editor)], ..theirs() });
        assert!(allows::<Find>(&policies, &guest, &shared, &conditions()));
        assert!(allows::<Download>(&policies, &guest, &shared, &conditions()));
        assert!(!allows::<Share>(&policies, &guest, &shared, &conditions()));
        assert!(!allows::<Organise>(&policies, &guest, &shared, &conditions()));
        assert!(!allows::<Describe>(&policies, &guest, &mine(), &conditions()));
    }

    #[test]
    fn an_auditor_sees_that_a_file_exists_and_not_what_is_in_it() {
        let (policies, auditor) = (policies(), member_of(vec![Role::Auditor]));
        let shared = Resource::File(FileFacts { grants: vec![grant(PersonId::User(ids().me), Level::Editor)], ..theirs() });
        assert!(allows::<History>(&policies, &auditor, &shared, &conditions()));
        assert!(allows::<ReadAudit>(&policies, &auditor, &Resource::Customer(ids().customer), &conditions()));
        assert!(!allows::<Read>(&policies, &auditor, &shared, &conditions()));
        assert!(!allows::<Share>(&policies, &auditor, &shared, &conditions()));
    }

    #[test]
    fn an_action_on_a_resource_that_does_not_have_it_is_refused() {
        let owner = member_of(vec![Role::Owner]);
        let refusal = policies().permit::<Share>(&owner, &Resource::Customer(ids().customer), &conditions()).unwrap_err();
        assert_eq!(refusal.policies, "schema");
        assert_eq!(policies().permit::<ManagePolicies>(&owner, &mine(), &conditions()).unwrap_err().policies, "schema");
        let refusal = policies().permit::<OpenCall>(&owner, &Resource::Customer(ids().customer), &conditions()).unwrap_err();
        assert_eq!(refusal.policies, "schema");
    }

    #[test]
    fn a_call_gets_no_more_permissions_than_the_key_that_opens_it() {
        let key = Principal { permissions: Permissions::only([Permission::Read, Permission::Codes]), ..key() };
        let permit = policies().permit::<OpenCall>(&key, &Resource::Customer(ids().customer), &conditions()).unwrap();
        assert_eq!(permit.narrow(&Permissions::all()), key.permissions);
        assert_eq!(permit.narrow(&Permissions::only([Permission::Write, Permission::Read])), Permissions::only([Permission::Read]));
    }

    #[test]
    fn a_customer_may_forbid_by_classification_recipient_and_verification() {
        let policies = Policies::from_texts(&[(
            "acme.cedar",
            r#"@id("acme-sensitive")
               forbid (principal, action in [Action::"share", Action::"issue_code"], resource is File)
               when { resource.sensitivity > 1 && context.external }
               unless { context.verified_level >= 2 && context.verified_method != Method::"number" && !context.untrusted_text };"#,
        )])
        .unwrap();
        let member = member_of(vec![Role::Member]);
        let plain = mine();
        let medical = Resource::File(FileFacts { classification: Classification::Confidential, ..file(Owner::User(ids().me)) });
        let inside = conditions();
        let outside = Conditions { external: true, ..inside };
        let sure = Conditions { verified: Verified { method: VerifiedMethod::Pin, level: 2 }, ..outside };
        let misled = Conditions { untrusted_text: true, ..sure };
        for (resource, conditions, allowed) in [
            (&plain, outside, true),
            (&medical, inside, true),
            (&medical, outside, false),
            (&medical, sure, true),
            (&medical, misled, false),
        ] {
            assert_eq!(allows::<Share>(&policies, &member, resource, &conditions), allowed, "{resource:?} {conditions:?}");
        }
        assert_eq!(policies.permit::<Share>(&member, &medical, &outside).unwrap_err().policies, "acme-sensitive");
    }

    #[test]
    fn a_customer_may_forbid_a_folder_with_everything_below() {
        let text = r#"@id("vault") forbid (principal, action == Action::"share", resource in Folder::"finance");"#;
        let policies = Policies::from_texts(&[("acme.cedar", text)]).unwrap();
        assert!(!allows::<Share>(&policies, &member_of(vec![Role::Owner]), &mine(), &conditions()));
    }

    #[test]
    fn a_customer_may_demand_evidence_and_the_most_of_it_wins() {
        let policies = Policies::from_texts(&[(
            "acme.cedar",
            r#"@id("outside-heard") @evidence("heard")
               forbid (principal, action == Action::"share", resource) when { context.external };
               @id("medical-keyed") @evidence("keypad")
               forbid (principal, action == Action::"share", resource is File) when { resource.findings.contains("health") };
               @id("trainees") @evidence("heard")
               permit (principal is User, action == Action::"share", resource in Folder::"finance");"#,
        )])
        .unwrap();
        let medical = Resource::File(FileFacts { findings: vec![FindingKind::Health], ..file(Owner::User(ids().me)) });
        let outside = Conditions { external: true, ..conditions() };
        let (member, stranger) = (member_of(vec![Role::Owner]), member_of(Vec::new()));
        let elsewhere = |facts| FileFacts { folder: Folder::parse("plans").unwrap(), ..facts };
        let (mine, plain) = (file(Owner::User(ids().me)), elsewhere(file(Owner::User(ids().me))));
        for (who, resource, conditions, demanded, named) in [
            (&member, &Resource::File(plain.clone()), conditions(), Evidence::ModelWord, "owner-everything"),
            (&member, &Resource::File(plain), outside, Evidence::Heard, "outside-heard,owner-everything"),
            (&member, &medical, outside, Evidence::Keypad, "medical-keyed,outside-heard,owner-everything,trainees"),
            (&stranger, &Resource::File(mine), conditions(), Evidence::Heard, "trainees"),
        ] {
            let permit = policies.permit::<Share>(who, resource, &conditions).unwrap();
            assert_eq!((permit.evidence(), permit.policies()), (demanded, named));
        }
        // A demand refuses nobody and permits nobody.
        assert!(!allows::<Share>(&policies, &stranger, &Resource::File(elsewhere(theirs())), &outside));
    }

    #[test]
    fn a_demand_that_fails_while_evaluated_refuses() {
        let text = r#"@id("overflow") @evidence("heard") forbid (principal, action == Action::"share", resource)
                      when { context.now * 9223372036854775807 == 0 };"#;
        let policies = Policies::from_texts(&[("acme.cedar", text)]).unwrap();
        let refusal = policies.permit::<Share>(&member_of(vec![Role::Owner]), &mine(), &conditions()).unwrap_err();
        assert_eq!(refusal.policies, "error,overflow");
    }

    #[test]
    fn a_policy_that_fails_while_evaluated_refuses() {
        // Cedar alone would skip this `forbid` and permit.
        let text = r#"@id("overflow") forbid (principal, action == Action::"share", resource)
                      when { context.now * 9223372036854775807 == 0 };"#;
        let policies = Policies::from_texts(&[("acme.cedar", text)]).unwrap();
        let refusal = policies.permit::<Share>(&member_of(vec![Role::Owner]), &mine(), &conditions()).unwrap_err();
        assert_eq!(refusal, Refusal { policies: "error,overflow".to_owned(), may_know: true });
        assert!(allows::<Read>(&policies, &member_of(vec![Role::Owner]), &mine(), &conditions()));
    }
}
