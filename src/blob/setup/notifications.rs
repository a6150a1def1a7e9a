//! Where a bucket sends word of its objects.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration, TopicConfiguration};

use super::wanted::Destination;
use crate::blob::capabilities::Answer;
use crate::blob::error::BlobError;

const ID: &str = "satchel-events";

/// What every store with notifications tells.
const BASIC: [Event; 2] = [Event::S3ObjectCreated, Event::S3ObjectRemoved];
/// What some tell besides.
const FURTHER: [Event; 2] = [Event::S3ObjectRestoreCompleted, Event::S3LifecycleExpiration];

/// A destination in words.
pub fn told(destination: &Destination) -> String {
    match destination {
        Destination::Queue(arn) => format!("made and removed objects to the queue `{arn}`"),
        Destination::Topic(arn) => format!("made and removed objects to the topic `{arn}`"),
    }
}

fn tells(events: &[Event]) -> bool {
    BASIC.iter().all(|event| events.contains(event))
}

async fn all(client: &Client, bucket: &str) -> Result<Answer<NotificationConfiguration>, BlobError> {
    Ok(Answer::of(client.get_bucket_notification_configuration().bucket(bucket).send().await)?.map(|told| {
        NotificationConfiguration::builder()
            .set_topic_configurations(told.topic_configurations)
            .set_queue_configurations(told.queue_configurations)
            .set_lambda_function_configurations(told.lambda_function_configurations)
            .set_event_bridge_configuration(told.event_bridge_configuration)
            .build()
    }))
}

/// Satchel's destinations, in words.
pub async fn read(client: &Client, bucket: &str) -> Result<Answer<Vec<String>>, BlobError> {
    Ok(all(client, bucket).await?.map(|found| {
        let queues = found.queue_configurations().iter().filter(|one| one.id() == Some(ID) && tells(one.events()));
        let topics = found.topic_configurations().iter().filter(|one| one.id() == Some(ID) && tells(one.events()));
        let queues = queues.map(|one| told(&Destination::Queue(one.queue_arn().to_owned())));
        queues.chain(topics.map(|one| told(&Destination::Topic(one.topic_arn().to_owned())))).collect()
    }))
}

/// Sends word there; other destinations stay. A store that does not know the further events gets the basic ones.
pub async fn write(client: &Client, bucket: &str, destination: &Destination) -> Result<Answer<()>, BlobError> {
    let found = match all(client, bucket).await? {
        Answer::Done(found) => found,
        Answer::Refused(code) => return Ok(Answer::Refused(code)),
    };
    match put(client, bucket, &found, destination, [BASIC, FURTHER].concat()).await? {
        Answer::Done(()) => Ok(Answer::Done(())),
        Answer::Refused(_) => put(client, bucket, &found, destination, BASIC.to_vec()).await,
    }
}

async fn put(
    client: &Client,
    bucket: &str,
    found: &NotificationConfiguration,
    destination: &Destination,
    events: Vec<Event>,
) -> Result<Answer<()>, BlobError> {
    let mut queues = found.queue_configurations().to_vec();
    let mut topics = found.topic_configurations().to_vec();
    queues.retain(|one| one.id() != Some(ID));
    topics.retain(|one| one.id() != Some(ID));
    match destination {
        Destination::Queue(arn) => {
            queues.extend(QueueConfiguration::builder().id(ID).queue_arn(arn).set_events(Some(events)).build().ok());
        }
        Destination::Topic(arn) => {
            topics.extend(TopicConfiguration::builder().id(ID).topic_arn(arn).set_events(Some(events)).build().ok());
        }
    }
    let configuration = NotificationConfiguration::builder()
        .set_queue_configurations((!queues.is_empty()).then_some(queues))
        .set_topic_configurations((!topics.is_empty()).then_some(topics))
        .set_lambda_function_configurations(found.lambda_function_configurations.clone())
        .set_event_bridge_configuration(found.event_bridge_configuration.clone())
        .build();
    let put = client.put_bucket_notification_configuration().bucket(bucket).notification_configuration(configuration);
    Ok(Answer::of(put.send().await)?.map(drop))
}
