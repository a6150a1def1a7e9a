//! Bytes in quarantine, two people who let them out, and verdicts that are older than the scanner.

use super::fixture::{Fixture, by_system, catalog_suite, conflicts, entry, verdict};
use crate::catalog::{NewRelease, ReleaseState};
use crate::domain::{CustomerId, FileId, FileName, FileRecord, FileStatus, ScanStatus, ScanVerdict};

const DAY: i64 = 86_400;
const ACT: &str = "release_quarantine";

async fn record(fx: &Fixture, customer: CustomerId, file: FileId) -> FileRecord {
    fx.catalog.file(customer, file).await.unwrap().unwrap()
}

/// A file that was active and was found harmful.
async fn closed(fx: &Fixture, customer: CustomerId, bytes: &str) -> FileRecord {
    let file = fx.active(customer, bytes).await;
    let place = fx.catalog.blob(customer, record(fx, customer, file).await.blob).await.unwrap().unwrap().object_key;
    fx.catalog.condemn(customer, &place, &verdict(ScanStatus::Infected), &entry("scan")).await.unwrap();
    record(fx, customer, file).await
}

async fn proposed(fx: &Fixture, customer: CustomerId, file: &FileRecord) -> NewRelease {
    let new = fx.new_release(file, DAY);
    fx.catalog.propose_release(customer, &new, &entry(ACT)).await.unwrap();
    new
}

async fn two_people_send_every_file_of_the_bytes_to_be_judged_again(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = closed(fx, customer, "alarm").await;
    // The same bytes once more; whoever judges them finds what was found before.
    let copy = fx.arrived(customer, "alarm").await;
    fx.judge(&fx.lease().await, ScanStatus::Infected).await.unwrap();
    let listed = fx.catalog.quarantined_files(customer, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.file).collect::<Vec<_>>(), [file.id, copy]);
    assert_eq!((listed[0].engine.as_str(), listed[0].findings.as_slice()), ("boreal 1 rules 7", &["eicar".to_owned()][..]));
    assert_eq!(fx.catalog.quarantined_files(customer, Some(file.id), 10).await.unwrap().len(), 1);
    let new = proposed(fx, customer, &file).await;
    assert!(conflicts(fx.catalog.propose_release(customer, &fx.new_release(&file, DAY), &by_system(ACT)).await), "one at a time");
    assert!(conflicts(fx.catalog.confirm_release(customer, new.id, "x", &entry(ACT)).await), "not by who proposed it");
    assert_eq!(fx.catalog.release_in_force(customer, &file.checksum).await.unwrap(), None);
    assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 0);
    assert_eq!(fx.catalog.confirm_release(customer, new.id, "checked", &by_system(ACT)).await.unwrap(), [file.id, copy]);
    assert!(conflicts(fx.catalog.confirm_release(customer, new.id, "checked", &by_system(ACT)).await), "once");
    let release = fx.catalog.release_in_force(customer, &file.checksum).await.unwrap().unwrap();
    assert_eq!((release.id, release.state(fx.now())), (new.id, ReleaseState::InForce));
    assert_eq!(release.confirmed.as_ref().map(|(by, why, _)| (by.as_str(), why.as_str())), Some(("system", "checked")));
    for file in [file.id, copy] {
        assert_eq!(fx.state(customer, file).await, FileStatus::Scanning, "nothing is readable before it is judged");
    }
    assert_eq!(record(fx, customer, file.id).await.scan, ScanStatus::Pending);
    assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 2);
    assert!(fx.catalog.quarantined_files(customer, None, 10).await.unwrap().is_empty());
}

async fn a_release_is_of_bytes_in_quarantine_and_of_no_others(fx: &Fixture) {
    let (customer, other) = (fx.customer("Northwind").await, fx.customer("Southwind").await);
    let harmless = fx.active(customer, "harmless").await;
    let harmless = record(fx, customer, harmless).await;
    assert!(conflicts(fx.catalog.propose_release(customer, &fx.new_release(&harmless, DAY), &entry(ACT)).await));
    let file = closed(fx, customer, "alarm").await;
    assert!(conflicts(fx.catalog.propose_release(other, &fx.new_release(&file, DAY), &entry(ACT)).await));
    let lie = NewRelease { checksum: harmless.checksum, ..fx.new_release(&file, DAY) };
    assert!(conflicts(fx.catalog.propose_release(customer, &lie, &entry(ACT)).await), "of the bytes that the file stands for");
    let new = proposed(fx, customer, &file).await;
    assert!(conflicts(fx.catalog.confirm_release(other, new.id, "x", &by_system(ACT)).await));
    assert!(conflicts(fx.catalog.withdraw_release(other, new.id, &by_system(ACT)).await));
    assert!(fx.catalog.open_releases(other, 10).await.unwrap().is_empty());
}

