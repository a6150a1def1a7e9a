//! Every verb that changes something leaves exactly one record, and none is forgotten here.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;

use super::fixture::{Fixture, LIMITS, admission, by_system, catalog_suite, entry, hash, new_person, signing_key, verdict};
use super::sensitivity::{own_rule, said};
use super::stages::transcription;
use super::topics::{like, own_topic, topic};
use super::unlocks;
use super::world::World;
use crate::catalog::{
    Admission, Ages, Begun, CallChange, CallGuess, CatalogError, Collected, DirectState, Drawing, Garbage, Guess, Guesser, ImportPage,
    ImportState, JobKind, JobState, Judgement, KeyOwner, MostOpen, NewCustomer, NewFile, NewMessage, NewPolicySet, PersonChange, Pick,
    Place, Putback, Quota, Reread, RereadFile, Revocation, Rotation, SYSTEM_CHAIN, Settled, UnlockEnd,
};
use crate::domain::{
    Caller, Channel, ContactId, CustomerId, FileStatus, Happened, HeardKind, JobId, LevelRule, Owner, PersonId, Phone, ScanStatus, UploadId,
};

/// Counts the records that verbs leave on one customer's chain.
struct Counter<'a> {
    fx: &'a Fixture,
    customer: CustomerId,
    tried: BTreeSet<&'static str>,
}

impl Counter<'_> {
    async fn leaves<T>(&mut self, records: usize, verb: &'static str, run: impl Future<Output = Result<T, CatalogError>>) -> T {
        let before = self.fx.records(self.customer).await;
        let value = match run.await {
            Ok(value) => value,
            Err(error) => panic!("`{verb}` failed: {error:?}"),
        };
        assert_eq!(self.fx.records(self.customer).await - before, records, "records of `{verb}`");
        self.tried.insert(verb);
        value
    }
}

/// Verbs of the database as a whole.
const OF_THE_ENGINE: [&str; 6] = ["open", "connect", "close", "probe", "move_to", "compare_with"];
/// Files that say how verbs are run, and hold none.
const MACHINERY: [&str; 3] = ["session.rs", "sql.rs", "writer.rs"];

fn verbs_in_the_sources() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog");
    let mut verbs = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let is_machinery = MACHINERY.iter().any(|name| path.ends_with(name));
        if path.extension().is_some_and(|extension| extension == "rs") && !is_machinery {
            let text = std::fs::read_to_string(path).unwrap();
            verbs.extend(text.lines().filter_map(|line| {
                let rest = line.trim_start().strip_prefix("pub async fn ")?;
                rest.split(['(', '<']).next().map(str::to_owned)
            }));
        }
    }
    verbs
}

/// An object that is announced, claimed and removed is told of by what moved it.
async fn garbage(count: &mut Counter<'_>, world: &World) {
    let (fx, customer) = (count.fx, world.customer);
    let object = Garbage { id: UploadId::new(&*fx.clock, &*fx.entropy), object_key: "documents/9".to_owned() };
    count.leaves(0, "announce", fx.catalog.announce(customer, &object, fx.now())).await;
    count.leaves(0, "claim_garbage", fx.catalog.claim_garbage(customer, object.id)).await;
    count.leaves(0, "forget_garbage", fx.catalog.forget_garbage(customer, object.id)).await;
}

async fn history(count: &mut Counter<'_>, world: &World) {
    let (fx, customer, e) = (count.fx, world.customer, entry("act"));
    count.leaves(1, "accessed_version", fx.catalog.accessed_version(customer, world.file, &e)).await;
    let job = JobId::new(&*fx.clock, &*fx.entropy);
    assert_eq!(count.leaves(1, "restore_version", fx.catalog.restore_version(customer, world.file, 1, job, &e)).await, 2);
}

