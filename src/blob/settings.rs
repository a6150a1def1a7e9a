//! How to reach the store.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::assume::AssumeRole;
use super::iam::Estate;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt may wait for an answer, where nobody says otherwise.
pub(super) const READ: Duration = Duration::from_secs(30);
/// Attempts of one request, the first included.
const ATTEMPTS: u32 = 3;
/// Wait before the second attempt; doubles, with jitter.
const BACKOFF: Duration = Duration::from_millis(50);
/// Longest wait between attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// Connections kept open to the store.
const IDLE_CONNECTIONS: usize = 64;

/// How to reach the store.
#[derive(Clone)]
pub struct StoreSettings {
    /// `http(s)://host:port`; `None` means AWS in `region`.
    pub endpoint: Option<String>,
    /// The address under which browsers reach the store; presigned URLs are signed for it.
    /// `None` means `endpoint`.
    pub public_endpoint: Option<String>,
    /// The region, for example `eu-central-1`.
    pub region: String,
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Bucket of what people put in.
    pub files_bucket: String,
    /// Bucket of what Satchel made of it.
    pub metadata_bucket: String,
    /// `host/bucket/key` instead of `bucket.host/key`; most stores that are not AWS want it.
    pub path_style: bool,
    /// Send and check the SDK's own checksums only where the protocol demands them; for stores that
    /// refuse signed trailers (Ceph RGW 16, Garage).
    pub checksums_when_required: bool,
    /// Create missing buckets when connecting.
    pub create_buckets: bool,
    /// The role that is assumed for each customer's work; without one the keys above do all of it.
    pub assume_role: Option<AssumeRole>,
    /// The key of the key service under which objects lie, for the rights of a customer's session.
    pub kms_key: Option<String>,
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoreSettings")
            .field("endpoint", &self.endpoint)
            .field("public_endpoint", &self.public_endpoint)
            .field("region", &self.region)
            .field("files_bucket", &self.files_bucket)
            .field("metadata_bucket", &self.metadata_bucket)
            .field("path_style", &self.path_style)
            .field("checksums_when_required", &self.checksums_when_required)
            .field("create_buckets", &self.create_buckets)
            .field("assume_role", &self.assume_role)
            .field("kms_key", &self.kms_key)
            .finish_non_exhaustive()
    }
}

impl StoreSettings {
    /// What policies are about.
    #[must_use]
    pub fn estate(&self, queue: Option<String>) -> Estate {
        Estate {
            region: self.region.clone(),
            files_bucket: self.files_bucket.clone(),
            metadata_bucket: self.metadata_bucket.clone(),
            kms_key: self.kms_key.clone(),
            queue,
            role: self.assume_role.as_ref().map(|role| role.arn.clone()),
        }
    }

    /// The process's own credentials.
    pub(super) fn credentials(&self) -> Credentials {
        Credentials::new(&self.access_key, &self.secret_key, None, None, "satchel")
    }

    /// The client's configuration for one of the two addresses; one attempt waits `read` for an answer.
    pub(super) fn client_config(&self, http: &SharedHttpClient, endpoint: Option<&str>, read: Duration) -> Config {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(read).build();
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF).with_max_backoff(MAX_BACKOFF);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials())
            .force_path_style(self.path_style)
            .timeout_config(timeouts)
            .retry_config(retries);
        if self.checksums_when_required {
            config = config
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        config.build()
    }
}

/// One pool of connections, on rustls with ring.
pub(super) fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build_https()
}
