//! The client of the store: reads, copies, deletes, and says whether the store answers.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Config, SharedCredentialsProvider};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::create_bucket::builders::CreateBucketFluentBuilder;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use futures::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_util::task::TaskTracker;

use super::assume::{Clients, Sessions};
use super::error::{BlobError, status};
use super::iam::partition;
use super::key::{ObjectKey, Role};
use super::settings::{READ, StoreSettings, http_client};
use crate::domain::{ChunkStream, CustomerId};

/// A server-side copy of the largest object may take this long.
const COPY_READ: Duration = Duration::from_mins(5);
/// How long readiness waits for an answer.
const PROBE: Duration = Duration::from_secs(2);
/// `x-amz-copy-source` is a path, percent-encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The store. Cheap to clone; all clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    client: Client,
    public: Client,
    /// The process's own.
    credentials: SharedCredentialsProvider,
    /// Where a role is assumed for each customer's work.
    sessions: Option<Arc<Sessions>>,
    region: String,
    /// Requests go over TLS.
    with_tls: bool,
    files_bucket: String,
    metadata_bucket: String,
    tasks: TaskTracker,
}

/// An object, or a part of one, to be read once.
pub struct Object {
    /// Bytes that the stream gives.
    pub size: u64,
    /// Bytes of the whole object.
    pub total: u64,
    /// The bytes. It ends with an error when the store breaks off.
    pub stream: ChunkStream,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Object").field("size", &self.size).field("total", &self.total).finish_non_exhaustive()
    }
}

/// Whether the store can be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// The bucket of what people put in.
    pub files: BucketState,
    /// The bucket of what Satchel made of it.
    pub metadata: BucketState,
}

impl Probe {
    /// Whether both buckets can be used.
    pub const fn is_ready(&self) -> bool {
        matches!((self.files, self.metadata), (BucketState::Ready, BucketState::Ready))
    }
}

/// What the store says of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketState {
    /// It is there, and ours to use.
    Ready,
    /// It does not exist.
    Missing,
    /// The credentials may not use it.
    Refused,
    /// No answer within two seconds, or one that says "not now".
    Silent,
}

impl Store {
    /// Builds the clients; with `create_buckets`, makes sure that both buckets exist. Without it no
    /// request is made, so that a server may start before its store.
    pub async fn connect(settings: StoreSettings) -> Result<Self, BlobError> {
        Self::connect_within(settings, READ).await
    }

    /// The same, where one attempt waits so long for an answer.
    pub async fn connect_within(settings: StoreSettings, read: Duration) -> Result<Self, BlobError> {
        let http = http_client();
        let public_endpoint = settings.public_endpoint.as_deref().or(settings.endpoint.as_deref());
        let client = Client::from_conf(settings.client_config(&http, settings.endpoint.as_deref(), read));
        let credentials = SharedCredentialsProvider::new(settings.credentials());
        let sessions =
            settings.assume_role.clone().map(|role| Arc::new(Sessions::new(role, settings.estate(None), &client, credentials.clone())));
        let store = Self(Arc::new(Inner {
            client,
            credentials,
            sessions,
            public: Client::from_conf(settings.client_config(&http, public_endpoint, read)),
            with_tls: settings.endpoint.as_deref().is_none_or(|endpoint| endpoint.starts_with("https://")),
            region: settings.region,
            files_bucket: settings.files_bucket,
            metadata_bucket: settings.metadata_bucket,
            tasks: TaskTracker::new(),
        }));
        if settings.create_buckets {
            for bucket in [&store.0.files_bucket, &store.0.metadata_bucket] {
                store.create_bucket(bucket).await?;
            }
        }
        Ok(store)
    }

    /// The store for one customer's work: where a role is set, with credentials that reach no other
    /// customer's objects, even by a fault of ours. Makes no request.
    #[must_use]
    pub fn for_customer(&self, customer: CustomerId) -> Self {
        let Some(sessions) = &self.0.sessions else { return self.clone() };
        let Clients { client, public } = sessions.clients(customer, &self.0.client, &self.0.public);
        Self(Arc::new(Inner { client, public, ..(*self.0).clone() }))
    }

