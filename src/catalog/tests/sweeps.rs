//! Sweeps that several processes share, and verdicts that come late.

use jiff::SignedDuration;

use super::fixture::{Fixture, admission, at_once, catalog_suite, conflicts, entry, verdict};
use crate::catalog::{Admission, Ages, DirectState, Garbage, MostOpen, NewFile, Reference};
use crate::domain::{BlobId, CustomerId, FileId, FileStatus, Happened, ScanStatus, UploadId};

const DAY: i64 = 86_400;
const AGES: Ages =
    Ages { deleted: SignedDuration::from_hours(48), unreferenced: SignedDuration::from_hours(12), direct: SignedDuration::from_hours(72) };

async fn one_process_sweeps_at_a_time_and_the_next_goes_on_where_it_stopped(fx: &Fixture) {
    let taken = at_once((0..8).map(|_| {
        let (catalog, until) = (fx.catalog.clone(), fx.in_seconds(60));
        async move { catalog.take_sweep("objects", until).await.unwrap() }
    }))
    .await;
    let taken: Vec<_> = taken.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1, "one of eight");
    let first = &taken[0];
    assert_eq!(first.position, None);
    assert!(fx.catalog.take_sweep("deleted", fx.in_seconds(60)).await.unwrap().is_some(), "another sweep is another's");
    fx.clock.advance_seconds(59);
    fx.catalog.keep_sweep(first, "half", fx.in_seconds(60)).await.unwrap();
    fx.clock.advance_seconds(59);
    assert_eq!(fx.catalog.take_sweep("objects", fx.in_seconds(60)).await.unwrap(), None, "it is still in hand");
    fx.clock.advance_seconds(1);
    let second = fx.catalog.take_sweep("objects", fx.in_seconds(60)).await.unwrap().unwrap();
    assert_eq!(second.position.as_deref(), Some("half"));
    // Who had it before has it no more.
    assert!(conflicts(fx.catalog.keep_sweep(first, "back", fx.in_seconds(60)).await));
    assert!(conflicts(fx.catalog.end_sweep(first, fx.now()).await));
    fx.catalog.end_sweep(&second, fx.in_seconds(DAY)).await.unwrap();
    assert!(conflicts(fx.catalog.keep_sweep(&second, "on", fx.in_seconds(60)).await), "it has ended");
    assert_eq!(fx.catalog.take_sweep("objects", fx.in_seconds(60)).await.unwrap(), None, "the next round is not due");
    fx.clock.advance_seconds(DAY);
    assert_eq!(fx.catalog.take_sweep("objects", fx.in_seconds(60)).await.unwrap().unwrap().position, None);
}

async fn due(fx: &Fixture) -> Vec<CustomerId> {
    fx.catalog.customers_after(None, true, 100).await.unwrap()
}

async fn settled(fx: &Fixture, customer: CustomerId) -> bool {
    fx.catalog.settle_due(customer, &AGES).await.unwrap();
    !due(fx).await.contains(&customer)
}

async fn a_customer_is_looked_at_when_something_of_it_is_due_and_not_before(fx: &Fixture) {
    let busy = fx.customer("Busy").await;
    // Ids sort by their time.
    fx.clock.advance_seconds(1);
    let idle = fx.customer("Idle").await;
    assert_eq!(due(fx).await, [busy, idle], "nothing is known of them yet");
    assert_eq!(fx.catalog.customers_after(Some(busy), true, 100).await.unwrap(), [idle]);
    assert_eq!(fx.catalog.customers_after(None, false, 1).await.unwrap(), [busy]);
    assert!(settled(fx, busy).await && settled(fx, idle).await);
    let object = |key: &str| Garbage { id: UploadId::new(&*fx.clock, &*fx.entropy), object_key: key.to_owned() };

    // An object that is nobody's in an hour.
    let announced = object("documents/1");
    fx.catalog.announce(busy, &announced, fx.in_seconds(3600)).await.unwrap();
    assert_eq!(due(fx).await, []);
    fx.clock.advance_seconds(3600);
    assert_eq!(due(fx).await, [busy]);
    fx.catalog.forget_garbage(busy, announced.id).await.unwrap();
    assert!(settled(fx, busy).await);

    // A deleted file: at once, then a day later, since what was set may have changed, then when it is.
    let file = fx.active(busy, "report").await;
    fx.catalog.delete_file(busy, file, &entry("delete")).await.unwrap();
    assert_eq!(due(fx).await, [busy]);
    assert!(settled(fx, busy).await);
    fx.clock.advance_seconds(DAY);
    assert!(settled(fx, busy).await);
    fx.clock.advance_seconds(DAY);
    assert!(!settled(fx, busy).await, "two days are over");
    // What is held is not looked at until the hold is lifted.
    fx.catalog.hold_file(busy, file, "a claim", &entry("hold")).await.unwrap();
    assert!(settled(fx, busy).await);
    fx.clock.advance_seconds(30 * DAY);
    assert_eq!(due(fx).await, []);
    fx.catalog.lift_hold(busy, file, &entry("lift")).await.unwrap();
    assert_eq!(due(fx).await, [busy]);
    // Bytes that nobody stands for.
    fx.catalog.release_file(busy, file, fx.now(), &entry("release")).await.unwrap();
    assert!(settled(fx, busy).await);
    fx.clock.advance_seconds(DAY / 2);
    assert!(!settled(fx, busy).await);
    let blob = fx.catalog.file(busy, file).await.unwrap().unwrap().blob;
    fx.catalog.collect_blob(busy, blob, fx.in_seconds(1), &[], &entry("collect")).await.unwrap();
    assert!(settled(fx, busy).await);

    // A direct upload, three days after it was over.
    let direct = fx.new_direct(busy, UploadId::new(&*fx.clock, &*fx.entropy), "uploads/1");
    assert!(fx.catalog.begin_direct(&direct, MostOpen::OfCustomer(9), &entry("begin_upload")).await.unwrap());
    fx.clock.advance_seconds(600);
    assert!(settled(fx, busy).await);
    fx.clock.advance_seconds(3 * DAY);
    assert!(!settled(fx, busy).await);
    assert_eq!(fx.catalog.forget_direct_uploads(busy, fx.in_seconds(-3 * DAY + 1), 10).await.unwrap(), 1);
    assert!(settled(fx, busy).await);
    fx.clock.advance_seconds(60 * DAY);
    assert_eq!(due(fx).await, []);
    assert!(settled(fx, idle).await);
}

