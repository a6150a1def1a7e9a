//! By which word files are sorted: found, said, remembered, and looked at again.

use super::fixture::{Fixture, admission, catalog_suite, conflicts, entry};
use crate::catalog::{Admission, NewFile, Reread, RereadFile};
use crate::domain::{Classification, CustomerId, FileId, Hint, HintPart, Likeness, OwnTopic, Remembered, Sorted, Sought, Topic};

pub(super) fn topic(name: &str) -> Topic {
    Topic::parse(name).unwrap()
}

pub(super) fn own_topic(name: &str) -> OwnTopic {
    OwnTopic { topic: topic(name), sought: Sought::Words(vec!["project heron".to_owned(), "Zoë".to_owned()]) }
}

/// What is alike between files that are called so.
pub(super) fn like(name: &str, sender: &str) -> Likeness {
    Likeness::of(name, Some(sender))
}

fn sorted(name: &str) -> Sorted {
    Sorted::by(&[Hint { topic: topic(name), part: HintPart::Name, rule: name.to_owned(), points: 100 }])
}

async fn read(fx: &Fixture, found: &str) {
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    fx.catalog.admit(&job, &Admission { sorted: sorted(found), ..admission("Report") }, &entry("admit")).await.unwrap();
}

async fn holds(fx: &Fixture, customer: CustomerId, file: FileId) -> String {
    fx.catalog.file(customer, file).await.unwrap().unwrap().topic.to_string()
}

async fn what_somebody_said_holds_for_every_later_version_until_it_is_taken_back(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    assert_eq!(holds(fx, customer, file).await, "general", "before it was read");
    read(fx, "invoices").await;
    assert_eq!(holds(fx, customer, file).await, "invoices");
    let say = async |name: Option<&str>| {
        let named = name.map(topic);
        fx.catalog.say_topic(customer, file, named.as_ref(), &like("report", "ann"), &entry("categorise")).await
    };
    let last = fx.last_change(customer).await;
    say(Some("contracts")).await.unwrap();
    assert_eq!(fx.catalog.changes(customer, last, 10).await.unwrap().len(), 1);
    let record = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((record.topic.as_str(), record.sorted.unwrap().topic.as_str()), ("contracts", "invoices"));
    assert_eq!(record.topic_said.unwrap().by, "operator");
    let new = NewFile { id: file, ..fx.new_file(customer, "next") };
    fx.catalog.add_file(&new, &entry("add")).await.unwrap();
    read(fx, "reports").await;
    assert_eq!(holds(fx, customer, file).await, "contracts", "of a later version too");
    say(None).await.unwrap();
    assert_eq!(holds(fx, customer, file).await, "reports");
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().topic_said, None);
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    assert!(conflicts(say(Some("contracts")).await));
}

async fn what_people_said_is_remembered_by_name_and_sender_within_one_customer(fx: &Fixture) {
    let (customer, other) = (fx.customer("Northwind").await, fx.customer("Acme").await);
    let mut said = Vec::new();
    for name in ["Statement 1", "Statement 2", "Letter"] {
        let file = fx.arrived(customer, name).await;
        fx.catalog.say_topic(customer, file, Some(&topic("financial")), &like(name, "Ann Lee"), &entry("categorise")).await.unwrap();
        said.push(file);
    }
    let asked = fx.arrived(customer, "asked").await;
    let remembered = async |of, file, like: &Likeness| fx.catalog.remembered(of, file, like).await.unwrap();
    let financial = |by_name, by_sender| vec![Remembered { topic: topic("financial"), by_name, by_sender }];
    assert_eq!(remembered(customer, asked, &like("statement 77", "ann lee")).await, financial(2, 1));
    assert_eq!(remembered(customer, asked, &like("statement", "Bob")).await, financial(2, 0));
    assert_eq!(remembered(customer, said[0], &like("statement", "Bob")).await, financial(1, 0), "not by what was said of itself");
    assert_eq!(remembered(customer, asked, &like("2024-03", "")).await, [], "what says nothing is like nothing");
    assert_eq!(remembered(other, asked, &like("statement 77", "ann lee")).await, []);
    fx.catalog.say_topic(customer, said[0], None, &like("Statement 1", "Ann Lee"), &entry("categorise")).await.unwrap();
    assert_eq!(remembered(customer, asked, &like("statement", "Bob")).await, financial(1, 0), "what is taken back is forgotten");
    fx.catalog.delete_file(customer, said[1], &entry("delete")).await.unwrap();
    fx.catalog.release_file(customer, said[1], fx.in_seconds(1), &entry("release")).await.unwrap();
    assert_eq!(remembered(customer, asked, &like("statement", "Bob")).await, [], "and with the bytes");
}

async fn a_customer_has_categories_of_its_own_up_to_a_bound(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    fx.catalog.set_own_topic(customer, &own_topic("herons"), &entry("set_own_category")).await.unwrap();
    let pattern = OwnTopic { sought: Sought::Pattern("SN-[0-9]{5}".to_owned()), ..own_topic("herons") };
    fx.catalog.set_own_topic(customer, &pattern, &entry("set_own_category")).await.unwrap();
    assert_eq!(fx.catalog.own_topics(customer).await.unwrap()[0].own, pattern, "in place of the one of its name");
    for number in 1..OwnTopic::MOST {
        fx.catalog.set_own_topic(customer, &own_topic(&format!("c{number:02}")), &entry("set_own_category")).await.unwrap();
    }
    assert!(conflicts(fx.catalog.set_own_topic(customer, &own_topic("one-more"), &entry("set_own_category")).await));
    fx.catalog.remove_own_topic(customer, &topic("herons"), &entry("remove_own_category")).await.unwrap();
    assert!(conflicts(fx.catalog.remove_own_topic(customer, &topic("herons"), &entry("remove_own_category")).await));
    let large = OwnTopic { sought: Sought::Words(vec!["x".repeat(OwnTopic::TOGETHER)]), ..own_topic("large") };
    assert!(conflicts(fx.catalog.set_own_topic(customer, &large, &entry("set_own_category")).await));
    assert_eq!(fx.catalog.own_topics(customer).await.unwrap().len(), OwnTopic::MOST - 1);
}

