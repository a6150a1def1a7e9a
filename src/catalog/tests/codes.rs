//! Spoken codes.

use super::fixture::{Fixture, LIMITS, at_once, catalog_suite, conflicts, entry, hash, try_at};
use crate::catalog::{Attempt, Bound, CallGuess, FailureLimits, Guess, Guesser, NewCode, OpenedShare, Tried};
use crate::domain::{CallId, CustomerId, LinkId, Phone};

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
    assert!(fx.catalog.living_code(customer, call, link, false).await.unwrap().is_some());
    assert_eq!(fx.try_code(customer, link, "000000").await, Attempt::Wrong);
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Wrong, "it is used up");
    assert_eq!(fx.catalog.living_code(customer, call, link, false).await.unwrap(), None);
}

/// How the tries of a customer went, by the records: how many were compared, and how many were not.
async fn compared(fx: &Fixture, customer: CustomerId) -> (usize, usize) {
    let records = fx.catalog.audit_page(customer, 0, 10_000).await.unwrap();
    let told = |how: &[&str]| records.iter().filter(|record| record.reason.as_deref().is_some_and(|reason| how.contains(&reason))).count();
    (told(&["compared", "burned"]), told(&["closed", "limited"]))
}

async fn sixty_wrong_guesses_at_once_get_five_comparisons(fx: &Fixture) {
    let (customer, _, link) = coded(fx).await;
    // Each try that is compared gives the code's tries one less; what comes after compares with nothing.
    let tasks = (0..60).map(|guess| {
        let catalog = fx.catalog.clone();
        async move { try_at(&catalog, customer, link, &format!("{guess:06}"), "somewhere").await }
    });
    let tries = at_once(tasks).await;
    assert!(tries.iter().all(|tried| tried.attempt == Attempt::Wrong));
    assert_eq!(tries.iter().filter(|tried| tried.is_burned).count(), 1, "one of them is the last");
    assert_eq!(compared(fx, customer).await, (5, 55));
    let left = |tries: i64| format!("UPDATE codes SET tries_left = tries_left WHERE tries_left = {tries}");
    assert_eq!(fx.damage(&left(0)).await, 1, "none is left, and none was taken that was not there");
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Wrong);
}

async fn of_parallel_guesses_the_sixth_is_never_compared(fx: &Fixture) {
    let (customer, _, link) = coded(fx).await;
    // The right one stands among the wrong: it may win only while tries are left.
    let guesses = ["000001", "000002", "000003", "000004", "000005", "427913", "000006", "000007"];
    let tasks = guesses.into_iter().map(|guess| {
        let catalog = fx.catalog.clone();
        async move { try_at(&catalog, customer, link, guess, "somewhere").await }
    });
    at_once(tasks).await;
    let order: Vec<_> = fx.catalog.audit_page(customer, 0, 1000).await.unwrap().into_iter().map(|record| record.outcome).collect();
    let wrong_before = order.iter().take_while(|outcome| *outcome != "code_right").filter(|outcome| *outcome == "code_wrong").count();
    if order.contains(&"code_right".to_owned()) {
        assert!(wrong_before < 5, "{order:?}");
    } else {
        assert_eq!(wrong_before, 8, "{order:?}");
    }
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Wrong);
}

async fn every_dead_code_gives_the_same_answer_and_the_same_record(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    let dead = async |why: &str, how: &str| {
        let before = fx.records(customer).await;
        assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Wrong, "{why}");
        let record = &fx.catalog.audit_page(customer, before as u64, 10).await.unwrap()[0];
        assert_eq!((record.outcome.as_str(), record.reason.as_deref()), ("code_wrong", Some(how)), "{why}");
        assert_eq!(fx.records(customer).await, before + 1, "{why}");
    };
    let unknown = LinkId::new(&*fx.clock, &*fx.entropy);
    assert_eq!(fx.try_code(customer, unknown, "427913").await, Attempt::Wrong, "no such link");
    assert_eq!(fx.try_code(customer, link, "").await, Attempt::Wrong, "nothing said");
    fx.damage("UPDATE shares SET revoked_at = 1").await;
    dead("revoked", "closed").await;
    fx.damage("UPDATE shares SET revoked_at = NULL").await;
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Right);
    fx.catalog.issue_code(customer, &fx.new_code(call, link, "555111"), &entry("issue_code")).await.unwrap();
    dead("voided by a newer one", "compared").await;
    assert_eq!(fx.try_code(customer, link, "555111").await, Attempt::Right);
    fx.clock.advance_seconds(600);
    assert_eq!(fx.try_code(customer, link, "555111").await, Attempt::Wrong, "expired");
    assert_eq!(fx.catalog.living_code(customer, call, link, false).await.unwrap(), None);
}

