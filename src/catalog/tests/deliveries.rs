//! Messages on their way: leased, settled, taken back.

use super::fixture::{Fixture, at_once, catalog_suite, conflicts, entry, new_person};
use crate::catalog::{LeasedMessage, MessageStanding, MessageState, NewMessage, Settled};
use crate::domain::{Channel, CustomerId, PersonId, Timestamp, UserId};

const BOTH: &[Channel] = &Channel::ALL;

async fn ready(fx: &Fixture) -> (CustomerId, PersonId) {
    let customer = fx.real_customer("Northwind").await;
    (customer, fx.contact(customer, "John").await)
}

async fn sent(fx: &Fixture, customer: CustomerId, message: NewMessage) {
    fx.catalog.send(customer, &[message], &entry("share")).await.unwrap();
}

async fn lease(fx: &Fixture, channels: &[Channel]) -> Option<LeasedMessage> {
    fx.catalog.lease_message(fx.in_seconds(60), channels).await.unwrap()
}

async fn states(fx: &Fixture, customer: CustomerId) -> Vec<MessageState> {
    fx.catalog.outbox(customer, 10).await.unwrap().into_iter().map(|message| message.state).collect()
}

async fn a_message_is_leased_once_and_sent_once(fx: &Fixture) {
    let (customer, john) = ready(fx).await;
    sent(fx, customer, fx.new_message(john, Channel::Mail)).await;
    assert_eq!(fx.catalog.waiting_messages().await.unwrap(), [(Channel::Mail, 1)]);
    let leased: Vec<_> = at_once((0..4).map(|_| {
        let (catalog, until) = (fx.catalog.clone(), fx.in_seconds(60));
        async move { catalog.lease_message(until, BOTH).await.unwrap() }
    }))
    .await
    .into_iter()
    .flatten()
    .collect();
    let [message] = leased.as_slice() else { panic!("{leased:?}") };
    assert_eq!((message.customer, message.channel, message.attempts), (customer, Channel::Mail, 1));
    let (text, standing) = fx.catalog.leased_message(message).await.unwrap();
    assert_eq!((text.address.as_str(), text.sealed_body.as_str(), standing), ("address by mail", "sealed body", MessageStanding::Good));
    fx.clock.advance_seconds(1);
    let before = fx.records(customer).await;
    let settled = Settled::Sent { receipt: Some("queued as 1".to_owned()) };
    fx.catalog.settle_message(message, &settled, &entry("message")).await.unwrap();
    assert_eq!(fx.records(customer).await, before + 1);
    let stored = fx.catalog.outbox(customer, 10).await.unwrap().remove(0);
    assert_eq!((stored.state, stored.attempts, stored.delivered_at), (MessageState::Sent, 1, Some(fx.now())));
    assert!(conflicts(fx.catalog.settle_message(message, &settled, &entry("message")).await), "only once");
    fx.clock.advance_seconds(3600);
    assert_eq!(lease(fx, BOTH).await, None);
    assert_eq!(fx.catalog.waiting_messages().await.unwrap(), []);
}

async fn a_channel_that_nobody_serves_waits_until_the_message_expires(fx: &Fixture) {
    let (customer, john) = ready(fx).await;
    sent(fx, customer, fx.new_message(john, Channel::Sms)).await;
    assert_eq!(lease(fx, &[Channel::Mail]).await, None);
    assert_eq!(lease(fx, &[]).await, None);
    fx.clock.advance_seconds(600);
    let message = lease(fx, &[]).await.unwrap();
    assert_eq!(fx.catalog.leased_message(&message).await.unwrap().1, MessageStanding::Ended);
    fx.catalog.settle_message(&message, &Settled::Expired, &entry("message")).await.unwrap();
    assert_eq!(states(fx, customer).await, [MessageState::Expired]);
}

