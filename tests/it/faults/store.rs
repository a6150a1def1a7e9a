//! The store, behind a proxy that answers for it, hangs up, stalls or cuts it off.

use std::time::Duration;

use futures::TryStreamExt;
use satchel::blob::{ObjectKey, Store, StoreSettings, Tuning};
use satchel::domain::{BlobId, CustomerId, ErrorCode, FileName, Folder, SystemClock, SystemEntropy};
use satchel::files::{AddRequest, Given, Patience, UploadTerms};
use serde_json::json;

use super::proxy::{Fault, Proxy};
use super::stage::{Op, Stage, changed, everything};
use crate::support::{DIRECT_WHOLE, Ground, World};

/// How long the client waits for one answer here.
const READ: Duration = Duration::from_millis(400);
/// Attempts of the client's, the first included.
const ATTEMPTS: usize = 3;
/// As long as anybody asks.
const ALWAYS: std::ops::Range<usize> = 0..usize::MAX;

const FAULTS: [Fault; 4] = [Fault::SlowDown, Fault::Close, Fault::Stall, Fault::Cut(10)];

async fn stage() -> (Stage, Proxy) {
    let (ground, proxy) = ground(READ).await;
    (Stage::on(ground).await, proxy)
}

/// Ground whose store is reached through a proxy, and waits so long for one answer.
async fn ground(read: Duration) -> (Ground, Proxy) {
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
    let store = Store::connect_within(settings, read).await.unwrap();
    (Ground { store, ..ground }, proxy)
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
    assert_eq!(
        readiness,
        json!({
            "ready": false,
            "catalog": true,
            "store": false,
            "regions": [{"region": "us-east-1", "ready": false, "files": "silent", "metadata": "silent", "capabilities": null}],
        })
    );
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
    stage.world.files.retry_job(&job, 1, "the store was away", satchel::files::Putback::Excused).await.unwrap();
    stage.world.clock.advance_seconds(2);
    stage.world.inspect_all().await;
    assert_eq!(stage.world.get(&format!("/v1/files/{id}"), &stage.tenant.key).await.expect(200).text("/lifecycle/status"), "active");
}

/// As long as anybody in these tests waits for an answer.
const REQUEST: Duration = Duration::from_secs(2);
/// How long a test waits for what must not hang: the client itself would wait for minutes.
const BOUND: Duration = Duration::from_secs(20);

/// Runs something to its end, which is there.
async fn bounded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, work).await.expect("it hangs on a store that does not answer")
}

#[tokio::test]
async fn a_request_that_waits_for_a_stalled_store_is_told_so_before_it_is_given_up() {
    // The client would wait half a minute for each answer: what ends the wait is who waits.
    let (ground, proxy) = ground(Tuning::default().read).await;
    let stage = Stage::of(World::answering_within(ground, REQUEST).await).await;
    let (world, key) = (&stage.world, &stage.tenant.key);
    let large = json!({"name": "large.bin", "size_bytes": DIRECT_WHOLE + 1});
    let open = world.post("/v1/uploads", key, &large).await.expect(201).text("/upload_id");
    proxy.plan(Fault::Stall, ALWAYS);
    // In parts: the store is asked for them. Not the door's "in time", which would leave the use case cut off in its middle.
    let refused = bounded(world.post("/v1/uploads", key, &large)).await.expect_problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "5");
    // What was decided is done; what is left in the store is swept.
    bounded(world.delete(&format!("/v1/uploads/{open}"), key)).await.expect(204);
    proxy.heal();
    world.post("/v1/uploads", key, &large).await.expect(201);
    stage.expect_whole_audit().await;
}

/// A direct upload that begins with a request to the store: one in parts.
fn large() -> UploadTerms {
    let about = AddRequest {
        name: FileName::parse("large.txt").unwrap(),
        folder: Folder::default(),
        owner: None,
        given: Given::default(),
        content_type: None,
        replaces: None,
    };
    UploadTerms { about, size: DIRECT_WHOLE + 1, checksum: None }
}

#[tokio::test]
async fn the_store_has_what_is_left_of_a_calls_deadline() {
    let (ground, proxy) = ground(Tuning::default().read).await;
    let stage = Stage::on(ground).await;
    let call = stage.world.call(&stage.tenant, stage.owner()).await;
    proxy.plan(Fault::Stall, ALWAYS);
    for millis in [900, 400, -60_000] {
        let mut ctx = stage.world.context(&call.token).await;
        ctx.deadline = ctx.deadline.saturating_add(jiff::SignedDuration::from_millis(millis)).unwrap();
        let caller = stage.world.files.caller(&ctx).await.unwrap();
        let Err(error) = bounded(Box::pin(stage.world.files.begin_direct(&caller, &large()))).await else {
            panic!("{millis}: a stalled store began it")
        };
        assert_eq!(error.code(), ErrorCode::Unavailable, "{millis}: {error}");
    }
    proxy.heal();
    let caller = stage.world.files.caller(&stage.world.context(&call.token).await).await.unwrap();
    stage.world.files.begin_direct(&caller.waiting(Patience::WhileBytesMove), &large()).await.unwrap();
}

#[tokio::test]
async fn a_body_that_is_read_on_has_no_deadline_of_the_request_that_opened_it() {
    let (ground, proxy) = ground(READ).await;
    let store = ground.store.clone();
    let (clock, entropy) = (SystemClock, SystemEntropy);
    let key = ObjectKey::quarantine(CustomerId::new(&clock, &entropy), BlobId::new(&clock, &entropy));
    let bytes = vec![b'a'; 300_000];
    store.put_bytes(&key, bytes.clone().into()).await.unwrap();
    // Each piece comes after a while that is longer than what the request had in all, put together.
    proxy.plan(Fault::Hang(60_000), ALWAYS);
    let object = store.within(Duration::from_millis(1500)).get(&key, None).await.unwrap().unwrap();
    let read = bounded(object.stream.try_collect::<Vec<bytes::Bytes>>()).await.unwrap();
    assert_eq!(read.concat(), bytes);
}

#[tokio::test]
async fn tools_answer_while_the_store_stalls() {
    let (ground, proxy) = ground(Tuning::default().read).await;
    let stage = Stage::of(World::answering_within(ground, REQUEST).await).await;
    let ready = stage.all_ready().await;
    proxy.plan(Fault::Stall, ALWAYS);
    for (op, ready) in ready.iter().filter(|(op, _)| *op != Op::Upload) {
        let answer = bounded(stage.run(ready)).await;
        assert!(op.is_done(&answer), "{op:?}: {answer:?}");
    }
}

#[tokio::test]
async fn checkpoints_are_signed_while_the_store_is_away_and_noted_once_it_is_back() {
    let (stage, proxy) = stage().await;
    proxy.plan(Fault::Close, ALWAYS);
    let sealed = bounded(Box::pin(stage.world.files.seal_chains())).await.unwrap();
    assert!(sealed.signed > 1 && sealed.anchored == 0 && sealed.late == 1, "a store that is away is asked once: {sealed:?}");
    proxy.heal();
    let noted = stage.world.files.seal_chains().await.unwrap();
    assert!(noted.anchored >= sealed.signed && noted.late == 0, "{noted:?}");
}
