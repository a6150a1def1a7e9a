//! What waits in a call for the caller's yes: one typed value, written into the catalog when it is
//! asked and looked at anew when it is answered.
//!
//! To add one: a variant of [`Asked`], [`Reviewed`], [`Question`] and [`Confirmed`], and its arms
//! below. The use case that asks calls [`Files::put_in_wait`]; nothing else of a confirmation is its
//! concern.

use serde::{Deserialize, Serialize};

use super::requests::AskedUpload;
use super::share::AskedShare;
use super::{Files, FilesError, ReadBack, Requested, Shared, Subject, UploadReadBack};
use crate::catalog::{NewPending, Pending};
use crate::domain::{AuditEntry, CallContext, CallId, Decision, FileRecord, FileStatus, PendingId, Person, PersonKind, Timestamp};
use crate::policy::Evidence;

/// A yes counts for two minutes.
const PENDING_SECONDS: i64 = 120;

/// The action that waits, exactly.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(super) enum Asked {
    /// A share.
    Share(AskedShare),
    /// A link for uploads, for somebody outside.
    Upload(AskedUpload),
}

/// An action that waits, beside what is true now.
#[derive(Debug)]
pub(super) enum Reviewed {
    /// A share.
    Share {
        /// As it was asked.
        asked: AskedShare,
        /// Its file now.
        file: Box<FileRecord>,
        /// Its recipient now.
        recipient: Person,
    },
    /// A link for uploads.
    Upload {
        /// As it was asked.
        asked: AskedUpload,
        /// Who is to send, now.
        sender: Person,
    },
}

/// What is read back to the caller.
#[derive(Debug, Clone)]
pub enum Question {
    /// May this be shared?
    Share(Box<ReadBack>),
    /// May this be asked for?
    Upload(Box<UploadReadBack>),
}

impl Question {
    /// How often an answer to it was not understood.
    pub const fn failures(&self) -> u32 {
        match self {
            Self::Share(read_back) => read_back.failures,
            Self::Upload(read_back) => read_back.failures,
        }
    }

    /// The action it asks about.
    pub const fn pending(&self) -> PendingId {
        match self {
            Self::Share(read_back) => read_back.pending,
            Self::Upload(read_back) => read_back.pending,
        }
    }
}

/// What a yes has done.
#[derive(Debug, Clone)]
pub enum Confirmed {
    /// It is shared.
    Shared(Box<Shared>),
    /// It is asked for.
    Requested(Box<Requested>),
}

impl Reviewed {
    /// Whether it is not any more what the caller was asked about.
    pub fn is_changed(&self) -> bool {
        match self {
            // A file that was removed since is not named again, whatever the answer was.
            Self::Share { asked, file, .. } => {
                file.version != asked.version || matches!(file.status, FileStatus::Deleted | FileStatus::Expired)
            }
            Self::Upload { .. } => false,
        }
    }

    /// Whether it gives something to somebody outside the customer.
    pub fn is_outside(&self) -> bool {
        match self {
            Self::Share { recipient: person, .. } | Self::Upload { sender: person, .. } => person.kind() == PersonKind::Contact,
        }
    }

    /// A record of what became of it.
    pub fn entry(&self, subject: &Subject, outcome: &'static str) -> AuditEntry {
        match self {
            Self::Share { file, .. } => AuditEntry {
                object: Some(file.id.to_string()),
                version: Some(file.version),
                content_hash: Some(file.checksum.hex()),
                decision: Decision::None,
                ..subject.entry("confirm", outcome)
            },
            Self::Upload { sender, .. } => AuditEntry { object: Some(sender.id.to_string()), ..subject.entry("confirm", outcome) },
        }
    }

    /// The question once more, after so many answers that were no answers.
    ///
    /// # Errors
    /// `Invalid` when what lies in the catalog means no lifetime.
    pub fn question(self, pending: PendingId, failures: u32) -> Result<Question, FilesError> {
        match self {
            Self::Share { asked, file, recipient } => {
                Ok(Question::Share(Box::new(ReadBack::of(&asked, *file, recipient, (pending, failures))?)))
            }
            Self::Upload { asked, sender } => Ok(Question::Upload(Box::new(asked.read_back(pending, sender, failures)?))),
        }
    }
}

