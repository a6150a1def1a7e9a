//! How a bucket keeps objects: their versions, and under which key.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketVersioningStatus, ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, VersioningConfiguration,
};

use crate::blob::capabilities::Answer;
use crate::blob::error::BlobError;

const NO_ENCRYPTION: &str = "ServerSideEncryptionConfigurationNotFoundError";

/// Whether versions are kept.
pub async fn read_versioning(client: &Client, bucket: &str) -> Result<Answer<Vec<String>>, BlobError> {
    Ok(Answer::of(client.get_bucket_versioning().bucket(bucket).send().await)?.map(|told| match told.status() {
        None => Vec::new(),
        Some(status) => vec![status.as_str().to_lowercase()],
    }))
}

/// Keeps versions.
pub async fn write_versioning(client: &Client, bucket: &str) -> Result<Answer<()>, BlobError> {
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    Ok(Answer::of(client.put_bucket_versioning().bucket(bucket).versioning_configuration(on).send().await)?.map(drop))
}

/// How objects are encrypted that do not say. Where no key is wanted, any encryption is as wanted: what
/// the operator made stronger stays.
pub async fn read_encryption(client: &Client, bucket: &str, kms_key: Option<&str>) -> Result<Answer<Vec<String>>, BlobError> {
    Ok(match Answer::of(client.get_bucket_encryption().bucket(bucket).send().await)? {
        Answer::Done(told) => {
            let rules = told.server_side_encryption_configuration().map(ServerSideEncryptionConfiguration::rules).unwrap_or_default();
            let of_rule = |rule: &ServerSideEncryptionRule| {
                let default = rule.apply_server_side_encryption_by_default()?;
                Some(match (default.kms_master_key_id(), kms_key) {
                    (_, None) => "by the store's own keys".to_owned(),
                    (Some(key), _) if rule.bucket_key_enabled() == Some(true) => {
                        format!("{} under `{key}`, with a bucket key", default.sse_algorithm())
                    }
                    (Some(key), _) => format!("{} under `{key}`", default.sse_algorithm()),
                    (None, _) => default.sse_algorithm().to_string(),
                })
            };
            Answer::Done(rules.iter().filter_map(of_rule).collect())
        }
        Answer::Refused(code) if code == NO_ENCRYPTION => Answer::Done(Vec::new()),
        Answer::Refused(code) => Answer::Refused(code),
    })
}

/// Encrypts objects that do not say, under the key where there is one.
pub async fn write_encryption(client: &Client, bucket: &str, kms_key: Option<&str>) -> Result<Answer<()>, BlobError> {
    let algorithm = if kms_key.is_some() { ServerSideEncryption::AwsKms } else { ServerSideEncryption::Aes256 };
    let default = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm).set_kms_master_key_id(kms_key.map(str::to_owned));
    let built = default.build().and_then(|default| {
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default);
        let rule = rule.set_bucket_key_enabled(kms_key.map(|_| true)).build();
        ServerSideEncryptionConfiguration::builder().rules(rule).build()
    });
    let Ok(all) = built else { return Ok(Answer::Refused("a rule that the client cannot build".to_owned())) };
    Ok(Answer::of(client.put_bucket_encryption().bucket(bucket).server_side_encryption_configuration(all).send().await)?.map(drop))
}
