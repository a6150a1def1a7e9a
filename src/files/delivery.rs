//! What workers do with messages: take one, look whether it still means anything, and settle it.

use jiff::SignedDuration;

use super::messages::read_letter;
use super::{Files, FilesError};
use crate::catalog::{LeasedMessage, MessageStanding, Settled};
use crate::domain::{AuditEntry, CallId, Channel, Letter, Timestamp, random_bytes};

/// How often a message is tried at most.
pub const MOST_ATTEMPTS: u32 = 12;
/// The wait before the second attempt, in seconds; it doubles with each.
const FIRST_WAIT: i64 = 15;
/// The longest wait between attempts, in seconds.
const LONGEST_WAIT: i64 = 3600;

/// A message as whoever delivers it needs it.
#[derive(Debug)]
pub struct ToDeliver {
    /// Mail address or number.
    pub address: String,
    /// What it tells.
    pub letter: Letter,
    /// In which call it was written.
    pub call: Option<CallId>,
    /// When it was written.
    pub written_at: Timestamp,
    /// After this instant it is worth nothing.
    pub expires_at: Timestamp,
}

/// Why a message was not delivered.
#[derive(Debug)]
pub struct Undelivered<'a> {
    /// In words of our own, for the record.
    pub reason: &'a str,
    /// What the other side said.
    pub detail: Option<&'a str>,
    /// How long the other side wants to be left alone.
    pub after: Option<SignedDuration>,
    /// Whether another try is worth it.
    pub worth_retrying: bool,
}

/// Seconds until the next attempt: doubled with each, and by chance (`luck` of 256) up to half as long again, so that
/// what failed together does not come back together.
fn wait(attempts: u32, luck: u8) -> i64 {
    let doubled = FIRST_WAIT.saturating_mul(1_i64.checked_shl(attempts.saturating_sub(1).min(32)).unwrap_or(i64::MAX));
    let wait = doubled.min(LONGEST_WAIT);
    wait + wait / 2 * i64::from(luck) / 256
}

/// When a message that failed is tried again; `None` where it is given up.
fn next_attempt(message: &LeasedMessage, expires_at: Timestamp, failed: &Undelivered<'_>, now: Timestamp, luck: u8) -> Option<Timestamp> {
    if !failed.worth_retrying || message.attempts >= MOST_ATTEMPTS {
        return None;
    }
    let own = SignedDuration::from_secs(wait(message.attempts, luck));
    let wait = failed.after.map_or(own, |asked| asked.max(own).min(SignedDuration::from_secs(LONGEST_WAIT)));
    // One that would come too late is left to expire, which says what became of it.
    now.checked_add(wait).ok().map(|at| at.min(expires_at))
}

