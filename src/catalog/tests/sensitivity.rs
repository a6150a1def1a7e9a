//! How sensitive files are: found, said, and what becomes of both with a new version.

use super::fixture::{Fixture, admission, catalog_suite, conflicts, entry};
use crate::catalog::{Admission, NewFile, NewSaid};
use crate::domain::{
    Classification, CustomerId, FileId, FilePart, Finding, FindingCount, FindingKind, FindingPlace, LevelRule, OwnRule, Sought,
};

/// What somebody says of a version.
pub(super) fn said(version: u32) -> NewSaid {
    NewSaid { version, level: Some(Classification::Restricted), reason: "an offer".to_owned() }
}

pub(super) fn own_rule(name: &str) -> OwnRule {
    let sought = Sought::Words(vec!["project heron".to_owned(), "Zoë".to_owned()]);
    OwnRule { name: name.to_owned(), sought, at_least: 2, level: Classification::Confidential }
}

fn cards(count: u32) -> Finding {
    let places = vec![FindingPlace { part: FilePart::Text, line: 3, offset: 120 }];
    Finding { kind: FindingKind::Card, rule: "visa".to_owned(), count, places, sample: "**** 4242".to_owned() }
}

/// Reads what waits, and finds this in it.
async fn read(fx: &Fixture, findings: Option<Vec<Finding>>, found: Classification) {
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    fx.catalog.admit(&job, &Admission { findings, found, ..admission("Report") }, &entry("admit")).await.unwrap();
}

async fn levels(fx: &Fixture, customer: CustomerId, file: FileId) -> (Classification, Classification) {
    let file = fx.catalog.file(customer, file).await.unwrap().unwrap();
    (file.classification, file.found)
}

async fn another_version(fx: &Fixture, customer: CustomerId, file: FileId) {
    let new = NewFile { id: file, ..fx.new_file(customer, "next") };
    fx.catalog.add_file(&new, &entry("add")).await.unwrap();
}

async fn findings_are_kept_by_version_and_the_newest_reading_counts(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    read(fx, Some(vec![cards(2)]), Classification::Restricted).await;
    assert_eq!(fx.catalog.findings(customer, file, 1).await.unwrap(), [cards(2)]);
    let record = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!(record.findings, Some(vec![FindingCount { kind: FindingKind::Card, count: 2 }]));
    assert_eq!((record.classification, record.found, record.said), (Classification::Restricted, Classification::Restricted, None));
    another_version(fx, customer, file).await;
    read(fx, Some(Vec::new()), Classification::Internal).await;
    assert_eq!(levels(fx, customer, file).await, (Classification::Internal, Classification::Internal));
    assert_eq!(fx.catalog.findings(customer, file, 2).await.unwrap(), []);
    assert_eq!(fx.catalog.findings(customer, file, 1).await.unwrap(), [cards(2)], "of the version before they stay");
    another_version(fx, customer, file).await;
    read(fx, None, Classification::Internal).await;
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().findings, None, "nobody could look");
}

async fn a_word_on_a_version_holds_for_it_and_of_later_ones_the_higher(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    read(fx, Some(vec![cards(1)]), Classification::Restricted).await;
    let say = async |version, level| {
        let new = NewSaid { version, level, reason: "looked at".to_owned() };
        fx.catalog.classify_file(customer, file, &new, &entry("classify")).await
    };
    let last = fx.last_change(customer).await;
    say(1, Some(Classification::Public)).await.unwrap();
    assert_eq!(fx.catalog.changes(customer, last, 10).await.unwrap().len(), 1);
    assert_eq!(levels(fx, customer, file).await, (Classification::Public, Classification::Restricted));
    let told = fx.catalog.file(customer, file).await.unwrap().unwrap().said.unwrap();
    assert_eq!((told.level, told.version, told.by.as_str(), told.reason.as_str()), (Classification::Public, 1, "operator", "looked at"));
    another_version(fx, customer, file).await;
    assert!(conflicts(say(1, Some(Classification::Public)).await), "of a version that is not the present one");
    read(fx, Some(vec![cards(1)]), Classification::Restricted).await;
    assert_eq!(levels(fx, customer, file).await.0, Classification::Restricted, "what was lowered is high again");
    say(2, Some(Classification::Restricted)).await.unwrap();
    another_version(fx, customer, file).await;
    read(fx, Some(Vec::new()), Classification::Internal).await;
    assert_eq!(levels(fx, customer, file).await, (Classification::Restricted, Classification::Internal), "what was raised stays");
    say(3, None).await.unwrap();
    assert_eq!(levels(fx, customer, file).await.0, Classification::Internal);
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().said, None);
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    assert!(conflicts(say(3, Some(Classification::Public)).await));
}

