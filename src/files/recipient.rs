//! Whom a share is for: somebody of the directory, the caller, somebody new, or whoever has the link.

use serde::{Deserialize, Serialize};

use super::address::{Address, spoken_address};
use super::people::is_me;
use super::revoke::is_anyone;
use super::share::AskedShare;
use super::{Files, FilesError, Subject, Who};
use crate::catalog::{LinkRecord, NewRecipient};
use crate::domain::{AuditEntry, CallContext, Caller, ContactId, CustomerId, FileRecord, Person, PersonId, PersonKind, Phone};
use crate::policy::{AddContact, Download, Evidence, Permit, Principal, PrincipalKind, Refusal, Share};

/// What kind of recipient a share has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Toward {
    /// Somebody of the directory.
    #[default]
    Somebody,
    /// The caller, at the number or address that the directory or the call has.
    Caller,
    /// Somebody the directory does not know yet, at an address that was said.
    New,
    /// Whoever has the link.
    Anyone,
}

/// A recipient that the directory does not know, as the question keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AskedContact {
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<Phone>,
}

/// Who gets a share.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    pub person: Person,
    /// People whose names sound like it.
    pub soundalikes: Vec<Person>,
    pub toward: Toward,
}

/// That a share may be given.
pub(super) enum MayGive {
    /// By the right to share the file.
    Share(Permit<Share>),
    /// To the caller, by the right to have it.
    Own(Permit<Download>),
}

impl MayGive {
    /// What a yes to it needs at least, by policy.
    pub fn evidence(&self) -> Evidence {
        match self {
            Self::Share(permit) => permit.evidence(),
            Self::Own(permit) => permit.evidence(),
        }
    }

    /// A record about the share of a file.
    pub fn entry(&self, subject: &Subject, outcome: &'static str, file: &FileRecord) -> AuditEntry {
        match self {
            Self::Share(permit) => subject.file_entry(outcome, file, permit),
            Self::Own(permit) => AuditEntry { action: "share", ..subject.file_entry(outcome, file, permit) },
        }
    }
}

/// Whoever has the link, as a recipient.
pub(super) fn anyone(customer: CustomerId) -> Person {
    contact(customer, PersonId::anyone(customer), "anyone with the link".to_owned(), None, None)
}

fn contact(customer: CustomerId, id: PersonId, name: String, email: Option<String>, phone: Option<Phone>) -> Person {
    Person { id, customer, name, email, phone, roles: Vec::new(), detail: None, members: Vec::new(), deactivated_at: None }
}

/// What somebody is called of whom there is an address alone: the words in front of the `@`, or the end
/// of the number.
fn name_of(address: &Address) -> String {
    match address {
        Address::Mail(email) => email.split('@').next().unwrap_or_default().replace(['.', '_', '-', '+'], " "),
        Address::Number(phone) => {
            let end: String = phone.as_str().chars().skip(phone.as_str().len().saturating_sub(4)).collect();
            format!("number ending in {end}")
        }
    }
}