    /// The request that makes a bucket in the store's region.
    pub(super) fn create(&self, bucket: &str) -> CreateBucketFluentBuilder {
        let request = self.client().create_bucket().bucket(bucket);
        // AWS refuses a location that names its default region.
        if self.0.region == "us-east-1" {
            return request;
        }
        let location = BucketLocationConstraint::from(self.0.region.as_str());
        request.create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(location).build())
    }

    async fn create_bucket(&self, bucket: &str) -> Result<(), BlobError> {
        match self.create(bucket).send().await {
            Ok(_) => Ok(()),
            // Another owner's bucket of that name shows as `Refused` in the probe.
            Err(error) if matches!(error.code(), Some("BucketAlreadyOwnedByYou" | "BucketAlreadyExists")) => Ok(()),
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// The object, or the part of it within `range`; `None` when there is no such object. A range
    /// that begins at or after the end gives no bytes.
    pub async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Option<Object>, BlobError> {
        let (bucket, name) = self.place(key);
        let mut request = self.client().get_object().bucket(bucket).key(name);
        if let Some(range) = &range {
            let Some(last) = range.end.checked_sub(1).filter(|last| range.start <= *last) else {
                return self.nothing_of(key).await;
            };
            request = request.range(format!("bytes={}-{last}", range.start));
        }
        match request.send().await {
            Ok(answer) => Ok(Some(object(answer))),
            Err(error) => match status(&error) {
                Some(404) if error.code() != Some("NoSuchBucket") => Ok(None),
                Some(416) => self.nothing_of(key).await,
                _ => Err(BlobError::of(error)),
            },
        }
    }

    async fn nothing_of(&self, key: &ObjectKey) -> Result<Option<Object>, BlobError> {
        let total = self.head(key).await?;
        Ok(total.map(|total| Object { size: 0, total, stream: Box::pin(stream::empty()) }))
    }

    /// The size of the object in bytes; `None` when there is no such object.
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        let (bucket, name) = self.place(key);
        match self.client().head_object().bucket(bucket).key(name).send().await {
            Ok(answer) => Ok(Some(length(answer.content_length()))),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// Copies an object within the store, replacing what lies at `to`. `None` when there is nothing
    /// at `from`. At most 5 GiB.
    pub async fn copy(&self, from: &ObjectKey, to: &ObjectKey) -> Result<Option<()>, BlobError> {
        let (from_bucket, from_name) = self.place(from);
        let (to_bucket, to_name) = self.place(to);
        let path = format!("{from_bucket}/{from_name}");
        let patience = TimeoutConfig::builder().read_timeout(COPY_READ).build();
        let request = self.client().copy_object().copy_source(utf8_percent_encode(&path, PATH).to_string());
        let answer =
            request.bucket(to_bucket).key(to_name).customize().config_override(Config::builder().timeout_config(patience)).send().await;
        match answer {
            Ok(_) => Ok(Some(())),
            Err(error) if status(&error) == Some(404) && error.code() != Some("NoSuchBucket") => Ok(None),
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// Deletes the object; nothing to delete is success.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        let (bucket, name) = self.place(key);
        match self.client().delete_object().bucket(bucket).key(name).send().await {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(404) && error.code() != Some("NoSuchBucket") => Ok(()),
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// Whether the store can be used now; answers within about two seconds.
    pub async fn probe(&self) -> Probe {
        let (files, metadata) = tokio::join!(self.probe_bucket(&self.0.files_bucket), self.probe_bucket(&self.0.metadata_bucket));
        Probe { files, metadata }
    }

    pub(super) async fn probe_bucket(&self, bucket: &str) -> BucketState {
        match tokio::time::timeout(PROBE, self.client().head_bucket().bucket(bucket).send()).await {
            Err(_) => BucketState::Silent,
            Ok(Ok(_)) => BucketState::Ready,
            Ok(Err(error)) => match (status(&error), error.as_service_error()) {
                (Some(404), _) | (_, Some(HeadBucketError::NotFound(_))) => BucketState::Missing,
                (Some(300..=499), _) => BucketState::Refused,
                _ => BucketState::Silent,
            },
        }
    }

    /// Waits until what was begun in the background (giving up cut-off uploads) is done. To be
    /// called once, when nobody uses the store any more.
    pub async fn drain(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn public_client(&self) -> &Client {
        &self.0.public
    }

    /// The process's own credentials, whoever this handle works for.
    pub(super) fn credentials(&self) -> SharedCredentialsProvider {
        self.0.credentials.clone()
    }

    pub(super) fn files_bucket(&self) -> &str {
        &self.0.files_bucket
    }

    pub(super) fn metadata_bucket(&self) -> &str {
        &self.0.metadata_bucket
    }

    pub(super) fn is_reached_with_tls(&self) -> bool {
        self.0.with_tls
    }

    /// The name of a bucket in policies.
    pub(super) fn arn(&self, bucket: &str) -> String {
        format!("arn:{}:s3:::{bucket}", partition(&self.0.region))
    }

    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    pub(super) fn place<'a>(&'a self, key: &'a ObjectKey) -> (&'a str, &'a str) {
        match key.place() {
            (Role::Files, name) => (&self.0.files_bucket, name),
            (Role::Metadata, name) => (&self.0.metadata_bucket, name),
        }
    }
}

fn object(answer: GetObjectOutput) -> Object {
    let size = length(answer.content_length());
    let total = answer.content_range().and_then(|range| range.rsplit_once('/')).and_then(|(_, total)| total.parse().ok()).unwrap_or(size);
    Object { size, total, stream: chunks(answer.body) }
}

fn length(header: Option<i64>) -> u64 {
    header.and_then(|length| u64::try_from(length).ok()).unwrap_or(0)
}

fn chunks(body: ByteStream) -> ChunkStream {
    Box::pin(stream::unfold(body, |mut body| async move {
        let piece = body.next().await?;
        Some((piece.map_err(io::Error::other), body))
    }))
}