async fn when_a_release_ends_what_it_let_out_is_not_read_until_it_is_judged_anew(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    for taken_back in [false, true] {
        let file = closed(fx, customer, if taken_back { "one" } else { "other" }).await;
        let new = proposed(fx, customer, &file).await;
        fx.catalog.confirm_release(customer, new.id, "checked", &by_system(ACT)).await.unwrap();
        fx.passes(&fx.lease().await).await;
        assert_eq!(fx.state(customer, file.id).await, FileStatus::Active);
        assert!(conflicts(fx.catalog.close_release(customer, new.id, &entry(ACT)).await), "it stands");
        let judged = if taken_back {
            let judged = fx.catalog.withdraw_release(customer, new.id, &entry(ACT)).await.unwrap();
            assert!(conflicts(fx.catalog.withdraw_release(customer, new.id, &entry(ACT)).await));
            judged
        } else {
            fx.clock.advance_seconds(DAY);
            let open = fx.catalog.open_releases(customer, 10).await.unwrap();
            assert_eq!(open.iter().map(|one| (one.id, one.state(fx.now()))).collect::<Vec<_>>(), [(new.id, ReleaseState::Over)]);
            fx.catalog.close_release(customer, new.id, &entry(ACT)).await.unwrap()
        };
        assert_eq!(judged, [file.id]);
        assert_eq!(fx.catalog.release_in_force(customer, &file.checksum).await.unwrap(), None);
        assert!(conflicts(fx.catalog.close_release(customer, new.id, &entry(ACT)).await), "once");
        assert!(fx.catalog.open_releases(customer, 10).await.unwrap().is_empty());
        let record = record(fx, customer, file.id).await;
        assert_eq!((record.status, record.scan), (FileStatus::Scanning, ScanStatus::Pending));
        fx.judge(&fx.lease().await, ScanStatus::Infected).await.unwrap();
        assert_eq!(fx.state(customer, file.id).await, FileStatus::Quarantined);
    }
    // What nobody confirms ends by itself, and stands in nobody's way.
    let file = closed(fx, customer, "third").await;
    let forgotten = proposed(fx, customer, &file).await;
    fx.clock.advance_seconds(DAY);
    assert!(conflicts(fx.catalog.confirm_release(customer, forgotten.id, "late", &by_system(ACT)).await));
    let again = proposed(fx, customer, &file).await;
    assert!(fx.catalog.withdraw_release(customer, again.id, &entry(ACT)).await.unwrap().is_empty(), "nothing was let out");
    assert!(fx.catalog.open_releases(customer, 10).await.unwrap().is_empty());
}

async fn a_verdict_stands_for_the_same_bytes_and_name_until_the_scanner_changes(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.active(customer, "report").await;
    let file = record(fx, customer, file).await;
    let known = async |engine: &str, name: &str| {
        fx.catalog.known_clean(customer, file.blob, engine, &FileName::parse(name).unwrap()).await.unwrap()
    };
    assert_eq!(known("boreal 1 rules 7", "Q2 report.pdf").await, Some(vec!["eicar".to_owned()]));
    assert_eq!(known("boreal 1 rules 8", "Q2 report.pdf").await, None);
    assert_eq!(known("boreal 1 rules 7", "Q2 report.pdf.exe").await, None, "an ending is a part of what is judged");
    let place = fx.catalog.blob(customer, file.blob).await.unwrap().unwrap().object_key;
    fx.catalog.condemn(customer, &place, &verdict(ScanStatus::Infected), &entry("scan")).await.unwrap();
    assert_eq!(known("boreal 1 rules 7", "Q2 report.pdf").await, None, "only a clean one stands");
}

async fn bytes_with_an_older_verdict_come_oldest_first_and_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let mut files = Vec::new();
    for bytes in ["one", "two", "three"] {
        let file = fx.active(customer, bytes).await;
        files.push(record(fx, customer, file).await);
        fx.clock.advance_seconds(60);
    }
    let since = fx.now();
    let stale = async |engine: &str, limit| {
        let found = fx.catalog.stale_blobs(customer, engine, since, limit).await.unwrap();
        found.into_iter().map(|one| one.blob).collect::<Vec<_>>()
    };
    assert!(stale("boreal 1 rules 7", 10).await.is_empty());
    assert_eq!(stale("new", 2).await, [files[0].blob, files[1].blob]);
    let clean = ScanVerdict { engine: "new".to_owned(), ..verdict(ScanStatus::Clean) };
    fx.catalog.note_rescan(customer, files[0].blob, &clean, &files[0].name, &entry("rescan")).await.unwrap();
    assert_eq!(stale("new", 10).await, [files[1].blob, files[2].blob]);
    // One that could not be judged keeps its verdict, and stands before no others.
    let failed = ScanVerdict { engine: "new".to_owned(), ..verdict(ScanStatus::Failed) };
    fx.clock.advance_seconds(1);
    fx.catalog.note_rescan(customer, files[1].blob, &failed, &files[1].name, &entry("rescan")).await.unwrap();
    assert_eq!(stale("new", 10).await, [files[2].blob]);
    assert_eq!(fx.catalog.blob(customer, files[1].blob).await.unwrap().unwrap().scan, ScanStatus::Clean);
    fx.catalog.delete_file(customer, files[2].id, &entry("delete")).await.unwrap();
    assert_eq!(stale("new", 10).await, [files[2].blob], "it may come back");
    fx.catalog.release_file(customer, files[2].id, fx.in_seconds(1), &entry("release")).await.unwrap();
    assert!(stale("new", 10).await.is_empty(), "nobody stands for them");
}

catalog_suite!(
    two_people_send_every_file_of_the_bytes_to_be_judged_again,
    a_release_is_of_bytes_in_quarantine_and_of_no_others,
    when_a_release_ends_what_it_let_out_is_not_read_until_it_is_judged_anew,
    a_verdict_stands_for_the_same_bytes_and_name_until_the_scanner_changes,
    bytes_with_an_older_verdict_come_oldest_first_and_once,
);
