//! Users, teams, contacts.

use super::fixture::{Fixture, catalog_suite, conflicts, entry, new_person};
use crate::domain::{ContactId, Person, PersonId, Phone, Role, TeamId, UserId};

fn phone(text: &str) -> Phone {
    Phone::parse(text).unwrap()
}

async fn a_person_reads_back_as_added(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let user = UserId::new(&*fx.clock, &*fx.entropy);
    let john = Person {
        email: Some("john@northwind.example".to_owned()),
        phone: Some(phone("+15550100")),
        roles: vec![Role::Administrator, Role::Auditor],
        detail: Some("in finance".to_owned()),
        ..new_person(customer, PersonId::User(user), "John \"Jack\" Smythe-Ångström")
    };
    fx.catalog.add_person(&john, &entry("add_person")).await.unwrap();
    assert_eq!(fx.catalog.person(customer, john.id).await.unwrap(), Some(john.clone()));
    assert_eq!(fx.catalog.people(customer).await.unwrap(), [john]);
    let unknown = PersonId::Contact(ContactId::new(&*fx.clock, &*fx.entropy));
    assert_eq!(fx.catalog.person(customer, unknown).await.unwrap(), None);
}

async fn a_team_knows_its_members_and_a_member_its_teams(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = fx.user(customer, "Ana").await;
    fx.clock.advance_seconds(1);
    let ben = fx.user(customer, "Ben").await;
    let id = TeamId::new(&*fx.clock, &*fx.entropy);
    // Named twice is a member once.
    let team = Person { members: vec![ana, ben, ana], ..new_person(customer, PersonId::Team(id), "Finance") };
    fx.catalog.add_person(&team, &entry("add_person")).await.unwrap();
    assert_eq!(fx.catalog.person(customer, team.id).await.unwrap().unwrap().members, [ana, ben]);
    let listed = fx.catalog.people(customer).await.unwrap();
    assert_eq!(listed.iter().find(|person| person.id == team.id).unwrap().members, [ana, ben]);
    assert_eq!(fx.catalog.teams_of(customer, ana).await.unwrap(), [id]);
    assert_eq!(fx.catalog.teams_of(customer, UserId::new(&*fx.clock, &*fx.entropy)).await.unwrap(), []);
}

async fn a_team_with_a_member_nobody_knows_is_not_made(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let stranger = UserId::new(&*fx.clock, &*fx.entropy);
    let id = PersonId::Team(TeamId::new(&*fx.clock, &*fx.entropy));
    let before = fx.records(customer).await;
    let team = Person { members: vec![stranger], ..new_person(customer, id, "Ghosts") };
    assert!(conflicts(fx.catalog.add_person(&team, &entry("add_person")).await));
    assert_eq!(fx.catalog.person(customer, id).await.unwrap(), None);
    assert_eq!(fx.records(customer).await, before);
}

async fn only_a_team_has_members_and_an_id_is_used_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = fx.user(customer, "Ana").await;
    let contact = PersonId::Contact(ContactId::new(&*fx.clock, &*fx.entropy));
    let odd = Person { members: vec![ana], ..new_person(customer, contact, "Odd") };
    assert!(conflicts(fx.catalog.add_person(&odd, &entry("add_person")).await));
    let twin = new_person(customer, PersonId::User(ana), "Ana again");
    assert!(conflicts(fx.catalog.add_person(&twin, &entry("add_person")).await));
    assert_eq!(fx.catalog.person(customer, PersonId::User(ana)).await.unwrap().unwrap().name, "Ana");
}

async fn a_number_names_a_user_only_when_it_is_one_users(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let number = phone("+1 555 0100");
    assert_eq!(fx.catalog.user_by_phone(customer, &number).await.unwrap(), None);
    let contact = PersonId::Contact(ContactId::new(&*fx.clock, &*fx.entropy));
    let person = Person { phone: Some(phone("+15550100")), ..new_person(customer, contact, "Outside") };
    fx.catalog.add_person(&person, &entry("add_person")).await.unwrap();
    assert_eq!(fx.catalog.user_by_phone(customer, &number).await.unwrap(), None, "a contact is no caller");
    let first = UserId::new(&*fx.clock, &*fx.entropy);
    let person = Person { phone: Some(phone("+15550100")), ..new_person(customer, PersonId::User(first), "Ana") };
    fx.catalog.add_person(&person, &entry("add_person")).await.unwrap();
    assert_eq!(fx.catalog.user_by_phone(customer, &number).await.unwrap(), Some(first));
    let second = UserId::new(&*fx.clock, &*fx.entropy);
    let person = Person { phone: Some(phone("+15550100")), ..new_person(customer, PersonId::User(second), "Ben") };
    fx.catalog.add_person(&person, &entry("add_person")).await.unwrap();
    assert_eq!(fx.catalog.user_by_phone(customer, &number).await.unwrap(), None, "two share the number");
}

catalog_suite!(
    a_person_reads_back_as_added,
    a_team_knows_its_members_and_a_member_its_teams,
    a_team_with_a_member_nobody_knows_is_not_made,
    only_a_team_has_members_and_an_id_is_used_once,
    a_number_names_a_user_only_when_it_is_one_users,
);
