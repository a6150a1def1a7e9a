//! Which addresses requests may go to: a name is resolved once, and what it resolves to is what is
//! connected to.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name is not in a public network.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` is in no public network")]
pub(super) struct NotPublic {
    host: String,
}

/// Asks for the addresses of a name.
pub(super) trait Lookup: Send + Sync {
    /// All that it has, in the order in which they are to be tried.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver.
pub(super) struct System;

impl Lookup for System {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host.as_str(), 0)).await?.collect()) })
    }
}

/// Resolves names, to public addresses but for those that are exempt.
#[derive(Clone)]
pub(super) struct Guard {
    private: Arc<HashSet<String>>,
    lookup: Arc<dyn Lookup>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Guard").field("private", &self.private).finish_non_exhaustive()
    }
}

impl Guard {
    /// One for which these hosts may lie in networks that are not public.
    pub fn new(private_hosts: &[String], lookup: Arc<dyn Lookup>) -> Self {
        let private = private_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { private: Arc::new(private), lookup }
    }

    /// Whether a host may lie in a network that is not public.
    pub fn exempts(&self, host: &str) -> bool {
        self.private.contains(&host.to_ascii_lowercase())
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// When it has none, or one that is not public.
    pub async fn addresses(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        let host = host.to_ascii_lowercase();
        let found = self.lookup.lookup(host.clone()).await?;
        // One that is not public makes the name suspect as a whole.
        if self.private.contains(&host) || found.iter().all(|address| is_public(address.ip())) {
            Ok(found)
        } else {
            Err(io::Error::other(NotPublic { host }))
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found: Addrs = Box::new(guard.addresses(name.as_str()).await?.into_iter());
            Ok(found)
        })
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

    /// A name with these addresses.
    struct Fixed(Vec<SocketAddr>);

    impl Lookup for Fixed {
        fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            let found = self.0.clone();
            Box::pin(async move { Ok(found) })
        }
    }

    #[tokio::test]
    async fn a_name_with_one_address_that_is_not_public_is_refused_unless_the_operator_says_otherwise() {
        let ask = async |private: &[&str], texts: &[&str]| {
            let found = texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
            let private: Vec<String> = private.iter().map(|&host| host.to_owned()).collect();
            Guard::new(&private, Arc::new(Fixed(found))).addresses("SNS.example").await.map(|found| found.len())
        };
        assert_eq!(ask(&[], &["52.94.0.1", "2600:1f18::1"]).await.unwrap(), 2);
        assert!(ask(&[], &["52.94.0.1", "10.0.0.1"]).await.is_err());
        assert!(ask(&["other.example"], &["10.0.0.1"]).await.is_err());
        assert_eq!(ask(&["sns.Example"], &["10.0.0.1"]).await.unwrap(), 1);
    }
}
