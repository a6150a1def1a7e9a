//! A set of policies: the built-in ones, and what a customer adds to them. A set that is not
//! valid as a whole never comes into being, so whoever holds the old one keeps it.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{ActionConstraint, Authorizer, Effect, Entity, EntityUid, Policy, PolicyId, PolicySet, Schema};

use super::action::ActionKind;
use super::entities::Types;
use super::error::PolicyError;
use super::evidence::Evidence;
use super::load::{Loaded, validate};
use super::schema::schema;
use super::widening::{Confinement, Widening};

const BUILT_IN: [(&str, &str); 10] = [
    ("owner.cedar", include_str!("../../policies/default/owner.cedar")),
    ("administrator.cedar", include_str!("../../policies/default/administrator.cedar")),
    ("member.cedar", include_str!("../../policies/default/member.cedar")),
    ("guest.cedar", include_str!("../../policies/default/guest.cedar")),
    ("auditor.cedar", include_str!("../../policies/default/auditor.cedar")),
    ("shared.cedar", include_str!("../../policies/default/shared.cedar")),
    ("key.cedar", include_str!("../../policies/default/key.cedar")),
    ("link.cedar", include_str!("../../policies/default/link.cedar")),
    ("narrowing.cedar", include_str!("../../policies/default/narrowing.cedar")),
    ("safety.cedar", include_str!("../../policies/default/safety.cedar")),
];

/// The policy that keeps restricted files with the customer.
pub const RESTRICTED_OUTSIDE: &str = "restricted-outside";

/// What is left of a set that is not valid any more: it can be replaced, and nothing else is done.
const CLOSED: &str = r#"@id("broken-set") forbid (principal, action, resource) unless { action == Action::"manage_policies" };"#;

/// Policies that were parsed and validated together. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Policies {
    ground: Arc<Ground>,
    actions: HashMap<ActionKind, Asked>,
    /// Demands of policies that carry one.
    evidence: HashMap<PolicyId, Evidence>,
    /// Every policy that a customer added, as it is written.
    added: Vec<(String, String)>,
    ids: Vec<String>,
    widening: Vec<Widening>,
    confinements: Vec<Confinement>,
}

/// What all sets have in common.
#[derive(Debug)]
struct Ground {
    authorizer: Authorizer,
    types: Types,
    schema: Schema,
    built_in: Loaded,
}

/// An action as Cedar sees it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// With the groups it is in.
    pub(super) entity: Entity,
    /// The policies whose scope does not rule the action out. Cedar walks over all it is given;
    /// leaving the others out is cheaper and changes no decision.
    pub(super) set: PolicySet,
    /// Those among them that forbid it unless the caller is heard: they refuse nobody, and demand evidence.
    pub(super) demands: PolicySet,
}

impl Policies {
    /// Longest text that is looked at, in bytes.
    pub const MAX_TEXT_BYTES: usize = 64 * 1024;
    /// Most texts of one set.
    pub const MAX_TEXTS: usize = 32;
    /// Most policies a customer may add; every decision walks over all of them.
    pub const MAX_ADDED: usize = 200;

    /// The default policies, without additions.
    ///
    /// # Errors
    /// Only in a broken build.
    pub fn built_in() -> Result<Self, PolicyError> {
        let schema = Schema::from_str(&schema()).map_err(|error| PolicyError::Schema(Box::new(error)))?;
        let types = Types::parse().map_err(PolicyError::SchemaType)?;
        let mut built_in = Loaded::default();
        for (name, text) in BUILT_IN {
            built_in.load(name, text)?;
        }
        let ground = Arc::new(Ground { authorizer: Authorizer::new(), types, schema, built_in });
        let loaded = ground.built_in.clone();
        Self::put_together(ground, &loaded)
    }

    /// The default policies and a customer's own, given as `(name, text)`. A customer can permit
    /// more and forbid more; what the defaults forbid stays forbidden.
    ///
    /// # Errors
    /// With the text, the line and the reason, when the whole is not valid.
    pub fn with<S: AsRef<str>>(&self, added: &[(S, S)]) -> Result<Self, PolicyError> {
        let mut loaded = self.ground.built_in.clone();
        if added.len() > Self::MAX_TEXTS {
            return Err(PolicyError::TooManyTexts { max: Self::MAX_TEXTS });
        }
        for (name, text) in added {
            loaded.load(name.as_ref(), text.as_ref())?;
        }
        if loaded.set.num_of_policies() > self.ground.built_in.set.num_of_policies() + Self::MAX_ADDED {
            return Err(PolicyError::TooMany { max: Self::MAX_ADDED });
        }
        Self::put_together(Arc::clone(&self.ground), &loaded)
    }

    /// The built-in policies and a customer's own.
    ///
    /// # Errors
    /// As [`Policies::with`].
    pub fn from_texts(added: &[(&str, &str)]) -> Result<Self, PolicyError> {
        Self::built_in()?.with(added)
    }

