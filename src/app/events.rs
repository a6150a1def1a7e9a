//! Brings what the store tells of its objects to the use cases: from a queue, or from the embedded store.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::blob::embedded::{Fetched, Raised};
use crate::blob::{Message, Queue, Store};
use crate::domain::{CustomerId, ErrorCode};
use crate::files::{Files, FilesError};

/// How often a message may be handed out before it is let go.
const TRIES: u32 = 5;
/// How often a message that is still in hand is kept from other readers; two of these may fail.
const KEEP_EVERY: Duration = Duration::from_secs(20);
/// How long to wait after a fault.
const AFTER_FAULT: Duration = Duration::from_secs(5);
/// How often what was read from the embedded store is written down: an address lives for a minute, so that
/// whoever opens it again and again makes a dozen records of it and no more.
const NOTE_EVERY: Duration = Duration::from_secs(5);
/// Addresses whose readings are kept until then.
const MOST_NOTED: usize = 10_000;

/// Reads a queue until cancelled. A message leaves the queue when it was handled, or given up.
pub async fn from_queue(files: Files, queue: Queue, cancel: CancellationToken) {
    loop {
        let received = tokio::select! {
            () = cancel.cancelled() => return,
            received = queue.receive() => received,
        };
        let pause = match received {
            Ok(messages) => {
                let mut pause = false;
                for message in &messages {
                    pause |= !settle(&files, &queue, message).await;
                }
                pause
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the queue of the store's events cannot be read; trying again");
                true
            }
        };
        if pause {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(AFTER_FAULT) => {}
            }
        }
    }
}

/// Handles one message; `false` when it stays in the queue.
async fn settle(files: &Files, queue: &Queue, message: &Message) -> bool {
    let outcome = in_hand(files, queue, message).await;
    if let Err(error) = &outcome {
        let hopeless = error.code() == ErrorCode::Invalid || (error.code() != ErrorCode::Unavailable && message.receives >= TRIES);
        if !hopeless {
            tracing::warn!(code = %error.code(), message.receives, error = %error, "a message of the store waits in its queue");
            return false;
        }
        files.give_up_message(error, message.body.len());
    }
    if let Err(error) = queue.done(message).await {
        // It comes again, and tells nothing new then.
        tracing::warn!(error = &error as &dyn std::error::Error, "a handled message stays in the queue");
    }
    true
}

async fn in_hand(files: &Files, queue: &Queue, message: &Message) -> Result<(), FilesError> {
    let mut work = std::pin::pin!(files.store_message(message.body.as_bytes()));
    loop {
        match tokio::time::timeout(KEEP_EVERY, &mut work).await {
            Ok(outcome) => return outcome.map(drop),
            Err(_) => {
                if let Err(error) = queue.keep(message).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a message in hand may be handed out again");
                }
            }
        }
    }
}

/// Follows the embedded store until cancelled or until it stops. What is missed is found by the sweep.
pub async fn from_embedded(files: Files, store: Store, mut raised: Receiver<Raised>, cancel: CancellationToken) {
    loop {
        let next = tokio::select! {
            () = cancel.cancelled() => return,
            next = raised.recv() => next,
        };
        match next {
            Ok(raised) => {
                let Some(event) = store.told_by_embedded(&raised) else { continue };
                if let Err(error) = files.object_event(&event).await {
                    tracing::warn!(code = %error.code(), error = %error, "an event of the embedded store was lost; the sweep finds it");
                }
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(events.missed = missed, "events of the embedded store were lost; the sweep finds them");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Writes down what is read from the embedded store through addresses that were given out, until cancelled or
/// until it stops.
pub async fn reads_of_embedded(files: Files, store: Store, mut told: Receiver<Fetched>, cancel: CancellationToken) {
    let mut seen: HashMap<(CustomerId, String, String), u64> = HashMap::new();
    let mut tick = tokio::time::interval(NOTE_EVERY);
    loop {
        let is_over = tokio::select! {
            () = cancel.cancelled() => true,
            _ = tick.tick() => false,
            next = told.recv() => match next {
                Ok(fetched) => {
                    if let Some((customer, key)) = store.read_from_embedded(&fetched) {
                        let bytes = seen.entry((customer, key, fetched.mark)).or_default();
                        *bytes = bytes.saturating_add(fetched.bytes);
                    }
                    if seen.len() < MOST_NOTED {
                        continue;
                    }
                    false
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(events.missed = missed, "downloads from the embedded store were not noted");
                    continue;
                }
                Err(RecvError::Closed) => true,
            },
        };
        for ((customer, key, mark), bytes) in seen.drain() {
            if let Err(error) = files.fetched(customer, &key, &mark, bytes).await {
                tracing::warn!(code = %error.code(), error = %error, "a download from the embedded store was not noted");
            }
        }
        if is_over {
            return;
        }
    }
}