async fn what_was_found_is_forgotten_with_the_bytes(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    read(fx, Some(vec![cards(1)]), Classification::Restricted).await;
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    assert_eq!(fx.catalog.findings(customer, file, 1).await.unwrap().len(), 1);
    fx.catalog.release_file(customer, file, fx.in_seconds(1), &entry("release")).await.unwrap();
    assert_eq!(fx.catalog.findings(customer, file, 1).await.unwrap(), []);
}

async fn a_customer_has_rules_of_its_own_up_to_a_bound(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let names = async || -> Vec<String> { fx.catalog.own_rules(customer).await.unwrap().into_iter().map(|own| own.rule.name).collect() };
    fx.catalog.set_own_rule(customer, &own_rule("heron"), &entry("set_own_rule")).await.unwrap();
    let pattern = OwnRule { sought: Sought::Pattern("SN-[0-9]{5}".to_owned()), ..own_rule("heron") };
    fx.catalog.set_own_rule(customer, &pattern, &entry("set_own_rule")).await.unwrap();
    assert_eq!(fx.catalog.own_rules(customer).await.unwrap()[0].rule, pattern, "in place of the one of its name");
    for number in 1..OwnRule::MOST {
        fx.catalog.set_own_rule(customer, &own_rule(&format!("r{number:02}")), &entry("set_own_rule")).await.unwrap();
    }
    assert!(conflicts(fx.catalog.set_own_rule(customer, &own_rule("one-more"), &entry("set_own_rule")).await));
    fx.catalog.set_own_rule(customer, &own_rule("heron"), &entry("set_own_rule")).await.unwrap();
    fx.catalog.remove_own_rule(customer, "heron", &entry("remove_own_rule")).await.unwrap();
    assert!(conflicts(fx.catalog.remove_own_rule(customer, "heron", &entry("remove_own_rule")).await));
    let large = OwnRule { sought: Sought::Words(vec!["x".repeat(OwnRule::TOGETHER)]), ..own_rule("large") };
    assert!(conflicts(fx.catalog.set_own_rule(customer, &large, &entry("set_own_rule")).await));
    assert_eq!(names().await.len(), OwnRule::MOST - 1);
}

async fn level_rules_are_replaced_as_a_whole(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    assert_eq!(fx.catalog.level_rules(customer).await.unwrap(), []);
    fx.catalog.set_level_rules(customer, &LevelRule::USUAL, &entry("set_level_rules")).await.unwrap();
    assert_eq!(fx.catalog.level_rules(customer).await.unwrap().len(), LevelRule::USUAL.len());
    let one = LevelRule { kind: FindingKind::Email, at_least: 1, level: Classification::Restricted };
    fx.catalog.set_level_rules(customer, &[one], &entry("set_level_rules")).await.unwrap();
    assert_eq!(fx.catalog.level_rules(customer).await.unwrap(), [one]);
    fx.catalog.set_level_rules(customer, &[], &entry("set_level_rules")).await.unwrap();
    assert_eq!(fx.catalog.level_rules(customer).await.unwrap(), []);
}

catalog_suite!(
    findings_are_kept_by_version_and_the_newest_reading_counts,
    a_word_on_a_version_holds_for_it_and_of_later_ones_the_higher,
    what_was_found_is_forgotten_with_the_bytes,
    a_customer_has_rules_of_its_own_up_to_a_bound,
    level_rules_are_replaced_as_a_whole,
);