    /// What stands in for a customer's set that was valid once and is not any more: nothing is permitted but to
    /// put another in its place.
    ///
    /// # Errors
    /// Only in a broken build.
    pub fn closed(&self) -> Result<Self, PolicyError> {
        self.with(&[("broken", CLOSED)])
    }

    fn put_together(ground: Arc<Ground>, loaded: &Loaded) -> Result<Self, PolicyError> {
        validate(&ground.schema, loaded)?;
        let evidence = loaded.evidence()?;
        let own = |policy: &&Policy| ground.built_in.set.policy(policy.id()).is_none();
        let is_demand = |policy: &Policy| policy.effect() == Effect::Forbid && evidence.contains_key(policy.id());
        let actions = actions(&ground, &loaded.set, is_demand)?;
        let of_finding: Vec<&Policy> =
            actions.get(&ActionKind::Find).map(|find| find.set.policies().filter(own).collect()).unwrap_or_default();
        let permits = of_finding.iter().filter(|policy| policy.effect() == Effect::Permit);
        let widening = permits.map(|policy| Widening::of(policy, &ground.types)).collect();
        let confinements = of_finding.iter().filter_map(|policy| Confinement::of(policy, &ground.types)).collect();
        let mut added: Vec<_> = loaded.set.policies().filter(own).map(|policy| (policy.id().to_string(), loaded.written(policy))).collect();
        added.sort_unstable();
        let mut ids: Vec<_> = loaded.set.policies().map(|policy| policy.id().to_string()).collect();
        ids.sort_unstable();
        Ok(Self { ground, actions, evidence, added, ids, widening, confinements })
    }

    /// The ids of all policies, sorted.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The policies that a customer added, as `(id, text)`, sorted by id.
    pub fn added(&self) -> &[(String, String)] {
        &self.added
    }

    /// The same without one policy.
    #[cfg(test)]
    pub(super) fn without(&self, id: &str) -> Self {
        let mut rest = self.clone();
        for asked in rest.actions.values_mut() {
            // Most policies are about some actions only.
            let _ = asked.set.remove_static(PolicyId::new(id));
        }
        rest
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.ground.schema
    }

    pub(super) fn types(&self) -> &Types {
        &self.ground.types
    }

    pub(super) fn authorizer(&self) -> &Authorizer {
        &self.ground.authorizer
    }

    pub(super) fn asked(&self, kind: ActionKind) -> Option<&Asked> {
        self.actions.get(&kind)
    }

    pub(super) fn evidence(&self, id: &PolicyId) -> Evidence {
        self.evidence.get(id).copied().unwrap_or_default()
    }

    /// Whom a customer's own policies may let find files beyond the defaults, and where.
    pub(super) fn widening(&self) -> &[Widening] {
        &self.widening
    }

    /// Whom a customer's own policies keep to a folder, whatever else is permitted.
    pub(super) fn confinements(&self) -> &[Confinement] {
        &self.confinements
    }
}

