//! Which pages may speak to the bucket from a browser.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{CorsConfiguration, CorsRule};

use crate::blob::capabilities::Answer;
use crate::blob::error::BlobError;

const NO_RULES: &str = "NoSuchCORSConfiguration";
const ID: &str = "satchel-upload-page";
/// How long a browser remembers the answer, in seconds.
const MAX_AGE: i32 = 600;

/// The rule for the pages of this origin; none without one.
pub fn wanted(origin: Option<&str>) -> Option<CorsRule> {
    let rule = CorsRule::builder()
        .id(ID)
        .allowed_origins(origin?)
        .set_allowed_methods(Some(["GET", "HEAD", "PUT"].map(str::to_owned).to_vec()))
        .set_allowed_headers(Some(["content-type", "if-none-match", "x-amz-*"].map(str::to_owned).to_vec()))
        // A page that uploads parts must give their tags back.
        .set_expose_headers(Some(["ETag", "x-amz-checksum-sha256"].map(str::to_owned).to_vec()))
        .max_age_seconds(MAX_AGE);
    rule.build().ok()
}

/// A rule in words; the order in which a store lists things says nothing.
pub fn told(rule: &CorsRule) -> String {
    let sorted = |list: &[String]| {
        let mut list: Vec<String> = list.iter().map(|one| one.to_lowercase()).collect();
        list.sort_unstable();
        list.join(" ")
    };
    format!(
        "from {}: {}; with {}; shows {}",
        sorted(rule.allowed_origins()),
        sorted(rule.allowed_methods()),
        sorted(rule.allowed_headers()),
        sorted(rule.expose_headers())
    )
}

async fn all(client: &Client, bucket: &str) -> Result<Answer<Vec<CorsRule>>, BlobError> {
    Ok(match Answer::of(client.get_bucket_cors().bucket(bucket).send().await)? {
        Answer::Done(told) => Answer::Done(told.cors_rules().to_vec()),
        Answer::Refused(code) if code == NO_RULES => Answer::Done(Vec::new()),
        Answer::Refused(code) => Answer::Refused(code),
    })
}

/// Satchel's rule, in words.
pub async fn read(client: &Client, bucket: &str) -> Result<Answer<Vec<String>>, BlobError> {
    Ok(all(client, bucket).await?.map(|rules| rules.iter().filter(|rule| rule.id() == Some(ID)).map(told).collect()))
}

/// Writes Satchel's rule; others stay.
pub async fn write(client: &Client, bucket: &str, origin: Option<&str>) -> Result<Answer<()>, BlobError> {
    let mut rules = match all(client, bucket).await? {
        Answer::Done(rules) => rules,
        Answer::Refused(code) => return Ok(Answer::Refused(code)),
    };
    rules.retain(|rule| rule.id() != Some(ID));
    rules.extend(wanted(origin));
    let Ok(configuration) = CorsConfiguration::builder().set_cors_rules(Some(rules)).build() else {
        return Ok(Answer::Refused("rules that the client cannot build".to_owned()));
    };
    Ok(Answer::of(client.put_bucket_cors().bucket(bucket).cors_configuration(configuration).send().await)?.map(drop))
}
