//! A store with two bucket names of its own, and everything under them removed afterwards.

use std::net::SocketAddr;

use crate::support::beside;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use satchel::blob::embedded::{Embedded, EmbeddedSettings};
use satchel::blob::{Store, StoreSettings};
use satchel::domain::{SystemEntropy, random_bytes};
use tempfile::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Embedded,
    Rgw,
    MiniStack,
}

pub const ALL: [Kind; 3] = [Kind::Embedded, Kind::Rgw, Kind::MiniStack];

pub struct Peer {
    pub kind: Kind,
    pub settings: StoreSettings,
    /// The SDK's own client, for what the house never asks.
    pub bare: Client,
    embedded: Option<(Embedded, TempDir)>,
}

impl Peer {
    /// Reaches a store; no bucket is made.
    pub async fn reach(kind: Kind) -> Self {
        // Fails only when another test of this process was first.
        drop(rustls::crypto::ring::default_provider().install_default());
        let (access, secret) = match kind {
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
                let settings =
                    EmbeddedSettings { dir: dir.path().to_owned(), listen, access_key: access.into(), secret_key: secret.into() };
                let embedded = Embedded::start(settings).await.unwrap();
                (format!("http://{}", embedded.local_addr()), Some((embedded, dir)))
            }
        };
        let name = format!("satchel-{}", hex::encode(random_bytes::<6>(&SystemEntropy)));
        let settings = StoreSettings {
            endpoint: Some(endpoint.clone()),
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            access_key: access.to_owned(),
            secret_key: secret.to_owned(),
            files_bucket: format!("{name}-files"),
            metadata_bucket: format!("{name}-metadata"),
            path_style: true,
            checksums_when_required: kind == Kind::Rgw,
            create_buckets: false,
            credentials_by_chain: false,
            ..StoreSettings::default()
        };
        let bare = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(endpoint)
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new(access, secret, None, None, "test"))
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(true);
        Self { kind, settings, bare: Client::from_conf(bare.build()), embedded }
    }

    /// The store, with both buckets made.
    pub async fn store(&self) -> Store {
        self.connect(|settings| settings.create_buckets = true).await
    }

    /// The store with other settings.
    pub async fn connect(&self, change: impl FnOnce(&mut StoreSettings)) -> Store {
        let mut settings = self.settings.clone();
        change(&mut settings);
        Store::connect(settings).await.unwrap()
    }

    /// Names of the objects in both buckets, versions and marks of deletion too.
    pub async fn contents(&self) -> Vec<String> {
        let mut names = Vec::new();
        for bucket in [&self.settings.files_bucket, &self.settings.metadata_bucket] {
            if self.kind == Kind::Embedded {
                let listed = self.bare.list_objects_v2().bucket(bucket).send().await.unwrap();
                names.extend(listed.contents().iter().filter_map(|one| one.key().map(str::to_owned)));
            } else if let Ok(listed) = self.bare.list_object_versions().bucket(bucket).send().await {
                names.extend(listed.versions().iter().filter_map(|one| one.key().map(str::to_owned)));
                names.extend(listed.delete_markers().iter().filter_map(|one| one.key().map(str::to_owned)));
            }
        }
        names
    }

    /// Removes everything.
    pub async fn close(self) {
        for bucket in [&self.settings.files_bucket, &self.settings.metadata_bucket] {
            if self.kind == Kind::Embedded {
                continue;
            }
            let Ok(listed) = self.bare.list_object_versions().bucket(bucket).send().await else { continue };
            let versions = listed.versions().iter().map(|one| (one.key(), one.version_id()));
            let marks = listed.delete_markers().iter().map(|one| (one.key(), one.version_id()));
            for (key, version) in versions.chain(marks) {
                let removal = self.bare.delete_object().bucket(bucket).key(key.unwrap());
                removal.set_version_id(version.map(str::to_owned)).send().await.unwrap();
            }
            self.bare.delete_bucket().bucket(bucket).send().await.unwrap();
        }
        if let Some((embedded, _dir)) = self.embedded {
            embedded.shutdown().await;
        }
    }
}
