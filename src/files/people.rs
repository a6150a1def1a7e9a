//! The customer's directory: adding people, and finding the one that was said.

use super::{Files, FilesError, Subject};
use crate::catalog::{CatalogError, PersonChange};
use crate::domain::{AuditEntry, CallContext, ContactId, Person, PersonId, PersonKind, Phone, Role, TeamId, UserId, clean_text};
use crate::policy::{ManagePeople, Permit, Refusal};
use crate::search::{PeoplePick, PersonName, decide_people, rank_people};

/// A person to be added.
#[derive(Debug, Clone)]
pub struct PersonRequest {
    /// User, team or contact.
    pub kind: PersonKind,
    /// The full name.
    pub name: String,
    /// Where mail reaches the person.
    pub email: Option<String>,
    /// Where a call or a text reaches the person.
    pub phone: Option<Phone>,
    /// Roles of a user; `member` when `None`, no rights at all when empty.
    pub roles: Option<Vec<Role>>,
    /// What separates the person from soundalikes.
    pub detail: Option<String>,
    /// Members of a team.
    pub members: Vec<UserId>,
}

/// Whether somebody is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// From now on.
    In,
    /// Not any more.
    Out,
}

/// Who was meant.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, in the turn that asks")]
pub enum Who {
    /// This one, with those who sound alike, for the read-back.
    One {
        /// The person.
        person: Person,
        /// People whose names sound like it.
        soundalikes: Vec<Person>,
    },
    /// One of these.
    Several(Vec<Person>),
    /// Nobody; these come nearest.
    Nobody {
        /// At most two.
        nearest: Vec<Person>,
    },
}

impl Files {
    /// Adds a user, a team or a contact.
    ///
    /// # Errors
    /// `Refused` without the right, `Invalid` for an empty name or an unknown member.
    pub async fn add_person(&self, subject: &Subject, request: &PersonRequest) -> Result<Person, FilesError> {
        let permit = self.permit_customer::<ManagePeople>(subject).await?;
        let (clock, entropy) = (&*self.0.clock, &*self.0.entropy);
        let id = match request.kind {
            PersonKind::User => PersonId::User(UserId::new(clock, entropy)),
            PersonKind::Team => PersonId::Team(TeamId::new(clock, entropy)),
            PersonKind::Contact => PersonId::Contact(ContactId::new(clock, entropy)),
        };
        let name = clean_text(&request.name, 120);
        if name.is_empty() {
            return Err(FilesError::Invalid { field: "name", reason: "must not be empty".to_owned() });
        }
        if request.kind != PersonKind::Team && !request.members.is_empty() {
            return Err(FilesError::Invalid { field: "members", reason: "only a team has members".to_owned() });
        }
        let roles = match (request.kind, &request.roles) {
            (PersonKind::User, None) => vec![Role::Member],
            (PersonKind::User, Some(roles)) => roles.clone(),
            (PersonKind::Team | PersonKind::Contact, _) => Vec::new(),
        };
        let permit = self.ranked(subject, permit, &roles, None).await?;
        let person = Person {
            id,
            customer: subject.customer(),
            name,
            email: request.email.as_deref().map(|email| clean_text(email, 254)).filter(|email| email.contains('@')),
            phone: request.phone.clone(),
            roles,
            detail: request.detail.as_deref().map(|detail| clean_text(detail, 80)).filter(|detail| !detail.is_empty()),
            members: request.members.clone(),
            deactivated_at: None,
        };
        let entry = Self::people_entry(subject, &permit, id);
        self.0.catalog.add_person(&person, &entry).await?;
        Ok(person)
    }

