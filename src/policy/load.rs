//! Reading texts of policies, and saying of what is wrong with them where it is.

use std::collections::HashMap;
use std::str::FromStr;

use cedar_policy::{ActionConstraint, EntityUid, Policy, PolicyId, PolicySet, Schema, ValidationMode, ValidationWarning, Validator};
use miette::Diagnostic;

use super::action::ActionKind;
use super::error::PolicyError;
use super::evidence::Evidence;
use super::set::Policies;

/// Actions that ask the caller before they are done; only of these can evidence be demanded.
const ASKED: [ActionKind; 1] = [ActionKind::Share];

/// Policies with the texts they came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Loaded {
    pub(super) set: PolicySet,
    origins: HashMap<PolicyId, Origin>,
}

/// Where a policy is written.
#[derive(Debug, Clone)]
struct Origin {
    name: String,
    /// The first is 1.
    line: usize,
    /// The policy alone.
    written: String,
}

impl Loaded {
    /// Takes in the policies of a text.
    pub(super) fn load(&mut self, name: &str, text: &str) -> Result<(), PolicyError> {
        let name = name.to_owned();
        if text.len() > Policies::MAX_TEXT_BYTES {
            return Err(PolicyError::TooLong { name });
        }
        let parsed = PolicySet::from_str(text).map_err(|errors| {
            let first = errors.iter().next();
            let line = first.and_then(|error| offset(error)).map_or(1, |at| line_at(text, at));
            PolicyError::Unreadable { name: name.clone(), line, reason: first.map_or_else(|| errors.to_string(), ToString::to_string) }
        })?;
        if parsed.num_of_templates() > 0 {
            return Err(PolicyError::Template { name });
        }
        let mut policies: Vec<_> = parsed.policies().map(|policy| (place(text, policy), policy)).collect();
        policies.sort_by_key(|(at, _)| *at);
        for (at, policy) in policies {
            let line = line_at(text, at);
            let id = policy.annotation("id").filter(|id| is_id(id)).ok_or_else(|| PolicyError::Id { name: name.clone(), line })?;
            let id = PolicyId::new(id);
            let origin = Origin { name: name.clone(), line, written: policy.to_string() };
            let duplicate = |_| PolicyError::Duplicate { name: name.clone(), line, id: id.to_string() };
            self.set.add(policy.new_id(id.clone())).map_err(duplicate)?;
            self.origins.insert(id, origin);
        }
        Ok(())
    }

    /// A policy as it is written.
    pub(super) fn written(&self, policy: &Policy) -> String {
        self.origins.get(policy.id()).map(|origin| origin.written.clone()).unwrap_or_default()
    }

    /// What the policies demand that demand something.
    pub(super) fn evidence(&self) -> Result<HashMap<PolicyId, Evidence>, PolicyError> {
        let asked = |action: &EntityUid| {
            ASKED.iter().any(|kind| action.type_name().basename() == "Action" && action.id().unescaped() == kind.as_str())
        };
        let mut demands = HashMap::new();
        for policy in self.set.policies() {
            let Some(text) = policy.annotation(Evidence::ANNOTATION) else { continue };
            let (name, line) = self.place_of(policy.id());
            let id = policy.id().to_string();
            let evidence = Evidence::parse(text).ok_or_else(|| PolicyError::Evidence { name: name.clone(), line, id: id.clone() })?;
            let is_asked = match policy.action_constraint() {
                ActionConstraint::Any => false,
                ActionConstraint::In(actions) => actions.iter().all(asked),
                ActionConstraint::Eq(action) => asked(&action),
            };
            if !is_asked {
                return Err(PolicyError::Unasked { name, line, id });
            }
            demands.insert(policy.id().clone(), evidence);
        }
        Ok(demands)
    }

    fn place_of(&self, id: &PolicyId) -> (String, usize) {
        self.origins.get(id).map(|origin| (origin.name.clone(), origin.line)).unwrap_or_default()
    }
}

/// Ids stand in the audit joined by commas.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Where a policy begins in its text. It is kept as it was written.
fn place(text: &str, policy: &Policy) -> usize {
    text.find(policy.to_string().trim()).unwrap_or_default()
}

/// Where in its text a fault lies, in bytes.
fn offset(fault: &dyn Diagnostic) -> Option<usize> {
    fault.labels()?.next().map(|label| label.offset())
}

/// The line of a place in a text; the first is 1.
fn line_at(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// Holds the policies against the schema and each other.
pub(super) fn validate(schema: &Schema, loaded: &Loaded) -> Result<(), PolicyError> {
    let invalid = |id: &PolicyId, reason: String| {
        let (name, line) = loaded.place_of(id);
        Err(PolicyError::Invalid { name, line, id: id.to_string(), reason })
    };
    // Level 1: only principal, resource and context are loaded. A policy that looks further, as in
    // `resource.owner in Team::"…"`, would silently never hold.
    let result = Validator::new(schema.clone()).validate_with_level(&loaded.set, ValidationMode::Strict, 1);
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
