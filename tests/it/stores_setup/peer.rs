//! A store with two bucket names of its own, and everything under them removed afterwards.

use aws_sdk_s3::Client;
use satchel::blob::embedded::Embedded;
use satchel::blob::{Store, StoreSettings};
use tempfile::TempDir;

pub use crate::support::Kind;
use crate::support::Reached;

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
        let Reached { settings, bare, embedded } = Reached::of(kind).await;
        Self { kind, settings, bare, embedded }
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
