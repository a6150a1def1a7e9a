//! Messages as they are looked at: what was written, to whom, and what became of it.

use super::messages::read_letter;
use super::{Files, FilesError, Subject};
use crate::catalog::MessageState;
use crate::domain::{Channel, Letter, MessageId, PersonId, Timestamp};
use crate::policy::ManagePeople;

/// Messages that are looked at at once.
const PAGE: u32 = 100;

/// A message, to look at.
#[derive(Debug, Clone)]
pub struct OutboxLine {
    /// Which.
    pub id: MessageId,
    /// To whom.
    pub recipient: PersonId,
    /// How.
    pub channel: Channel,
    /// To where, and what it tells; only of a customer that is marked as test, whose messages go to nobody.
    pub text: Option<OutboxText>,
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

/// What a message holds.
#[derive(Debug, Clone)]
pub struct OutboxText {
    /// Mail address or number.
    pub address: String,
    /// What it tells.
    pub letter: Letter,
}

impl Files {
    /// The newest messages of a customer and what became of them; opened, where it is marked as test.
    ///
    /// # Errors
    /// `Refused` without the right.
    pub async fn outbox(&self, subject: &Subject) -> Result<Vec<OutboxLine>, FilesError> {
        let permit = self.permit_customer::<ManagePeople>(subject).await?;
        let customer = subject.customer();
        let is_test = self.0.catalog.customer(customer).await?.is_some_and(|customer| customer.is_test);
        let entry = subject.allowed("read_outbox", "done", &permit);
        self.0.catalog.record(customer, &entry).await?;
        let mut lines = Vec::new();
        for message in self.0.catalog.outbox(customer, PAGE).await? {
            let text = if is_test {
                let body = self.0.secrets.unseal(customer, "message", &message.sealed_body);
                let letter = body.as_deref().and_then(read_letter).ok_or(FilesError::Sealed { what: "message" })?;
                Some(OutboxText { address: message.address, letter })
            } else {
                None
            };
            lines.push(OutboxLine {
                id: message.id,
                recipient: message.recipient,
                channel: message.channel,
                text,
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
