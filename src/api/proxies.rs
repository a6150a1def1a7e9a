//! Where a request comes from when a proxy of ours brought it: the proxy's word for it, and nobody else's.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

/// What many proxies say it in.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Addresses of one request that are looked at; a longer list is somebody's play.
const MOST_HOPS: usize = 32;

/// Addresses that begin alike: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    bits: u128,
    prefix: u32,
}

/// What cannot be a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is an address, or the first bits of addresses: `192.0.2.7`, `10.0.0.0/8`, `fd00::/8`")]
pub struct NetworkError;

/// An address as 128 bits, those of IPv4 mapped into IPv6, so that one machine has one address.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Network {
    fn mask(self) -> u128 {
        u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0)
    }

    /// Whether an address is in it.
    pub fn has(self, address: IpAddr) -> bool {
        (bits(address) ^ self.bits) & self.mask() == 0
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.trim().parse().map_err(|_| NetworkError)?;
        let (longest, mapped) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let prefix = prefix.map_or(Ok(longest), |prefix| prefix.trim().parse::<u32>().map_err(|_| NetworkError))?;
        if prefix > longest {
            return Err(NetworkError);
        }
        Ok(Self { bits: bits(address), prefix: prefix + mapped })
    }
}

/// In which header proxies say whom a request comes from. They must write the one that is set, and take away
/// what a client put there, or add to it at its end; the other one is anybody's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForwardedBy {
    /// `X-Forwarded-For: client, proxy`.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy` (RFC 7239).
    Forwarded,
}

/// The proxies whose word counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Where they are.
    pub networks: Vec<Network>,
    /// How they say it.
    pub header: ForwardedBy,
}

impl Proxies {
    fn has(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.has(address))
    }

    /// Whom a request comes from: the peer itself, unless it is a proxy of ours; else the last one
    /// of those it names that is no proxy of ours. What stands before that one is only said.
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        if self.networks.is_empty() || !self.has(peer.ip()) {
            return peer;
        }
        let mut client = peer;
        for hop in self.hops(headers).into_iter().rev().take(MOST_HOPS) {
            // What a proxy of ours could not read, or hides, ends what is known.
            let Some(address) = hop else { return client };
            client = address;
            if !self.has(address.ip()) {
                return client;
            }
        }
        client
    }

    /// The addresses a request names, the client first; `None` for what is no address.
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<SocketAddr>> {
        let header = match self.header {
            ForwardedBy::XForwardedFor => X_FORWARDED_FOR,
            ForwardedBy::Forwarded => FORWARDED,
        };
        let lines = headers.get_all(header).iter().map(|line| line.to_str().unwrap_or("?"));
        lines
            .flat_map(|line| line.split(','))
            .map(|element| match self.header {
                ForwardedBy::XForwardedFor => read(element),
                ForwardedBy::Forwarded => node(element).and_then(read),
            })
            .collect()
    }
}

/// `for` of one element of `Forwarded`, without its quotes.
fn node(element: &str) -> Option<&str> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    let (_, value) = nodes.next()?;
    nodes.next().is_none().then(|| value.trim().trim_matches('"'))
}

