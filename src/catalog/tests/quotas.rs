//! How much a customer may have: counted in the transaction that adds, and never passed.

use futures::future::join_all;

use super::fixture::{Fixture, catalog_suite, entry};
use crate::catalog::{Catalog, CatalogError, DirectState, DirectUpload, MostOpen, NewFile, Quota, Usage};
use crate::domain::{CustomerId, UploadId};

async fn usage(catalog: &Catalog, customer: CustomerId) -> Usage {
    catalog.quota(customer).await.unwrap().unwrap().1
}

fn is_full<T>(outcome: &Result<T, CatalogError>) -> bool {
    matches!(outcome, Err(CatalogError::Full(_)))
}

async fn what_a_customer_has_is_counted_whole_and_a_deleted_file_is_not(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    assert_eq!(fx.catalog.quota(customer).await.unwrap(), Some((Quota::default(), Usage::default())));
    let first = NewFile { size: 10, ..fx.new_file(customer, "first") };
    fx.catalog.add_file(&first, &entry("add")).await.unwrap();
    // The same bytes once more: one blob, counted twice, so that the count tells nobody.
    let second = NewFile { size: 10, ..fx.new_file(customer, "first") };
    assert!(fx.catalog.add_file(&second, &entry("add")).await.unwrap().duplicate);
    assert_eq!(usage(&fx.catalog, customer).await, Usage { files: 2, bytes: 20 });
    fx.catalog.delete_file(customer, first.id, &entry("delete")).await.unwrap();
    assert_eq!(usage(&fx.catalog, customer).await, Usage { files: 1, bytes: 10 });
    let other = fx.customer("Southwind").await;
    assert_eq!(usage(&fx.catalog, other).await, Usage::default());
}

async fn a_quota_is_never_passed_however_many_add_at_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let quota = Quota { files: Some(5), bytes: Some(35) };
    assert!(fx.catalog.set_quota(customer, quota, &entry("set_quota")).await.unwrap());
    let files: Vec<NewFile> = (0..8).map(|number| NewFile { size: 10, ..fx.new_file(customer, &format!("file {number}")) }).collect();
    let e = entry("add");
    let added = join_all(files.iter().map(|file| fx.catalog.add_file(file, &e))).await;
    assert_eq!((added.iter().filter(|one| one.is_ok()).count(), added.iter().filter(|one| is_full(one)).count()), (3, 5));
    assert_eq!(usage(&fx.catalog, customer).await, Usage { files: 3, bytes: 30 });
    // Nothing of what was refused is there.
    assert_eq!(fx.catalog.files_after(customer, None, 100).await.unwrap().len(), 3);
    let small = |name: &str| NewFile { size: 1, ..fx.new_file(customer, name) };
    for name in ["fourth", "fifth"] {
        fx.catalog.add_file(&small(name), &entry("add")).await.unwrap();
    }
    assert!(is_full(&fx.catalog.add_file(&small("sixth"), &entry("add")).await), "five files");
    assert!(fx.catalog.set_quota(customer, Quota::default(), &entry("set_quota")).await.unwrap());
    fx.catalog.add_file(&small("sixth"), &entry("add")).await.unwrap();
}

async fn what_is_announced_counts_until_it_is_there_or_given_up(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let announced = |size: u64, key: &str| {
        let id = UploadId::new(&*fx.clock, &*fx.entropy);
        DirectUpload { size, ..fx.new_direct(customer, id, key) }
    };
    fx.catalog.set_quota(customer, Quota { files: None, bytes: Some(100) }, &entry("set_quota")).await.unwrap();
    let first = announced(60, "uploads/1");
    assert!(fx.catalog.begin_direct(&first, MostOpen::OfCustomer(10), &entry("begin")).await.unwrap());
    let second = announced(60, "uploads/2");
    assert!(is_full(&fx.catalog.begin_direct(&second, MostOpen::OfCustomer(10), &entry("begin")).await));
    assert!(fx.catalog.direct_upload(customer, second.id).await.unwrap().is_none(), "nothing of it is noted");
    fx.catalog.end_direct(customer, first.id, DirectState::GivenUp, &entry("end")).await.unwrap();
    assert!(fx.catalog.begin_direct(&second, MostOpen::OfCustomer(10), &entry("begin")).await.unwrap());
}

async fn nobody_has_a_quota_who_is_no_customer(fx: &Fixture) {
    let nobody = CustomerId::new(&*fx.clock, &*fx.entropy);
    assert_eq!(fx.catalog.quota(nobody).await.unwrap(), None);
    assert!(!fx.catalog.set_quota(nobody, Quota::default(), &entry("set_quota")).await.unwrap());
}

catalog_suite!(
    what_a_customer_has_is_counted_whole_and_a_deleted_file_is_not,
    a_quota_is_never_passed_however_many_add_at_once,
    what_is_announced_counts_until_it_is_there_or_given_up,
    nobody_has_a_quota_who_is_no_customer,
);
