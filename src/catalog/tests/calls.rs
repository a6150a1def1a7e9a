//! Calls, and what they listed.

use super::fixture::{Fixture, catalog_suite, conflicts, entry, hash};
use crate::catalog::{CallChange, Listed, NewCall};
use crate::domain::{
    CallId, CallSettings, Caller, CustomerId, FileId, HeardKind, Permission, Permissions, Phone, UserId, Verified, VerifiedMethod,
};

async fn listed(fx: &Fixture, customer: CustomerId, call: CallId, epoch: u32) -> Vec<Listed> {
    fx.catalog.listed(customer, call, epoch).await.unwrap()
}

async fn list(fx: &Fixture, customer: CustomerId, call: CallId, epoch: u32, files: &[FileId]) -> Vec<u32> {
    let listed = fx.catalog.list_in_call(customer, call, epoch, files, false, &entry("find")).await.unwrap();
    assert_eq!(listed.iter().map(|listed| listed.file).collect::<Vec<_>>(), files);
    listed.into_iter().map(|listed| listed.handle).collect()
}

async fn a_call_is_found_by_its_token_and_by_either_id(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = fx.user(customer, "Ana").await;
    let new = NewCall {
        external_id: Some("twilio-1".to_owned()),
        permissions: Permissions::only([Permission::Read]),
        settings: CallSettings { locale: "en-GB".to_owned(), time_zone: "Europe/Berlin".to_owned() },
        ..fx.new_call(customer, Caller::User(ana), "token")
    };
    fx.catalog.open_call(&new, &entry("open_call")).await.unwrap();
    let found = fx.catalog.call_by_token(&hash("token")).await.unwrap().unwrap();
    assert_eq!((found.id, found.customer, found.caller.clone(), found.epoch), (new.id, customer, Caller::User(ana), 0));
    assert_eq!((found.verified, &found.permissions, &found.settings), (new.verified, &new.permissions, &new.settings));
    assert_eq!((found.expires_at, found.ended_at, found.untrusted_at), (new.expires_at, None, None));
    assert!(found.heard.is_none());
    for id in [new.id.to_string(), "twilio-1".to_owned()] {
        assert_eq!(fx.catalog.call(customer, &id).await.unwrap().unwrap().id, new.id, "{id}");
    }
    assert!(fx.catalog.call_by_token(&hash("guess")).await.unwrap().is_none());
    assert!(fx.catalog.call(customer, "twilio-2").await.unwrap().is_none());
}

async fn a_call_is_alive_until_its_token_ends_or_it_is_ended(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let new = fx.new_call(customer, Caller::Guest { number: Some(Phone::parse("+15550100").unwrap()) }, "token");
    fx.catalog.open_call(&new, &entry("open_call")).await.unwrap();
    let record = fx.catalog.call_by_token(&hash("token")).await.unwrap().unwrap();
    assert_eq!(record.caller, new.caller);
    for (seconds, alive) in [(0, true), (3599, true), (3600, false)] {
        assert_eq!(record.is_alive(fx.in_seconds(seconds)), alive, "after {seconds} s");
    }
    fx.catalog.end_call(customer, new.id, &entry("end_call")).await.unwrap();
    let ended = fx.catalog.call_by_token(&hash("token")).await.unwrap().unwrap();
    assert_eq!(ended.ended_at, Some(fx.now()));
    assert!(!ended.is_alive(fx.now()));
    fx.clock.advance_seconds(9);
    fx.catalog.end_call(customer, new.id, &entry("end_call")).await.unwrap();
    let records = fx.catalog.audit_page(customer, 0, 100).await.unwrap();
    let reasons: Vec<_> = records.iter().filter(|record| record.action == "end_call").map(|record| record.reason.as_deref()).collect();
    assert_eq!(reasons, [None, Some("it had ended before")]);
    assert_eq!(fx.catalog.call_by_token(&hash("token")).await.unwrap().unwrap().ended_at, ended.ended_at);
}

