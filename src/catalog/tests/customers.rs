//! Customers.

use super::fixture::{Fixture, catalog_suite, conflicts, entry, hash};
use crate::catalog::{CatalogError, Customer, NewCustomer, Secret};
use crate::domain::{CustomerId, ErrorCode, Permission, Permissions, RegionName};

async fn a_customer_reads_back_with_its_first_key(fx: &Fixture) {
    let id = fx.customer("Northwind").await;
    assert_eq!(fx.catalog.customer(id).await.unwrap(), Some(Customer { id, name: "Northwind".to_owned(), is_test: true, region: None }));
    let (key, secret) = fx.catalog.key_by_secret(&hash("key of Northwind")).await.unwrap().unwrap();
    assert_eq!(secret, Secret::Present);
    assert_eq!((key.customer, key.label.as_str()), (Some(id), "the platform"));
    assert_eq!(key.permissions, Permissions::only([Permission::Read, Permission::Share]));
    assert_eq!((key.created_at, key.expires_at, key.revoked_at), (fx.now(), None, None));
    assert_eq!(fx.catalog.keys(id).await.unwrap(), [key]);
}

async fn customers_come_oldest_first(fx: &Fixture) {
    let first = fx.customer("Zephyr").await;
    fx.clock.advance_seconds(1);
    let second = fx.customer("Acme").await;
    fx.clock.advance_seconds(1);
    let third = CustomerId::new(&*fx.clock, &*fx.entropy);
    let real = NewCustomer { id: third, name: "Borealis".to_owned(), is_test: false, region: None, key: fx.new_key("key of Borealis") };
    fx.catalog.create_customer(&real, &entry("create_customer")).await.unwrap();
    let all: Vec<_> = fx.catalog.customers().await.unwrap().into_iter().map(|customer| (customer.id, customer.is_test)).collect();
    assert_eq!(all, [(first, true), (second, true), (third, false)]);
}

async fn a_customers_region_is_written_once(fx: &Fixture) {
    let home = fx.customer("Northwind").await;
    assert_eq!(fx.catalog.regions().await.unwrap(), []);
    fx.clock.advance_seconds(1);
    let id = CustomerId::new(&*fx.clock, &*fx.entropy);
    let region = RegionName::parse("eu-central-1").ok();
    let new = NewCustomer { id, name: "Borealis".to_owned(), is_test: true, region: region.clone(), key: fx.new_key("key of Borealis") };
    fx.catalog.create_customer(&new, &entry("create_customer")).await.unwrap();
    assert_eq!(fx.catalog.customer(id).await.unwrap().unwrap().region, region);
    assert_eq!(fx.catalog.customer(home).await.unwrap().unwrap().region, None);
    assert_eq!(fx.catalog.regions().await.unwrap(), region.into_iter().collect::<Vec<_>>());
    let all: Vec<_> = fx.catalog.customers().await.unwrap().into_iter().map(|customer| customer.region.is_some()).collect();
    assert_eq!(all, [false, true]);
}

async fn an_unknown_customer_or_secret_is_nobodys(fx: &Fixture) {
    fx.customer("Northwind").await;
    let stranger = CustomerId::new(&*fx.clock, &*fx.entropy);
    assert_eq!(fx.catalog.customer(stranger).await.unwrap(), None);
    assert_eq!(fx.catalog.key_by_secret(&hash("guess")).await.unwrap(), None);
}

async fn a_customer_is_made_once_and_whole(fx: &Fixture) {
    let id = fx.customer("Northwind").await;
    let before = fx.records(id).await;
    let again = NewCustomer { id, name: "Other".to_owned(), is_test: false, region: None, key: fx.new_key("second") };
    let error = fx.catalog.create_customer(&again, &entry("create_customer")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert_eq!(fx.catalog.customer(id).await.unwrap().unwrap().name, "Northwind");
    assert_eq!(fx.catalog.key_by_secret(&hash("second")).await.unwrap(), None);
    // A secret that is taken: the customer is not made without its key.
    let taken = CustomerId::new(&*fx.clock, &*fx.entropy);
    let new = NewCustomer { id: taken, name: "Taken".to_owned(), is_test: false, region: None, key: fx.new_key("key of Northwind") };
    assert!(conflicts(fx.catalog.create_customer(&new, &entry("create_customer")).await));
    assert_eq!(fx.catalog.customer(taken).await.unwrap(), None);
    assert_eq!((fx.records(id).await, fx.records(taken).await), (before, 0));
}

async fn a_database_belongs_to_servers_with_one_secret(fx: &Fixture) {
    fx.catalog.belong_to("ours").await.unwrap();
    fx.catalog.belong_to("ours").await.unwrap();
    assert!(matches!(fx.catalog.belong_to("another").await, Err(CatalogError::OtherSecret)));
    fx.reopened().await.belong_to("ours").await.unwrap();
}

catalog_suite!(
    a_database_belongs_to_servers_with_one_secret,
    a_customer_reads_back_with_its_first_key,
    customers_come_oldest_first,
    a_customers_region_is_written_once,
    an_unknown_customer_or_secret_is_nobodys,
    a_customer_is_made_once_and_whole,
);
