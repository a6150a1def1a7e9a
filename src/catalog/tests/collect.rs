//! Bytes that nobody stands for any more.

use super::fixture::{Fixture, at_once, catalog_suite, conflicts, entry};
use crate::catalog::{Collected, Garbage};
use crate::domain::{BlobId, CustomerId, FileId, Timestamp, UploadId};

const DAY: i64 = 86_400;

fn object(fx: &Fixture, key: &str) -> Garbage {
    Garbage { id: UploadId::new(&*fx.clock, &*fx.entropy), object_key: key.to_owned() }
}

async fn blob_of(fx: &Fixture, customer: CustomerId, file: FileId) -> BlobId {
    fx.catalog.file(customer, file).await.unwrap().unwrap().blob
}

async fn deleted(fx: &Fixture, customer: CustomerId, bytes: &str) -> (FileId, BlobId) {
    let file = fx.active(customer, bytes).await;
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    fx.clock.advance_seconds(DAY);
    (file, blob_of(fx, customer, file).await)
}

async fn released(fx: &Fixture, customer: CustomerId, bytes: &str) -> (FileId, BlobId) {
    let (file, blob) = deleted(fx, customer, bytes).await;
    fx.catalog.release_file(customer, file, fx.now(), &entry("release")).await.unwrap();
    fx.clock.advance_seconds(DAY);
    (file, blob)
}

async fn collect(fx: &Fixture, customer: CustomerId, blob: BlobId, before: Timestamp) -> Option<Collected> {
    let collected = fx.catalog.collect_blob(customer, blob, before, &[object(fx, "documents/1")], &entry("collect")).await;
    if conflicts_of(&collected) { None } else { Some(collected.unwrap()) }
}

fn conflicts_of<T>(result: &Result<T, crate::catalog::CatalogError>) -> bool {
    matches!(result, Err(crate::catalog::CatalogError::Conflict(_)))
}

async fn a_deleted_files_bytes_are_kept_let_go_and_given_up_in_this_order(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.active(customer, "report").await;
    let blob = blob_of(fx, customer, file).await;
    assert!(conflicts(fx.catalog.release_file(customer, file, fx.in_seconds(DAY), &entry("release")).await), "it is not deleted");
    assert_eq!(collect(fx, customer, blob, fx.in_seconds(DAY)).await, None);
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    assert!(conflicts(fx.catalog.release_file(customer, file, fx.now(), &entry("release")).await), "not for long enough");
    assert_eq!(fx.catalog.releasable(customer, fx.now(), 10).await.unwrap(), []);
    fx.clock.advance_seconds(DAY);
    assert_eq!(fx.catalog.releasable(customer, fx.now(), 10).await.unwrap(), [file]);
    assert_eq!(fx.catalog.collectable(customer, fx.in_seconds(DAY), 10).await.unwrap(), []);
    fx.catalog.release_file(customer, file, fx.now(), &entry("release")).await.unwrap();
    assert!(conflicts(fx.catalog.release_file(customer, file, fx.in_seconds(DAY), &entry("release")).await), "once");
    assert_eq!(collect(fx, customer, blob, fx.now()).await, None, "not for long enough");
    fx.clock.advance_seconds(DAY);
    assert_eq!(fx.catalog.collectable(customer, fx.now(), 10).await.unwrap(), [blob]);
    assert_eq!(fx.catalog.due_garbage(customer, 10).await.unwrap(), []);
    assert_eq!(collect(fx, customer, blob, fx.now()).await, Some(Collected::Yes));
    assert_eq!(collect(fx, customer, blob, fx.now()).await, None, "once");
    assert_eq!(fx.catalog.blob(customer, blob).await.unwrap(), None);
    assert_eq!(fx.catalog.due_garbage(customer, 10).await.unwrap().len(), 1);
    assert_eq!(fx.catalog.collectable(customer, fx.in_seconds(DAY), 10).await.unwrap(), []);
}

async fn bytes_that_another_file_stands_for_stay(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (one, other) = (fx.active(customer, "twice").await, fx.active(customer, "twice").await);
    let blob = blob_of(fx, customer, one).await;
    for (file, left) in [(one, false), (other, true)] {
        fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
        fx.clock.advance_seconds(DAY);
        fx.catalog.release_file(customer, file, fx.now(), &entry("release")).await.unwrap();
        fx.clock.advance_seconds(DAY);
        assert_eq!(!fx.catalog.collectable(customer, fx.now(), 10).await.unwrap().is_empty(), left);
    }
    assert_eq!(collect(fx, customer, blob, fx.now()).await, Some(Collected::Yes));
}

async fn an_old_version_keeps_its_bytes_as_long_as_its_file_lives(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, old) = (fx.active(customer, "first").await, fx.active(customer, "first").await);
    let blob = blob_of(fx, customer, file).await;
    let next = crate::catalog::NewFile { id: file, ..fx.new_file(customer, "second") };
    fx.catalog.add_file(&next, &entry("add")).await.unwrap();
    fx.catalog.delete_file(customer, old, &entry("delete")).await.unwrap();
    fx.clock.advance_seconds(DAY);
    fx.catalog.release_file(customer, old, fx.now(), &entry("release")).await.unwrap();
    assert_eq!(fx.catalog.collectable(customer, fx.in_seconds(DAY), 10).await.unwrap(), []);
    assert_eq!(collect(fx, customer, blob, fx.in_seconds(DAY)).await, None);
    assert_eq!(fx.catalog.version(customer, file, 1).await.unwrap().unwrap().blob, blob);
}

