//! What calls are told while they run, and links under which files are sent.

use super::fixture::{Fixture, admission, at_once, catalog_suite, conflicts, entry, hash, new_person};
use crate::catalog::{Ages, CallChange, NewFile, NewUploadLink, Revocation, Sender};
use crate::domain::{
    Actor, AuditEntry, CallId, Caller, CustomerId, ExtractionStatus, FileId, FileNews, Owner, PersonId, ScanStatus, UserId,
};

async fn user(fx: &Fixture, customer: CustomerId, name: &str) -> UserId {
    let id = UserId::new(&*fx.clock, &*fx.entropy);
    fx.catalog.add_person(&new_person(customer, PersonId::User(id), name), &entry("add_person")).await.unwrap();
    id
}

async fn call_of(fx: &Fixture, customer: CustomerId, caller: Caller) -> CallId {
    let call = fx.new_call(customer, caller, &fx.secret());
    fx.catalog.open_call(&call, &entry("open_call")).await.unwrap();
    call.id
}

/// Sends a file; who is told.
async fn sent(fx: &Fixture, customer: CustomerId, bytes: &str, sender: Sender) -> FileId {
    let new = NewFile { sender: Some(sender), ..fx.new_file(customer, bytes) };
    fx.catalog.add_file(&new, &entry("add")).await.unwrap();
    new.id
}

async fn inspected(fx: &Fixture, scan: ScanStatus) {
    let job = fx.lease().await;
    fx.judge(&job, scan).await.unwrap();
    if scan == ScanStatus::Clean {
        let job = fx.reading(job.file).await;
        fx.catalog.admit(&job, &admission("Acme invoice"), &entry("admit")).await.unwrap();
    }
}

async fn kinds(fx: &Fixture, customer: CustomerId, call: CallId, after: u64) -> Vec<String> {
    fx.catalog.events(customer, call, after, 100).await.unwrap().into_iter().map(|event| event.kind).collect()
}

async fn a_call_is_told_what_becomes_of_what_its_caller_sent(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = user(fx, customer, "Ana").await;
    let call = call_of(fx, customer, Caller::User(ana)).await;
    let sender = Sender { call: Some((call, 0)), user: Some(ana), link: None };
    let file = sent(fx, customer, "invoice", sender.clone()).await;
    inspected(fx, ScanStatus::Clean).await;
    assert_eq!(kinds(fx, customer, call, 0).await, ["file_arrived", "file_scanned", "file_read", "file_active"]);
    let last = fx.catalog.events(customer, call, 3, 100).await.unwrap().pop().unwrap();
    let news: FileNews = serde_json::from_str(&last.data).unwrap();
    assert_eq!((last.seq, news.file, news.title.as_str(), news.page_count), (4, file, "Acme invoice", Some(12)));
    assert_eq!(news.extraction_status, Some(ExtractionStatus::Done));
    assert_eq!((news.scan_status, news.version, last.at), (ScanStatus::Clean, 1, fx.now()));

    sent(fx, customer, "harmful", sender.clone()).await;
    inspected(fx, ScanStatus::Infected).await;
    assert_eq!(kinds(fx, customer, call, 4).await, ["file_arrived", "file_scanned", "file_quarantined"]);
    sent(fx, customer, "odd", sender).await;
    inspected(fx, ScanStatus::Failed).await;
    assert_eq!(kinds(fx, customer, call, 7).await, ["file_arrived", "file_scanned"]);
    // What nobody asked about is told to nobody.
    fx.active(customer, "report").await;
    assert_eq!(kinds(fx, customer, call, 9).await, [""; 0]);
}

async fn who_gave_a_share_and_the_owner_of_its_file_are_told_what_becomes_of_it(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (ana, ben, eve) = (user(fx, customer, "Ana").await, user(fx, customer, "Ben").await, user(fx, customer, "Eve").await);
    let (hers, his, other) = (
        call_of(fx, customer, Caller::User(ana)).await,
        call_of(fx, customer, Caller::User(ben)).await,
        call_of(fx, customer, Caller::User(eve)).await,
    );
    let new = NewFile { owner: Owner::User(ana), ..fx.new_file(customer, "report") };
    fx.catalog.add_file(&new, &entry("add")).await.unwrap();
    inspected(fx, ScanStatus::Clean).await;
    let mut share = fx.new_share(customer, new.id, fx.contact(customer, "John").await);
    share.call = Some(his);
    share.link.slug_hash = hash("slug");
    let by_ben = |action| AuditEntry { actor: Actor::User(ben), ..entry(action) };
    fx.catalog.share(&share, None, &by_ben("share")).await.unwrap();
    let link = fx.catalog.link(&hash("slug")).await.unwrap().unwrap();
    for _ in 0..2 {
        fx.catalog.downloaded(&link, &entry("open_link")).await.unwrap();
    }
    fx.catalog.revoke(customer, &[Revocation { share: share.id, entry: by_ben("take_back") }]).await.unwrap();
    for call in [hers, his] {
        assert_eq!(kinds(fx, customer, call, 0).await, ["share_given", "share_opened", "share_taken_back"]);
    }
    assert_eq!(kinds(fx, customer, other, 0).await, [""; 0]);
}

