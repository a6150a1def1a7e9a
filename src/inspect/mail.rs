//! Mail: its headers, as far as type and metadata need them.

use docling::{DoclingDocument, Node};
use jiff::civil::Date;

use super::metadata::date_of;
use crate::domain::clean_text;

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
                if let Some(from) = text.strip_prefix("From: ") {
                    envelope.from = sender(from);
                } else if let Some(date) = text.strip_prefix("Date: ") {
                    envelope.date = date_of(date);
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
