//! How a store is asked again that says that it cannot now.

use std::net::SocketAddr;
use std::ops::Range;

use bytes::Bytes;
use satchel::blob::{BlobError, ObjectKey, Pace, Store, Tuning};
use satchel::domain::{BlobId, Category, CustomerId, SystemClock, SystemEntropy};

use super::peer::{Kind, Peer};
use crate::faults::proxy::{Fault, Proxy};

const ALWAYS: Range<usize> = 0..usize::MAX;
/// For two further attempts.
const BUDGET: usize = 10;

async fn through(peer: &Peer, proxy: &Proxy, pace: Pace) -> Store {
    peer.connect(|settings| {
        settings.endpoint = Some(format!("http://{}", proxy.address));
        settings.tuning = Tuning { pace, attempts: 3, retry_budget: BUDGET, ..Tuning::default() };
    })
    .await
}

/// How many requests one call comes to, which fails.
async fn requests(store: &Store, proxy: &Proxy, key: &ObjectKey) -> usize {
    let before = proxy.seen();
    // Not a head: its answer has no body that says why.
    let outcome = store.get(key, None).await;
    assert!(matches!(outcome, Err(BlobError::Unavailable { .. })), "{outcome:?}");
    proxy.seen() - before
}

#[tokio::test]
async fn a_store_that_says_slow_down_is_asked_again_until_the_budget_of_its_region_is_spent() {
    let peer = Peer::reach(Kind::Rgw).await;
    drop(peer.store().await);
    let address: SocketAddr = peer.settings.endpoint.as_deref().unwrap().trim_start_matches("http://").parse().unwrap();
    let customer = CustomerId::new(&SystemClock, &SystemEntropy);
    for pace in [Pace::Standard, Pace::Adaptive] {
        let key = ObjectKey::document(customer, Category::Document, BlobId::new(&SystemClock, &SystemEntropy));
        let proxy = Proxy::before(address).await;
        let store = through(&peer, &proxy, pace).await;
        // Once is nothing: what was taken of the budget comes back with the success.
        proxy.plan(Fault::SlowDown, 0..1);
        store.put_bytes(&key, Bytes::from_static(b"bytes")).await.unwrap();
        assert_eq!(proxy.seen(), 2, "{pace:?}");
        proxy.plan(Fault::SlowDown, ALWAYS);
        let asked = [requests(&store, &proxy, &key).await, requests(&store, &proxy, &key).await, requests(&store, &proxy, &key).await];
        assert_eq!(asked, [3, 1, 1], "{pace:?}: three attempts, then none but the first");
        // Another region has a budget of its own.
        let other = through(&peer, &proxy, pace).await;
        assert_eq!(requests(&other, &proxy, &key).await, 3, "{pace:?}");
        proxy.heal();
        assert_eq!(store.get(&key, None).await.unwrap().map(|object| object.size), Some(5), "{pace:?}: it is asked all the same");
        let tally = store.usage()["GetObject"];
        assert_eq!((tally.calls, tally.requests, tally.retries(), tally.failures.unavailable), (4, 6, 2, 3), "{pace:?}");
    }
    peer.close().await;
}
