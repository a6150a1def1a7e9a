//! How fast may be asked from one address, before anybody knows who asks.
//!
//! Each serving process counts what comes to it. A valid credential is never refused for what others send
//! without one from the same address: behind one address may be a whole office, or somebody else's proxy.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use super::limits::AddressPaces;
use super::problem::Problem;
use crate::domain::{Buckets, Timestamp};

/// Addresses remembered.
const ROOM: usize = 100_000;

/// Who is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    V4([u8; 4]),
    /// Within 64 bits everybody takes what addresses he likes.
    V6([u16; 4]),
    /// All whose address the listener does not know.
    Unknown,
}

fn source(peer: Option<SocketAddr>) -> Source {
    match peer.map(|peer| peer.ip().to_canonical()) {
        None => Source::Unknown,
        Some(IpAddr::V4(address)) => Source::V4(address.octets()),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Source::V6([a, b, c, d])
        }
    }
}

/// Who has asked how often.
#[derive(Debug)]
pub(super) struct Addresses {
    all: Buckets<Source>,
    strangers: Buckets<Source>,
    refused: AtomicU64,
}

impl Addresses {
    pub fn new(paces: &AddressPaces) -> Self {
        Self { all: Buckets::new(paces.all, ROOM), strangers: Buckets::new(paces.strangers, ROOM), refused: AtomicU64::new(0) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When there were too many from there.
    pub fn request(&self, peer: Option<SocketAddr>, now: Timestamp) -> Result<(), Problem> {
        self.told(self.all.take(source(peer), now))
    }

    /// Counts a request without a valid credential where one is needed.
    ///
    /// # Errors
    /// When there were too many from there.
    pub fn stranger(&self, peer: Option<SocketAddr>, now: Timestamp) -> Result<(), Problem> {
        self.told(self.strangers.take(source(peer), now))
    }

    fn told(&self, taken: Result<(), std::time::Duration>) -> Result<(), Problem> {
        taken.map_err(|wait| {
            let refused = self.refused.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            if refused.is_power_of_two() {
                tracing::warn!(refused, "too much comes from one address; some of it was told to come back");
            }
            Problem::too_fast(wait)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Rate;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_network_of_ipv6_is_one_and_an_address_of_ipv4_is_one() {
        let of = |text: &str| source(Some(text.parse().unwrap()));
        assert_eq!(of("[2001:db8:1:2::1]:1"), of("[2001:db8:1:2:ffff::9]:2"));
        assert_ne!(of("[2001:db8:1:2::1]:1"), of("[2001:db8:1:3::1]:1"));
        assert_ne!(of("192.0.2.1:1"), of("192.0.2.2:1"));
        assert_eq!(of("192.0.2.1:1"), of("[::ffff:192.0.2.1]:7"));
        assert_ne!(source(None), of("0.0.0.0:1"));
    }

    #[test]
    fn strangers_of_an_address_are_counted_apart_from_the_rest() {
        let rate = |burst| Rate { per_second: 1, burst };
        let addresses = Addresses::new(&AddressPaces { all: rate(3), strangers: rate(1) });
        let peer = Some("192.0.2.1:1".parse().unwrap());
        assert!(addresses.stranger(peer, at(0)).is_ok());
        let refused = addresses.stranger(peer, at(0)).unwrap_err();
        assert_eq!(refused.status(), 429);
        assert!((0..3).all(|_| addresses.request(peer, at(0)).is_ok()));
        assert!(addresses.request(peer, at(0)).is_err() && addresses.request(None, at(0)).is_ok());
    }
}
