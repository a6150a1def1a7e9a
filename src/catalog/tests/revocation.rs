//! Taking shares back, and counting how often a link was opened.

use super::fixture::{Fixture, at_once, catalog_suite, conflicts, entry, hash};
use crate::catalog::{Attempt, CatalogError, MessageState, NewMessage, NewShare, Revocation, ShareFilter};
use crate::domain::{AuditEntry, Channel, CustomerId, FileId, PersonId, ShareId};

async fn given(fx: &Fixture) -> (CustomerId, FileId, PersonId, NewShare) {
    let customer = fx.customer("Northwind").await;
    let (file, john) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let call = fx.call(customer).await;
    let mut share = fx.new_share(customer, file, john);
    share.call = Some(call);
    share.link.slug_hash = hash("slug");
    share.code = Some(fx.new_code(call, share.link.id, "427913"));
    fx.catalog.share(&share, None, &entry("share")).await.unwrap();
    (customer, file, john, share)
}

fn revocations(shares: &[ShareId]) -> Vec<Revocation> {
    shares.iter().map(|share| Revocation { share: *share, entry: entry("revoke") }).collect()
}

async fn a_share_that_was_taken_back_opens_nothing(fx: &Fixture) {
    let (customer, file, john, share) = given(fx).await;
    let link = fx.catalog.link(&hash("slug")).await.unwrap().unwrap();
    assert_eq!(fx.try_code(customer, link.id, "427913").await, Attempt::Right);
    let (before, records) = (fx.last_change(customer).await, fx.records(customer).await);
    assert_eq!(fx.catalog.revoke(customer, &revocations(&[share.id])).await.unwrap(), [share.id]);
    assert_eq!(fx.try_code(customer, link.id, "427913").await, Attempt::Wrong, "its code is void");
    assert!(conflicts(fx.catalog.downloaded(&link, &entry("open_link")).await));
    assert_eq!(fx.catalog.living_code(customer, share.call.unwrap(), link.id, false).await.unwrap(), None);
    assert_eq!(fx.catalog.grants(customer, file).await.unwrap(), [], "nobody has it any more");
    assert!(fx.last_change(customer).await > before, "indexes hear of it");
    assert_eq!(fx.records(customer).await, records + 2, "one of the revocation, one of the try");
    let stored = fx.catalog.share_of(customer, share.id).await.unwrap().unwrap();
    let revoked = stored.revoked.clone().unwrap();
    assert_eq!((revoked.at, revoked.by.as_deref(), stored.lives(fx.now())), (fx.now(), Some("operator"), false));
    assert_eq!(fx.catalog.share_with(customer, file, john, share.rights).await.unwrap(), None);
}

async fn a_share_is_taken_back_once(fx: &Fixture) {
    let (customer, file, john, share) = given(fx).await;
    let other = fx.new_share(customer, file, john);
    fx.catalog.share(&other, None, &entry("share")).await.unwrap();
    let records = fx.records(customer).await;
    let tasks = (0..4).map(|_| {
        let (catalog, revocations) = (fx.catalog.clone(), revocations(&[share.id, other.id]));
        async move { catalog.revoke(customer, &revocations).await.unwrap().len() }
    });
    assert_eq!(at_once(tasks).await.into_iter().sum::<usize>(), 2);
    assert_eq!(fx.records(customer).await, records + 2);
    fx.clock.advance_seconds(2 * 86_400);
    assert_eq!(fx.catalog.revoke(customer, &revocations(&[share.id])).await.unwrap(), []);
}

async fn what_waits_about_a_share_is_not_sent_once_it_was_taken_back(fx: &Fixture) {
    let customer = fx.real_customer("Northwind").await;
    let (file, john) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let mut shares = [fx.new_share(customer, file, john), fx.new_share(customer, file, john)];
    for share in &mut shares {
        fx.clock.advance_seconds(1);
        let about = Some(share.id.to_string());
        share.messages.push(NewMessage { about, ..fx.new_message(john, Channel::Mail) });
        fx.catalog.share(share, None, &entry("share")).await.unwrap();
    }
    let records = fx.records(customer).await;
    fx.catalog.revoke(customer, &revocations(&[shares[0].id])).await.unwrap();
    let states: Vec<_> = fx.catalog.outbox(customer, 10).await.unwrap().into_iter().map(|message| message.state).collect();
    assert_eq!(states, [MessageState::Queued, MessageState::Cancelled], "the newest first");
    assert_eq!(fx.records(customer).await, records + 2, "one of the revocation, one of the message");
    assert_eq!(fx.catalog.waiting_messages().await.unwrap(), [(Channel::Mail, 1)]);
}

