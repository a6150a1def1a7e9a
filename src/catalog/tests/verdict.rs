//! Files being judged and admitted, and the change feed that tells of it.

use super::fixture::{Engine, Fixture, admission, catalog_suite, conflicts, entry, verdict};
use crate::catalog::{Admission, Change, Grant, Job, Judgement, NewFile};
use crate::domain::{CustomerId, ExtractionStatus, FileStatus, Level, PersonId, Rights, ScanStatus};

async fn a_clean_file_is_read_and_becomes_active(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    let job = fx.lease().await;
    assert_eq!(fx.judge(&job, ScanStatus::Clean).await.unwrap(), FileStatus::Processing);
    assert!(conflicts(fx.judge(&job, ScanStatus::Clean).await), "its scan is over, and its reading waits");
    assert!(conflicts(fx.catalog.admit(&job, &admission("x"), &entry("admit")).await), "a scan is no reading");
    let job = fx.reading(file).await;
    assert!(conflicts(fx.judge(&job, ScanStatus::Infected).await), "a reading is no scan");
    let read = Admission { moved: Some(fx.moved(customer, file, "documents/1").await), ..admission("Q2 financial report") };
    fx.catalog.admit(&job, &read, &entry("admit")).await.unwrap();
    let file = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((file.status, file.scan), (FileStatus::Active, ScanStatus::Clean));
    assert_eq!((&file.title, &file.author, &file.tags, file.category), (&read.title, &read.author, &read.tags, read.category));
    assert_eq!((file.created_date, &file.content_type), (read.created_date, &read.content_type));
    assert_eq!((&file.extraction, &file.excerpt, &file.summary), (&read.extraction, &read.excerpt, &read.summary));
    assert_eq!((file.page_count, file.duration_ms), (Some(12), Some(1_500)));
    assert_eq!((&file.language, &file.facts), (&read.language, &read.facts));
    assert!(!read.facts.is_empty());
    let blob = fx.catalog.blob(customer, file.blob).await.unwrap().unwrap();
    assert_eq!((blob.object_key.as_str(), blob.text_key.as_deref()), ("documents/1", Some("text/1")));
    assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 0);
    assert!(conflicts(fx.catalog.admit(&job, &read, &entry("admit")).await), "it is admitted once");
}

async fn a_file_that_could_not_be_read_is_active_and_says_why(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "locked").await;
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    let mut read = admission("Credit facility");
    read.extraction.status = ExtractionStatus::Locked;
    read.extraction.reason = Some("a password is needed".to_owned());
    (read.text_key, read.excerpt, read.author, read.created_date) = (None, None, None, None);
    fx.catalog.admit(&job, &read, &entry("admit")).await.unwrap();
    let file = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((file.status, file.extraction, file.excerpt), (FileStatus::Active, read.extraction, None));
}

async fn harmful_bytes_end_in_quarantine_with_their_job_done(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    for status in [ScanStatus::Infected, ScanStatus::Suspicious] {
        let file = fx.arrived(customer, status.as_str()).await;
        let job = fx.lease().await;
        let judgement = Judgement { verdict: &verdict(status), moved: Some(fx.moved(customer, file, "quarantine/1").await) };
        assert_eq!(fx.catalog.judge(&job, &judgement, &entry("scan")).await.unwrap(), FileStatus::Quarantined);
        let file = fx.catalog.file(customer, file).await.unwrap().unwrap();
        assert_eq!((file.status, file.scan), (FileStatus::Quarantined, status));
        assert_eq!(fx.catalog.blob(customer, file.blob).await.unwrap().unwrap().object_key, "quarantine/1");
        assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 0);
        assert!(conflicts(fx.catalog.admit(&job, &admission("x"), &entry("admit")).await));
    }
}

async fn a_place_that_was_left_is_noted_with_the_move_until_it_is_empty(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    let noted = async || fx.catalog.due_garbage(customer, 10).await.unwrap();
    assert_eq!(noted().await, []);
    let moved = fx.moved(customer, file, "documents/1").await;
    fx.catalog.admit(&job, &Admission { moved: Some(moved.clone()), ..admission("x") }, &entry("admit")).await.unwrap();
    assert_eq!(noted().await, std::slice::from_ref(&moved.from));
    fx.catalog.forget_garbage(customer, moved.from.id).await.unwrap();
    assert_eq!(noted().await, []);
}

