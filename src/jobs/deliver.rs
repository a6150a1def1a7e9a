//! Delivers messages: each by the carrier of its customer and channel, several at once in this process.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lease::Lease;
use crate::domain::{CallId, Channel, ErrorCode, Timestamp};
use crate::files::{Files, FilesError, LeasedMessage, ToDeliver, Undelivered};
use crate::notify::{Carrier, Carriers, Dispatch, NotCarried};
use crate::speech::Speech;

/// The longest that handing one message over takes; a carrier's own limit is shorter.
const LONGEST: Duration = Duration::from_mins(5);
/// How long a message of another process may wait unseen.
const IDLE: Duration = Duration::from_secs(1);
/// How long a message under way may take once its worker is told to stop.
const GRACE: Duration = Duration::from_secs(8);
/// Messages that this process hands over at once: one mail server that dawdles holds no other one up for
/// long.
const AT_ONCE: usize = 4;
/// How long a message waits for a carrier that its customer does not have yet.
const UNSERVED: SignedDuration = SignedDuration::from_mins(15);

/// What delivering needs.
#[derive(Clone)]
pub struct Delivery {
    /// The use cases.
    pub files: Files,
    /// Who carries.
    pub carriers: Carriers,
    /// What messages say.
    pub speech: Arc<Speech>,
    /// How long a message is away without a sign of life.
    pub lease: Lease,
}

/// Delivers until cancelled; messages under way have eight seconds to be handed over.
pub async fn deliver(delivery: Delivery, cancel: CancellationToken) {
    let channels = delivery.carriers.channels();
    let (hands, tasks) = (Arc::new(Semaphore::new(AT_ONCE)), TaskTracker::new());
    while !cancel.is_cancelled() {
        // Nothing is leased that would only wait for its turn.
        let Ok(hand) = Arc::clone(&hands).acquire_owned().await else { break };
        match delivery.files.lease_message(delivery.lease.seconds(), &channels).await {
            Ok(Some(message)) => {
                let (delivery, cancel) = (delivery.clone(), cancel.clone());
                tasks.spawn(async move {
                    hand_over(&delivery, &message, &cancel).await;
                    drop(hand);
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(code = %error.code(), error = %error, "no message could be leased; trying again"),
        }
        drop(hand);
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(IDLE) => {}
        }
    }
    tasks.close();
    tasks.wait().await;
}

async fn hand_over(delivery: &Delivery, message: &LeasedMessage, cancel: &CancellationToken) {
    let grace = async {
        cancel.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = delivery.run(message) => {}
        // Whether it was taken is not known: it stays leased, and is tried again with the same id.
        () = grace => tracing::warn!(message.id = %message.id, "a message was cut off on its way"),
    }
}

impl Delivery {
    async fn run(&self, message: &LeasedMessage) {
        match self.settle(message).await {
            Ok(()) => {}
            // Another worker has it, or it was taken back.
            Err(error) if error.code() == ErrorCode::Conflict => {}
            Err(error) => {
                tracing::warn!(message.id = %message.id, code = %error.code(), error = %error, "a message stays leased until its lease ends");
            }
        }
    }

    async fn settle(&self, message: &LeasedMessage) -> Result<(), FilesError> {
        let Some(opened) = self.files.open_message(message).await? else { return Ok(()) };
        let (call, expires_at) = (opened.call, opened.expires_at);
        let Some(carrier) = self.carriers.of(message.customer, message.channel) else {
            let waits = Undelivered { reason: "nothing that carries it is set", detail: None, after: Some(UNSERVED), worth_retrying: true };
            self.files.message_failed(message, call, expires_at, &waits).await?;
            return Ok(());
        };
        let Some(dispatch) = self.worded(message, opened) else {
            let failed = Undelivered { reason: "it cannot be worded", detail: None, after: None, worth_retrying: false };
            self.files.message_failed(message, call, expires_at, &failed).await?;
            return Ok(());
        };
        let renew = || self.files.renew_message(message, self.lease.seconds());
        let outcome = self.lease.held(message.id, LONGEST, carrier.carry(&dispatch), renew).await?;
        match outcome.unwrap_or_else(|| Err(NotCarried::later("it took longer than any message should"))) {
            Ok(receipt) => {
                self.files.message_sent(message, call, carrier.name(), receipt.0.as_deref()).await?;
                tracing::debug!(message.id = %message.id, message.channel = %message.channel, message.carrier = carrier.name(), "a message was handed over");
            }
            Err(error) => self.failed(message, (call, expires_at), &**carrier, &error).await?,
        }
        Ok(())
    }

    async fn failed(
        &self,
        message: &LeasedMessage,
        (call, expires_at): (Option<CallId>, Timestamp),
        carrier: &dyn Carrier,
        error: &NotCarried,
    ) -> Result<(), FilesError> {
        let (after, worth_retrying) = match error {
            NotCarried::Later { after, .. } => (after.and_then(|wait| SignedDuration::try_from(wait).ok()), true),
            NotCarried::Never { .. } => (None, false),
        };
        let reason = error.to_string();
        let failed = Undelivered { reason: &reason, detail: error.detail(), after, worth_retrying };
        let next = self.files.message_failed(message, call, expires_at, &failed).await?;
        let (id, channel, carrier, attempt) = (message.id, message.channel, carrier.name(), message.attempts);
        match next {
            Some(at) => {
                tracing::info!(message.id = %id, message.channel = %channel, message.carrier = carrier, attempt, error = %reason, next = %at, "a message was not taken; trying again");
            }
            None => {
                tracing::warn!(message.id = %id, message.channel = %channel, message.carrier = carrier, attempt, error = %reason, "a message was given up");
            }
        }
        Ok(())
    }

    /// A message in words; `None` where it has none.
    fn worded(&self, message: &LeasedMessage, opened: ToDeliver) -> Option<Dispatch> {
        let written = self.speech.write(&opened.letter, message.channel)?;
        let is_mail = message.channel == Channel::Mail;
        Some(Dispatch {
            id: message.id,
            customer: message.customer,
            channel: message.channel,
            kind: opened.letter.told.kind(),
            to: opened.address,
            to_name: opened.letter.to.filter(|_| is_mail),
            from_name: Some(opened.letter.from).filter(|name| !name.is_empty()),
            subject: written.subject,
            text: written.text,
            html: written.html,
            written_at: opened.written_at,
            expires_at: opened.expires_at,
            now: self.files.now(),
            attempt: message.attempts,
        })
    }
}