async fn who_takes_the_line_hears_nothing_of_the_caller_before(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (ana, ben) = (user(fx, customer, "Ana").await, user(fx, customer, "Ben").await);
    let call = call_of(fx, customer, Caller::User(ana)).await;
    sent(fx, customer, "invoice", Sender { call: Some((call, 0)), user: Some(ana), link: None }).await;
    let change = CallChange { caller: Some(Caller::User(ben)), ..CallChange::default() };
    fx.catalog.change_call(customer, call, &change, &entry("change_call")).await.unwrap();
    inspected(fx, ScanStatus::Clean).await;
    assert_eq!(kinds(fx, customer, call, 0).await, [""; 0]);
    // She hears of it on whatever call she has; one that was opened later begins there.
    let later = call_of(fx, customer, Caller::User(ana)).await;
    assert_eq!(kinds(fx, customer, later, 0).await, [""; 0]);
    sent(fx, customer, "letter", Sender { call: None, user: Some(ana), link: None }).await;
    assert_eq!(kinds(fx, customer, later, 0).await, ["file_arrived"]);
    // Of two unknown callers, the second hears nothing of the first one's either.
    let guest = call_of(fx, customer, Caller::Guest { number: None }).await;
    sent(fx, customer, "note", Sender { call: Some((guest, 0)), user: None, link: None }).await;
    assert_eq!(kinds(fx, customer, guest, 0).await, ["file_arrived"]);
    let change = CallChange { caller: Some(Caller::Guest { number: None }), ..CallChange::default() };
    fx.catalog.change_call(customer, guest, &change, &entry("change_call")).await.unwrap();
    inspected(fx, ScanStatus::Clean).await;
    inspected(fx, ScanStatus::Clean).await;
    assert_eq!(kinds(fx, customer, guest, 0).await, [""; 0]);
}

async fn no_number_of_an_event_is_given_twice(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = user(fx, customer, "Ana").await;
    let call = call_of(fx, customer, Caller::User(ana)).await;
    let tasks = (0..8).map(|index| {
        let sender = Sender { call: Some((call, 0)), user: Some(ana), link: None };
        let (catalog, new) = (fx.catalog.clone(), NewFile { sender: Some(sender), ..fx.new_file(customer, &format!("file {index}")) });
        async move { catalog.add_file(&new, &entry("add")).await.unwrap().version }
    });
    at_once(tasks).await;
    let numbers = async || fx.catalog.events(customer, call, 0, 100).await.unwrap().iter().map(|event| event.seq).collect::<Vec<_>>();
    assert_eq!(numbers().await, (1..=8).collect::<Vec<_>>());
    let first_two = fx.catalog.events(customer, call, 0, 2).await.unwrap();
    assert_eq!((first_two[1].seq, fx.catalog.events(customer, call, 2, 100).await.unwrap()[0].seq), (2, 3), "page by page");
    // They are forgotten with their age, and the numbers go on.
    fx.clock.advance_seconds(86_400);
    assert_eq!(fx.catalog.forget_events(customer, fx.in_seconds(-86_400), 100).await.unwrap(), 0, "a day is not over");
    assert_eq!(
        fx.catalog.forget_events(customer, fx.in_seconds(-86_399), 5).await.unwrap(),
        10,
        "as many as asked for, of events and of arrivals"
    );
    assert_eq!(fx.catalog.forget_events(customer, fx.in_seconds(-86_399), 100).await.unwrap(), 6);
    sent(fx, customer, "one more", Sender { call: Some((call, 0)), user: Some(ana), link: None }).await;
    assert_eq!(numbers().await, [9]);
}