    /// Changes a person. Who administers people gives and takes no role above his own, and changes nobody above him.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` when there is no such person; `Invalid` for a blank name and for what the
    /// person's kind does not have; `Conflict` when the person was changed in the meantime, or the last owner would go.
    pub async fn change_person(&self, subject: &Subject, id: PersonId, change: &PersonChange) -> Result<Person, FilesError> {
        let permit = self.permit_customer::<ManagePeople>(subject).await?;
        let was = self.known_person(subject, id).await?;
        let name = change.name.as_deref().map(|name| clean_text(name, 120));
        if name.as_deref() == Some("") {
            return Err(FilesError::Invalid { field: "name", reason: "must not be empty".to_owned() });
        }
        if was.kind() != PersonKind::User && change.roles.as_ref().is_some_and(|roles| !roles.is_empty()) {
            return Err(FilesError::Invalid { field: "roles", reason: "only a user has roles".to_owned() });
        }
        let permit = self.ranked(subject, permit, change.roles.as_deref().unwrap_or_default(), Some(&was)).await?;
        let cleaned =
            |text: &Option<String>, longest| text.as_deref().map(|text| clean_text(text, longest)).filter(|text| !text.is_empty());
        let change = PersonChange {
            name,
            email: change.email.as_ref().map(|email| cleaned(email, 254)),
            detail: change.detail.as_ref().map(|detail| cleaned(detail, 80)),
            ..change.clone()
        };
        let reason = format!("{}{}", told_roles(&was, &change), told_activity(&change));
        let entry = AuditEntry { reason: Some(reason).filter(|text| !text.is_empty()), ..Self::people_entry(subject, &permit, id) };
        self.0.catalog.change_person(&was, &change, &entry).await?;
        self.known_person(subject, id).await
    }

    /// Puts a user into a team or takes one out of it; what the team may do changes for the user at once.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` when there is no such team, or nobody to take out; `Invalid` for somebody
    /// who is no user here; else when it could not be committed.
    pub async fn change_team(&self, subject: &Subject, team: TeamId, user: UserId, membership: Membership) -> Result<(), FilesError> {
        let permit = self.permit_customer::<ManagePeople>(subject).await?;
        drop(self.known_person(subject, PersonId::Team(team)).await?);
        let (customer, catalog) = (subject.customer(), &self.0.catalog);
        let entry = |word: &str| {
            let reason = Some(format!("{user} {word}"));
            AuditEntry { reason, ..Self::people_entry(subject, &permit, PersonId::Team(team)) }
        };
        let changed = match membership {
            Membership::In => catalog.join_team(customer, team, user, &entry("joins")).await,
            Membership::Out => catalog.leave_team(customer, team, user, &entry("leaves")).await,
        };
        match changed {
            // Nobody of that id is here, or in the team.
            Err(CatalogError::Conflict(_)) => Err(self.absent(subject, "manage_people", Some(team.to_string())).await?),
            changed => Ok(changed?),
        }
    }

    fn people_entry(subject: &Subject, permit: &Permit<ManagePeople>, object: PersonId) -> AuditEntry {
        AuditEntry { object: Some(object.to_string()), ..subject.allowed("manage_people", "done", permit) }
    }

    async fn known_person(&self, subject: &Subject, id: PersonId) -> Result<Person, FilesError> {
        match self.0.catalog.person(subject.customer(), id).await? {
            Some(person) => Ok(person),
            None => Err(self.absent(subject, "manage_people", Some(id.to_string())).await?),
        }
    }

    /// Nobody gives a role above his own, or changes somebody who stands above him.
    async fn ranked(
        &self,
        subject: &Subject,
        permit: Permit<ManagePeople>,
        given: &[Role],
        whom: Option<&Person>,
    ) -> Result<Permit<ManagePeople>, FilesError> {
        let had = whom.map(|person| person.roles.as_slice()).unwrap_or_default();
        let highest = given.iter().chain(had).map(|role| role.rank()).max().unwrap_or(0);
        if highest <= subject.rank() {
            return Ok(permit);
        }
        let refusal = Refusal { policies: "rank".to_owned(), may_know: true };
        Err(self.refused(subject, "manage_people", whom.map(|person| person.id.to_string()), &refusal).await?)
    }

    /// Everybody in the directory.
    ///
    /// # Errors
    /// `Refused` without the right.
    pub async fn people(&self, subject: &Subject) -> Result<Vec<Person>, FilesError> {
        let permit = self.permit_customer::<ManagePeople>(subject).await?;
        let entry = subject.allowed("list_people", "done", &permit);
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(self.0.catalog.people(subject.customer()).await?)
    }