async fn an_outside_id_names_one_call_of_a_customer(fx: &Fixture) {
    let (north, south) = (fx.customer("North").await, fx.customer("South").await);
    let with_id = |customer, token: &str| NewCall {
        external_id: Some("room-7".to_owned()),
        ..fx.new_call(customer, Caller::Guest { number: None }, token)
    };
    fx.catalog.open_call(&with_id(north, "one"), &entry("open_call")).await.unwrap();
    let before = fx.records(north).await;
    assert!(conflicts(fx.catalog.open_call(&with_id(north, "two"), &entry("open_call")).await));
    assert!(fx.catalog.call_by_token(&hash("two")).await.unwrap().is_none());
    assert_eq!(fx.records(north).await, before);
    fx.catalog.open_call(&with_id(south, "three"), &entry("open_call")).await.unwrap();
    assert_eq!(fx.catalog.call(south, "room-7").await.unwrap().unwrap().customer, south);
    // Calls without an outside id do not collide, and our id wins over a platform that imitates it.
    let (first, _) = (fx.call(north).await, fx.call(north).await);
    let imitator = NewCall { external_id: Some(first.to_string()), ..fx.new_call(north, Caller::Guest { number: None }, "imitator") };
    fx.catalog.open_call(&imitator, &entry("open_call")).await.unwrap();
    assert_eq!(fx.catalog.call(north, &first.to_string()).await.unwrap().unwrap().id, first);
}

async fn an_outside_id_that_may_be_taken_again_names_the_newest_call_once_the_one_before_is_over(fx: &Fixture) {
    let (north, south) = (fx.customer("North").await, fx.customer("South").await);
    let session = |customer, token: &str| NewCall {
        external_id: Some("session:7".to_owned()),
        is_renewable: true,
        ..fx.new_call(customer, Caller::Guest { number: None }, token)
    };
    let named = async |customer| fx.catalog.call(customer, "session:7").await.unwrap().unwrap().id;
    let theirs = session(south, "theirs");
    fx.catalog.open_call(&theirs, &entry("open_call")).await.unwrap();
    fx.catalog.end_call(south, theirs.id, &entry("end_call")).await.unwrap();
    let first = session(north, "one");
    fx.catalog.open_call(&first, &entry("open_call")).await.unwrap();
    assert!(conflicts(fx.catalog.open_call(&session(north, "two"), &entry("open_call")).await), "it goes on");
    fx.catalog.end_call(north, first.id, &entry("end_call")).await.unwrap();
    let second = session(north, "three");
    fx.catalog.open_call(&second, &entry("open_call")).await.unwrap();
    assert_eq!((named(north).await, named(south).await), (second.id, theirs.id));
    fx.clock.advance_seconds(3600);
    let third = session(north, "four");
    fx.catalog.open_call(&third, &entry("open_call")).await.unwrap();
    assert_eq!(named(north).await, third.id);
    // A platform's id is never taken again.
    let platform = NewCall { is_renewable: false, ..session(south, "five") };
    assert!(conflicts(fx.catalog.open_call(&platform, &entry("open_call")).await));
}

async fn the_living_calls_are_those_that_have_neither_ended_nor_expired(fx: &Fixture) {
    let (customer, other) = (fx.customer("Northwind").await, fx.customer("Southwind").await);
    let old = fx.call(customer).await;
    fx.clock.advance_seconds(3000);
    let (first, ended) = (fx.call(customer).await, fx.call(customer).await);
    fx.clock.advance_seconds(1);
    let second = fx.call(customer).await;
    fx.call(other).await;
    fx.catalog.end_call(customer, ended, &entry("end_call")).await.unwrap();
    let living = async |limit| {
        let calls = fx.catalog.living_calls(customer, limit).await.unwrap();
        calls.iter().map(|call| call.id).collect::<Vec<_>>()
    };
    assert_eq!(living(10).await, [second, first, old]);
    assert_eq!(living(2).await, [second, first]);
    fx.clock.advance_seconds(599);
    assert_eq!(living(10).await, [second, first]);
}

async fn a_caller_must_be_the_customers(fx: &Fixture) {
    let (north, south) = (fx.customer("North").await, fx.customer("South").await);
    let stranger = fx.user(south, "Stranger").await;
    for caller in [stranger, UserId::new(&*fx.clock, &*fx.entropy)] {
        let new = fx.new_call(north, Caller::User(caller), "token");
        assert!(conflicts(fx.catalog.open_call(&new, &entry("open_call")).await));
        let call = fx.call(north).await;
        let change = CallChange { caller: Some(Caller::User(caller)), ..CallChange::default() };
        assert!(conflicts(fx.catalog.change_call(north, call, &change, &entry("change_call")).await));
        assert_eq!(fx.catalog.call(north, &call.to_string()).await.unwrap().unwrap().epoch, 0);
    }
}

