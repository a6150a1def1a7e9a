//! All tools under their names: definitions for whoever publishes them, and the one way to call them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::answer::{Answer, Outcome};
use super::check_progress::CheckProgress;
use super::confirm_action::{self, ConfirmAction};
use super::decode::{self, BadArgument};
use super::describe_file::DescribeFile;
use super::file_history::FileHistoryTool;
use super::find_file::FindFile;
use super::gate::{Crowd, Full, Gate, Place};
use super::generate_access_code::GenerateAccessCode;
use super::kit::{Kit, Tool};
use super::request_upload::RequestUpload;
use super::revoke_access::RevokeAccess;
use super::share_file::ShareFile;
use super::{schema, simulate};
use crate::domain::{CallContext, CustomerId, ErrorCode, PendingId};
use crate::files::{Files, FilesError, Once};
use crate::speech::{Speech, Working};
use crate::telemetry::{Stopwatch, metric};

/// What clients may assume of a tool (MCP tool annotations).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hints {
    /// It changes nothing.
    pub read_only: bool,
    /// It may remove something.
    pub destructive: bool,
    /// Twice is as good as once.
    pub idempotent: bool,
    /// It reaches beyond Satchel.
    pub open_world: bool,
}

/// A tool as it is published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it does and when to call it, for a model.
    pub description: &'static str,
    /// JSON schema of its arguments.
    pub input_schema: Value,
    /// JSON schema of its answer.
    pub output_schema: Value,
    /// What clients may assume.
    pub annotations: Hints,
}

/// There is no tool of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no tool `{name}`")]
pub struct UnknownTool {
    /// The name that was asked for.
    pub name: String,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Answer, Trouble>> + Send + 'a>>;

enum Trouble {
    Argument(BadArgument),
    Files(FilesError),
}

struct Entry {
    definition: Definition,
    writes: bool,
    run: for<'a> fn(&'a Kit, &'a CallContext, Value, &'a Value) -> Running<'a>,
}

fn run<'a, T: Tool>(kit: &'a Kit, ctx: &'a CallContext, raw: Value, schema: &'a Value) -> Running<'a> {
    Box::pin(async move {
        let input = decode::arguments::<T::Input>(raw, schema).map_err(Trouble::Argument)?;
        T::run(kit, ctx, input).await.map_err(Trouble::Files)
    })
}

fn entry<T: Tool>() -> Entry {
    Entry {
        definition: Definition {
            name: T::NAME,
            title: T::TITLE,
            description: T::DESCRIPTION,
            input_schema: schema::of::<T::Input>(),
            output_schema: schema::answer::<T::Data>(),
            annotations: T::HINTS,
        },
        writes: T::WRITES,
        run: run::<T>,
    }
}

/// The tools, in the order they are published.
fn all() -> Vec<Entry> {
    vec![
        entry::<FindFile>(),
        entry::<DescribeFile>(),
        entry::<ShareFile>(),
        entry::<GenerateAccessCode>(),
        entry::<ConfirmAction>(),
        entry::<RevokeAccess>(),
        entry::<FileHistoryTool>(),
        entry::<RequestUpload>(),
        entry::<CheckProgress>(),
    ]
}

/// All tools as they are published, in a fixed order.
pub fn definitions() -> Vec<Definition> {
    all().into_iter().map(|entry| entry.definition).collect()
}

/// All tools.
pub struct Registry {
    kit: Kit,
    gate: Arc<Gate>,
    entries: Vec<Entry>,
    definitions: Vec<Definition>,
}

impl Registry {
    /// The tools over these use cases, speaking with this voice.
    #[must_use]
    pub fn new(files: Files, speech: Arc<Speech>) -> Self {
        Self { kit: Kit { files, speech }, gate: Gate::new(Crowd::default()), entries: all(), definitions: definitions() }
    }

    /// The same tools, with so many calls in work and in line; a further one is told at once to come back.
    #[must_use]
    pub fn for_crowd(self, crowd: Crowd) -> Self {
        Self { gate: Gate::new(crowd), ..self }
    }

    /// A place among those at work for a customer, when its turn has come, for a request that calls no tool:
    /// whoever asks for very much waits for itself, whatever it asks for. `None`, at once, where too many wait.
    pub async fn place(&self, customer: CustomerId) -> Option<Place> {
        self.gate.enter(customer).await.ok()
    }

    /// All tools as they are published, in a fixed order.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Calls a tool. `raw` is an object, a JSON string of one, or null. `simulation` forces an outcome
    /// on customers marked as test, as `Satchel-Simulate` gives it (`working; delay=3000`).
    ///
    /// # Errors
    /// When there is no tool of that name. Everything else is an answer.
    pub async fn call(&self, ctx: &CallContext, name: &str, raw: Value, simulation: Option<&str>) -> Result<Answer, UnknownTool> {
        let Some(entry) = self.entries.iter().find(|entry| entry.definition.name == name) else {
            return Err(UnknownTool { name: name.chars().take(64).collect() });
        };
        let watch = Stopwatch::start();
        let answer = match self.kit.files.pace_call(ctx) {
            Ok(()) => self.answer(entry, ctx, raw, simulation).await,
            Err(error) => self.kit.trouble(entry.definition.name, &error),
        };
        tracing::info!(
            metric = metric::TOOL_CALL_MS,
            tool.name = entry.definition.name,
            call.id = %ctx.call,
            door = ctx.origin.door.as_str(),
            outcome = answer.outcome.as_str(),
            elapsed_ms = watch.elapsed_ms(),
            "tool call answered"
        );
        Ok(answer)
    }

