//! What every tool has at hand, and how what stops a use case is said.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Answer, Outcome};
use super::decode::BadArgument;
use super::registry::Hints;
use crate::domain::{CallContext, ErrorCode, FileStatus, Person};
use crate::files::{Files, FilesError, ListedFile, Unclear};
use crate::speech::{
    Apology, Candidate, Field, FindMany, FindNone, FindNoneNearest, FindSeveral, Invalid, Keys, Line, Listed, NotAllowed, NotFound,
    NothingListed, Part, Quarantined, ShareSensitive, Speech, Spoken, StillChecking, TooMany, Unavailable, choice, choose_keys, narrowing,
    speakable_title, spoken_count, spoken_date, spoken_findings, spoken_kind, spoken_name, spoken_recipient,
};

/// A tool: its types, its words for a model, and its work.
pub(super) trait Tool: Send + Sync + 'static {
    /// Its arguments.
    type Input: for<'de> Deserialize<'de> + JsonSchema + Send;
    /// What it tells beyond the sentence.
    type Data: Serialize + JsonSchema;
    /// Its name.
    const NAME: &'static str;
    /// Its name for people.
    const TITLE: &'static str;
    /// What it does and when to call it, for a model.
    const DESCRIPTION: &'static str;
    /// What clients may assume.
    const HINTS: Hints;
    /// Whether the same call twice must be one effect.
    const WRITES: bool;

    /// Does it.
    fn run(kit: &Kit, ctx: &CallContext, input: Self::Input) -> impl Future<Output = Result<Answer, FilesError>> + Send;
}

/// Use cases and voice.
#[derive(Clone)]
pub(super) struct Kit {
    pub files: Files,
    pub speech: Arc<Speech>,
}

/// A file as a tool lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct FileItem {
    /// Its handle in this call, for the `file` argument of other tools.
    pub file: String,
    /// What it is called.
    pub title: String,
    /// What separates it from others: kind, date, author.
    pub detail: String,
}

/// More than three are asked about with one narrowing question.
pub(super) const MOST_CHOICES: usize = 3;

pub(super) fn handle(number: u32) -> String {
    format!("f{number}")
}

impl Kit {
    pub fn say<L: Line>(&self, line: &L) -> String {
        self.speech.say(line)
    }

    /// The caller's date today.
    pub fn today(&self, ctx: &CallContext) -> jiff::civil::Date {
        ctx.settings.zone().to_datetime(self.files.now()).date()
    }

    pub fn item(&self, ctx: &CallContext, listed: &ListedFile) -> FileItem {
        let file = &listed.file;
        let mut detail = spoken_kind(file.category).to_string();
        if let Some(date) = file.created_date {
            detail.push_str(" from ");
            detail.push_str(spoken_date(date, self.today(ctx)).as_str());
        }
        if let Some(author) = &file.author {
            detail.push_str(", by ");
            detail.push_str(spoken_name(author).as_str());
        }
        if file.version > 1 {
            detail.push_str(", version ");
            detail.push_str(&file.version.to_string());
        }
        FileItem { file: handle(listed.handle), title: speakable_title(&file.title).to_string(), detail }
    }

    pub fn items(&self, ctx: &CallContext, listed: &[ListedFile]) -> Vec<FileItem> {
        listed.iter().map(|file| self.item(ctx, file)).collect()
    }

    /// The question between several files.
    pub fn which(&self, ctx: &CallContext, listed: &[ListedFile]) -> Answer {
        let today = self.today(ctx);
        let candidates: Vec<Candidate<'_>> = listed.iter().map(candidate).collect();
        let count = spoken_count(listed.len() as u64);
        let say = if listed.len() <= MOST_CHOICES {
            self.say(&FindSeveral { count, choice: choice(&candidates, today) })
        } else {
            self.say(&FindMany { count, narrowing: narrowing(&candidates, today) })
        };
        let items = self.items(ctx, listed);
        let keys = keys_of(listed);
        Answer::new(Outcome::Choose, say).with_data(&json!({ "files": items })).keys(keys)
    }

    /// The answer where an argument does not name one file.
    pub fn unclear(&self, ctx: &CallContext, unclear: &Unclear) -> Answer {
        match unclear {
            Unclear::Several(listed) => self.which(ctx, listed),
            Unclear::UnknownHandle(listed) if listed.is_empty() => {
                Answer::new(Outcome::Choose, self.say(&NothingListed {})).with_data(&json!({ "files": [] })).next("find_file")
            }
            Unclear::UnknownHandle(listed) => {
                let line = Listed {
                    count: spoken_count(listed.len() as u64),
                    titles: listed.iter().take(MOST_CHOICES).map(|file| speakable_title(&file.file.title)).collect(),
                    more: listed.len() > MOST_CHOICES,
                };
                Answer::new(Outcome::Choose, self.say(&line)).with_data(&json!({ "files": self.items(ctx, listed) })).keys(keys_of(listed))
            }
            Unclear::Nothing { nearest } => self.nothing(ctx, nearest),
        }
    }

