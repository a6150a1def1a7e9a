//! Passwords that are tried at files: where they lie and how long, what they open and for whom.

use super::fixture::{Fixture, admission, at_once, catalog_suite, conflicts, entry, verdict};
use crate::catalog::{Admission, Begun, Bound, Inside, Job, JobKind, JobState, NewUnlock, Pick, TryLimits, UnlockEnd};
use crate::domain::{CustomerId, Extraction, ExtractionStatus, FileId, FileRecord, FileStatus, JobId, ScanStatus, Unlock};

/// Bounds that a test reaches.
pub(super) const FEW: TryLimits = TryLimits { file: Bound { failures: 2, seconds: 3600 }, asker: Bound { failures: 3, seconds: 3600 } };

/// What is read of a file that is locked.
fn shut() -> Admission {
    let extraction = Extraction { status: ExtractionStatus::Locked, reason: Some("it is locked".to_owned()) };
    Admission { extraction, excerpt: None, summary: None, findings: None, text_key: None, ..admission("Settlement") }
}

/// A locked file that was read as far as that goes.
pub(super) async fn locked(fx: &Fixture, customer: CustomerId, bytes: &str) -> FileId {
    let file = fx.arrived(customer, bytes).await;
    let scan = fx.stage(JobKind::Scan, file).await;
    let read = fx.cleared(&scan).await;
    fx.catalog.admit(&read, &shut(), &entry("admit")).await.unwrap();
    file
}

pub(super) fn new_unlock(fx: &Fixture, file: FileId, by: &str) -> NewUnlock {
    NewUnlock {
        file,
        version: 1,
        password: format!("sealed for {file}"),
        text_key: format!("metadata/extracted-text/{file}"),
        tried_at: format!("at {file}"),
        tried_by: by.to_owned(),
        job: JobId::new(&*fx.clock, &*fx.entropy),
    }
}

/// A password is given, and the worker has it in hand.
pub(super) async fn trying(fx: &Fixture, customer: CustomerId, file: FileId) -> Job {
    let new = new_unlock(fx, file, "ana");
    assert_eq!(fx.catalog.begin_unlock(customer, &new, &FEW, &entry("unlock")).await.unwrap(), Begun::Yes);
    fx.stage(JobKind::Unlock, file).await
}

async fn file_of(fx: &Fixture, customer: CustomerId, file: FileId) -> FileRecord {
    fx.catalog.file(customer, file).await.unwrap().unwrap()
}

async fn end(fx: &Fixture, job: &Job, end: UnlockEnd<'_>) -> Result<(), crate::catalog::CatalogError> {
    fx.catalog.end_unlock(job, &end, &format!("at {}", job.file), &entry("unlock")).await
}

async fn a_password_lies_sealed_until_it_was_tried(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = locked(fx, customer, "settlement").await;
    let job = trying(fx, customer, file).await;
    assert_eq!(fx.catalog.password_to_try(&job).await.unwrap(), Some(format!("sealed for {file}")));
    assert_eq!(file_of(fx, customer, file).await.unlock, Some(Unlock::Trying));
    let again = fx.catalog.begin_unlock(customer, &new_unlock(fx, file, "ana"), &FEW, &entry("unlock")).await;
    assert!(conflicts(again), "one at a time");
    end(fx, &job, UnlockEnd::Wrong("it does not fit")).await.unwrap();
    assert_eq!(fx.catalog.password_to_try(&job).await.unwrap(), None);
    let after = file_of(fx, customer, file).await;
    assert_eq!((after.unlock, after.extraction.status, after.status), (Some(Unlock::Wrong), ExtractionStatus::Locked, FileStatus::Active));
    assert_eq!(after.extraction.reason.as_deref(), Some("it does not fit"));
    assert!(conflicts(end(fx, &job, UnlockEnd::Wrong("twice")).await), "it was tried");
}

async fn a_job_that_comes_to_no_end_forgets_its_password(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = locked(fx, customer, "settlement").await;
    let job = trying(fx, customer, file).await;
    fx.catalog.retry_job(&job, fx.now(), "no worker", crate::catalog::Putback::Failed).await.unwrap();
    let job = fx.stage(JobKind::Unlock, file).await;
    assert!(fx.catalog.password_to_try(&job).await.unwrap().is_some(), "it is tried again");
    fx.catalog.close_job(&job, JobState::GivenUp, Some("no worker"), &entry("inspect")).await.unwrap();
    assert_eq!(fx.catalog.password_to_try(&job).await.unwrap(), None);
    assert_eq!(file_of(fx, customer, file).await.unlock, Some(Unlock::Failed));
    let job = trying(fx, customer, file).await;
    end(fx, &job, UnlockEnd::Failed("no worker")).await.unwrap();
    assert_eq!(file_of(fx, customer, file).await.unlock, Some(Unlock::Failed), "and may be given again");
}

async fn what_a_password_opens_is_of_its_file_alone(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = locked(fx, customer, "settlement").await;
    let twin = locked(fx, customer, "settlement").await;
    let job = trying(fx, customer, file).await;
    let last = fx.last_change(customer).await;
    end(fx, &job, UnlockEnd::Opened(&admission("Settlement"))).await.unwrap();
    let (opened, other) = (file_of(fx, customer, file).await, file_of(fx, customer, twin).await);
    assert_eq!(opened.blob, other.blob, "the same bytes");
    assert_eq!((opened.unlock, opened.extraction.status), (Some(Unlock::Opened), ExtractionStatus::Done));
    assert_eq!((opened.excerpt.as_deref(), opened.findings.is_some()), (Some("Revenue rose."), true));
    assert_eq!((other.unlock, other.extraction.status, other.excerpt, other.findings), (None, ExtractionStatus::Locked, None, None));
    let texts = async || -> Vec<_> {
        let changes = fx.catalog.changes(customer, 0, 10).await.unwrap();
        changes.into_iter().map(|change| (change.file.id, change.text_key)).collect()
    };
    let own = Some(format!("metadata/extracted-text/{file}"));
    assert!(fx.last_change(customer).await > last, "the index hears of it");
    assert_eq!(texts().await, [(twin, None), (file, own.clone())]);
    // A later file of the same bytes takes nothing away.
    let late = locked(fx, customer, "settlement").await;
    assert_eq!(texts().await.into_iter().find(|(id, _)| *id == file), Some((file, own)));
    assert_eq!(texts().await.into_iter().find(|(id, _)| *id == late), Some((late, None)));
}

