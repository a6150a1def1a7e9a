//! Writing messages: who is told what, on which way. Worded and sent they are elsewhere; here are facts, sealed.
//!
//! Link and code are two secrets: whoever has both has the file. They go by two ways where a recipient has
//! two, else the code is told on the call; only a setting puts both into one message.

use super::share::IssuedCode;
use super::{Files, FilesError};
use crate::catalog::{NewCode, NewMessage};
use crate::domain::{CallContext, Channel, Letter, MessageId, Person, PersonId, Timestamp, Told};

/// What a recipient is to be told of a share.
pub(super) struct Parcel<'a> {
    /// Who.
    pub recipient: &'a Person,
    /// The share it belongs to.
    pub about: String,
    /// The link's address.
    pub url: &'a str,
    /// Until when it opens.
    pub until: Timestamp,
    /// The code that is to reach the recipient by a message of its own; `None` where it is told on the call
    /// alone.
    pub code: Option<(&'a NewCode, &'a IssuedCode)>,
    /// On which way the link is wanted ("text it"); mail where nothing is.
    pub by: Option<Channel>,
}

/// An address that asks for files to be handed over.
pub(super) struct Appeal<'a> {
    /// Who is asked.
    pub recipient: &'a Person,
    /// The request it belongs to.
    pub about: String,
    /// The page's address.
    pub url: &'a str,
    /// Until when it takes files.
    pub until: Timestamp,
    /// What is asked for.
    pub what: Option<String>,
    /// On which way it is wanted; mail where nothing is.
    pub by: Option<Channel>,
}

/// Messages, to be put into the outbox in the transaction of what they tell.
#[derive(Debug, Default)]
pub(super) struct Composed {
    /// For [`NewShare::messages`](crate::catalog::NewShare), or [`Catalog::send`](crate::catalog::Catalog::send).
    pub messages: Vec<NewMessage>,
    /// By which message the link goes; `None` where the recipient has no address.
    pub link_by: Option<Channel>,
    /// By which message the code goes, where it has one of its own.
    pub code_by: Option<Channel>,
}

/// In whose name messages are written, at whose wish, to whom, about what.
struct Envelope<'a> {
    ctx: &'a CallContext,
    to: &'a Person,
    about: String,
    from: String,
    sender: Option<String>,
}

/// The ways to a person, the usual one first.
pub(super) fn ways(person: &Person) -> Vec<(Channel, String)> {
    let mail = person.email.iter().map(|email| (Channel::Mail, email.clone()));
    let sms = person.phone.iter().map(|phone| (Channel::Sms, phone.as_str().to_owned()));
    mail.chain(sms).collect()
}

/// Which way the link takes, and which the code.
fn split(ways: &[(Channel, String)], by: Option<Channel>) -> (Option<&(Channel, String)>, Option<&(Channel, String)>) {
    let link = ways.iter().find(|(channel, _)| Some(*channel) == by).or_else(|| ways.first());
    let code = ways.iter().find(|(channel, _)| link.is_some_and(|(taken, _)| taken != channel));
    (link, code)
}

/// By which message a link reaches a person; `None` where the person has no address.
pub(super) fn link_way(person: &Person, by: Option<Channel>) -> Option<Channel> {
    let ways = ways(person);
    split(&ways, by).0.map(|(channel, _)| *channel)
}

/// Reads a letter as it was sealed. Before there were letters, a message was a link's address.
pub(super) fn read_letter(body: &str) -> Option<Letter> {
    if body.starts_with("http") {
        let told = Told::Link { url: body.to_owned(), until: None, code_by: None };
        return Some(Letter { from: String::new(), sender: None, to: None, time_zone: "UTC".to_owned(), told });
    }
    serde_json::from_str(body).ok()
}

