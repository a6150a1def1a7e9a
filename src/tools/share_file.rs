//! `share_file`: asks for the yes that a share needs, and tells what was shared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Answer, Outcome};
use super::kit::{FileItem, Kit, Tool, people_choice, recipient_of};
use super::lifetime;
use super::registry::Hints;
use crate::domain::{CallContext, Edition, Lifetime, Person, Phone, Rights, Timestamp};
use crate::files::{FilesError, IssuedCode, ReadBack, ShareAnswer, ShareRequest, Shared, Style, Toward, Who};
use crate::speech::{
    AlreadyShared, ChoosePerson, ConfirmShare, ManyPeople, MustSay, NoAddress, PersonNotFound, SentBy, ShareToward, SharedInside,
    SharedOutside, SharedWithCaller, Spoken, confirm_keys, speakable_title, spell, spoken_address, spoken_code_words, spoken_count,
    spoken_digits, spoken_duration, spoken_left, spoken_times,
};

/// What the recipient may do.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RightsWord {
    #[default]
    View,
    Comment,
    Edit,
}

impl From<RightsWord> for Rights {
    fn from(word: RightsWord) -> Self {
        match word {
            RightsWord::View => Self::View,
            RightsWord::Comment => Self::Comment,
            RightsWord::Edit => Self::Edit,
        }
    }
}

/// Which version the recipient gets.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EditionWord {
    #[default]
    ThisVersion,
    NewestVersion,
}

