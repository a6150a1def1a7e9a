//! A server whose store holds a bucket of somebody else's, with a location for each of two customers.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{BucketVersioningStatus, Delete, ObjectIdentifier, StorageClass, VersioningConfiguration};
use bytes::Bytes;
use satchel::blob::embedded::Embedded;
use satchel::blob::{AssumeRole, Location, Store, StoreSettings};
use satchel::domain::CustomerId;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Ground, Kind, Reached, Tenant, UPLOAD_LIMIT, World, copy_folder};

/// Another seed than that of the world that made the customers, or its ids would come again.
const SEED: u64 = 77;

/// Whether the bucket keeps versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    Kept,
    Lost,
}

/// Stores and buckets over which adoption is tried. The embedded store keeps no versions.
pub const GROUNDS: [(Kind, Versions); 5] = [
    (Kind::Embedded, Versions::Lost),
    (Kind::Rgw, Versions::Lost),
    (Kind::Rgw, Versions::Kept),
    (Kind::MiniStack, Versions::Lost),
    (Kind::MiniStack, Versions::Kept),
];

/// The server, and the bucket.
pub struct Adopting {
    pub world: World,
    pub ann: Tenant,
    pub ben: Tenant,
    /// What each may adopt from: `ann/` and `ben/`.
    pub bucket: String,
    pub versions: Versions,
    pub settings: StoreSettings,
    pub bare: Client,
    pub embedded: Option<(Embedded, TempDir)>,
}

impl Adopting {
    pub async fn start(kind: Kind, versions: Versions) -> Self {
        Self::of(kind, versions, None, UPLOAD_LIMIT).await
    }

    /// The same, where files of so many bytes are taken.
    pub async fn taking(kind: Kind, versions: Versions, upload_limit: u64) -> Self {
        Self::of(kind, versions, None, upload_limit).await
    }

    /// The same, where this role is assumed for each customer's work.
    pub async fn with(kind: Kind, versions: Versions, role: Option<AssumeRole>) -> Self {
        Self::of(kind, versions, role, UPLOAD_LIMIT).await
    }

    async fn of(kind: Kind, versions: Versions, role: Option<AssumeRole>, upload_limit: u64) -> Self {
        let Reached { settings, bare, embedded } = Reached::of(kind).await;
        let settings = StoreSettings { create_buckets: true, ..settings };
        let bucket = settings.files_bucket.replace("-files", "-archive");
        bare.create_bucket().bucket(&bucket).send().await.unwrap();
        if versions == Versions::Kept {
            let kept = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            bare.put_bucket_versioning().bucket(&bucket).versioning_configuration(kept).send().await.unwrap();
        }
        let ground = async |settings: &StoreSettings, dir, seed| Ground {
            dir,
            store: Store::connect(settings.clone()).await.unwrap(),
            bytes_url: settings.endpoint.clone().unwrap(),
            seed,
            bytes: None,
            database: None,
        };
        // Locations name customers: these are made first, by a server that ends then.
        let before = World::on(ground(&settings, tempfile::tempdir().unwrap(), SEED + 1).await).await;
        let (ann, ben) = (before.tenant("Ann").await, before.tenant("Ben").await);
        before.shutdown().await;
        let dir = tempfile::tempdir().unwrap();
        copy_folder(&before.folder().join("catalog"), &dir.path().join("catalog"));
        let location = |tenant: &Tenant, prefix: &str| Location {
            customer: CustomerId::parse(&tenant.customer).unwrap(),
            bucket: bucket.clone(),
            prefix: prefix.to_owned(),
        };
        let assume_role = role.map(|role| AssumeRole { endpoint: settings.endpoint.clone(), ..role });
        let locations = vec![location(&ann, "ann/"), location(&ben, "ben/")];
        let settings = StoreSettings { locations, create_buckets: false, assume_role, ..settings };
        let world = World::taking(ground(&settings, dir, SEED).await, upload_limit).await;
        Self { world, ann, ben, bucket, versions, settings, bare, embedded }
    }

    /// Writes an object, as whoever owns the bucket.
    pub async fn put(&self, key: &str, bytes: &[u8]) {
        self.put_in(key, bytes, None).await;
    }

    pub async fn put_in(&self, key: &str, bytes: &[u8], class: Option<StorageClass>) {
        let put = self.bare.put_object().bucket(&self.bucket).key(key).body(Bytes::copy_from_slice(bytes).into());
        put.set_storage_class(class).send().await.unwrap();
    }

    /// Removes an object with all its versions.
    pub async fn remove(&self, key: &str) {
        if self.versions == Versions::Lost {
            self.bare.delete_object().bucket(&self.bucket).key(key).send().await.unwrap();
            return;
        }
        let listed = self.bare.list_object_versions().bucket(&self.bucket).prefix(key).send().await.unwrap();
        let ids = listed.versions().iter().map(|version| version.version_id());
        for id in ids.chain(listed.delete_markers().iter().map(|marker| marker.version_id())) {
            self.bare.delete_object().bucket(&self.bucket).key(key).set_version_id(id.map(str::to_owned)).send().await.unwrap();
        }
    }