async fn a_hold_or_a_retention_keeps_the_bytes_of_a_deleted_file(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, _) = deleted(fx, customer, "report").await;
    fx.catalog.hold_file(customer, file, "a claim", &entry("hold")).await.unwrap();
    assert!(conflicts(fx.catalog.hold_file(customer, file, "another", &entry("hold")).await), "it is held already");
    assert_eq!(fx.catalog.releasable(customer, fx.now(), 10).await.unwrap(), []);
    assert!(conflicts(fx.catalog.release_file(customer, file, fx.now(), &entry("release")).await));
    fx.catalog.lift_hold(customer, file, &entry("lift_hold")).await.unwrap();
    assert!(conflicts(fx.catalog.lift_hold(customer, file, &entry("lift_hold")).await), "once");
    fx.damage(&format!("UPDATE files SET retention_until = {}", fx.in_seconds(DAY).as_microsecond())).await;
    assert!(conflicts(fx.catalog.release_file(customer, file, fx.now(), &entry("release")).await));
    fx.clock.advance_seconds(DAY);
    fx.catalog.release_file(customer, file, fx.now(), &entry("release")).await.unwrap();
    assert!(conflicts(fx.catalog.hold_file(customer, file, "a claim", &entry("hold")).await), "too late, and it says so");
}

async fn the_same_bytes_uploaded_again_before_the_end_keep_them_and_after_it_are_new(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (_, blob) = released(fx, customer, "report").await;
    let again = fx.new_file(customer, "report");
    assert!(fx.catalog.add_file(&again, &entry("add")).await.unwrap().duplicate);
    assert_eq!(collect(fx, customer, blob, fx.now()).await, None, "somebody stands for them again");
    fx.damage("UPDATE jobs SET state = 'done'").await;
    let (_, blob) = released(fx, customer, "letter").await;
    assert_eq!(collect(fx, customer, blob, fx.now()).await, Some(Collected::Yes));
    let again = fx.new_file(customer, "letter");
    assert!(!fx.catalog.add_file(&again, &entry("add")).await.unwrap().duplicate, "the old bytes are nobody's");
    assert_ne!(blob_of(fx, customer, again.id).await, blob);
    assert!(conflicts(fx.catalog.restore_version(customer, again.id, 2, again.job, &entry("restore")).await), "no such version");
}

async fn of_an_upload_and_a_collection_at_once_neither_loses_bytes(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    for round in 0..12 {
        let (_, blob) = released(fx, customer, &format!("bytes {round}")).await;
        let (catalog, now) = (fx.catalog.clone(), fx.now());
        let (new, garbage) = (fx.new_file(customer, &format!("bytes {round}")), object(fx, "documents/1"));
        let id = new.id;
        let adds = fx.catalog.clone();
        let tasks: [std::pin::Pin<Box<dyn Future<Output = bool> + Send>>; 2] = [
            Box::pin(async move { adds.add_file(&new, &entry("add")).await.unwrap().duplicate }),
            Box::pin(async move {
                matches!(catalog.collect_blob(customer, blob, now, &[garbage], &entry("collect")).await, Ok(Collected::Yes))
            }),
        ];
        let ended = at_once(tasks).await;
        assert_ne!(ended[0], ended[1], "the file stands for the old bytes, or they were given up; round {round}");
        assert_eq!(blob_of(fx, customer, id).await == blob, ended[0]);
        assert!(fx.catalog.blob(customer, blob_of(fx, customer, id).await).await.unwrap().is_some());
        // The job would stand in the way of the next round.
        fx.damage("UPDATE jobs SET state = 'done'").await;
    }
}

async fn a_place_that_was_claimed_as_garbage_takes_no_bytes(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    let place = object(fx, "documents/9");
    fx.catalog.announce(customer, &place, fx.in_seconds(60)).await.unwrap();
    assert_eq!(fx.catalog.due_garbage(customer, 10).await.unwrap(), []);
    assert!(conflicts(fx.catalog.claim_garbage(customer, place.id).await), "it is kept for the move");
    fx.clock.advance_seconds(60);
    assert_eq!(fx.catalog.due_garbage(customer, 10).await.unwrap(), std::slice::from_ref(&place));
    let mut moved = fx.moved(customer, file, &place.object_key).await;
    moved.announced = Some(place.id);
    let admit = async |moved| {
        let admission = crate::catalog::Admission { moved: Some(moved), ..super::fixture::admission("x") };
        fx.catalog.admit(&job, &admission, &entry("admit")).await
    };
    fx.catalog.claim_garbage(customer, place.id).await.unwrap();
    assert!(conflicts(admit(moved.clone()).await));
    fx.catalog.forget_garbage(customer, place.id).await.unwrap();
    assert!(conflicts(admit(moved.clone()).await), "nor once it was removed");
    let place = object(fx, "documents/10");
    fx.catalog.announce(customer, &place, fx.in_seconds(60)).await.unwrap();
    (moved.to, moved.announced) = (place.object_key, Some(place.id));
    let from = moved.from.clone();
    admit(moved).await.unwrap();
    assert_eq!(fx.catalog.due_garbage(customer, 10).await.unwrap(), [from], "the new place is nobody's garbage any more");
}

catalog_suite!(
    a_deleted_files_bytes_are_kept_let_go_and_given_up_in_this_order,
    bytes_that_another_file_stands_for_stay,
    an_old_version_keeps_its_bytes_as_long_as_its_file_lives,
    a_hold_or_a_retention_keeps_the_bytes_of_a_deleted_file,
    the_same_bytes_uploaded_again_before_the_end_keep_them_and_after_it_are_new,
    of_an_upload_and_a_collection_at_once_neither_loses_bytes,
    a_place_that_was_claimed_as_garbage_takes_no_bytes,
);
