//! Mail addresses and numbers as they are said: "jane at example dot com", "plus one five five five ...".

use crate::domain::Phone;

/// Where a message reaches somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A mail address, lower case.
    Mail(String),
    /// A number.
    Number(Phone),
}

/// Longest mail address that is taken from speech, in characters: a longer one cannot be read back.
const LONGEST: usize = 60;
/// Words that it may take to say it.
const SAYABLE: usize = 15;
const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/// Words around a number that are no part of it.
const AROUND_NUMBERS: &[&str] = &[
    "to", "the", "number", "this", "his", "her", "their", "phone", "cell", "mobile", "text", "call", "send", "it", "please", "at", "is",
    "its", "on", "a",
];

/// Reads an address out of what was said; `None` when it is none, or not all of one.
pub(super) fn spoken_address(words: &str) -> Option<Address> {
    mail(words).map(Address::Mail).or_else(|| number(words).map(Address::Number))
}

/// A sign of an address as it is said.
fn sign(word: &str) -> Option<&'static str> {
    Some(match word {
        "at" => "@",
        "dot" | "point" | "period" => ".",
        "underscore" => "_",
        "dash" | "hyphen" | "minus" => "-",
        "plus" => "+",
        _ => return None,
    })
}

/// Words and signs in turn; what is written with its signs ("jane@example.com") comes apart at the `@`.
fn mail(words: &str) -> Option<String> {
    let lower = words.to_lowercase().replace('@', " at ");
    let words: Vec<&str> = lower.split_whitespace().map(|word| word.trim_matches([',', ';', ':', '?', '!', '"'])).collect();
    // The last "at" is that of the address: "send it to Jane at jane at example dot com".
    let at = words.iter().rposition(|word| *word == "at")?;
    let local = joined_back(words.get(..at)?);
    let domain = joined(words.get(at + 1..)?);
    let domain = domain.trim_end_matches('.');
    let address = format!("{local}@{domain}");
    (address.len() <= LONGEST && words_to_say(&address) <= SAYABLE && is_local(&local) && is_domain(domain)).then_some(address)
}

/// Each run of letters is a word, and each other sign is one.
fn words_to_say(address: &str) -> usize {
    let signs = address.chars().filter(|sign| !sign.is_alphabetic()).count();
    signs + address.split(|sign: char| !sign.is_alphabetic()).filter(|run| !run.is_empty()).count()
}

/// Whether two pieces beside each other are one word: a single letter or digit is spelled.
fn are_one(one: &str, other: &str) -> bool {
    let is_single = |word: &str| piece(word).chars().count() == 1;
    sign(one).is_some() || sign(other).is_some() || (is_single(one) && is_single(other))
}

/// A digit said as a word is the digit.
fn piece(word: &str) -> String {
    match sign(word) {
        Some(sign) => sign.to_owned(),
        None => DIGITS.iter().position(|digit| *digit == word).map_or_else(|| word.to_owned(), |digit| digit.to_string()),
    }
}

/// The pieces at the front that belong together.
fn joined(words: &[&str]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 && words.get(at - 1).is_some_and(|before| !are_one(before, word)) {
            break;
        }
        text.push_str(&piece(word));
    }
    text
}

/// The pieces at the end that belong together.
fn joined_back(words: &[&str]) -> String {
    let from = (1..words.len()).rev().find(|at| {
        let pair = (words.get(at - 1), words.get(*at));
        matches!(pair, (Some(before), Some(word)) if *before == "at" || !are_one(before, word))
    });
    joined(words.get(from.unwrap_or(0)..).unwrap_or_default())
}

fn is_local(text: &str) -> bool {
    let signs = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-' | b'+');
    let ends = text.starts_with('.') || text.ends_with('.') || text.contains("..");
    !text.is_empty() && text.bytes().all(signs) && !ends
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let signs = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        !label.is_empty() && label.len() <= 63 && signs && !label.starts_with('-') && !label.ends_with('-')
    };
    let top = text.rsplit('.').next().unwrap_or_default();
    text.contains('.') && text.split('.').all(label) && top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// A number with its country: it begins with a plus, however that is said.
fn number(words: &str) -> Option<Phone> {
    let lower = words.to_lowercase().replace('+', " plus ");
    let mut text = String::new();
    let mut times = 1;
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        match word {
            "plus" if text.is_empty() => text.push('+'),
            "double" => times = 2,
            "triple" => times = 3,
            "oh" | "o" if text.starts_with('+') => push(&mut text, "0", &mut times),
            word if word.bytes().all(|byte| byte.is_ascii_digit()) => push(&mut text, word, &mut times),
            word => match DIGITS.iter().position(|digit| *digit == word) {
                Some(digit) => push(&mut text, &digit.to_string(), &mut times),
                // What stands in front or behind; between its digits a number has no other words.
                None if AROUND_NUMBERS.contains(&word) => {}
                None => return None,
            },
        }
    }
    Phone::parse(&text).ok()
}

fn push(text: &mut String, digits: &str, times: &mut usize) {
    text.push_str(&digits.repeat(*times));
    *times = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_said() {
        for (said, address) in [
            ("jane at example dot com", "jane@example.com"),
            ("send it to jane dot doe at mail dot example dot co dot uk", "jane.doe@mail.example.co.uk"),
            ("Jane, her address is jane underscore two at example dot org", "jane_2@example.org"),
            ("j d o e at example dot com", "jdoe@example.com"),
            ("j four two at x y z dot net", "j42@xyz.net"),
            ("Jane at jane at example dot com", "jane@example.com"),
            ("Jane.Doe@Example.com", "jane.doe@example.com"),
            ("mail jane@example.com, please", "jane@example.com"),
            ("jane plus files at my dash firm dot com", "jane+files@my-firm.com"),
        ] {
            assert_eq!(spoken_address(said), Some(Address::Mail(address.to_owned())), "{said}");
        }
        for (said, number) in [
            ("+1 (555) 010-0142", "+15550100142"),
            ("plus one five five five oh one oh oh one four two", "+15550100142"),
            ("text it to plus four four 20 7946 double zero one two", "+4420794600 12"),
        ] {
            assert_eq!(spoken_address(said), Some(Address::Number(Phone::parse(number).unwrap())), "{said}");
        }
    }

    #[test]
    fn what_is_no_whole_address_is_none() {
        for said in [
            "",
            "John Smythe",
            "John at Borealis",
            "jane at example",
            "at example dot com",
            "jane at dot com",
            "jane at example dot c",
            "jane\u{430} at example dot com",
            "555 0142",
            "Sam two five",
            "the finance team",
            "contact_01h455vb4pex5vsknk084sn02q",
            "a1b2c3d4e5f6g7h8@example.com",
            "a\r\nbcc: x at example dot com",
        ] {
            let read = spoken_address(said);
            assert!(read.is_none() || said.contains("bcc"), "{said}: {read:?}");
        }
        let Some(Address::Mail(address)) = spoken_address("a\r\nbcc: x at example dot com") else { panic!("a mail address is in it") };
        assert_eq!(address, "x@example.com");
    }

    #[test]
    fn whatever_is_said_an_address_has_only_signs_of_addresses() {
        bolero::check!().with_iterations(2000).with_type::<String>().for_each(|text| {
            if let Some(Address::Mail(address)) = spoken_address(text) {
                assert!(address.bytes().all(|byte| byte.is_ascii_graphic()) && address.matches('@').count() == 1, "{text}: {address}");
            }
        });
    }
}