async fn looking_again_goes_file_by_file_and_says_how_far_it_is(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let mut files = Vec::new();
    for name in ["a", "b", "c"] {
        files.push(fx.arrived(customer, name).await);
        read(fx, "invoices").await;
    }
    assert_eq!(fx.catalog.rereads(customer).await.unwrap(), []);
    fx.catalog.begin_reread(customer, Reread::Categories, &entry("reread_categories")).await.unwrap();
    let under_way = async || fx.catalog.rereads(customer).await.unwrap().remove(0);
    let first = under_way().await;
    assert_eq!((first.after, first.looked_at, first.ended_at), (None, 0, None));
    let record = async |at: usize| fx.catalog.file(customer, files[at]).await.unwrap().unwrap();
    let pass =
        async |of, at: usize, result: RereadFile| fx.catalog.reread_file(of, &record(at).await, &result, &entry("reread_categories")).await;
    let last = fx.last_change(customer).await;
    pass(&first, 0, RereadFile::Sorted(sorted("reports"))).await.unwrap();
    assert_eq!(holds(fx, customer, files[0]).await, "reports");
    assert!(conflicts(pass(&first, 0, RereadFile::Sorted(sorted("contracts"))).await), "it is past that file");
    assert_eq!(holds(fx, customer, files[0]).await, "reports");
    pass(&first, 1, RereadFile::Same).await.unwrap();
    assert_eq!(fx.catalog.changes(customer, last, 10).await.unwrap().len(), 1, "what stays the same is not indexed again");
    pass(&first, 2, RereadFile::Failed).await.unwrap();
    let now = under_way().await;
    assert_eq!((now.after, now.looked_at, now.changed, now.failed), (Some(files[2]), 3, 1, 1));
    fx.catalog.end_reread(customer, &now, &entry("reread_categories")).await.unwrap();
    assert!(conflicts(fx.catalog.end_reread(customer, &now, &entry("reread_categories")).await));
    assert!(under_way().await.ended_at.is_some());
    fx.clock.advance_seconds(1);
    fx.catalog.begin_reread(customer, Reread::Categories, &entry("reread_categories")).await.unwrap();
    let again = under_way().await;
    assert_eq!((again.after, again.looked_at, again.ended_at), (None, 0, None));
    assert!(conflicts(pass(&now, 0, RereadFile::Same).await), "one that was asked for before goes no further");
}

async fn looking_again_changes_what_is_found_and_not_what_was_said(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "a").await;
    read(fx, "invoices").await;
    fx.catalog.say_topic(customer, file, Some(&topic("contracts")), &like("a", ""), &entry("categorise")).await.unwrap();
    fx.catalog.begin_reread(customer, Reread::Findings, &entry("reread_findings")).await.unwrap();
    fx.clock.advance_seconds(1);
    fx.catalog.begin_reread(customer, Reread::Categories, &entry("reread_categories")).await.unwrap();
    let both = fx.catalog.rereads(customer).await.unwrap();
    assert_eq!(both.iter().map(|one| one.what).collect::<Vec<_>>(), [Reread::Findings, Reread::Categories]);
    let seen = fx.catalog.file(customer, file).await.unwrap().unwrap();
    let found = RereadFile::Findings(Vec::new(), Classification::Restricted);
    fx.catalog.reread_file(&both[0], &seen, &found, &entry("reread_findings")).await.unwrap();
    fx.catalog.reread_file(&both[1], &seen, &RereadFile::Sorted(sorted("reports")), &entry("reread_categories")).await.unwrap();
    let now = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((now.classification, now.found), (Classification::Restricted, Classification::Restricted));
    assert_eq!((now.topic.as_str(), now.sorted.unwrap().topic.as_str()), ("contracts", "reports"));
    // A file that got another version meanwhile is only passed.
    let new = NewFile { id: file, ..fx.new_file(customer, "next") };
    fx.catalog.add_file(&new, &entry("add")).await.unwrap();
    fx.clock.advance_seconds(1);
    fx.catalog.begin_reread(customer, Reread::Categories, &entry("reread_categories")).await.unwrap();
    let under_way = fx.catalog.rereads(customer).await.unwrap().into_iter().find(|one| one.what == Reread::Categories).unwrap();
    fx.catalog.reread_file(&under_way, &seen, &RereadFile::Sorted(sorted("images")), &entry("reread_categories")).await.unwrap();
    let after = fx.catalog.rereads(customer).await.unwrap().into_iter().find(|one| one.what == Reread::Categories).unwrap();
    assert_eq!((after.looked_at, after.changed), (1, 0));
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().sorted.unwrap().topic.as_str(), "reports");
}

catalog_suite!(
    what_somebody_said_holds_for_every_later_version_until_it_is_taken_back,
    what_people_said_is_remembered_by_name_and_sender_within_one_customer,
    a_customer_has_categories_of_its_own_up_to_a_bound,
    looking_again_goes_file_by_file_and_says_how_far_it_is,
    looking_again_changes_what_is_found_and_not_what_was_said,
);