async fn a_code_is_told_again_only_in_the_call_that_made_it(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    let code = fx.catalog.living_code(customer, call, link, false).await.unwrap().unwrap();
    assert_eq!((code.link, code.sealed.as_str(), code.expires_at), (link, "sealed 427913", fx.in_seconds(600)));
    let other = fx.call(customer).await;
    assert_eq!(fx.catalog.living_code(customer, other, link, false).await.unwrap(), None);
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

async fn a_network_that_fails_too_often_waits_and_its_neighbours_do_not(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    let limits = FailureLimits { network: Bound { failures: 7, seconds: 600 }, ..LIMITS };
    let guess = async |code: &str, network: &str| {
        let (hash, by) = (hash(code), Guesser { scope: network.to_owned(), is_caller: false });
        let guess = Guess { link, code_hash: &hash, by: &by, strict: false };
        fx.catalog.try_code(customer, &guess, &limits, &entry("try")).await.unwrap().attempt
    };
    for round in ["427913", "555111"] {
        fx.catalog.issue_code(customer, &fx.new_code(call, link, round), &entry("issue_code")).await.unwrap();
        for _ in 0..4 {
            assert_eq!(guess("000000", "one").await, Attempt::Wrong);
        }
    }
    assert_eq!(compared(fx, customer).await, (7, 1), "the eighth was not looked at");
    assert_eq!(guess("555111", "one").await, Attempt::Wrong, "not even the right one");
    assert_eq!(guess("555111", "two").await, Attempt::Right, "who tries from elsewhere is not locked out");
    fx.clock.advance_seconds(600);
    fx.catalog.issue_code(customer, &fx.new_code(call, link, "555111"), &entry("issue_code")).await.unwrap();
    assert_eq!(guess("555111", "one").await, Attempt::Right, "a lockout ends");
}

async fn where_a_budget_is_spent_only_who_has_not_failed_may_go_on(fx: &Fixture) {
    let (customer, call, link) = coded(fx).await;
    let limits = FailureLimits { customer: Bound { failures: 3, seconds: 3600 }, ..LIMITS };
    let guess = async |code: &str, network: &str, strict: bool| {
        let (hash, by) = (hash(code), Guesser { scope: network.to_owned(), is_caller: false });
        let guess = Guess { link, code_hash: &hash, by: &by, strict };
        fx.catalog.try_code(customer, &guess, &limits, &entry("try")).await.unwrap()
    };
    for failures in 1..=3 {
        assert_eq!(guess("000000", "one", false).await.failures, failures);
    }
    fx.catalog.issue_code(customer, &fx.new_code(call, link, "427913"), &entry("issue_code")).await.unwrap();
    assert_eq!(guess("427913", "one", false).await.attempt, Attempt::Wrong);
    assert_eq!(guess("427913", "two", false).await.attempt, Attempt::Right);
    fx.clock.advance_seconds(3600);
    fx.catalog.issue_code(customer, &fx.new_code(call, link, "427913"), &entry("issue_code")).await.unwrap();
    assert_eq!(guess("000000", "one", false).await.failures, 1, "a new window begins");
    assert_eq!(guess("427913", "one", true).await.attempt, Attempt::Wrong, "the budget of all customers is spent");
    assert_eq!(guess("427913", "two", true).await.attempt, Attempt::Right);
}

async fn wrong_codes_of_all_customers_are_counted_together(fx: &Fixture) {
    let bound = Bound { failures: 10, seconds: 60 };
    for expected in 1..=3 {
        assert_eq!(fx.catalog.count_overall(&bound).await.unwrap(), expected);
    }
    fx.clock.advance_seconds(60);
    assert_eq!(fx.catalog.count_overall(&bound).await.unwrap(), 1);
}

/// A share with a code for calls from a number, and the caller's own open call.
async fn coded_for_calls(fx: &Fixture) -> (CustomerId, CallId, LinkId, Phone, CallId) {
    let (customer, call, link) = coded(fx).await;
    let number = Phone::parse("+15550100123").unwrap();
    let code = NewCode { caller: Some(number.clone()), ..fx.new_code(call, link, "42791386") };
    assert!(fx.catalog.issue_code(customer, &code, &entry("issue_code")).await.unwrap());
    let theirs = fx.call(customer).await;
    (customer, call, link, number, theirs)
}

async fn keyed(fx: &Fixture, customer: CustomerId, call: CallId, number: &Phone, code: &str) -> Option<(Tried, Option<OpenedShare>)> {
    fx.clock.advance_seconds(1);
    let (hash, by) = (hash(code), Guesser { scope: number.as_str().to_owned(), is_caller: true });
    let guess = CallGuess { call, epoch: 0, number, heard_at: fx.now(), code_hash: &hash, by: &by, strict: false };
    fx.catalog.try_call_code(customer, &guess, &LIMITS, &entry("redeem")).await.unwrap()
}

async fn a_code_for_calls_opens_its_share_to_the_caller_and_no_link(fx: &Fixture) {
    let (customer, call, link, number, theirs) = coded_for_calls(fx).await;
    assert_eq!(fx.try_code(customer, link, "42791386").await, Attempt::Wrong, "it is no code of the link");
    assert_eq!(fx.try_code(customer, link, "427913").await, Attempt::Right, "the code of the link lives on beside it");
    let (tried, opened) = keyed(fx, customer, theirs, &number, "42791386").await.unwrap();
    let opened = opened.unwrap();
    assert_eq!((tried.attempt, opened.link), (Attempt::Right, link));
    assert_eq!(fx.catalog.opened_in_call(customer, theirs, 0).await.unwrap(), [opened]);
    assert_eq!(fx.catalog.opened_in_call(customer, theirs, 1).await.unwrap(), [], "another person on the line has nothing");
    assert_eq!(fx.catalog.opened_in_call(customer, call, 0).await.unwrap(), [], "nor has another call");
    fx.damage("UPDATE shares SET revoked_at = 1").await;
    assert_eq!(fx.catalog.opened_in_call(customer, theirs, 0).await.unwrap(), []);
}

async fn what_was_keyed_is_tried_once_and_from_its_number_alone(fx: &Fixture) {
    let (customer, _, _, number, theirs) = coded_for_calls(fx).await;
    let other = Phone::parse("+15550100999").unwrap();
    assert_eq!(keyed(fx, customer, theirs, &other, "42791386").await.unwrap().0.attempt, Attempt::Wrong);
    assert_eq!(keyed(fx, customer, theirs, &number, "42791386").await.unwrap().0.attempt, Attempt::Right);
    let (hash, by) = (hash("42791386"), Guesser { scope: "x".to_owned(), is_caller: true });
    let again = CallGuess { call: theirs, epoch: 0, number: &number, heard_at: fx.now(), code_hash: &hash, by: &by, strict: false };
    assert!(fx.catalog.try_call_code(customer, &again, &LIMITS, &entry("redeem")).await.unwrap().is_none());
    let gone = CallGuess { epoch: 1, ..again };
    assert!(conflicts(fx.catalog.try_call_code(customer, &gone, &LIMITS, &entry("redeem")).await));
}

async fn five_wrong_codes_of_a_caller_burn_his_and_a_sixth_is_not_compared(fx: &Fixture) {
    let (customer, _, _, number, theirs) = coded_for_calls(fx).await;
    for left in (0..5).rev() {
        let (tried, _) = keyed(fx, customer, theirs, &number, "00000000").await.unwrap();
        assert_eq!((tried.attempt, tried.is_burned), (Attempt::Wrong, left == 0));
    }
    assert_eq!(keyed(fx, customer, theirs, &number, "42791386").await.unwrap().0.attempt, Attempt::Wrong);
    assert_eq!(compared(fx, customer).await, (5, 1));
}

async fn a_caller_who_keys_wrong_codes_too_often_waits_though_a_new_code_is_made_for_him(fx: &Fixture) {
    let (customer, call, link, number, theirs) = coded_for_calls(fx).await;
    let attempt = async |code: &str| keyed(fx, customer, theirs, &number, code).await.unwrap().0.attempt;
    let issued = async || {
        let code = NewCode { caller: Some(number.clone()), ..fx.new_code(call, link, "42791386") };
        assert!(fx.catalog.issue_code(customer, &code, &entry("issue_code")).await.unwrap());
    };
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(attempt("00000000").await, Attempt::Wrong);
        }
        issued().await;
    }
    assert_eq!(compared(fx, customer).await, (7, 1), "the eighth was not looked at");
    assert_eq!(attempt("42791386").await, Attempt::Wrong, "not even the right one");
    fx.clock.advance_seconds(600);
    issued().await;
    assert_eq!(attempt("42791386").await, Attempt::Right, "a lockout ends");
}

