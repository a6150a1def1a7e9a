//! The client for addresses outside.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use url::{Host, Url};

use super::guard::{Guard, Lookup, System};
use crate::app::settings::{EventSettings, Posts, SettingsError};
use crate::files::{Fetch, FetchError, PostRules};
use crate::notify::{Answer, Post, PostError};

/// How long an answer may take, from the resolution of its name to its last byte, where something is fetched.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The same where something is posted: whoever takes it may have to pass it on first.
const POST_TIMEOUT: Duration = Duration::from_secs(20);
/// Largest thing that is fetched, in bytes: a certificate has two thousand.
const LARGEST: usize = 64 * 1024;
/// How much is read of what is answered to a post, in bytes; the rest is left.
const ANSWER: usize = 4 * 1024;
/// The longest that a post's answer may ask to be left alone.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Why requests to addresses outside cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the system's certificates cannot be used")]
pub struct OutgoingError(#[source] reqwest::Error);

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("only names are asked for, over TLS")]
    Address,
    #[error("the answer is longer than it should be")]
    Long,
}

/// Whose posts are taken, with what looks their certificates up.
///
/// # Errors
/// When the settings are wrong, or no client can be made.
pub fn posts(events: &EventSettings) -> Result<PostRules, PostsError> {
    let rules = events.posts()?;
    if rules.topics.is_empty() {
        return Ok(rules);
    }
    Ok(PostRules { fetch: Some(Arc::new(Outgoing::new(&events.private_hosts)?)), ..rules })
}

/// Why nobody's posts can be taken.
#[derive(Debug, thiserror::Error)]
pub enum PostsError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The client.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
}

/// Makes clients that post messages.
pub struct OutgoingPosts;

impl Posts for OutgoingPosts {
    fn guarded(&self, private_hosts: &[String]) -> Result<Arc<dyn Post>, SettingsError> {
        Ok(Arc::new(Outgoing::new(private_hosts).map_err(|error| unusable(&error))?))
    }

    fn trusted(&self) -> Result<Arc<dyn Post>, SettingsError> {
        Ok(Arc::new(Outgoing::to_operators_own().map_err(|error| unusable(&error))?))
    }
}

fn unusable(error: &OutgoingError) -> SettingsError {
    SettingsError::Value { key: "delivery".to_owned(), reason: error.to_string() }
}

/// A client for addresses outside.
#[derive(Debug)]
pub struct Outgoing {
    client: Client,
    /// What keeps it from addresses that are not public; `None` where the operator named the address.
    guard: Option<Guard>,
}

impl Outgoing {
    /// One for which these hosts may lie in networks that are not public, and need no TLS there.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(private_hosts: &[String]) -> Result<Self, OutgoingError> {
        Self::resolving(private_hosts, Arc::new(System))
    }

    fn resolving(private_hosts: &[String], lookup: Arc<dyn Lookup>) -> Result<Self, OutgoingError> {
        let guard = Guard::new(private_hosts, lookup);
        let client = builder().dns_resolver(guard.clone()).build().map_err(OutgoingError)?;
        Ok(Self { client, guard: Some(guard) })
    }

    /// One for addresses that are settings of the operator's, such as a cloud's service within his own network.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn to_operators_own() -> Result<Self, OutgoingError> {
        Ok(Self { client: builder().build().map_err(OutgoingError)?, guard: None })
    }

    /// Whether an address is one to ask at, by the look of it.
    fn may_ask(&self, url: &Url) -> Result<(), Refusal> {
        let Some(guard) = &self.guard else { return Ok(()) };
        let exempt = url.host_str().is_some_and(|host| guard.exempts(host));
        // An address that is written out is not resolved, and so would not be looked at.
        let is_name = matches!(url.host(), Some(Host::Domain(_)));
        match url.scheme() {
            "https" if is_name || exempt => Ok(()),
            "http" if exempt => Ok(()),
            _ => Err(Refusal::Address),
        }
    }
}

