//! What a search may be narrowed to before every hit is permitted one by one.

use super::facts::{FileFacts, Principal, PrincipalKind};
use super::set::Policies;
use crate::domain::{Owner, Permission, PersonId, Role};

/// Which files a principal could find at all. Never narrower than the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// Any file of the customer; the search is not narrowed.
    All,
    /// Files that carry at least one of these tokens, sorted; none at all when empty.
    Tokens(Vec<String>),
}

impl Visibility {
    /// Whether a file with these tokens passes.
    pub fn admits(&self, tokens: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Tokens(wanted) => wanted.iter().any(|token| tokens.contains(token)),
        }
    }
}

/// The tokens of a file, sorted. They change with its owner and its grants; a grant that expires
/// leaves its token behind, which costs a search one refused hit.
pub fn tokens(file: &FileFacts) -> Vec<String> {
    let mut tokens = vec![match file.owner {
        Owner::User(user) => format!("owner:{user}"),
        Owner::Service => COMMON.to_owned(),
    }];
    tokens.extend(file.grants.iter().filter(|grant| !matches!(grant.to, PersonId::Contact(_))).map(|grant| format!("to:{}", grant.to)));
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

const COMMON: &str = "common";

impl Policies {
    /// What to narrow this principal's searches to.
    pub fn visibility(&self, principal: &Principal) -> Visibility {
        if !principal.permissions.has(Permission::Read) {
            return Visibility::Tokens(Vec::new());
        }
        // A customer's own policy may open any file to anybody, by rules that no token tells.
        if self.widens_find() {
            return Visibility::All;
        }
        match &principal.kind {
            PrincipalKind::Key { .. } => Visibility::All,
            PrincipalKind::Guest { .. } | PrincipalKind::Link { .. } => Visibility::Tokens(Vec::new()),
            PrincipalKind::User { id, roles, teams } => {
                let has = |role| roles.contains(&role);
                if has(Role::Owner) || has(Role::Administrator) || has(Role::Auditor) {
                    return Visibility::All;
                }
                let mut tokens = Vec::new();
                if has(Role::Member) {
                    tokens.extend([COMMON.to_owned(), format!("owner:{id}")]);
                }
                if has(Role::Member) || has(Role::Guest) {
                    tokens.push(format!("to:{id}"));
                    tokens.extend(teams.iter().map(|team| format!("to:{team}")));
                }
                tokens.sort_unstable();
                tokens.dedup();
                Visibility::Tokens(tokens)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Find;
    use super::super::facts::{GrantFact, Resource};
    use super::super::fixture::{self, conditions, file, guest, ids, key, member_of};
    use super::*;
    use crate::domain::{FileStatus, Permissions, Rights};

    /// Every set of roles, an unknown caller and a key, each with and without the right to read.
    fn everybody() -> Vec<Principal> {
        let mut everybody = vec![guest(), key()];
        for bits in 0_u8..32 {
            let roles = Role::ALL.into_iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, role)| role);
            everybody.push(member_of(roles.collect()));
        }
        let narrowed = everybody.clone().into_iter().map(|mut principal| {
            principal.permissions = Permissions::only([Permission::Share]);
            principal
        });
        everybody.extend(narrowed.collect::<Vec<_>>());
        everybody
    }

    fn every_file() -> Vec<FileFacts> {
        let ids = ids();
        let mut files = Vec::new();
        for owner in [Owner::Service, Owner::User(ids.me), Owner::User(ids.other)] {
            let to = [PersonId::User(ids.me), PersonId::User(ids.other), PersonId::Team(ids.my_team), PersonId::Team(ids.other_team)];
            let grants = to.into_iter().flat_map(|to| Rights::ALL.map(|rights| vec![GrantFact { to, rights, expires: fixture::later() }]));
            for grants in grants.chain([Vec::new(), fixture::grants_of_every_kind()]) {
                for status in [FileStatus::Active, FileStatus::Quarantined] {
                    files.push(FileFacts { status, grants: grants.clone(), ..file(owner) });
                }
            }
        }
        files
    }

    #[test]
    fn no_permitted_file_is_hidden_and_no_token_leads_to_a_refused_one() {
        let policies = Policies::built_in().unwrap();
        for principal in everybody() {
            let visibility = policies.visibility(&principal);
            for facts in every_file() {
                let admitted = visibility.admits(&tokens(&facts));
                let permitted = policies.permit::<Find>(&principal, &Resource::File(facts.clone()), &conditions()).is_ok();
                assert_eq!(admitted, permitted, "{principal:?} {facts:?}");
            }
        }
    }

    #[test]
    fn a_policy_that_lets_more_people_find_turns_narrowing_off() {
        let stranger = member_of(Vec::new());
        let seen_with = |text| Policies::from_texts(&[("acme.cedar", text)]).unwrap().visibility(&stranger);
        for widening in [
            r#"@id("a") permit (principal is User, action == Action::"find", resource in Folder::"lobby");"#,
            r#"@id("a") permit (principal is User, action in [Action::"files:read"], resource in Folder::"lobby");"#,
            r#"@id("a") permit (principal is User, action, resource is File) when { resource.classification == "public" };"#,
        ] {
            assert_eq!(seen_with(widening), Visibility::All, "{widening}");
        }
        for other in [
            r#"@id("a") forbid (principal, action, resource in Folder::"vault");"#,
            r#"@id("a") permit (principal is User, action == Action::"add", resource is Customer);"#,
        ] {
            assert_eq!(seen_with(other), Visibility::Tokens(Vec::new()), "{other}");
        }
    }

    #[test]
    fn tokens_name_owner_and_grantees_inside_the_customer() {
        let ids = ids();
        let mut facts = file(Owner::User(ids.other));
        facts.grants = fixture::grants_of_every_kind();
        let mut wanted = vec![format!("owner:{}", ids.other), format!("to:{}", ids.me), format!("to:{}", ids.my_team)];
        wanted.sort_unstable();
        assert_eq!(tokens(&facts), wanted);
        assert_eq!(tokens(&file(Owner::Service)), ["common"]);
    }
}
