//! Address cards (vCard 2.1 to 4.0, RFC 6350): each person in a few lines.

use std::fmt::Write as _;

use super::content_lines::lines;

/// Cards written out.
const MAX_CARDS: usize = 2000;

/// A file of cards as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cards {
    /// The name, where the file is about one person or firm.
    pub title: Option<String>,
    /// All cards.
    pub text: String,
}

/// What is told of a card, in this order: (property, label).
const TOLD: [(&str, &str); 8] = [
    ("NICKNAME", "Nickname: "),
    ("ORG", "Organisation: "),
    ("TITLE", "Position: "),
    ("ROLE", "Role: "),
    ("TEL", "Phone: "),
    ("EMAIL", "Mail: "),
    ("ADR", "Address: "),
    ("NOTE", ""),
];

/// Reads a file of cards; empty when there is none in it.
pub(super) fn read(text: &str) -> Cards {
    let mut cards: Vec<Card> = Vec::new();
    let mut is_open = false;
    for line in lines(text) {
        match (line.name.as_str(), cards.last_mut()) {
            ("BEGIN", _) if line.text().eq_ignore_ascii_case("VCARD") => {
                if cards.len() == MAX_CARDS {
                    break;
                }
                cards.push(Card::default());
                is_open = true;
            }
            ("END", _) => is_open = false,
            ("FN", Some(card)) if is_open => card.full_name = Some(line.text()).filter(|name| !name.is_empty()),
            ("N", Some(card)) if is_open => card.parts = line.parts(),
            (name, Some(card)) if is_open => {
                let Some((_, label)) = TOLD.iter().find(|(told, _)| *told == name) else { continue };
                let value = joined(&line.parts());
                // vCard 4.0 writes numbers as addresses.
                let value = value.strip_prefix("tel:").unwrap_or(&value);
                if !value.is_empty() {
                    let _ = writeln!(card.told, "{label}{value}");
                }
            }
            _ => {}
        }
    }
    let mut text = String::new();
    for card in &cards {
        let _ = writeln!(text, "{}\n{}", card.name().unwrap_or_default(), card.told);
    }
    let title = match cards.as_slice() {
        [card] => card.name(),
        _ => None,
    };
    Cards { title, text }
}

#[derive(Debug, Default)]
struct Card {
    full_name: Option<String>,
    /// Family name, given name, further names, prefix, suffix.
    parts: Vec<String>,
    told: String,
}

impl Card {
    fn name(&self) -> Option<String> {
        let part = |index| self.parts.get(index).map_or("", String::as_str);
        let parts = [part(3), part(1), part(2), part(0), part(4)].map(str::to_owned);
        self.full_name
            .clone()
            .or_else(|| Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")))
            .filter(|name| !name.is_empty())
    }
}

fn joined(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_card_gives_who_and_how_to_reach_them() {
        let cards = read(
            "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann Lee\r\nORG:Acme;Sales\r\nTITLE:Head of sales\r\nTEL;VALUE=uri:tel:+1-555-0100\r\n\
             item1.EMAIL:ann@acme.example\r\nADR:;;1 Main Street;Springfield;;12345;\r\nPHOTO:data:image/png;base64,AAAA\r\nEND:VCARD\r\n",
        );
        assert_eq!(cards.title.as_deref(), Some("Ann Lee"));
        assert_eq!(
            cards.text,
            "Ann Lee\nOrganisation: Acme, Sales\nPosition: Head of sales\nPhone: +1-555-0100\nMail: ann@acme.example\n\
             Address: 1 Main Street, Springfield, 12345\n\n"
        );
    }

    #[test]
    fn a_name_in_parts_is_put_together_and_two_cards_have_no_title() {
        let cards = read("BEGIN:VCARD\nN:Ray;Bob;;Dr.;\nEND:VCARD\nBEGIN:VCARD\nFN:Ann Lee\nEND:VCARD\n");
        assert_eq!((cards.title, cards.text.as_str()), (None, "Dr. Bob Ray\n\nAnn Lee\n\n"));
        assert_eq!(read("FN:nobody\n"), Cards::default());
    }

    proptest! {
        #[test]
        fn any_lines_are_read_without_panic(lines in prop::collection::vec("(BEGIN:VCARD|END:VCARD|FN|N|TEL|ORG|NOTE)(;X=[^\r\n]{0,5})?:\\PC{0,20}", 0..20)) {
            let text = lines.join("\n");
            prop_assert!(read(&text).text.len() <= 8 * text.len() + 64);
        }
    }
}
