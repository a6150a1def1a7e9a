//! Spoken codes.

use super::fixture::{Fixture, at_once, catalog_suite, conflicts, entry, hash};
use crate::catalog::Attempt;
use crate::domain::{CallId, CustomerId, LinkId};

/// A link with the code 427913.
async fn coded(fx: &Fixture) -> (CustomerId, CallId, LinkId) {
    let customer = fx.customer("Northwind").await;
    let (file, john) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let call = fx.call(customer).await;
    let mut share = fx.new_share(customer, file, john);
    share.call = Some(call);
    share.code = Some(fx.new_code(call, share.link.id, "427913"));
    fx.catalog.share(&share, None, &entry("share")).await.unwrap();
    (customer, call, share.link.id)
}

async fn the_right_code_opens_as_often_as_it_is_given(fx: &Fixture) {
    let (customer, _, link) = coded(fx).await;
    for _ in 0..12 {
        assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Right, "a right one costs no try");
    }
}

async fn four_mistakes_are_forgiven_and_the_fifth_burns_the_code(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    for _ in 0..4 {
        assert_eq!(fx.try_code(customer, link, "000000").await, Attempt::Wrong);
    }
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Right);
    assert!(fx.catalog.living_code(customer, call, link).await.unwrap().is_some());
    assert_eq!(fx.try_code(customer, link, "000000").await, Attempt::Wrong);
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Wrong, "it is used up");
    assert_eq!(fx.catalog.living_code(customer, call, link).await.unwrap(), None);
}

async fn forty_wrong_guesses_at_once_get_five_tries(fx: &Fixture) {
    let (customer, _, link) = coded(fx).await;
    // Each try that is compared gives the code's tries one less; what comes after compares with nothing.
    let tasks = (0..40).map(|guess| {
        let catalog = fx.catalog.clone();
        async move { catalog.try_code(customer, link, &hash(&format!("{guess:06}")), &entry("right"), &entry("wrong")).await.unwrap() }
    });
    let attempts = at_once(tasks).await;
    assert!(attempts.iter().all(|attempt| *attempt == Attempt::Wrong));
    let left = |tries: i64| format!("UPDATE codes SET tries_left = tries_left WHERE tries_left = {tries}");
    assert_eq!(fx.damage(&left(0)).await, 1, "none is left, and none was taken that was not there");
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Wrong);
    let recorded = fx.catalog.audit_page(customer, 0, 1000).await.unwrap();
    assert_eq!(recorded.iter().filter(|record| record.action == "wrong").count(), 41, "every guess is on record");
}

async fn of_parallel_guesses_the_sixth_is_never_compared(fx: &Fixture) {
    let (customer, _, link) = coded(fx).await;
    // The right one stands among the wrong: it may win only while tries are left.
    let guesses = ["000001", "000002", "000003", "000004", "000005", "427913", "000006", "000007"];
    let tasks = guesses.into_iter().map(|guess| {
        let catalog = fx.catalog.clone();
        async move { catalog.try_code(customer, link, &hash(guess), &entry("right"), &entry("wrong")).await.unwrap() }
    });
    at_once(tasks).await;
    let order: Vec<_> = fx.catalog.audit_page(customer, 0, 1000).await.unwrap().into_iter().map(|record| record.action).collect();
    let wrong_before = order.iter().take_while(|action| *action != "right").filter(|action| *action == "wrong").count();
    if order.contains(&"right".to_owned()) {
        assert!(wrong_before < 5, "{order:?}");
    } else {
        assert_eq!(wrong_before, 8, "{order:?}");
    }
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Wrong);
}

async fn every_dead_code_gives_the_same_answer_and_the_same_record(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    let dead = async |why: &str| {
        let before = fx.records(customer).await;
        assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Wrong, "{why}");
        assert_eq!(fx.catalog.audit_page(customer, before as u64, 10).await.unwrap()[0].action, "wrong", "{why}");
        assert_eq!(fx.records(customer).await, before + 1, "{why}");
    };
    let unknown = LinkId::new(&*fx.clock, &*fx.entropy);
    assert_eq!(fx.try_code(customer, unknown, "427913").await, Attempt::Wrong, "no such link");
    assert_eq!(fx.try_code(customer, link, "").await, Attempt::Wrong, "nothing said");
    fx.damage("UPDATE shares SET revoked_at = 1").await;
    dead("revoked").await;
    fx.damage("UPDATE shares SET revoked_at = NULL").await;
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Right);
    fx.catalog.issue_code(customer, &fx.new_code(call, link, "555111"), &entry("issue_code")).await.unwrap();
    dead("voided by a newer one").await;
    assert_eq!(fx.try_code(customer, link, "555111").await, Attempt::Right);
    fx.clock.advance_seconds(600);
    assert_eq!(fx.try_code(customer, link, "555111").await, Attempt::Wrong, "expired");
    assert_eq!(fx.catalog.living_code(customer, call, link).await.unwrap(), None);
}

async fn a_code_is_told_again_only_in_the_call_that_made_it(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    let code = fx.catalog.living_code(customer, call, link).await.unwrap().unwrap();
    assert_eq!((code.link, code.sealed.as_str(), code.expires_at), (link, "sealed 427913", fx.in_seconds(600)));
    let other = fx.call(customer).await;
    assert_eq!(fx.catalog.living_code(customer, other, link).await.unwrap(), None);
    // Codes are used after the call; they outlive it.
    fx.catalog.end_call(customer, call, &entry("end_call")).await.unwrap();
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Right);
}

async fn codes_issued_at_once_leave_one_alive(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    let codes = ["111111", "222222", "333333", "444444"];
    let tasks = codes.map(|code| {
        let (catalog, new) = (fx.catalog.clone(), fx.new_code(call, link, code));
        async move { catalog.issue_code(customer, &new, &entry("issue_code")).await.unwrap() }
    });
    at_once(tasks).await;
    assert_eq!(fx.damage("UPDATE codes SET tries_left = tries_left WHERE voided_at IS NULL").await, 1);
}

async fn a_code_needs_a_link_and_a_call_of_the_customer(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    let strange = LinkId::new(&*fx.clock, &*fx.entropy);
    assert!(conflicts(fx.catalog.issue_code(customer, &fx.new_code(call, strange, "1"), &entry("issue_code")).await));
    let elsewhere = fx.call(fx.customer("Southwind").await).await;
    assert!(conflicts(fx.catalog.issue_code(customer, &fx.new_code(elsewhere, link, "1"), &entry("issue_code")).await));
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Right, "the code there is lives on");
}

catalog_suite!(
    the_right_code_opens_as_often_as_it_is_given,
    four_mistakes_are_forgiven_and_the_fifth_burns_the_code,
    forty_wrong_guesses_at_once_get_five_tries,
    of_parallel_guesses_the_sixth_is_never_compared,
    every_dead_code_gives_the_same_answer_and_the_same_record,
    a_code_is_told_again_only_in_the_call_that_made_it,
    codes_issued_at_once_leave_one_alive,
    a_code_needs_a_link_and_a_call_of_the_customer,
);
