//! The stages of a file as jobs: which comes after which, which comes first, and what another server's are.

use super::fixture::{Fixture, admission, at_once, catalog_suite, conflicts, entry};
use crate::catalog::{
    Admission, CROWD, Drawing, Job, JobKind, JobState, Looked, NewFile, Pick, Priority, Putback, Sender, StageRecord, Transcription,
};
use crate::domain::{
    CallId, Classification, CustomerId, Extraction, ExtractionStatus, FileId, FileStatus, Finding, FindingKind, Preview, ScanStatus,
};

/// A file that somebody sends in a call.
async fn sent(fx: &Fixture, customer: CustomerId, call: CallId, bytes: &str) -> FileId {
    let sender = Sender { call: Some((call, 0)), user: None, link: None };
    let new = NewFile { sender: Some(sender), ..fx.new_file(customer, bytes) };
    fx.catalog.add_file(&new, &entry("add")).await.unwrap();
    new.id
}

/// Files of a run that adopts them.
async fn adopted(fx: &Fixture, customer: CustomerId, prefix: &str, count: usize) -> Vec<FileId> {
    assert!(fx.catalog.begin_import(&fx.new_import(customer, prefix), 10, &entry("import")).await.unwrap());
    let import = fx.catalog.lease_import(fx.in_seconds(300)).await.unwrap().unwrap();
    let mut files = Vec::new();
    for index in 0..count {
        let new = fx.new_adopted(&import, &format!("{prefix}{index}.pdf"), "1");
        fx.catalog.add_file(&new, &entry("adopt")).await.unwrap();
        files.push(new.id);
        fx.clock.advance_seconds(1);
    }
    files
}

async fn taken(fx: &Fixture, pick: Pick) -> Option<FileId> {
    fx.catalog.lease_job(fx.in_seconds(3000), pick).await.unwrap().map(|job| job.file)
}

async fn each_stage_is_a_job_of_its_own_made_where_the_one_before_ends(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    let stages = async || fx.catalog.stages(customer, file, 1).await.unwrap();
    let stage = |kind, state, tries| StageRecord { kind, state, tries, reason: None };
    assert_eq!(stages().await, [stage(JobKind::Scan, JobState::Ready, 0)]);
    let scan = fx.lease().await;
    assert_eq!((scan.kind, stages().await), (JobKind::Scan, vec![stage(JobKind::Scan, JobState::Leased, 1)]));
    fx.judge(&scan, ScanStatus::Clean).await.unwrap();
    assert_eq!(stages().await, [stage(JobKind::Scan, JobState::Done, 1), stage(JobKind::Read, JobState::Ready, 0)]);
    let read = fx.lease().await;
    assert_eq!((read.kind, read.file, read.version, read.attempts), (JobKind::Read, file, 1, 1));
    assert_ne!(read.id, scan.id);
    fx.catalog.admit(&read, &admission("Q2"), &entry("admit")).await.unwrap();
    assert_eq!(stages().await, [stage(JobKind::Scan, JobState::Done, 1), stage(JobKind::Read, JobState::Done, 1)]);
    assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 0);
    assert_eq!(fx.catalog.stages(customer, file, 2).await.unwrap(), []);
}

async fn harmful_bytes_have_no_further_stage(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "harmful").await;
    let scan = fx.lease().await;
    fx.judge(&scan, ScanStatus::Infected).await.unwrap();
    let stages = fx.catalog.stages(customer, file, 1).await.unwrap();
    assert_eq!(stages.iter().map(|stage| (stage.kind, stage.state)).collect::<Vec<_>>(), [(JobKind::Scan, JobState::Done)]);
}

async fn a_stage_that_failed_says_why_and_what_was_away_does_not_count(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    for putback in [Putback::Excused, Putback::Excused, Putback::Failed] {
        let job = fx.lease().await;
        fx.catalog.retry_job(&job, fx.now(), "it did not answer", putback).await.unwrap();
    }
    let job = fx.lease().await;
    assert_eq!((job.attempts, job.excused, job.tries()), (4, 2, 2));
    fx.catalog.close_job(&job, JobState::GivenUp, Some("it never answered"), &entry("inspect")).await.unwrap();
    let reason = Some("it never answered".to_owned());
    assert_eq!(
        fx.catalog.stages(customer, file, 1).await.unwrap(),
        [StageRecord { kind: JobKind::Scan, state: JobState::GivenUp, tries: 2, reason }]
    );
}

