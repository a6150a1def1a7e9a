//! Shares, their links, and the messages that carry them.

use super::fixture::{Fixture, catalog_suite, conflicts, entry, hash};
use crate::catalog::{MessageState, NewFile};
use crate::domain::{Channel, CustomerId, FileId, FileStatus, PersonId, Rights};

async fn ready(fx: &Fixture) -> (CustomerId, FileId, PersonId) {
    let customer = fx.customer("Northwind").await;
    (customer, fx.active(customer, "report").await, fx.contact(customer, "John").await)
}

async fn a_share_reads_back_with_its_link_code_and_messages(fx: &Fixture) {
    let (customer, file, john) = ready(fx).await;
    let call = fx.call(customer).await;
    let mut share = fx.new_share(customer, file, john);
    share.rights = Rights::Comment;
    share.call = Some(call);
    share.link.slug_hash = hash("slug");
    share.code = Some(fx.new_code(call, share.link.id, "427913"));
    share.messages = Channel::ALL.map(|channel| fx.new_message(john, channel)).into();
    fx.catalog.share(&share, None, &entry("share")).await.unwrap();

    let stored = fx.catalog.share_with(customer, file, john, Rights::Comment).await.unwrap().unwrap();
    assert_eq!((stored.id, stored.file, stored.version, stored.recipient), (share.id, file, 1, john));
    assert_eq!(
        (stored.rights, stored.call, stored.created_at, stored.expires_at),
        (Rights::Comment, Some(call), fx.now(), share.expires_at)
    );
    assert_eq!((stored.link, stored.slug_sealed.as_str()), (share.link.id, "sealed slug"));
    assert_eq!(fx.catalog.shares_of_call(customer, call).await.unwrap(), std::slice::from_ref(&stored));
    assert_eq!(fx.catalog.shares_of_file(customer, file).await.unwrap(), [stored]);
    assert_eq!(fx.catalog.share_with(customer, file, john, Rights::View).await.unwrap(), None, "at other rights");

    let link = fx.catalog.link(&hash("slug")).await.unwrap().unwrap();
    assert_eq!((link.id, link.customer, link.share, link.file, link.version), (share.link.id, customer, share.id, file, 1));
    assert_eq!((link.recipient, link.created_by.as_str(), link.downloads), (john, "operator", 0));
    assert_eq!((link.expires_at, link.revoked_at), (share.expires_at, None));
    assert_eq!(fx.catalog.link(&hash("guess")).await.unwrap(), None);
    assert_eq!(fx.catalog.living_code(customer, call, share.link.id, false).await.unwrap().unwrap().sealed, "sealed 427913");

    let outbox = fx.catalog.outbox(customer, 10).await.unwrap();
    let mut told: Vec<_> = outbox.iter().map(|message| (message.channel, message.address.as_str())).collect();
    told.sort_unstable();
    assert_eq!(told, [(Channel::Mail, "address by mail"), (Channel::Sms, "address by sms")]);
    assert!(outbox.iter().all(|message| message.recipient == john && message.sealed_body == "sealed body"));
    assert!(outbox.iter().all(|message| message.created_at == fx.now() && message.delivered_at.is_none()));
    assert!(outbox.iter().all(|message| message.state == MessageState::Kept), "the customer is marked as test");
    assert_eq!(fx.catalog.outbox(customer, 1).await.unwrap().len(), 1, "as many as asked for");
}

async fn an_ended_share_gives_nothing(fx: &Fixture) {
    let (customer, file, john) = ready(fx).await;
    let call = fx.call(customer).await;
    let mut share = fx.new_share(customer, file, john);
    share.call = Some(call);
    share.link.slug_hash = hash("slug");
    fx.catalog.share(&share, None, &entry("share")).await.unwrap();
    let link = fx.catalog.link(&hash("slug")).await.unwrap().unwrap();
    let living = async || {
        let shares = [
            fx.catalog.share_with(customer, file, john, Rights::View).await.unwrap().map_or(0, |_| 1),
            fx.catalog.shares_of_call(customer, call).await.unwrap().len(),
            fx.catalog.shares_of_file(customer, file).await.unwrap().len(),
        ];
        shares.iter().sum::<usize>()
    };
    assert_eq!(living().await, 3);
    fx.damage("UPDATE shares SET revoked_at = 1").await;
    assert_eq!(living().await, 0, "revoked");
    assert!(conflicts(fx.catalog.downloaded(&link, &entry("open_link")).await), "revoked between the look and the count");
    assert!(fx.catalog.link(&hash("slug")).await.unwrap().unwrap().revoked_at.is_some());
    fx.damage("UPDATE shares SET revoked_at = NULL").await;
    assert_eq!(living().await, 3);
    fx.clock.advance_seconds(86_400);
    assert_eq!(living().await, 0, "expired");
    assert!(conflicts(fx.catalog.downloaded(&link, &entry("open_link")).await));
    assert_eq!(fx.catalog.link(&hash("slug")).await.unwrap().unwrap().downloads, 0);
}