async fn what_became_of_a_direct_upload_is_told_for_a_while_and_then_forgotten(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let mut ids = Vec::new();
    for at in 0..3 {
        let id = UploadId::new(&*fx.clock, &*fx.entropy);
        let direct = fx.new_direct(customer, id, &format!("uploads/{at}"));
        assert!(fx.catalog.begin_direct(&direct, MostOpen::OfCustomer(9), &entry("begin_upload")).await.unwrap());
        ids.push(id);
    }
    fx.catalog.end_direct(customer, ids[0], DirectState::GivenUp, &entry("give_up")).await.unwrap();
    // One is being completed, for longer than anybody should take.
    assert!(fx.catalog.claim_direct(customer, ids[1], fx.in_seconds(2 * DAY)).await.unwrap());
    assert_eq!(fx.catalog.forget_direct_uploads(customer, fx.now(), 10).await.unwrap(), 0, "none is over");
    fx.clock.advance_seconds(DAY);
    assert_eq!(fx.catalog.forget_direct_uploads(customer, fx.now(), 1).await.unwrap(), 1, "as many as asked for");
    assert_eq!(fx.catalog.forget_direct_uploads(customer, fx.now(), 10).await.unwrap(), 1);
    let mut left = Vec::new();
    for id in &ids {
        left.push(fx.catalog.direct_upload(customer, *id).await.unwrap().is_some());
    }
    assert_eq!(left, [false, true, false], "who holds one is not disturbed");
    fx.clock.advance_seconds(DAY + 1);
    assert_eq!(fx.catalog.forget_direct_uploads(customer, fx.now(), 10).await.unwrap(), 1);
}

async fn bytes(fx: &Fixture, customer: CustomerId, file: FileId) -> (BlobId, String) {
    let blob = fx.catalog.file(customer, file).await.unwrap().unwrap().blob;
    (blob, fx.catalog.blob(customer, blob).await.unwrap().unwrap().object_key)
}

async fn a_threat_that_is_told_late_closes_every_file_of_the_bytes_once_and_nothing_opens_them(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let files = [fx.active(customer, "twice").await, fx.active(customer, "twice").await];
    let other = fx.active(customer, "other").await;
    let (blob, place) = bytes(fx, customer, files[0]).await;
    for no_threat in [ScanStatus::Clean, ScanStatus::Failed, ScanStatus::Pending] {
        assert!(conflicts(fx.catalog.condemn(customer, &place, &verdict(no_threat), &entry("scan")).await), "{no_threat}");
    }
    let before = (fx.records(customer).await, fx.last_change(customer).await);
    assert_eq!(fx.catalog.condemn(customer, &place, &verdict(ScanStatus::Suspicious), &entry("scan")).await.unwrap(), Some(blob));
    assert_eq!((fx.records(customer).await, fx.last_change(customer).await), (before.0 + 2, before.1 + 2), "one of each for each file");
    // The stricter word is kept, the laxer one changes nothing, and neither closes what is closed.
    for (told, known, records) in [
        (ScanStatus::Suspicious, ScanStatus::Suspicious, 0),
        (ScanStatus::Infected, ScanStatus::Infected, 1),
        (ScanStatus::Infected, ScanStatus::Infected, 0),
        (ScanStatus::Suspicious, ScanStatus::Infected, 0),
    ] {
        let before = fx.records(customer).await;
        assert_eq!(fx.catalog.condemn(customer, &place, &verdict(told), &entry("scan")).await.unwrap(), Some(blob));
        assert_eq!(fx.records(customer).await - before, records, "{told}");
        assert_eq!(fx.catalog.blob(customer, blob).await.unwrap().unwrap().scan, known);
    }
    for file in files {
        assert_eq!(fx.state(customer, file).await, FileStatus::Quarantined);
    }
    assert_eq!(fx.state(customer, other).await, FileStatus::Active);
}

