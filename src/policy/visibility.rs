//! What a search may be narrowed to before every hit is permitted one by one.

use super::facts::{FileFacts, Principal, PrincipalKind};
use super::set::Policies;
use crate::domain::{Folder, Owner, Permission, PersonId, Role};

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

/// The tokens of a file, sorted. They change with its owner, its folder and its own grants; a grant that expires
/// leaves its token behind, which costs a search one refused hit. Grants of folders change no file's tokens:
/// whoever holds one looks for what is in the folder.
pub fn tokens(file: &FileFacts) -> Vec<String> {
    let mut tokens = vec![match file.owner {
        Owner::User(user) => format!("owner:{user}"),
        Owner::Service => COMMON.to_owned(),
    }];
    tokens.extend(file.grants.iter().filter(|grant| !matches!(grant.to, PersonId::Contact(_))).map(|grant| format!("to:{}", grant.to)));
    tokens.extend(file.folder.enclosing().map(within));
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

const COMMON: &str = "common";

fn within(folder: &str) -> String {
    format!("in:{folder}")
}

impl Policies {
    /// What to narrow this principal's searches to, who holds living grants of these folders, directly or
    /// through a team.
    pub fn visibility(&self, principal: &Principal, granted: &[Folder]) -> Visibility {
        if !principal.permissions.has(Permission::Read) {
            return Visibility::Tokens(Vec::new());
        }
        // Whoever is confined finds nothing beside, whatever else would admit it.
        if let Some(confinement) = self.confinements().iter().find(|confinement| confinement.is_for(principal, self.types())) {
            return Visibility::Tokens(vec![within(&confinement.folder)]);
        }
        let mut tokens = Vec::new();
        match &principal.kind {
            PrincipalKind::Key { .. } => return Visibility::All,
            PrincipalKind::Guest { .. } | PrincipalKind::Link { .. } => {}
            PrincipalKind::User { id, roles, teams } => {
                let has = |role| roles.contains(&role);
                if has(Role::Owner) || has(Role::Administrator) || has(Role::Auditor) {
                    return Visibility::All;
                }
                if has(Role::Member) {
                    tokens.extend([COMMON.to_owned(), format!("owner:{id}")]);
                }
                if has(Role::Member) || has(Role::Guest) {
                    tokens.push(format!("to:{id}"));
                    tokens.extend(teams.iter().map(|team| format!("to:{team}")));
                    tokens.extend(granted.iter().map(|folder| within(folder.as_str())));
                }
            }
        }
        // What a customer's own policies open beside. Where no folder bounds it, no token tells which files.
        for widening in self.widening().iter().filter(|widening| widening.is_for(principal, self.types())) {
            match &widening.folder {
                Some(folder) => tokens.push(within(folder)),
                None => return Visibility::All,
            }
        }
        tokens.sort_unstable();
        tokens.dedup();
        Visibility::Tokens(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Find;
    use super::super::facts::{GrantFact, Resource};
    use super::super::fixture::{self, conditions, file, guest, ids, key, member_of};
    use super::*;
    use crate::domain::{FileStatus, Level, Permissions};

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
            let grants = to.into_iter().flat_map(|to| Level::ALL.map(|level| vec![GrantFact { to, level, expires: fixture::later() }]));
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
            let visibility = policies.visibility(&principal, &[]);
            for facts in every_file() {
                let admitted = visibility.admits(&tokens(&facts));
                let permitted = policies.permit::<Find>(&principal, &Resource::File(facts.clone()), &conditions()).is_ok();
                assert_eq!(admitted, permitted, "{principal:?} {facts:?}");
            }
        }
    }

    #[test]
    fn no_permitted_file_is_hidden_by_a_customers_own_policies() {
        let (ids, mut permitted) = (ids(), 0);
        for text in [
            format!(
                r#"@id("a") forbid (principal in Team::"{}", action, resource is File) unless {{ resource in Folder::"finance" }};"#,
                ids.my_team
            ),
            r#"@id("a") forbid (principal, action, resource) unless { resource in Folder::"legal" };"#.to_owned(),
            r#"@id("a") permit (principal is Guest, action, resource is File in Folder::"finance") when { resource.common };"#.to_owned(),
            format!(r#"@id("a") permit (principal in Team::"{}", action, resource in Folder::"");"#, ids.my_team),
            r#"@id("a") permit (principal, action == Action::"find", resource is File in Folder::"finance/2026");"#.to_owned(),
            r#"@id("a") permit (principal, action == Action::"find", resource is File);"#.to_owned(),
        ] {
            let policies = Policies::from_texts(&[("acme.cedar", &text)]).unwrap();
            let people = Role::ALL.map(|role| member_of(vec![role])).into_iter().chain([member_of(Vec::new()), guest(), key()]);
            for principal in people {
                let visibility = policies.visibility(&principal, &[]);
                for facts in every_file().into_iter().filter(|facts| facts.status == FileStatus::Active).step_by(3) {
                    if policies.permit::<Find>(&principal, &Resource::File(facts.clone()), &conditions()).is_ok() {
                        permitted += 1;
                        assert!(visibility.admits(&tokens(&facts)), "{text} hides {facts:?} from {principal:?}");
                    }
                }
            }
        }
        assert!(permitted > 100, "{permitted}");
    }

    #[test]
    fn whoever_was_granted_a_folder_finds_all_in_it_and_nothing_beside() {
        let (policies, ids) = (Policies::built_in().unwrap(), ids());
        let granted = [Folder::parse("finance").unwrap()];
        for roles in [vec![Role::Member], vec![Role::Guest]] {
            let principal = member_of(roles);
            let visibility = policies.visibility(&principal, &granted);
            for (folder, inside) in
                [("finance", true), ("finance/2026/q1", true), ("finances", false), ("", false), ("legal/finance", false)]
            {
                let mut facts = FileFacts { folder: Folder::parse(folder).unwrap(), ..file(Owner::User(ids.other)) };
                assert_eq!(visibility.admits(&tokens(&facts)), inside, "{folder}");
                // As the catalog tells it: the grants of the folders a file lies in are among its own.
                facts.grants.extend(inside.then_some(fixture::grant(PersonId::Team(ids.my_team), Level::Viewer)));
                assert_eq!(policies.permit::<Find>(&principal, &Resource::File(facts), &conditions()).is_ok(), inside, "{folder}");
            }
        }
        assert_eq!(policies.visibility(&member_of(Vec::new()), &granted), Visibility::Tokens(Vec::new()));
    }

    #[test]
    fn a_policy_that_lets_more_people_find_widens_their_searches_alone_and_no_further_than_its_folder() {
        let (stranger, ids) = (member_of(Vec::new()), ids());
        let seen_with = |text: &str| Policies::from_texts(&[("acme.cedar", text)]).unwrap().visibility(&stranger, &[]);
        let lobby = Visibility::Tokens(vec!["in:lobby".to_owned()]);
        let nothing = Visibility::Tokens(Vec::new());
        let (my_team, other_team) = (ids.my_team, ids.other_team);
        for (text, wanted) in [
            (r#"@id("a") permit (principal is User, action == Action::"find", resource in Folder::"lobby");"#.to_owned(), &lobby),
            (
                r#"@id("a") permit (principal is User, action in [Action::"files:read"], resource is File in Folder::"lobby");"#.to_owned(),
                &lobby,
            ),
            (
                r#"@id("a") permit (principal is User, action, resource is File) when { resource.classification == "public" };"#.to_owned(),
                &Visibility::All,
            ),
            (format!(r#"@id("a") permit (principal in Team::"{my_team}", action, resource in Folder::"lobby");"#), &lobby),
            (format!(r#"@id("a") permit (principal == User::"{}", action, resource in Folder::"lobby");"#, ids.me), &lobby),
            (format!(r#"@id("a") permit (principal in Team::"{other_team}", action, resource in Folder::"lobby");"#), &nothing),
            (format!(r#"@id("a") permit (principal == User::"{}", action, resource);"#, ids.other), &nothing),
            (r#"@id("a") permit (principal in Role::"guest", action, resource);"#.to_owned(), &nothing),
            (r#"@id("a") permit (principal is Guest, action, resource);"#.to_owned(), &nothing),
            (r#"@id("a") forbid (principal, action, resource in Folder::"vault");"#.to_owned(), &nothing),
            (r#"@id("a") permit (principal is User, action == Action::"add", resource is Customer);"#.to_owned(), &nothing),
        ] {
            assert_eq!(seen_with(&text), *wanted, "{text}");
        }
    }

    #[test]
    fn whoever_is_confined_to_a_folder_searches_there_alone() {
        let (ids, lobby) = (ids(), Visibility::Tokens(vec!["in:lobby".to_owned()]));
        let seen_with = |text: &str, who: &Principal| Policies::from_texts(&[("acme.cedar", text)]).unwrap().visibility(who, &[]);
        let (member, owner) = (member_of(vec![Role::Member]), member_of(vec![Role::Owner]));
        let of_team = format!(
            r#"@id("a") forbid (principal in Team::"{}", action, resource is File) unless {{ resource in Folder::"lobby" }};"#,
            ids.my_team
        );
        assert_eq!(seen_with(&of_team, &member), lobby);
        assert_eq!(seen_with(&of_team, &owner), lobby);
        assert_eq!(seen_with(&of_team, &key()), Visibility::All);
        for other in [
            r#"@id("a") forbid (principal, action == Action::"find", resource is File) when { resource in Folder::"lobby" };"#,
            r#"@id("a") forbid (principal, action == Action::"read", resource is File) unless { resource in Folder::"lobby" };"#,
            r#"@id("a") forbid (principal, action == Action::"find", resource is File) unless { resource in Folder::"lobby" || resource.common };"#,
            r#"@id("a") forbid (principal, action == Action::"find", resource is File) when { context.in_call } unless { resource in Folder::"lobby" };"#,
            r#"@id("a") forbid (principal, action == Action::"find", resource in Folder::"x") unless { resource in Folder::"lobby" };"#,
        ] {
            assert_ne!(seen_with(other, &member), lobby, "{other}");
        }
    }

    #[test]
    fn tokens_name_owner_and_grantees_inside_the_customer() {
        let ids = ids();
        let mut facts = file(Owner::User(ids.other));
        facts.grants = fixture::grants_of_every_kind();
        let folders = ["in:", "in:finance", "in:finance/2026"].map(str::to_owned);
        let mut wanted = vec![format!("owner:{}", ids.other), format!("to:{}", ids.me), format!("to:{}", ids.my_team)];
        wanted.extend(folders.clone());
        wanted.sort_unstable();
        assert_eq!(tokens(&facts), wanted);
        assert_eq!(tokens(&file(Owner::Service)), [vec!["common".to_owned()], folders.into()].concat());
    }
}
