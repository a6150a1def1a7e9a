//! Transfers over a line that delays, cuts, stalls and damages: what was acknowledged is there as it
//! was sent, what was read to its end is what lies there, and nothing is left of what failed.

use std::time::Duration;

use futures::TryStreamExt;
use satchel::blob::{BlobError, Pace, Store, Tuning};

use super::peer::{Kind, MIB, PART, Peer, checksum_of, chunked, content, read};
use crate::faults::proxy::{Fault, Proxy};

/// Requests of an upload in three parts: begun, sent, finished.
const REQUESTS: usize = 5;
const ALWAYS: std::ops::Range<usize> = 0..usize::MAX;

/// The store of a peer behind a line.
async fn through(peer: &Peer) -> (Store, Proxy) {
    let proxy = Proxy::before(peer.address()).await;
    let endpoint = format!("http://{}", proxy.address);
    let tuning = Tuning { read: Duration::from_secs(2), pace: Pace::Standard, ..peer.settings.tuning };
    let store = peer.again(|settings| {
        settings.endpoint = Some(endpoint);
        settings.tuning = tuning;
    });
    (store.await, proxy)
}

async fn an_upload_survives(kind: Kind) {
    let peer = Peer::reach(kind).await;
    let (store, proxy) = through(&peer).await;
    let bytes = content(2 * PART + MIB);
    let faults = [
        Fault::SlowDown,
        Fault::Broken,
        Fault::Close,
        Fault::Late(Duration::from_millis(100)),
        Fault::Cut(10),
        Fault::CutOff(700_000),
        Fault::SentDamaged(900_000),
    ];
    for fault in faults {
        for nth in 0..REQUESTS {
            let key = peer.key();
            proxy.plan(fault, nth..nth + 1);
            let stored = store.put(&key, chunked(&bytes, 100_000), u64::MAX).await;
            let stored = stored.unwrap_or_else(|error| panic!("{fault:?} at {nth}: {error:?}"));
            assert_eq!(stored.checksum, checksum_of(&bytes));
            assert!(read(&peer.store, &key).await.unwrap().is_some_and(|got| got == bytes), "{fault:?} at {nth}: other bytes lie there");
            peer.store.delete(&key).await.unwrap();
        }
    }
    proxy.heal();
    // A first answer to "begin" that was lost leaves an upload that nobody knows of; the sweep does.
    let tomorrow = satchel::domain::Clock::now(&satchel::domain::SystemClock) + jiff::SignedDuration::from_hours(24);
    assert!(peer.store.sweep_parts(tomorrow).await.unwrap() > 0);
    let (names, open) = peer.contents().await;
    assert_eq!((names.len(), open), (0, 0), "{names:?}");
    peer.close().await;
}

async fn an_upload_that_fails_leaves_nothing(kind: Kind) {
    let peer = Peer::reach(kind).await;
    let (store, proxy) = through(&peer).await;
    let key = peer.key();
    peer.store.put_bytes(&key, content(10)).await.unwrap();
    for (fault, size) in [
        (Fault::SlowDown, 1000),
        (Fault::SlowDown, 3 * PART),
        (Fault::Close, 1000),
        (Fault::CutOff(500), 1000),
        (Fault::SentDamaged(500), 1000),
        (Fault::SentDamaged(500), 3 * PART),
    ] {
        let bytes = content(size);
        proxy.plan(fault, ALWAYS);
        let outcome = store.put(&key, chunked(&bytes, 65_536), u64::MAX).await;
        let expected = match fault {
            Fault::SentDamaged(_) => matches!(outcome, Err(BlobError::Refused { .. })),
            _ => matches!(outcome, Err(BlobError::Unavailable { .. })),
        };
        assert!(expected, "{fault:?} of {size}: {outcome:?}");
        assert!(read(&peer.store, &key).await.unwrap().is_some_and(|got| got == content(10)), "{fault:?} of {size}");
    }
    proxy.heal();
    assert_eq!(peer.contents().await.0.len(), 1);
    peer.close().await;
}

