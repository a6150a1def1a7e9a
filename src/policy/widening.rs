//! What a customer's own policies mean for finding, as far as their form tells: whom they may let find more, and
//! whom they confine to a folder.

use cedar_policy::{Effect, EntityTypeName, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};
use serde_json::{Value, json};

use super::entities::Types;
use super::facts::{Principal, PrincipalKind};

/// One permit: for whom, and where. Its conditions only take away.
#[derive(Debug, Clone)]
pub(super) struct Widening {
    who: PrincipalConstraint,
    /// The folder with everything below; `None` for any file.
    pub(super) folder: Option<String>,
}

impl Widening {
    pub(super) fn of(policy: &Policy, types: &Types) -> Self {
        let folder = match policy.resource_constraint() {
            ResourceConstraint::In(within) | ResourceConstraint::IsIn(_, within) if *within.type_name() == types.folder => {
                Some(within.id().unescaped().to_owned())
            }
            ResourceConstraint::Any
            | ResourceConstraint::In(_)
            | ResourceConstraint::Eq(_)
            | ResourceConstraint::Is(_)
            | ResourceConstraint::IsIn(_, _) => None,
        };
        Self { who: policy.principal_constraint(), folder }
    }

    pub(super) fn is_for(&self, principal: &Principal, types: &Types) -> bool {
        is_for(&self.who, principal, types)
    }
}

/// One `forbid (..., resource) unless { resource in Folder::"..." }`: whom it confines, and where.
#[derive(Debug, Clone)]
pub(super) struct Confinement {
    who: PrincipalConstraint,
    pub(super) folder: String,
}

impl Confinement {
    /// Of a policy of exactly this form; any other confines nobody that we could tell.
    pub(super) fn of(policy: &Policy, types: &Types) -> Option<Self> {
        let is_any_file = match policy.resource_constraint() {
            ResourceConstraint::Any => true,
            ResourceConstraint::Is(kind) => kind == types.file,
            ResourceConstraint::In(_) | ResourceConstraint::Eq(_) | ResourceConstraint::IsIn(_, _) => false,
        };
        if policy.effect() != Effect::Forbid || !is_any_file {
            return None;
        }
        let written = policy.to_json().ok()?;
        let [only] = written.get("conditions").and_then(Value::as_array)?.as_slice() else { return None };
        if only.get("kind") != Some(&json!("unless")) {
            return None;
        }
        let within = only.pointer("/body/in")?;
        let folder = within.pointer("/right/Value/__entity")?;
        let is_file_in_folder = within.get("left") == Some(&json!({ "Var": "resource" })) && folder.get("type") == Some(&json!("Folder"));
        let folder = folder.get("id")?.as_str().filter(|_| is_file_in_folder)?.to_owned();
        Some(Self { who: policy.principal_constraint(), folder })
    }

    pub(super) fn is_for(&self, principal: &Principal, types: &Types) -> bool {
        is_for(&self.who, principal, types)
    }
}

/// Whether a scope takes somebody in.
fn is_for(scope: &PrincipalConstraint, principal: &Principal, types: &Types) -> bool {
    let is = |kind: &EntityTypeName| *kind == *kind_of(principal, types);
    match scope {
        PrincipalConstraint::Any => true,
        PrincipalConstraint::Is(kind) => is(kind),
        PrincipalConstraint::Eq(who) | PrincipalConstraint::In(who) => is_in(principal, who, types),
        PrincipalConstraint::IsIn(kind, who) => is(kind) && is_in(principal, who, types),
    }
}

fn kind_of<'a>(principal: &Principal, types: &'a Types) -> &'a EntityTypeName {
    match &principal.kind {
        PrincipalKind::User { .. } => &types.user,
        PrincipalKind::Guest { .. } => &types.guest,
        PrincipalKind::Key { .. } => &types.key,
        PrincipalKind::Link { .. } => &types.link,
    }
}

/// Whether somebody is this one, or in it.
fn is_in(principal: &Principal, who: &EntityUid, types: &Types) -> bool {
    let (kind, id) = (who.type_name(), who.id().unescaped());
    match &principal.kind {
        PrincipalKind::User { id: user, roles, teams } => {
            (*kind == types.user && user.to_string() == id)
                || (*kind == types.role && roles.iter().any(|role| role.as_str() == id))
                || (*kind == types.team && teams.iter().any(|team| team.to_string() == id))
        }
        PrincipalKind::Guest { call } => *kind == types.guest && call.to_string() == id,
        PrincipalKind::Key { id: key } => *kind == types.key && key.to_string() == id,
        PrincipalKind::Link { id: link, .. } => *kind == types.link && link.to_string() == id,
    }
}
