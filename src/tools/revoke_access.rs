//! `revoke_access`: takes back what was shared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Outcome};
use super::kit::{FileItem, Kit, MOST_CHOICES, Tool, recipient_of};
use super::registry::Hints;
use crate::domain::{CallContext, Person};
use crate::files::{FilesError, GivenShare, RevokeAnswer, RevokeRequest};
use crate::speech::{
    ChooseShare, ManyShares, NothingShared, OpenedBefore, RevokeDone, SharesDiffer, Spoken, choose_keys, speakable_title, spoken_count,
    spoken_past, spoken_people, spoken_times,
};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// Which file: a handle such as f1, the caller's own words for it, or "everything". What was shared last in this call when all three are left out.
    file: Option<String>,
    /// From whom, in the caller's own words: a name, a team, "everybody", "anyone with the link".
    with: Option<String>,
    /// When it was shared, in the caller's own words: "yesterday", "this morning", "on Monday".
    when: Option<String>,
}

/// A share that was taken back, or could be.
#[derive(Debug, Serialize, JsonSchema)]
struct ShareItem {
    /// What the file is called.
    title: String,
    /// Who has it.
    recipient: String,
    /// When it was shared, as it is said.
    shared: String,
    /// How often it was opened by its link.
    opened: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Data {
    /// What was taken back, or could be; the newest ten.
    shares: Vec<ShareItem>,
    /// How many were taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_back: Option<u64>,
    /// Candidates, when it is not clear which file.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileItem>>,
}

/// Shares in `data`, at most.
const LISTED: usize = 10;
/// Files or people that are named, at most.
const NAMED: usize = 2;

fn items(kit: &Kit, ctx: &CallContext, shares: &[GivenShare]) -> Vec<ShareItem> {
    let (now, zone) = (kit.files.now(), ctx.settings.zone());
    let item = |given: &GivenShare| ShareItem {
        title: speakable_title(&given.file.title).to_string(),
        recipient: recipient_of(&given.recipient, &[]).to_string(),
        shared: spoken_past(given.share.created_at, now, &zone).to_string(),
        opened: given.share.downloads,
    };
    shares.iter().take(LISTED).map(item).collect()
}

/// Each once, in the order in which they come.
fn distinct(texts: impl Iterator<Item = Spoken>) -> Vec<Spoken> {
    let mut distinct: Vec<Spoken> = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    distinct
}

fn titles(shares: &[GivenShare]) -> Vec<Spoken> {
    distinct(shares.iter().map(|given| speakable_title(&given.file.title)))
}

/// Whether one name may be taken for the other: they share a word, or begin alike.
fn may_be_mixed_up(one: &Person, other: &Person) -> bool {
    let (one, other) = (one.name.to_lowercase(), other.name.to_lowercase());
    one.chars().next() == other.chars().next() || one.split_whitespace().any(|word| other.split_whitespace().any(|known| known == word))
}

fn recipients(shares: &[GivenShare]) -> Vec<Spoken> {
    let named = |given: &GivenShare| {
        let person = &given.recipient;
        let others: Vec<Person> =
            shares.iter().map(|other| &other.recipient).filter(|other| may_be_mixed_up(person, other)).cloned().collect();
        recipient_of(person, &others)
    };
    distinct(shares.iter().map(named))
}

fn done(kit: &Kit, ctx: &CallContext, shares: &[GivenShare]) -> Answer {
    let (titles, recipients) = (titles(shares), recipients(shares));
    let opened: Vec<u64> = shares.iter().map(|given| given.share.downloads).filter(|times| *times > 0).collect();
    // Two shares of one file with one person are one thing to whoever takes it back.
    let is_one = titles.len() == 1 && recipients.len() == 1;
    let (before, times) = match opened.len() {
        0 if is_one => (OpenedBefore::Never, None),
        _ if is_one => (OpenedBefore::Already, Some(spoken_times(opened.iter().sum()))),
        0 => (OpenedBefore::NoneOfThem, None),
        some if some == shares.len() => (OpenedBefore::AllOfThem, None),
        some => (OpenedBefore::SomeOfThem, Some(spoken_count(some as u64))),
    };
    let say = kit.say(&RevokeDone {
        count: (titles.len() > NAMED).then(|| spoken_count(titles.len() as u64)),
        titles: if titles.len() > NAMED { Vec::new() } else { titles },
        recipients: if recipients.len() > NAMED { vec![spoken_people(recipients.len() as u64)] } else { recipients },
        opened: before,
        times,
    });
    let data = Data { shares: items(kit, ctx, shares), taken_back: Some(shares.len() as u64), files: None };
    Answer::new(Outcome::Done, say).with_data(&data)
}

fn which(kit: &Kit, ctx: &CallContext, shares: &[GivenShare]) -> Answer {
    let (titles, recipients) = (titles(shares), recipients(shares));
    let data = Data { shares: items(kit, ctx, shares), taken_back: None, files: None };
    let (by, options) = if recipients.len() > 1 && recipients.len() <= MOST_CHOICES {
        (SharesDiffer::Recipient, recipients)
    } else if titles.len() > 1 && titles.len() <= MOST_CHOICES {
        (SharesDiffer::Title, titles)
    } else {
        let count = spoken_count(shares.len() as u64);
        return Answer::new(Outcome::Choose, kit.say(&ManyShares { count })).with_data(&data).next("revoke_access");
    };
    let keys = choose_keys(options.iter().map(ToString::to_string));
    Answer::new(Outcome::Choose, kit.say(&ChooseShare { by, options })).with_data(&data).keys(keys).next("revoke_access")
}

pub(super) struct RevokeAccess;

impl Tool for RevokeAccess {
    type Input = Input;
    type Data = Data;
    const NAME: &'static str = "revoke_access";
    const TITLE: &'static str = "Take back a share";
    const DESCRIPTION: &'static str = "Takes back what was shared, at once: its link and codes stop working. Say what the caller said: of which file, \
        from whom, when it was shared; leave out the rest. It asks back where that fits several shares.";
    const HINTS: Hints = Hints { read_only: false, destructive: true, idempotent: true, open_world: false };
    const WRITES: bool = true;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        let said = |words: Option<String>| words.filter(|words| !words.trim().is_empty());
        let request = RevokeRequest { file: said(input.file), with: said(input.with), when: said(input.when) };
        Ok(match kit.files.revoke(ctx, &request).await? {
            RevokeAnswer::Revoked(shares) => done(kit, ctx, &shares),
            RevokeAnswer::Which(shares) => which(kit, ctx, &shares),
            RevokeAnswer::WhichFile(unclear) => kit.unclear(ctx, &unclear),
            RevokeAnswer::Nothing => {
                let data = Data { shares: Vec::new(), taken_back: None, files: None };
                Answer::new(Outcome::NotFound, kit.say(&NothingShared {})).with_data(&data)
            }
        })
    }
}
