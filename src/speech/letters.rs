//! Messages as they are written: a subject and two bodies for mail, one short text for a phone.

use jiff::tz::TimeZone;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::gsm::{folded, septets};
use super::render::SpeechError;
use crate::domain::{Channel, Letter, Timestamp, Told};

/// What one text message holds, in characters of its alphabet (GSM 03.38).
const SMS_SEPTETS: usize = 160;
/// Characters of a name that a message repeats.
const NAME_CHARACTERS: usize = 60;
/// Characters of what is asked for, in the words of whoever asked.
const WHAT_CHARACTERS: usize = 200;

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// One line; of a mail alone.
    pub subject: Option<String>,
    /// Plain text.
    pub text: String,
    /// The same as HTML; of a mail alone.
    pub html: Option<String>,
}

/// The wordings of messages in one language, compiled.
#[derive(Debug)]
pub(in crate::speech) struct Letters {
    templates: Environment<'static>,
}

macro_rules! wordings {
    ($($name:literal)*) => {
        const EN: &[(&str, &str)] = &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/message/en/", $name)))),*];
    };
}

wordings! {
    "link.subject.txt" "link.mail.txt" "link.mail.html" "link.sms.txt"
    "code.subject.txt" "code.mail.txt" "code.mail.html" "code.sms.txt"
    "link_and_code.subject.txt" "link_and_code.mail.txt" "link_and_code.mail.html" "link_and_code.sms.txt"
    "upload_link.subject.txt" "upload_link.mail.txt" "upload_link.mail.html" "upload_link.sms.txt"
}

/// What a wording may name.
#[derive(Debug, Clone, Default, Serialize)]
struct Values {
    who: Option<String>,
    sender: Option<String>,
    from: Option<String>,
    to: Option<String>,
    url: Option<String>,
    until: Option<String>,
    until_time: Option<String>,
    code: Option<String>,
    code_until: Option<String>,
    code_until_time: Option<String>,
    code_by: Option<Channel>,
    what: Option<String>,
}

impl Letters {
    /// Compiles the wordings of a language.
    pub fn load(language: &str) -> Result<Self, SpeechError> {
        let sources = match language {
            "en" => EN,
            _ => return Err(SpeechError::UnknownLocale { locale: language.to_owned() }),
        };
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, text) in sources {
            templates.add_template(name, text).map_err(|source| SpeechError::Broken { name, source: Box::new(source) })?;
        }
        Ok(Self { templates })
    }

    /// A letter in words, as its channel carries it.
    ///
    /// # Errors
    /// When a wording names what the letter has not: a fault of the program.
    pub fn write(&self, letter: &Letter, channel: Channel) -> Result<Written, minijinja::Error> {
        let (values, kind) = (values(letter), letter.told.kind());
        match channel {
            Channel::Mail => {
                let values = Values { who: values.who.or_else(|| Some("Somebody".to_owned())), ..values };
                Ok(Written {
                    subject: Some(one_line(&self.render(&format!("{kind}.subject.txt"), &values)?)),
                    text: self.render(&format!("{kind}.mail.txt"), &values)?,
                    html: Some(self.render(&format!("{kind}.mail.html"), &values)?),
                })
            }
            Channel::Sms => Ok(Written { subject: None, text: self.short(&format!("{kind}.sms.txt"), values)?, html: None }),
        }
    }

    /// A text that fits into one message where it can: with all names, with the customer's alone, with none.
    fn short(&self, name: &str, values: Values) -> Result<String, minijinja::Error> {
        let anonymous = Values { who: None, ..values.clone() };
        let by_customer = Values { who: values.from.clone(), ..values.clone() };
        let mut text = String::new();
        for values in [values, by_customer, anonymous] {
            text = folded(&one_line(&self.render(name, &values)?));
            if septets(&text).is_some_and(|length| length <= SMS_SEPTETS) {
                break;
            }
        }
        Ok(text)
    }

    fn render(&self, name: &str, values: &Values) -> Result<String, minijinja::Error> {
        self.templates.get_template(name)?.render(Value::from(Serde(values)))
    }
}

