//! A message as a mail: RFC 5322, with both bodies, the same bytes at every attempt.

use std::time::SystemTime;

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::carrier::{Dispatch, NotCarried};
use crate::domain::clean_text;

/// Longest name before an address, in characters.
const NAME: usize = 120;

/// In whose name mails go.
#[derive(Debug, Clone)]
pub struct Sender {
    address: Address,
    reply_to: Option<Address>,
}

/// An address that mails cannot come from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no mail address")]
pub struct SenderFault(pub String);

impl Sender {
    /// Mails come from this address; answers go to the other one, where it is given.
    ///
    /// # Errors
    /// When one of them is no address.
    pub fn parse(address: &str, reply_to: Option<&str>) -> Result<Self, SenderFault> {
        let read = |text: &str| text.parse::<Address>().map_err(|_| SenderFault(text.to_owned()));
        Ok(Self { address: read(address)?, reply_to: reply_to.map(read).transpose()? })
    }

    /// The domain of its address.
    pub(super) fn domain(&self) -> &str {
        self.address.domain()
    }
}

fn named(name: Option<&str>, address: Address) -> Mailbox {
    Mailbox::new(name.map(|name| clean_text(name, NAME)).filter(|name| !name.is_empty()), address)
}

/// The mail and its envelope.
///
/// # Errors
/// `Never`, when the recipient's address is none.
pub(super) fn mail(dispatch: &Dispatch, sender: &Sender) -> Result<(Envelope, Vec<u8>), NotCarried> {
    let to: Address = dispatch.to.parse().map_err(|_| NotCarried::never("the recipient's mail address is none"))?;
    let id = dispatch.id.to_string();
    let date =
        SystemTime::try_from(dispatch.written_at).map_err(|_| NotCarried::never("it was written at no time that a mail can have"))?;
    let plain = SinglePart::plain(dispatch.text.clone());
    let bodies = MultiPart::alternative().boundary(&id).singlepart(plain);
    let bodies = match &dispatch.html {
        Some(html) => bodies.singlepart(SinglePart::html(html.clone())),
        None => bodies,
    };
    let builder = Message::builder()
        .from(named(dispatch.from_name.as_deref(), sender.address.clone()))
        .to(named(dispatch.to_name.as_deref(), to))
        .subject(clean_text(dispatch.subject.as_deref().unwrap_or_default(), 200))
        .date(date)
        // Whoever takes it twice after a cut can tell by this.
        .message_id(Some(format!("<{id}@{}>", sender.domain())))
        // Out-of-office answers to it would reach nobody.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    let builder = match &sender.reply_to {
        Some(address) => builder.reply_to(Mailbox::new(None, address.clone())),
        None => builder,
    };
    let message = builder.multipart(bodies).map_err(|_| NotCarried::never("the message cannot be written as a mail"))?;
    Ok((message.envelope().clone(), message.formatted()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Channel, CustomerId, ManualClock, MessageId, SeededEntropy};

    fn dispatch() -> Dispatch {
        let (clock, entropy) = (ManualClock::at("2026-11-26T07:48:35Z"), SeededEntropy::new(1));
        let now = "2026-11-26T07:48:35Z".parse().unwrap();
        Dispatch {
            id: MessageId::new(&clock, &entropy),
            customer: CustomerId::new(&clock, &entropy),
            channel: Channel::Mail,
            kind: "link",
            to: "john@example.com".to_owned(),
            to_name: Some("John Okafor".to_owned()),
            from_name: Some("Northwind".to_owned()),
            subject: Some("A file".to_owned()),
            text: "Hello".to_owned(),
            html: Some("<p>Hello</p>".to_owned()),
            written_at: now,
            expires_at: now,
            now,
            attempt: 1,
        }
    }

    fn sender() -> Sender {
        Sender::parse("files@northwind.example", Some("desk@northwind.example")).unwrap()
    }

    fn text(dispatch: &Dispatch) -> String {
        String::from_utf8(mail(dispatch, &sender()).unwrap().1).unwrap()
    }

    #[test]
    fn a_mail_has_the_headers_that_mail_servers_ask_for_and_is_the_same_at_every_attempt() {
        let first = dispatch();
        let mail = text(&first);
        for line in [
            "From: Northwind <files@northwind.example>\r\n".to_owned(),
            "Reply-To: desk@northwind.example\r\n".to_owned(),
            "To: \"John Okafor\" <john@example.com>\r\n".to_owned(),
            "Subject: A file\r\n".to_owned(),
            "Date: Thu, 26 Nov 2026 07:48:35 +0000\r\n".to_owned(),
            format!("Message-ID: <{}@northwind.example>\r\n", first.id),
            "Auto-Submitted: auto-generated\r\n".to_owned(),
            "MIME-Version: 1.0\r\n".to_owned(),
        ] {
            assert!(mail.contains(&line) || mail.contains(&line.replace('"', "")), "{line}{mail}");
        }
        assert!(mail.find("text/plain").unwrap() < mail.find("text/html").unwrap(), "the better body comes last: {mail}");
        let later = Dispatch { attempt: 2, now: "2026-11-26T09:00:00Z".parse().unwrap(), ..first };
        assert_eq!(text(&later), mail);
    }

    #[test]
    fn names_of_all_scripts_are_sent_as_ascii_and_no_name_makes_a_header() {
        for name in ["Zoë Łukasz", "渡辺 直美", "x\r\nBcc: all@evil.example", "\"x\" <evil@evil.example>", "x\u{0}\u{1b}[0m"] {
            let named = Dispatch {
                to_name: Some(name.to_owned()),
                from_name: Some(name.to_owned()),
                subject: Some(format!("From {name}")),
                ..dispatch()
            };
            let (envelope, bytes) = mail(&named, &sender()).unwrap();
            assert!(bytes.is_ascii(), "{name}");
            let head = String::from_utf8(bytes).unwrap();
            let head = head.split("\r\n\r\n").next().unwrap();
            assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
            assert_eq!(envelope.to(), ["john@example.com".parse().unwrap()]);
        }
    }

    #[test]
    fn what_is_no_address_is_never_sent_to() {
        for to in ["", "john", "john@", "a@b.c\r\nRCPT TO:<evil@evil.example>", "a@b.c, d@e.f", "<a@b.c>", "a b@c.d"] {
            let error = mail(&Dispatch { to: to.to_owned(), ..dispatch() }, &sender()).unwrap_err();
            assert!(matches!(error, NotCarried::Never { .. }), "{to}: {error}");
        }
        assert_eq!(Sender::parse("nobody", None).unwrap_err(), SenderFault("nobody".to_owned()));
    }
}
