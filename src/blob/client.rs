//! The clients of the SDK: connections, credentials, timeouts, attempts, and the meter on each.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::interceptors::InterceptorContext;
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Config, Credentials, IdentityCache, ProvideCredentials, Region, RequestChecksumCalculation,
    ResponseChecksumValidation, SharedCredentialsProvider, SharedHttpClient,
};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::error::BlobError;
use super::meter::Meter;
use super::renewal::Renewed;
use super::settings::{Pace, StoreSettings};
use crate::domain::Clock;

/// Wait before the second attempt; doubles, by chance up to that.
const BACKOFF: Duration = Duration::from_millis(50);
/// Longest wait between attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// Connections kept open to the store while nobody needs them.
const IDLE_CONNECTIONS: usize = 64;

/// What a store says of a body that does not have the checksum that was sent with it.
const DAMAGED: [&str; 4] = ["BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"];

/// A body that was damaged on its way is sent again: we hold the bytes, and their checksum is ours.
#[derive(Debug)]
struct Damaged;

impl ClassifyRetry for Damaged {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let said = context.response().filter(|answer| answer.status().as_u16() == 400).and_then(|answer| answer.body().bytes());
        let is_damage = said.is_some_and(|text| DAMAGED.iter().any(|code| text.windows(code.len()).any(|word| word == code.as_bytes())));
        if is_damage { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "Damaged"
    }
}

/// One pool of connections, on rustls with ring.
pub(super) fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build_https()
}

/// The credentials that the settings name, and how long they serve where they end. Asks nobody yet: a
/// machine without any is told so by its first request.
pub(super) async fn credentials(
    settings: &StoreSettings,
    http: &SharedHttpClient,
    clock: Arc<dyn Clock>,
) -> Result<(SharedCredentialsProvider, Option<Arc<Renewed>>), BlobError> {
    if !settings.credentials_by_chain {
        return Ok((keys(settings), None));
    }
    let chain = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .http_client(http.clone())
        .load()
        .await;
    let Some(provider) = chain.credentials_provider() else {
        return Err(BlobError::Refused { reason: "NoCredentials".to_owned(), source: "the standard chain gives no credentials".into() });
    };
    let renewed = Arc::new(Renewed::new(provider, clock));
    Ok((SharedCredentialsProvider::from(Arc::clone(&renewed) as Arc<dyn ProvideCredentials>), Some(renewed)))
}

fn keys(settings: &StoreSettings) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(&settings.access_key, &settings.secret_key, None, None, "satchel"))
}

/// Scheme, host and port of what is signed for browsers, by the SDK's own rules of endpoints.
pub(super) async fn browser_origin(settings: &StoreSettings, http: &SharedHttpClient, endpoint: Option<&str>) -> Result<String, BlobError> {
    // Whose signature it is does not matter: nobody is shown it.
    let nobody = SharedCredentialsProvider::new(Credentials::new("none", "none", None, None, "none"));
    let client = aws_sdk_s3::Client::from_conf(config(settings, http, &nobody, &Meter::default(), endpoint));
    let terms = PresigningConfig::expires_in(Duration::from_secs(1));
    let terms = terms.map_err(|error| BlobError::Refused { reason: "InvalidLifetime".to_owned(), source: error.into() })?;
    let signed = client.get_object().bucket(&settings.files_bucket).key("x").presigned(terms).await.map_err(BlobError::of)?;
    Ok(url::Url::parse(signed.uri()).map(|url| url.origin().ascii_serialization()).unwrap_or_default())
}

/// The SDK's own client, for tests that ask the store what the house never asks.
#[cfg(test)]
pub(super) fn bare(settings: &StoreSettings) -> aws_sdk_s3::Client {
    let endpoint = settings.endpoint.as_deref();
    aws_sdk_s3::Client::from_conf(config(settings, &http_client(), &keys(settings), &Meter::default(), endpoint))
}

/// The configuration of a client for one of the two addresses.
pub(super) fn config(
    settings: &StoreSettings,
    http: &SharedHttpClient,
    credentials: &SharedCredentialsProvider,
    meter: &Meter,
    endpoint: Option<&str>,
) -> Config {
    let tuning = &settings.tuning;
    let timeouts = TimeoutConfig::builder().connect_timeout(tuning.connect).read_timeout(tuning.read).build();
    let retries = match tuning.pace {
        Pace::Standard => RetryConfig::standard(),
        Pace::Adaptive => RetryConfig::adaptive(),
    };
    let retries = retries.with_max_attempts(tuning.attempts).with_initial_backoff(BACKOFF).with_max_backoff(MAX_BACKOFF);
    let budget = TokenBucket::builder().capacity(tuning.retry_budget).build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http.clone())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials.clone())
        // What ends is kept by `Renewed`, which knows how long it serves.
        .identity_cache(IdentityCache::no_cache())
        // Of its own: a region that is away must not use up what the others try again with.
        .retry_partition(RetryPartition::custom(settings.region.clone()).token_bucket(budget).build())
        .force_path_style(settings.path_style)
        .timeout_config(timeouts)
        .retry_config(retries)
        .retry_classifier(Damaged)
        .interceptor(meter.clone());
    let config = checksums(config, settings);
    match endpoint {
        Some(endpoint) => config.endpoint_url(endpoint).build(),
        None => config.build(),
    }
}

fn checksums(config: Builder, settings: &StoreSettings) -> Builder {
    if settings.checksums_when_required {
        config
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
    } else {
        config
    }
}
