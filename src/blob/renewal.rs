//! Credentials that end: kept, renewed before they do, and known by how long they still serve.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_s3::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::Mutex;

use crate::domain::{Clock, Timestamp};

/// How long before their end credentials are renewed, where they live for longer than twice that.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// How long asking for credentials may take.
const LOAD: Duration = Duration::from_secs(10);
/// How long those that still serve are used before they are asked for again, where that failed.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Credentials of a source, asked for once for all who wait, and renewed before their end.
pub(super) struct Renewed {
    source: SharedCredentialsProvider,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
}

impl fmt::Debug for Renewed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Renewed").field("source", &self.source).finish_non_exhaustive()
    }
}

/// What was given, and until when.
struct Held {
    credentials: Credentials,
    given: Timestamp,
    until: Option<Timestamp>,
    /// When renewing it failed.
    failed: Option<Timestamp>,
}

/// From one instant to a later one; nothing when it is not later.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

impl Held {
    /// How long they still serve; `None` without an end.
    fn rest(&self, now: Timestamp) -> Option<Duration> {
        self.until.map(|until| between(now, until))
    }

    /// Whether they serve for so long. Of more than half a life nothing is thrown away: a wish that is
    /// longer would otherwise have new ones made for each request.
    fn serve(&self, now: Timestamp, wanted: Duration) -> bool {
        let (Some(rest), Some(until)) = (self.rest(now), self.until) else { return true };
        rest >= wanted.max(RENEW_BEFORE).min(between(self.given, until) / 2) && !rest.is_zero()
    }

    /// Whether they are to be used although they should be renewed, since that failed just now.
    fn must_do(&self, now: Timestamp) -> bool {
        self.failed.is_some_and(|at| between(at, now) < ASK_AGAIN) && self.rest(now).is_none_or(|rest| !rest.is_zero())
    }
}

impl Renewed {
    /// Asks nobody yet.
    pub fn new(source: SharedCredentialsProvider, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, held: Mutex::new(None) }
    }

    /// How long what is signed by them from now on is taken, renewed first where that is much shorter than
    /// wanted; `None` without an end.
    pub async fn rest(&self, wanted: Duration) -> Result<Option<Duration>, CredentialsError> {
        self.with(wanted, Held::rest).await
    }

    async fn with<T: Send>(&self, wanted: Duration, read: impl FnOnce(&Held, Timestamp) -> T + Send) -> Result<T, CredentialsError> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some(held) = held.as_ref()
            && (held.serve(now, wanted) || held.must_do(now))
        {
            return Ok(read(held, now));
        }
        let error = match tokio::time::timeout(LOAD, self.source.provide_credentials()).await {
            Ok(Ok(credentials)) => {
                let until = credentials.expiry().and_then(|end| Timestamp::try_from(end).ok());
                let fresh = held.insert(Held { credentials, given: self.clock.now(), until, failed: None });
                return Ok(read(fresh, now));
            }
            Ok(Err(error)) => error,
            Err(_) => CredentialsError::provider_timed_out(LOAD),
        };
        match held.as_mut().filter(|held| held.rest(now).is_none_or(|rest| !rest.is_zero())) {
            Some(held) => {
                tracing::warn!(error = %error, "credentials could not be renewed; those at hand are used to their end");
                held.failed = Some(now);
                Ok(read(held, now))
            }
            None => Err(error),
        }
    }
}

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.with(Duration::ZERO, |held, _| held.credentials.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::SystemTime;

    use super::*;
    use crate::domain::ManualClock;

    const MINUTE: Duration = Duration::from_mins(1);

    /// Gives credentials that live so long by a clock, numbered, unless it is away.
    #[derive(Clone)]
    struct Source {
        clock: Arc<ManualClock>,
        life: Option<Duration>,
        given: Arc<AtomicU32>,
        away: Arc<AtomicBool>,
    }

    impl fmt::Debug for Source {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("Source")
        }
    }

    impl ProvideCredentials for Source {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
            let end = self.life.map(|life| SystemTime::try_from(self.clock.now()).unwrap() + life);
            let credentials = Credentials::new(format!("k{number}"), "s", None, end, "test");
            let away = self.away.load(Ordering::SeqCst);
            future::ProvideCredentials::ready(if away { Err(CredentialsError::not_loaded("away")) } else { Ok(credentials) })
        }
    }

    fn source(life: Option<Duration>) -> (Source, Renewed) {
        let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z"));
        let source = Source { clock: clock.clone(), life, given: Arc::default(), away: Arc::default() };
        (source.clone(), Renewed::new(SharedCredentialsProvider::new(source), clock))
    }

    async fn key(renewed: &Renewed) -> String {
        renewed.provide_credentials().await.unwrap().access_key_id().to_owned()
    }

    #[tokio::test]
    async fn credentials_are_kept_and_renewed_five_minutes_before_their_end() {
        let (source, renewed) = source(Some(60 * MINUTE));
        for (minutes, expected) in [(0, "k1"), (54, "k1"), (1, "k1"), (1, "k2"), (54, "k2"), (2, "k3")] {
            source.clock.advance_seconds(minutes * 60);
            assert_eq!(key(&renewed).await, expected, "{minutes} minutes later");
        }
        let (endless, renewed) = self::source(None);
        assert_eq!(key(&renewed).await, "k1");
        endless.clock.advance_seconds(365 * 86_400);
        assert_eq!((key(&renewed).await.as_str(), renewed.rest(60 * MINUTE).await.unwrap()), ("k1", None));
    }

    #[tokio::test]
    async fn what_is_signed_for_long_is_signed_by_credentials_that_live_for_long() {
        let (source, renewed) = source(Some(60 * MINUTE));
        // After so many minutes, wanted for so many: by which credentials, and how many minutes they serve.
        for (after, wanted, expected, rest) in [
            (0, 60, "k1", 60),
            // A little is lost: new ones for each request would be worse.
            (10, 60, "k1", 50),
            (19, 60, "k1", 31),
            // More than half is gone.
            (2, 60, "k2", 60),
            (40, 15, "k2", 20),
            (6, 15, "k3", 60),
            (54, 1, "k3", 6),
            (2, 1, "k4", 60),
        ] {
            source.clock.advance_seconds(after * 60);
            assert_eq!(renewed.rest(wanted * MINUTE).await.unwrap(), Some(rest * MINUTE), "{after} {wanted}");
            assert_eq!(key(&renewed).await, expected, "{after} {wanted}");
        }
    }

    #[tokio::test]
    async fn credentials_that_cannot_be_renewed_serve_to_their_end_and_no_longer() {
        let (source, renewed) = source(Some(20 * MINUTE));
        assert_eq!(key(&renewed).await, "k1");
        source.away.store(true, Ordering::SeqCst);
        source.clock.advance_seconds(16 * 60);
        let asked = || source.given.load(Ordering::SeqCst);
        for _ in 0..5 {
            assert_eq!(key(&renewed).await, "k1");
        }
        assert_eq!(asked(), 2, "not for each request");
        source.clock.advance_seconds(31);
        assert_eq!((key(&renewed).await.as_str(), asked()), ("k1", 3));
        source.clock.advance_seconds(4 * 60);
        assert!(renewed.provide_credentials().await.is_err() && renewed.rest(MINUTE).await.is_err());
        source.away.store(false, Ordering::SeqCst);
        assert_ne!(key(&renewed).await, "k1");
    }
}
