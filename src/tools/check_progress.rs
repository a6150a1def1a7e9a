//! `check_progress`: what has arrived, what is being checked, what is ready.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Outcome};
use super::kit::{FileItem, Kit, Tool, handle};
use super::registry::Hints;
use crate::domain::CallContext;
use crate::files::{CameState, FilesError, OnItsWay, Progress};
use crate::speech::{HowFar, Join, NothingArrived, Spoken, speakable_title, spoken_count, spoken_list, spoken_name};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// One file: a handle such as f1, or the caller's own words for it. Leave it out to ask for all that was sent.
    file: Option<String>,
}

/// A file on its way.
#[derive(Debug, Serialize, JsonSchema)]
struct StateItem {
    /// Its handle in this call, for the `file` argument of other tools.
    file: String,
    /// What it is called.
    title: String,
    /// checking, ready, locked with a password, trying the password, locked and the password is wrong, opened by a password,
    /// unreadable, locked away or unchecked.
    state: &'static str,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Data {
    /// Candidates, when it is not clear which file.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileItem>>,
    /// What was sent, the newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    arrived: Option<Vec<StateItem>>,
    /// Who was asked and has sent nothing yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting_for: Vec<String>,
}

/// Files that are named; more are counted.
const NAMED: usize = 2;

const fn state_word(state: CameState) -> &'static str {
    match state {
        CameState::Checking => "checking",
        CameState::Ready => "ready",
        CameState::Closed => "locked with a password",
        CameState::Trying => "trying the password",
        CameState::WrongPassword => "locked and the password is wrong",
        CameState::Opened => "opened by a password",
        CameState::Unread => "unreadable",
        CameState::LockedAway => "locked away",
        CameState::Unchecked => "unchecked",
    }
}

/// Files in one state: their titles where there are few in all, else how many, and whether they are more than one.
fn group(files: &[OnItsWay], state: CameState) -> (Option<Spoken>, bool) {
    let titles: Vec<Spoken> =
        files.iter().filter(|file| file.state == state).map(|file| speakable_title(&file.listed.file.title)).collect();
    let is_many = titles.len() > 1;
    if titles.is_empty() || files.len() <= NAMED {
        return ((!titles.is_empty()).then(|| spoken_list(&titles, Join::And)), is_many);
    }
    let word = if is_many { "files" } else { "file" };
    (Some(Spoken::line(&format!("{} {word}", spoken_count(titles.len() as u64)))), is_many)
}

fn said(kit: &Kit, files: &[OnItsWay]) -> String {
    let (ready, ready_many) = group(files, CameState::Ready);
    let (opened, opened_many) = group(files, CameState::Opened);
    let (trying, trying_many) = group(files, CameState::Trying);
    let (wrong, wrong_many) = group(files, CameState::WrongPassword);
    let (closed, closed_many) = group(files, CameState::Closed);
    let (unread, unread_many) = group(files, CameState::Unread);
    let (checking, checking_many) = group(files, CameState::Checking);
    let (locked, locked_many) = group(files, CameState::LockedAway);
    let (unchecked, unchecked_many) = group(files, CameState::Unchecked);
    kit.say(&HowFar {
        ready,
        ready_many,
        opened,
        opened_many,
        trying,
        trying_many,
        wrong,
        wrong_many,
        closed,
        closed_many,
        unread,
        unread_many,
        checking,
        checking_many,
        locked,
        locked_many,
        unchecked,
        unchecked_many,
    })
}

pub(super) struct CheckProgress;

impl Tool for CheckProgress {
    type Input = Input;
    type Data = Data;
    const NAME: &'static str = "check_progress";
    const TITLE: &'static str = "How far is it?";
    const DESCRIPTION: &'static str = "Tells what has arrived of what was sent or asked for, what is still being checked, what is ready, and what was \
        locked away. Call it when the caller asks whether something is there.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true, open_world: false };
    const WRITES: bool = false;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        let words = input.file.as_deref().map(str::trim).filter(|words| !words.is_empty());
        let (files, waiting_for, yours) = match kit.files.progress(ctx, words).await? {
            Progress::Files { files, waiting_for, waits_for_caller } => (files, waiting_for, waits_for_caller),
            Progress::Which(unclear) => return Ok(kit.unclear(ctx, &unclear)),
        };
        if files.is_empty() {
            let names: Vec<Spoken> = waiting_for.iter().take(NAMED).map(|name| spoken_name(name)).collect();
            let who = (!names.is_empty()).then(|| spoken_list(&names, Join::And));
            let outcome = if who.is_some() || yours { Outcome::Working } else { Outcome::NotFound };
            let say = kit.say(&NothingArrived { waiting_for: who, yours });
            return Ok(Answer::new(outcome, say).with_data(&Data { waiting_for, ..Data::default() }));
        }
        let is_checking = files.iter().any(|file| matches!(file.state, CameState::Checking | CameState::Trying));
        let item = |file: &OnItsWay| StateItem {
            file: handle(file.listed.handle),
            title: speakable_title(&file.listed.file.title).to_string(),
            state: state_word(file.state),
        };
        let data = Data { files: None, arrived: Some(files.iter().map(item).collect()), waiting_for };
        let outcome = if is_checking { Outcome::Working } else { Outcome::Done };
        Ok(Answer::new(outcome, said(kit, &files)).with_data(&data))
    }
}