    /// The answer where nothing was found.
    pub fn nothing(&self, ctx: &CallContext, nearest: &[ListedFile]) -> Answer {
        let say = match nearest.first() {
            Some(file) => self.say(&FindNoneNearest { nearest: speakable_title(&file.file.title) }),
            None => self.say(&FindNone {}),
        };
        Answer::new(Outcome::NotFound, say).with_data(&json!({ "files": self.items(ctx, nearest) })).keys(keys_of(nearest))
    }

    /// The answer to arguments that cannot be used.
    pub fn bad_argument(&self, bad: &BadArgument) -> Answer {
        Answer::new(Outcome::Invalid, self.say(&Invalid { field: Field::of(&bad.field) }))
            .with_data(&json!({ "error": { "code": ErrorCode::Invalid.as_str(), "field": bad.field, "reason": bad.reason } }))
    }

    /// The answer where a use case did not happen. Faults of parts are logged here, once.
    pub fn trouble(&self, tool: &'static str, error: &FilesError) -> Answer {
        let code = error.code();
        let answer = match error {
            FilesError::NotFound | FilesError::NoPreview(_) => Answer::new(Outcome::NotFound, self.say(&NotFound {})),
            FilesError::Refused | FilesError::Held { .. } => Answer::new(Outcome::Refused, self.say(&NotAllowed {})),
            FilesError::TooSensitive { holds } => {
                Answer::new(Outcome::Refused, self.say(&ShareSensitive { holds: spoken_findings(holds) }))
            }
            FilesError::Invalid { field, reason } => {
                return self.bad_argument(&BadArgument { field: (*field).to_owned(), reason: reason.clone() });
            }
            FilesError::NotReady { title, status: FileStatus::Uploading | FileStatus::Scanning | FileStatus::Processing } => {
                Answer::new(Outcome::Unavailable, self.say(&StillChecking { title: speakable_title(title) }))
            }
            FilesError::Quarantined { title } => Answer::new(Outcome::Refused, self.say(&Quarantined { title: speakable_title(title) })),
            FilesError::Blob(_) => Answer::new(Outcome::Unavailable, self.say(&Unavailable { part: Part::Store })),
            FilesError::Search(_) => Answer::new(Outcome::Unavailable, self.say(&Unavailable { part: Part::Search })),
            FilesError::TooMany(_) | FilesError::TooFast { .. } => Answer::new(Outcome::Unavailable, self.say(&TooMany {})),
            FilesError::Catalog(_) if code == ErrorCode::TooMany => Answer::new(Outcome::Unavailable, self.say(&TooMany {})),
            FilesError::NotReady { .. } | FilesError::Conflict(_) | FilesError::Catalog(_) | FilesError::Outside(_) => {
                Answer::new(Outcome::Unavailable, self.say(&Unavailable { part: Part::General }))
            }
            FilesError::Policy(_) | FilesError::Sealed { .. } => Answer::new(Outcome::Unavailable, self.say(&Apology {})),
        };
        if matches!(code, ErrorCode::Unavailable | ErrorCode::Internal) {
            let source = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(tool.name = tool, code = %code, error = %error, error.source = source, "tool call failed");
        }
        answer.with_data(&json!({ "error": { "code": code.as_str() } }))
    }
}

pub(super) fn keys_of(listed: &[ListedFile]) -> Keys {
    if listed.len() > MOST_CHOICES { Keys::new() } else { choose_keys(listed.iter().map(|file| handle(file.handle))) }
}

fn candidate(listed: &ListedFile) -> Candidate<'_> {
    let file = &listed.file;
    Candidate {
        title: &file.title,
        author: file.author.as_deref(),
        date: file.created_date,
        kind: file.category,
        folder: &file.folder,
        version: file.version,
        recipient: None,
    }
}

/// Somebody as he is named, with what separates him from those who sound alike.
pub(super) fn recipient_of(person: &Person, soundalikes: &[Person]) -> Spoken {
    let others: Vec<&Person> = soundalikes.iter().collect();
    spoken_recipient(person, &others)
}

/// The question between people, each as the read-back would name him.
pub(super) fn people_choice(names: Vec<Spoken>) -> Vec<Spoken> {
    names.into_iter().take(MOST_CHOICES).collect()
}
