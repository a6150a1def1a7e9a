//! Old versions, and how they come back.

use super::fixture::{Fixture, admission, catalog_suite, conflicts, entry};
use crate::catalog::{Admission, NewFile};
use crate::domain::{CustomerId, FileId, FileStatus, JobId};

/// An active file with two versions.
async fn twice(fx: &Fixture, customer: CustomerId) -> FileId {
    let file = fx.active(customer, "first").await;
    fx.catalog.add_file(&NewFile { id: file, ..fx.new_file(customer, "second") }, &entry("add")).await.unwrap();
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    fx.catalog.admit(&job, &Admission { title: "Second".to_owned(), ..admission("x") }, &entry("admit")).await.unwrap();
    file
}

fn job(fx: &Fixture) -> JobId {
    JobId::new(&*fx.clock, &*fx.entropy)
}

async fn a_restored_version_is_the_newest_and_passes_the_scanner(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = twice(fx, customer).await;
    let before = fx.records(customer).await;
    assert_eq!(fx.catalog.restore_version(customer, file, 1, job(fx), &entry("restore")).await.unwrap(), 3);
    let versions = fx.catalog.versions(customer, file).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!((versions[0].blob, versions[0].checksum), (versions[2].blob, versions[2].checksum));
    assert_ne!(versions[0].blob, versions[1].blob);
    let record = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((record.version, record.blob, record.status), (3, versions[2].blob, FileStatus::Scanning));
    let told = fx.catalog.audit_page(customer, before as u64, 10).await.unwrap();
    assert_eq!((told[0].version, told[0].content_hash.clone()), (Some(3), Some(versions[2].checksum.hex())));
    let leased = fx.lease().await;
    assert_eq!((leased.file, leased.version), (file, 3));
    assert!(conflicts(fx.catalog.restore_version(customer, file, 2, job(fx), &entry("restore")).await), "not while it is looked at");
    let leased = fx.cleared(&leased).await;
    fx.catalog.admit(&leased, &admission("First again"), &entry("admit")).await.unwrap();
    assert_eq!(fx.state(customer, file).await, FileStatus::Active);
    assert_eq!(fx.catalog.version(customer, file, 2).await.unwrap().unwrap(), versions[1]);
    assert_eq!(fx.catalog.version(customer, file, 4).await.unwrap(), None);
}

async fn what_was_not_found_clean_or_is_gone_does_not_come_back(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = twice(fx, customer).await;
    assert!(conflicts(fx.catalog.restore_version(customer, file, 7, job(fx), &entry("restore")).await));
    fx.damage("UPDATE blobs SET scan_status = 'infected'").await;
    assert!(conflicts(fx.catalog.restore_version(customer, file, 1, job(fx), &entry("restore")).await));
    fx.damage("UPDATE blobs SET scan_status = 'clean'").await;
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    assert!(conflicts(fx.catalog.restore_version(customer, file, 1, job(fx), &entry("restore")).await));
    assert!(conflicts(fx.catalog.accessed_version(customer, file, &entry("download")).await));
    assert_eq!(fx.catalog.versions(customer, file).await.unwrap().len(), 2);
}

catalog_suite!(a_restored_version_is_the_newest_and_passes_the_scanner, what_was_not_found_clean_or_is_gone_does_not_come_back,);