    /// Takes what the caller chose in a form that a door put beside the question of `action`.
    pub async fn answer_form(&self, ctx: &CallContext, action: PendingId, accepted: bool) -> Answer {
        match confirm_action::answered(&self.kit, ctx, self.kit.files.answer_form(ctx, action, accepted).await) {
            Ok(answer) => answer,
            Err(error) => self.kit.trouble(ConfirmAction::NAME, &error),
        }
    }

    /// Records that a form came back which is none of this call's.
    pub async fn refuse_form(&self, ctx: &CallContext, reason: &str) {
        if let Err(error) = self.kit.files.note(ctx, ConfirmAction::NAME, "refused", Some(reason.to_owned())).await {
            tracing::warn!(error = %error, "a forged form could not be recorded");
        }
    }

    /// Runs a tool, or pretends to, when its customer's turn has come.
    async fn answer(&self, entry: &Entry, ctx: &CallContext, raw: Value, simulation: Option<&str>) -> Answer {
        let name = entry.definition.name;
        let _place = match tokio::time::timeout(self.left(ctx), self.gate.enter(ctx.customer)).await {
            Ok(Ok(place)) => place,
            Ok(Err(Full)) => return self.not_now(ErrorCode::TooMany),
            Err(_) => {
                tracing::warn!(tool.name = name, call.id = %ctx.call, "tool call waited for its turn until its deadline");
                return self.not_now(ErrorCode::Timeout);
            }
        };
        if let Some(simulation) = simulation.filter(|_| ctx.is_test).and_then(simulate::parse) {
            tokio::time::sleep(simulation.delay).await;
            if let Some(outcome) = simulation.outcome {
                return simulate::answer(&self.kit, outcome);
            }
        }
        if let Ok(answer) = tokio::time::timeout(self.left(ctx), self.once(entry, ctx, raw)).await {
            answer
        } else {
            tracing::warn!(tool.name = name, call.id = %ctx.call, "tool call ran into its deadline");
            // What was begun is committed or rolled back by now; either way its key may be used again.
            if entry.writes
                && let Err(error) = self.kit.files.settle(ctx, None).await
            {
                tracing::warn!(tool.name = name, error = %error, "the key of a late call stays taken for a while");
            }
            self.not_now(ErrorCode::Timeout)
        }
    }

    /// Until the answer is due.
    fn left(&self, ctx: &CallContext) -> Duration {
        Duration::try_from(ctx.deadline.duration_since(self.kit.files.now())).unwrap_or(Duration::ZERO)
    }

    fn not_now(&self, code: ErrorCode) -> Answer {
        Answer::not_now(&self.kit.speech, code)
    }

    /// Runs a tool that writes at most once under the request's key.
    async fn once(&self, entry: &Entry, ctx: &CallContext, raw: Value) -> Answer {
        let name = entry.definition.name;
        if !entry.writes || ctx.idempotency_key.is_none() {
            return self.run(entry, ctx, raw).await;
        }
        match self.kit.files.once(ctx, name, &raw.to_string()).await {
            Ok(Once::Fresh) => {}
            Ok(Once::Running) => return Answer::new(Outcome::Working, self.kit.say(&Working { about: None })),
            Ok(Once::Answered(answer)) => {
                return serde_json::from_str(&answer).unwrap_or_else(|_| self.kit.trouble(name, &FilesError::Sealed { what: "answer" }));
            }
            Ok(Once::OtherRequest) => {
                let reason = "was used for another request".to_owned();
                return self.kit.bad_argument(&BadArgument { field: "idempotency_key".to_owned(), reason });
            }
            Err(error) => return self.kit.trouble(name, &error),
        }
        let answer = self.run(entry, ctx, raw).await;
        // What failed for a passing reason may be tried again under the same key.
        let keep = !matches!(answer.outcome, Outcome::Unavailable | Outcome::Working);
        let text = keep.then(|| serde_json::to_string(&answer).ok()).flatten();
        if let Err(error) = self.kit.files.settle(ctx, text.as_deref()).await {
            tracing::warn!(tool.name = name, error = %error, "an answer could not be kept under its key");
        }
        answer
    }

    async fn run(&self, entry: &Entry, ctx: &CallContext, raw: Value) -> Answer {
        let name = entry.definition.name;
        match (entry.run)(&self.kit, ctx, raw, &entry.definition.input_schema).await {
            // A yes that follows could be meant for this question instead of the one that waits.
            Ok(answer) if answer.puts_another_question() => match self.kit.files.put_another_question(ctx).await {
                Ok(()) => answer,
                Err(error) => self.kit.trouble(name, &error),
            },
            Ok(answer) => answer,
            Err(Trouble::Files(error)) => self.kit.trouble(name, &error),
            Err(Trouble::Argument(bad)) => match self.kit.files.note(ctx, name, "invalid", Some(bad.to_string())).await {
                Ok(()) => self.kit.bad_argument(&bad),
                Err(error) => self.kit.trouble(name, &error),
            },
        }
    }
}
