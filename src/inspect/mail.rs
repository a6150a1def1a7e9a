//! Mail: its headers, as far as type and metadata need them.

use docling::{DoclingDocument, Node};
use jiff::civil::Date;
use mail_parser::{Addr, Address, MessageParser};

use super::metadata::date_of;
use super::ole;
use crate::domain::{Facts, MailFacts, clean_text};

/// Headers that a mail has and a letter has not.
const HEADERS: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "received",
    "message-id",
    "mime-version",
    "return-path",
    "content-type",
    "delivered-to",
    "reply-to",
    "dkim-signature",
];

/// Whether the first lines are mail headers: three known ones before the first blank line, and
/// nothing that is not a header.
pub(super) fn looks_like_mail(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(16 << 10)).unwrap_or_default();
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let mut known = 0;
    for (index, line) in head.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let is_folded = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if is_folded || (index == 0 && line.starts_with(b"From ")) {
            continue;
        }
        let Some(name) = line.iter().position(|byte| *byte == b':').and_then(|colon| line.get(..colon)) else { break };
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            break;
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if HEADERS.contains(&name.as_str()) {
            known += 1;
        }
    }
    known >= 3
}

/// Subject, sender and date of a mail that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    pub subject: Option<String>,
    pub from: Option<String>,
    pub date: Option<Date>,
    /// Its head as the library gives it, of mails that are not written as RFC 5322 has them.
    lines: [Option<String>; 3],
}

impl Envelope {
    /// What it says as facts; nothing where it says nothing.
    pub fn facts(&self) -> Option<MailFacts> {
        let [from, to, date] = self.lines.clone();
        let people = |line: Option<String>| line.map(|line| people_of(&line)).unwrap_or_default();
        let facts = MailFacts {
            from: people(from),
            to: people(to),
            cc: Vec::new(),
            sent_at: date,
            subject: self.subject.clone(),
            message_id: None,
        };
        Some(facts).filter(|facts| *facts != MailFacts::default())
    }
}

/// People in one line, parted by commas outside of quotation marks.
fn people_of(line: &str) -> Vec<String> {
    let mut quoted = false;
    let people = line.split(|sign: char| {
        quoted ^= sign == '"';
        sign == ',' && !quoted
    });
    people.map(|person| person.trim().to_owned()).filter(|person| !person.is_empty()).take(Facts::PEOPLE).collect()
}

/// The head of a mail as RFC 5322 writes it; `None` for one in another form.
pub(super) fn head(bytes: &[u8]) -> Option<MailFacts> {
    if bytes.starts_with(&ole::MAGIC) {
        return None;
    }
    let mail = MessageParser::default().parse_headers(bytes)?;
    let people = |address: Option<&Address<'_>>| -> Vec<String> {
        address.into_iter().flat_map(Address::iter).filter_map(person).take(Facts::PEOPLE).collect()
    };
    let facts = MailFacts {
        from: people(mail.from()),
        to: people(mail.to()),
        cc: people(mail.cc()),
        sent_at: mail.date().filter(|date| date.is_valid()).map(mail_parser::DateTime::to_rfc3339),
        subject: mail.subject().map(str::to_owned),
        message_id: mail.message_id().map(str::to_owned),
    };
    Some(facts).filter(|facts| *facts != MailFacts::default())
}

/// `Ann Lee <ann@acme.example>`, or what there is of it.
fn person(person: &Addr<'_>) -> Option<String> {
    let name = person.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let address = person.address.as_deref().map(str::trim).filter(|address| !address.is_empty());
    match (name, address) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (name, address) => name.or(address).map(str::to_owned),
    }
}