async fn a_message_that_failed_comes_back_when_it_is_due_and_says_why(fx: &Fixture) {
    let (customer, john) = ready(fx).await;
    sent(fx, customer, fx.new_message(john, Channel::Mail)).await;
    let first = lease(fx, BOTH).await.unwrap();
    let again = Settled::Again { at: fx.in_seconds(30), error: "put off with 451".to_owned() };
    fx.catalog.settle_message(&first, &again, &entry("message")).await.unwrap();
    let stored = fx.catalog.outbox(customer, 10).await.unwrap().remove(0);
    assert_eq!((stored.state, stored.attempts, stored.last_error.as_deref()), (MessageState::Queued, 1, Some("put off with 451")));
    assert_eq!(lease(fx, BOTH).await, None, "not before it is due");
    fx.clock.advance_seconds(30);
    let second = lease(fx, BOTH).await.unwrap();
    assert_eq!((second.id, second.attempts), (first.id, 2));
    let given_up = Settled::Failed { error: "refused with 550".to_owned() };
    fx.catalog.settle_message(&second, &given_up, &entry("message")).await.unwrap();
    let stored = fx.catalog.outbox(customer, 10).await.unwrap().remove(0);
    assert_eq!((stored.state, stored.attempts, stored.last_error.as_deref()), (MessageState::Failed, 2, Some("refused with 550")));
    fx.clock.advance_seconds(3600);
    assert_eq!(lease(fx, BOTH).await, None);
}

async fn a_worker_that_was_away_too_long_has_nothing_to_say(fx: &Fixture) {
    let (customer, john) = ready(fx).await;
    sent(fx, customer, fx.new_message(john, Channel::Mail)).await;
    let first = lease(fx, BOTH).await.unwrap();
    fx.clock.advance_seconds(59);
    assert_eq!(lease(fx, BOTH).await, None);
    fx.catalog.renew_message(&first, fx.in_seconds(60)).await.unwrap();
    fx.clock.advance_seconds(59);
    assert_eq!(lease(fx, BOTH).await, None, "it was renewed");
    fx.clock.advance_seconds(1);
    let second = lease(fx, BOTH).await.unwrap();
    assert_eq!(second.attempts, 2);
    let settled = Settled::Sent { receipt: None };
    assert!(conflicts(fx.catalog.settle_message(&first, &settled, &entry("message")).await));
    assert!(conflicts(fx.catalog.renew_message(&first, fx.in_seconds(60)).await));
    assert!(conflicts(fx.catalog.put_back_message(&first).await));
    assert!(conflicts(fx.catalog.leased_message(&first).await));
    assert_eq!(states(fx, customer).await, [MessageState::Queued]);
    fx.catalog.put_back_message(&second).await.unwrap();
    let third = lease(fx, BOTH).await.unwrap();
    assert_eq!(third.attempts, 3, "at once");
    fx.catalog.settle_message(&third, &settled, &entry("message")).await.unwrap();
    assert_eq!(states(fx, customer).await, [MessageState::Sent]);
}

async fn what_is_taken_back_is_not_sent(fx: &Fixture) {
    let (customer, john) = ready(fx).await;
    for about in ["share_a", "share_b"] {
        let message = NewMessage { about: Some(about.to_owned()), ..fx.new_message(john, Channel::Mail) };
        sent(fx, customer, message).await;
        fx.clock.advance_seconds(1);
    }
    let first = lease(fx, BOTH).await.unwrap();
    let before = fx.records(customer).await;
    fx.catalog.taken_back(customer, "share_a", &entry("revoke")).await.unwrap();
    assert_eq!(fx.records(customer).await, before + 1);
    assert!(conflicts(fx.catalog.leased_message(&first).await), "it is not opened any more");
    assert!(conflicts(fx.catalog.renew_message(&first, fx.in_seconds(60)).await));
    let again = Settled::Again { at: fx.now(), error: "x".to_owned() };
    assert!(conflicts(fx.catalog.settle_message(&first, &again, &entry("message")).await), "nor put back");
    assert_eq!(states(fx, customer).await, [MessageState::Queued, MessageState::Cancelled], "the newest first");
    // What was on its way already is said to have gone.
    fx.catalog.settle_message(&first, &Settled::Sent { receipt: None }, &entry("message")).await.unwrap();
    assert_eq!(states(fx, customer).await, [MessageState::Queued, MessageState::Sent]);
}