async fn of_two_workers_who_move_the_same_bytes_the_second_starts_anew(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let files = [fx.arrived(customer, "twice").await, fx.arrived(customer, "twice").await];
    let scans = [fx.lease().await, fx.lease().await];
    let jobs = [fx.cleared(&scans[0]).await, fx.cleared(&scans[1]).await];
    let mut moves = Vec::new();
    for place in ["documents/1", "documents/2"] {
        moves.push(fx.moved(customer, files[0], place).await);
    }
    let admit = async |at: usize, moved| fx.catalog.admit(&jobs[at], &Admission { moved, ..admission("x") }, &entry("admit")).await;
    admit(0, Some(moves[0].clone())).await.unwrap();
    assert!(conflicts(admit(1, Some(moves[1].clone())).await), "the bytes lie elsewhere by now");
    let blob = fx.catalog.file(customer, files[1]).await.unwrap().unwrap().blob;
    assert_eq!(fx.catalog.blob(customer, blob).await.unwrap().unwrap().object_key, "documents/1");
    admit(1, None).await.unwrap();
}

async fn a_scanner_that_fails_leaves_the_file_waiting(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    let job = fx.lease().await;
    assert_eq!(fx.judge(&job, ScanStatus::Failed).await.unwrap(), FileStatus::Scanning);
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().scan, ScanStatus::Failed);
    assert!(conflicts(fx.catalog.admit(&job, &admission("x"), &entry("admit")).await), "unchecked is not clean");
    assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 1, "its job goes on");
    assert_eq!(fx.judge(&job, ScanStatus::Clean).await.unwrap(), FileStatus::Processing);
}

async fn nothing_is_admitted_before_its_verdict(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let clean = fx.active(customer, "same").await;
    // The customer's copy of these bytes was found clean; this file waits for its own verdict.
    let file = fx.arrived(customer, "same").await;
    let job = fx.lease().await;
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().scan, ScanStatus::Clean);
    assert!(conflicts(fx.catalog.admit(&job, &admission("x"), &entry("admit")).await));
    assert_eq!((fx.state(customer, file).await, fx.state(customer, clean).await), (FileStatus::Scanning, FileStatus::Active));
    // The state alone does not speak for the bytes.
    let job = fx.cleared(&job).await;
    fx.damage("UPDATE blobs SET scan_status = 'failed'").await;
    assert!(conflicts(fx.catalog.admit(&job, &admission("x"), &entry("admit")).await));
}

async fn what_is_found_in_bytes_holds_for_every_file_of_them(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let earlier = fx.active(customer, "same").await;
    let deleted = fx.active(customer, "same").await;
    fx.catalog.delete_file(customer, deleted, &entry("delete")).await.unwrap();
    let unrelated = fx.active(customer, "other").await;
    let file = fx.arrived(customer, "same").await;
    let job = fx.lease().await;
    let seen = fx.last_change(customer).await;
    // A scan that breaks off says nothing against the verdict there is.
    fx.judge(&job, ScanStatus::Failed).await.unwrap();
    assert_eq!(fx.catalog.file(customer, earlier).await.unwrap().unwrap().scan, ScanStatus::Clean);
    assert_eq!(fx.judge(&job, ScanStatus::Infected).await.unwrap(), FileStatus::Quarantined);
    for (file, status) in [
        (earlier, FileStatus::Quarantined),
        (file, FileStatus::Quarantined),
        (deleted, FileStatus::Deleted),
        (unrelated, FileStatus::Active),
    ] {
        assert_eq!(fx.state(customer, file).await, status);
    }
    let changed: Vec<_> = fx.catalog.changes(customer, seen, 10).await.unwrap().into_iter().map(|change| change.file.id).collect();
    assert!(changed.contains(&earlier) && changed.contains(&file) && !changed.contains(&unrelated));
}

async fn the_job_of_a_file_that_a_sibling_took_into_quarantine_cannot_free_it(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let first = fx.arrived(customer, "same").await;
    fx.clock.advance_seconds(1);
    let second = fx.arrived(customer, "same").await;
    fx.clock.advance_seconds(1);
    let third = fx.arrived(customer, "same").await;
    let (one, two, three) = (fx.lease().await, fx.lease().await, fx.lease().await);
    assert_eq!((one.file, two.file, three.file), (first, second, third));
    let read = fx.cleared(&three).await;
    fx.judge(&one, ScanStatus::Infected).await.unwrap();
    assert!(conflicts(fx.judge(&two, ScanStatus::Clean).await));
    assert!(conflicts(fx.catalog.admit(&two, &admission("x"), &entry("admit")).await));
    assert!(conflicts(fx.catalog.admit(&read, &admission("x"), &entry("admit")).await), "nor does a reading that waited");
    assert_eq!(fx.state(customer, third).await, FileStatus::Quarantined);
    assert_eq!(fx.state(customer, second).await, FileStatus::Quarantined);
    assert_eq!(fx.catalog.file(customer, second).await.unwrap().unwrap().scan, ScanStatus::Infected);
    assert_eq!(fx.judge(&two, ScanStatus::Infected).await.unwrap(), FileStatus::Quarantined, "and its own worker may say so too");
}

