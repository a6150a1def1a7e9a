//! Messages as they are looked at: what was written, to whom, and what became of it.

use super::messages::read_letter;
use super::{Files, FilesError, Subject};
use crate::catalog::MessageState;
use crate::domain::{AuditEntry, Channel, Decision, Letter, MessageId, PersonId, Timestamp};
use crate::policy::ManagePeople;

/// Messages that are looked at at once.
const PAGE: u32 = 100;

/// A message of a test customer, to look at.
#[derive(Debug, Clone)]
pub struct OutboxLine {
    /// Which.
    pub id: MessageId,
    /// To whom.
    pub recipient: PersonId,
    /// How.
    pub channel: Channel,
    /// Mail address or number.
    pub address: String,
    /// What it tells.
    pub letter: Letter,
    /// Where it is.
    pub state: MessageState,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was not delivered the last time.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was handed over.
    pub delivered_at: Option<Timestamp>,
}

impl Files {
    /// The newest messages of a test customer, opened, to look at.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` for a customer that is not marked as test.
    pub async fn outbox(&self, subject: &Subject) -> Result<Vec<OutboxLine>, FilesError> {
        let permit = self.permit_customer::<ManagePeople>(subject).await?;
        let customer = subject.customer();
        if !self.0.catalog.customer(customer).await?.is_some_and(|customer| customer.is_test) {
            return Err(self.absent(subject, "read_outbox", None).await?);
        }
        let entry =
            AuditEntry { decision: Decision::Allow, policy: Some(permit.policies().to_owned()), ..subject.entry("read_outbox", "done") };
        self.0.catalog.record(customer, &entry).await?;
        let mut lines = Vec::new();
        for message in self.0.catalog.outbox(customer, PAGE).await? {
            let body = self.0.secrets.unseal(customer, "message", &message.sealed_body);
            lines.push(OutboxLine {
                id: message.id,
                recipient: message.recipient,
                channel: message.channel,
                address: message.address,
                letter: body.as_deref().and_then(read_letter).ok_or(FilesError::Sealed { what: "message" })?,
                state: message.state,
                attempts: message.attempts,
                last_error: message.last_error,
                created_at: message.created_at,
                delivered_at: message.delivered_at,
            });
        }
        Ok(lines)
    }
}