fn actions(ground: &Ground, set: &PolicySet, is_demand: impl Fn(&Policy) -> bool) -> Result<HashMap<ActionKind, Asked>, PolicyError> {
    let missing = |kind: ActionKind| PolicyError::SchemaAction { action: kind.as_str() };
    let entities = ground.schema.action_entities().ok();
    let ask = |&kind: &ActionKind| {
        let uid = ground.types.action(kind);
        let entities = entities.as_ref().ok_or_else(|| missing(kind))?;
        let entity = entities.get(&uid).cloned().ok_or_else(|| missing(kind))?;
        let names = |named: &EntityUid| *named == uid || entities.is_ancestor_of(named, &uid);
        let about = |policy: &&Policy| match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::In(actions) => actions.iter().any(names),
            ActionConstraint::Eq(action) => action == uid,
        };
        let (demands, set): (Vec<_>, Vec<_>) = set.policies().filter(about).cloned().partition(&is_demand);
        // Ids were found to be unique when the texts were loaded.
        let of = |policies| PolicySet::from_policies(policies).map_err(|_| missing(kind));
        Ok((kind, Asked { entity, set: of(set)?, demands: of(demands)? }))
    };
    ActionKind::ALL.iter().map(ask).collect()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::domain::Permission;

    fn refused(text: &str) -> String {
        let error = Policies::from_texts(&[("acme.cedar", text)]).unwrap_err();
        match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        }
    }

    #[test]
    fn the_built_in_policies_are_valid_and_shared_between_threads() {
        fn shared<T: Send + Sync>(_: &T) {}
        let policies = Policies::built_in().unwrap();
        assert!(policies.ids().contains(&"owner-everything".to_owned()));
        assert!(policies.widening().is_empty());
        shared(&policies);
    }

    #[test]
    fn a_broken_text_is_refused_with_its_name_and_the_reason() {
        for (text, wanted) in [
            ("\n\npermit (principal", "`acme.cedar`, line 3: cannot be read"),
            (
                "@id(\"a\") permit (principal, action, resource);\nforbid (principal action, resource);",
                "`acme.cedar`, line 2: cannot be read",
            ),
            (
                "@id(\"a\") @evidence(\"heard\") forbid (principal, action == Action::\"download\", resource);",
                "`@evidence` is for policies on `share` alone",
            ),
            ("@id(\"a\") @evidence(\"oath\") forbid (principal, action == Action::\"share\", resource);", "`@evidence` is one of"),
            ("permit (principal, action, resource);", "without an `@id`"),
            ("@id(\"a,b\") permit (principal, action, resource);", "without an `@id`"),
            ("@id(\"a\") permit (principal == ?principal, action, resource);", "holds a template"),
            ("@id(\"unready\") permit (principal, action, resource);", "uses the policy id `unready` a second time"),
            (
                "@id(\"a\") permit (principal, action, resource); @id(\"a\") forbid (principal, action, resource);",
                "uses the policy id `a` a second time",
            ),
        ] {
            let message = refused(text);
            assert!(message.contains(wanted) && message.contains("`acme.cedar`"), "{text}: {message}");
        }
        assert!(refused(&" ".repeat(Policies::MAX_TEXT_BYTES + 1)).contains("longer than"));
    }

    #[test]
    fn a_policy_that_the_schema_does_not_know_is_refused() {
        for text in [
            // An action, a type, an attribute, a role and a status that do not exist.
            r#"@id("a") permit (principal, action == Action::"shred", resource);"#,
            r#"@id("a") permit (principal is Robot, action, resource);"#,
            r#"@id("a") forbid (principal, action == Action::"share", resource) when { resource.colour == "red" };"#,
            r#"@id("a") permit (principal in Role::"boss", action, resource);"#,
            r#"@id("a") forbid (principal, action == Action::"share", resource) when { resource.status == Status::"quarantine" };"#,
            // Types that never match; an optional attribute used without asking for it.
            r#"@id("a") forbid (principal, action == Action::"share", resource) when { resource.classification == 1 };"#,
            r#"@id("a") permit (principal, action == Action::"share", resource) when { resource.owner == principal };"#,
            // Looks at entities that are not loaded.
            r#"@id("a") permit (principal is User, action == Action::"find", resource)
               when { resource has owner && resource.owner in Team::"x" };"#,
            // Can never apply, by its condition and by its scope; hides its order from a reader.
            r#"@id("a") forbid (principal, action == Action::"share", resource) when { false };"#,
            r#"@id("a") forbid (principal, action == Action::"share", resource is Customer);"#,
            "@id(\"a\") forbid (principal, action == Action::\"share\", resource in Folder::\"x\u{202E}y\");",
        ] {
            let message = refused(text);
            assert!(message.contains("`acme.cedar`, line 1: policy `a` is not valid"), "{text}: {message}");
        }
    }

    #[test]
    fn a_customer_may_add_a_bounded_number_of_policies() {
        let many = |count: usize| {
            let policy = |n| format!("@id(\"a{n}\") forbid (principal is Guest, action, resource);");
            (0..count).map(policy).collect::<Vec<_>>().join("\n")
        };
        assert!(Policies::from_texts(&[("acme.cedar", &many(Policies::MAX_ADDED))]).is_ok());
        assert!(matches!(
            Policies::from_texts(&[("acme.cedar", &many(Policies::MAX_ADDED + 1))]),
            Err(PolicyError::TooMany { max: Policies::MAX_ADDED })
        ));
    }

    #[test]
    fn names_in_other_scripts_are_welcome() {
        let text = r#"@id("a") forbid (principal, action == Action::"share", resource in Folder::"Финансы Q2");"#;
        assert_eq!(Policies::from_texts(&[("acme.cedar", text)]).map(|_| ()).map_err(|error| error.to_string()), Ok(()));
    }

    #[test]
    fn every_permission_has_a_group_and_every_action_but_one_needs_a_permission() {
        let policies = Policies::built_in().unwrap();
        let action_group = |permission: &Permission| -> EntityUid { format!("Action::\"{}\"", permission.as_str()).parse().unwrap() };
        let groups: Vec<_> = Permission::ALL.iter().map(action_group).collect();
        let entities = policies.schema().action_entities().unwrap();
        for &kind in ActionKind::ALL {
            let action = policies.types().action(kind);
            let needed = groups.iter().filter(|group| entities.is_ancestor_of(group, &action)).count();
            assert_eq!(needed, usize::from(kind != ActionKind::OpenCall), "{}", kind.as_str());
        }
    }
}