async fn a_new_caller_voids_what_the_one_before_listed_and_was_asked(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let recipient = fx.contact(customer, "John").await;
    let ana = fx.user(customer, "Ana").await;
    let file = fx.active(customer, "report").await;
    let (call, other) = (fx.call(customer).await, fx.call(customer).await);
    let mut links = Vec::new();
    for maker in [call, other] {
        let mut share = fx.new_share(customer, file, recipient);
        share.call = Some(maker);
        share.code = Some(fx.new_code(maker, share.link.id, "427913"));
        fx.catalog.share(&share, None, &entry("share")).await.unwrap();
        links.push(share.link.id);
    }
    fx.catalog.heard(customer, call, HeardKind::Text, "yes please", &entry("heard")).await.unwrap();
    assert_eq!(list(fx, customer, call, 0, &[file]).await, [1]);
    fx.catalog.ask(customer, call, 0, &fx.new_pending(120), &entry("ask")).await.unwrap();

    let change = CallChange { caller: Some(Caller::User(ana)), ..CallChange::default() };
    fx.catalog.change_call(customer, call, &change, &entry("change_call")).await.unwrap();
    let record = fx.catalog.call(customer, &call.to_string()).await.unwrap().unwrap();
    assert_eq!((record.epoch, record.caller), (1, Caller::User(ana)));
    assert_eq!(record.verified, Verified { method: VerifiedMethod::None, level: 0 }, "nobody vouched for the new one");
    assert!(record.heard.is_none(), "what the one before said is not the new one's yes");
    assert_eq!(listed(fx, customer, call, 1).await, []);
    for epoch in [0, 1] {
        assert!(fx.catalog.pending(customer, call, epoch).await.unwrap().is_none());
    }
    assert!(fx.catalog.living_code(customer, call, links[0], false).await.unwrap().is_none());
    assert!(fx.catalog.living_code(customer, other, links[1], false).await.unwrap().is_some(), "another call's code lives on");
    // Numbers go on, so that the earlier caller's `f1` never means another file.
    assert_eq!(list(fx, customer, call, 1, &[file]).await, [2]);
}

async fn a_late_answer_to_an_earlier_caller_is_refused(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.active(customer, "report").await;
    let call = fx.call(customer).await;
    let change = CallChange { caller: Some(Caller::Guest { number: None }), ..CallChange::default() };
    fx.catalog.change_call(customer, call, &change, &entry("change_call")).await.unwrap();
    let question = fx.new_pending(120);
    fx.catalog.ask(customer, call, 1, &question, &entry("ask")).await.unwrap();
    assert!(conflicts(fx.catalog.list_in_call(customer, call, 0, &[file], true, &entry("find")).await));
    assert!(conflicts(fx.catalog.ask(customer, call, 0, &fx.new_pending(120), &entry("ask")).await));
    assert_eq!(fx.catalog.pending(customer, call, 1).await.unwrap().unwrap().id, question.id);
    assert_eq!(fx.catalog.call(customer, &call.to_string()).await.unwrap().unwrap().untrusted_at, None);
}

async fn verification_and_settings_change_alone(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    let sure = Verified { method: VerifiedMethod::Voice, level: 3 };
    let settings = CallSettings { locale: "de".to_owned(), time_zone: "Europe/Vienna".to_owned() };
    let change = CallChange { verified: Some(sure), ..CallChange::default() };
    fx.catalog.change_call(customer, call, &change, &entry("change_call")).await.unwrap();
    let change = CallChange { settings: Some(settings.clone()), ..CallChange::default() };
    fx.catalog.change_call(customer, call, &change, &entry("change_call")).await.unwrap();
    let record = fx.catalog.call(customer, &call.to_string()).await.unwrap().unwrap();
    assert_eq!((record.epoch, record.verified, record.settings), (0, sure, settings));
}

async fn an_ended_call_takes_nothing_more(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    fx.catalog.ask(customer, call, 0, &fx.new_pending(120), &entry("ask")).await.unwrap();
    fx.catalog.end_call(customer, call, &entry("end_call")).await.unwrap();
    assert!(fx.catalog.pending(customer, call, 0).await.unwrap().is_none(), "nobody is there to say yes");
    let before = fx.records(customer).await;
    assert!(conflicts(fx.catalog.change_call(customer, call, &CallChange::default(), &entry("change_call")).await));
    assert!(conflicts(fx.catalog.heard(customer, call, HeardKind::Digits, "1", &entry("heard")).await));
    assert!(conflicts(fx.catalog.ask(customer, call, 0, &fx.new_pending(120), &entry("ask")).await));
    assert_eq!(fx.records(customer).await, before);
    // The answer that was on its way when the line went dead is recorded all the same.
    fx.catalog.list_in_call(customer, call, 0, &[], false, &entry("find")).await.unwrap();
    assert_eq!(fx.records(customer).await, before + 1);
}

