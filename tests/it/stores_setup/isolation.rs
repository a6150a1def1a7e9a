//! Credentials of one customer do not reach another's objects: the store itself refuses.

use std::time::Duration;

use bytes::Bytes;
use satchel::blob::{AssumeRole, BlobError, ObjectKey, Store};
use satchel::domain::{BlobId, Category, CustomerId, SystemClock, SystemEntropy};

use super::peer::{Kind, Peer};
use crate::faults::proxy::Proxy;

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
