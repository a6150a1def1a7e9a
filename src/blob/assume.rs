//! Credentials for one customer's work: a role is assumed with a session policy that names that
//! customer's objects, so that the store itself refuses what a fault of ours would ask of another's.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, IdentityCache, ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::error::ProvideErrorMetadata;

use super::iam::Estate;
use crate::domain::CustomerId;

/// How long before their end credentials are renewed; a presigned URL lives a minute and dies with
/// the credentials it was signed by.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// How long asking for credentials may take.
const LOAD: Duration = Duration::from_secs(10);
/// Customers whose credentials are kept; past that, those that were not used for longest go.
const KEPT: usize = 512;

/// Which role is assumed.
#[derive(Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// ARN of the role.
    pub arn: String,
    /// What the role's owner wants to be told, where it is another account.
    pub external_id: Option<String>,
    /// How long credentials live: 15 minutes to 12 hours.
    pub duration: Duration,
    /// Where credentials are asked for; `None` means AWS in the store's region.
    pub endpoint: Option<String>,
}

impl fmt::Debug for AssumeRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AssumeRole")
            .field("arn", &self.arn)
            .field("duration", &self.duration)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// The two clients of one customer.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    pub client: Client,
    pub public: Client,
}

/// Hands out clients whose credentials reach one customer's objects.
pub(super) struct Sessions {
    sts: aws_sdk_sts::Client,
    role: AssumeRole,
    estate: Estate,
    kept: Mutex<Kept>,
}

/// Clients by customer, with a count that tells which were used last.
#[derive(Default)]
struct Kept {
    uses: u64,
    clients: HashMap<CustomerId, (u64, Clients)>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sessions").field("role", &self.role).finish_non_exhaustive()
    }
}

impl Sessions {
    /// Asks nobody yet. `base` is a client with the process's own credentials, from which connections,
    /// region and times are taken.
    pub fn new(role: AssumeRole, estate: Estate, base: &Client, credentials: SharedCredentialsProvider) -> Self {
        let base = base.config();
        let mut config = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::v2026_01_12())
            .region(base.region().cloned())
            .credentials_provider(credentials);
        config.set_timeout_config(base.timeout_config().cloned());
        config.set_retry_config(base.retry_config().cloned());
        config.set_http_client(base.http_client());
        config.set_endpoint_url(role.endpoint.clone());
        Self { sts: aws_sdk_sts::Client::from_conf(config.build()), role, estate, kept: Mutex::default() }
    }

    /// The clients of a customer. Their credentials are asked for by their first request, once for all
    /// that wait, kept, and renewed five minutes before their end.
    pub fn clients(&self, customer: CustomerId, base: &Client, public: &Client) -> Clients {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        if let Some((used, clients)) = kept.clients.get_mut(&customer) {
            *used = now;
            return clients.clone();
        }
        if kept.clients.len() >= KEPT
            && let Some(oldest) = kept.clients.iter().min_by_key(|(_, (used, _))| *used).map(|(customer, _)| *customer)
        {
            kept.clients.remove(&oldest);
        }
        let session = SharedCredentialsProvider::new(Session {
            sts: self.sts.clone(),
            role: self.role.clone(),
            name: customer.to_string(),
            policy: self.estate.session_policy(&customer.to_string()),
        });
        // One cache for both: the URL that a browser opens and the request beside it share credentials.
        let cache = IdentityCache::lazy().buffer_time(RENEW_BEFORE).load_timeout(LOAD).build();
        let with = |client: &Client| {
            let config = client.config().to_builder().credentials_provider(session.clone()).identity_cache(cache.clone());
            Client::from_conf(config.build())
        };
        let clients = Clients { client: with(base), public: with(public) };
        kept.clients.insert(customer, (now, clients.clone()));
        clients
    }
}

/// What it takes to get credentials for one customer.
struct Session {
    sts: aws_sdk_sts::Client,
    role: AssumeRole,
    name: String,
    policy: String,
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Session {
    async fn ask(&self) -> Result<Credentials, CredentialsError> {
        let seconds = i32::try_from(self.role.duration.as_secs()).unwrap_or(i32::MAX);
        let request = self.sts.assume_role().role_arn(&self.role.arn).role_session_name(&self.name).policy(&self.policy);
        let answer = request.duration_seconds(seconds).set_external_id(self.role.external_id.clone()).send().await;
        let given = answer.map_err(|error| {
            tracing::warn!(
                code = error.code().unwrap_or("none"),
                error = %error,
                "the role for a customer's work could not be assumed; check `store.assume_role`"
            );
            CredentialsError::provider_error(error)
        })?;
        let Some(given) = given.credentials else { return Err(CredentialsError::provider_error("no credentials in the answer")) };
        let expiry = given.expiration.try_into().map_err(CredentialsError::provider_error)?;
        Ok(Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), Some(expiry), "satchel-customer"))
    }
}

impl ProvideCredentials for Session {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}
