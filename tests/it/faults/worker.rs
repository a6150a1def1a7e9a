//! The worker process: a program in its place that ends, hangs, or talks nonsense.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use satchel::inspect::{Inspector, InspectorSettings};
use satchel::jobs::{WorkerSettings, Workers};
use serde_json::json;
use sqlx::Row;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::stage::{Op, Stage};

/// How long a worker may pause here.
const WALL: Duration = Duration::from_millis(700);
/// Until when the workers must have done what is waited for.
const BOUND: Duration = Duration::from_secs(20);

/// Programs that are no worker.
const BROKEN: &[(&str, &str)] = &[
    ("ends at once", "exit 1"),
    ("is killed", "kill -9 $$"),
    ("hangs", "exec sleep 30"),
    ("talks nonsense", "cat >/dev/null; echo '{\"verdict\": \"probably fine\"}'"),
    ("talks without an end", "exec yes clean"),
    ("answers before it was asked and reads nothing", "echo '{\"clean\": true}'; exit 0"),
];

fn script(folder: &Path, number: usize, body: &str) -> PathBuf {
    let path = folder.join(format!("worker-{number}"));
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Runs workers with this program until a condition on (open jobs, failed attempts) holds.
async fn work_until(stage: &Stage, program: PathBuf, holds: impl Fn(i64, i64) -> bool) {
    let settings = InspectorSettings { start_wall: WALL * 10, scan_wall: WALL, extract_wall: WALL * 10, ..InspectorSettings::new(program) };
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let workers = Workers::new(
        stage.world.files.clone(),
        Arc::new(Inspector::new(settings)),
        WorkerSettings { count: 1, ..WorkerSettings::default() },
    );
    tasks.spawn(workers.run(stop.clone()));
    let mut database = stage.world.database().await;
    let reached = async {
        loop {
            let query = "SELECT COUNT(*), COALESCE(SUM(state = 'ready' AND last_error IS NOT NULL), 0) FROM jobs WHERE state IN ('ready', 'leased')";
            let row = sqlx::query(query).fetch_one(&mut database).await.unwrap();
            if holds(row.get(0), row.get(1)) {
                return;
            }
            stage.world.files.changed(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(BOUND, reached).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    in_time.expect("the workers never came so far");
}

#[tokio::test]
async fn a_file_whose_worker_fails_stays_unread_and_is_read_when_there_is_one_again() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    for (number, (what, body)) in BROKEN.iter().enumerate() {
        let query = format!("name=plan{number}.txt&title=Plan%20{number}");
        let added = stage.world.put(&stage.tenant.key, &query, format!("the plan of {what}").as_bytes()).await.expect(201);
        let file = format!("/v1/files/{}", added.text("/id"));
        work_until(&stage, script(folder.path(), number, body), |_, failed| failed == 1).await;
        let seen = stage.world.get(&file, &stage.tenant.key).await.expect(200).json();
        assert_eq!(seen["lifecycle"]["status"], "scanning", "{what}");
        assert_eq!(seen["metadata"]["extracted_text"], json!(null), "{what}");
        stage.world.get(&format!("{file}/content"), &stage.tenant.key).await.expect_problem(403, "forbidden");
        // The next attempt comes a while after the one that failed.
        stage.world.clock.advance_seconds(300);
        work_until(&stage, PathBuf::from(env!("CARGO_BIN_EXE_satchel")), |open, _| open == 0).await;
        let seen = stage.world.get(&file, &stage.tenant.key).await.expect(200).json();
        assert_eq!(seen["lifecycle"]["status"], "active", "{what}: {seen}");
        assert_eq!(seen["metadata"]["extracted_text"], json!(format!("the plan of {what}")), "{what}");
    }
    stage.expect_whole_audit().await;
}

#[tokio::test]
async fn while_no_worker_works_a_call_goes_on() {
    let stage = Stage::new().await;
    for op in Op::ALL {
        let ready = stage.ready(op).await;
        stage.world.put(&stage.tenant.key, "name=waiting.txt&title=Waiting", b"waiting").await.expect(201);
        let answer = stage.run(&ready).await;
        assert!(op.is_done(&answer), "{op:?}: {answer:?}");
    }
}
