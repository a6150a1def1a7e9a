//! Probes of what is set for a whole bucket: read where it is set, tried on a scratch bucket where not.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketVersioningStatus, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    ObjectLockEnabled, ObjectLockLegalHold, ObjectLockLegalHoldStatus, VersioningConfiguration,
};

use super::feature::{Capability, Feature};
use super::scratch::{Answer, Scratch};
use crate::blob::error::BlobError;

/// How a bucket stands to a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is turned on.
    On,
    /// It is not turned on; the store knows it.
    Off,
    /// The store does not know it, or does not let us see: its code.
    Unknown(String),
}

/// Codes by which stores say that nothing was set.
const NOTHING_SET: [&str; 2] = ["NoSuchLifecycleConfiguration", "ObjectLockConfigurationNotFoundError"];

impl Standing {
    fn of(answer: Answer<bool>) -> Self {
        match answer {
            Answer::Done(true) => Self::On,
            Answer::Done(false) => Self::Off,
            Answer::Refused(code) if NOTHING_SET.contains(&code.as_str()) => Self::Off,
            Answer::Refused(code) => Self::Unknown(code),
        }
    }
}

fn map<T>(answer: Answer<T>, is_on: impl FnOnce(T) -> bool) -> Standing {
    Standing::of(answer.map(is_on))
}

/// How the bucket in use stands to a feature.
pub async fn standing(client: &Client, bucket: &str, feature: Feature) -> Result<Standing, BlobError> {
    Ok(match feature {
        Feature::Versioning => map(Answer::of(client.get_bucket_versioning().bucket(bucket).send().await)?, |told| {
            told.status() == Some(&BucketVersioningStatus::Enabled)
        }),
        Feature::Lifecycle => map(Answer::of(client.get_bucket_lifecycle_configuration().bucket(bucket).send().await)?, |told| {
            told.rules().iter().any(|rule| rule.status() == &ExpirationStatus::Enabled)
        }),
        Feature::Notifications => map(Answer::of(client.get_bucket_notification_configuration().bucket(bucket).send().await)?, |told| {
            !told.queue_configurations().is_empty()
                || !told.topic_configurations().is_empty()
                || !told.lambda_function_configurations().is_empty()
                || told.event_bridge_configuration().is_some()
        }),
        Feature::ObjectLock | Feature::LegalHold => {
            map(Answer::of(client.get_object_lock_configuration().bucket(bucket).send().await)?, |told| {
                let enabled = told.object_lock_configuration().and_then(|lock| lock.object_lock_enabled());
                enabled == Some(&ObjectLockEnabled::Enabled)
            })
        }
        // The rest is no matter of a bucket.
        _ => Standing::Off,
    })
}

/// What is said of a bucket in use; `None` when a scratch bucket could tell more.
pub fn known(feature: Feature, standing: &Standing) -> Option<Capability> {
    match standing {
        Standing::On => Some(Capability::native(feature)),
        Standing::Off => None,
        Standing::Unknown(code) => Some(Capability::without(feature, &format!("the store answers `{code}`"))),
    }
}

/// What is said of a feature that the bucket in use has not turned on.
pub fn turned_off(feature: Feature) -> Capability {
    let why = match feature {
        Feature::ObjectLock | Feature::LegalHold => "the bucket was not made with it",
        _ => "the bucket has not turned it on; `satchel store setup` does",
    };
    Capability::without(feature, why)
}

/// Whether the store does it at all, by a bucket that was made for the question; a code or a
/// sentence when not.
pub async fn tried(client: &Client, bucket: &str, feature: Feature) -> Result<Result<(), String>, BlobError> {
    match feature {
        Feature::Versioning => versioning(client, bucket).await,
        Feature::Lifecycle => lifecycle(client, bucket).await,
        Feature::LegalHold => legal_hold(client, bucket).await,
        // A destination is needed to try them: what the bucket says of itself stands.
        _ => Ok(Ok(())),
    }
}

async fn versioning(client: &Client, bucket: &str) -> Result<Result<(), String>, BlobError> {
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    if let Answer::Refused(code) = Answer::of(client.put_bucket_versioning().bucket(bucket).versioning_configuration(on).send().await)? {
        return Ok(Err(code));
    }
    let scratch = Scratch::new(client, bucket);
    let key = scratch.key("twice");
    let mut versions = Vec::new();
    for _ in 0..2 {
        let body = ByteStream::from_static(b"a version\n");
        let made = client.put_object().bucket(bucket).key(&key).body(body).send().await.map_err(BlobError::of)?;
        scratch.note(&key, made.version_id());
        versions.push(made.version_id().map(str::to_owned));
    }
    scratch.remove().await;
    Ok(match versions.as_slice() {
        [Some(first), Some(second)] if first != second => Ok(()),
        _ => Err("two writes make no two versions".to_owned()),
    })
}

async fn lifecycle(client: &Client, bucket: &str) -> Result<Result<(), String>, BlobError> {
    let rule = LifecycleRule::builder()
        .id("satchel-probe")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("satchel-probe/").build())
        .expiration(LifecycleExpiration::builder().days(1).build());
    let Ok(rules) = rule.build().and_then(|rule| BucketLifecycleConfiguration::builder().rules(rule).build()) else {
        return Ok(Err("the client cannot build a rule".to_owned()));
    };
    let put = client.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(rules);
    if let Answer::Refused(code) = Answer::of(put.send().await)? {
        return Ok(Err(code));
    }
    Ok(match Answer::of(client.get_bucket_lifecycle_configuration().bucket(bucket).send().await)? {
        Answer::Done(told) if told.rules().iter().any(|rule| rule.id() == Some("satchel-probe")) => Ok(()),
        Answer::Done(_) => Err("the store forgets the rule".to_owned()),
        Answer::Refused(code) => Err(code),
    })
}

/// A version under hold must stay when it is deleted.
async fn legal_hold(client: &Client, bucket: &str) -> Result<Result<(), String>, BlobError> {
    let scratch = Scratch::new(client, bucket);
    let key = scratch.key("held");
    let body = ByteStream::from_static(b"held\n");
    let made = client.put_object().bucket(bucket).key(&key).body(body).send().await.map_err(BlobError::of)?;
    let version = made.version_id().map(str::to_owned);
    scratch.note(&key, version.as_deref());
    let hold = |status| {
        let hold = ObjectLockLegalHold::builder().status(status).build();
        client.put_object_legal_hold().bucket(bucket).key(&key).set_version_id(version.clone()).legal_hold(hold).send()
    };
    let outcome = match Answer::of(hold(ObjectLockLegalHoldStatus::On).await)? {
        Answer::Refused(code) => Err(code),
        Answer::Done(_) => {
            let removal = client.delete_object().bucket(bucket).key(&key).set_version_id(version.clone()).send();
            let kept = matches!(Answer::of(removal.await)?, Answer::Refused(_));
            let lifted = Answer::of(hold(ObjectLockLegalHoldStatus::Off).await)?;
            match (kept, lifted) {
                (true, Answer::Done(_)) => Ok(()),
                (true, Answer::Refused(code)) => Err(code),
                (false, _) => Err("an object under hold is deleted".to_owned()),
            }
        }
    };
    scratch.remove().await;
    Ok(outcome)
}
