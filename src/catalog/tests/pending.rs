//! The one action of a call that waits for a yes.

use super::fixture::{Fixture, at_once, catalog_suite, conflicts, entry};

async fn one_action_waits_at_a_time(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    assert!(fx.catalog.pending(customer, call, 0).await.unwrap().is_none());
    let first = fx.new_pending(120);
    fx.catalog.ask(customer, call, 0, &first, &entry("ask")).await.unwrap();
    let waiting = fx.catalog.pending(customer, call, 0).await.unwrap().unwrap();
    assert_eq!((waiting.id, &waiting.payload, &waiting.batch, waiting.failures), (first.id, &first.payload, &first.batch, 0));
    assert_eq!((waiting.not_before, waiting.asked_at, waiting.expires_at), (first.not_before, fx.now(), first.expires_at));
    fx.catalog.not_understood(customer, call, first.id, None, &entry("confirm")).await.unwrap();
    assert_eq!(fx.catalog.pending(customer, call, 0).await.unwrap().unwrap().failures, 1);

    let mut second = fx.new_pending(60);
    second.batch = None;
    fx.catalog.ask(customer, call, 0, &second, &entry("ask")).await.unwrap();
    let waiting = fx.catalog.pending(customer, call, 0).await.unwrap().unwrap();
    assert_eq!((waiting.id, waiting.batch, waiting.failures), (second.id, None, 0), "the new question starts anew");
    assert!(conflicts(fx.catalog.drop_pending(customer, call, first.id, &entry("confirm")).await), "the first is replaced");
    assert!(conflicts(fx.catalog.not_understood(customer, call, first.id, None, &entry("confirm")).await));
}

async fn a_no_is_taken_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    let question = fx.new_pending(120);
    fx.catalog.ask(customer, call, 0, &question, &entry("ask")).await.unwrap();
    fx.catalog.drop_pending(customer, call, question.id, &entry("confirm")).await.unwrap();
    assert!(fx.catalog.pending(customer, call, 0).await.unwrap().is_none());
    assert!(conflicts(fx.catalog.drop_pending(customer, call, question.id, &entry("confirm")).await));
}

async fn two_yeses_at_once_are_one_share(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, recipient) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let call = fx.call(customer).await;
    let question = fx.new_pending(120);
    fx.catalog.ask(customer, call, 0, &question, &entry("ask")).await.unwrap();
    let before = fx.records(customer).await;
    let tasks = (0..8).map(|_| {
        let (catalog, share, id) = (fx.catalog.clone(), fx.new_share(customer, file, recipient), question.id);
        async move { !conflicts(catalog.share(&share, Some((call, id)), &entry("share")).await) }
    });
    let done = at_once(tasks).await.into_iter().filter(|done| *done).count();
    assert_eq!(done, 1);
    assert_eq!(fx.catalog.shares_of_file(customer, file).await.unwrap().len(), 1);
    assert_eq!(fx.records(customer).await, before + 1);
}

async fn a_yes_after_the_time_shares_nothing(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, recipient) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let call = fx.call(customer).await;
    let question = fx.new_pending(120);
    fx.catalog.ask(customer, call, 0, &question, &entry("ask")).await.unwrap();
    fx.clock.advance_seconds(120);
    let share = fx.new_share(customer, file, recipient);
    assert!(conflicts(fx.catalog.share(&share, Some((call, question.id)), &entry("share")).await));
    assert_eq!(fx.catalog.shares_of_file(customer, file).await.unwrap(), []);
    // It can still be cleared away.
    fx.catalog.drop_pending(customer, call, question.id, &entry("confirm")).await.unwrap();
}

async fn a_share_that_fails_leaves_the_question_open(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, recipient) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let call = fx.call(customer).await;
    let question = fx.new_pending(120);
    fx.catalog.ask(customer, call, 0, &question, &entry("ask")).await.unwrap();
    let mut share = fx.new_share(customer, file, recipient);
    share.version = 2;
    assert!(conflicts(fx.catalog.share(&share, Some((call, question.id)), &entry("share")).await));
    assert_eq!(fx.catalog.pending(customer, call, 0).await.unwrap().unwrap().id, question.id);
}

async fn a_question_that_is_put_again_is_a_new_one_to_be_heard(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    fx.catalog.asked_else(customer, call, 0, &entry("asked_else")).await.unwrap();
    let question = fx.new_pending(120);
    fx.catalog.ask(customer, call, 0, &question, &entry("ask")).await.unwrap();
    let before = fx.records(customer).await;
    fx.clock.advance_seconds(3);
    fx.catalog.asked_else(customer, call, 0, &entry("asked_else")).await.unwrap();
    let first = fx.now();
    fx.clock.advance_seconds(3);
    fx.catalog.asked_else(customer, call, 0, &entry("asked_else")).await.unwrap();
    let waiting = fx.catalog.pending(customer, call, 0).await.unwrap().unwrap();
    assert_eq!((waiting.other_asked_at, waiting.evidence.as_str()), (Some(first), "model_word"));
    assert_eq!(fx.records(customer).await, before + 1, "one that was noted is not noted again, nor one where nothing waits");
    let heard_by = fx.in_seconds(2);
    fx.catalog.not_understood(customer, call, question.id, Some(heard_by), &entry("confirm")).await.unwrap();
    let waiting = fx.catalog.pending(customer, call, 0).await.unwrap().unwrap();
    assert_eq!((waiting.asked_at, waiting.not_before, waiting.other_asked_at), (fx.now(), heard_by, None));
}

catalog_suite!(
    one_action_waits_at_a_time,
    a_no_is_taken_once,
    two_yeses_at_once_are_one_share,
    a_yes_after_the_time_shares_nothing,
    a_share_that_fails_leaves_the_question_open,
    a_question_that_is_put_again_is_a_new_one_to_be_heard,
);
