//! Two customers: nothing crosses.

use super::fixture::{Fixture, admission, catalog_suite, conflicts, entry, hash, new_person, verdict};
use super::sensitivity::{own_rule, said};
use super::topics::{like, own_topic, topic};
use super::world::World;
use crate::catalog::{
    Attempt, CallChange, Garbage, ImportPage, ImportRecord, Job, JobState, Judgement, LinkRecord, Move, NewFile, PersonChange, Place,
    Putback, Revocation, Rotation, Sender,
};
use crate::domain::{Caller, HeardKind, Owner, Person, PersonId, ScanStatus, TeamId, Timestamp};

/// What every customer has: the record of its making and its first key.
const OWN: [&str; 4] = ["keys", "audit_page", "checkpoint_notes", "unanchored_note"];

pub(super) async fn what_one_customer_has_is_nothing_to_another(fx: &Fixture) {
    let world = World::of(fx).await;
    let other = fx.customer("Southwind").await;
    for answer in world.asked_by(&fx.catalog, world.customer).await {
        assert!(!answer.nothing, "`{}` has something to say of the world", answer.verb);
    }
    for answer in world.asked_by(&fx.catalog, other).await {
        assert!(answer.nothing || OWN.contains(&answer.verb), "`{}` answered: {}", answer.verb, answer.said);
        for id in world.ids() {
            assert!(!answer.said.contains(&id), "`{}` told {id}", answer.verb);
        }
    }
}