fn builder() -> reqwest::ClientBuilder {
    // A proxy would resolve names by itself.
    Client::builder().redirect(Policy::none()).no_proxy()
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> FetchError {
    FetchError(error.into())
}

fn unanswered(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PostError {
    PostError(error.into())
}

/// Sends a request; what it asked for may be a secret, and is in no error.
async fn sent(request: RequestBuilder) -> Result<Response, reqwest::Error> {
    request.send().await.map_err(reqwest::Error::without_url)
}

#[async_trait]
impl Fetch for Outgoing {
    async fn get(&self, url: &Url) -> Result<Bytes, FetchError> {
        self.may_ask(url).map_err(failed)?;
        let answer = sent(self.client.get(url.clone()).timeout(FETCH_TIMEOUT)).await.and_then(Response::error_for_status);
        let mut answer = answer.map_err(|error| failed(error.without_url()))?;
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| failed(error.without_url()))? {
            if body.len().saturating_add(piece.len()) > LARGEST {
                return Err(failed(Refusal::Long));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }
}

#[async_trait]
impl Post for Outgoing {
    async fn post(&self, url: &Url, headers: &[(&str, &str)], body: Bytes) -> Result<Answer, PostError> {
        self.may_ask(url).map_err(unanswered)?;
        let request = self.client.post(url.clone()).timeout(POST_TIMEOUT).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut answer = sent(request).await.map_err(unanswered)?;
        let (status, retry_after) = (answer.status().as_u16(), retry_after(&answer));
        let mut body = BytesMut::new();
        // That it was taken is told by its status; a body that breaks off changes nothing of that.
        while let Ok(Some(piece)) = answer.chunk().await {
            let room = ANSWER.saturating_sub(body.len());
            body.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if body.len() >= ANSWER {
                break;
            }
        }
        Ok(Answer { status, retry_after, body: body.freeze() })
    }

    async fn reachable(&self, url: &Url) -> Result<(), PostError> {
        self.may_ask(url).map_err(unanswered)?;
        let Some(host) = url.host_str() else { return Err(unanswered(Refusal::Address)) };
        let found = match &self.guard {
            Some(guard) => guard.addresses(host).await,
            None => System.lookup(host.to_owned()).await,
        };
        found.map(drop).map_err(unanswered)
    }
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let text = answer.headers().get("retry-after")?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs).map(|wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::sync::Mutex;

    use futures::future::BoxFuture;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_util::task::AbortOnDropHandle;

    use super::*;

    fn told(error: &(dyn std::error::Error + 'static)) -> String {
        let mut told = String::new();
        let mut cause = Some(error);
        while let Some(error) = cause {
            told.push_str(&error.to_string());
            told.push(' ');
            cause = error.source();
        }
        told
    }

    #[tokio::test]
    async fn nothing_is_asked_for_but_names_over_tls_in_public_networks() {
        let _first = rustls::crypto::ring::default_provider().install_default();
        let outgoing = Outgoing::new(&[]).unwrap();
        for (url, expected) in [
            ("http://sns.us-east-1.amazonaws.com/x.pem", "only names"),
            ("https://127.0.0.1/x.pem", "only names"),
            ("https://[::1]/x.pem", "only names"),
            // A name that every machine has.
            ("https://localhost/x.pem", "in no public network"),
        ] {
            let error = outgoing.get(&Url::parse(url).unwrap()).await.unwrap_err();
            let told = told(&error);
            assert!(told.contains(expected), "{url}: {told}");
        }
    }

    #[tokio::test]
    async fn nothing_is_posted_but_to_names_over_tls_in_public_networks_or_to_hosts_that_are_exempt() {
        let _first = rustls::crypto::ring::default_provider().install_default();
        let outgoing = Outgoing::new(&["inside.example".to_owned(), "10.1.2.3".to_owned()]).unwrap();
        for (url, expected) in [
            ("https://hook.example/in", true),
            ("http://hook.example/in", false),
            ("https://127.0.0.1/in", false),
            ("https://[::ffff:127.0.0.1]/in", false),
            ("https://2130706433/in", false),
            ("https://0x7f.1/in", false),
            ("http://inside.example/in", true),
            ("https://INSIDE.example/in", true),
            ("http://10.1.2.3/in", true),
            ("http://10.1.2.4/in", false),
            ("ftp://inside.example/in", false),
        ] {
            assert_eq!(outgoing.may_ask(&Url::parse(url).unwrap()).is_ok(), expected, "{url}");
        }
        let error = outgoing.post(&Url::parse("https://localhost/in").unwrap(), &[], Bytes::new()).await.unwrap_err();
        assert!(told(&error).contains("in no public network"), "{}", told(&error));
    }

    /// A resolver that gives another address each time, as somebody's name server does who wants requests to go where they
    /// should not.
    struct Rebinding(Mutex<Vec<SocketAddr>>);

    impl Lookup for Rebinding {
        fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            let next = self.0.lock().unwrap().pop();
            Box::pin(async move { Ok(next.into_iter().collect()) })
        }
    }

    /// Answers every request that comes with this, and counts them.
    async fn receiver(address: &str, answer: &'static str) -> (SocketAddr, Arc<Mutex<usize>>, AbortOnDropHandle<()>) {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&seen);
        let task = tokio_util::task::TaskTracker::new().spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                *counted.lock().unwrap() += 1;
                let mut head = [0; 4096];
                let _read = stream.read(&mut head).await;
                let _written = stream.write_all(answer.as_bytes()).await;
            }
        });
        (address, seen, AbortOnDropHandle::new(task))
    }

    #[tokio::test]
    async fn a_name_that_resolves_elsewhere_the_second_time_is_connected_to_where_it_was_looked_at() {
        let _first = rustls::crypto::ring::default_provider().install_default();
        let answer = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
        let (meant, meant_seen, _one) = receiver("127.0.0.1:0", answer).await;
        let (_, other_seen, _other) = receiver(&format!("127.0.0.2:{}", meant.port()), answer).await;
        let found = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
        let url = Url::parse(&format!("http://hook.example:{}/in", meant.port())).unwrap();
        // The last is given first.
        let lookup = Arc::new(Rebinding(Mutex::new(vec![found("127.0.0.2"), found("127.0.0.2"), found("127.0.0.1")])));
        let outgoing = Outgoing::resolving(&["hook.example".to_owned()], lookup.clone()).unwrap();
        assert_eq!(outgoing.post(&url, &[], Bytes::from("x")).await.unwrap().status, 204);
        assert_eq!((*meant_seen.lock().unwrap(), *other_seen.lock().unwrap()), (1, 0));
        assert_eq!(lookup.0.lock().unwrap().len(), 2, "it is asked once for each connection");
        // Where the host is not exempt, the first look finds a private address, and nothing is connected to.
        let lookup = Arc::new(Rebinding(Mutex::new(vec![found("52.94.0.1"), found("127.0.0.1")])));
        let outgoing = Outgoing::resolving(&[], lookup.clone()).unwrap();
        let secure = Url::parse(&format!("https://hook.example:{}/in", meant.port())).unwrap();
        assert!(told(&outgoing.post(&secure, &[], Bytes::new()).await.unwrap_err()).contains("in no public network"));
        assert_eq!((*meant_seen.lock().unwrap(), lookup.0.lock().unwrap().len()), (1, 1));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_a_body_without_end_is_cut() {
        let _first = rustls::crypto::ring::default_provider().install_default();
        let outgoing = Outgoing::new(&["127.0.0.1".to_owned()]).unwrap();
        let (hidden, seen, _one) = receiver("127.0.0.1:0", "HTTP/1.1 200 OK\r\n\r\n").await;
        let moved = format!("HTTP/1.1 307 Moved\r\nlocation: http://{hidden}/\r\nretry-after: 7\r\nconnection: close\r\n\r\n");
        let (address, _, _two) = receiver("127.0.0.1:0", Box::leak(moved.into_boxed_str())).await;
        let answer = outgoing.post(&Url::parse(&format!("http://{address}/")).unwrap(), &[], Bytes::new()).await.unwrap();
        assert_eq!((answer.status, answer.retry_after, *seen.lock().unwrap()), (307, Some(Duration::from_secs(7)), 0));
        let long = format!("HTTP/1.1 500 No\r\nconnection: close\r\n\r\n{}", "x".repeat(100_000));
        let (address, _, _three) = receiver("127.0.0.1:0", Box::leak(long.into_boxed_str())).await;
        let answer = outgoing.post(&Url::parse(&format!("http://{address}/")).unwrap(), &[], Bytes::new()).await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (500, ANSWER));
    }
}
