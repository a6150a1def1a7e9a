//! Credentials of one customer do not reach another's objects: the store itself refuses.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use satchel::blob::{AssumeRole, BlobError, ObjectKey, PutTerms, Store};
use satchel::domain::{BlobId, Category, Clock, CustomerId, FileName, ManualClock, SystemClock, SystemEntropy};

use super::peer::{Kind, Peer};
use crate::faults::proxy::{Fault, Proxy};

fn customer() -> CustomerId {
    CustomerId::new(&SystemClock, &SystemEntropy)
}

fn keys(customer: CustomerId) -> [ObjectKey; 2] {
    let blob = BlobId::new(&SystemClock, &SystemEntropy);
    [ObjectKey::document(customer, Category::Document, blob), ObjectKey::text(customer, blob)]
}

fn role(endpoint: Option<String>) -> AssumeRole {
    AssumeRole { arn: "arn:aws:iam:::role/r".to_owned(), external_id: None, duration: Duration::from_mins(15), endpoint }
}

async fn assuming(peer: &Peer) -> Store {
    peer.connect(|settings| {
        settings.create_buckets = true;
        settings.assume_role = Some(role(settings.endpoint.clone()));
    })
    .await
}

fn is_refused<T>(outcome: Result<T, BlobError>) -> bool {
    matches!(outcome, Err(BlobError::Refused { reason, .. }) if reason == "AccessDenied" || reason == "403")
}

#[tokio::test]
async fn the_store_refuses_one_customers_credentials_anothers_objects() {
    let peer = Peer::reach(Kind::Rgw).await;
    let store = assuming(&peer).await;
    let (ann, ben) = (customer(), customer());
    let (of_ann, of_ben) = (store.for_customer(ann), store.for_customer(ben));
    for (ours, theirs) in keys(ann).into_iter().zip(keys(ben)) {
        // Each does its own work, in both buckets.
        of_ann.put_bytes(&ours, Bytes::from_static(b"ours")).await.unwrap();
        of_ben.put_bytes(&theirs, Bytes::from_static(b"theirs")).await.unwrap();
        assert_eq!(of_ann.head(&ours).await.unwrap(), Some(4));
        assert!(of_ann.get(&ours, None).await.unwrap().is_some());
        of_ann.copy(&ours, &keys(ann)[0]).await.unwrap().unwrap();
        // And nobody another's.
        assert!(is_refused(of_ann.head(&theirs).await), "head");
        assert!(is_refused(of_ann.get(&theirs, None).await), "get");
        assert!(is_refused(of_ann.put_bytes(&theirs, Bytes::from_static(b"forged")).await), "put");
        assert!(is_refused(of_ann.copy(&theirs, &ours).await), "copy from");
        assert!(is_refused(of_ann.copy(&ours, &theirs).await), "copy to");
        assert!(is_refused(of_ann.delete(&theirs).await), "delete");
        assert_eq!(of_ben.head(&theirs).await.unwrap(), Some(6), "it is as it was");
        of_ann.delete(&ours).await.unwrap();
    }
    assert!(!of_ann.uploads(ann, None).await.unwrap().truncated);
    assert!(is_refused(of_ann.uploads(ben, None).await), "list");
    peer.close().await;
}

