//! Standing rights on files and folders.

use super::fixture::{Fixture, catalog_suite, conflicts, entry, new_person};
use crate::catalog::{Grant, NewFile, PersonChange, Place};
use crate::domain::{CustomerId, FileId, Folder, Level, Owner, PersonId, TeamId, Timestamp};

fn folder(path: &str) -> Folder {
    Folder::parse(path).unwrap()
}

async fn file_in(fx: &Fixture, customer: CustomerId, path: &str) -> FileId {
    let new = NewFile { folder: folder(path), ..fx.new_file(customer, path) };
    fx.catalog.add_file(&new, &entry("add")).await.unwrap();
    new.id
}

async fn a_right_on_a_folder_is_one_on_all_that_lies_in_it(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = PersonId::User(fx.user(customer, "Ana").await);
    let given = fx.new_grant(customer, Place::Folder(folder("legal")), ana);
    fx.catalog.give_grant(&given, &entry("grant")).await.unwrap();
    let mut files = Vec::new();
    for (path, inside) in [("legal", true), ("legal/2026/q1", true), ("legals", false), ("", false), ("old/legal", false), ("lega%", false)]
    {
        files.push((file_in(fx, customer, path).await, inside));
    }
    let ids: Vec<FileId> = files.iter().map(|(file, _)| *file).collect();
    let told = fx.catalog.grants_of(customer, &ids).await.unwrap();
    let viewer = Grant { to: ana, level: Level::Viewer, expires_at: Timestamp::MAX };
    for (file, inside) in files {
        let expected: &[Grant] = if inside { &[viewer] } else { &[] };
        assert_eq!(told[&file], expected);
        assert_eq!(fx.catalog.grants(customer, file).await.unwrap(), expected);
    }
    assert_eq!(fx.catalog.folder_grants(customer, &folder("legal/2026")).await.unwrap(), [viewer]);
    assert_eq!(fx.catalog.folder_grants(customer, &folder("")).await.unwrap(), []);
    assert_eq!(fx.catalog.granted_folders(customer, &[ana]).await.unwrap(), [folder("legal")]);
    assert_eq!(fx.catalog.granted_folders(customer, &[]).await.unwrap(), []);
}

async fn a_right_at_the_top_reaches_everything(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = PersonId::User(fx.user(customer, "Ana").await);
    let file = file_in(fx, customer, "legal/2026").await;
    fx.catalog.give_grant(&fx.new_grant(customer, Place::Folder(folder("")), ana), &entry("grant")).await.unwrap();
    assert_eq!(fx.catalog.grants(customer, file).await.unwrap().len(), 1);
    assert_eq!(fx.catalog.folder_grants(customer, &folder("")).await.unwrap().len(), 1);
}

async fn a_new_right_takes_the_place_of_the_old_one(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = PersonId::User(fx.user(customer, "Ana").await);
    let file = fx.active(customer, "report").await;
    for place in [Place::File(file), Place::Folder(folder("legal"))] {
        let mut grant = fx.new_grant(customer, place.clone(), ana);
        fx.catalog.give_grant(&grant, &entry("grant")).await.unwrap();
        grant = fx.new_grant(customer, place.clone(), ana);
        grant.level = Level::Editor;
        fx.catalog.give_grant(&grant, &entry("grant")).await.unwrap();
        let standing = fx.catalog.standing_grants(customer, &place).await.unwrap();
        assert_eq!(standing.len(), 1);
        assert_eq!((standing[0].id, standing[0].level, standing[0].to, &standing[0].place), (grant.id, Level::Editor, ana, &place));
        assert_eq!(fx.catalog.standing_grant(customer, grant.id).await.unwrap(), Some(standing[0].clone()));
        fx.catalog.end_grant(customer, grant.id, &entry("grant")).await.unwrap();
        assert!(conflicts(fx.catalog.end_grant(customer, grant.id, &entry("grant")).await));
        assert_eq!(fx.catalog.standing_grants(customer, &place).await.unwrap(), []);
        assert_eq!(fx.catalog.standing_grant(customer, grant.id).await.unwrap(), None);
    }
    assert_eq!(fx.catalog.grants(customer, file).await.unwrap(), []);
}

async fn a_right_ends_by_itself(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = PersonId::User(fx.user(customer, "Ana").await);
    let file = file_in(fx, customer, "legal").await;
    let last = fx.last_change(customer).await;
    for place in [Place::File(file), Place::Folder(folder("legal"))] {
        let mut grant = fx.new_grant(customer, place, ana);
        grant.expires_at = Some(fx.in_seconds(60));
        fx.catalog.give_grant(&grant, &entry("grant")).await.unwrap();
    }
    let changes = fx.catalog.changes(customer, last, 10).await.unwrap();
    assert_eq!((changes.len(), changes[0].grants.len()), (1, 1), "the file's own is told with it, the folder's is not");
    assert_eq!(fx.catalog.grants(customer, file).await.unwrap().len(), 2);
    fx.clock.advance_seconds(60);
    assert_eq!(fx.catalog.grants(customer, file).await.unwrap(), []);
    assert_eq!(fx.catalog.granted_folders(customer, &[ana]).await.unwrap(), []);
    assert_eq!(fx.catalog.standing_grants(customer, &Place::File(file)).await.unwrap(), []);
    assert_eq!(fx.catalog.changes(customer, last, 10).await.unwrap()[0].grants, []);
}

async fn only_active_users_and_teams_get_rights(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.active(customer, "report").await;
    let john = fx.contact(customer, "John").await;
    let nobody = PersonId::Team(TeamId::new(&*fx.clock, &*fx.entropy));
    let ana = fx.user(customer, "Ana").await;
    let left = fx.catalog.person(customer, PersonId::User(ana)).await.unwrap().unwrap();
    let change = PersonChange { active: Some(false), ..PersonChange::default() };
    fx.catalog.change_person(&left, &change, &entry("manage_people")).await.unwrap();
    for to in [john, nobody, PersonId::User(ana)] {
        assert!(conflicts(fx.catalog.give_grant(&fx.new_grant(customer, Place::File(file), to), &entry("grant")).await), "{to}");
    }
    assert!(conflicts(fx.catalog.transfer_file(customer, file, Owner::Service, ana, &entry("grant")).await));
    let team = PersonId::Team(TeamId::new(&*fx.clock, &*fx.entropy));
    fx.catalog.add_person(&new_person(customer, team, "Finance"), &entry("add_person")).await.unwrap();
    fx.catalog.give_grant(&fx.new_grant(customer, Place::File(file), team), &entry("grant")).await.unwrap();
}

async fn a_file_changes_hands_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (ana, ben) = (fx.user(customer, "Ana").await, fx.user(customer, "Ben").await);
    let file = fx.active(customer, "report").await;
    fx.catalog.transfer_file(customer, file, Owner::Service, ana, &entry("grant")).await.unwrap();
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().owner, Owner::User(ana));
    // Decided on the owner it had before.
    assert!(conflicts(fx.catalog.transfer_file(customer, file, Owner::Service, ben, &entry("grant")).await));
    fx.catalog.transfer_file(customer, file, Owner::User(ana), ben, &entry("grant")).await.unwrap();
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().owner, Owner::User(ben));
}

catalog_suite!(
    a_right_on_a_folder_is_one_on_all_that_lies_in_it,
    a_right_at_the_top_reaches_everything,
    a_new_right_takes_the_place_of_the_old_one,
    a_right_ends_by_itself,
    only_active_users_and_teams_get_rights,
    a_file_changes_hands_once,
);