async fn a_worker_whose_job_was_taken_over_can_do_nothing(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    let slow = fx.lease().await;
    fx.clock.advance_seconds(301);
    let quick = fx.lease().await;
    assert_eq!((quick.id, quick.attempts), (slow.id, 2));
    let before = fx.records(customer).await;
    for status in [ScanStatus::Clean, ScanStatus::Infected, ScanStatus::Failed] {
        assert!(conflicts(fx.judge(&slow, status).await), "{status}");
    }
    let quick = fx.cleared(&quick).await;
    assert!(conflicts(fx.catalog.admit(&slow, &admission("stale"), &entry("admit")).await));
    assert_eq!(fx.state(customer, file).await, FileStatus::Processing);
    let slow_reader = quick;
    fx.clock.advance_seconds(301);
    let quick = fx.reading(file).await;
    assert_eq!((quick.id, quick.attempts), (slow_reader.id, 2));
    assert!(conflicts(fx.catalog.admit(&slow_reader, &admission("stale"), &entry("admit")).await));
    fx.catalog.admit(&quick, &admission("fresh"), &entry("admit")).await.unwrap();
    assert!(conflicts(fx.judge(&slow, ScanStatus::Infected).await), "late again");
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().title, "fresh");
    assert_eq!(fx.records(customer).await, before + 2);
}

async fn a_worker_with_the_wrong_version_is_refused(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "first").await;
    let job = fx.lease().await;
    let wrong = Job { version: 2, ..job.clone() };
    assert!(conflicts(fx.judge(&wrong, ScanStatus::Clean).await));
    assert!(conflicts(fx.judge(&wrong, ScanStatus::Infected).await));
    let job = fx.cleared(&job).await;
    let wrong = Job { version: 2, ..job.clone() };
    assert!(conflicts(fx.catalog.admit(&wrong, &admission("x"), &entry("admit")).await));
    fx.catalog.admit(&job, &admission("x"), &entry("admit")).await.unwrap();
    // A version after that is another job's.
    let next = NewFile { id: file, ..fx.new_file(customer, "second") };
    fx.catalog.add_file(&next, &entry("add")).await.unwrap();
    assert!(conflicts(fx.judge(&job, ScanStatus::Clean).await));
    assert_eq!(fx.lease().await.version, 2);
}

async fn a_file_deleted_while_it_is_read_stays_deleted(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    for judged_before in [false, true] {
        let file = fx.arrived(customer, if judged_before { "a" } else { "b" }).await;
        let mut job = fx.lease().await;
        if judged_before {
            job = fx.cleared(&job).await;
        }
        fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
        assert!(conflicts(fx.judge(&job, ScanStatus::Clean).await));
        assert!(conflicts(fx.catalog.admit(&job, &admission("x"), &entry("admit")).await));
        assert_eq!(fx.state(customer, file).await, FileStatus::Deleted);
    }
}

async fn follow(fx: &Fixture, customer: CustomerId, after: u64) -> Vec<Change> {
    fx.catalog.changes(customer, after, 100).await.unwrap()
}

