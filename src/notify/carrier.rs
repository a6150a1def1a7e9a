//! The port: what a carrier is given, and what it says of it.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{Channel, CustomerId, MessageId, Timestamp, clean_text};

/// Longest text of somebody else's that is kept about a failure, in characters.
const DETAIL: usize = 200;

/// One message, ready to go.
#[derive(Clone)]
pub struct Dispatch {
    /// Which: the same at every attempt, so that whoever takes it can tell a second one.
    pub id: MessageId,
    /// In whose name it goes.
    pub customer: CustomerId,
    /// How it reaches the person.
    pub channel: Channel,
    /// What it tells: `link`, `code`, ….
    pub kind: &'static str,
    /// Mail address or number.
    pub to: String,
    /// The recipient's name.
    pub to_name: Option<String>,
    /// The customer's name.
    pub from_name: Option<String>,
    /// One line; of a mail alone.
    pub subject: Option<String>,
    /// Plain text.
    pub text: String,
    /// The same as HTML; of a mail alone.
    pub html: Option<String>,
    /// When it was written.
    pub written_at: Timestamp,
    /// After this instant it is worth nothing any more.
    pub expires_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A message is a secret, and so is to whom it goes.
        out.debug_struct("Dispatch").field("id", &self.id).field("channel", &self.channel).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What the carrier calls the message it took, where it calls it something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt(pub Option<String>);

/// A message was not taken, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCarried {
    /// It may be taken later.
    #[error("{reason}")]
    Later {
        /// Why, in words of our own; for records and logs.
        reason: String,
        /// What the other side said of it, cut short.
        detail: Option<String>,
        /// How long it wants to be left alone.
        after: Option<Duration>,
    },
    /// It will never be taken.
    #[error("{reason}")]
    Never {
        /// Why, in words of our own; for records and logs.
        reason: String,
        /// What the other side said of it, cut short.
        detail: Option<String>,
    },
}

impl NotCarried {
    /// Worth another try.
    pub fn later(reason: impl Into<String>) -> Self {
        Self::Later { reason: reason.into(), detail: None, after: None }
    }

    /// Not worth another try.
    pub fn never(reason: impl Into<String>) -> Self {
        Self::Never { reason: reason.into(), detail: None }
    }

    /// With what the other side said.
    #[must_use]
    pub fn told(self, said: &str) -> Self {
        let said = Some(clean_text(said, DETAIL)).filter(|text| !text.is_empty());
        match self {
            Self::Later { reason, after, .. } => Self::Later { reason, detail: said, after },
            Self::Never { reason, .. } => Self::Never { reason, detail: said },
        }
    }

    /// With how long the other side wants to be left alone.
    #[must_use]
    pub fn after(self, wait: Option<Duration>) -> Self {
        match self {
            Self::Later { reason, detail, .. } => Self::Later { reason, detail, after: wait },
            never @ Self::Never { .. } => never,
        }
    }

    /// What the other side said of it.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Later { detail, .. } | Self::Never { detail, .. } => detail.as_deref(),
        }
    }
}

/// Brings messages to whoever takes them further. An implementation bounds its time and what it reads, and
/// keeps secrets out of what it says.
#[async_trait]
pub trait Carrier: fmt::Debug + Send + Sync {
    /// What it is called in logs and reports.
    fn name(&self) -> &'static str;

    /// Hands a message over. `Ok` means that the other side has said that it took it.
    ///
    /// # Errors
    /// When it did not say so. It may have taken it all the same, where the connection broke: the next
    /// attempt carries the same id.
    async fn carry(&self, dispatch: &Dispatch) -> Result<Receipt, NotCarried>;

    /// Whether it could hand over a message now, without handing one over: what was found, in words.
    ///
    /// # Errors
    /// When it could not.
    async fn probe(&self, now: Timestamp) -> Result<String, NotCarried>;
}