/// Runs that adopt objects: begun, given up and done are told; what they saw in between is in their report.
async fn imports(count: &mut Counter<'_>, world: &World) {
    let (fx, customer, catalog, e) = (count.fx, world.customer, &count.fx.catalog, entry("act"));
    let new = fx.new_import(customer, "sales/");
    assert!(count.leaves(1, "begin_import", catalog.begin_import(&new, 2, &e)).await);
    assert!(!count.leaves(0, "begin_import", catalog.begin_import(&fx.new_import(customer, "more/"), 2, &e)).await, "two are open");
    let twice = catalog.begin_import(&fx.new_import(customer, "sales/"), 9, &e).await;
    assert!(matches!(twice, Err(CatalogError::Conflict(_))), "one over a place at a time: {twice:?}");
    let leased = count.leaves(0, "lease_import", catalog.lease_import(fx.in_seconds(300))).await.unwrap();
    assert_eq!(leased.id, new.id);
    count.leaves(0, "renew_import", catalog.renew_import(&leased, fx.in_seconds(300))).await;
    count.leaves(0, "put_back_import", catalog.put_back_import(&leased, fx.now(), Some("no store"))).await;
    let leased = catalog.lease_import(fx.in_seconds(300)).await.unwrap().unwrap();
    count.leaves(1, "add_file", catalog.add_file(&fx.new_adopted(&leased, "sales/a", "1"), &e)).await;
    let again = catalog.add_file(&fx.new_adopted(&leased, "sales/a", "1"), &e).await;
    assert!(matches!(again, Err(CatalogError::Conflict(_))), "an object stands for one file: {again:?}");
    let page = |next| ImportPage { notes: Vec::new(), next };
    count.leaves(0, "advance_import", catalog.advance_import(&leased, &page(Some((ImportState::Comparing, None))), None)).await;
    count.leaves(1, "advance_import", catalog.advance_import(&leased, &page(None), Some(&e))).await;
    assert_eq!(catalog.import(customer, new.id).await.unwrap().unwrap().state, ImportState::Done);
    let after = catalog.advance_import(&leased, &page(None), Some(&e)).await;
    assert!(matches!(after, Err(CatalogError::Conflict(_))), "what is over goes no further: {after:?}");
    count.leaves(1, "fail_import", catalog.fail_import(&world.import, "no such bucket", &e)).await;
}

/// Standing rights, and what files are said to hold.
async fn grants(count: &mut Counter<'_>, world: &World) {
    let (fx, customer, catalog, e) = (count.fx, world.customer, &count.fx.catalog, entry("act"));
    let grant = fx.new_grant(customer, Place::File(world.file), world.team);
    count.leaves(1, "give_grant", catalog.give_grant(&grant, &e)).await;
    count.leaves(1, "end_grant", catalog.end_grant(customer, grant.id, &e)).await;
    count.leaves(1, "transfer_file", catalog.transfer_file(customer, world.file, Owner::Service, world.ana, &e)).await;
    count.leaves(1, "classify_file", catalog.classify_file(customer, world.file, &said(1), &e)).await;
    count.leaves(1, "set_own_rule", catalog.set_own_rule(customer, &own_rule("heron"), &e)).await;
    count.leaves(1, "remove_own_rule", catalog.remove_own_rule(customer, "heron", &e)).await;
    count.leaves(1, "set_level_rules", catalog.set_level_rules(customer, &LevelRule::USUAL, &e)).await;
    count.leaves(1, "say_topic", catalog.say_topic(customer, world.file, Some(&topic("contracts")), &like("a", "b"), &e)).await;
    count.leaves(1, "set_own_topic", catalog.set_own_topic(customer, &own_topic("storks"), &e)).await;
    count.leaves(1, "remove_own_topic", catalog.remove_own_topic(customer, &topic("storks"), &e)).await;
    count.leaves(1, "begin_reread", catalog.begin_reread(customer, Reread::Findings, &e)).await;
    let under_way = catalog.rereads(customer).await.unwrap().remove(0);
    let seen = catalog.file(customer, world.file).await.unwrap().unwrap();
    count.leaves(0, "reread_file", catalog.reread_file(&under_way, &seen, &RereadFile::Same, &e)).await;
    count.leaves(1, "end_reread", catalog.end_reread(customer, &under_way, &e)).await;
}