#[tokio::test]
async fn credentials_are_asked_for_once_by_many_and_kept() {
    let peer = Peer::reach(Kind::Rgw).await;
    let endpoint = peer.settings.endpoint.clone().unwrap();
    let proxy = Proxy::before(endpoint.trim_start_matches("http://").trim_end_matches('/').parse().unwrap()).await;
    let store = peer
        .connect(|settings| {
            settings.create_buckets = true;
            settings.assume_role = Some(role(Some(format!("http://{}", proxy.address))));
        })
        .await;
    let (ann, ben) = (customer(), customer());
    let [key, _] = keys(ann);
    store.for_customer(ann).put_bytes(&key, Bytes::from_static(b"ours")).await.unwrap();
    assert_eq!(proxy.seen(), 1);
    futures::future::join_all((0..16).map(|_| {
        let [theirs, _] = keys(ben);
        let store = store.for_customer(ben);
        async move { store.put_bytes(&theirs, Bytes::from_static(b"theirs")).await.unwrap() }
    }))
    .await;
    assert_eq!(proxy.seen(), 2, "sixteen at once ask once");
    assert_eq!(store.for_customer(ann).head(&key).await.unwrap(), Some(4));
    assert_eq!(proxy.seen(), 2, "what was given is kept");
    peer.close().await;
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_an_answer_and_not_the_servers_own_rights() {
    let peer = Peer::reach(Kind::Rgw).await;
    let store = peer
        .connect(|settings| {
            settings.create_buckets = true;
            let endpoint = settings.endpoint.clone();
            settings.assume_role = Some(AssumeRole { arn: "arn:aws:iam:::role/nobody".to_owned(), ..role(endpoint) });
        })
        .await;
    let ann = customer();
    let [key, _] = keys(ann);
    assert!(store.for_customer(ann).put_bytes(&key, Bytes::from_static(b"ours")).await.is_err());
    assert_eq!(peer.contents().await, Vec::<String>::new());
    peer.close().await;
}

/// A role's credentials by a clock of the test's, and a proxy before the service that gives them.
async fn by_clock(peer: &Peer) -> (Store, Proxy, Arc<ManualClock>) {
    let endpoint = peer.settings.endpoint.clone().unwrap();
    let proxy = Proxy::before(endpoint.trim_start_matches("http://").parse().unwrap()).await;
    let clock = Arc::new(ManualClock::at(&SystemClock.now().to_string()));
    let mut settings = peer.settings.clone();
    settings.create_buckets = true;
    settings.assume_role = Some(role(Some(format!("http://{}", proxy.address))));
    (Store::connect_by(settings, clock.clone()).await.unwrap(), proxy, clock)
}

#[tokio::test]
async fn credentials_are_renewed_before_they_end_and_addresses_do_not_outlive_them() {
    let peer = Peer::reach(Kind::Rgw).await;
    let (store, proxy, clock) = by_clock(&peer).await;
    let ann = customer();
    let [key, _] = keys(ann);
    let of_ann = store.for_customer(ann);
    of_ann.put_bytes(&key, Bytes::from_static(b"ours")).await.unwrap();
    assert_eq!(proxy.seen(), 1);
    // They live for fifteen minutes.
    clock.advance_seconds(9 * 60);
    assert_eq!((of_ann.head(&key).await.unwrap(), proxy.seen()), (Some(4), 1));
    clock.advance_seconds(2 * 60);
    assert_eq!((of_ann.head(&key).await.unwrap(), proxy.seen()), (Some(4), 2), "four minutes before their end");
    let whole = PutTerms { size: 4, checksum: None, content_type: None };
    let ben = customer();
    let [theirs, _] = keys(ben);
    let of_ben = store.for_customer(ben);
    let upload = of_ben.begin_parts(&theirs).await.unwrap();
    let asked = proxy.seen();
    // By the clock of the test eleven minutes of what the service gave are over already.
    let part = of_ben.presign_part(&theirs, &upload, 1, &whole).await.unwrap();
    assert!(part.lifetime < Duration::from_mins(5) && part.lifetime > Duration::from_mins(3), "{:?}", part.lifetime);
    let url = of_ben.presign_head(&theirs, Duration::from_mins(1)).await.unwrap();
    assert_eq!((url.lifetime, proxy.seen()), (Duration::from_mins(1), asked), "what is short is as long as it was wanted");
    // More than half of them is over: an address for an hour is worth new ones.
    clock.advance_seconds(-9 * 60);
    let fresh = store.for_customer(customer());
    assert_eq!(fresh.presign_put(&theirs, &whole).await.unwrap().lifetime, Duration::from_mins(1));
    let asked = proxy.seen();
    let long = fresh.presign_part(&theirs, &upload, 1, &whole).await.unwrap();
    assert!(proxy.seen() == asked && long.lifetime > Duration::from_mins(12), "{:?}", long.lifetime);
    clock.advance_seconds(8 * 60);
    fresh.presign_part(&theirs, &upload, 1, &whole).await.unwrap();
    assert_eq!(proxy.seen(), asked + 1, "renewed first");
    of_ben.abort_parts(&theirs, &upload).await.unwrap();
    peer.close().await;
}

#[tokio::test]
async fn a_service_of_credentials_that_stalls_holds_nobody_beyond_his_time() {
    let peer = Peer::reach(Kind::Rgw).await;
    let (store, proxy, _) = by_clock(&peer).await;
    proxy.plan(Fault::Stall, 0..usize::MAX);
    let ann = customer();
    let [key, _] = keys(ann);
    let of_ann = store.for_customer(ann).within(Duration::from_millis(300));
    let name = FileName::parse("a.txt").unwrap();
    let signed = async { of_ann.presign_get(&key, &name, "text/plain", None, Duration::from_mins(1)).await.map(drop) };
    let read = async { of_ann.head(&key).await.map(drop) };
    let both = tokio::time::timeout(Duration::from_secs(15), Box::pin(async { (signed.await, read.await) })).await.expect("nobody is held");
    assert!(matches!(both, (Err(BlobError::Unavailable { .. }), Err(BlobError::Unavailable { .. }))), "{both:?}");
    peer.close().await;
}

#[tokio::test]
async fn a_refusal_of_what_is_not_there_is_told_from_one_of_what_is() {
    // AWS answers so to credentials that may list their own prefix alone; the proxy does it for RGW.
    let peer = Peer::reach(Kind::Rgw).await;
    drop(peer.store().await);
    let endpoint = peer.settings.endpoint.clone().unwrap();
    let proxy = Proxy::before(endpoint.trim_start_matches("http://").parse().unwrap()).await;
    let store = peer
        .connect(|settings| {
            settings.assume_role = Some(role(Some(endpoint.clone())));
            settings.endpoint = Some(format!("http://{}", proxy.address));
        })
        .await;
    let (ann, ben) = (customer(), customer());
    let of_ann = store.for_customer(ann);
    for (there, missing) in keys(ann).into_iter().zip(keys(ann)) {
        of_ann.put_bytes(&there, Bytes::from_static(b"ours")).await.unwrap();
        for (key, is_there) in [(&missing, false), (&there, true)] {
            proxy.plan(Fault::Forbidden, 0..1);
            let looked = of_ann.head(key).await;
            assert_eq!(proxy.seen(), 2, "the list is asked");
            proxy.plan(Fault::Forbidden, 0..1);
            let read = of_ann.get(key, None).await;
            if is_there {
                assert!(is_refused(looked) && is_refused(read), "{key}");
            } else {
                assert!(matches!((&looked, &read), (Ok(None), Ok(None))), "{key}: {looked:?} {read:?}");
            }
        }
    }
    // Of another's object the list is refused too, whether or not it is there.
    for theirs in keys(ben) {
        proxy.plan(Fault::Forbidden, 0..1);
        assert!(is_refused(of_ann.head(&theirs).await));
    }
    peer.close().await;
}