async fn what_has_come_to_its_end_is_not_taken_back(fx: &Fixture) {
    let (customer, _, _, share) = given(fx).await;
    fx.clock.advance_seconds(86_400);
    assert_eq!(fx.catalog.revoke(customer, &revocations(&[share.id])).await.unwrap(), []);
    assert_eq!(fx.catalog.share_of(customer, share.id).await.unwrap().unwrap().revoked, None);
}

async fn another_customers_share_stays(fx: &Fixture) {
    let (customer, _, _, share) = given(fx).await;
    let other = fx.customer("Southwind").await;
    assert_eq!(fx.catalog.revoke(other, &revocations(&[share.id])).await.unwrap(), []);
    assert_eq!(fx.catalog.share_of(other, share.id).await.unwrap(), None);
    assert!(fx.catalog.share_of(customer, share.id).await.unwrap().unwrap().revoked.is_none());
}

async fn shares_are_found_by_file_recipient_giver_time_and_life(fx: &Fixture) {
    let (customer, file, john, first) = given(fx).await;
    let mary = fx.contact(customer, "Mary").await;
    fx.clock.advance_seconds(60);
    let second = fx.new_share(customer, file, mary);
    fx.catalog.share(&second, None, &entry("share")).await.unwrap();
    let all = ShareFilter::default();
    let noon = fx.now();
    for (filter, expected) in [
        (all.clone(), vec![second.id, first.id]),
        (ShareFilter { file: Some(file), recipient: Some(john), ..all.clone() }, vec![first.id]),
        (ShareFilter { given_by: Some("operator".to_owned()), ..all.clone() }, vec![second.id, first.id]),
        (ShareFilter { given_by: Some("somebody".to_owned()), ..all.clone() }, vec![]),
        (ShareFilter { from: Some(noon), ..all.clone() }, vec![second.id]),
        (ShareFilter { until: Some(noon), ..all.clone() }, vec![first.id]),
        (ShareFilter { before: Some(second.id), ..all.clone() }, vec![first.id]),
    ] {
        let found: Vec<_> = fx.catalog.shares(customer, &filter, 10).await.unwrap().into_iter().map(|share| share.id).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    fx.catalog.revoke(customer, &revocations(&[second.id])).await.unwrap();
    let living: Vec<_> = fx.catalog.shares(customer, &ShareFilter { living: true, ..all.clone() }, 10).await.unwrap();
    assert_eq!(living.iter().map(|share| share.id).collect::<Vec<_>>(), [first.id]);
    assert_eq!(fx.catalog.shares(customer, &all, 1).await.unwrap().len(), 1, "as many as asked for");
}

async fn a_link_is_opened_no_more_often_than_it_may_be(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, john) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let mut share = fx.new_share(customer, file, john);
    share.link.slug_hash = hash("slug");
    share.link.most_downloads = Some(3);
    fx.catalog.share(&share, None, &entry("share")).await.unwrap();
    let link = fx.catalog.link(&hash("slug")).await.unwrap().unwrap();
    assert!(!link.is_used_up());
    let opening = AuditEntry { version: Some(1), ..entry("open_link") };
    let tasks = (0..20).map(|_| {
        let (catalog, link, opening) = (fx.catalog.clone(), link.clone(), opening.clone());
        async move { catalog.downloaded(&link, &opening).await }
    });
    let (opened, closed): (Vec<_>, Vec<_>) = at_once(tasks).await.into_iter().partition(Result::is_ok);
    assert_eq!((opened.len(), closed.len()), (3, 17));
    assert!(closed.iter().all(|result| matches!(result, Err(CatalogError::Conflict(_)))));
    let link = fx.catalog.link(&hash("slug")).await.unwrap().unwrap();
    assert!(link.is_used_up() && link.downloads == 3);
    let openings = fx.catalog.openings(customer, file, 10).await.unwrap();
    assert_eq!(openings.iter().map(|opening| opening.number).collect::<Vec<_>>(), [3, 2, 1]);
    let first = openings.last().unwrap();
    assert_eq!((first.share, first.version, first.at, first.network.as_deref()), (share.id, 1, fx.now(), Some("192.0.2.0/24")));
    assert_eq!(fx.catalog.openings(customer, file, 2).await.unwrap().len(), 2, "as many as asked for");
}

catalog_suite!(
    a_share_that_was_taken_back_opens_nothing,
    a_share_is_taken_back_once,
    what_waits_about_a_share_is_not_sent_once_it_was_taken_back,
    what_has_come_to_its_end_is_not_taken_back,
    another_customers_share_stays,
    shares_are_found_by_file_recipient_giver_time_and_life,
    a_link_is_opened_no_more_often_than_it_may_be,
);