/// Reads the head of a converted mail. The library puts the subject first as a heading, then a
/// paragraph for each of `From`, `To` and `Date`, all escaped as Markdown.
pub(super) fn envelope(document: &DoclingDocument) -> Envelope {
    let mut envelope = Envelope::default();
    for node in document.nodes.iter().take(4) {
        match node {
            Node::Heading { level: 1, text } if envelope.subject.is_none() => {
                let subject = clean_text(&unescape(text), 300);
                envelope.subject = Some(subject).filter(|subject| !subject.is_empty());
            }
            Node::Paragraph { text } => {
                let text = unescape(text);
                let [from_line, to_line, date_line] = &mut envelope.lines;
                if let Some(from) = text.strip_prefix("From: ") {
                    envelope.from = sender(from);
                    *from_line = Some(from.to_owned());
                } else if let Some(to) = text.strip_prefix("To: ") {
                    *to_line = Some(to.to_owned());
                } else if let Some(date) = text.strip_prefix("Date: ") {
                    envelope.date = date_of(date);
                    *date_line = Some(date.to_owned());
                }
            }
            _ => {}
        }
    }
    envelope
}

/// The name of the first sender, or the address where there is no name.
fn sender(addresses: &str) -> Option<String> {
    let (name, address) = match addresses.split_once('<') {
        Some((name, rest)) => (name, rest.split('>').next().unwrap_or_default()),
        None => ("", addresses.split(',').next().unwrap_or_default()),
    };
    // Exchange leaves the mark of its organisation behind names it made up itself.
    let name = name.trim().trim_matches('"').replace("(FYDIBOHF23SPDLT)", "");
    let name = clean_text(&name, 200);
    let chosen = if name.is_empty() { clean_text(address, 200) } else { name };
    Some(chosen).filter(|chosen| !chosen.is_empty())
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("\\_", "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_logs_are_not_mail() {
        for text in ["Dear John,\nFrom: me\nTo: you\n", "Note: one\nTodo: two\nPlan: three\n", "From here on\n"] {
            assert!(!looks_like_mail(text.as_bytes()), "{text}");
        }
        assert!(looks_like_mail(b"Received: by x\n\tfor y\nDate: today\nFrom: a@b.example\n\nhi"));
    }

    #[test]
    fn the_head_of_a_mail_is_told_by_its_lines() {
        let mail = b"From: \"Lee, Ann\" <ann@acme.example>\r\nTo: bob@acme.example,\r\n Cleo <cleo@acme.example>\r\nCc: =?utf-8?q?Zo=C3=AB?= <zoe@acme.example>\r\nSubject: Renewal\r\nDate: Mon, 3 Mar 2025 10:00:00 -0500\r\nMessage-ID: <a1@acme.example>\r\n\r\nSubject: not this\r\n";
        let head = head(mail).unwrap();
        assert_eq!(head.from, ["Lee, Ann <ann@acme.example>"]);
        assert_eq!(head.to, ["bob@acme.example", "Cleo <cleo@acme.example>"]);
        assert_eq!(head.cc, ["Zo\u{eb} <zoe@acme.example>"]);
        assert_eq!((head.subject.as_deref(), head.message_id.as_deref()), (Some("Renewal"), Some("a1@acme.example")));
        assert_eq!(head.sent_at.as_deref(), Some("2025-03-03T10:00:00-05:00"));
        assert_eq!(super::head(b"no mail at all"), None);
        assert_eq!(people_of("\"Lee, Ann\" <a@x.example>, Bob"), ["\"Lee, Ann\" <a@x.example>", "Bob"]);
    }

    #[test]
    fn a_sender_is_a_name_before_an_address() {
        for (written, expected) in [
            ("Ann Lee <ann@acme.example>, Bob <b@acme.example>", Some("Ann Lee")),
            ("\"Lee, Ann\" <ann@acme.example>", Some("Lee, Ann")),
            ("ann@acme.example", Some("ann@acme.example")),
            ("<ann@acme.example>", Some("ann@acme.example")),
            ("", None),
        ] {
            assert_eq!(sender(written).as_deref(), expected, "{written}");
        }
    }
}