pub(super) async fn what_one_customer_does_leaves_another_as_it_was(fx: &Fixture) {
    let world = World::of(fx).await;
    let other = fx.customer("Southwind").await;
    let (own_file, own_call) = (fx.arrived(other, "own").await, fx.call(other).await);
    let own_job = fx.lease().await;
    let before = (world.asked_by(&fx.catalog, world.customer).await, world.asked_by_nobody(fx, &fx.catalog).await);
    let catalog = &fx.catalog;
    let e = entry("intrude");

    // People and calls.
    let team = PersonId::Team(TeamId::new(&*fx.clock, &*fx.entropy));
    let members = Person { members: vec![world.ana], ..new_person(other, team, "Spies") };
    assert!(conflicts(catalog.add_person(&members, &e).await));
    assert!(conflicts(catalog.open_call(&fx.new_call(other, Caller::User(world.ana), "spy"), &e).await));
    let take_over = CallChange { caller: Some(Caller::Guest { number: None }), ..CallChange::default() };
    assert!(conflicts(catalog.change_call(other, world.call, &take_over, &e).await));
    assert!(conflicts(catalog.end_call(other, world.call, &e).await));
    assert!(conflicts(catalog.heard(other, world.call, HeardKind::Text, "yes", &e).await));
    assert!(conflicts(catalog.list_in_call(other, world.call, 0, &[own_file], true, &e).await));
    assert!(conflicts(catalog.list_in_call(other, own_call, 0, &[world.file], true, &e).await));
    assert!(conflicts(catalog.ask(other, world.call, 0, &fx.new_pending(60), &e).await));
    assert!(conflicts(catalog.not_understood(other, world.call, world.pending, None, &e).await));
    assert!(conflicts(catalog.drop_pending(other, world.call, world.pending, &e).await));
    assert!(conflicts(catalog.claim(other, world.call, "k", "r", fx.in_seconds(-600)).await));
    catalog.settle(other, world.call, "k", None).await.unwrap();

    // Rights and rules.
    let PersonId::Team(their_team) = world.team else { panic!("a team") };
    let ana = catalog.person(world.customer, PersonId::User(world.ana)).await.unwrap().unwrap();
    assert!(conflicts(catalog.change_person(&Person { customer: other, ..ana }, &PersonChange::default(), &e).await));
    let own_user = fx.user(other, "Uma").await;
    assert!(conflicts(catalog.join_team(other, their_team, own_user, &e).await));
    assert!(conflicts(catalog.leave_team(other, their_team, world.ana, &e).await));
    for (place, to) in [(Place::File(world.file), PersonId::User(own_user)), (Place::File(own_file), world.team)] {
        assert!(conflicts(catalog.give_grant(&fx.new_grant(other, place, to), &e).await));
    }
    assert!(conflicts(catalog.end_grant(other, world.grant, &e).await));
    assert!(conflicts(catalog.transfer_file(other, world.file, Owner::Service, own_user, &e).await));
    assert!(conflicts(catalog.transfer_file(other, own_file, Owner::Service, world.ana, &e).await));
    assert!(conflicts(catalog.classify_file(other, world.file, &said(1), &e).await));
    assert!(conflicts(catalog.remove_own_rule(other, "heron", &e).await));
    catalog.set_own_rule(other, &own_rule("heron"), &e).await.unwrap();
    catalog.remove_own_rule(other, "heron", &e).await.unwrap();
    catalog.set_level_rules(other, &[], &e).await.unwrap();
    assert!(conflicts(catalog.say_topic(other, world.file, Some(&topic("contracts")), &like("a", "b"), &e).await));
    assert!(conflicts(catalog.remove_own_topic(other, &topic("herons"), &e).await));
    catalog.set_own_topic(other, &own_topic("herons"), &e).await.unwrap();
    catalog.remove_own_topic(other, &topic("herons"), &e).await.unwrap();
    let theirs = catalog.rereads(world.customer).await.unwrap().remove(0);
    assert!(conflicts(catalog.end_reread(other, &theirs, &e).await));
    assert!(conflicts(catalog.activate_policy_set(other, 1, 0, &e).await));

    // Files and their jobs.
    assert!(conflicts(catalog.add_file(&NewFile { owner: Owner::User(world.ana), ..fx.new_file(other, "x") }, &e).await));
    assert!(conflicts(catalog.add_file(&NewFile { id: world.file, ..fx.new_file(other, "y") }, &e).await));
    catalog.abandon_upload(other, world.upload, &e).await.unwrap();
    assert!(conflicts(catalog.delete_file(other, world.file, &e).await));
    assert!(conflicts(catalog.accessed(other, world.file, &e).await));
    assert!(conflicts(catalog.accessed_version(other, world.file, &e).await));
    assert!(conflicts(catalog.restore_version(other, world.file, 1, own_job.id, &e).await));
    assert!(conflicts(catalog.hold_file(other, world.file, "a claim", &e).await));
    assert!(conflicts(catalog.lift_hold(other, world.waiting, &e).await));
    for file in catalog.releasable(world.customer, Timestamp::MAX, 10).await.unwrap() {
        assert!(conflicts(catalog.release_file(other, file, Timestamp::MAX, &e).await));
    }
    for blob in catalog.collectable(world.customer, Timestamp::MAX, 10).await.unwrap() {
        assert!(conflicts(catalog.collect_blob(other, blob, Timestamp::MAX, &[], &e).await));
    }
    for object in catalog.due_garbage(world.customer, 10).await.unwrap() {
        assert!(conflicts(catalog.claim_garbage(other, object.id).await));
        catalog.forget_garbage(other, object.id).await.unwrap();
    }
    let place = catalog.blob(world.customer, world.blob).await.unwrap().unwrap().object_key;
    assert_eq!(catalog.condemn(other, &place, &verdict(ScanStatus::Infected), &e).await.unwrap(), None);
    let moved = Move { from: Garbage { id: world.upload, object_key: place }, to: "documents/9".to_owned(), announced: None };
    assert!(conflicts(catalog.move_blob(other, world.blob, &moved).await));
    assert_eq!(catalog.forget_places(other, Timestamp::MAX, 10).await.unwrap(), 0);
    assert_eq!(catalog.forget_direct_uploads(other, Timestamp::MAX, 10).await.unwrap(), 0);
    assert_eq!(catalog.forget_events(other, Timestamp::MAX, 10).await.unwrap(), 0);
    assert_eq!(catalog.forget_upload_links(other, Timestamp::MAX, 10).await.unwrap(), 0);
    assert!(conflicts(catalog.add_upload_link(&fx.new_upload_link(other, world.ana, own_call), None, &e).await));
    let forged = Sender { call: None, user: None, link: Some(world.upload_link) };
    assert!(conflicts(catalog.add_file(&NewFile { sender: Some(forged), ..fx.new_file(other, "z") }, &e).await));
    let judgement = Judgement { verdict: &verdict(ScanStatus::Infected), moved: None };
    for forged in [Job { customer: other, ..world.job.clone() }, Job { file: world.waiting, ..own_job.clone() }] {
        assert!(conflicts(catalog.judge(&forged, &judgement, &e).await));
        assert!(conflicts(catalog.admit(&forged, &admission("x"), &e).await));
    }
    let forged = Job { customer: other, ..world.job.clone() };
    assert!(conflicts(catalog.retry_job(&forged, fx.now(), "x", Putback::Failed).await));
    assert!(conflicts(catalog.close_job(&forged, JobState::Done, None, &e).await));

    // Imports: another's is nobody's to go on with, and no object of ours becomes a file of another's run.
    let forged = ImportRecord { customer: other, ..world.import.clone() };
    assert!(conflicts(catalog.renew_import(&forged, fx.now()).await));
    assert!(conflicts(catalog.put_back_import(&forged, fx.now(), None).await));
    assert!(conflicts(catalog.advance_import(&forged, &ImportPage::default(), None).await));
    assert!(conflicts(catalog.fail_import(&forged, "x", &e).await));
    assert!(conflicts(catalog.add_file(&fx.new_adopted(&forged, "legal/deed.pdf", "2"), &e).await));

    // Shares, links, codes, keys.
    let own_contact = fx.contact(other, "Spy").await;
    assert!(conflicts(catalog.share(&fx.new_share(other, world.file, own_contact), None, &e).await));
    assert!(conflicts(catalog.share(&fx.new_share(other, own_file, world.john), Some((world.call, world.pending)), &e).await));
    assert!(conflicts(catalog.issue_code(other, &fx.new_code(own_call, world.link, "000000"), &e).await));
    for _ in 0..6 {
        assert_eq!(fx.try_code(other, world.link, "427913").await, Attempt::Wrong);
    }
    let link = catalog.link(&hash("slug of Northwind")).await.unwrap().unwrap();
    assert!(conflicts(catalog.downloaded(&LinkRecord { customer: other, ..link }, &e).await));
    let revocation = Revocation { share: world.share, entry: e.clone() };
    assert_eq!(catalog.revoke(other, &[revocation]).await.unwrap(), []);
    assert!(!catalog.revoke_key(other, world.key, &e).await.unwrap());
    let rotation = Rotation { key: world.key, secret_hash: hash("taken"), previous_until: fx.in_seconds(60) };
    assert!(!catalog.rotate_key(other, &rotation, &e).await.unwrap());
    catalog.key_used(other, world.key, fx.now()).await.unwrap();

    let after = (world.asked_by(&fx.catalog, world.customer).await, world.asked_by_nobody(fx, &fx.catalog).await);
    assert_eq!(after, before);
    assert_eq!(fx.try_code(world.customer, world.link, "427913").await, Attempt::Right, "no try of it was used");
}

async fn all_that_was_committed_is_there_after_reopening(fx: &Fixture) {
    let world = World::of(fx).await;
    let before = (world.asked_by(&fx.catalog, world.customer).await, world.asked_by_nobody(fx, &fx.catalog).await);
    let catalog = fx.reopened().await;
    catalog.probe().await.unwrap();
    let after = (world.asked_by(&catalog, world.customer).await, world.asked_by_nobody(fx, &catalog).await);
    assert_eq!(after, before);
    catalog.record(world.customer, &entry("look")).await.unwrap();
    assert_eq!(catalog.verify_chain(&world.customer.to_string()).await.unwrap().fault, None, "the chain goes on where it was");
}

catalog_suite!(
    what_one_customer_has_is_nothing_to_another,
    what_one_customer_does_leaves_another_as_it_was,
    all_that_was_committed_is_there_after_reopening;
    pooled: what_one_customer_has_is_nothing_to_another,
    what_one_customer_does_leaves_another_as_it_was,
    all_that_was_committed_is_there_after_reopening,
);