impl Files {
    /// Who gets what is shared, by the caller's words.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub(super) async fn recipient(&self, ctx: &CallContext, words: &str) -> Result<Result<Recipient, Who>, FilesError> {
        let one = |person, toward| Ok(Ok(Recipient { person, soundalikes: Vec::new(), toward }));
        if is_anyone(words) {
            return one(anyone(ctx.customer), Toward::Anyone);
        }
        if is_me(words) {
            return match self.on_the_line(ctx, &self.0.catalog.people(ctx.customer).await?) {
                Some(person) => one(person, Toward::Caller),
                None => Ok(Err(Who::Nobody { nearest: Vec::new() })),
            };
        }
        if let Some(address) = spoken_address(words) {
            let people = self.0.catalog.people(ctx.customer).await?;
            let known = people.iter().find(|person| match &address {
                Address::Mail(email) => person.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(email)),
                Address::Number(phone) => person.phone.as_ref() == Some(phone),
            });
            return match known {
                Some(person) => one(person.clone(), Toward::Somebody),
                None => one(self.stranger(ctx, address), Toward::New),
            };
        }
        Ok(match self.who(ctx, words).await? {
            Who::One { person, soundalikes } => Ok(Recipient { person, soundalikes, toward: Toward::Somebody }),
            unclear => Err(unclear),
        })
    }

    /// Whoever is on the line: the user, or at a number that no user has, somebody of that number.
    fn on_the_line(&self, ctx: &CallContext, people: &[Person]) -> Option<Person> {
        match &ctx.caller {
            Caller::User(user) => people.iter().find(|person| person.id == PersonId::User(*user)).cloned(),
            Caller::Guest { number } => {
                let number = number.clone()?;
                let known = people.iter().find(|person| person.phone.as_ref() == Some(&number) && person.kind() == PersonKind::Contact);
                Some(known.cloned().unwrap_or_else(|| self.stranger(ctx, Address::Number(number))))
            }
        }
    }

    fn stranger(&self, ctx: &CallContext, address: Address) -> Person {
        let id = PersonId::Contact(ContactId::new(&*self.0.clock, &*self.0.entropy));
        let name = name_of(&address);
        match address {
            Address::Mail(email) => contact(ctx.customer, id, name, Some(email), None),
            Address::Number(phone) => contact(ctx.customer, id, name, None, Some(phone)),
        }
    }

    /// The recipient of a share that was asked about, as the directory has him now.
    ///
    /// # Errors
    /// `NotFound` when he is gone; else when the catalog does not answer.
    pub(super) async fn asked_recipient(&self, ctx: &CallContext, asked: &AskedShare) -> Result<Person, FilesError> {
        match (&asked.contact, asked.toward) {
            (_, Toward::Anyone) => Ok(anyone(ctx.customer)),
            (Some(new), _) => Ok(contact(ctx.customer, asked.recipient, new.name.clone(), new.email.clone(), new.phone.clone())),
            (None, _) => self.person(ctx, asked.recipient).await,
        }
    }

    /// Whether a file may be given to a recipient: by the right to share it, and to the caller himself by
    /// the right to have it.
    ///
    /// # Errors
    /// `NotFound` and `Refused` without it.
    pub(super) async fn may_give(
        &self,
        subject: &Subject,
        file: &FileRecord,
        (recipient, toward): (&Person, Toward),
    ) -> Result<MayGive, FilesError> {
        let is_outside = recipient.kind() == PersonKind::Contact;
        if toward == Toward::Caller && !is_outside {
            return Ok(MayGive::Own(self.permit_or_refuse::<Download>(subject, file).await?));
        }
        Ok(MayGive::Share(self.permit_share(subject, file, is_outside).await?))
    }

    /// A recipient that is new to the directory, with the record of adding him; `None` for one it knows.
    ///
    /// # Errors
    /// `Refused` when the caller may add nobody.
    pub(super) async fn new_recipient(
        &self,
        subject: &Subject,
        person: &Person,
        (toward, is_known): (Toward, bool),
    ) -> Result<Option<NewRecipient>, FilesError> {
        if toward == Toward::Anyone {
            // Stands for nobody in particular: that is no entry of the directory.
            return Ok(Some(NewRecipient { person: person.clone(), entry: None }));
        }
        if is_known {
            return Ok(None);
        }
        let permit = self.permit_customer::<AddContact>(subject).await?;
        let entry = AuditEntry { object: Some(person.id.to_string()), ..subject.allowed("add_contact", "done", &permit) };
        Ok(Some(NewRecipient { person: person.clone(), entry: Some(entry) }))
    }

    /// Why a link opens nothing any more that a user had sent to himself: it is worth as much as his own
    /// right to the file. `None` where he has it, and for every other link.
    pub(super) async fn lost(&self, link: &LinkRecord, opener: &Subject, file: &FileRecord) -> Result<Option<Refusal>, FilesError> {
        let PersonId::User(id) = link.recipient else { return Ok(None) };
        if link.created_by != id.to_string() {
            return Ok(None);
        }
        let (roles, teams) = self.standing(link.customer, id).await?.unwrap_or_default();
        let kind = PrincipalKind::User { id, roles, teams };
        let subject = Subject { principal: Principal { kind, ..opener.principal.clone() }, ..opener.clone() };
        Ok(self.permit::<Download>(&subject, file).await?.err())
    }
}
