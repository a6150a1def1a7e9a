//! Workers that wait for a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::stream;
use satchel::domain::{ChunkStream, FileName, ScanStatus};
use satchel::inspect::{Enforcement, Inspector, InspectorSettings, LookedFor};

use super::processes::{is_alive, kill, until, workers_of};

fn settings() -> InspectorSettings {
    InspectorSettings { keep_warm: true, ..InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel"))) }
}

fn note() -> ChunkStream {
    Box::pin(stream::iter([Ok(Bytes::from_static(b"A note of two short lines."))]))
}

async fn scan(inspector: &Inspector) -> (ScanStatus, Vec<String>) {
    let verdict = inspector.scan(&FileName::parse("note.txt").unwrap(), note()).await.verdict;
    (verdict.status, verdict.findings)
}

/// The one worker in reserve.
fn waiting() -> u32 {
    let workers = workers_of(std::process::id());
    assert_eq!(workers.len(), 1, "{workers:?}");
    workers[0]
}

#[tokio::test]
async fn each_file_has_a_worker_of_its_own_and_the_next_one_waits() {
    let inspector = Inspector::new(settings());
    assert!(workers_of(std::process::id()).is_empty());
    let mut before = None;
    for _ in 0..3 {
        assert_eq!(scan(&inspector).await, (ScanStatus::Clean, Vec::new()));
        let next = waiting();
        assert_ne!(Some(next), before);
        assert!(before.is_none_or(|before| !is_alive(before)));
        before = Some(next);
    }
    drop(inspector);
    until("the reserve ended", || workers_of(std::process::id()).is_empty());
}

#[tokio::test]
async fn a_worker_that_died_while_it_waited_costs_no_file() {
    let inspector = Inspector::new(settings());
    scan(&inspector).await;
    let dead = waiting();
    kill(dead);
    until("it was gone", || !is_alive(dead));
    assert_eq!(scan(&inspector).await, (ScanStatus::Clean, Vec::new()));
    assert_ne!(waiting(), dead);
}

/// A program that says of itself what a worker on an old kernel would, and then reads to the end.
fn unconfined(dir: &Path) -> PathBuf {
    let path = dir.join("worker");
    let script = "#!/bin/sh\necho '{\"ready\":{\"landlock\":\"none\",\"seccomp\":\"full\"}}'\nwhile read -r line; do :; done\n\
                  echo '{\"scan\":{\"status\":\"clean\",\"findings\":[]}}'\n";
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[tokio::test]
async fn where_confinement_is_required_an_unconfined_worker_gets_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let lax = InspectorSettings { keep_warm: false, exe: unconfined(dir.path()), ..settings() };
    let strict = InspectorSettings { require_sandbox: true, ..lax.clone() };
    let inspector = Inspector::new(lax);
    assert_eq!(scan(&inspector).await, (ScanStatus::Clean, Vec::new()));
    assert_eq!(inspector.confinement().map(|confinement| confinement.landlock), Some(Enforcement::None));
    let (status, findings) = scan(&Inspector::new(strict.clone())).await;
    assert_eq!(
        (status, findings),
        (ScanStatus::Failed, vec!["this system cannot confine the scanner, and the settings require it".to_owned()])
    );
    let read = Inspector::new(strict).extract(&FileName::parse("note.txt").unwrap(), note(), LookedFor::default()).await;
    assert_eq!(read.extraction.reason.as_deref(), Some("this system cannot confine what would read it"));
}