async fn twenty_codes_for_calls_are_alive_at_most(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, john) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let call = fx.call(customer).await;
    let mut stored = Vec::new();
    for _ in 0..21 {
        let share = fx.new_share(customer, file, john);
        fx.catalog.share(&share, None, &entry("share")).await.unwrap();
        let code = NewCode { caller: Some(Phone::parse("+15550100123").unwrap()), ..fx.new_code(call, share.link.id, "42791386") };
        stored.push(fx.catalog.issue_code(customer, &code, &entry("issue_code")).await.unwrap());
    }
    assert_eq!(stored.iter().filter(|stored| **stored).count(), 20);
    assert_eq!(stored.last(), Some(&false));
}

catalog_suite!(
    the_right_code_opens_as_often_as_it_is_given,
    four_mistakes_are_forgiven_and_the_fifth_burns_the_code,
    sixty_wrong_guesses_at_once_get_five_comparisons,
    of_parallel_guesses_the_sixth_is_never_compared,
    every_dead_code_gives_the_same_answer_and_the_same_record,
    a_code_is_told_again_only_in_the_call_that_made_it,
    codes_issued_at_once_leave_one_alive,
    a_code_needs_a_link_and_a_call_of_the_customer,
    a_network_that_fails_too_often_waits_and_its_neighbours_do_not,
    where_a_budget_is_spent_only_who_has_not_failed_may_go_on,
    wrong_codes_of_all_customers_are_counted_together,
    a_code_for_calls_opens_its_share_to_the_caller_and_no_link,
    what_was_keyed_is_tried_once_and_from_its_number_alone,
    five_wrong_codes_of_a_caller_burn_his_and_a_sixth_is_not_compared,
    a_caller_who_keys_wrong_codes_too_often_waits_though_a_new_code_is_made_for_him,
    twenty_codes_for_calls_are_alive_at_most,
);
