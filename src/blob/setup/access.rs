//! Who reaches a bucket at all: nobody from the public, nobody without TLS.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use serde_json::{Value, json};

use crate::blob::capabilities::Answer;
use crate::blob::error::BlobError;

const NOTHING_BLOCKED: &str = "NoSuchPublicAccessBlockConfiguration";
const NO_POLICY: &str = "NoSuchBucketPolicy";
/// By which Satchel's statement is known among others.
const SID: &str = "SatchelTlsOnly";

/// What is blocked.
pub async fn read_block(client: &Client, bucket: &str) -> Result<Answer<Vec<String>>, BlobError> {
    Ok(match Answer::of(client.get_public_access_block().bucket(bucket).send().await)? {
        Answer::Done(told) => {
            let block = told.public_access_block_configuration();
            let kinds = block.map_or([None; 4], |block| {
                [block.block_public_acls(), block.ignore_public_acls(), block.block_public_policy(), block.restrict_public_buckets()]
            });
            let blocked = kinds.into_iter().filter(|kind| *kind == Some(true)).count();
            Answer::Done(match blocked {
                0 => Vec::new(),
                4 => vec!["all four kinds blocked".to_owned()],
                some => vec![format!("{some} of four kinds blocked")],
            })
        }
        Answer::Refused(code) if code == NOTHING_BLOCKED => Answer::Done(Vec::new()),
        Answer::Refused(code) => Answer::Refused(code),
    })
}

/// Blocks all.
pub async fn write_block(client: &Client, bucket: &str) -> Result<Answer<()>, BlobError> {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    let sent = client.put_public_access_block().bucket(bucket).public_access_block_configuration(block).send().await;
    Ok(Answer::of(sent)?.map(drop))
}

fn statement(arn: &str) -> Value {
    json!({
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

/// The policy's statements; none where there is no policy.
async fn statements(client: &Client, bucket: &str) -> Result<Answer<Vec<Value>>, BlobError> {
    Ok(match Answer::of(client.get_bucket_policy().bucket(bucket).send().await)? {
        Answer::Done(told) => {
            let text = told.policy().unwrap_or("{}");
            let Ok(mut policy) = serde_json::from_str::<Value>(text) else {
                return Ok(Answer::Refused("a policy that is no JSON".to_owned()));
            };
            match policy.get_mut("Statement").map(Value::take) {
                Some(Value::Array(all)) => Answer::Done(all),
                Some(one @ Value::Object(_)) => Answer::Done(vec![one]),
                _ => Answer::Done(Vec::new()),
            }
        }
        Answer::Refused(code) if code == NO_POLICY => Answer::Done(Vec::new()),
        Answer::Refused(code) => Answer::Refused(code),
    })
}

/// Whether requests without TLS are denied.
pub async fn read_tls(client: &Client, bucket: &str, arn: &str) -> Result<Answer<Vec<String>>, BlobError> {
    let wanted = statement(arn);
    Ok(statements(client, bucket).await?.map(|all| {
        let ours = all.iter().filter(|one| one.get("Sid").and_then(Value::as_str) == Some(SID));
        ours.map(|one| if is_same(one, &wanted) { "requests without TLS denied" } else { "another statement of that name" })
            .map(str::to_owned)
            .collect()
    }))
}

/// Stores may write `"*"` as `{"AWS": "*"}`.
fn is_same(found: &Value, wanted: &Value) -> bool {
    let mut found = found.clone();
    if found.pointer("/Principal/AWS") == Some(&json!("*"))
        && let Some(principal) = found.get_mut("Principal")
    {
        *principal = json!("*");
    }
    found == *wanted
}

/// Denies requests without TLS; other statements stay as they are.
pub async fn write_tls(client: &Client, bucket: &str, arn: &str) -> Result<Answer<()>, BlobError> {
    let mut all = match statements(client, bucket).await? {
        Answer::Done(all) => all,
        Answer::Refused(code) => return Ok(Answer::Refused(code)),
    };
    all.retain(|one| one.get("Sid").and_then(Value::as_str) != Some(SID));
    all.push(statement(arn));
    let policy = json!({"Version": "2012-10-17", "Statement": all}).to_string();
    Ok(Answer::of(client.put_bucket_policy().bucket(bucket).policy(policy).send().await)?.map(drop))
}