impl Files {
    /// Writes what a recipient is told of a share.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub(super) async fn compose(&self, ctx: &CallContext, parcel: &Parcel<'_>) -> Result<Composed, FilesError> {
        let ways = ways(parcel.recipient);
        let (Some((link_by, link_to)), code_way) = split(&ways, parcel.by) else { return Ok(Composed::default()) };
        let (url, until) = (parcel.url.to_owned(), parcel.until);
        let together = self.0.settings.code_beside_link;
        let told = match (parcel.code, code_way) {
            (Some((_, code)), None) if together => Told::LinkAndCode { url, until, code: code.text.clone(), code_until: code.expires_at },
            (Some(_), Some((channel, _))) => Told::Link { url, until: Some(until), code_by: Some(*channel) },
            (Some(_), None) | (None, _) => Told::Link { url, until: Some(until), code_by: None },
        };
        let envelope = self.envelope(ctx, parcel.recipient, parcel.about.clone()).await?;
        let mut messages = vec![self.message(&envelope, (*link_by, link_to), told, until)?];
        if let (Some((row, code)), Some((channel, address))) = (parcel.code, code_way) {
            let told = Told::Code { code: code.text.clone(), until: code.expires_at };
            messages.push(NewMessage { code: Some(row.id), ..self.message(&envelope, (*channel, address), told, code.expires_at)? });
        }
        let code_by = parcel.code.and(code_way).map(|(channel, _)| *channel);
        Ok(Composed { messages, link_by: Some(*link_by), code_by })
    }

    /// Writes what somebody is told who is asked for files.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub(super) async fn compose_appeal(&self, ctx: &CallContext, appeal: &Appeal<'_>) -> Result<Composed, FilesError> {
        let ways = ways(appeal.recipient);
        let (Some((channel, address)), _) = split(&ways, appeal.by) else { return Ok(Composed::default()) };
        let told = Told::UploadLink { url: appeal.url.to_owned(), until: appeal.until, what: appeal.what.clone() };
        let envelope = self.envelope(ctx, appeal.recipient, appeal.about.clone()).await?;
        let message = self.message(&envelope, (*channel, address), told, appeal.until)?;
        Ok(Composed { messages: vec![message], link_by: Some(*channel), code_by: None })
    }

    async fn envelope<'a>(&self, ctx: &'a CallContext, to: &'a Person, about: String) -> Result<Envelope<'a>, FilesError> {
        let customer = self.0.catalog.customer(ctx.customer).await?;
        let sender = match ctx.caller.user() {
            Some(user) => self.0.catalog.person(ctx.customer, PersonId::User(user)).await?,
            None => None,
        };
        let from = customer.map(|customer| customer.name).unwrap_or_default();
        Ok(Envelope { ctx, to, about, from, sender: sender.map(|person| person.name) })
    }

    fn message(&self, envelope: &Envelope<'_>, way: (Channel, &str), told: Told, until: Timestamp) -> Result<NewMessage, FilesError> {
        let ctx = envelope.ctx;
        let letter = Letter {
            from: envelope.from.clone(),
            sender: envelope.sender.clone(),
            to: Some(envelope.to.name.clone()),
            time_zone: ctx.settings.time_zone.clone(),
            told,
        };
        let body = serde_json::to_string(&letter).map_err(|_| FilesError::Sealed { what: "message" })?;
        Ok(NewMessage {
            id: MessageId::new(&*self.0.clock, &*self.0.entropy),
            recipient: envelope.to.id,
            channel: way.0,
            address: way.1.to_owned(),
            sealed_body: self.0.secrets.seal(ctx.customer, "message", &body).ok_or(FilesError::Sealed { what: "message" })?,
            about: Some(envelope.about.clone()),
            code: None,
            call: Some(ctx.call),
            expires_at: until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_and_code_take_two_ways_where_there_are_two() {
        let way = |channel| (channel, format!("the {channel}"));
        let both = [way(Channel::Mail), way(Channel::Sms)];
        let told = |ways: &[(Channel, String)], by| {
            let (link, code) = split(ways, by);
            (link.map(|(channel, _)| *channel), code.map(|(channel, _)| *channel))
        };
        for (ways, by, expected) in [
            (&both[..], None, (Some(Channel::Mail), Some(Channel::Sms))),
            (&both[..], Some(Channel::Sms), (Some(Channel::Sms), Some(Channel::Mail))),
            (&both[..1], None, (Some(Channel::Mail), None)),
            (&both[1..], Some(Channel::Mail), (Some(Channel::Sms), None)),
            (&both[..0], Some(Channel::Sms), (None, None)),
        ] {
            assert_eq!(told(ways, by), expected, "{ways:?} {by:?}");
        }
    }

    #[test]
    fn a_message_of_before_there_were_letters_still_reads() {
        let letter = read_letter("https://files.example/s/abc").unwrap();
        assert_eq!(letter.told, Told::Link { url: "https://files.example/s/abc".to_owned(), until: None, code_by: None });
        let text = serde_json::to_string(&letter).unwrap();
        assert_eq!(read_letter(&text), Some(letter));
        assert_eq!(read_letter("neither"), None);
    }
}