async fn the_last_words_heard_are_kept(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    for (kind, text) in [(HeardKind::Text, "share it with John"), (HeardKind::Digits, "1#")] {
        fx.clock.advance_seconds(1);
        fx.catalog.heard(customer, call, kind, text, &entry("heard")).await.unwrap();
        let heard = fx.catalog.call(customer, &call.to_string()).await.unwrap().unwrap().heard.unwrap();
        assert_eq!((heard.kind, heard.text.as_str(), heard.at), (kind, text, fx.now()));
    }
}

async fn a_file_keeps_its_handle_for_the_whole_call(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let files = [fx.active(customer, "a").await, fx.active(customer, "b").await, fx.active(customer, "c").await];
    let call = fx.call(customer).await;
    assert_eq!(list(fx, customer, call, 0, &[files[2], files[0]]).await, [1, 2]);
    assert_eq!(list(fx, customer, call, 0, &[files[0], files[1]]).await, [2, 3]);
    assert!(list(fx, customer, call, 0, &[]).await.is_empty());
    let answer: Vec<_> =
        listed(fx, customer, call, 0).await.into_iter().map(|place| (place.handle, place.file, place.listing, place.position)).collect();
    // The newest answer first, each in its order; what was listed again stands where it was last.
    assert_eq!(answer, [(2, files[0], 2, 1), (3, files[1], 2, 2), (1, files[2], 1, 1)]);
    assert_eq!(list(fx, customer, fx.call(customer).await, 0, &[files[1]]).await, [1], "each call counts for itself");
}

async fn parallel_answers_of_a_call_never_give_one_handle_to_two_files(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let mut files = Vec::new();
    for index in 0..8 {
        files.push(fx.arrived(customer, &format!("bytes {index}")).await);
    }
    let call = fx.call(customer).await;
    let tasks = files.iter().map(|file| {
        let (catalog, file) = (fx.catalog.clone(), *file);
        async move { catalog.list_in_call(customer, call, 0, &[file], false, &entry("find")).await.unwrap()[0].handle }
    });
    let mut handles = super::fixture::at_once(tasks).await;
    handles.sort_unstable();
    assert_eq!(handles, [1, 2, 3, 4, 5, 6, 7, 8]);
}

async fn an_answer_with_a_files_text_is_remembered(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    let untrusted = async || fx.catalog.call(customer, &call.to_string()).await.unwrap().unwrap().untrusted_at;
    fx.catalog.list_in_call(customer, call, 0, &[], false, &entry("find")).await.unwrap();
    assert_eq!(untrusted().await, None);
    fx.catalog.list_in_call(customer, call, 0, &[], true, &entry("describe")).await.unwrap();
    assert_eq!(untrusted().await, Some(fx.now()));
}

async fn a_caller_who_is_named_again_keeps_what_was_asked_and_an_unknown_one_does_not(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = fx.user(customer, "Ana").await;
    for (caller, keeps) in [(Caller::User(ana), true), (Caller::Guest { number: None }, false)] {
        let call = fx.new_call(customer, caller.clone(), &fx.secret());
        fx.catalog.open_call(&call, &entry("open_call")).await.unwrap();
        fx.catalog.ask(customer, call.id, 0, &fx.new_pending(60), &entry("ask")).await.unwrap();
        let again = CallChange { caller: Some(caller.clone()), ..CallChange::default() };
        fx.catalog.change_call(customer, call.id, &again, &entry("change_call")).await.unwrap();
        assert_eq!(fx.catalog.pending(customer, call.id, 0).await.unwrap().is_some(), keeps, "{caller:?}");
    }
}

catalog_suite!(
    a_caller_who_is_named_again_keeps_what_was_asked_and_an_unknown_one_does_not,
    a_call_is_found_by_its_token_and_by_either_id,
    a_call_is_alive_until_its_token_ends_or_it_is_ended,
    an_outside_id_names_one_call_of_a_customer,
    an_outside_id_that_may_be_taken_again_names_the_newest_call_once_the_one_before_is_over,
    the_living_calls_are_those_that_have_neither_ended_nor_expired,
    a_caller_must_be_the_customers,
    a_new_caller_voids_what_the_one_before_listed_and_was_asked,
    a_late_answer_to_an_earlier_caller_is_refused,
    verification_and_settings_change_alone,
    an_ended_call_takes_nothing_more,
    the_last_words_heard_are_kept,
    a_file_keeps_its_handle_for_the_whole_call,
    parallel_answers_of_a_call_never_give_one_handle_to_two_files,
    an_answer_with_a_files_text_is_remembered;
    pooled: parallel_answers_of_a_call_never_give_one_handle_to_two_files,
);