/// An address, with a port or without one.
fn read(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(SocketAddr::new(address.to_canonical(), 0));
    }
    let address: SocketAddr = match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => SocketAddr::new(IpAddr::V6(inner.parse().ok()?), 0),
        None => text.parse().ok()?,
    };
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const FOR: &str = "x-forwarded-for";

    fn proxies(networks: &[&str], header: ForwardedBy) -> Proxies {
        Proxies { networks: networks.iter().map(|text| text.parse().unwrap()).collect(), header }
    }

    fn client(proxies: &Proxies, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let headers = lines.iter().map(|(name, line)| (HeaderName::from_static(name), HeaderValue::from_str(line).unwrap())).collect();
        proxies.client(peer.parse().unwrap(), &headers).ip().to_string()
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        for (network, address, is_in) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            assert_eq!(network.parse::<Network>().unwrap().has(address.parse().unwrap()), is_in, "{network} {address}");
        }
        for text in ["", "proxy.example", "10.0.0.0/33", "10.0.0.0/", "fd00::/129", "10.0.0/8"] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "`{text}`");
        }
    }

    #[test]
    fn only_a_proxy_of_ours_says_whom_a_request_comes_from() {
        let ours = proxies(&["10.0.0.0/8"], ForwardedBy::XForwardedFor);
        for (peer, lines, expected) in [
            // A stranger who claims to be somebody.
            ("203.0.113.9:1", &[(FOR, "192.0.2.1")][..], "203.0.113.9"),
            ("10.0.0.1:1", &[(FOR, "192.0.2.1")], "192.0.2.1"),
            // He sent a line of his own, and our proxy added whom it saw.
            ("10.0.0.1:1", &[(FOR, "127.0.0.1, 203.0.113.9")], "203.0.113.9"),
            ("10.0.0.1:1", &[(FOR, "127.0.0.1"), (FOR, "203.0.113.9")], "203.0.113.9"),
            // Two proxies of ours, one behind the other.
            ("10.0.0.1:1", &[(FOR, "198.51.100.4, 203.0.113.9, 10.0.0.2")], "203.0.113.9"),
            ("10.0.0.1:1", &[(FOR, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1:1", &[], "10.0.0.1"),
            ("10.0.0.1:1", &[(FOR, "192.0.2.1, unknown")], "10.0.0.1"),
            ("10.0.0.1:1", &[(FOR, "2001:db8::7")], "2001:db8::7"),
            ("10.0.0.1:1", &[(FOR, "192.0.2.1:4711")], "192.0.2.1"),
            ("10.0.0.1:1", &[(FOR, "::ffff:192.0.2.1")], "192.0.2.1"),
            // The header that our proxies do not write is anybody's.
            ("10.0.0.1:1", &[("forwarded", "for=192.0.2.1")], "10.0.0.1"),
        ] {
            assert_eq!(client(&ours, peer, lines), expected, "{peer} {lines:?}");
        }
        assert_eq!(client(&Proxies::default(), "10.0.0.1:1", &[(FOR, "192.0.2.1")]), "10.0.0.1");
    }

    #[test]
    fn the_standard_header_is_read_with_its_quotes_brackets_and_ports() {
        let ours = proxies(&["10.0.0.0/8"], ForwardedBy::Forwarded);
        for (line, expected) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("For=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1", "2001:db8::7"),
            ("for=\"[2001:db8::7]\"", "2001:db8::7"),
            ("for=192.0.2.1, for=203.0.113.9;proto=http", "203.0.113.9"),
            ("for=unknown", "10.0.0.1"),
            ("for=_hidden", "10.0.0.1"),
            ("for=192.0.2.1;for=192.0.2.2", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(client(&ours, "10.0.0.1:1", &[("forwarded", line)]), expected, "{line}");
        }
        assert_eq!(client(&ours, "10.0.0.1:1", &[("x-forwarded-for", "192.0.2.1")]), "10.0.0.1");
    }

    #[test]
    fn whatever_a_stranger_sends_he_stays_who_he_is() {
        let ours = proxies(&["10.0.0.0/8"], ForwardedBy::XForwardedFor);
        bolero::check!().with_iterations(2000).for_each(|bytes: &[u8]| {
            let Ok(sent) = HeaderValue::from_bytes(bytes) else { return };
            let headers: HeaderMap = [(X_FORWARDED_FOR, sent.clone())].into_iter().collect();
            let peer = "203.0.113.9:1".parse().unwrap();
            assert_eq!(ours.client(peer, &headers), peer);
            // Behind a proxy that adds whom it saw.
            let mut headers = headers;
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.9"));
            assert_eq!(ours.client("10.0.0.1:1".parse().unwrap(), &headers).ip(), peer.ip());
        });
    }
}