async fn another_version_is_locked_again(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = locked(fx, customer, "settlement").await;
    let job = trying(fx, customer, file).await;
    end(fx, &job, UnlockEnd::Opened(&admission("Settlement"))).await.unwrap();
    let next = crate::catalog::NewFile { id: file, ..fx.new_file(customer, "another") };
    fx.catalog.add_file(&next, &entry("add")).await.unwrap();
    let scan = fx.stage(JobKind::Scan, file).await;
    let read = fx.cleared(&scan).await;
    fx.catalog.admit(&read, &shut(), &entry("admit")).await.unwrap();
    let record = file_of(fx, customer, file).await;
    assert_eq!((record.version, record.unlock, record.extraction.status), (2, None, ExtractionStatus::Locked));
    let text = fx.catalog.changes(customer, 0, 10).await.unwrap().pop().unwrap().text_key;
    assert_eq!(text, None, "what another version said is not said of this one");
}

async fn harm_inside_closes_every_file_of_the_bytes_and_is_remembered(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = locked(fx, customer, "settlement").await;
    let twin = locked(fx, customer, "settlement").await;
    let blob = file_of(fx, customer, file).await.blob;
    assert_eq!(fx.catalog.harm_inside(customer, blob).await.unwrap(), None);
    let job = trying(fx, customer, file).await;
    let threat = verdict(ScanStatus::Suspicious);
    end(fx, &job, UnlockEnd::Harmful(&Inside { verdict: &threat, moved: None })).await.unwrap();
    for id in [file, twin] {
        assert_eq!(fx.state(customer, id).await, FileStatus::Quarantined);
    }
    assert_eq!(fx.catalog.harm_inside(customer, blob).await.unwrap(), Some((ScanStatus::Suspicious, threat.findings)));
    assert_eq!(fx.catalog.password_to_try(&job).await.unwrap(), None);
}

async fn tries_are_counted_before_and_given_back_for_a_right_one(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, other) = (locked(fx, customer, "settlement").await, locked(fx, customer, "lease").await);
    let begin = async |file, by: &str| fx.catalog.begin_unlock(customer, &new_unlock(fx, file, by), &FEW, &entry("unlock")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(begin(file, "ana").await, Begun::Yes);
        let job = fx.stage(JobKind::Unlock, file).await;
        end(fx, &job, UnlockEnd::Wrong("no")).await.unwrap();
    }
    assert_eq!(begin(file, "bob").await, Begun::TooMany, "two at a file, whoever tries");
    assert_eq!(begin(other, "ana").await, Begun::Yes);
    let job = fx.stage(JobKind::Unlock, other).await;
    end(fx, &job, UnlockEnd::Wrong("no")).await.unwrap();
    assert_eq!(begin(other, "ana").await, Begun::TooMany, "three by one");
    fx.clock.advance_seconds(3601);
    assert_eq!(begin(file, "ana").await, Begun::Yes);
    let job = fx.stage(JobKind::Unlock, file).await;
    end(fx, &job, UnlockEnd::Opened(&admission("Settlement"))).await.unwrap();
    let refused = fx.catalog.begin_unlock(customer, &new_unlock(fx, file, "ana"), &FEW, &entry("unlock")).await;
    assert!(conflicts(refused), "it is open");
}

async fn passwords_that_come_at_once_do_not_pass_the_bound_together(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = locked(fx, customer, "settlement").await;
    let begun = at_once((0..8).map(|_| {
        let (catalog, new) = (fx.catalog.clone(), new_unlock(fx, file, "ana"));
        async move { catalog.begin_unlock(customer, &new, &FEW, &entry("unlock")).await }
    }))
    .await;
    assert_eq!(begun.iter().filter(|begun| matches!(begun, Ok(Begun::Yes))).count(), 1, "{begun:?}");
    assert!(fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap().is_some());
    assert!(fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap().is_none(), "one job");
}

async fn what_a_password_opened_is_forgotten_with_the_file(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = locked(fx, customer, "settlement").await;
    let job = trying(fx, customer, file).await;
    end(fx, &job, UnlockEnd::Opened(&admission("Settlement"))).await.unwrap();
    let key = format!("metadata/extracted-text/{file}");
    assert!(fx.catalog.object_reference(customer, &key).await.unwrap().is_some());
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    fx.catalog.release_file(customer, file, fx.in_seconds(1), &entry("release")).await.unwrap();
    let garbage = fx.catalog.due_garbage(customer, 10).await.unwrap();
    assert_eq!(garbage.into_iter().map(|object| object.object_key).collect::<Vec<_>>(), [key]);
}

catalog_suite!(
    a_password_lies_sealed_until_it_was_tried,
    a_job_that_comes_to_no_end_forgets_its_password,
    what_a_password_opens_is_of_its_file_alone,
    another_version_is_locked_again,
    harm_inside_closes_every_file_of_the_bytes_and_is_remembered,
    tries_are_counted_before_and_given_back_for_a_right_one,
    passwords_that_come_at_once_do_not_pass_the_bound_together,
    what_a_password_opened_is_forgotten_with_the_file,
);