async fn downloads_are_counted_and_the_file_was_used(fx: &Fixture) {
    let (customer, file, john) = ready(fx).await;
    let mut share = fx.new_share(customer, file, john);
    share.link.slug_hash = hash("slug");
    fx.catalog.share(&share, None, &entry("share")).await.unwrap();
    let link = fx.catalog.link(&hash("slug")).await.unwrap().unwrap();
    fx.clock.advance_seconds(5);
    let tasks = (0..4).map(|_| {
        let (catalog, link) = (fx.catalog.clone(), link.clone());
        async move { catalog.downloaded(&link, &entry("open_link")).await.unwrap() }
    });
    super::fixture::at_once(tasks).await;
    assert_eq!(fx.catalog.link(&hash("slug")).await.unwrap().unwrap().downloads, 4);
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().last_accessed, Some(fx.now()));
    // A newer version on its way to the scanner does not close the link to the shared one.
    fx.catalog.add_file(&NewFile { id: file, ..fx.new_file(customer, "next") }, &entry("add")).await.unwrap();
    fx.catalog.downloaded(&link, &entry("open_link")).await.unwrap();
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    assert!(conflicts(fx.catalog.downloaded(&link, &entry("open_link")).await), "a deleted file does");
}

async fn a_file_that_changed_since_the_question_is_not_shared(fx: &Fixture) {
    let (customer, file, john) = ready(fx).await;
    let share = fx.new_share(customer, file, john);
    for status in FileStatus::ALL.into_iter().filter(|status| *status != FileStatus::Active) {
        fx.damage(&format!("UPDATE files SET status = '{status}'")).await;
        assert!(conflicts(fx.catalog.share(&share, None, &entry("share")).await), "{status}");
    }
    fx.damage("UPDATE files SET status = 'active', version = 2").await;
    assert!(conflicts(fx.catalog.share(&share, None, &entry("share")).await), "a newer version");
    fx.damage("UPDATE files SET version = 1").await;
    fx.catalog.share(&share, None, &entry("share")).await.unwrap();
}

async fn a_share_is_all_or_nothing(fx: &Fixture) {
    let (customer, file, john) = ready(fx).await;
    let nobody = fx.contact(fx.customer("Southwind").await, "Nobody here").await;
    let mut share = fx.new_share(customer, file, john);
    share.link.slug_hash = hash("slug");
    share.messages.push(fx.new_message(nobody, Channel::Mail));
    let (before, seq) = (fx.records(customer).await, fx.last_change(customer).await);
    assert!(conflicts(fx.catalog.share(&share, None, &entry("share")).await), "its last row cannot be written");
    assert_eq!(fx.catalog.shares_of_file(customer, file).await.unwrap(), []);
    assert_eq!(fx.catalog.link(&hash("slug")).await.unwrap(), None);
    assert_eq!((fx.records(customer).await, fx.last_change(customer).await), (before, seq));
}

async fn the_newest_share_is_told_first(fx: &Fixture) {
    let (customer, file, john) = ready(fx).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        fx.clock.advance_seconds(1);
        let share = fx.new_share(customer, file, john);
        fx.catalog.share(&share, None, &entry("share")).await.unwrap();
        ids.insert(0, share.id);
    }
    let listed: Vec<_> = fx.catalog.shares_of_file(customer, file).await.unwrap().into_iter().map(|share| share.id).collect();
    assert_eq!(listed, ids);
    assert_eq!(fx.catalog.share_with(customer, file, john, Rights::View).await.unwrap().unwrap().id, ids[0]);
}

catalog_suite!(
    a_share_reads_back_with_its_link_code_and_messages,
    an_ended_share_gives_nothing,
    downloads_are_counted_and_the_file_was_used,
    a_file_that_changed_since_the_question_is_not_shared,
    a_share_is_all_or_nothing,
    the_newest_share_is_told_first,
);
