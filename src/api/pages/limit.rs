//! How many codes may be tried: ten a minute from one network, and ten a minute at one link.
//! The five tries of each code stand behind this; it keeps strangers from keeping the server busy.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use crate::domain::Timestamp;

const TRIES: u32 = 10;
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Networks and links remembered at once.
const ROOM: usize = 20_000;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// An IPv4 network of 24 bits.
    V4([u8; 3]),
    /// An IPv6 network of 48 bits.
    V6([u16; 3]),
    /// Peers whose address the listener does not know.
    Nowhere,
    /// A link, living or not.
    Link(String),
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Timestamp,
    tries: u32,
}

/// Counts tries in memory.
#[derive(Debug, Default)]
pub(in crate::api) struct Limiter(Mutex<HashMap<Key, Count>>);

fn network(peer: Option<SocketAddr>) -> Key {
    match peer.map(|address| address.ip().to_canonical()) {
        None => Key::Nowhere,
        Some(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            Key::V4([a, b, c])
        }
        Some(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            Key::V6([a, b, c])
        }
    }
}

fn is_over(count: &Count, now: Timestamp) -> bool {
    now.duration_since(count.since) >= WINDOW || now < count.since
}

/// Counts one try; says whether there was one left. A full table lets nobody new in.
fn take(counts: &mut HashMap<Key, Count>, key: Key, now: Timestamp) -> bool {
    if counts.len() >= ROOM && !counts.contains_key(&key) {
        counts.retain(|_, count| !is_over(count, now));
        if counts.len() >= ROOM {
            return false;
        }
    }
    match counts.entry(key) {
        Entry::Vacant(place) => {
            place.insert(Count { since: now, tries: 1 });
            true
        }
        Entry::Occupied(mut place) => {
            let count = place.get_mut();
            if is_over(count, now) {
                *count = Count { since: now, tries: 0 };
            }
            count.tries = count.tries.saturating_add(1);
            count.tries <= TRIES
        }
    }
}

impl Limiter {
    /// Counts a try at a link; says whether it may be made.
    pub(super) fn may_try(&self, peer: Option<SocketAddr>, slug: &str, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The network first: one that is over its limit must not use up a link's tries for others.
        take(&mut counts, network(peer), now) && take(&mut counts, Key::Link(slug.to_owned()), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_network_has_ten_tries_a_minute_whatever_the_link() {
        let limiter = Limiter::default();
        let tries = |from: &str, second| limiter.may_try(Some(peer(from)), &format!("{from}{second}"), at(second));
        assert!((0..10).all(|second| tries(&format!("192.0.2.{second}:1"), second)));
        assert!(!tries("192.0.2.99:5", 11));
        assert!(tries("192.0.3.1:5", 11), "another network");
        assert!(tries("192.0.2.99:5", 60), "a minute later");
    }

    #[test]
    fn a_link_has_ten_tries_a_minute_whatever_the_network() {
        let limiter = Limiter::default();
        assert!((0..10).all(|net| limiter.may_try(Some(peer(&format!("[2001:db8:{net}::1]:1"))), "slug", at(0))));
        assert!(!limiter.may_try(Some(peer("[2001:db8:77::1]:1")), "slug", at(0)));
        assert!(limiter.may_try(Some(peer("[2001:db8:77::1]:1")), "other", at(0)));
    }

    #[test]
    fn an_address_mapped_into_the_other_family_is_the_same_network() {
        assert_eq!(network(Some(peer("[::ffff:192.0.2.7]:1"))), network(Some(peer("192.0.2.200:9"))));
        assert_ne!(network(None), network(Some(peer("192.0.2.200:9"))));
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let mut counts = HashMap::new();
        for index in 0..ROOM {
            assert!(take(&mut counts, Key::Link(index.to_string()), at(0)));
        }
        assert!(!take(&mut counts, Key::Link("new".to_owned()), at(1)));
        assert!(take(&mut counts, Key::Link("7".to_owned()), at(1)), "who is known goes on");
        assert!(take(&mut counts, Key::Link("new".to_owned()), at(61)));
        assert!(counts.len() < 3);
    }
}
