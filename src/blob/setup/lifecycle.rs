//! The bucket's own rules: what is removed and what is moved, and after how long.
//!
//! No rule expires what lies under `uploads/`: a file that waits for its scan lies there, for as long
//! as a scanner is down, and a rule does not know which object a row refers to. Satchel's sweep does.
//! No rule goes by a tag: a copy inherits tags, and one forgotten header would expire a document.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, Transition, TransitionStorageClass,
};

use crate::blob::capabilities::Answer;
use crate::blob::error::BlobError;
use crate::domain::CustomerId;

/// Days after which a multipart upload that was not finished is given up.
const MULTIPART_DAYS: i32 = 7;
/// Days for which an overwritten or deleted object can be brought back.
const VERSION_DAYS: i32 = 30;
/// Days that `temp/` lives.
const TEMPORARY_DAYS: i32 = 1;
/// Rules that S3 takes for one bucket.
pub const MOST_RULES: usize = 1000;
const NO_RULES: &str = "NoSuchLifecycleConfiguration";

/// One rule, as Satchel thinks of it. Its id begins with `satchel-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    id: String,
    prefix: String,
    does: Does,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    GiveUpMultipart(i32),
    DropOldVersions(i32),
    Expire(i32),
    Archive,
}

/// Rules that hold for every customer.
pub fn for_all() -> [Rule; 2] {
    [
        Rule { id: "satchel-multipart".to_owned(), prefix: String::new(), does: Does::GiveUpMultipart(MULTIPART_DAYS) },
        Rule { id: "satchel-versions".to_owned(), prefix: String::new(), does: Does::DropOldVersions(VERSION_DAYS) },
    ]
}

/// What lies under a customer's `temp/` lives a day.
pub fn temporary(customer: CustomerId) -> Rule {
    Rule { id: format!("satchel-temp-{customer}"), prefix: format!("{customer}/temp/"), does: Does::Expire(TEMPORARY_DAYS) }
}

/// What lies under a customer's `archive/` goes to the archive class.
pub fn archived(customer: CustomerId) -> Rule {
    Rule { id: format!("satchel-archive-{customer}"), prefix: format!("{customer}/archive/"), does: Does::Archive }
}

/// The rules in words, sorted.
pub fn told(rules: &[Rule]) -> Vec<String> {
    let mut all: Vec<String> = rules.iter().filter_map(|rule| rule.build().map(|built| in_words(&built))).collect();
    all.sort_unstable();
    all
}

impl Rule {
    fn build(&self) -> Option<LifecycleRule> {
        let rule = LifecycleRule::builder()
            .id(&self.id)
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix(&self.prefix).build());
        let rule = match self.does {
            Does::GiveUpMultipart(days) => {
                rule.abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build())
            }
            Does::DropOldVersions(days) => rule
                .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(days).build())
                .expiration(LifecycleExpiration::builder().expired_object_delete_marker(true).build()),
            Does::Expire(days) => rule.expiration(LifecycleExpiration::builder().days(days).build()),
            Does::Archive => rule.transitions(Transition::builder().days(0).storage_class(TransitionStorageClass::Glacier).build()),
        };
        rule.build().ok()
    }
}

/// The prefix of a rule; older stores give it beside the filter.
#[allow(deprecated, reason = "Ceph RGW answers with the older form")]
fn prefix(rule: &LifecycleRule) -> &str {
    rule.filter().and_then(|filter| filter.prefix()).or_else(|| rule.prefix()).unwrap_or_default()
}

/// What a rule does, as far as it can be one of ours.
fn in_words(rule: &LifecycleRule) -> String {
    let mut words = Vec::new();
    if let Some(days) = rule.abort_incomplete_multipart_upload().and_then(AbortIncompleteMultipartUpload::days_after_initiation) {
        words.push(format!("unfinished multipart uploads go after {days} days"));
    }
    if let Some(days) = rule.noncurrent_version_expiration().and_then(NoncurrentVersionExpiration::noncurrent_days) {
        words.push(format!("old versions go after {days} days"));
    }
    if let Some(expiration) = rule.expiration() {
        if let Some(days) = expiration.days() {
            words.push(format!("objects go after {days} days"));
        }
        if expiration.expired_object_delete_marker() == Some(true) {
            words.push("markers of deleted objects go with the last version".to_owned());
        }
    }
    for transition in rule.transitions() {
        let class = transition.storage_class().map_or("another class", |class| class.as_str());
        words.push(format!("objects move to {class} after {} days", transition.days().unwrap_or(0)));
    }
    let place = match prefix(rule) {
        "" => "everywhere".to_owned(),
        prefix => format!("under `{prefix}`"),
    };
    let off = if rule.status() == &ExpirationStatus::Enabled { "" } else { " (turned off)" };
    format!("{} {place}: {}{off}", rule.id().unwrap_or_default(), words.join(", "))
}

async fn all(client: &Client, bucket: &str) -> Result<Answer<Vec<LifecycleRule>>, BlobError> {
    Ok(match Answer::of(client.get_bucket_lifecycle_configuration().bucket(bucket).send().await)? {
        Answer::Done(told) => Answer::Done(told.rules().to_vec()),
        Answer::Refused(code) if code == NO_RULES => Answer::Done(Vec::new()),
        Answer::Refused(code) => Answer::Refused(code),
    })
}

/// The rules of these names, in words.
pub async fn read(client: &Client, bucket: &str, wanted: &[Rule]) -> Result<Answer<Vec<String>>, BlobError> {
    Ok(all(client, bucket).await?.map(|found| {
        let ours = found.iter().filter(|rule| wanted.iter().any(|one| rule.id() == Some(&one.id)));
        let mut words: Vec<String> = ours.map(in_words).collect();
        words.sort_unstable();
        words
    }))
}

/// Writes these rules; every other rule stays, Satchel's for customers that were not named too.
pub async fn write(client: &Client, bucket: &str, wanted: &[Rule]) -> Result<Answer<()>, BlobError> {
    let mut rules = match all(client, bucket).await? {
        Answer::Done(rules) => rules,
        Answer::Refused(code) => return Ok(Answer::Refused(code)),
    };
    rules.retain(|rule| wanted.iter().all(|one| rule.id() != Some(&one.id)));
    rules.extend(wanted.iter().filter_map(Rule::build));
    if rules.len() > MOST_RULES {
        return Ok(Answer::Refused(format!("{} rules, where a bucket takes {MOST_RULES}", rules.len())));
    }
    let Ok(configuration) = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build() else {
        return Ok(Answer::Refused("rules that the client cannot build".to_owned()));
    };
    let put = client.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(configuration);
    Ok(Answer::of(put.send().await)?.map(drop))
}
