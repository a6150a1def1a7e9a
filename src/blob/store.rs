//! The store: looks, deletes, and says whether it answers. Bytes go in by `upload`, out by
//! `download`, and across by `copy`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::SharedCredentialsProvider;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::create_bucket::builders::CreateBucketFluentBuilder;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::types::{BucketLocationConstraint, ChecksumMode, ChecksumType, CreateBucketConfiguration};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio_util::task::TaskTracker;

use super::adopted::Location;
use super::assume::{Clients, Sessions};
use super::client::{browser_origin, config, credentials, http_client};
use super::download::At;
use super::error::{BlobError, is_absent, status};
use super::iam::partition;
use super::key::{ObjectKey, Role};
use super::meter::{Meter, Tally};
use super::renewal::Renewed;
use super::settings::{StoreSettings, Tuning};
use crate::domain::{Checksum, Clock, CustomerId, SystemClock};
use crate::telemetry::Stopwatch;

/// How long readiness waits for an answer.
const PROBE: Duration = Duration::from_secs(2);

/// The store. Cheap to clone; all clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// Until when the caller waits, where there is such a time.
    patience: Option<Patience>,
}

/// A time that runs.
#[derive(Debug, Clone, Copy)]
struct Patience {
    since: Stopwatch,
    limit: Duration,
}

impl Patience {
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.since.elapsed())
    }
}

#[derive(Debug, Clone)]
struct Inner {
    client: Client,
    public: Client,
    meter: Meter,
    tuning: Tuning,
    keeps_checksums: bool,
    /// The process's own.
    credentials: SharedCredentialsProvider,
    /// Where a role is assumed for each customer's work.
    sessions: Option<Arc<Sessions>>,
    /// What this handle signs by, where that ends.
    renewed: Option<Arc<Renewed>>,
    region: String,
    /// Whose objects each customer may adopt.
    locations: Vec<Location>,
    /// Requests go over TLS.
    with_tls: bool,
    browser_origin: String,
    files_bucket: String,
    metadata_bucket: String,
    tasks: TaskTracker,
}

/// What the store says of an object without giving it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Bytes.
    pub size: u64,
    /// The store's name for exactly these bytes under this key; quoted.
    pub etag: String,
    /// SHA-256 of the whole object, where the store checked and kept it. A store that does not is
    /// not asked: see [`StoreSettings::checksums_when_required`].
    pub checksum: Option<Checksum>,
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

impl BucketState {
    /// The text form, for reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Missing => "missing",
            Self::Refused => "refused",
            Self::Silent => "silent",
        }
    }
}

impl Store {
    /// Builds the clients; with `create_buckets`, makes sure that both buckets exist. Without it no
    /// request is made, so that a server may start before its store.
    ///
    /// # Errors
    /// When there is no source of credentials, or a bucket cannot be made.
    pub async fn connect(settings: StoreSettings) -> Result<Self, BlobError> {
        Self::connect_by(settings, Arc::new(SystemClock)).await
    }