impl Files {
    /// The message that waits for longest on one of these channels, leased for `seconds`.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn lease_message(&self, seconds: i64, channels: &[Channel]) -> Result<Option<LeasedMessage>, FilesError> {
        Ok(self.0.catalog.lease_message(self.seconds_on(seconds), channels).await?)
    }

    /// Keeps a leased message for `seconds` from now.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer.
    pub async fn renew_message(&self, message: &LeasedMessage, seconds: i64) -> Result<(), FilesError> {
        Ok(self.0.catalog.renew_message(message, self.seconds_on(seconds)).await?)
    }

    /// Opens a leased message; `None` where it means nothing any more, which is then settled.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer.
    pub async fn open_message(&self, message: &LeasedMessage) -> Result<Option<ToDeliver>, FilesError> {
        let (stored, standing) = self.0.catalog.leased_message(message).await?;
        let over = match standing {
            MessageStanding::Good => None,
            MessageStanding::Withdrawn => Some((Settled::Cancelled, "cancelled", "what it is about was taken back")),
            MessageStanding::Ended => Some((Settled::Expired, "expired", "what it tells has ended")),
        };
        if let Some((settled, outcome, reason)) = over {
            self.settle_message(message, stored.call, &settled, reason, outcome).await?;
            return Ok(None);
        }
        let body = self.0.secrets.unseal(message.customer, "message", &stored.sealed_body);
        let Some(letter) = body.as_deref().and_then(read_letter) else {
            let failed = Undelivered { reason: "its sealed text cannot be opened", detail: None, after: None, worth_retrying: false };
            self.message_failed(message, stored.call, stored.expires_at, &failed).await?;
            return Ok(None);
        };
        Ok(Some(ToDeliver {
            address: stored.address,
            letter,
            call: stored.call,
            written_at: stored.created_at,
            expires_at: stored.expires_at,
        }))
    }

    /// Notes that a message was handed over.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer: it may be sent again then.
    pub async fn message_sent(
        &self,
        message: &LeasedMessage,
        call: Option<CallId>,
        carrier: &str,
        receipt: Option<&str>,
    ) -> Result<(), FilesError> {
        let settled = Settled::Sent { receipt: receipt.map(str::to_owned) };
        self.settle_message(message, call, &settled, &format!("{} by {carrier}", message.channel), "sent").await
    }

    /// Notes that a message was not handed over, and when it is tried again; `None` where it was given up.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer.
    pub async fn message_failed(
        &self,
        message: &LeasedMessage,
        call: Option<CallId>,
        expires_at: Timestamp,
        failed: &Undelivered<'_>,
    ) -> Result<Option<Timestamp>, FilesError> {
        let [luck] = random_bytes(&*self.0.entropy);
        let error = failed.detail.map_or_else(|| failed.reason.to_owned(), |detail| format!("{}: {detail}", failed.reason));
        let next = next_attempt(message, expires_at, failed, self.now(), luck);
        let (settled, outcome) = match next {
            Some(at) => (Settled::Again { at, error }, "failed"),
            None => (Settled::Failed { error }, "given_up"),
        };
        self.settle_message(message, call, &settled, failed.reason, outcome).await?;
        Ok(next)
    }

    /// Puts a message back that was not tried.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer.
    pub async fn put_back_message(&self, message: &LeasedMessage) -> Result<(), FilesError> {
        Ok(self.0.catalog.put_back_message(message).await?)
    }

    async fn settle_message(
        &self,
        message: &LeasedMessage,
        call: Option<CallId>,
        settled: &Settled,
        reason: &str,
        outcome: &'static str,
    ) -> Result<(), FilesError> {
        let entry = AuditEntry { call, reason: Some(reason.to_owned()), ..Self::worker_entry("message", outcome, message.id) };
        self.0.catalog.settle_message(message, settled, &entry).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CustomerId, ManualClock, MessageId, SeededEntropy};

    fn message(attempts: u32) -> LeasedMessage {
        let (clock, entropy) = (ManualClock::at("2026-11-26T07:00:00Z"), SeededEntropy::new(1));
        let (id, customer) = (MessageId::new(&clock, &entropy), CustomerId::new(&clock, &entropy));
        LeasedMessage { id, customer, channel: Channel::Mail, attempts }
    }

    #[test]
    fn waits_double_up_to_an_hour_and_differ_by_chance() {
        let waits: Vec<i64> = (1..=12).map(|attempts| wait(attempts, 0)).collect();
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]);
        assert!(wait(1, 255) > 15 && wait(1, 255) <= 22);
        assert!(wait(u32::MAX, 255) <= LONGEST_WAIT * 3 / 2);
    }

    #[test]
    fn a_message_is_tried_again_until_it_is_worth_nothing_or_was_tried_often_enough() {
        let now: Timestamp = "2026-11-26T07:00:00Z".parse().unwrap();
        let at = |seconds| now + SignedDuration::from_secs(seconds);
        let failed = |worth_retrying, after: Option<i64>| Undelivered {
            reason: "x",
            detail: None,
            after: after.map(SignedDuration::from_secs),
            worth_retrying,
        };
        for (attempts, left, failed, expected) in [
            (1, 600, failed(true, None), Some(15)),
            (3, 600, failed(true, None), Some(60)),
            (1, 600, failed(true, Some(120)), Some(120)),
            (3, 600, failed(true, Some(1)), Some(60)),
            (1, 90_000, failed(true, Some(80_000)), Some(3600)),
            (6, 100, failed(true, None), Some(100)),
            (MOST_ATTEMPTS, 90_000, failed(true, None), None),
            (1, 600, failed(false, None), None),
        ] {
            let next = next_attempt(&message(attempts), at(left), &failed, now, 0);
            assert_eq!(next, expected.map(at), "{attempts} {left} {failed:?}");
        }
    }
}
