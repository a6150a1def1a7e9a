//! Keys of customers' programs and of the operator.

use super::fixture::{Fixture, catalog_suite, conflicts, entry, hash};
use crate::catalog::{KeyOwner, KeyRecord, NewKey, Rotation, Secret};
use crate::domain::{CustomerId, KeyId};

async fn opened(fx: &Fixture, secret: &str) -> Option<(KeyRecord, Secret)> {
    fx.catalog.key_by_secret(&hash(secret)).await.unwrap()
}

/// Whether a secret opens anything so many seconds from now.
async fn opens(fx: &Fixture, secret: &str, seconds: i64) -> bool {
    opened(fx, secret).await.is_some_and(|(key, shown)| key.opens_by(shown, fx.in_seconds(seconds)))
}

async fn key(fx: &Fixture, customer: CustomerId, secret: &str) -> KeyId {
    let new = fx.new_key(secret);
    fx.catalog.add_key(customer, &new, &entry("create_key")).await.unwrap();
    new.id
}

async fn rotate(fx: &Fixture, owner: impl Into<KeyOwner>, key: KeyId, secret: &str, overlap: i64) -> bool {
    let rotation = Rotation { key, secret_hash: hash(secret), previous_until: fx.in_seconds(overlap) };
    fx.catalog.rotate_key(owner, &rotation, &entry("rotate_key")).await.unwrap()
}

async fn a_key_is_alive_until_its_end(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let new = NewKey { expires_at: Some(fx.in_seconds(60)), ..fx.new_key("short") };
    fx.catalog.add_key(customer, &new, &entry("add_key")).await.unwrap();
    let (key, _) = opened(fx, "short").await.unwrap();
    assert_eq!(key.expires_at, Some(fx.in_seconds(60)));
    for (seconds, alive) in [(0, true), (59, true), (60, false), (3600, false)] {
        assert_eq!(key.is_alive(fx.in_seconds(seconds)), alive, "after {seconds} s");
    }
}

async fn a_revoked_key_is_dead_at_once_and_is_revoked_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let doomed = key(fx, customer, "doomed").await;
    assert!(fx.catalog.revoke_key(customer, doomed, &entry("revoke_key")).await.unwrap());
    let (record, _) = opened(fx, "doomed").await.unwrap();
    assert_eq!(record.revoked_at, Some(fx.now()));
    assert!(!record.is_alive(fx.now()));
    fx.clock.advance_seconds(5);
    assert!(!fx.catalog.revoke_key(customer, doomed, &entry("revoke_key")).await.unwrap(), "it was revoked before");
    assert_eq!(opened(fx, "doomed").await.unwrap().0.revoked_at, record.revoked_at);
    let unknown = KeyId::new(&*fx.clock, &*fx.entropy);
    assert!(!fx.catalog.revoke_key(customer, unknown, &entry("revoke_key")).await.unwrap());
    let records = fx.catalog.audit_page(customer, 0, 100).await.unwrap().into_iter();
    let outcomes: Vec<_> = records.filter(|record| record.action == "revoke_key").map(|record| record.outcome).collect();
    assert_eq!(outcomes, ["done", "not_found", "not_found"]);
}

async fn after_a_rotation_the_secret_before_opens_for_the_overlap_and_no_longer(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let rotated = key(fx, customer, "first").await;
    fx.clock.advance_seconds(10);
    assert!(rotate(fx, customer, rotated, "second", 60).await);
    for (secret, seconds, expected) in
        [("first", 0, true), ("first", 59, true), ("first", 60, false), ("second", 0, true), ("second", 3600, true)]
    {
        assert_eq!(opens(fx, secret, seconds).await, expected, "`{secret}` after {seconds} s");
    }
    let (record, shown) = opened(fx, "first").await.unwrap();
    assert_eq!((record.id, shown, record.rotated_at), (rotated, Secret::Previous, Some(fx.now())));
    // A further rotation leaves the newest two, however long the first was to go on.
    assert!(rotate(fx, customer, rotated, "third", 60).await);
    assert_eq!([opens(fx, "first", 0).await, opens(fx, "second", 0).await, opens(fx, "third", 0).await], [false, true, true]);
    // Without an overlap the one before is dead at once; both die with their key.
    assert!(rotate(fx, customer, rotated, "fourth", 0).await);
    assert_eq!([opens(fx, "third", 0).await, opens(fx, "fourth", 0).await], [false, true]);
    assert!(rotate(fx, customer, rotated, "fifth", 60).await);
    assert!(fx.catalog.revoke_key(customer, rotated, &entry("revoke_key")).await.unwrap());
    assert_eq!([opens(fx, "fourth", 0).await, opens(fx, "fifth", 0).await], [false, false]);
}

