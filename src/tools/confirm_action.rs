//! `confirm_action`: carries the caller's answer to what waits in the call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Answer, Outcome};
use super::kit::{Kit, Tool};
use super::registry::Hints;
use super::request_upload;
use super::share_file::{self, question, told};
use crate::domain::CallContext;
use crate::files::{Answered, Confirmed, FilesError, Question, Redeemed};
use crate::speech::{
    Attempt, Cancelled, CodeClosed, CodeKeyIt, CodeNotNow, CodeOpened, ConfirmExpired, ConfirmNeedsKey, ConfirmTooEarly, NotUnderstood,
    NothingToConfirm, speakable_title,
};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// The caller's answer, in the caller's own words: "yes", "no", "go ahead"; or "I have a code". Never the code itself.
    answer: String,
}

/// What the confirmed action gives.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Data {
    #[serde(flatten)]
    shared: share_file::Data,
    #[serde(flatten)]
    requested: request_upload::Data,
}

/// What a yes has done, as its own tool tells it.
fn done(kit: &Kit, confirmed: &Confirmed) -> Answer {
    match confirmed {
        Confirmed::Shared(shared) => told(kit, shared, true),
        Confirmed::Requested(requested) => request_upload::told(kit, requested, true),
    }
}

fn again(kit: &Kit, asked: &Question, say: String) -> Answer {
    let answer = match asked {
        Question::Share(read_back) => question(kit, read_back),
        Question::Upload(read_back) => request_upload::question(kit, read_back),
    };
    // This line names neither recipient nor lifetime again, so there is nothing of them to keep.
    Answer { say, must_say: Vec::new(), ..answer }
}

/// What is told of a code that the caller keyed or said.
fn redeemed(kit: &Kit, ctx: &CallContext, redeemed: &Redeemed) -> Answer {
    match redeemed {
        Redeemed::Opened(file) => {
            let title = speakable_title(&file.file.title);
            let items = kit.items(ctx, std::slice::from_ref(file));
            Answer::new(Outcome::Done, kit.say(&CodeOpened { title })).with_data(&json!({ "files": items })).next("describe_file")
        }
        Redeemed::Closed => Answer::new(Outcome::NotFound, kit.say(&CodeClosed {})),
        Redeemed::NotNow => Answer::new(Outcome::Unavailable, kit.say(&CodeNotNow {})),
        Redeemed::Key => Answer::new(Outcome::Choose, kit.say(&CodeKeyIt {})).next("confirm_action"),
    }
}

/// The answer to what the caller answered, however that came.
pub(super) fn answered(kit: &Kit, ctx: &CallContext, answered: Result<Answered, FilesError>) -> Result<Answer, FilesError> {
    let error = |code: &str, reason: &str| json!({ "error": { "code": code, "field": "answer", "reason": reason } });
    Ok(match answered {
        Ok(Answered::Done(confirmed)) => done(kit, &confirmed),
        Ok(Answered::Cancelled) => Answer::new(Outcome::Done, kit.say(&Cancelled {})),
        Ok(Answered::Unclear(asked)) => {
            let attempt = Attempt::after(asked.failures());
            again(kit, &asked, kit.say(&NotUnderstood { attempt }))
        }
        Ok(Answered::NotHeard(asked)) => again(kit, &asked, kit.say(&ConfirmTooEarly {})),
        Ok(Answered::NeedsKey(asked)) => again(kit, &asked, kit.say(&ConfirmNeedsKey {})),
        Ok(Answered::Code(code)) => redeemed(kit, ctx, &code),
        Ok(Answered::Expired) => {
            Answer::new(Outcome::Refused, kit.say(&ConfirmExpired {})).with_data(&error("conflict", "the question was asked too long ago"))
        }
        Ok(Answered::Changed) => {
            Answer::new(Outcome::Refused, kit.say(&ConfirmExpired {})).with_data(&error("conflict", "the file has changed since"))
        }
        Ok(Answered::Nothing) => {
            Answer::new(Outcome::Refused, kit.say(&NothingToConfirm {})).with_data(&error("conflict", "nothing waits for an answer"))
        }
        // Another answer came first: nothing was done twice.
        Err(FilesError::Catalog(source)) if source.code() == crate::domain::ErrorCode::Conflict => {
            Answer::new(Outcome::Refused, kit.say(&NothingToConfirm {})).with_data(&error("conflict", "it was already answered"))
        }
        Err(other) => return Err(other),
    })
}

pub(super) struct ConfirmAction;

impl Tool for ConfirmAction {
    type Input = Input;
    type Data = Data;
    const NAME: &'static str = "confirm_action";
    const TITLE: &'static str = "Confirm or cancel";
    const DESCRIPTION: &'static str = "Carries the caller's answer to the question that was just read back. Call it only after the caller has \
        answered, never in the same step as the call that asked. Silence is not a yes. Call it too when the caller says they have a code to \
        open something: the code itself is keyed, and never passes through you.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: true, open_world: true };
    const WRITES: bool = true;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        answered(kit, ctx, kit.files.answer(ctx, &input.answer).await)
    }
}