async fn files_of_a_living_call_come_first_then_what_people_send_then_imports(fx: &Fixture) {
    let (north, south) = (fx.customer("Northwind").await, fx.customer("Southwind").await);
    let imported = adopted(fx, north, "legal/", 3).await;
    let uploaded = fx.arrived(south, "letter").await;
    fx.clock.advance_seconds(1);
    let call = fx.call(south).await;
    let in_call = sent(fx, south, call, "invoice").await;
    fx.clock.advance_seconds(1);
    // Nobody is on the line any more.
    let over = fx.call(south).await;
    fx.catalog.end_call(south, over, &entry("end_call")).await.unwrap();
    let after = sent(fx, south, over, "late").await;
    let mut order = Vec::new();
    while let Some(file) = taken(fx, Pick::MostUrgent).await {
        order.push(file);
    }
    assert_eq!(order, [vec![in_call, uploaded, after], imported].concat());
}

async fn whoever_waits_longest_has_a_turn_of_its_own_and_calls_have_theirs(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let imported = adopted(fx, customer, "legal/", 1).await;
    let uploaded = fx.arrived(customer, "letter").await;
    assert_eq!(taken(fx, Pick::OfCalls).await, None, "nobody is on the line");
    assert_eq!(taken(fx, Pick::Longest).await, Some(imported[0]));
    let call = fx.call(customer).await;
    let in_call = sent(fx, customer, call, "invoice").await;
    assert_eq!(taken(fx, Pick::OfCalls).await, Some(in_call));
    assert_eq!(taken(fx, Pick::Longest).await, Some(uploaded));
}

async fn a_reading_goes_on_where_its_scan_was_in_the_queue(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let first = fx.arrived(customer, "first").await;
    fx.clock.advance_seconds(1);
    let second = fx.arrived(customer, "second").await;
    fx.clock.advance_seconds(1);
    let scan = fx.lease().await;
    fx.judge(&scan, ScanStatus::Clean).await.unwrap();
    let jobs = [fx.lease().await, fx.lease().await];
    assert_eq!(jobs.map(|job| (job.file, job.kind)), [(first, JobKind::Read), (second, JobKind::Scan)]);
}

async fn a_crowd_of_one_customer_is_behind_a_single_file_of_another(fx: &Fixture) {
    let (north, south) = (fx.customer("Northwind").await, fx.customer("Southwind").await);
    for index in 0..CROWD + 2 {
        fx.arrived(north, &format!("bytes {index}")).await;
    }
    fx.clock.advance_seconds(1);
    let single = fx.arrived(south, "letter").await;
    let call = fx.call(north).await;
    let in_call = sent(fx, north, call, "invoice").await;
    let mut order = Vec::new();
    while let Some(job) = fx.catalog.lease_job(fx.in_seconds(3000), Pick::MostUrgent).await.unwrap() {
        order.push((job.file, job.priority));
    }
    assert_eq!(order[0], (in_call, Priority::Call), "uploads of its customer are no crowd before a call");
    let behind = order.iter().position(|(file, _)| *file == single).unwrap();
    assert_eq!(order[behind].1, Priority::Upload);
    let crowd = &order[behind + 1..];
    assert!(crowd.len() == 2 && crowd.iter().all(|(_, class)| *class == Priority::Import), "{crowd:?}");
}

async fn what_only_a_newer_server_does_is_left_to_it(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    fx.damage("UPDATE jobs SET kind = 'dream'").await;
    for pick in [Pick::MostUrgent, Pick::Longest] {
        assert_eq!(taken(fx, pick).await, None);
    }
    assert_eq!(fx.catalog.stages(customer, file, 1).await.unwrap(), []);
    fx.damage("UPDATE jobs SET state = 'leased', leased_until = 1").await;
    assert_eq!(taken(fx, Pick::MostUrgent).await, None, "nor when its worker went");
    assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 1);
    let ours = fx.arrived(customer, "letter").await;
    assert_eq!(taken(fx, Pick::MostUrgent).await, Some(ours));
}

