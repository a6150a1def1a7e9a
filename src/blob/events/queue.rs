//! A queue of events: read by long polls, and a message leaves it only when it was handled.

use aws_sdk_sqs::types::MessageSystemAttributeName;

use crate::blob::error::BlobError;
use crate::blob::store::Store;

/// How long one look waits for a message, in seconds: SQS's most.
const WAIT: i32 = 20;
/// How long a message is hidden from other readers, in seconds.
const HIDDEN: i32 = 60;
/// Messages of one look: SQS's most.
const MOST: i32 = 10;

/// A queue of the store's events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
}

/// A message in hand.
#[derive(Debug, Clone)]
pub struct Message {
    /// What it says.
    pub body: String,
    /// How often it was handed out, this time included.
    pub receives: u32,
    receipt: String,
}

impl Store {
    /// The queue at an address, read with the store's own credentials. Makes no request.
    #[must_use]
    pub fn queue(&self, url: &str) -> Queue {
        let base = self.client().config();
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::v2026_01_12())
            .region(base.region().cloned())
            .credentials_provider(self.credentials());
        config.set_http_client(base.http_client());
        config.set_timeout_config(base.timeout_config().cloned());
        config.set_retry_config(base.retry_config().cloned());
        // The queue says itself where it is.
        if let Ok(address) = url::Url::parse(url) {
            config.set_endpoint_url(Some(address.origin().ascii_serialization()));
        }
        Queue { client: aws_sdk_sqs::Client::from_conf(config.build()), url: url.to_owned() }
    }
}

impl Queue {
    /// Up to ten messages; none when there were none for twenty seconds. They are hidden from others for a minute.
    ///
    /// # Errors
    /// When the queue does not answer or refuses.
    pub async fn receive(&self) -> Result<Vec<Message>, BlobError> {
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(MOST).wait_time_seconds(WAIT);
        let request =
            request.visibility_timeout(HIDDEN).message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let answer = request.send().await.map_err(BlobError::of)?;
        let messages = answer.messages.unwrap_or_default().into_iter().filter_map(|message| {
            let count = message.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount));
            let receives = count.and_then(|count| count.parse().ok()).unwrap_or(1);
            Some(Message { body: message.body.unwrap_or_default(), receives, receipt: message.receipt_handle? })
        });
        Ok(messages.collect())
    }

    /// Takes a message that was handled out of the queue.
    ///
    /// # Errors
    /// When the queue does not answer or refuses; the message comes again.
    pub async fn done(&self, message: &Message) -> Result<(), BlobError> {
        let request = self.client.delete_message().queue_url(&self.url).receipt_handle(&message.receipt);
        request.send().await.map(drop).map_err(BlobError::of)
    }

    /// Hides a message that is still in hand for another minute.
    ///
    /// # Errors
    /// When the queue does not answer or refuses.
    pub async fn keep(&self, message: &Message) -> Result<(), BlobError> {
        let request = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(&message.receipt);
        request.visibility_timeout(HIDDEN).send().await.map(drop).map_err(BlobError::of)
    }
}
