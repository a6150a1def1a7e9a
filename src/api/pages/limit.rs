//! How many codes may be tried: ten a minute from one network, and ten a minute at one link.
//! The five tries of each code stand behind this; it keeps strangers from keeping the server busy.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use crate::domain::{Network, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Networks and links remembered at once.
const ROOM: usize = 20_000;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::api) enum Key {
    /// Whoever comes from there.
    Network(Network),
    /// Peers whose address the listener does not know.
    Nowhere,
    /// A link, living or not.
    Link(String),
}

#[derive(Debug, Clone, Copy)]
pub(in crate::api) struct Count {
    since: Timestamp,
    tries: u32,
}

type Counts = HashMap<Key, Count>;

/// Counts, which one thread at a time may change. Tests put the lock of a model checker in the place of ours.
pub(in crate::api) trait Guarded {
    /// Changes them.
    fn with<R>(&self, change: impl FnOnce(&mut Counts) -> R) -> R;
}

impl Guarded for Mutex<Counts> {
    fn with<R>(&self, change: impl FnOnce(&mut Counts) -> R) -> R {
        change(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Counts tries in memory.
#[derive(Debug)]
pub(in crate::api) struct Limiter<G = Mutex<Counts>> {
    tries: u32,
    counts: G,
}

impl Limiter {
    /// Lets so many tries through in a minute.
    pub fn of(tries: u32) -> Self {
        Self { tries, counts: Mutex::default() }
    }
}

fn network(peer: Option<SocketAddr>) -> Key {
    peer.map_or(Key::Nowhere, |address| Key::Network(Network::of(address.ip())))
}

fn is_over(count: &Count, now: Timestamp) -> bool {
    now.duration_since(count.since) >= WINDOW || now < count.since
}

/// Counts one try; says whether there was one left. A full table lets nobody new in.
fn take(counts: &mut Counts, key: Key, most: u32, now: Timestamp) -> bool {
    if counts.len() >= ROOM && !counts.contains_key(&key) {
        counts.retain(|_, count| !is_over(count, now));
        if counts.len() >= ROOM {
            return false;
        }
    }
    match counts.entry(key) {
        Entry::Vacant(place) => {
            place.insert(Count { since: now, tries: 1 });
            most > 0
        }
        Entry::Occupied(mut place) => {
            let count = place.get_mut();
            if is_over(count, now) {
                *count = Count { since: now, tries: 0 };
            }
            count.tries = count.tries.saturating_add(1);
            count.tries <= most
        }
    }
}

impl<G: Guarded> Limiter<G> {
    /// Counts a try at a link; says whether it may be made.
    pub(super) fn may_try(&self, peer: Option<SocketAddr>, slug: &str, now: Timestamp) -> bool {
        self.counts.with(|counts| {
            // The network first: one that is over its limit must not use up a link's tries for others.
            take(counts, network(peer), self.tries, now) && take(counts, Key::Link(slug.to_owned()), self.tries, now)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn peer(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_network_has_ten_tries_a_minute_whatever_the_link() {
        let limiter = Limiter::of(10);
        let tries = |from: &str, second| limiter.may_try(Some(peer(from)), &format!("{from}{second}"), at(second));
        assert!((0..10).all(|second| tries(&format!("192.0.2.{second}:1"), second)));
        assert!(!tries("192.0.2.99:5", 11));
        assert!(tries("192.0.3.1:5", 11), "another network");
        assert!(tries("192.0.2.99:5", 60), "a minute later");
    }

    #[test]
    fn a_link_has_ten_tries_a_minute_whatever_the_network() {
        let limiter = Limiter::of(10);
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
            assert!(take(&mut counts, Key::Link(index.to_string()), 10, at(0)));
        }
        assert!(!take(&mut counts, Key::Link("new".to_owned()), 10, at(1)));
        assert!(take(&mut counts, Key::Link("7".to_owned()), 10, at(1)), "who is known goes on");
        assert!(take(&mut counts, Key::Link("new".to_owned()), 10, at(61)));
        assert!(counts.len() < 3);
    }

    /// A lock whose every hand-over the model checker decides.
    struct Checked(shuttle::sync::Mutex<Counts>);

    impl Guarded for Checked {
        fn with<R>(&self, change: impl FnOnce(&mut Counts) -> R) -> R {
            change(&mut self.0.lock().unwrap())
        }
    }

    #[test]
    fn in_whatever_order_they_come_ten_of_many_tries_at_once_are_let_through() {
        shuttle::check_random(
            || {
                let limiter = Arc::new(Limiter { tries: 10, counts: Checked(shuttle::sync::Mutex::default()) });
                let tries = (0..16).map(|net| {
                    let limiter = Arc::clone(&limiter);
                    shuttle::thread::spawn(move || limiter.may_try(Some(peer(&format!("[2001:db8:{net}::1]:1"))), "slug", at(0)))
                });
                let tries: Vec<_> = tries.collect();
                let through = tries.into_iter().map(|one| one.join().unwrap()).filter(|through| *through).count();
                assert_eq!(through, 10);
            },
            500,
        );
    }
}