/// Who somebody is, and which policies hold.
async fn rules(count: &mut Counter<'_>, world: &World) {
    let (customer, catalog, e) = (world.customer, &count.fx.catalog, entry("act"));
    let ana = catalog.person(customer, PersonId::User(world.ana)).await.unwrap().unwrap();
    count.leaves(1, "change_person", catalog.change_person(&ana, &PersonChange::default(), &e)).await;
    let PersonId::Team(team) = world.team else { panic!("a team") };
    count.leaves(1, "leave_team", catalog.leave_team(customer, team, world.ana, &e)).await;
    count.leaves(1, "join_team", catalog.join_team(customer, team, world.ana, &e)).await;
    let set = NewPolicySet { texts: Vec::new(), note: "none".to_owned() };
    assert_eq!(count.leaves(1, "add_policy_set", catalog.add_policy_set(customer, &set, &e)).await, 2);
    count.leaves(1, "activate_policy_set", catalog.activate_policy_set(customer, 2, 1, &e)).await;
}

/// Messages on their way. What a worker does with its lease is bookkeeping; how an attempt ended is not.
async fn deliveries(count: &mut Counter<'_>, world: &World) {
    let (fx, customer, catalog, e) = (count.fx, world.customer, &count.fx.catalog, entry("act"));
    let about = |share: &str| NewMessage { about: Some(share.to_owned()), ..fx.new_message(world.john, Channel::Mail) };
    count.leaves(1, "send", catalog.send(customer, &[about("share_a")], &e)).await;
    count.leaves(1, "taken_back", catalog.taken_back(customer, "share_a", &e)).await;
    count.leaves(1, "send", catalog.send(customer, &[about("share_b")], &e)).await;
    let leased = async || catalog.lease_message(fx.in_seconds(60), &Channel::ALL).await;
    let message = count.leaves(0, "lease_message", leased()).await.unwrap();
    count.leaves(0, "leased_message", catalog.leased_message(&message)).await;
    count.leaves(0, "renew_message", catalog.renew_message(&message, fx.in_seconds(90))).await;
    count.leaves(0, "put_back_message", catalog.put_back_message(&message)).await;
    let message = count.leaves(0, "lease_message", leased()).await.unwrap();
    count.leaves(1, "settle_message", catalog.settle_message(&message, &Settled::Sent { receipt: None }, &e)).await;
    count.leaves(0, "waiting_messages", catalog.waiting_messages()).await;
}

/// The file was deleted: its bytes are let go, and given up.
async fn collection(count: &mut Counter<'_>, world: &World) {
    let (fx, customer, e) = (count.fx, world.customer, entry("act"));
    let later = fx.in_seconds(10);
    count.leaves(1, "hold_file", fx.catalog.hold_file(customer, world.file, "a claim", &e)).await;
    count.leaves(1, "lift_hold", fx.catalog.lift_hold(customer, world.file, &e)).await;
    count.leaves(1, "release_file", fx.catalog.release_file(customer, world.file, later, &e)).await;
    assert_eq!(count.leaves(1, "collect_blob", fx.catalog.collect_blob(customer, world.blob, later, &[], &e)).await, Collected::Yes);
}

async fn condemnation(count: &mut Counter<'_>) {
    let (fx, customer, catalog, e) = (count.fx, count.customer, &count.fx.catalog, entry("act"));
    let file = fx.active(customer, "condemned").await;
    let blob = catalog.file(customer, file).await.unwrap().unwrap().blob;
    let place = catalog.blob(customer, blob).await.unwrap().unwrap().object_key;
    let threat = verdict(ScanStatus::Infected);
    count.leaves(1, "condemn", catalog.condemn(customer, &place, &threat, &e)).await;
    count.leaves(0, "condemn", catalog.condemn(customer, &place, &threat, &e)).await;
    let moved = fx.moved(customer, file, "quarantine/7").await;
    count.leaves(0, "move_blob", catalog.move_blob(customer, blob, &moved)).await;
    count.leaves(0, "forget_places", catalog.forget_places(customer, fx.now(), 10)).await;
}

