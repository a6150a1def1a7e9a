//! `file_history`: who has a file, and who opened it when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Outcome};
use super::kit::{FileItem, Kit, Tool, recipient_of};
use super::registry::Hints;
use crate::domain::{CallContext, PersonId};
use crate::files::{Deed, FileHistory, FilesError, Happening, HistoryAnswer};
use crate::speech::{HistoryOpened, HistoryUnopened, HistoryUnshared, Spoken, speakable_title, spoken_name, spoken_past, spoken_times};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// Which file: a handle such as f1, "the second one", or the caller's own words for it.
    file: String,
}

/// What happened with the file.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    Shared,
    Opened,
    TakenBack,
    Ended,
}

/// Something that happened with the file.
#[derive(Debug, Serialize, JsonSchema)]
struct Event {
    /// What.
    what: What,
    /// Who has the share it is about.
    recipient: String,
    /// Who did it, when somebody of the directory did.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// When, as it is said.
    spoken: String,
    /// When, RFC 3339, to the second.
    at: String,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Data {
    /// What the file is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// How often it was opened by a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened: Option<u64>,
    /// What happened, the newest first, eight at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<Event>>,
    /// Candidates, when it is not clear which file.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileItem>>,
}

/// Events in `data`, at most.
const LISTED: usize = 8;
/// Others who opened it, as far as they are named.
const NAMED: usize = 2;

fn event(happening: &Happening, spoken: &Spoken) -> Event {
    let what = match happening.deed {
        Deed::Shared { .. } => What::Shared,
        Deed::Opened { .. } => What::Opened,
        Deed::Revoked => What::TakenBack,
        Deed::Ended => What::Ended,
    };
    Event {
        what,
        recipient: recipient_of(&happening.recipient, &[]).to_string(),
        by: happening.by.as_ref().map(|person| spoken_name(&person.name).to_string()),
        spoken: spoken.to_string(),
        at: happening.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

fn is_opening(happening: &Happening) -> bool {
    matches!(happening.deed, Deed::Opened { .. })
}

/// What is said of it: who opened it last, else who has it, else that nobody has.
fn said(kit: &Kit, ctx: &CallContext, history: &FileHistory, past: impl Fn(&Happening) -> Spoken) -> String {
    let title = speakable_title(&history.file.title);
    let anyone = PersonId::anyone(ctx.customer);
    if let Some(last) = history.happenings.iter().find(|happening| is_opening(happening)) {
        let times = history.happenings.iter().filter(|happening| is_opening(happening)).count();
        let mut others: Vec<Spoken> = Vec::new();
        for other in history
            .happenings
            .iter()
            .filter(|happening| is_opening(happening))
            .filter(|other| ![last.recipient.id, anyone].contains(&other.recipient.id))
        {
            let name = recipient_of(&other.recipient, &[]);
            if !others.contains(&name) && others.len() < NAMED {
                others.push(name);
            }
        }
        return kit.say(&HistoryOpened {
            title,
            opener: (last.recipient.id != anyone).then(|| recipient_of(&last.recipient, &[])),
            when: past(last),
            times: (times > 1).then(|| spoken_times(times as u64)),
            others,
            waiting: history.unopened.iter().find(|person| person.id != anyone).map(|person| recipient_of(person, &[])),
        });
    }
    let Some(given) = history.happenings.iter().find(|happening| matches!(happening.deed, Deed::Shared { .. })) else {
        return kit.say(&HistoryUnshared { title });
    };
    let since = |deed: Deed| {
        history.happenings.iter().any(|other| other.deed == deed && other.recipient.id == given.recipient.id && other.at >= given.at)
    };
    let by_caller = given.by.as_ref().is_some_and(|person| ctx.caller.user().map(PersonId::User) == Some(person.id));
    kit.say(&HistoryUnopened {
        title,
        by_caller,
        giver: given.by.as_ref().map(|person| spoken_name(&person.name)),
        recipient: recipient_of(&given.recipient, &[]),
        when: past(given),
        taken_back: since(Deed::Revoked),
        ended: since(Deed::Ended),
    })
}

pub(super) struct FileHistoryTool;

impl Tool for FileHistoryTool {
    type Input = Input;
    type Data = Data;
    const NAME: &'static str = "file_history";
    const TITLE: &'static str = "Tell what became of a file";
    const DESCRIPTION: &'static str = "Tells who shared a file with whom, who opened it and when, and what was taken back. Use it for questions such \
        as \"has John opened it yet?\".";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true, open_world: false };
    const WRITES: bool = false;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        let history = match kit.files.history(ctx, &input.file).await? {
            HistoryAnswer::Of(history) => history,
            HistoryAnswer::Which(unclear) => return Ok(kit.unclear(ctx, &unclear)),
        };
        let (now, zone) = (kit.files.now(), ctx.settings.zone());
        let past = |happening: &Happening| spoken_past(happening.at, now, &zone);
        let data = Data {
            title: Some(speakable_title(&history.file.title).to_string()),
            opened: Some(history.happenings.iter().filter(|happening| is_opening(happening)).count() as u64),
            events: Some(history.happenings.iter().take(LISTED).map(|happening| event(happening, &past(happening))).collect()),
            files: None,
        };
        Ok(Answer::new(Outcome::Done, said(kit, ctx, &history, past)).with_data(&data))
    }
}