async fn workers_at_once_take_jobs_of_every_class_and_none_goes_idle(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let call = fx.call(customer).await;
    adopted(fx, customer, "legal/", 4).await;
    for index in 0..4 {
        fx.arrived(customer, &format!("bytes {index}")).await;
        sent(fx, customer, call, &format!("sent {index}")).await;
    }
    let until = fx.in_seconds(60);
    let leased = at_once((0..12).map(|_| {
        let catalog = fx.catalog.clone();
        async move { catalog.lease_job(until, Pick::MostUrgent).await.unwrap() }
    }))
    .await;
    let files: std::collections::BTreeSet<_> = leased.into_iter().flatten().map(|job| job.file).collect();
    assert_eq!(files.len(), 12, "a job for each, and none for two");
}

/// A file that is here, and what draws it.
async fn to_draw(fx: &Fixture, customer: CustomerId, bytes: &str) -> (FileId, Job) {
    let file = fx.arrived(customer, bytes).await;
    let scan = fx.stage(JobKind::Scan, file).await;
    let read = fx.cleared(&scan).await;
    let admission = Admission { follow_ups: vec![JobKind::Preview], ..admission("Q2") };
    fx.catalog.admit(&read, &admission, &entry("admit")).await.unwrap();
    (file, fx.stage(JobKind::Preview, file).await)
}

async fn what_follows_once_a_file_is_here_comes_after_what_people_wait_for(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, job) = to_draw(fx, customer, "report").await;
    assert_eq!((job.kind, job.priority), (JobKind::Preview, Priority::Extra));
    fx.catalog.retry_job(&job, fx.now(), "later", Putback::Excused).await.unwrap();
    fx.clock.advance_seconds(1);
    let newer = fx.arrived(customer, "letter").await;
    assert_eq!([taken(fx, Pick::MostUrgent).await, taken(fx, Pick::MostUrgent).await], [Some(newer), Some(file)]);
}

async fn what_was_drawn_is_known_of_the_bytes_and_what_could_not_be_says_why(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let preview = async |file: FileId| {
        let blob = fx.catalog.file(customer, file).await.unwrap().unwrap().blob;
        fx.catalog.blob(customer, blob).await.unwrap().unwrap().preview
    };
    let (file, job) = to_draw(fx, customer, "report").await;
    assert_eq!(preview(file).await, Preview::NotYet);
    fx.catalog.drawn(&job, &Drawing::Made, &entry("draw")).await.unwrap();
    assert_eq!(preview(file).await, Preview::Made);
    assert!(conflicts(fx.catalog.drawn(&job, &Drawing::Made, &entry("draw")).await), "once");
    let twin = fx.arrived(customer, "report").await;
    assert_eq!(preview(twin).await, Preview::Made, "the same bytes look the same");
    let scan = fx.stage(JobKind::Scan, twin).await;
    assert!(conflicts(fx.catalog.drawn(&scan, &Drawing::Made, &entry("draw")).await), "a scan draws nothing");

    let (locked, job) = to_draw(fx, customer, "locked").await;
    fx.catalog.drawn(&job, &Drawing::Never("it is locked".to_owned()), &entry("draw")).await.unwrap();
    assert_eq!(preview(locked).await, Preview::Never("it is locked".to_owned()));
    let stages = fx.catalog.stages(customer, locked, 1).await.unwrap();
    let reason = Some("it is locked".to_owned());
    assert_eq!(stages.last(), Some(&StageRecord { kind: JobKind::Preview, state: JobState::GivenUp, tries: 1, reason }));
    assert_eq!(fx.state(customer, locked).await, FileStatus::Active, "it is of use all the same");
}

async fn what_may_not_be_shown_is_not_drawn(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (deleted, job) = to_draw(fx, customer, "report").await;
    fx.catalog.delete_file(customer, deleted, &entry("delete")).await.unwrap();
    assert!(conflicts(fx.catalog.drawn(&job, &Drawing::Made, &entry("draw")).await));
    let (_, job) = to_draw(fx, customer, "letter").await;
    fx.damage("UPDATE blobs SET scan_status = 'infected'").await;
    assert!(conflicts(fx.catalog.drawn(&job, &Drawing::Made, &entry("draw")).await));
}