async fn only_a_living_key_of_the_customer_is_rotated(fx: &Fixture) {
    let (customer, other) = (fx.customer("Northwind").await, fx.customer("Southwind").await);
    let (living, revoked) = (key(fx, customer, "living").await, key(fx, customer, "revoked").await);
    fx.catalog.revoke_key(customer, revoked, &entry("revoke_key")).await.unwrap();
    let short = NewKey { expires_at: Some(fx.in_seconds(60)), ..fx.new_key("short") };
    fx.catalog.add_key(customer, &short, &entry("create_key")).await.unwrap();
    fx.clock.advance_seconds(60);
    let unknown = KeyId::new(&*fx.clock, &*fx.entropy);
    for key in [revoked, short.id, unknown] {
        assert!(!rotate(fx, customer, key, "taken", 60).await);
    }
    assert!(!rotate(fx, other, living, "taken", 60).await);
    assert!(!rotate(fx, KeyOwner::Operator, living, "taken", 60).await);
    assert!(opened(fx, "taken").await.is_none() && opens(fx, "living", 0).await);
    let outcomes = async |of| {
        let records = fx.catalog.audit_page(of, 0, 100).await.unwrap().into_iter();
        records.filter(|record| record.action == "rotate_key").map(|record| record.outcome).collect::<Vec<_>>()
    };
    assert_eq!((outcomes(customer).await, outcomes(other).await), (vec!["not_found".to_owned(); 3], vec!["not_found".to_owned()]));
}

async fn the_last_use_of_a_key_only_moves_on(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let used = key(fx, customer, "used").await;
    let last = async || fx.catalog.key(customer, used).await.unwrap().unwrap().last_used_at;
    assert_eq!(last().await, None);
    let before = fx.records(customer).await;
    for (at, expected) in [(60, 60), (120, 120), (90, 120)] {
        fx.catalog.key_used(customer, used, fx.in_seconds(at)).await.unwrap();
        assert_eq!(last().await, Some(fx.in_seconds(expected)));
    }
    let other = fx.customer("Southwind").await;
    fx.catalog.key_used(other, used, fx.in_seconds(600)).await.unwrap();
    assert_eq!((last().await, fx.records(customer).await), (Some(fx.in_seconds(120)), before));
}

async fn the_operators_keys_belong_to_no_customer_and_one_is_always_left(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let operator = KeyOwner::Operator;
    let (first, second) = (fx.new_key("operator"), NewKey { expires_at: Some(fx.in_seconds(60)), ..fx.new_key("another") });
    for key in [&first, &second] {
        fx.catalog.add_key(operator, key, &entry("create_key")).await.unwrap();
    }
    let (found, _) = opened(fx, "operator").await.unwrap();
    assert_eq!(found.customer, None);
    assert_eq!(fx.catalog.key(operator, first.id).await.unwrap(), Some(found.clone()));
    assert_eq!(fx.catalog.key(customer, first.id).await.unwrap(), None);
    assert_eq!((fx.catalog.keys(customer).await.unwrap().len(), fx.catalog.keys(operator).await.unwrap().len()), (1, 2));
    assert!(!fx.catalog.revoke_key(customer, found.id, &entry("revoke_key")).await.unwrap(), "no customer can revoke it");
    fx.catalog.key_used(operator, first.id, fx.in_seconds(5)).await.unwrap();
    assert!(rotate(fx, operator, first.id, "rotated", 60).await && opens(fx, "operator", 0).await && opens(fx, "rotated", 0).await);
    // One that has expired does not count as one that is left.
    fx.clock.advance_seconds(60);
    assert!(conflicts(fx.catalog.revoke_key(operator, first.id, &entry("revoke_key")).await));
    assert!(opens(fx, "rotated", 0).await);
    fx.catalog.add_key(operator, &fx.new_key("third"), &entry("create_key")).await.unwrap();
    assert!(fx.catalog.revoke_key(operator, first.id, &entry("revoke_key")).await.unwrap());
    assert!(!opens(fx, "rotated", 0).await);
}

catalog_suite!(
    a_key_is_alive_until_its_end,
    a_revoked_key_is_dead_at_once_and_is_revoked_once,
    after_a_rotation_the_secret_before_opens_for_the_overlap_and_no_longer,
    only_a_living_key_of_the_customer_is_rotated,
    the_last_use_of_a_key_only_moves_on,
    the_operators_keys_belong_to_no_customer_and_one_is_always_left,
);