async fn a_message_stands_as_long_as_its_share_and_its_code_do(fx: &Fixture) {
    let (customer, john) = ready(fx).await;
    let file = fx.active(customer, "report").await;
    let call = fx.call(customer).await;
    let mut share = fx.new_share(customer, file, john);
    let code = fx.new_code(call, share.link.id, "427913");
    let message = |channel| NewMessage { about: Some(share.id.to_string()), call: Some(call), ..fx.new_message(john, channel) };
    share.messages = vec![message(Channel::Mail), NewMessage { code: Some(code.id), ..message(Channel::Sms) }];
    share.call = Some(call);
    share.code = Some(code);
    fx.catalog.share(&share, None, &entry("share")).await.unwrap();
    let (link, told) = (lease(fx, &[Channel::Mail]).await.unwrap(), lease(fx, &[Channel::Sms]).await.unwrap());
    let standing = async || (fx.catalog.leased_message(&link).await.unwrap().1, fx.catalog.leased_message(&told).await.unwrap().1);
    assert_eq!(fx.catalog.leased_message(&link).await.unwrap().0.call, Some(call));
    assert_eq!(standing().await, (MessageStanding::Good, MessageStanding::Good));
    fx.damage("UPDATE codes SET voided_at = 1").await;
    assert_eq!(standing().await, (MessageStanding::Good, MessageStanding::Ended));
    fx.damage("UPDATE codes SET voided_at = NULL, expires_at = 1").await;
    assert_eq!(standing().await, (MessageStanding::Good, MessageStanding::Ended));
    fx.damage("UPDATE shares SET revoked_at = 1").await;
    assert_eq!(standing().await, (MessageStanding::Withdrawn, MessageStanding::Withdrawn));
    fx.damage("UPDATE shares SET revoked_at = NULL, expires_at = 1").await;
    assert_eq!(standing().await, (MessageStanding::Ended, MessageStanding::Ended));
}

async fn a_request_for_files_is_sent_only_for_somebody_who_is_still_there(fx: &Fixture) {
    let (customer, john) = ready(fx).await;
    let ana = UserId::new(&*fx.clock, &*fx.entropy);
    fx.catalog.add_person(&new_person(customer, PersonId::User(ana), "Ana"), &entry("add_person")).await.unwrap();
    let call = fx.call(customer).await;
    let mut link = fx.new_upload_link(customer, ana, call);
    link.messages = vec![NewMessage { about: Some(link.id.to_string()), ..fx.new_message(john, Channel::Mail) }];
    let before = fx.records(customer).await;
    fx.catalog.add_upload_link(&link, None, &entry("request_upload")).await.unwrap();
    assert_eq!(fx.records(customer).await, before + 2, "of the request, and of its message");
    let message = lease(fx, BOTH).await.unwrap();
    let standing = async || fx.catalog.leased_message(&message).await.unwrap().1;
    assert_eq!(standing().await, MessageStanding::Good);
    fx.damage("UPDATE people SET deactivated_at = 1 WHERE id LIKE 'user_%'").await;
    assert_eq!(standing().await, MessageStanding::Withdrawn);
    fx.damage("UPDATE people SET deactivated_at = NULL").await;
    fx.damage("UPDATE upload_links SET revoked_at = 1").await;
    assert_eq!(standing().await, MessageStanding::Withdrawn);
}

async fn messages_of_a_customer_that_is_marked_as_test_go_to_nobody(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let john = fx.contact(customer, "John").await;
    sent(fx, customer, fx.new_message(john, Channel::Mail)).await;
    assert_eq!(lease(fx, BOTH).await, None);
    fx.clock.advance_seconds(86_400);
    assert_eq!(lease(fx, BOTH).await, None);
    assert_eq!(states(fx, customer).await, [MessageState::Kept]);
}

async fn the_message_that_waits_for_longest_goes_first(fx: &Fixture) {
    let (customer, john) = ready(fx).await;
    let mut written = Vec::new();
    for _ in 0..3 {
        let message = NewMessage { expires_at: Timestamp::MAX, ..fx.new_message(john, Channel::Mail) };
        written.push(message.id);
        sent(fx, customer, message).await;
        fx.clock.advance_seconds(1);
    }
    let mut leased = Vec::new();
    while let Some(message) = lease(fx, BOTH).await {
        leased.push(message.id);
    }
    assert_eq!(leased, written);
}

catalog_suite!(
    a_message_is_leased_once_and_sent_once,
    a_channel_that_nobody_serves_waits_until_the_message_expires,
    a_message_that_failed_comes_back_when_it_is_due_and_says_why,
    a_worker_that_was_away_too_long_has_nothing_to_say,
    what_is_taken_back_is_not_sent,
    a_message_stands_as_long_as_its_share_and_its_code_do,
    a_request_for_files_is_sent_only_for_somebody_who_is_still_there,
    messages_of_a_customer_that_is_marked_as_test_go_to_nobody,
    the_message_that_waits_for_longest_goes_first;
    pooled: a_message_is_leased_once_and_sent_once
);