async fn a_download_goes_on(kind: Kind) {
    let peer = Peer::reach(kind).await;
    let (store, proxy) = through(&peer).await;
    let key = peer.key();
    let bytes = content(2 * PART + MIB);
    let stored = peer.store.put(&key, chunked(&bytes, 100_000), u64::MAX).await.unwrap();
    for (fault, requests) in [
        // No answer ever brings more than a part of it.
        (Fault::Cut(3 * MIB), ALWAYS),
        (Fault::Cut(2 * MIB), 1..2),
        (Fault::Hang(2 * MIB), 0..1),
        (Fault::SlowDown, 0..2),
        (Fault::Broken, 1..3),
        (Fault::Close, 0..2),
        (Fault::Late(Duration::from_millis(100)), ALWAYS),
    ] {
        for at_once in [false, true] {
            proxy.plan(fault, requests.clone());
            let object = if at_once { store.download(&key).await } else { store.get(&key, None).await };
            let object = object.unwrap().unwrap().verified(stored.checksum);
            let got: Result<Vec<u8>, _> = object.stream.map_ok(|chunk| chunk.to_vec()).try_concat().await;
            let got = got.unwrap_or_else(|error| panic!("{fault:?}, in parts at once: {at_once}: {error}"));
            assert!(got == bytes, "{fault:?}, in parts at once: {at_once}: it came changed");
        }
    }
    peer.close().await;
}

async fn a_damaged_download_is_never_taken_for_good(kind: Kind) {
    let peer = Peer::reach(kind).await;
    let (store, proxy) = through(&peer).await;
    for size in [70_000, 2 * PART + MIB] {
        let key = peer.key();
        let bytes = content(size);
        let stored = peer.store.put(&key, chunked(&bytes, 100_000), u64::MAX).await.unwrap();
        for place in [0, 60_000, size - 1] {
            for at_once in [false, true] {
                // The last byte of a part of it, where it is read in parts.
                proxy.plan(Fault::Damaged(if at_once { place.min(PART - 1) } else { place }), ALWAYS);
                let object = if at_once { store.download(&key).await } else { store.get(&key, None).await };
                let object = object.unwrap().unwrap().verified(stored.checksum);
                let got: Result<Vec<u8>, _> = object.stream.map_ok(|chunk| chunk.to_vec()).try_concat().await;
                assert!(got.is_err(), "{size} bytes, damaged at {place}, in parts at once: {at_once}");
            }
        }
    }
    peer.close().await;
}

async fn a_download_of_what_was_replaced_ends_with_an_error(kind: Kind) {
    let peer = Peer::reach(kind).await;
    let (store, proxy) = through(&peer).await;
    let key = peer.key();
    let bytes = content(2 * PART + MIB);
    peer.store.put_bytes(&key, bytes.clone()).await.unwrap();
    proxy.plan(Fault::Cut(3 * MIB), ALWAYS);
    let object = store.get(&key, None).await.unwrap().unwrap();
    let mut other = bytes.to_vec();
    other[0] ^= 1;
    peer.store.put_bytes(&key, other.into()).await.unwrap();
    let got: Result<Vec<u8>, _> = object.stream.map_ok(|chunk| chunk.to_vec()).try_concat().await;
    let error = got.expect_err("one object was made of two");
    assert!(error.to_string().contains("changed"), "{error}");
    peer.close().await;
}

macro_rules! over_every_store {
    ($($behaviour:ident),+ $(,)?) => {
        over_every_store!(@ embedded, Embedded, $($behaviour),+);
        over_every_store!(@ rgw, Rgw, $($behaviour),+);
        over_every_store!(@ ministack, MiniStack, $($behaviour),+);
    };
    (@ $module:ident, $kind:ident, $($behaviour:ident),+) => {
        mod $module {
            use super::Kind;

            $(
                #[tokio::test]
                async fn $behaviour() {
                    super::$behaviour(Kind::$kind).await;
                }
            )+
        }
    };
}

over_every_store! {
    an_upload_survives,
    an_upload_that_fails_leaves_nothing,
    a_download_goes_on,
    a_damaged_download_is_never_taken_for_good,
    a_download_of_what_was_replaced_ends_with_an_error,
}