/// Bytes that two people let out, and bytes that are judged again.
async fn releases(count: &mut Counter<'_>, world: &World) {
    let (fx, customer, catalog, e) = (count.fx, world.customer, &count.fx.catalog, entry("act"));
    let record = catalog.file(customer, world.harmful).await.unwrap().unwrap();
    let new = fx.new_release(&record, 60);
    count.leaves(1, "propose_release", catalog.propose_release(customer, &new, &e)).await;
    count.leaves(1, "withdraw_release", catalog.withdraw_release(customer, new.id, &e)).await;
    let new = fx.new_release(&record, 60);
    count.leaves(1, "propose_release", catalog.propose_release(customer, &new, &e)).await;
    let sent = count.leaves(1, "confirm_release", catalog.confirm_release(customer, new.id, "x", &by_system("act"))).await;
    assert_eq!(sent, [world.harmful]);
    let job = fx.lease().await;
    fx.judge(&job, ScanStatus::Infected).await.unwrap();
    fx.clock.advance_seconds(60);
    assert_eq!(count.leaves(1, "close_release", catalog.close_release(customer, new.id, &e)).await, [world.harmful]);
    let job = fx.lease().await;
    fx.judge(&job, ScanStatus::Infected).await.unwrap();
    let clean = verdict(ScanStatus::Clean);
    count.leaves(1, "note_rescan", catalog.note_rescan(customer, world.blob, &clean, &world.name, &e)).await;
}

/// Passwords that are tried at a file.
async fn passwords(count: &mut Counter<'_>) {
    let (fx, customer, catalog, e) = (count.fx, count.customer, &count.fx.catalog, entry("act"));
    let file = unlocks::locked(fx, customer, "locked anew").await;
    let new = unlocks::new_unlock(fx, file, "nobody else");
    let begun = count.leaves(1, "begin_unlock", catalog.begin_unlock(customer, &new, &unlocks::FEW, &e)).await;
    assert_eq!(begun, Begun::Yes);
    let job = fx.stage(JobKind::Unlock, file).await;
    count.leaves(1, "end_unlock", catalog.end_unlock(&job, &UnlockEnd::Wrong("no"), "a file", &e)).await;
}

async fn sweeps(count: &mut Counter<'_>) {
    let (fx, customer, catalog) = (count.fx, count.customer, &count.fx.catalog);
    let sweep = count.leaves(0, "take_sweep", catalog.take_sweep("deleted", fx.in_seconds(60))).await.unwrap();
    count.leaves(0, "keep_sweep", catalog.keep_sweep(&sweep, "here", fx.in_seconds(60))).await;
    count.leaves(0, "end_sweep", catalog.end_sweep(&sweep, fx.now())).await;
    count.leaves(0, "hasten_sweep", catalog.hasten_sweep("deleted")).await;
    let day = jiff::SignedDuration::from_hours(24);
    count.leaves(0, "settle_due", catalog.settle_due(customer, &Ages { deleted: day, unreferenced: day, direct: day })).await;
    count.leaves(0, "forget_direct_uploads", catalog.forget_direct_uploads(customer, fx.now(), 10)).await;
    count.leaves(0, "forget_events", catalog.forget_events(customer, fx.now(), 10)).await;
    count.leaves(0, "forget_upload_links", catalog.forget_upload_links(customer, fx.now(), 10)).await;
}