    /// One person of the directory, for a read-back.
    pub(super) async fn person(&self, ctx: &CallContext, id: PersonId) -> Result<Person, FilesError> {
        self.0.catalog.person(ctx.customer, id).await?.ok_or(FilesError::NotFound)
    }

    /// The person that was said, of the whole directory.
    pub(super) async fn who(&self, ctx: &CallContext, words: &str) -> Result<Who, FilesError> {
        let mut people = self.0.catalog.people(ctx.customer).await?;
        people.retain(|person| person.deactivated_at.is_none());
        Ok(who_of(ctx, words, &people))
    }
}

/// The person that was said, of these.
pub(super) fn who_of(ctx: &CallContext, words: &str, people: &[Person]) -> Who {
    if let (Some(user), true) = (ctx.caller.user(), is_me(words)) {
        return match people.iter().find(|person| person.id == PersonId::User(user)) {
            Some(person) => Who::One { person: person.clone(), soundalikes: Vec::new() },
            None => Who::Nobody { nearest: Vec::new() },
        };
    }
    if let Ok(id) = PersonId::parse(words.trim()) {
        return match people.iter().find(|person| person.id == id) {
            Some(person) => Who::One { person: person.clone(), soundalikes: Vec::new() },
            None => Who::Nobody { nearest: Vec::new() },
        };
    }
    let names: Vec<PersonName> = people
        .iter()
        .map(|person| PersonName {
            name: person.name.clone(),
            detail: person.detail.clone(),
            email_local: person.email.as_deref().and_then(|email| email.split('@').next()).map(str::to_owned),
            kind: person.kind(),
        })
        .collect();
    // A whole name as it is written singles out even among soundalikes; the read-back still separates them.
    let written = |person: &&Person| person.name.to_lowercase() == words.trim().to_lowercase();
    let as_written: Vec<&Person> = people.iter().filter(written).collect();
    let heard = ctx.heard.as_ref().map(|heard| heard.text.as_str());
    let matches = rank_people(words, heard, &names);
    let at = |index: &usize| people.get(*index).cloned();
    if let [person] = as_written.as_slice() {
        let others = matches.iter().filter_map(|found| at(&found.index)).filter(|other| other.id != person.id).take(4).collect();
        return Who::One { person: (*person).clone(), soundalikes: others };
    }
    match decide_people(&matches) {
        PeoplePick::One(index) => match at(&index) {
            Some(person) => {
                let soundalikes =
                    matches.iter().filter(|found| found.index != index).filter_map(|found| at(&found.index)).take(4).collect();
                Who::One { person, soundalikes }
            }
            None => Who::Nobody { nearest: Vec::new() },
        },
        // One that is not sure enough is asked about, never taken.
        PeoplePick::Several(indexes) if indexes.len() == 1 => Who::Nobody { nearest: indexes.iter().filter_map(at).collect() },
        PeoplePick::Several(indexes) => Who::Several(indexes.iter().filter_map(at).collect()),
        PeoplePick::None => Who::Nobody { nearest: matches.iter().take(2).filter_map(|found| at(&found.index)).collect() },
    }
}

/// Whether words mean whoever is on the line.
pub(super) fn is_me(words: &str) -> bool {
    let words = words.trim().trim_end_matches(['.', '!']).to_lowercase();
    let words = words.strip_prefix("to ").unwrap_or(&words);
    matches!(
        words,
        "me" | "myself"
            | "i"
            | "us"
            | "my phone"
            | "my number"
            | "my cell"
            | "my mobile"
            | "this number"
            | "my email"
            | "my mail"
            | "my inbox"
    )
}

fn told_roles(was: &Person, change: &PersonChange) -> String {
    let names = |roles: &[Role]| roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ");
    let becomes = change.roles.as_deref().filter(|roles| *roles != was.roles.as_slice());
    becomes.map(|roles| format!("roles `{}` become `{}` ", names(&was.roles), names(roles))).unwrap_or_default()
}

const fn told_activity(change: &PersonChange) -> &'static str {
    match change.active {
        Some(true) => "activated",
        Some(false) => "deactivated",
        None => "",
    }
}
