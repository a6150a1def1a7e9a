//! How to reach the store.

use std::fmt;
use std::time::Duration;

use super::adopted::Location;
use super::assume::AssumeRole;
use super::iam::Estate;

const MIB: u64 = 1024 * 1024;
/// How slow a line to the store may be, in bytes a second.
pub(super) const SLOWEST: u64 = 64 * 1024;
/// What STS takes, in characters.
const MAX_SESSION_POLICY: usize = 2048;

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
    /// Take credentials by the standard chain (environment, profile, web identity, container,
    /// instance) and renew them by it; the two keys below are not looked at then.
    pub credentials_by_chain: bool,
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
    /// The store neither checks nor keeps S3's additional checksums (Ceph RGW 16, Garage): they are
    /// sent only where the protocol demands them. What arrives is checked all the same, by the
    /// SHA-256 in the signature, and what is told of an object's checksum is not believed.
    pub checksums_when_required: bool,
    /// Create missing buckets when connecting.
    pub create_buckets: bool,
    /// Times, attempts and sizes.
    pub tuning: Tuning,
    /// The role that is assumed for each customer's work; without one the keys above do all of it.
    pub assume_role: Option<AssumeRole>,
    /// The key of the key service under which objects lie, for the rights of a customer's session.
    pub kms_key: Option<String>,
    /// Whose objects each customer may adopt where they lie; checked by [`Location::check`].
    pub locations: Vec<Location>,
}

impl Default for StoreSettings {
    /// AWS in its first region, by the standard chain.
    fn default() -> Self {
        Self {
            endpoint: None,
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            credentials_by_chain: true,
            access_key: String::new(),
            secret_key: String::new(),
            files_bucket: "satchel-files-us-east-1".to_owned(),
            metadata_bucket: "satchel-metadata-us-east-1".to_owned(),
            path_style: false,
            checksums_when_required: false,
            create_buckets: false,
            tuning: Tuning::default(),
            assume_role: None,
            kms_key: None,
            locations: Vec::new(),
        }
    }
}

/// How requests are timed and tried again, and how large objects are cut up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// How long a connection may take.
    pub connect: Duration,
    /// How long one attempt waits for an answer, and a body for its next bytes. An attempt that sends a
    /// body has besides what a line of 64 KiB a second needs for it.
    pub read: Duration,
    /// How long a request that carries no object may take with all its attempts.
    pub operation: Duration,
    /// Attempts of one request, the first included.
    pub attempts: u32,
    /// How much may be tried again while nothing succeeds: a further attempt takes five of it, after a
    /// time-out ten, and each request that succeeds gives one back. Each region has its own.
    pub retry_budget: usize,
    /// What else is done when the store is slow or refuses for a while.
    pub pace: Pace,
    /// Bytes of a part of an upload or a download. S3 takes 10,000 parts of at least 5 MiB.
    pub part: u64,
    /// Parts of one object under way at once; one more fills meanwhile.
    pub parts_at_once: usize,
    /// Largest object that is copied in one request, in bytes: S3 copies up to 5 GiB at once.
    pub copy_whole: u64,
    /// Bytes of a part of a copy, at least 5 MiB and at most 5 GiB.
    pub copy_part: u64,
}

impl Tuning {
    /// How long an attempt that sends so many bytes waits for its answer: as any other, once a slow line
    /// has taken them.
    pub(super) fn sending(&self, bytes: u64) -> Duration {
        self.read.saturating_add(Duration::from_secs(bytes / SLOWEST))
    }
}

/// How attempts are held back. Both wait twice as long before each further attempt, by chance up to
/// that, and stop trying again when too many requests of the client failed lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Nothing else.
    Standard,
    /// After `SlowDown` the whole client sends no faster than the store takes it, first attempts too.
    Adaptive,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            read: Duration::from_secs(30),
            operation: Duration::from_mins(1),
            attempts: 3,
            retry_budget: 500,
            pace: Pace::Standard,
            part: 8 * MIB,
            parts_at_once: 2,
            copy_whole: 5 * 1024 * MIB,
            copy_part: 512 * MIB,
        }
    }
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoreSettings")
            .field("endpoint", &self.endpoint)
            .field("public_endpoint", &self.public_endpoint)
            .field("region", &self.region)
            .field("credentials_by_chain", &self.credentials_by_chain)
            .field("files_bucket", &self.files_bucket)
            .field("metadata_bucket", &self.metadata_bucket)
            .field("path_style", &self.path_style)
            .field("checksums_when_required", &self.checksums_when_required)
            .field("create_buckets", &self.create_buckets)
            .field("tuning", &self.tuning)
            .field("assume_role", &self.assume_role)
            .field("kms_key", &self.kms_key)
            .field("locations", &self.locations)
            .finish_non_exhaustive()
    }
}

impl StoreSettings {
    /// Whether the policy of each customer's session fits into what a session takes: 2,048 characters.
    ///
    /// # Errors
    /// Whose does not, in words.
    pub fn check_sessions(&self) -> Result<(), String> {
        if self.assume_role.is_none() {
            return Ok(());
        }
        let estate = self.estate(None);
        let too_long = |location: &&Location| estate.session_policy(&location.customer.to_string()).len() > MAX_SESSION_POLICY;
        match self.locations.iter().find(too_long) {
            Some(location) => {
                Err(format!("`{}` has more locations than the policy of its session holds; join some of them", location.customer))
            }
            None => Ok(()),
        }
    }

    /// What policies are about.
    #[must_use]
    pub fn estate(&self, queue: Option<String>) -> Estate {
        Estate {
            region: self.region.clone(),
            files_bucket: self.files_bucket.clone(),
            metadata_bucket: self.metadata_bucket.clone(),
            kms_key: self.kms_key.clone(),
            locations: self.locations.clone(),
            queue,
            role: self.assume_role.as_ref().map(|role| role.arn.clone()),
        }
    }
}