fn values(letter: &Letter) -> Values {
    let zone = TimeZone::get(&letter.time_zone).unwrap_or(TimeZone::UTC);
    let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let time = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%H:%M %Z").to_string();
    let name = |text: &str| Some(harmless(text, NAME_CHARACTERS)).filter(|text| !text.is_empty());
    let (from, sender) = (name(&letter.from), letter.sender.as_deref().and_then(name));
    let who = match (&sender, &from) {
        (Some(sender), Some(from)) => Some(format!("{sender} ({from})")),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let known = Values { who, from, sender, to: letter.to.as_deref().and_then(name), ..Values::default() };
    match &letter.told {
        Told::Link { url, until, code_by } => Values { url: Some(url.clone()), until: until.map(day), code_by: *code_by, ..known },
        Told::Code { code, until } => {
            Values { code: Some(grouped(code)), until: Some(day(*until)), until_time: Some(time(*until)), ..known }
        }
        Told::LinkAndCode { url, until, code, code_until } => Values {
            url: Some(url.clone()),
            until: Some(day(*until)),
            code: Some(grouped(code)),
            code_until: Some(day(*code_until)),
            code_until_time: Some(time(*code_until)),
            ..known
        },
        Told::UploadLink { url, until, what } => Values {
            url: Some(url.clone()),
            until: Some(day(*until)),
            what: what.as_deref().map(|text| harmless(text, WHAT_CHARACTERS)).filter(|text| !text.is_empty()),
            ..known
        },
    }
}

/// Digits in two groups, as they are read; words as they are.
fn grouped(code: &str) -> String {
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    match code.split_at_checked(code.len() / 2) {
        Some((first, second)) if digits && code.len() >= 6 => format!("{first} {second}"),
        _ => code.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name as a message may repeat it: one line, and nothing in it that a reader's program makes a link of.
fn harmless(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut after_dot = false;
    for letter in text.chars().take(most) {
        let kept = letter.is_alphanumeric() || matches!(letter, ' ' | '\'' | '’' | '-' | '.' | ',' | '&' | '(' | ')' | '+');
        let letter = if kept { letter } else { ' ' };
        if after_dot && letter.is_alphanumeric() {
            out.push(' ');
        }
        after_dot = letter == '.';
        out.push(letter);
    }
    one_line(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://files.northwind.example/s/9hY2kq3nT8vB1xLw0ZrD7Q";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn letter(told: Told) -> Letter {
        Letter {
            from: "Northwind".to_owned(),
            sender: Some("Dana Reed".to_owned()),
            to: Some("John Okafor".to_owned()),
            time_zone: "Europe/Berlin".to_owned(),
            told,
        }
    }

    fn every_kind() -> Vec<Told> {
        let (url, until, code) = (URL.to_owned(), at("2026-12-03T14:10:00Z"), "427913".to_owned());
        let code_until = at("2026-11-26T14:10:00Z");
        let mut all = vec![
            Told::Code { code: code.clone(), until },
            Told::Code { code: "amber castle river window stone".to_owned(), until },
            Told::LinkAndCode { url: url.clone(), until, code, code_until },
        ];
        for code_by in [None, Some(Channel::Mail), Some(Channel::Sms)] {
            all.push(Told::Link { url: url.clone(), until: Some(until), code_by });
        }
        all.push(Told::Link { url: url.clone(), until: None, code_by: None });
        all.push(Told::UploadLink { url: url.clone(), until, what: Some("the signed lease".to_owned()) });
        all.push(Told::UploadLink { url, until, what: None });
        all
    }

    #[test]
    fn every_message_is_worded_for_every_channel_and_says_what_it_must() {
        let letters = Letters::load("en").unwrap();
        let hold = |written: &Written, part: &str| {
            assert!(written.text.contains(part), "{part}: {written:?}");
            if let Some(html) = &written.html {
                assert!(html.replace("&#x2f;", "/").contains(part), "{part}: {html}");
            }
        };
        for told in every_kind() {
            for channel in Channel::ALL {
                for (from, sender, to) in [("Northwind", Some("Dana Reed"), Some("John Okafor")), ("", None, None)] {
                    let (sender, to) = (sender.map(str::to_owned), to.map(str::to_owned));
                    let letter = Letter { from: from.to_owned(), sender, to, ..letter(told.clone()) };
                    let written = letters.write(&letter, channel).unwrap();
                    assert_eq!((written.subject.is_some(), written.html.is_some()), (channel == Channel::Mail, channel == Channel::Mail));
                    let all = format!("{written:?}");
                    assert!(!all.contains("none") && !all.contains("undefined") && !all.contains("()"), "{all}");
                    match &told {
                        Told::Link { .. } | Told::UploadLink { .. } => hold(&written, URL),
                        Told::Code { code, .. } if code.contains(' ') => hold(&written, code),
                        Told::Code { .. } => hold(&written, "427 913"),
                        Told::LinkAndCode { .. } => {
                            hold(&written, URL);
                            hold(&written, "427 913");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_mail_reads_as_a_letter() {
        let told = Told::Link { url: URL.to_owned(), until: Some(at("2026-12-03T14:10:00Z")), code_by: Some(Channel::Sms) };
        let written = Letters::load("en").unwrap().write(&letter(told), Channel::Mail).unwrap();
        assert_eq!(written.subject.as_deref(), Some("Dana Reed (Northwind) shared a file with you"));
        let expected = format!(
            "Hello John Okafor,\n\nDana Reed (Northwind) shared a file with you. Open it here:\n\n{URL}\n\n\
             The page asks for a code, which comes to you as a text message. The link works until 3 December 2026, 15:10 CET.\n\n\
             If you did not expect this, you need do nothing: the link opens nothing without the code."
        );
        assert_eq!(written.text, expected);
    }

    #[test]
    fn a_text_fits_into_one_message_whatever_the_names_are() {
        let letters = Letters::load("en").unwrap();
        for name in ["Dana", "Łukasz Żółć", "Zoë O’Brien", "渡辺 直美", &"Maximiliana ".repeat(20)] {
            for told in every_kind() {
                let letter = Letter { sender: Some(name.to_owned()), from: name.to_owned(), ..letter(told) };
                let text = letters.write(&letter, Channel::Sms).unwrap().text;
                assert!(septets(&text).is_some_and(|length| length <= SMS_SEPTETS), "{text}");
            }
        }
        let told = Told::Code { code: "427913".to_owned(), until: at("2026-11-26T14:10:00Z") };
        let text = letters.write(&letter(told), Channel::Sms).unwrap().text;
        assert_eq!(text, "427 913 is the code for the file from Dana Reed (Northwind). It works until 15:10 CET. Give it to nobody.");
    }

    #[test]
    fn a_name_is_no_link_no_markup_and_no_line_of_its_own() {
        for (name, expected) in [
            ("Dr. J. St. John", "Dr. J. St. John"),
            ("Go to https://evil.example/login now", "Go to https evil. example login now"),
            ("<b>Bank</b>", "b Bank b"),
            ("Bank\r\nBcc: all@evil.example", "Bank Bcc all evil. example"),
            ("", ""),
        ] {
            assert_eq!(harmless(name, NAME_CHARACTERS), expected, "{name}");
        }
    }
}
