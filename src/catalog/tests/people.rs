//! Users, teams, contacts.

use super::fixture::{Fixture, catalog_suite, conflicts, entry, new_person};
use crate::catalog::{CatalogError, PersonChange};
use crate::domain::{ContactId, CustomerId, Person, PersonId, Phone, Role, TeamId, UserId};

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

async fn changed(fx: &Fixture, customer: CustomerId, user: UserId, change: PersonChange) -> Result<Person, CatalogError> {
    let was = fx.catalog.person(customer, PersonId::User(user)).await.unwrap().unwrap();
    fx.catalog.change_person(&was, &change, &entry("manage_people")).await?;
    Ok(fx.catalog.person(customer, PersonId::User(user)).await.unwrap().unwrap())
}

fn roles(roles: &[Role]) -> PersonChange {
    PersonChange { roles: Some(roles.to_vec()), ..PersonChange::default() }
}

fn active(active: bool) -> PersonChange {
    PersonChange { active: Some(active), ..PersonChange::default() }
}

async fn what_is_not_named_of_a_change_stays(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = fx.user(customer, "Ana").await;
    let was = fx.catalog.person(customer, PersonId::User(ana)).await.unwrap().unwrap();
    assert_eq!(changed(fx, customer, ana, PersonChange::default()).await.unwrap(), was);
    let change = PersonChange {
        name: Some("Anna".to_owned()),
        email: Some(Some("anna@example.com".to_owned())),
        phone: Some(Some(phone("+15550100"))),
        detail: Some(Some("in finance".to_owned())),
        ..roles(&[Role::Auditor])
    };
    let is = changed(fx, customer, ana, change).await.unwrap();
    assert_eq!((is.name.as_str(), is.email.as_deref(), is.detail.as_deref()), ("Anna", Some("anna@example.com"), Some("in finance")));
    assert_eq!((is.phone.clone(), is.roles.as_slice()), (Some(phone("+15550100")), &[Role::Auditor][..]));
    let bare = PersonChange { email: Some(None), phone: Some(None), detail: Some(None), ..PersonChange::default() };
    let is = changed(fx, customer, ana, bare).await.unwrap();
    assert_eq!((is.email, is.phone, is.detail, is.name.as_str()), (None, None, None, "Anna"));
    // Decided on what the person was before.
    assert!(conflicts(fx.catalog.change_person(&was, &roles(&[Role::Owner]), &entry("manage_people")).await));
}

async fn whoever_was_deactivated_is_nobody_by_number_until_activated_again(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = fx.user(customer, "Ana").await;
    let number = PersonChange { phone: Some(Some(phone("+15550100"))), ..PersonChange::default() };
    changed(fx, customer, ana, number).await.unwrap();
    let gone = changed(fx, customer, ana, active(false)).await.unwrap();
    assert_eq!(gone.deactivated_at, Some(fx.now()));
    assert_eq!(fx.catalog.user_by_phone(customer, &phone("+15550100")).await.unwrap(), None);
    fx.clock.advance_seconds(5);
    let still = changed(fx, customer, ana, active(false)).await.unwrap();
    assert_eq!(still.deactivated_at, gone.deactivated_at, "since when is not moved");
    assert_eq!(changed(fx, customer, ana, active(true)).await.unwrap().deactivated_at, None);
    assert_eq!(fx.catalog.user_by_phone(customer, &phone("+15550100")).await.unwrap(), Some(ana));
}

async fn a_team_that_was_deactivated_is_no_team_of_anybody(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = fx.user(customer, "Ana").await;
    let id = TeamId::new(&*fx.clock, &*fx.entropy);
    let team = Person { members: vec![ana], ..new_person(customer, PersonId::Team(id), "Finance") };
    fx.catalog.add_person(&team, &entry("add_person")).await.unwrap();
    fx.catalog.change_person(&team, &active(false), &entry("manage_people")).await.unwrap();
    assert_eq!(fx.catalog.teams_of(customer, ana).await.unwrap(), []);
}

async fn users_join_and_leave_teams(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (ana, stranger) = (fx.user(customer, "Ana").await, UserId::new(&*fx.clock, &*fx.entropy));
    let id = TeamId::new(&*fx.clock, &*fx.entropy);
    let (catalog, e) = (&fx.catalog, entry("manage_people"));
    catalog.add_person(&new_person(customer, PersonId::Team(id), "Finance"), &e).await.unwrap();
    for _ in 0..2 {
        catalog.join_team(customer, id, ana, &e).await.unwrap();
        assert_eq!(catalog.teams_of(customer, ana).await.unwrap(), [id]);
    }
    catalog.leave_team(customer, id, ana, &e).await.unwrap();
    assert_eq!(catalog.teams_of(customer, ana).await.unwrap(), []);
    assert!(conflicts(catalog.leave_team(customer, id, ana, &e).await));
    assert!(conflicts(catalog.join_team(customer, id, stranger, &e).await));
}

async fn the_last_owner_stays(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (ana, ben) = (fx.user(customer, "Ana").await, fx.user(customer, "Ben").await);
    changed(fx, customer, ana, roles(&[Role::Owner])).await.unwrap();
    for change in [roles(&[Role::Administrator]), roles(&[]), active(false)] {
        assert!(conflicts(changed(fx, customer, ana, change).await));
    }
    changed(fx, customer, ben, roles(&[Role::Owner, Role::Member])).await.unwrap();
    changed(fx, customer, ana, active(false)).await.unwrap();
    // The one that is left is deactivated in all but name.
    assert!(conflicts(changed(fx, customer, ben, roles(&[Role::Member])).await));
}

catalog_suite!(
    what_is_not_named_of_a_change_stays,
    whoever_was_deactivated_is_nobody_by_number_until_activated_again,
    a_team_that_was_deactivated_is_no_team_of_anybody,
    users_join_and_leave_teams,
    the_last_owner_stays,
    a_person_reads_back_as_added,
    a_team_knows_its_members_and_a_member_its_teams,
    a_team_with_a_member_nobody_knows_is_not_made,
    only_a_team_has_members_and_an_id_is_used_once,
    a_number_names_a_user_only_when_it_is_one_users,
);
