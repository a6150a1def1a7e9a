//! What a call is told while it runs: files that arrive, what becomes of them, links that are opened.

use super::{Files, FilesError, Subject};
use crate::catalog::EventRecord;
use crate::domain::{AuditEntry, CallId, CustomerId, Decision};
use crate::policy::OpenCall;

/// Events that are read at once.
const PAGE: u32 = 100;

/// A call that somebody listens to.
#[derive(Debug, Clone, Copy)]
pub struct Listening {
    customer: CustomerId,
    call: CallId,
}

/// What a listener hears next.
#[derive(Debug, Clone)]
pub struct EventsPage {
    /// Events, oldest first.
    pub events: Vec<EventRecord>,
    /// Whether the call is over, and nothing more comes.
    pub is_over: bool,
}

impl Listening {
    /// Whose call it is.
    pub const fn customer(&self) -> CustomerId {
        self.customer
    }

    /// Which call.
    pub const fn call(&self) -> CallId {
        self.call
    }
}

impl Files {
    /// Begins to listen to a living call, by our id or the platform's: for the program that opened it, and for the
    /// call itself.
    ///
    /// # Errors
    /// `NotFound` when there is none, or it is another; `Refused` without the right.
    pub async fn listen(&self, subject: &Subject, id: &str) -> Result<Listening, FilesError> {
        let policy = match subject.call {
            // Its own token is what opens a call's events.
            Some(_) => None,
            None => Some(self.permit_customer::<OpenCall>(subject).await?.policies().to_owned()),
        };
        let found = self.0.catalog.call(subject.customer(), id).await?;
        let Some(call) =
            found.filter(|call| call.is_alive(self.now()) && subject.call.is_none_or(|own| own == call.id)).map(|call| call.id)
        else {
            return Err(self.absent(subject, "listen", None).await?);
        };
        let entry = AuditEntry { object: Some(call.to_string()), decision: Decision::Allow, policy, ..subject.entry("listen", "done") };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(Listening { customer: subject.customer(), call })
    }

    /// What a listener hears after the event of this number. No record: that it listens has one.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn events(&self, listening: &Listening, after: u64) -> Result<EventsPage, FilesError> {
        // In this order: what happens before the call ends is heard before its end.
        let call = self.0.catalog.call(listening.customer, &listening.call.to_string()).await?;
        let events = self.0.catalog.events(listening.customer, listening.call, after, PAGE).await?;
        let is_last = events.len() < PAGE as usize;
        Ok(EventsPage { events, is_over: is_last && !call.is_some_and(|call| call.is_alive(self.now())) })
    }
}
