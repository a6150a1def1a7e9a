//! The store, behind a proxy that answers for it, hangs up, stalls or cuts it off.

use std::time::Duration;

use futures::TryStreamExt;
use satchel::blob::{Store, StoreSettings, Tuning};
use serde_json::json;

use super::proxy::{Fault, Proxy};
use super::stage::{Op, Stage, changed, everything};
use crate::support::Ground;

/// How long the client waits for one answer here.
const READ: Duration = Duration::from_millis(400);
/// Attempts of the client's, the first included.
const ATTEMPTS: usize = 3;
/// As long as anybody asks.
const ALWAYS: std::ops::Range<usize> = 0..usize::MAX;

const FAULTS: [Fault; 4] = [Fault::SlowDown, Fault::Close, Fault::Stall, Fault::Cut(10)];

async fn stage() -> (Stage, Proxy) {
    let ground = Ground::new(u64::from(std::process::id())).await;
    let proxy = Proxy::before(ground.bytes.as_ref().unwrap().local_addr()).await;
    let settings = StoreSettings {
        endpoint: Some(format!("http://{}", proxy.address)),
        public_endpoint: Some(ground.bytes_url.clone()),
        region: "us-east-1".to_owned(),
        access_key: "local".to_owned(),
        secret_key: "local-secret".to_owned(),
        files_bucket: "satchel-files".to_owned(),
        metadata_bucket: "satchel-metadata".to_owned(),
        path_style: true,
        checksums_when_required: false,
        create_buckets: false,
        credentials_by_chain: false,
        tuning: Tuning::default(),
        assume_role: None,
        kms_key: None,
        locations: Vec::new(),
    };
    let store = Store::connect_within(settings, READ).await.unwrap();
    (Stage::on(Ground { store, ..ground }).await, proxy)
}

#[tokio::test]
async fn a_store_that_fails_once_is_asked_again_and_nobody_notices() {
    let (stage, proxy) = stage().await;
    for fault in FAULTS {
        let ready = stage.ready(Op::Upload).await;
        for nth in 0..ATTEMPTS - 1 {
            proxy.plan(fault, nth..nth + 1);
            let answer = stage.run(&ready).await;
            assert!(Op::Upload.is_done(&answer), "{fault:?} at {nth}: {answer:?}");
            // The put, then the removal of bytes that were there already; one of them was asked twice.
            assert!(proxy.seen() >= 2, "{fault:?} at {nth}: {} requests", proxy.seen());
        }
    }
    proxy.heal();
    stage.world.inspect_all().await;
    stage.expect_whole_audit().await;
}

#[tokio::test]
async fn an_upload_that_the_store_does_not_take_is_refused_recorded_and_leaves_no_file() {
    let (stage, proxy) = stage().await;
    let mut database = stage.world.database().await;
    for fault in FAULTS {
        let ready = stage.ready(Op::Upload).await;
        let before = everything(&mut database).await;
        proxy.plan(fault, ALWAYS);
        let answer = stage.run(&ready).await;
        Op::Upload.expect_unavailable(&answer);
        assert!(proxy.seen() >= ATTEMPTS, "{fault:?}: {} requests", proxy.seen());
        proxy.heal();
        let after = everything(&mut database).await;
        // The record of the failure, and a row by which the sweeper finds what may have stayed.
        assert_eq!(changed(&before, &after), ["audit", "audit_heads", "uploads"], "{fault:?}");
        let records = stage.world.audit(&stage.tenant).await;
        let last = records.iter().rev().find(|(action, _)| action == "add").unwrap();
        assert_eq!(last.1, "failed", "{fault:?}");
        let again = stage.run(&ready).await;
        assert!(Op::Upload.is_done(&again), "{fault:?}: {again:?}");
    }
    stage.world.inspect_all().await;
    stage.world.clock.advance_seconds(2 * 86_400);
    assert_eq!(stage.world.files.sweep_uploads().await.unwrap(), FAULTS.len() as u64);
    assert_eq!(stage.world.files.sweep_uploads().await.unwrap(), 0);
    stage.expect_whole_audit().await;
}

#[tokio::test]
async fn a_call_goes_on_while_the_store_is_away() {
    let (stage, proxy) = stage().await;
    let ready = stage.all_ready().await;
    proxy.plan(Fault::Close, ALWAYS);
    for (op, ready) in ready.iter().filter(|(op, _)| *op != Op::Upload) {
        let answer = stage.run(ready).await;
        assert!(op.is_done(&answer), "{op:?}: {answer:?}");
    }
    let readiness = stage.world.get("/readyz", "").await.expect(503).json();
    assert_eq!(readiness, json!({"ready": false, "catalog": true, "store": false, "capabilities": null}));
    proxy.heal();
    stage.world.get("/readyz", "").await.expect(200);
}

#[tokio::test]
async fn bytes_that_break_off_on_their_way_to_the_scanner_are_an_error_and_never_a_short_file() {
    let (stage, proxy) = stage().await;
    let bytes = vec![b'a'; 300_000];
    let id = stage.world.put(&stage.tenant.key, "name=long.txt&title=Long", &bytes).await.expect(201).text("/id");
    let job = stage.world.files.lease_job(60).await.unwrap().unwrap();
    let under = stage.world.files.under_inspection(&job).await.unwrap().unwrap();
    let read = async || match stage.world.files.open_for_inspection(&under).await {
        Ok((_, stream)) => stream.try_collect::<Vec<bytes::Bytes>>().await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    for fault in [Fault::Cut(10), Fault::SlowDown, Fault::Close, Fault::Stall, Fault::Damaged(7)] {
        proxy.plan(fault, ALWAYS);
        assert!(read().await.is_err(), "{fault:?} went unnoticed");
    }
    // A line that breaks again and again, and brings a little each time, brings the whole in the end.
    proxy.plan(Fault::Cut(100_000), ALWAYS);
    assert_eq!(read().await.map(|pieces| pieces.concat()), Ok(bytes));
    proxy.heal();
    stage.world.get(&format!("/v1/files/{id}/content"), &stage.tenant.key).await.expect_problem(403, "forbidden");
    stage.world.files.retry_job(&job, 1, "the store was away").await.unwrap();
    stage.world.clock.advance_seconds(2);
    stage.world.inspect_all().await;
    assert_eq!(stage.world.get(&format!("/v1/files/{id}"), &stage.tenant.key).await.expect(200).text("/lifecycle/status"), "active");
}