async fn a_verdict_finds_bytes_wherever_they_lay_and_a_newer_version_stays_open(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    // They came by a direct upload, were copied to where nobody can write, and then to the documents.
    let direct = fx.new_direct(customer, UploadId::new(&*fx.clock, &*fx.entropy), "uploads/direct");
    assert!(fx.catalog.begin_direct(&direct, MostOpen::OfCustomer(9), &entry("begin_upload")).await.unwrap());
    let new = NewFile { closes: Some(direct.id), object_key: "uploads/sealed".to_owned(), ..fx.new_file(customer, "film") };
    fx.catalog.add_file(&new, &entry("add")).await.unwrap();
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    let moved = Some(fx.moved(customer, new.id, "documents/film").await);
    fx.catalog.admit(&job, &Admission { moved, ..admission("Film") }, &entry("admit")).await.unwrap();
    let (blob, place) = bytes(fx, customer, new.id).await;
    assert_eq!(place, "documents/film");
    assert_eq!(fx.catalog.store_verdict(customer, blob).await.unwrap(), None);
    for (at, (key, status)) in [
        ("uploads/direct", ScanStatus::Clean),
        ("uploads/sealed", ScanStatus::Suspicious),
        ("documents/film", ScanStatus::Failed),
        ("documents/unknown", ScanStatus::Infected),
    ]
    .into_iter()
    .enumerate()
    {
        fx.catalog.note_object_event(&fx.event(customer, key, Happened::Judged(status)), None).await.unwrap();
        let strictest = [Some(ScanStatus::Clean), Some(ScanStatus::Suspicious), Some(ScanStatus::Suspicious), Some(ScanStatus::Suspicious)];
        assert_eq!(fx.catalog.store_verdict(customer, blob).await.unwrap(), strictest[at], "{key}");
    }
    // A newer version has other bytes.
    let newer = NewFile { id: new.id, ..fx.new_file(customer, "newer film") };
    fx.catalog.add_file(&newer, &entry("add")).await.unwrap();
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    fx.catalog.admit(&job, &admission("Film"), &entry("admit")).await.unwrap();
    let threat = verdict(ScanStatus::Infected);
    for key in ["documents/unknown", "uploads/never"] {
        assert_eq!(fx.catalog.condemn(customer, key, &threat, &entry("scan")).await.unwrap(), None, "{key}");
    }
    for key in ["uploads/direct", "uploads/sealed", "documents/film"] {
        assert_eq!(fx.catalog.condemn(customer, key, &threat, &entry("scan")).await.unwrap(), Some(blob), "{key}");
    }
    let file = fx.catalog.file(customer, new.id).await.unwrap().unwrap();
    assert_eq!((file.status, file.scan), (FileStatus::Active, ScanStatus::Clean), "what it stands for now is other bytes");
    assert_eq!(
        fx.catalog.version(customer, new.id, 1).await.unwrap().unwrap().scan,
        ScanStatus::Infected,
        "the old ones are not given out"
    );
    // Where they lay is forgotten, but for what was told to be a threat.
    fx.clock.advance_seconds(DAY);
    assert_eq!(fx.catalog.forget_places(customer, fx.now(), 10).await.unwrap(), 1);
    assert_eq!(fx.catalog.store_verdict(customer, blob).await.unwrap(), Some(ScanStatus::Suspicious));
    assert_eq!(fx.catalog.object_reference(customer, "documents/film").await.unwrap(), Some(Reference::Blob));
}

catalog_suite!(
    one_process_sweeps_at_a_time_and_the_next_goes_on_where_it_stopped,
    a_customer_is_looked_at_when_something_of_it_is_due_and_not_before,
    what_became_of_a_direct_upload_is_told_for_a_while_and_then_forgotten,
    a_threat_that_is_told_late_closes_every_file_of_the_bytes_once_and_nothing_opens_them,
    a_verdict_finds_bytes_wherever_they_lay_and_a_newer_version_stays_open,
);
