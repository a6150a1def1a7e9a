//! The stores under test: the endpoint that Satchel brings, and those that `./test` starts.

use std::net::SocketAddr;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use satchel::blob::StoreSettings;
use satchel::blob::embedded::{Embedded, EmbeddedSettings};
use satchel::domain::{SystemEntropy, random_bytes};
use tempfile::TempDir;

use super::beside;

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Embedded,
    Rgw,
    MiniStack,
}

/// A store that was reached: no bucket is made, their names are nobody else's.
pub struct Reached {
    pub settings: StoreSettings,
    /// The SDK's own client, for what the house never asks.
    pub bare: Client,
    /// What was started for this test.
    pub embedded: Option<(Embedded, TempDir)>,
}

impl Reached {
    pub async fn of(kind: Kind) -> Self {
        // Fails only when another test of this process was first.
        drop(rustls::crypto::ring::default_provider().install_default());
        let (access_key, secret_key) = match kind {
            Kind::Embedded => ("local", "local-secret"),
            Kind::Rgw => ("test", "testtest"),
            Kind::MiniStack => ("test", "test"),
        };
        let (endpoint, embedded) = match kind {
            Kind::Rgw => (beside("SATCHEL_TEST_RGW"), None),
            Kind::MiniStack => (beside("SATCHEL_TEST_MINISTACK"), None),
            Kind::Embedded => {
                let dir = tempfile::tempdir().unwrap();
                let listen = SocketAddr::from(([127, 0, 0, 1], 0));
                let (access_key, secret_key) = (access_key.to_owned(), secret_key.to_owned());
                let settings = EmbeddedSettings { dir: dir.path().to_owned(), listen, access_key, secret_key };
                let embedded = Embedded::start(settings).await.unwrap();
                (format!("http://{}", embedded.local_addr()), Some((embedded, dir)))
            }
        };
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let name = format!("satchel-{}", hex::encode(random_bytes::<8>(&SystemEntropy)));
        let settings = StoreSettings {
            endpoint: Some(endpoint.clone()),
            credentials_by_chain: false,
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
            files_bucket: format!("{name}-files"),
            metadata_bucket: format!("{name}-metadata"),
            path_style: true,
            checksums_when_required: kind == Kind::Rgw,
            ..StoreSettings::default()
        };
        let bare = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(endpoint)
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(true);
        Self { settings, bare: Client::from_conf(bare.build()), embedded }
    }
}
