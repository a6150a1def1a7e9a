//! `request_upload`: a link under which the caller, or somebody he names, sends files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Answer, Outcome};
use super::kit::{Kit, Tool, recipient_of};
use super::registry::Hints;
use super::share_file::{seconds_left, which_person};
use crate::domain::CallContext;
use crate::files::{FilesError, RequestAnswer, Requested, UploadReadBack, UploadRequest};
use crate::speech::{
    ConfirmUpload, MustSay, NoAddress, SentBy, UploadAgain, UploadOfCaller, UploadOfOther, confirm_keys, speakable_title, spoken_duration,
};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// What is wanted, in the caller's words: "the signed contract", "a photo of the damage".
    what: Option<String>,
    /// Who is to send it, in the caller's words; leave it out when the caller sends it himself.
    from: Option<String>,
    /// The folder in which it is to lie, when the caller names one.
    folder: Option<String>,
}

/// The link, without its address unless settings reveal it.
#[derive(Debug, Serialize, JsonSchema)]
struct LinkData {
    /// Its id.
    id: String,
    /// Its address, for a screen; never say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Data {
    /// Candidates, when it is not clear who.
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<Vec<String>>,
    /// Who is to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<String>,
    /// What is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<String>,
    /// Where it will lie; set once the link is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    /// The link; set once it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_link: Option<LinkData>,
    /// How it reaches the sender: mail or sms.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_by: Option<String>,
    /// Files that it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    most_files: Option<u32>,
    /// Until when, RFC 3339; set once it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// The read-back that asks for a yes.
pub(super) fn question(kit: &Kit, asked: &UploadReadBack) -> Answer {
    let sender = recipient_of(&asked.sender, &asked.soundalikes);
    let lifetime = spoken_duration(asked.lifetime.seconds().unsigned_abs());
    let what = asked.what.as_deref().map(speakable_title);
    let say = kit.say(&ConfirmUpload { sender: sender.clone(), what, lifetime: lifetime.clone() });
    let data = Data { sender: Some(asked.sender.name.clone()), what: asked.what.clone(), ..Data::default() };
    Answer::new(Outcome::Confirm, say)
        .with_data(&data)
        .must_say(vec![MustSay::recipient(&sender, &asked.sender.name), MustSay::lifetime(&lifetime)])
        .keys(confirm_keys())
        .next("confirm_action")
        .asking(asked.pending)
}

/// What is told of a link that exists.
pub(super) fn told(kit: &Kit, requested: &Requested, is_new: bool) -> Answer {
    let lifetime = spoken_duration(seconds_left(requested.expires_at, kit.files.now()).max(1));
    let what = requested.what.as_deref().map(speakable_title);
    let sender = (!requested.is_caller).then(|| recipient_of(&requested.sender, &[]));
    let by = SentBy::from(requested.channel);
    let say = match (sender, is_new) {
        (None, true) => kit.say(&UploadOfCaller { what, by, lifetime }),
        (Some(sender), true) => kit.say(&UploadOfOther { sender, what, by, lifetime }),
        (sender, false) => kit.say(&UploadAgain { sender }),
    };
    let data = Data {
        people: None,
        sender: Some(requested.sender.name.clone()),
        what: requested.what.clone(),
        folder: Some(requested.folder.as_str().to_owned()),
        upload_link: Some(LinkData { id: requested.link.to_string(), url: requested.url.clone() }),
        sent_by: requested.channel.map(|channel| channel.as_str().to_owned()),
        most_files: Some(requested.most_files),
        expires_at: Some(requested.expires_at.to_string()),
    };
    Answer::new(Outcome::Done, say).with_data(&data).next("check_progress")
}

pub(super) struct RequestUpload;

impl Tool for RequestUpload {
    type Input = Input;
    type Data = Data;
    const NAME: &'static str = "request_upload";
    const TITLE: &'static str = "Ask for a file";
    const DESCRIPTION: &'static str = "Sends a link to a page on which files are handed over, from a phone too: to the caller, or to whoever the caller \
        wants something from. Somebody outside is asked only after the caller said yes: then the answer is a read-back to say, and the caller's \
        answer goes to confirm_action. What arrives is checked first; check_progress tells how far it is.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: true, open_world: true };
    const WRITES: bool = true;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        let request = UploadRequest { what: input.what, from: input.from, folder: input.folder };
        Ok(match kit.files.ask_upload(ctx, &request).await? {
            RequestAnswer::Made(requested) => told(kit, &requested, true),
            RequestAnswer::Again(requested) => told(kit, &requested, false),
            RequestAnswer::Confirm(asked) => question(kit, &asked),
            RequestAnswer::WhichPerson(who) => which_person(kit, &who, Self::NAME),
            RequestAnswer::NoAddress(person) => {
                let recipient = recipient_of(&person, &[]);
                Answer::new(Outcome::Unavailable, kit.say(&NoAddress { recipient })).with_data(
                    &json!({ "sender": person.name, "error": { "code": "invalid", "field": "from", "reason": "has no address" } }),
                )
            }
        })
    }
}
