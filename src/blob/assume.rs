//! Credentials for one customer's work: a role is assumed with a session policy that names that
//! customer's objects, so that the store itself refuses what a fault of ours would ask of another's.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::error::ProvideErrorMetadata;

use super::iam::Estate;
use super::renewal::Renewed;
use crate::domain::{Clock, CustomerId};

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

/// The two clients of one customer, and the credentials that both sign by.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    pub client: Client,
    pub public: Client,
    pub credentials: Arc<Renewed>,
}

/// Hands out clients whose credentials reach one customer's objects.
pub(super) struct Sessions {
    sts: aws_sdk_sts::Client,
    role: AssumeRole,
    estate: Estate,
    clock: Arc<dyn Clock>,
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
    pub fn new(role: AssumeRole, estate: Estate, base: &Client, credentials: SharedCredentialsProvider, clock: Arc<dyn Clock>) -> Self {
        let base = base.config();
        let mut config = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::v2026_01_12())
            .region(base.region().cloned())
            .credentials_provider(credentials);
        config.set_timeout_config(base.timeout_config().cloned());
        config.set_retry_config(base.retry_config().cloned());
        config.set_http_client(base.http_client());
        config.set_endpoint_url(role.endpoint.clone());
        Self { sts: aws_sdk_sts::Client::from_conf(config.build()), role, estate, clock, kept: Mutex::default() }
    }

    /// The clients of a customer. Their credentials are asked for by their first request, once for all
    /// that wait, kept, and renewed before their end: see [`Renewed`].
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
        // One for both: the URL that a browser opens and the request beside it share credentials.
        let credentials = Arc::new(Renewed::new(session, Arc::clone(&self.clock)));
        let with = |client: &Client| {
            let kept = SharedCredentialsProvider::from(Arc::clone(&credentials) as Arc<dyn ProvideCredentials>);
            Client::from_conf(client.config().to_builder().credentials_provider(kept).build())
        };
        let clients = Clients { client: with(base), public: with(public), credentials: Arc::clone(&credentials) };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::client::bare;
    use crate::blob::settings::StoreSettings;
    use crate::domain::{ManualClock, SeededEntropy};

    #[test]
    fn the_credentials_of_those_who_were_not_served_for_longest_go() {
        let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z"));
        let entropy = SeededEntropy::new(7);
        let settings = StoreSettings::default();
        let base = bare(&settings);
        let role = AssumeRole { arn: "role".to_owned(), external_id: None, duration: Duration::from_mins(15), endpoint: None };
        let nobody = SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test"));
        let sessions = Sessions::new(role, settings.estate(None), &base, nobody, clock.clone());
        let customers: Vec<CustomerId> = (0..=KEPT).map(|_| CustomerId::new(&*clock, &entropy)).collect();
        let of = |customer: CustomerId| sessions.clients(customer, &base, &base).credentials;
        let first = of(customers[0]);
        let second = of(customers[1]);
        for customer in &customers[2..KEPT] {
            of(*customer);
        }
        // The first is served again, then comes one too many.
        assert!(Arc::ptr_eq(&first, &of(customers[0])));
        of(customers[KEPT]);
        assert!(Arc::ptr_eq(&first, &of(customers[0])), "those who were served just now stay");
        assert!(!Arc::ptr_eq(&second, &of(customers[1])), "the second was not served for longest");
        assert_eq!(sessions.kept.lock().unwrap().clients.len(), KEPT);
    }
}
