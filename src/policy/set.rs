//! A set of policies: the built-in ones, and what a customer adds to them. A set that is not
//! valid as a whole never comes into being, so whoever holds the old one keeps it.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Authorizer, CedarSchemaError, Effect, Entity, EntityUid, ParseErrors, Policy, PolicyId, PolicySet, Schema,
    ValidationMode, ValidationWarning, Validator,
};

use super::action::ActionKind;
use super::entities::Types;

const SCHEMA: &str = include_str!("../../policies/satchel.cedarschema");

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

/// Policies that were parsed and validated together. Cheap to share behind an `Arc`.
#[derive(Debug, Clone)]
pub struct Policies {
    pub(super) authorizer: Authorizer,
    pub(super) types: Types,
    schema: Schema,
    actions: HashMap<ActionKind, Asked>,
    ids: Vec<String>,
    widens_find: bool,
}

/// An action as Cedar sees it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// With the groups it is in.
    pub(super) entity: Entity,
    /// The policies whose scope does not rule the action out. Cedar walks over all it is given;
    /// leaving the others out is cheaper and changes no decision.
    pub(super) set: PolicySet,
}

/// Why a set of policies was refused.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The built-in schema does not parse; only a broken build does that.
    #[error("the policy schema is broken")]
    Schema(#[source] Box<CedarSchemaError>),
    /// The schema has no such action; only a broken build does that.
    #[error("the policy schema lacks the action `{action}`")]
    SchemaAction {
        /// Which.
        action: &'static str,
    },
    /// A type name of the schema does not parse; only a broken build does that.
    #[error("a type name of the policy schema is broken")]
    SchemaType(#[source] Box<ParseErrors>),
    /// A text is longer than `Policies::MAX_TEXT_BYTES`.
    #[error("`{name}` is longer than {max} bytes")]
    TooLong {
        /// Of the text.
        name: String,
        /// The limit.
        max: usize,
    },
    /// More policies than `Policies::MAX_ADDED`.
    #[error("there are more than {max} policies")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// A text is not Cedar.
    #[error("`{name}` cannot be read")]
    Unreadable {
        /// Of the text.
        name: String,
        /// What the parser said.
        #[source]
        source: Box<ParseErrors>,
    },
    /// A text holds a template; nothing would ever fill its slots.
    #[error("`{name}` holds a template; write policies without `?principal` and `?resource`")]
    Template {
        /// Of the text.
        name: String,
    },
    /// A policy without a usable `@id`.
    #[error("`{name}` holds a policy without an `@id` of 1 to 64 letters, digits, `-`, `_` and `.`")]
    Id {
        /// Of the text.
        name: String,
    },
    /// Two policies with one id.
    #[error("`{name}` uses the policy id `{id}` a second time")]
    Duplicate {
        /// Of the second text.
        name: String,
        /// The id.
        id: String,
    },
    /// A policy that the schema refuses, or that can never apply.
    #[error("policy `{id}` in `{name}` is not valid: {reason}")]
    Invalid {
        /// Of the text.
        name: String,
        /// The policy's id.
        id: String,
        /// What the validator said.
        reason: String,
    },
}

impl Policies {
    /// Longest text that is looked at, in bytes.
    pub const MAX_TEXT_BYTES: usize = 64 * 1024;
    /// Most policies a customer may add; every decision walks over all of them.
    pub const MAX_ADDED: usize = 200;

    /// The default policies, without additions.
    pub fn built_in() -> Result<Self, PolicyError> {
        Self::from_texts(&[])
    }

    /// The default policies and a customer's own, given as `(name, text)`. A customer can permit
    /// more and forbid more; what the defaults forbid stays forbidden.
    pub fn from_texts(added: &[(&str, &str)]) -> Result<Self, PolicyError> {
        let schema = Schema::from_str(SCHEMA).map_err(|error| PolicyError::Schema(Box::new(error)))?;
        let types = Types::parse().map_err(PolicyError::SchemaType)?;
        let mut set = PolicySet::new();
        let mut origins = HashMap::new();
        for (name, text) in BUILT_IN {
            load(name, text, &mut set, &mut origins)?;
        }
        let built_in: HashSet<_> = origins.keys().cloned().collect();
        for (name, text) in added {
            load(name, text, &mut set, &mut origins)?;
        }
        if set.num_of_policies() > built_in.len() + Self::MAX_ADDED {
            return Err(PolicyError::TooMany { max: Self::MAX_ADDED });
        }
        validate(&schema, &set, &origins)?;

        let actions = actions(&schema, &types, &set)?;
        let widens_find = actions
            .get(&ActionKind::Find)
            .is_some_and(|find| find.set.policies().any(|policy| policy.effect() == Effect::Permit && !built_in.contains(policy.id())));
        let mut ids: Vec<_> = set.policies().map(|policy| policy.id().to_string()).collect();
        ids.sort_unstable();
        Ok(Self { authorizer: Authorizer::new(), types, schema, actions, ids, widens_find })
    }

    /// The ids of all policies, sorted.
    pub fn ids(&self) -> &[String] {
        &self.ids
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

    pub(super) const fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(super) fn asked(&self, kind: ActionKind) -> Option<&Asked> {
        self.actions.get(&kind)
    }

    /// Whether a policy outside the defaults may let somebody find a file.
    pub(super) const fn widens_find(&self) -> bool {
        self.widens_find
    }
}

fn actions(schema: &Schema, types: &Types, set: &PolicySet) -> Result<HashMap<ActionKind, Asked>, PolicyError> {
    let missing = |kind: ActionKind| PolicyError::SchemaAction { action: kind.as_str() };
    let entities = schema.action_entities().ok();
    let ask = |&kind: &ActionKind| {
        let uid = types.action(kind);
        let entities = entities.as_ref().ok_or_else(|| missing(kind))?;
        let entity = entities.get(&uid).cloned().ok_or_else(|| missing(kind))?;
        let names = |named: &EntityUid| *named == uid || entities.is_ancestor_of(named, &uid);
        let about = |policy: &&Policy| match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::In(actions) => actions.iter().any(names),
            ActionConstraint::Eq(action) => action == uid,
        };
        // Ids were found to be unique when the texts were loaded.
        let set = PolicySet::from_policies(set.policies().filter(about).cloned()).map_err(|_| missing(kind))?;
        Ok((kind, Asked { entity, set }))
    };
    ActionKind::ALL.iter().map(ask).collect()
}

fn load(name: &str, text: &str, set: &mut PolicySet, origins: &mut HashMap<PolicyId, String>) -> Result<(), PolicyError> {
    if text.len() > Policies::MAX_TEXT_BYTES {
        return Err(PolicyError::TooLong { name: name.to_owned(), max: Policies::MAX_TEXT_BYTES });
    }
    let parsed = PolicySet::from_str(text).map_err(|error| PolicyError::Unreadable { name: name.to_owned(), source: Box::new(error) })?;
    if parsed.num_of_templates() > 0 {
        return Err(PolicyError::Template { name: name.to_owned() });
    }
    for policy in parsed.policies() {
        let id = policy.annotation("id").filter(|id| is_id(id)).ok_or_else(|| PolicyError::Id { name: name.to_owned() })?;
        let id = PolicyId::new(id);
        if origins.insert(id.clone(), name.to_owned()).is_some() {
            return Err(PolicyError::Duplicate { name: name.to_owned(), id: id.to_string() });
        }
        set.add(policy.new_id(id.clone())).map_err(|_| PolicyError::Duplicate { name: name.to_owned(), id: id.to_string() })?;
    }
    Ok(())
}

/// Ids stand in the audit joined by commas.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn validate(schema: &Schema, set: &PolicySet, origins: &HashMap<PolicyId, String>) -> Result<(), PolicyError> {
    let invalid = |id: &PolicyId, reason: String| {
        Err(PolicyError::Invalid { name: origins.get(id).cloned().unwrap_or_default(), id: id.to_string(), reason })
    };
    // Level 1: only principal, resource and context are loaded. A policy that looks further, as in
    // `resource.owner in Team::"…"`, would silently never hold.
    let result = Validator::new(schema.clone()).validate_with_level(set, ValidationMode::Strict, 1);
    if let Some(error) = result.validation_errors().next() {
        return invalid(error.policy_id(), error.to_string());
    }
    // Folders in other scripts are usual, and names of types and actions cannot be forged: the
    // schema does not know lookalikes. Everything else the validator warns of, a `forbid` that can
    // never apply above all, is a mistake somebody would rely on.
    let is_script = |warning: &ValidationWarning| {
        matches!(
            warning,
            ValidationWarning::MixedScriptString(_)
                | ValidationWarning::MixedScriptIdentifier(_)
                | ValidationWarning::ConfusableIdentifier(_)
        )
    };
    let warning = result.validation_warnings().find(|warning| !is_script(warning));
    warning.map_or(Ok(()), |warning| invalid(warning.policy_id(), warning.to_string()))
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
        assert!(!policies.widens_find());
        shared(&policies);
    }

    #[test]
    fn a_broken_text_is_refused_with_its_name_and_the_reason() {
        for (text, wanted) in [
            ("permit (principal", "`acme.cedar` cannot be read"),
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
            assert!(message.contains("policy `a` in `acme.cedar` is not valid"), "{text}: {message}");
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
            let action = policies.types.action(kind);
            let needed = groups.iter().filter(|group| entities.is_ancestor_of(group, &action)).count();
            assert_eq!(needed, usize::from(kind != ActionKind::OpenCall), "{}", kind.as_str());
        }
    }
}
