//! The same write asked twice.

use super::fixture::{Engine, Fixture, at_once, catalog_suite, entry};
use crate::catalog::Seen;

async fn a_key_is_fresh_then_running_then_answered(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    let claim = async |key: &str, request: &str| fx.catalog.claim(customer, call, key, request, fx.in_seconds(-600)).await.unwrap();
    assert_eq!(claim("k1", "share a").await, Seen::Fresh);
    assert_eq!(claim("k1", "share a").await, Seen::Running);
    assert_eq!(claim("k1", "share b").await, Seen::Other);
    assert_eq!(claim("k2", "share a").await, Seen::Fresh, "another key is another request");
    fx.catalog.settle(customer, call, "k1", Some("{\"say\":\"Done.\"}")).await.unwrap();
    assert_eq!(claim("k1", "share a").await, Seen::Answered("{\"say\":\"Done.\"}".to_owned()));
    assert_eq!(claim("k1", "share b").await, Seen::Other);
    fx.catalog.settle(customer, call, "k1", Some("late")).await.unwrap();
    fx.catalog.settle(customer, call, "k1", None).await.unwrap();
    assert_eq!(claim("k1", "share a").await, Seen::Answered("{\"say\":\"Done.\"}".to_owned()), "the first answer stays");
    let other = fx.call(customer).await;
    assert_eq!(fx.catalog.claim(customer, other, "k1", "share a", fx.in_seconds(-600)).await.unwrap(), Seen::Fresh);
}

async fn a_key_of_nothing_done_is_free_again(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    for request in ["share a", "share b"] {
        assert_eq!(fx.catalog.claim(customer, call, "k", request, fx.in_seconds(-600)).await.unwrap(), Seen::Fresh, "{request}");
        fx.catalog.settle(customer, call, "k", None).await.unwrap();
    }
}

async fn claims_and_answers_are_forgotten_in_time(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    let claim = async |key: &str| fx.catalog.claim(customer, call, key, "share a", fx.in_seconds(-600)).await.unwrap();
    claim("answered").await;
    claim("left").await;
    fx.catalog.settle(customer, call, "answered", Some("done")).await.unwrap();
    fx.clock.advance_seconds(600);
    assert_eq!(claim("answered").await, Seen::Answered("done".to_owned()));
    fx.clock.advance_seconds(1);
    assert_eq!(claim("answered").await, Seen::Fresh);
    // Nobody asks for the other key again; it is forgotten all the same.
    assert_eq!(fx.damage("DELETE FROM idempotency WHERE key = 'left'").await, 0);
    assert_eq!(claim("left").await, Seen::Fresh);
}

async fn an_abandoned_key_goes_to_the_next_request_of_the_same_text(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    let claim = async |request: &str| fx.catalog.claim(customer, call, "k", request, fx.in_seconds(-600)).await.unwrap();
    assert_eq!(claim("share a").await, Seen::Fresh);
    fx.clock.advance_seconds(10);
    assert_eq!(claim("share a").await, Seen::Running, "a request may take as long");
    fx.clock.advance_seconds(1);
    assert_eq!(claim("share b").await, Seen::Other);
    assert_eq!(claim("share a").await, Seen::Fresh);
    assert_eq!(claim("share a").await, Seen::Running, "it is taken again");
}

async fn a_key_that_a_gone_process_held_is_free_at_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    let claim = async |key: &str| fx.catalog.claim(customer, call, key, "share a", fx.in_seconds(-600)).await.unwrap();
    claim("answered").await;
    fx.catalog.settle(customer, call, "answered", Some("done")).await.unwrap();
    claim("held").await;
    if fx.engine() == Engine::Postgres {
        // Others live beside it, so only time tells that it is gone.
        assert_eq!(fx.catalog.take_over().await.unwrap(), 0);
        assert_eq!(claim("held").await, Seen::Running);
        return;
    }
    assert_eq!(fx.catalog.take_over().await.unwrap(), 1);
    assert_eq!(claim("held").await, Seen::Fresh);
    assert_eq!(claim("answered").await, Seen::Answered("done".to_owned()));
}

async fn of_parallel_claims_one_is_fresh(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    let forget = fx.in_seconds(-600);
    let tasks = (0..12).map(|_| {
        let catalog = fx.catalog.clone();
        async move { catalog.claim(customer, call, "k", "share a", forget).await.unwrap() }
    });
    let seen = at_once(tasks).await;
    assert_eq!(seen.iter().filter(|seen| **seen == Seen::Fresh).count(), 1);
    assert_eq!(seen.iter().filter(|seen| **seen == Seen::Running).count(), 11);
}

async fn an_ended_calls_answer_is_still_kept(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    fx.catalog.claim(customer, call, "k", "share a", fx.in_seconds(-600)).await.unwrap();
    fx.catalog.end_call(customer, call, &entry("end_call")).await.unwrap();
    fx.catalog.settle(customer, call, "k", Some("done")).await.unwrap();
    let seen = fx.catalog.claim(customer, call, "k", "share a", fx.in_seconds(-600)).await.unwrap();
    assert_eq!(seen, Seen::Answered("done".to_owned()));
}

catalog_suite!(
    a_key_is_fresh_then_running_then_answered,
    a_key_of_nothing_done_is_free_again,
    claims_and_answers_are_forgotten_in_time,
    an_abandoned_key_goes_to_the_next_request_of_the_same_text,
    a_key_that_a_gone_process_held_is_free_at_once,
    of_parallel_claims_one_is_fresh,
    an_ended_calls_answer_is_still_kept,
);
