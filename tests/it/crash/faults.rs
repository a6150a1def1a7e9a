//! A full disk and a broken one: said so while it lasts, and over when it is over.

use std::sync::Arc;

use serde_json::json;

use super::caller::{Caller, Ground};
use super::judge::judge;
use super::ledger::Ledger;
use super::server::{House, Server, until};
use super::shim::Fault;

/// Whether the server says that it can serve.
async fn is_ready(server: &Server) -> bool {
    let reply = server.get("/readyz", "").await.unwrap();
    assert_eq!(reply.status == 200, reply.body["ready"] == true, "{reply:?}");
    reply.status == 200
}

/// Lets the disk fail from one write on, looks what is said, heals it, and demands that work goes on.
async fn through((house, server): (&House, &Server), (ground, ledger): (&Ground, &Ledger), caller: &mut Caller, fault: Fault) {
    let before = caller.rounds();
    house.shim.arm(fault);
    (caller.is_disk_bad, caller.met_bad_disk) = (true, true);
    // Each call ends with the first answer that says "not now"; the caller then tries again.
    for _ in 0..4 {
        caller.work(server, before + 1).await;
    }
    assert!(!server.is_dead(), "{fault:?} ended the server: {}", house.log());
    if house.shim.faults() > 0 {
        assert!(!is_ready(server).await, "{fault:?}: ready, and nothing can be written");
        let reply = server.post("/v1/calls", &ground.key, &json!({"caller_id": ground.user})).await.unwrap();
        assert_eq!((reply.status, &reply.body["code"]), (503, &json!("unavailable")), "{fault:?}: {reply:?}");
    }
    house.shim.arm(Fault::None);
    caller.is_disk_bad = false;
    until(&format!("the server is ready again after {fault:?}"), async || is_ready(server).await.then_some(())).await;
    let after = caller.rounds();
    let reply = server.post("/v1/calls", &ground.key, &json!({"caller_id": ground.user})).await.unwrap();
    assert_eq!(reply.status, 201, "{fault:?}: {reply:?}");
    ledger.facts().other_calls += 1;
    until(&format!("work goes on after {fault:?}"), async || {
        caller.work(server, after + 1).await;
        (caller.rounds() == after + 1).then_some(())
    })
    .await;
}

async fn faults(faults: impl Fn(u64) -> Vec<Fault>) {
    let (house, ledger) = (House::new(), Arc::new(Ledger::default()));
    let server = house.start().await;
    let ground = Ground::make(&server).await;
    let mut caller = Caller::new(&ground, &ledger, 0, 1);
    house.shim.arm(Fault::None);
    caller.work(&server, 1).await;
    until("the jobs end", async || (server.json("/v1/progress", &ground.key).await["open_jobs"] == 0).then_some(())).await;
    let writes = house.shim.writes();
    let faults = faults(writes);
    for fault in &faults {
        through((&house, &server), (&ground, &ledger), &mut caller, *fault).await;
        eprintln!("{fault:?} of {writes} writes: over");
    }
    let report = judge(&house, server, &ground, &ledger).await;
    eprintln!("{} faults of {writes} writes: {report:?}", faults.len());
    assert!(writes > 20, "{writes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_or_broken_is_said_to_be_so_and_work_goes_on_when_it_is_not() {
    faults(|writes| (0..4).flat_map(|part| [Fault::Full(1 + part * writes / 5), Fault::Broken(2 + part * writes / 5)]).collect()).await;
}

mod long {
    use super::{Fault, faults};

    /// Each kind of fault meets every fourth write, and both together every other one: half an hour at most.
    const STEP: usize = 4;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_a_disk_may_be_full_from_any_write_on() {
        faults(|writes| (1..=writes).step_by(STEP).map(Fault::Full).collect()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_a_disk_may_break_at_any_write() {
        faults(|writes| (3..=writes).step_by(STEP).map(Fault::Broken).collect()).await;
    }
}
