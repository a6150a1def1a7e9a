//! Whom a customer's own policy may let find files, as far as its scope tells. Its conditions only take away.

use cedar_policy::{EntityTypeName, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};

use super::entities::Types;
use super::facts::{Principal, PrincipalKind};

/// One permit: for whom, and where.
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

    /// Whether the scope does not rule this one out.
    pub(super) fn is_for(&self, principal: &Principal, types: &Types) -> bool {
        let is = |kind: &EntityTypeName| *kind == *kind_of(principal, types);
        match &self.who {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Is(kind) => is(kind),
            PrincipalConstraint::Eq(who) | PrincipalConstraint::In(who) => is_in(principal, who, types),
            PrincipalConstraint::IsIn(kind, who) => is(kind) && is_in(principal, who, types),
        }
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
