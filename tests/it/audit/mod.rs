//! The audit trail as an auditor has it: exported files, one key, and two checkers that know nothing
//! of each other.

mod anchors;
mod fields;
mod trail;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use satchel::catalog::{CheckpointVerifier, verify_export};
use serde_json::{Value, json};

use crate::support::beside;
use trail::Trail;

/// One trail to check.
struct Case {
    what: String,
    records: Vec<u8>,
    checkpoints: Vec<u8>,
}

/// Whether the trail is whole, by our own checker.
fn ours(case: &Case, key: &CheckpointVerifier) -> (u64, bool) {
    let report = verify_export(&*case.records, &*case.checkpoints, key).unwrap();
    (report.records, report.fault.is_none())
}

/// The same by the checker that was written from the format's page.
fn theirs(cases: &[Case], key: &CheckpointVerifier) -> Vec<(u64, bool)> {
    let dir = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    for case in cases {
        let line = json!({ "records": STANDARD.encode(&case.records), "checkpoints": STANDARD.encode(&case.checkpoints) });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    let path = dir.path().join("cases");
    std::fs::write(&path, lines).unwrap();
    let checker = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/audit/verify.py");
    let output = Command::new(beside("SATCHEL_TEST_PYTHON"))
        .args([checker, "--each", &key.to_string()])
        .stdin(Stdio::from(std::fs::File::open(path).unwrap()))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", output.status);
    let verdicts: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), cases.len());
    verdicts.iter().map(|verdict| (verdict["records"].as_u64().unwrap(), verdict["fault"].is_null())).collect()
}

fn expect_found(cases: &[Case], key: &CheckpointVerifier) {
    let judged = theirs(cases, key);
    for (case, judged) in cases.iter().zip(judged) {
        assert!(!ours(case, key).1, "not found here: {}", case.what);
        assert!(!judged.1, "not found there: {}", case.what);
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        *kinds.entry(case.what.split(' ').next().unwrap_or_default()).or_default() += 1;
    }
    eprintln!("found by both: {kinds:?}");
}

#[tokio::test]
async fn a_whole_trail_is_whole_to_both_checkers() {
    let trail = Trail::of_a_world().await;
    let case = trail.case("whole");
    let count = trail.records.len() as u64;
    assert!(count > 10 && trail.checkpoints.len() > 2, "{count}");
    assert_eq!(ours(&case, &trail.key), (count, true));
    assert_eq!(theirs(&[case], &trail.key), [(count, true)]);
}

#[tokio::test]
async fn what_is_done_to_a_trail_is_found_by_both_checkers() {
    let trail = Trail::of_a_world().await;
    let mut cases = trail.reordered();
    cases.extend(trail.rewritten());
    cases.extend(trail.foreign());
    cases.extend(trail.flipped(41));
    expect_found(&cases, &trail.key);
}

#[tokio::test]
async fn records_after_the_last_checkpoint_stand_by_their_chain_alone() {
    let trail = Trail::of_a_world().await;
    let without = Case { checkpoints: Vec::new(), ..trail.case("no checkpoint at all") };
    assert!(ours(&without, &trail.key).1 && theirs(&[without], &trail.key)[0].1);
}

mod long {
    use super::{Trail, expect_found};

    #[tokio::test]
    async fn long_no_byte_of_a_trail_can_be_another() {
        let trail = Trail::of_a_world().await;
        expect_found(&trail.flipped(1), &trail.key);
    }
}
