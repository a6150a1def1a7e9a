//! Sets of a customer's own policies.

use super::fixture::{Fixture, catalog_suite, conflicts, entry};
use crate::catalog::NewPolicySet;

fn set(text: &str, note: &str) -> NewPolicySet {
    NewPolicySet { texts: vec![("own.cedar".to_owned(), text.to_owned())], note: note.to_owned() }
}

async fn sets_are_numbered_and_stay_as_they_were_written(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (catalog, e) = (&fx.catalog, entry("draft_policies"));
    assert_eq!(catalog.active_policy_set(customer).await.unwrap(), 0);
    for number in 1..=3 {
        assert_eq!(catalog.add_policy_set(customer, &set(&format!("// {number}"), "why"), &e).await.unwrap(), number);
        fx.clock.advance_seconds(1);
    }
    let found = catalog.policy_set(customer, 2).await.unwrap().unwrap();
    assert_eq!((found.number, found.note.as_str(), found.activated_at), (2, "why", None));
    assert_eq!(found.texts, [("own.cedar".to_owned(), "// 2".to_owned())]);
    let numbers = async |before, limit| -> Vec<u32> {
        catalog.policy_sets(customer, before, limit).await.unwrap().iter().map(|set| set.number).collect()
    };
    assert_eq!(numbers(None, 2).await, [3, 2]);
    assert_eq!(numbers(Some(2), 2).await, [1]);
    assert_eq!(catalog.policy_set(customer, 4).await.unwrap(), None);
    // Another customer begins anew.
    let other = fx.customer("Southwind").await;
    assert_eq!(catalog.add_policy_set(other, &set("", ""), &e).await.unwrap(), 1);
    assert_eq!(catalog.active_policy_set(other).await.unwrap(), 0);
}

async fn one_set_is_in_force_and_only_over_the_one_it_was_judged_with(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (catalog, e) = (&fx.catalog, entry("activate_policies"));
    for _ in 0..2 {
        catalog.add_policy_set(customer, &set("", ""), &e).await.unwrap();
    }
    catalog.activate_policy_set(customer, 1, 0, &e).await.unwrap();
    assert_eq!(catalog.active_policy_set(customer).await.unwrap(), 1);
    assert_eq!(catalog.policy_set(customer, 1).await.unwrap().unwrap().activated_at, Some(fx.now()));
    let before = fx.records(customer).await;
    assert!(conflicts(catalog.activate_policy_set(customer, 2, 0, &e).await), "another came between");
    assert!(conflicts(catalog.activate_policy_set(customer, 9, 1, &e).await), "there is none");
    assert_eq!((fx.records(customer).await, catalog.active_policy_set(customer).await.unwrap()), (before, 1));
    catalog.activate_policy_set(customer, 0, 1, &e).await.unwrap();
    assert_eq!(catalog.active_policy_set(customer).await.unwrap(), 0);
}

catalog_suite!(sets_are_numbered_and_stay_as_they_were_written, one_set_is_in_force_and_only_over_the_one_it_was_judged_with);