    /// The bytes of an object, as whoever owns the bucket sees them.
    pub async fn lies(&self, key: &str) -> Option<Vec<u8>> {
        let found = self.bare.get_object().bucket(&self.bucket).key(key).send().await.ok()?;
        Some(found.body.collect().await.unwrap().to_vec())
    }

    /// Keys in the bucket of what people put in.
    pub async fn own(&self) -> Vec<String> {
        let listed = self.bare.list_objects_v2().bucket(&self.settings.files_bucket).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    pub async fn begin(&self, tenant: &Tenant, bucket: &str, prefix: &str) -> Answer {
        self.world.post("/v1/imports", &tenant.key, &json!({"bucket": bucket, "prefix": prefix, "folder": "archive"})).await
    }

    /// Does what a worker would with every run that is due.
    pub async fn run_all(&self) {
        while let Some(import) = self.world.files.lease_import(60).await.unwrap() {
            let mut next = Some(import);
            while let Some(import) = next {
                next = self.world.files.import_page(&import).await.unwrap();
            }
        }
    }

    /// Adopts what lies under a prefix, scans and reads it; the counts, and what the report names.
    pub async fn adopt(&self, tenant: &Tenant, prefix: &str) -> Report {
        let begun = self.begin(tenant, &self.bucket, prefix).await.expect(202);
        self.run_all().await;
        self.report(tenant, &begun.text("/import_id")).await
    }

    pub async fn report(&self, tenant: &Tenant, import: &str) -> Report {
        let path = format!("/v1/imports/{import}");
        let told = self.world.get(&path, &tenant.key).await.expect(200).json();
        assert_eq!(told["state"], "done", "{told}");
        let notes = self.world.get(&format!("{path}/notes"), &tenant.key).await.expect(200).json();
        let note = |note: &Value| ["key", "outcome", "reason"].map(|field| note[field].as_str().unwrap_or_default().to_owned());
        Report { seen: told["seen"].clone(), notes: notes["notes"].as_array().unwrap().iter().map(note).collect() }
    }

    /// A file's id by its name.
    pub async fn file(&self, tenant: &Tenant, name: &str) -> String {
        let files = self.files(tenant).await;
        let found = files.iter().find(|file| file["original_name"] == name).unwrap_or_else(|| panic!("{name}: {files:?}"));
        found["id"].as_str().unwrap().to_owned()
    }

    pub async fn files(&self, tenant: &Tenant) -> Vec<Value> {
        let listed = self.world.get("/v1/files?limit=200", &tenant.key).await.expect(200).json();
        listed["files"].as_array().unwrap().clone()
    }

    /// Downloads a file as a browser does: by an address of the store, or from the server.
    pub async fn download(&self, tenant: &Tenant, file: &str, query: &str) -> Answer {
        let answer = self.world.get(&format!("/v1/files/{file}/content{query}"), &tenant.key).await;
        if answer.status != 302 {
            return answer;
        }
        Answer::of(self.world.client.get(answer.header("location")).send().await.unwrap()).await
    }

    /// Removes the buckets, and stops what was started.
    pub async fn close(self) {
        self.world.shutdown().await;
        if let Some((embedded, _dir)) = self.embedded {
            return embedded.shutdown().await;
        }
        for bucket in [&self.bucket, &self.settings.files_bucket, &self.settings.metadata_bucket] {
            let listed = self.bare.list_object_versions().bucket(bucket).send().await.unwrap();
            let versions = listed.versions().iter().map(|one| (one.key(), one.version_id()));
            let markers = listed.delete_markers().iter().map(|one| (one.key(), one.version_id()));
            let object = |(key, version): (Option<&str>, Option<&str>)| {
                let object = ObjectIdentifier::builder().key(key.unwrap());
                object.set_version_id(version.map(str::to_owned)).build().unwrap()
            };
            let objects: Vec<_> = versions.chain(markers).map(object).collect();
            if !objects.is_empty() {
                let delete = Delete::builder().set_objects(Some(objects)).build().unwrap();
                self.bare.delete_objects().bucket(bucket).delete(delete).send().await.unwrap();
            }
            self.bare.delete_bucket().bucket(bucket).send().await.unwrap();
        }
    }
}

/// What a run told.
#[derive(Debug)]
pub struct Report {
    pub seen: Value,
    /// Key, outcome and reason of each object that is named.
    pub notes: Vec<[String; 3]>,
}

impl Report {
    /// Adopted, known, changed, refused, vanished, deleted.
    pub fn counts(&self) -> [u64; 6] {
        ["adopted", "known", "changed", "refused", "vanished", "deleted"].map(|name| self.seen[name].as_u64().unwrap())
    }

    /// Why an object is named.
    pub fn why(&self, key: &str) -> (&str, &str) {
        let [_, outcome, reason] = self.notes.iter().find(|note| note[0] == key).unwrap_or_else(|| panic!("{key}: {self:?}"));
        (outcome, reason)
    }
}
