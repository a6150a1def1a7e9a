//! The customer's directory: adding people, and finding the one that was said.

use super::{Files, FilesError, Subject};
use crate::domain::{AuditEntry, CallContext, ContactId, Decision, Person, PersonId, PersonKind, Phone, Role, TeamId, UserId, clean_text};
use crate::policy::ManagePeople;
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

/// Who was meant.
#[derive(Debug, Clone)]
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
        if roles.contains(&Role::Owner) && subject.user().is_some() && !subject.has_role(Role::Owner) {
            return Err(FilesError::Invalid { field: "roles", reason: "only an owner makes owners".to_owned() });
        }
        let person = Person {
            id,
            customer: subject.customer(),
            name,
            email: request.email.as_deref().map(|email| clean_text(email, 254)).filter(|email| email.contains('@')),
            phone: request.phone.clone(),
            roles,
            detail: request.detail.as_deref().map(|detail| clean_text(detail, 80)).filter(|detail| !detail.is_empty()),
            members: request.members.clone(),
        };
        let entry = AuditEntry {
            object: Some(id.to_string()),
            decision: Decision::Allow,
            policy: Some(permit.policies().to_owned()),
            ..subject.entry("manage_people", "done")
        };
        self.0.catalog.add_person(&person, &entry).await?;
        Ok(person)
    }

    /// Everybody in the directory.
    ///
    /// # Errors
    /// `Refused` without the right.
    pub async fn people(&self, subject: &Subject) -> Result<Vec<Person>, FilesError> {
        let permit = self.permit_customer::<ManagePeople>(subject).await?;
        let entry =
            AuditEntry { decision: Decision::Allow, policy: Some(permit.policies().to_owned()), ..subject.entry("list_people", "done") };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(self.0.catalog.people(subject.customer()).await?)
    }

    /// One person of the directory, for a read-back.
    pub(super) async fn person(&self, ctx: &CallContext, id: PersonId) -> Result<Person, FilesError> {
        self.0.catalog.person(ctx.customer, id).await?.ok_or(FilesError::NotFound)
    }

    /// The person that was said, of the whole directory.
    pub(super) async fn who(&self, ctx: &CallContext, words: &str) -> Result<Who, FilesError> {
        Ok(who_of(ctx, words, &self.0.catalog.people(ctx.customer).await?))
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
