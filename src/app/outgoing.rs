//! Requests to addresses outside that this server makes by itself. A name is resolved once, and what it
//! resolves to is what is connected to; addresses of networks that are not public, redirects, and
//! answers without end are not for it.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::settings::{EventSettings, SettingsError};
use crate::files::{Fetch, FetchError, PostRules};

/// How long an answer may take, from the resolution of its name to its last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer, in bytes: a certificate has two thousand.
const LARGEST: usize = 64 * 1024;

/// Why requests to addresses outside cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the system's certificates cannot be used")]
pub struct OutgoingError(#[source] reqwest::Error);

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("only names are asked for, over TLS")]
    Address,
    #[error("`{host}` is in no public network")]
    NotPublic { host: String },
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

/// A client for addresses outside.
#[derive(Debug)]
pub struct Outgoing {
    client: reqwest::Client,
    private: Arc<HashSet<String>>,
}

impl Outgoing {
    /// One for which these hosts may lie in networks that are not public, and need no TLS there.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(private_hosts: &[String]) -> Result<Self, OutgoingError> {
        let private: Arc<HashSet<String>> = Arc::new(private_hosts.iter().map(|host| host.to_ascii_lowercase()).collect());
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            // A proxy would resolve names by itself.
            .no_proxy()
            .dns_resolver(Guard { private: Arc::clone(&private) })
            .timeout(TIMEOUT)
            .build()
            .map_err(OutgoingError)?;
        Ok(Self { client, private })
    }

    /// Whether an address is one to ask at: a name, over TLS unless its host is exempt. One that is written out is
    /// not resolved, and so would not be looked at.
    fn may_ask(&self, url: &Url) -> bool {
        let Some(Host::Domain(host)) = url.host() else { return false };
        url.scheme() == "https" || url.scheme() == "http" && self.private.contains(&host.to_ascii_lowercase())
    }
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> FetchError {
    FetchError(error.into())
}

#[async_trait]
impl Fetch for Outgoing {
    async fn get(&self, url: &Url) -> Result<Bytes, FetchError> {
        if !self.may_ask(url) {
            return Err(failed(Refusal::Address));
        }
        let answer = self.client.get(url.clone()).send().await.and_then(reqwest::Response::error_for_status);
        // What it asked for may be a secret.
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

/// Resolves names to public addresses.
#[derive(Debug, Clone)]
struct Guard {
    private: Arc<HashSet<String>>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let private = Arc::clone(&self.private);
        Box::pin(async move {
            let host = name.as_str().to_ascii_lowercase();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            Ok(allowed(&private, host, found)?)
        })
    }
}

fn allowed(private: &HashSet<String>, host: String, found: Vec<SocketAddr>) -> Result<Addrs, io::Error> {
    // One that is not public makes the name suspect as a whole.
    if private.contains(&host) || found.iter().all(|address| is_public(address.ip())) {
        Ok(Box::new(found.into_iter()))
    } else {
        Err(io::Error::other(Refusal::NotPublic { host }))
    }
}

/// Whether an address is one of the public Internet, by IANA's registries of special addresses.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let special = match (first, second, third) {
        // This network, and what is reserved from 240 on; private networks are told below.
        // Besides: shared by providers, protocol assignments, the old 6to4 relays, benchmarks.
        (0 | 240..=255, ..) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) => true,
        _ => false,
    };
    !(special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [first, second, third, ..] = address.segments();
    let within = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        // NAT64 and 6to4 lead to the IPv4 address within.
        (0x64, 0xff9b) => {
            let [.., high, low] = address.segments();
            within(high, low)
        }
        (0x2002, high) => within(high, third),
        // Protocol assignments with Teredo among them, and documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // What is assigned at all.
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_public_or_not() {
        for (text, expected) in [
            ("52.94.0.1", true),
            ("1.1.1.1", true),
            ("172.15.255.255", true),
            ("172.16.0.1", false),
            ("10.0.0.1", false),
            ("192.168.1.1", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("100.63.255.255", true),
            ("100.64.0.1", false),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("192.0.1.1", true),
            ("198.19.0.1", false),
            ("203.0.113.9", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2600:1f18::1", true),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("ff02::1", false),
            ("fec0::1", false),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("2001:4860:4860::8888", true),
            ("::ffff:10.0.0.1", false),
            ("::ffff:52.94.0.1", true),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::345e:1", true),
            ("2002:0a00:0001::1", false),
            ("2002:345e:0001::1", true),
            ("::127.0.0.1", false),
        ] {
            assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_name_with_one_address_that_is_not_public_is_refused_unless_the_operator_says_otherwise() {
        let found = |texts: &[&str]| texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect::<Vec<_>>();
        let none = HashSet::new();
        let said = HashSet::from(["sns.example".to_owned()]);
        let ask = |private, texts: &[&str]| allowed(private, "sns.example".to_owned(), found(texts)).map(Iterator::count);
        assert_eq!(ask(&none, &["52.94.0.1", "2600:1f18::1"]).unwrap(), 2);
        assert!(ask(&none, &["52.94.0.1", "10.0.0.1"]).is_err());
        assert_eq!(ask(&said, &["10.0.0.1"]).unwrap(), 1);
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
            let mut told = String::new();
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                told.push_str(&error.to_string());
                cause = error.source();
            }
            assert!(told.contains(expected), "{url}: {told}");
        }
    }
}