async fn the_feed_tells_each_file_once_at_its_last_change(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    assert_eq!(fx.last_change(customer).await, 0);
    let first = fx.arrived(customer, "a").await;
    let job = fx.lease().await;
    let second = fx.arrived(customer, "b").await;
    let order = |changes: &[Change]| -> Vec<_> { changes.iter().map(|change| change.file.id).collect() };
    assert_eq!(order(&follow(fx, customer, 0).await), [first, second]);
    let job = fx.cleared(&job).await;
    let changes = follow(fx, customer, 0).await;
    assert_eq!(order(&changes), [second, first]);
    assert_eq!((changes[1].file.status, changes[1].text_key.as_deref()), (FileStatus::Processing, None));
    fx.catalog.admit(&job, &admission("x"), &entry("admit")).await.unwrap();
    let last = fx.last_change(customer).await;
    let changes = follow(fx, customer, changes[0].file.change_seq).await;
    assert_eq!(order(&changes), [first]);
    assert_eq!((changes[0].file.status, changes[0].file.change_seq), (FileStatus::Active, last));
    assert_eq!(changes[0].text_key.as_deref(), Some("text/1"));
    assert_eq!(order(&follow(fx, customer, last).await), []);
    assert_eq!(order(&fx.catalog.changes(customer, 0, 1).await.unwrap()), [second], "as many as asked for");
    fx.catalog.delete_file(customer, first, &entry("delete")).await.unwrap();
    assert_eq!(follow(fx, customer, last).await[0].file.status, FileStatus::Deleted, "an index must learn of it");
}

async fn the_feed_carries_living_grants_and_a_share_moves_a_file_on(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, other) = (fx.active(customer, "a").await, fx.active(customer, "b").await);
    let (john, ana) = (fx.contact(customer, "John").await, PersonId::User(fx.user(customer, "Ana").await));
    let last = fx.last_change(customer).await;
    let mut short = fx.new_share(customer, file, john);
    short.expires_at = fx.in_seconds(60);
    let mut long = fx.new_share(customer, file, ana);
    long.rights = Rights::Edit;
    for share in [&short, &long] {
        fx.catalog.share(share, None, &entry("share")).await.unwrap();
    }
    let view = Grant { to: john, level: Level::Viewer, expires_at: short.expires_at };
    let edit = Grant { to: ana, level: Level::Editor, expires_at: long.expires_at };
    let changes = follow(fx, customer, last).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].file.id, file);
    let mut told = changes[0].grants.clone();
    told.sort_by_key(|grant| grant.to);
    let mut expected = vec![view, edit];
    expected.sort_by_key(|grant| grant.to);
    assert_eq!(told, expected);
    assert_eq!(fx.catalog.grants(customer, file).await.unwrap().len(), 2);
    let all = fx.catalog.grants_of(customer, &[file, other]).await.unwrap();
    assert_eq!((all[&file].len(), all[&other].len()), (2, 0));
    fx.clock.advance_seconds(60);
    assert_eq!(fx.catalog.grants(customer, file).await.unwrap(), [edit], "the short one ended");
    assert_eq!(follow(fx, customer, last).await[0].grants, [edit]);
    fx.damage("UPDATE shares SET revoked_at = 1").await;
    assert_eq!(fx.catalog.grants(customer, file).await.unwrap(), []);
    assert_eq!(follow(fx, customer, last).await[0].grants, []);
}

async fn what_a_file_says_of_itself_is_kept_whatever_characters_it_has(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    let odd = "a\0b 'c' \"d\" \\ $1 %_ \u{202e}\u{1f600}\u{feff}\n";
    let admission = Admission { excerpt: Some(odd.to_owned()), ..admission("Q2") };
    fx.catalog.admit(&job, &admission, &entry("admit")).await.unwrap();
    let kept = fx.catalog.file(customer, file).await.unwrap().unwrap().excerpt.unwrap();
    // Postgres has no NUL in a text; what it stands for is lost there, and nothing else.
    let expected = if fx.engine() == Engine::Postgres { odd.replace('\0', "\u{fffd}") } else { odd.to_owned() };
    assert_eq!(kept, expected);
}

catalog_suite!(
    what_a_file_says_of_itself_is_kept_whatever_characters_it_has,
    a_clean_file_is_read_and_becomes_active,
    a_file_that_could_not_be_read_is_active_and_says_why,
    harmful_bytes_end_in_quarantine_with_their_job_done,
    a_place_that_was_left_is_noted_with_the_move_until_it_is_empty,
    of_two_workers_who_move_the_same_bytes_the_second_starts_anew,
    a_scanner_that_fails_leaves_the_file_waiting,
    nothing_is_admitted_before_its_verdict,
    what_is_found_in_bytes_holds_for_every_file_of_them,
    the_job_of_a_file_that_a_sibling_took_into_quarantine_cannot_free_it,
    a_worker_whose_job_was_taken_over_can_do_nothing,
    a_worker_with_the_wrong_version_is_refused,
    a_file_deleted_while_it_is_read_stays_deleted,
    the_feed_tells_each_file_once_at_its_last_change,
    the_feed_carries_living_grants_and_a_share_moves_a_file_on,
);
