//! `confirm_action`: carries the caller's answer to what waits in the call.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Outcome};
use super::kit::{Kit, Tool};
use super::registry::Hints;
use super::share_file::{self, question, told};
use crate::domain::CallContext;
use crate::files::{Answered, Confirmed, FilesError, Question};
use crate::speech::{Attempt, Cancelled, ConfirmExpired, ConfirmTooEarly, NotUnderstood, NothingToConfirm};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// The caller's answer, in the caller's own words: "yes", "no", "go ahead".
    answer: String,
}

/// What a yes has done, as its own tool tells it.
fn done(kit: &Kit, ctx: &CallContext, confirmed: &Confirmed) -> Answer {
    match confirmed {
        Confirmed::Shared(shared) => told(kit, ctx, shared, true),
    }
}

fn again(kit: &Kit, asked: &Question, say: String) -> Answer {
    let answer = match asked {
        Question::Share(read_back) => question(kit, read_back),
    };
    // This line names neither recipient nor lifetime again, so there is nothing of them to keep.
    Answer { say, must_say: Vec::new(), ..answer }
}

pub(super) struct ConfirmAction;

impl Tool for ConfirmAction {
    type Input = Input;
    type Data = share_file::Data;
    const NAME: &'static str = "confirm_action";
    const TITLE: &'static str = "Confirm or cancel";
    const DESCRIPTION: &'static str = "Carries the caller's answer to the question that was just read back. Call it only after the caller has \
        answered, never in the same step as the call that asked. Silence is not a yes.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: true, open_world: true };
    const WRITES: bool = true;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        let error = |code: &str, reason: &str| json!({ "error": { "code": code, "field": "answer", "reason": reason } });
        Ok(match kit.files.answer(ctx, &input.answer).await {
            Ok(Answered::Done(confirmed)) => done(kit, ctx, &confirmed),
            Ok(Answered::Cancelled) => Answer::new(Outcome::Done, kit.say(&Cancelled {})),
            Ok(Answered::Unclear(asked)) => {
                let attempt = Attempt::after(asked.failures());
                again(kit, &asked, kit.say(&NotUnderstood { attempt }))
            }
            Ok(Answered::NotHeard(asked)) => again(kit, &asked, kit.say(&ConfirmTooEarly {})),
            Ok(Answered::Expired) => Answer::new(Outcome::Refused, kit.say(&ConfirmExpired {}))
                .with_data(&error("conflict", "the question was asked too long ago")),
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
}