async fn every_verb_is_asked_here_and_leaves_the_records_it_should(fx: &Fixture) {
    let world = World::of(fx).await;
    let (customer, catalog, e) = (world.customer, &fx.catalog, entry("act"));
    let mut count = Counter { fx, customer, tried: BTreeSet::new() };

    // A customer's first record is its own making; the operator's are on the system's chain.
    let made = CustomerId::new(&*fx.clock, &*fx.entropy);
    let new = NewCustomer { id: made, name: "Made".to_owned(), is_test: false, region: None, key: fx.new_key("made") };
    count.leaves(0, "create_customer", catalog.create_customer(&new, &e)).await;
    assert_eq!(fx.records(made).await, 1);
    count.leaves(0, "add_key", catalog.add_key(KeyOwner::Operator, &fx.new_key("operator"), &e)).await;
    count.leaves(0, "record_system", catalog.record_system(&e)).await;
    assert_eq!(catalog.verify_chain(SYSTEM_CHAIN).await.unwrap().records, 2);

    count.leaves(1, "record", catalog.record(customer, &e)).await;
    assert!(count.leaves(1, "set_quota", catalog.set_quota(customer, Quota::default(), &e)).await);
    let key = fx.new_key("another");
    count.leaves(1, "add_key", catalog.add_key(customer, &key, &e)).await;
    let rotation = Rotation { key: key.id, secret_hash: hash("changed"), previous_until: fx.in_seconds(60) };
    count.leaves(1, "rotate_key", catalog.rotate_key(customer, &rotation, &e)).await;
    count.leaves(0, "key_used", catalog.key_used(customer, key.id, fx.now())).await;
    count.leaves(1, "revoke_key", catalog.revoke_key(customer, key.id, &e)).await;
    let person = new_person(customer, PersonId::Contact(ContactId::new(&*fx.clock, &*fx.entropy)), "Zoe");
    count.leaves(1, "add_person", catalog.add_person(&person, &e)).await;
    rules(&mut count, &world).await;
    grants(&mut count, &world).await;

    let call = fx.new_call(customer, Caller::Guest { number: None }, "another token");
    count.leaves(1, "open_call", catalog.open_call(&call, &e)).await;
    count.leaves(1, "change_call", catalog.change_call(customer, call.id, &CallChange::default(), &e)).await;
    count.leaves(1, "heard", catalog.heard(customer, call.id, HeardKind::Digits, "1", &e)).await;
    count.leaves(1, "list_in_call", catalog.list_in_call(customer, call.id, 0, &[world.file], true, &e)).await;
    let question = fx.new_pending(60);
    count.leaves(1, "ask", catalog.ask(customer, call.id, 0, &question, &e)).await;
    count.leaves(1, "asked_else", catalog.asked_else(customer, call.id, 0, &e)).await;
    count.leaves(1, "not_understood", catalog.not_understood(customer, call.id, question.id, None, &e)).await;
    count.leaves(1, "drop_pending", catalog.drop_pending(customer, call.id, question.id, &e)).await;
    // Bookkeeping of a request that has a record of its own.
    count.leaves(0, "claim", catalog.claim(customer, call.id, "k", "r", fx.in_seconds(-600))).await;
    count.leaves(0, "settle", catalog.settle(customer, call.id, "k", Some("done"))).await;
    count.leaves(1, "end_call", catalog.end_call(customer, call.id, &e)).await;

    // The upload is told of when it becomes a file or is given up.
    let new = fx.new_file(customer, "new");
    count.leaves(0, "begin_upload", catalog.begin_upload(customer, new.upload.unwrap(), "uploads/2")).await;
    count.leaves(1, "add_file", catalog.add_file(&new, &e)).await;
    let upload = UploadId::new(&*fx.clock, &*fx.entropy);
    catalog.begin_upload(customer, upload, "uploads/3").await.unwrap();
    count.leaves(1, "abandon_upload", catalog.abandon_upload(customer, upload, &e)).await;

    let direct = fx.new_direct(customer, UploadId::new(&*fx.clock, &*fx.entropy), "uploads/4");
    let is_begun = count.leaves(1, "begin_direct", catalog.begin_direct(&direct, MostOpen::OfCustomer(2), &e)).await;
    assert!(is_begun);
    let one_more = fx.new_direct(customer, UploadId::new(&*fx.clock, &*fx.entropy), "uploads/5");
    assert!(
        !count.leaves(0, "begin_direct", catalog.begin_direct(&one_more, MostOpen::OfCustomer(2), &e)).await,
        "two are open, one of them the world's"
    );
    count.leaves(0, "direct_upload", catalog.direct_upload(customer, direct.id)).await;
    let is_ours = count.leaves(0, "claim_direct", catalog.claim_direct(customer, direct.id, fx.in_seconds(60))).await;
    assert!(is_ours && !catalog.claim_direct(customer, direct.id, fx.in_seconds(60)).await.unwrap());
    count.leaves(1, "release_direct", catalog.release_direct(customer, direct.id, &e)).await;
    count.leaves(1, "end_direct", catalog.end_direct(customer, direct.id, DirectState::GivenUp, &e)).await;
    let late = NewFile { closes: Some(direct.id), ..fx.new_file(customer, "late") };
    assert!(matches!(catalog.add_file(&late, &e).await, Err(CatalogError::Conflict(_))), "what is over becomes no file");

    // A lease and a pause change nothing that anybody could ask about.
    let leased = count.leaves(0, "lease_job", catalog.lease_job(fx.in_seconds(300), Pick::MostUrgent)).await.unwrap();
    count.leaves(0, "renew_job", catalog.renew_job(&leased, fx.in_seconds(300))).await;
    count.leaves(0, "retry_job", catalog.retry_job(&leased, fx.now(), "again", Putback::Failed)).await;
    let leased = catalog.lease_job(fx.in_seconds(300), Pick::MostUrgent).await.unwrap().unwrap();
    let clean = Judgement { verdict: &verdict(ScanStatus::Clean), moved: None };
    assert_eq!(count.leaves(1, "judge", catalog.judge(&leased, &clean, &e)).await, FileStatus::Processing);
    let leased = fx.reading(leased.file).await;
    let drawn_too = Admission { follow_ups: vec![JobKind::Preview, JobKind::Transcribe], ..admission("x") };
    count.leaves(1, "admit", catalog.admit(&leased, &drawn_too, &e)).await;
    let drawing = fx.stage(JobKind::Preview, leased.file).await;
    count.leaves(1, "drawn", catalog.drawn(&drawing, &Drawing::Made, &e)).await;
    let hearing = catalog.lease_job(fx.in_seconds(300), Pick::Long).await.unwrap().unwrap();
    count.leaves(1, "transcribed", catalog.transcribed(&hearing, &transcription(), &e)).await;
    let (infected, failed) = (verdict(ScanStatus::Infected), verdict(ScanStatus::Failed));
    count.leaves(1, "judge", catalog.judge(&world.job, &Judgement { verdict: &failed, moved: None }, &e)).await;
    count.leaves(1, "judge", catalog.judge(&world.job, &Judgement { verdict: &infected, moved: None }, &e)).await;
    // An arrival is no operation; a loss is told once, however often the store tells it.
    let of = |happened| fx.event(customer, "uploads/9", happened);
    count.leaves(0, "note_object_event", catalog.note_object_event(&of(Happened::Created), None)).await;
    count.leaves(1, "note_object_event", catalog.note_object_event(&of(Happened::Removed), Some(&e))).await;
    count.leaves(0, "note_object_event", catalog.note_object_event(&of(Happened::Removed), Some(&e))).await;
    let judged = of(Happened::Judged(ScanStatus::Infected));
    count.leaves(1, "note_object_event", catalog.note_object_event(&judged, Some(&e))).await;
    count.leaves(0, "note_object_event", catalog.note_object_event(&judged, Some(&e))).await;
    count.leaves(0, "forget_object_events", catalog.forget_object_events(customer, fx.in_seconds(1))).await;
    assert!(catalog.object_note(customer, "uploads/9").await.unwrap().is_some(), "a verdict and an alarm are kept");
    assert!(catalog.object_note(customer, "uploads/1").await.unwrap().is_none());
    condemnation(&mut count).await;
    releases(&mut count, &world).await;
    passwords(&mut count).await;
    sweeps(&mut count).await;
    garbage(&mut count, &world).await;
    imports(&mut count, &world).await;
    // What a gone process held is free again; nobody asked for it.
    count.leaves(0, "take_over", catalog.take_over()).await;
    count.leaves(0, "belong_to", catalog.belong_to("mark")).await;
    count.leaves(0, "probe_writing", catalog.probe_writing()).await;
    count.leaves(0, "seal_chain", catalog.seal_chain(&customer.to_string(), &signing_key(), fx.now())).await;
    count.leaves(0, "anchored", catalog.anchored(&customer.to_string(), 1)).await;
    fx.arrived(customer, "hopeless").await;
    let hopeless = fx.lease().await;
    count.leaves(1, "close_job", catalog.close_job(&hopeless, JobState::GivenUp, Some("x"), &e)).await;

    count.leaves(1, "accessed", catalog.accessed(customer, world.file, &e)).await;
    count.leaves(1, "share", catalog.share(&fx.new_share(customer, world.file, world.john), Some((world.call, world.pending)), &e)).await;
    let asked = fx.new_upload_link(customer, world.ana, world.call);
    count.leaves(1, "add_upload_link", catalog.add_upload_link(&asked, None, &e)).await;
    let link = catalog.link(&hash("slug of Northwind")).await.unwrap().unwrap();
    count.leaves(1, "downloaded", catalog.downloaded(&link, &e)).await;
    count.leaves(1, "issue_code", catalog.issue_code(customer, &fx.new_code(world.call, world.link, "111111"), &e)).await;
    for (code, outcome) in [("111111", "code_right"), ("222222", "code_wrong")] {
        let (hash, by) = (hash(code), Guesser { scope: "somewhere".to_owned(), is_caller: false });
        let guess = Guess { link: world.link, code_hash: &hash, by: &by, strict: false };
        count.leaves(1, "try_code", catalog.try_code(customer, &guess, &LIMITS, &e)).await;
        let last = catalog.audit_page(customer, 0, 10_000).await.unwrap().pop().unwrap();
        assert_eq!(last.outcome, outcome);
    }
    let (number, typed) = (Phone::parse("+15550100123").unwrap(), hash("42791386"));
    let by = Guesser { scope: "a caller".to_owned(), is_caller: true };
    let epoch = catalog.call(customer, &world.call.to_string()).await.unwrap().unwrap().epoch;
    let keyed = CallGuess { call: world.call, epoch, number: &number, heard_at: fx.now(), code_hash: &typed, by: &by, strict: false };
    count.leaves(1, "try_call_code", catalog.try_call_code(customer, &keyed, &LIMITS, &e)).await;
    count.leaves(0, "count_overall", catalog.count_overall(&LIMITS.overall)).await;
    let revocation = Revocation { share: world.share, entry: e.clone() };
    count.leaves(1, "revoke", catalog.revoke(customer, &[revocation])).await;
    deliveries(&mut count, &world).await;
    history(&mut count, &world).await;
    count.leaves(1, "delete_file", catalog.delete_file(customer, world.file, &e)).await;
    collection(&mut count, &world).await;

    // What only reads leaves no record here: the use case writes the one of the operation.
    let before = fx.records(customer).await;
    let mut asked: BTreeSet<_> = count.tried;
    asked.extend(world.asked_by(catalog, customer).await.iter().map(|answer| answer.verb));
    asked.extend(world.asked_by_nobody(fx, catalog).await.iter().map(|answer| answer.verb));
    asked.extend(OF_THE_ENGINE);
    assert_eq!(fx.records(customer).await, before);
    let asked: BTreeSet<String> = asked.into_iter().map(str::to_owned).collect();
    assert_eq!(asked, verbs_in_the_sources(), "each verb of the catalog is in this suite");
    for chain in catalog.audit_chains().await.unwrap() {
        assert_eq!(catalog.verify_chain(&chain).await.unwrap().fault, None, "{chain}");
    }
}

catalog_suite!(
    every_verb_is_asked_here_and_leaves_the_records_it_should;
    pooled: every_verb_is_asked_here_and_leaves_the_records_it_should,
);