async fn a_link_takes_so_many_files_and_no_more_however_many_come_at_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = user(fx, customer, "Ana").await;
    let call = call_of(fx, customer, Caller::User(ana)).await;
    let new = NewUploadLink { most_files: 3, slug_hash: hash("slug"), ..fx.new_upload_link(customer, ana, call) };
    fx.catalog.add_upload_link(&new, None, &entry("request_upload")).await.unwrap();
    let tasks = (0..8).map(|index| {
        let sender = Sender { call: Some((call, 0)), user: Some(ana), link: Some(new.id) };
        let (catalog, new) = (fx.catalog.clone(), NewFile { sender: Some(sender), ..fx.new_file(customer, &format!("file {index}")) });
        async move { !conflicts(catalog.add_file(&new, &entry("add")).await) }
    });
    let taken = at_once(tasks).await.into_iter().filter(|taken| *taken).count();
    assert_eq!(taken, 3);
    let link = fx.catalog.upload_link(&hash("slug")).await.unwrap().unwrap();
    assert_eq!((link.files, link.asked_by, link.call, &link.folder, &link.what), (3, ana, Some((call, 0)), &new.folder, &new.what));
    assert_eq!(fx.catalog.came_by(customer, link.id).await.unwrap().len(), 3);
    assert_eq!(fx.catalog.arrived_for(customer, Some(ana), (call, 0), 2).await.unwrap().len(), 2);
    assert_eq!(fx.catalog.upload_links_of(customer, ana, 9).await.unwrap(), std::slice::from_ref(&link));
    // After its time it takes nothing, whatever is left.
    let late = NewUploadLink { slug_hash: hash("late"), ..fx.new_upload_link(customer, ana, call) };
    fx.catalog.add_upload_link(&late, None, &entry("request_upload")).await.unwrap();
    fx.clock.advance_seconds(3_600);
    let sender = Sender { call: None, user: Some(ana), link: Some(late.id) };
    assert!(conflicts(fx.catalog.add_file(&NewFile { sender: Some(sender), ..fx.new_file(customer, "late") }, &entry("add")).await));
    assert_eq!(fx.catalog.upload_links_of(customer, ana, 9).await.unwrap(), []);
    assert!(!link.is_alive(fx.now()));
}

async fn a_link_and_what_came_by_it_are_forgotten_together(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = user(fx, customer, "Ana").await;
    let call = call_of(fx, customer, Caller::User(ana)).await;
    let new = NewUploadLink { slug_hash: hash("slug"), ..fx.new_upload_link(customer, ana, call) };
    fx.catalog.add_upload_link(&new, None, &entry("request_upload")).await.unwrap();
    let file = sent(fx, customer, "invoice", Sender { call: Some((call, 0)), user: Some(ana), link: Some(new.id) }).await;
    inspected(fx, ScanStatus::Clean).await;
    let day = jiff::SignedDuration::from_hours(24);
    let ages = Ages { deleted: day, unreferenced: day, direct: day };
    fx.catalog.settle_due(customer, &ages).await.unwrap();
    assert_eq!(fx.catalog.customers_after(None, true, 9).await.unwrap(), []);
    fx.clock.advance_seconds(3_600 + 86_401);
    assert_eq!(fx.catalog.customers_after(None, true, 9).await.unwrap(), [customer]);
    fx.catalog.forget_events(customer, fx.in_seconds(-86_400), 9).await.unwrap();
    assert_eq!(fx.catalog.came_by(customer, new.id).await.unwrap().len(), 1, "as long as the link is known");
    assert_eq!(fx.catalog.forget_upload_links(customer, fx.in_seconds(-86_400), 9).await.unwrap(), 1);
    assert_eq!(fx.catalog.upload_link(&hash("slug")).await.unwrap(), None);
    assert_eq!(fx.catalog.came_by(customer, new.id).await.unwrap(), []);
    assert!(fx.catalog.file(customer, file).await.unwrap().is_some(), "the file stays");
}

catalog_suite!(
    a_call_is_told_what_becomes_of_what_its_caller_sent,
    who_gave_a_share_and_the_owner_of_its_file_are_told_what_becomes_of_it,
    who_takes_the_line_hears_nothing_of_the_caller_before,
    no_number_of_an_event_is_given_twice,
    a_link_takes_so_many_files_and_no_more_however_many_come_at_once,
    a_link_and_what_came_by_it_are_forgotten_together;
    pooled: no_number_of_an_event_is_given_twice,
);