/// What was heard in a recording.
pub(super) fn transcription() -> Transcription {
    Transcription {
        extraction: Extraction { status: ExtractionStatus::Done, reason: None },
        excerpt: Some("Hello, this is Nora.".to_owned()),
        summary: Some("Nora says hello.".to_owned()),
        looked: Some(Looked {
            findings: vec![Finding {
                kind: FindingKind::Card,
                rule: "visa".to_owned(),
                count: 1,
                places: Vec::new(),
                sample: "**** 4242".to_owned(),
            }],
            level: Classification::Restricted,
        }),
        duration_ms: Some(9_000),
        text_key: Some("text/2".to_owned()),
    }
}

/// A recording that is here, and what listens to it.
async fn to_hear(fx: &Fixture, customer: CustomerId, bytes: &str) -> (FileId, Job) {
    let file = fx.arrived(customer, bytes).await;
    let scan = fx.stage(JobKind::Scan, file).await;
    let read = fx.cleared(&scan).await;
    let admission = Admission { follow_ups: vec![JobKind::Transcribe], excerpt: None, ..admission("Call") };
    fx.catalog.admit(&read, &admission, &entry("admit")).await.unwrap();
    assert_eq!(taken(fx, Pick::MostUrgent).await, None, "nobody but who listens takes it");
    let job = fx.catalog.lease_job(fx.in_seconds(3000), Pick::Long).await.unwrap().unwrap();
    assert_eq!((job.kind, job.file, job.priority), (JobKind::Transcribe, file, Priority::Long));
    (file, job)
}

async fn what_was_heard_is_kept_with_what_is_sensitive_in_it(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, job) = to_hear(fx, customer, "call").await;
    fx.catalog.transcribed(&job, &transcription(), &entry("transcribe")).await.unwrap();
    let known = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((known.excerpt.as_deref(), known.duration_ms), (Some("Hello, this is Nora."), Some(1_500)), "a length that was read stays");
    assert_eq!(known.classification, Classification::Restricted);
    let findings = fx.catalog.findings(customer, file, 1).await.unwrap();
    assert_eq!(findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [FindingKind::Card]);
    assert!(conflicts(fx.catalog.transcribed(&job, &transcription(), &entry("transcribe")).await), "once");

    // What nobody could hear leaves what was known before.
    let (file, job) = to_hear(fx, customer, "noise").await;
    let extraction = Extraction { status: ExtractionStatus::Failed, reason: Some("it holds no sound".to_owned()) };
    let nothing = Transcription { extraction, excerpt: None, summary: None, looked: None, duration_ms: None, text_key: None };
    fx.catalog.transcribed(&job, &nothing, &entry("transcribe")).await.unwrap();
    let known = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((known.status, known.extraction.status), (FileStatus::Active, ExtractionStatus::Failed));
    assert_eq!(fx.catalog.findings(customer, file, 1).await.unwrap().len(), 1);
}

async fn what_may_not_be_heard_keeps_nothing_of_what_was_said(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (_, job) = to_hear(fx, customer, "call").await;
    fx.damage("UPDATE blobs SET scan_status = 'infected'").await;
    assert!(conflicts(fx.catalog.transcribed(&job, &transcription(), &entry("transcribe")).await));
    let (deleted, job) = to_hear(fx, customer, "message").await;
    fx.catalog.delete_file(customer, deleted, &entry("delete")).await.unwrap();
    assert!(conflicts(fx.catalog.transcribed(&job, &transcription(), &entry("transcribe")).await));
}

catalog_suite!(
    what_was_heard_is_kept_with_what_is_sensitive_in_it,
    what_may_not_be_heard_keeps_nothing_of_what_was_said,
    what_follows_once_a_file_is_here_comes_after_what_people_wait_for,
    what_was_drawn_is_known_of_the_bytes_and_what_could_not_be_says_why,
    what_may_not_be_shown_is_not_drawn,
    each_stage_is_a_job_of_its_own_made_where_the_one_before_ends,
    harmful_bytes_have_no_further_stage,
    a_stage_that_failed_says_why_and_what_was_away_does_not_count,
    files_of_a_living_call_come_first_then_what_people_send_then_imports,
    whoever_waits_longest_has_a_turn_of_its_own_and_calls_have_theirs,
    a_reading_goes_on_where_its_scan_was_in_the_queue,
    a_crowd_of_one_customer_is_behind_a_single_file_of_another,
    what_only_a_newer_server_does_is_left_to_it,
    workers_at_once_take_jobs_of_every_class_and_none_goes_idle;
    pooled: workers_at_once_take_jobs_of_every_class_and_none_goes_idle,
);