impl From<EditionWord> for Edition {
    fn from(word: EditionWord) -> Self {
        match word {
            EditionWord::ThisVersion => Self::Confirmed,
            EditionWord::NewestVersion => Self::Newest,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// Which file: a handle such as f1, "the second one", or the caller's own words for it.
    file: String,
    /// Who gets it, in the caller's own words: a name, a team, "me", a mail address or number as it was said ("jane at example dot com"), or "anyone with the link".
    with: String,
    /// What the recipient may do; view when left out.
    rights: Option<RightsWord>,
    /// For how long, as the caller said it: "two hours", "a week". A minute to a year; seven days when left out.
    lifetime: Option<String>,
    /// Which version the recipient gets: the file as it is now, also after it changes, or always the newest one. As it is now when left out.
    edition: Option<EditionWord>,
    /// How many times the link may be opened: "she may open it twice" is 2. From 1 to 1000; as often as wanted when left out.
    downloads: Option<u32>,
}

/// A link, without its address unless settings reveal it.
#[derive(Debug, Serialize, JsonSchema)]
struct LinkData {
    /// Its id.
    id: String,
    /// Its address, for a screen; never say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// A code to be said.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CodeData {
    /// Digits, when it is made of digits: six for a link, eight for a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<String>,
    /// Words, when it is made of words.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// As it is said.
    spoken: String,
    /// When it ends, RFC 3339.
    expires_at: String,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Data {
    /// Candidates, when it is not clear which file.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileItem>>,
    /// Candidates, when it is not clear who.
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<Vec<String>>,
    /// What the file is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Who gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    /// What the recipient may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    rights: Option<String>,
    /// How many times the link may be opened, where that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    downloads: Option<u32>,
    /// Until when, RFC 3339; set once it is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// The share; set once it is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<String>,
    /// Its link; set once it is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkData>,
    /// The code for somebody outside; set once it is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<CodeData>,
}

pub(super) fn spoken_code(code: &IssuedCode) -> Spoken {
    match code.style {
        Style::Digits => spoken_digits(&code.text),
        Style::Words => spoken_code_words(&code.text),
    }
}

pub(super) fn must_say_code(code: &IssuedCode) -> MustSay {
    match code.style {
        Style::Digits => MustSay::digits(&code.text),
        Style::Words => MustSay::words(&spoken_code_words(&code.text)),
    }
}

pub(super) fn code_data(code: &IssuedCode) -> CodeData {
    let (digits, words) = match code.style {
        Style::Digits => (Some(code.text.clone()), None),
        Style::Words => (None, Some(code.text.clone())),
    };
    CodeData { digits, words, spoken: spoken_code(code).to_string(), expires_at: code.expires_at.to_string() }
}

/// Seconds until an instant as they are told: to the nearest minute where there is one, none when it is past.
pub(super) fn seconds_left(until: Timestamp, now: Timestamp) -> u64 {
    let seconds = u64::try_from(until.duration_since(now).as_secs()).unwrap_or(0);
    if seconds < 50 { seconds } else { (seconds + 30) / 60 * 60 }
}

/// The read-back that asks for a yes.
pub(super) fn question(kit: &Kit, read_back: &ReadBack) -> Answer {
    let person = &read_back.recipient;
    let lifetime = spoken_duration(read_back.lifetime.seconds().unsigned_abs());
    let mut must_say = Vec::new();
    let (toward, recipient) = match read_back.toward {
        Toward::Somebody => {
            let recipient = recipient_of(person, &read_back.soundalikes);
            must_say.push(MustSay::recipient(&recipient, &person.name));
            (ShareToward::Somebody, recipient)
        }
        Toward::Caller => (ShareToward::Caller, recipient_of(person, &[])),
        Toward::Anyone => (ShareToward::Anyone, recipient_of(person, &[])),
        // What a recogniser heard of an address is spelled back before anything goes there.
        Toward::New => {
            let address = person.email.as_deref().or(person.phone.as_ref().map(Phone::as_str)).unwrap_or_default();
            let spoken = spoken_address(address);
            must_say.push(MustSay { text: spoken.to_string(), spell: spell(address) });
            (ShareToward::NewContact, spoken)
        }
    };
    must_say.push(MustSay::lifetime(&lifetime));
    let say = kit.say(&ConfirmShare {
        title: speakable_title(&read_back.file.title),
        toward,
        recipient,
        rights: read_back.rights,
        lifetime,
        downloads: read_back.downloads.map(|most| spoken_times(u64::from(most))),
        with_code: read_back.with_code,
        newest: read_back.edition.follows(),
    });
    let data = Data {
        title: Some(speakable_title(&read_back.file.title).to_string()),
        recipient: Some(person.name.clone()),
        rights: Some(read_back.rights.as_str().to_owned()),
        downloads: read_back.downloads,
        ..Data::default()
    };
    Answer::new(Outcome::Confirm, say)
        .with_data(&data)
        .must_say(must_say)
        .keys(confirm_keys())
        .next("confirm_action")
        .asking(read_back.pending)
}

/// What is told of a share that exists.
pub(super) fn told(kit: &Kit, shared: &Shared, is_new: bool) -> Answer {
    let now = kit.files.now();
    let title = speakable_title(&shared.file.title);
    let recipient = recipient_of(&shared.recipient, &[]);
    let left = seconds_left(shared.expires_at, now);
    let mut must_say = Vec::new();
    let say = match (&shared.code, is_new) {
        (Some(code), true) => {
            let code_lifetime = spoken_duration(seconds_left(code.expires_at, now).max(1));
            must_say.push(must_say_code(code));
            must_say.push(MustSay::lifetime(&code_lifetime));
            let (title, code) = (Some(title.clone()), spoken_code(code));
            let (by, code_by) = (SentBy::from(shared.channel), SentBy::from(shared.code_channel));
            match shared.toward {
                Toward::Caller | Toward::Anyone => {
                    let anyone = shared.toward == Toward::Anyone;
                    kit.say(&SharedWithCaller { title, by, anyone, code, code_by, code_lifetime })
                }
                Toward::Somebody | Toward::New => {
                    let lifetime = Some(spoken_duration(left.max(1)));
                    kit.say(&SharedOutside { title, recipient, by, lifetime, code, code_by, code_lifetime, undo: true })
                }
            }
        }
        (None, true) => {
            kit.say(&SharedInside { title: title.clone(), recipient, rights: shared.rights, lifetime: spoken_duration(left.max(1)) })
        }
        (_, false) => kit.say(&AlreadyShared { title: title.clone(), recipient, left: spoken_left(left) }),
    };
    let data = Data {
        title: Some(title.to_string()),
        recipient: Some(shared.recipient.name.clone()),
        rights: Some(shared.rights.as_str().to_owned()),
        expires_at: Some(shared.expires_at.to_string()),
        share: Some(shared.share.to_string()),
        link: Some(LinkData { id: shared.link.to_string(), url: shared.url.clone() }),
        code: shared.code.as_ref().map(code_data),
        ..Data::default()
    };
    let answer = Answer::new(Outcome::Done, say).with_data(&data).must_say(must_say);
    if is_outside(shared) && shared.code.is_none() { answer.next("generate_access_code") } else { answer }
}

fn is_outside(shared: &Shared) -> bool {
    shared.recipient.kind() == crate::domain::PersonKind::Contact
}

/// The question who is meant, before the tool is called again.
pub(super) fn which_person(kit: &Kit, who: &Who, tool: &str) -> Answer {
    match who {
        Who::Several(people) if people.len() <= 3 => {
            let said: Vec<Spoken> = people.iter().map(|person| recipient_of(person, people)).collect();
            let keys = crate::speech::choose_keys(people.iter().map(with_detail));
            let data = Data { people: Some(people.iter().map(with_detail).collect()), ..Data::default() };
            Answer::new(Outcome::Choose, kit.say(&ChoosePerson { people: people_choice(said) })).with_data(&data).keys(keys).next(tool)
        }
        Who::Several(people) => {
            let data = Data { people: Some(people.iter().take(10).map(with_detail).collect()), ..Data::default() };
            Answer::new(Outcome::Choose, kit.say(&ManyPeople { count: spoken_count(people.len() as u64) })).with_data(&data).next(tool)
        }
        Who::One { person, .. } => nobody(kit, std::slice::from_ref(person)),
        Who::Nobody { nearest } => nobody(kit, nearest),
    }
}

fn nobody(kit: &Kit, nearest: &[Person]) -> Answer {
    let data = Data { people: Some(nearest.iter().map(with_detail).collect()), ..Data::default() };
    let line = PersonNotFound { nearest: nearest.first().map(|person| recipient_of(person, &[])) };
    Answer::new(Outcome::NotFound, kit.say(&line)).with_data(&data)
}

fn with_detail(person: &Person) -> String {
    match &person.detail {
        Some(detail) => format!("{}, {detail}", person.name),
        None => person.name.clone(),
    }
}

pub(super) struct ShareFile;

impl Tool for ShareFile {
    type Input = Input;
    type Data = Data;
    const NAME: &'static str = "share_file";
    const TITLE: &'static str = "Share a file";
    const DESCRIPTION: &'static str = "Shares a file with a person or a team. The first call changes nothing: it answers with a read-back to say to the \
        caller. Pass the caller's answer to confirm_action. Somebody outside also gets a spoken code.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: true, open_world: true };
    const WRITES: bool = true;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        let lifetime = match input.lifetime.as_deref().map(lifetime::parse).transpose() {
            Ok(lifetime) => lifetime.unwrap_or(Lifetime::SHARE),
            Err(error) => return Err(FilesError::Invalid { field: "lifetime", reason: error.to_string() }),
        };
        let (rights, edition) = (input.rights.unwrap_or_default().into(), input.edition.unwrap_or_default().into());
        let request = ShareRequest { file: input.file, with: input.with, rights, lifetime, edition, downloads: input.downloads };
        Ok(match kit.files.ask_share(ctx, &request).await? {
            ShareAnswer::Confirm(read_back) => question(kit, &read_back),
            ShareAnswer::Already(shared) => told(kit, &shared, false),
            ShareAnswer::WhichFile(unclear) => kit.unclear(ctx, &unclear),
            ShareAnswer::WhichPerson(who) => which_person(kit, &who, Self::NAME),
            ShareAnswer::NoAddress(person) => {
                let recipient = recipient_of(&person, &[]);
                Answer::new(Outcome::Unavailable, kit.say(&NoAddress { recipient })).with_data(
                    &json!({ "recipient": person.name, "error": { "code": "invalid", "field": "with", "reason": "has no address" } }),
                )
            }
        })
    }
}
