//! The caller's answer to the one question that waits in a call. What counts as a yes is ruled in
//! [`evidence`](super::evidence); here the facts are gathered, and what the ruling says is done.

use super::asked::{Confirmed, Question, Reviewed};
use super::evidence::{Facts, Ruling, rule, rule_on_form};
use super::redeem::{Redeemed, seems_a_code};
use super::{Files, FilesError, Subject};
use crate::catalog::Pending;
use crate::domain::{CallContext, Heard, PendingId};
use crate::policy::Evidence;

/// What became of an answer.
#[derive(Debug, Clone)]
pub enum Answered {
    /// Yes: it is done.
    Done(Confirmed),
    /// No: nothing was done.
    Cancelled,
    /// Neither yes nor no, or a yes to something else; it still waits.
    Unclear(Question),
    /// Nobody can have heard the question yet, or only the model says yes; it still waits.
    NotHeard(Question),
    /// A spoken yes where a key must be pressed; it still waits.
    NeedsKey(Question),
    /// Nothing waits.
    Nothing,
    /// Nothing waits, and what the caller gave is a code.
    Code(Redeemed),
    /// It waited too long.
    Expired,
    /// The file changed since the question.
    Changed,
}

/// How an answer came.
#[derive(Debug, Clone, Copy)]
enum Given<'a> {
    /// In a tool's arguments.
    Word(&'a str),
    /// In a form of the client's.
    Form { question: PendingId, accepted: bool },
}

/// Words of the question when it is put again: "Sorry, was that a yes or a no?"
const WORDS_AGAIN: usize = 8;

impl Files {
    /// Takes the caller's answer to what waits in this call.
    ///
    /// # Errors
    /// `Refused` and the like when rights changed since the question; `Conflict` when another answer
    /// came first; else when the catalog does not answer.
    pub async fn answer(&self, ctx: &CallContext, answer: &str) -> Result<Answered, FilesError> {
        self.answered(ctx, Given::Word(answer)).await
    }

    /// Takes what the caller chose in a form that carried `question`, past the model.
    ///
    /// # Errors
    /// As for [`Files::answer`].
    pub async fn answer_form(&self, ctx: &CallContext, question: PendingId, accepted: bool) -> Result<Answered, FilesError> {
        self.answered(ctx, Given::Form { question, accepted }).await
    }

    async fn answered(&self, ctx: &CallContext, given: Given<'_>) -> Result<Answered, FilesError> {
        let subject = self.caller(ctx).await?;
        let pending = self.0.catalog.pending(ctx.customer, ctx.call, ctx.epoch).await?;
        // A form asks one question, and never answers another that came after it.
        let pending = pending.filter(|pending| !matches!(given, Given::Form { question, .. } if question != pending.id));
        let Some(pending) = pending else {
            if let Given::Word(answer) = given
                && seems_a_code(ctx.heard.as_ref(), answer)
            {
                return Ok(Answered::Code(self.redeem(ctx, &subject).await?));
            }
            self.0.catalog.record(ctx.customer, &subject.entry("confirm", "nothing")).await?;
            return Ok(Answered::Nothing);
        };
        if self.now() >= pending.expires_at {
            self.0.catalog.drop_pending(ctx.customer, ctx.call, pending.id, &subject.entry("confirm", "expired")).await?;
            return Ok(Answered::Expired);
        }
        let reviewed = self.review(ctx, &pending).await?;
        if reviewed.is_changed() {
            self.0.catalog.drop_pending(ctx.customer, ctx.call, pending.id, &reviewed.entry(&subject, "changed")).await?;
            return Ok(Answered::Changed);
        }
        let ruling = self.ruling(ctx, given, &pending, &reviewed).await?;
        match ruling {
            Ruling::Do => Ok(Answered::Done(self.carry_out(ctx, &subject, (ctx.call, pending.id), reviewed).await?)),
            Ruling::Drop => {
                self.0.catalog.drop_pending(ctx.customer, ctx.call, pending.id, &reviewed.entry(&subject, "cancelled")).await?;
                Ok(Answered::Cancelled)
            }
            Ruling::AskAgain => Ok(Answered::Unclear(self.ask_again(ctx, &subject, &pending, reviewed, ruling).await?)),
            Ruling::NotHeard => Ok(Answered::NotHeard(self.ask_again(ctx, &subject, &pending, reviewed, ruling).await?)),
            Ruling::NeedsKey => Ok(Answered::NeedsKey(self.ask_again(ctx, &subject, &pending, reviewed, ruling).await?)),
        }
    }

    async fn ask_again(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        pending: &Pending,
        reviewed: Reviewed,
        ruling: Ruling,
    ) -> Result<Question, FilesError> {
        // What was said is answered by putting the question anew; a yes that nobody can have given is not.
        let (outcome, heard_by) = match ruling {
            Ruling::AskAgain => ("unclear", Some(self.heard_by(WORDS_AGAIN))),
            Ruling::NeedsKey => ("needs_key", None),
            Ruling::Do | Ruling::Drop | Ruling::NotHeard => ("not_heard", None),
        };
        let entry = reviewed.entry(subject, outcome);
        self.0.catalog.not_understood(ctx.customer, ctx.call, pending.id, heard_by, &entry).await?;
        reviewed.question(pending.id, pending.failures.saturating_add(1))
    }

    async fn ruling(&self, ctx: &CallContext, given: Given<'_>, pending: &Pending, reviewed: &Reviewed) -> Result<Ruling, FilesError> {
        let call = self.0.catalog.call(ctx.customer, &ctx.call.to_string()).await?.ok_or(FilesError::NotFound)?;
        let mut demanded = Evidence::parse(&pending.evidence).ok_or(FilesError::Sealed { what: "pending action" })?;
        demanded = demanded.max(self.0.settings.evidence.of(reviewed.is_outside()));
        // Where the platform tells what is said, silence is no yes. After text of a file reached the model,
        // its own word is not enough to send things outside.
        if call.speech_reported || (reviewed.is_outside() && call.untrusted_at.is_some()) {
            demanded = demanded.max(Evidence::Heard);
        }
        let answer = match given {
            Given::Form { accepted, .. } => return Ok(rule_on_form(accepted, demanded)),
            Given::Word(answer) => answer,
        };
        let is_used = |heard: &&Heard| call.heard_tried_at.is_some_and(|tried| heard.at <= tried);
        Ok(rule(&Facts {
            answer,
            heard: ctx.heard.as_ref().filter(|heard| !is_used(heard)),
            same_batch: pending.batch.is_some() && pending.batch == ctx.batch,
            asked_at: pending.asked_at,
            not_before: pending.not_before,
            other_asked_at: pending.other_asked_at,
            now: self.now(),
            demanded,
        }))
    }

    /// Notes that an answer of another tool puts a question of its own, while one waits for a yes.
    ///
    /// # Errors
    /// When the catalog does not answer: a yes could then be taken for the wrong one.
    pub async fn put_another_question(&self, ctx: &CallContext) -> Result<(), FilesError> {
        let waiting = self.0.catalog.pending(ctx.customer, ctx.call, ctx.epoch).await?;
        if waiting.is_none_or(|pending| pending.other_asked_at.is_some()) {
            return Ok(());
        }
        let entry = self.caller(ctx).await?.entry("confirm", "asked_else");
        Ok(self.0.catalog.asked_else(ctx.customer, ctx.call, ctx.epoch, &entry).await?)
    }
}