    /// The same, which knows by this clock when credentials end.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub async fn connect_by(settings: StoreSettings, clock: Arc<dyn Clock>) -> Result<Self, BlobError> {
        let (http, meter) = (http_client(), Meter::default());
        let (credentials, renewed) = credentials(&settings, &http, Arc::clone(&clock)).await?;
        let endpoint = settings.endpoint.as_deref();
        let public_endpoint = settings.public_endpoint.as_deref().or(endpoint);
        let client = |endpoint| Client::from_conf(config(&settings, &http, &credentials, &meter, endpoint));
        let (inside, public) = (client(endpoint), client(public_endpoint));
        let browser_origin = browser_origin(&settings, &http, public_endpoint).await?;
        let sessions = settings.assume_role.clone();
        let sessions = sessions.map(|role| Arc::new(Sessions::new(role, settings.estate(None), &inside, credentials.clone(), clock)));
        let store = Self {
            inner: Arc::new(Inner {
                client: inside,
                public,
                credentials,
                sessions,
                renewed,
                with_tls: endpoint.is_none_or(|endpoint| endpoint.starts_with("https://")),
                browser_origin,
                meter: meter.clone(),
                tuning: settings.tuning,
                keeps_checksums: !settings.checksums_when_required,
                region: settings.region,
                locations: settings.locations,
                files_bucket: settings.files_bucket,
                metadata_bucket: settings.metadata_bucket,
                tasks: TaskTracker::new(),
            }),
            patience: None,
        };
        if settings.create_buckets {
            for bucket in store.buckets() {
                store.create_bucket(bucket).await?;
            }
        }
        Ok(store)
    }

    /// The same, where one attempt waits so long for an answer.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub async fn connect_within(settings: StoreSettings, read: Duration) -> Result<Self, BlobError> {
        let tuning = Tuning { read, ..settings.tuning };
        Self::connect(StoreSettings { tuning, ..settings }).await
    }

    /// The store for a caller who waits so long from now: all requests of this handle, with all their
    /// attempts, have ended by then. A body that is read afterwards has the limits of a body.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        let sooner = self.patience.is_none_or(|patience| limit < patience.left());
        let patience = if sooner { Some(Patience { since: Stopwatch::start(), limit }) } else { self.patience };
        Self { inner: Arc::clone(&self.inner), patience }
    }

    /// The store for reading a body, which may take as long as its bytes come.
    pub(super) fn unhurried(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), patience: None }
    }

    /// The store for one customer's work: where a role is set, with credentials that reach no other
    /// customer's objects, even by a fault of ours. Makes no request.
    #[must_use]
    pub fn for_customer(&self, customer: CustomerId) -> Self {
        let Some(sessions) = &self.inner.sessions else { return self.clone() };
        let Clients { client, public, credentials } = sessions.clients(customer, &self.inner.client, &self.inner.public);
        let renewed = Some(credentials);
        Self { inner: Arc::new(Inner { client, public, renewed, ..(*self.inner).clone() }), patience: self.patience }
    }

    /// The request that makes a bucket in the store's region.
    pub(super) fn create(&self, bucket: &str) -> CreateBucketFluentBuilder {
        let request = self.client().create_bucket().bucket(bucket);
        // AWS refuses a location that names its default region.
        if self.inner.region == "us-east-1" {
            return request;
        }
        let location = BucketLocationConstraint::from(self.inner.region.as_str());
        request.create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(location).build())
    }

    async fn create_bucket(&self, bucket: &str) -> Result<(), BlobError> {
        match self.timed(self.create(bucket).send()).await {
            Ok(_) => Ok(()),
            // Another owner's bucket of that name shows as `Refused` in the probe.
            Err(error) if matches!(error.code(), Some("BucketAlreadyOwnedByYou" | "BucketAlreadyExists")) => Ok(()),
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// The size of the object in bytes; `None` when there is no such object.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        Ok(self.look(key).await?.map(|facts| facts.size))
    }

    /// What the store says of the object; `None` when there is no such object.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn look(&self, key: &ObjectKey) -> Result<Option<Facts>, BlobError> {
        let (bucket, name) = self.place(key);
        self.look_at(&At { bucket: bucket.to_owned(), name: name.to_owned(), version: None }).await
    }

    pub(super) async fn look_at(&self, at: &At) -> Result<Option<Facts>, BlobError> {
        let mut request = self.client().head_object().bucket(&at.bucket).key(&at.name).set_version_id(at.version.clone());
        if self.keeps_checksums() {
            request = request.checksum_mode(ChecksumMode::Enabled);
        }
        match self.timed(request.send()).await {
            Ok(answer) => {
                // A sum of the parts' sums says nothing of the whole.
                let whole = answer.checksum_type().is_none_or(|kind| *kind == ChecksumType::FullObject);
                let told = answer.checksum_sha256().filter(|_| whole && self.keeps_checksums());
                Ok(Some(Facts {
                    size: length(answer.content_length()),
                    etag: answer.e_tag().unwrap_or_default().to_owned(),
                    checksum: told.and_then(checksum_of),
                }))
            }
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => {
                let is_nothing = status(&error) == Some(403) && self.lists_nothing(at).await;
                if is_nothing { Ok(None) } else { Err(BlobError::of(error)) }
            }
        }
    }

    /// Whether the store says that nothing lies under the key when it is asked for its list. Credentials that
    /// may list their own prefix alone are told `403` instead of `404` of what is not there: whether that may
    /// be told, S3 asks without a prefix, which their policy does not allow.
    pub(super) async fn lists_nothing(&self, at: &At) -> bool {
        let request = self.client().list_objects_v2().bucket(&at.bucket).prefix(&at.name).max_keys(1);
        let page = self.timed(request.send()).await;
        page.is_ok_and(|page| page.contents().first().and_then(|object| object.key()) != Some(at.name.as_str()))
    }

    /// Deletes the object; nothing to delete is success.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        let (bucket, name) = self.place(key);
        match self.timed(self.client().delete_object().bucket(bucket).key(name).send()).await {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// Whether the store can be used now; answers within about two seconds.
    pub async fn probe(&self) -> Probe {
        let (files, metadata) = tokio::join!(self.probe_bucket(&self.inner.files_bucket), self.probe_bucket(&self.inner.metadata_bucket));
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

    /// What was asked of the store since it was connected, by operation of the S3 model.
    pub fn usage(&self) -> BTreeMap<String, Tally> {
        self.inner.meter.snapshot()
    }

    /// Waits until what was begun in the background (giving up cut-off uploads) is done. To be
    /// called once, when nobody uses the store any more.
    pub async fn drain(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// How long a call that carries no object may take.
    fn limit(&self) -> Duration {
        self.patience.map_or(self.tuning().operation, |patience| patience.left().min(self.tuning().operation))
    }

    /// How long what is signed now is to be taken: as long as wanted, and no longer than the credentials
    /// serve by which it is signed. They are renewed first where that would be much less.
    pub(super) async fn lifetime(&self, wanted: Duration) -> Result<Duration, BlobError> {
        let Some(renewed) = &self.inner.renewed else { return Ok(wanted) };
        let rest = match tokio::time::timeout(self.limit(), renewed.rest(wanted)).await {
            Ok(rest) => rest.map_err(|error| BlobError::Unavailable { source: error.into() })?,
            Err(late) => return Err(BlobError::Unavailable { source: late.into() }),
        };
        Ok(rest.map_or(wanted, |rest| wanted.min(rest)).max(Duration::from_secs(1)))
    }

    /// A call that carries no object, within the caller's time and that of such calls.
    pub(super) async fn timed<T, E>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, SdkError<E, HttpResponse>> {
        let limit = self.limit();
        // On the heap: what the SDK keeps of a call is several kilobytes, in every future that waits for one.
        bounded(limit, Box::pin(call)).await
    }

    /// A call that carries an object or makes the store move one, within the caller's time.
    pub(super) async fn carried<T, E>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, SdkError<E, HttpResponse>> {
        match self.patience {
            Some(patience) => bounded(patience.left(), Box::pin(call)).await,
            None => Box::pin(call).await,
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(super) fn public_client(&self) -> &Client {
        &self.inner.public
    }

    /// The process's own credentials, whoever this handle works for.
    pub(super) fn credentials(&self) -> SharedCredentialsProvider {
        self.inner.credentials.clone()
    }

    /// Scheme, host and port of the addresses that are signed for browsers: the bucket's own where it has
    /// one.
    pub fn browser_origin(&self) -> &str {
        &self.inner.browser_origin
    }

    pub(super) fn region(&self) -> &str {
        &self.inner.region
    }

    pub(super) fn files_bucket(&self) -> &str {
        &self.inner.files_bucket
    }

    pub(super) fn metadata_bucket(&self) -> &str {
        &self.inner.metadata_bucket
    }

    pub(super) fn locations(&self) -> &[Location] {
        &self.inner.locations
    }

    pub(super) fn is_reached_with_tls(&self) -> bool {
        self.inner.with_tls
    }

    /// The name of a bucket in policies.
    pub(super) fn arn(&self, bucket: &str) -> String {
        format!("arn:{}:s3:::{bucket}", partition(&self.inner.region))
    }

    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.inner.tasks
    }

    pub(super) fn tuning(&self) -> &Tuning {
        &self.inner.tuning
    }

    /// Whether the store checks and keeps S3's additional checksums.
    pub(super) fn keeps_checksums(&self) -> bool {
        self.inner.keeps_checksums
    }

    pub(super) fn buckets(&self) -> [&str; 2] {
        [&self.inner.files_bucket, &self.inner.metadata_bucket]
    }

    pub(super) fn bucket(&self, role: Role) -> &str {
        match role {
            Role::Files => &self.inner.files_bucket,
            Role::Metadata => &self.inner.metadata_bucket,
        }
    }

    pub(super) fn place<'a>(&'a self, key: &'a ObjectKey) -> (&'a str, &'a str) {
        let (role, name) = key.place();
        (self.bucket(role), name)
    }
}

async fn bounded<T, E>(
    limit: Duration,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, SdkError<E, HttpResponse>> {
    match tokio::time::timeout(limit, call).await {
        Ok(outcome) => outcome,
        Err(late) => Err(SdkError::timeout_error(late)),
    }
}

/// A length as S3 messages carry it.
pub(super) fn length(header: Option<i64>) -> u64 {
    header.and_then(|length| u64::try_from(length).ok()).unwrap_or(0)
}

pub(super) fn checksum_of(text: &str) -> Option<Checksum> {
    STANDARD.decode(text).ok().and_then(|digest| digest.try_into().ok()).map(Checksum::from_digest)
}
