//! The webhook: messages as signed JSON, for whoever sends them on by a service of their own.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use url::Url;

use super::carrier::{Carrier, Dispatch, NotCarried, Receipt};
use super::post::Post;
use super::signature::{WebhookSecret, signatures};
use crate::domain::{Channel, CustomerId, MessageId, Timestamp};

/// A receiver of messages, and the secrets it knows.
#[derive(Debug)]
pub struct Webhook {
    url: Url,
    secrets: Vec<WebhookSecret>,
    post: Arc<dyn Post>,
}

/// The body, in the shape that the scheme recommends.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    /// When the message was written.
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    id: MessageId,
    customer_id: CustomerId,
    channel: Channel,
    to: &'a str,
    to_name: Option<&'a str>,
    from_name: Option<&'a str>,
    subject: Option<&'a str>,
    text: &'a str,
    html: Option<&'a str>,
    expires_at: Timestamp,
}

impl Webhook {
    /// One at this address. Of two secrets the first is the newer one; a receiver may know either.
    pub fn new(url: Url, secrets: Vec<WebhookSecret>, post: Arc<dyn Post>) -> Self {
        Self { url, secrets, post }
    }
}

/// What a status means for a message.
fn judged(status: u16) -> Result<(), NotCarried> {
    let reason = format!("the webhook answered {status}");
    match status {
        200..=299 => Ok(()),
        // It cannot be read, or its like is not wanted; the same bytes would be answered alike.
        400 | 410 | 413 | 422 => Err(NotCarried::never(reason)),
        _ => Err(NotCarried::later(reason)),
    }
}

#[async_trait]
impl Carrier for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    async fn carry(&self, dispatch: &Dispatch) -> Result<Receipt, NotCarried> {
        let body = Body {
            kind: format!("message.{}", dispatch.kind),
            timestamp: dispatch.written_at,
            data: Data {
                id: dispatch.id,
                customer_id: dispatch.customer,
                channel: dispatch.channel,
                to: &dispatch.to,
                to_name: dispatch.to_name.as_deref(),
                from_name: dispatch.from_name.as_deref(),
                subject: dispatch.subject.as_deref(),
                text: &dispatch.text,
                html: dispatch.html.as_deref(),
                expires_at: dispatch.expires_at,
            },
        };
        let body = serde_json::to_vec(&body).map_err(|_| NotCarried::never("the message cannot be written as JSON"))?;
        let (id, seconds) = (dispatch.id.to_string(), dispatch.now.as_second());
        let (signature, seconds) = (signatures(&self.secrets, &id, seconds, &body), seconds.to_string());
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", id.as_str()),
            ("webhook-timestamp", seconds.as_str()),
            ("webhook-signature", signature.as_str()),
            ("idempotency-key", id.as_str()),
        ];
        match self.post.post(&self.url, &headers, Bytes::from(body)).await {
            Ok(answer) => {
                judged(answer.status).map_err(|error| error.told(&String::from_utf8_lossy(&answer.body)).after(answer.retry_after))?;
                Ok(Receipt(None))
            }
            Err(error) => Err(NotCarried::later("the webhook did not answer").told(&error.causes())),
        }
    }

    async fn probe(&self, _: Timestamp) -> Result<String, NotCarried> {
        // Asking it would be a message.
        let found = self.post.reachable(&self.url).await;
        found.map_err(|error| NotCarried::later("the webhook's address may not be asked").told(&error.causes()))?;
        let host = self.url.host_str().unwrap_or_default();
        Ok(format!("a webhook at `{host}`, signed with {} secret{}", self.secrets.len(), if self.secrets.len() == 1 { "" } else { "s" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_another_try_is_worth_it() {
        for (status, expected) in [
            (200, None),
            (204, None),
            (302, Some(true)),
            (400, Some(false)),
            (401, Some(true)),
            (404, Some(true)),
            (408, Some(true)),
            (410, Some(false)),
            (413, Some(false)),
            (422, Some(false)),
            (429, Some(true)),
            (500, Some(true)),
            (503, Some(true)),
        ] {
            let worth_it = judged(status).err().map(|error| matches!(error, NotCarried::Later { .. }));
            assert_eq!(worth_it, expected, "{status}");
        }
    }
}