impl Files {
    /// Puts an action in wait for the caller's yes, which needs the evidence that is demanded. `words` is how
    /// many the read-back has, about: before they can have been heard, a yes without evidence does not count.
    ///
    /// # Errors
    /// `Conflict` when the call has ended or another person has taken the line; else when it could not
    /// be committed.
    pub(super) async fn put_in_wait(
        &self,
        ctx: &CallContext,
        asked: &Asked,
        words: usize,
        demanded: Evidence,
        entry: &AuditEntry,
    ) -> Result<PendingId, FilesError> {
        let payload = serde_json::to_string(asked).map_err(|_| FilesError::Sealed { what: "pending action" })?;
        let pending = NewPending {
            id: PendingId::new(&*self.0.clock, &*self.0.entropy),
            payload,
            batch: ctx.batch.clone(),
            not_before: self.heard_by(words),
            expires_at: self.after(PENDING_SECONDS),
            evidence: demanded.as_str(),
        };
        self.0.catalog.ask(ctx.customer, ctx.call, ctx.epoch, &pending, entry).await?;
        Ok(pending.id)
    }

    /// When so many words, said from now on, can have been heard.
    pub(super) fn heard_by(&self, words: usize) -> Timestamp {
        let speed = usize::try_from(self.0.settings.heard_words_per_second.max(1)).unwrap_or(1);
        self.after(i64::try_from(words.div_ceil(speed)).unwrap_or(i64::MAX))
    }

    fn after(&self, seconds: i64) -> Timestamp {
        self.now().saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// The question of a call as a client carries it through a form and back: sealed for the customer,
    /// and good for this call, this caller and this action alone.
    ///
    /// # Errors
    /// Never with a key of the right length.
    pub fn seal_question(&self, ctx: &CallContext, question: PendingId) -> Result<String, FilesError> {
        let text = format!("{} {} {question}", ctx.call, ctx.epoch);
        self.0.secrets.seal(ctx.customer, "question", &text).ok_or(FilesError::Sealed { what: "question" })
    }

    /// The action that a sealed question of this call and this caller asks about; `None` for anything
    /// else, whoever sealed it and whatever was changed.
    pub fn unseal_question(&self, ctx: &CallContext, sealed: &str) -> Option<PendingId> {
        let text = self.0.secrets.unseal(ctx.customer, "question", sealed)?;
        let question = text.strip_prefix(&format!("{} {} ", ctx.call, ctx.epoch))?;
        PendingId::parse(question).ok()
    }

    /// What waits, beside what is true now.
    ///
    /// # Errors
    /// `NotFound` when what it is about is gone without a trace; else when the catalog does not answer.
    pub(super) async fn review(&self, ctx: &CallContext, pending: &Pending) -> Result<Reviewed, FilesError> {
        let asked = serde_json::from_str(&pending.payload).map_err(|_| FilesError::Sealed { what: "pending action" })?;
        match asked {
            Asked::Share(asked) => {
                let recipient = self.asked_recipient(ctx, &asked).await?;
                let file = self.0.catalog.file(ctx.customer, asked.file).await?.ok_or(FilesError::NotFound)?;
                Ok(Reviewed::Share { asked, file: Box::new(file), recipient })
            }
            Asked::Upload(asked) => {
                let sender = self.person(ctx, asked.sender).await?;
                Ok(Reviewed::Upload { asked, sender })
            }
        }
    }

    /// Does what the caller said yes to.
    ///
    /// # Errors
    /// `Refused` and the like when rights changed since the question; `Conflict` when another answer
    /// came first; else when it could not be committed.
    pub(super) async fn carry_out(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        confirmed: (CallId, PendingId),
        reviewed: Reviewed,
    ) -> Result<Confirmed, FilesError> {
        match reviewed {
            Reviewed::Share { asked, file, recipient } => {
                let shared = self.give_share(ctx, subject, confirmed, &asked, *file, recipient).await?;
                Ok(Confirmed::Shared(Box::new(shared)))
            }
            Reviewed::Upload { asked, sender } => {
                let requested = self.give_request(ctx, subject, confirmed, &asked, sender).await?;
                Ok(Confirmed::Requested(Box::new(requested)))
            }
        }
    }
}
