//! `kill -9`, at random instants and at every flush to disk.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::caller::{Caller, Ground};
use super::importer::import;
use super::judge::{Report, judge};
use super::ledger::Ledger;
use super::server::{House, Server, until};
use super::shim::Fault;

const CALLERS: u8 = 4;
/// Nobody is ever done.
const ENDLESS: u32 = u32::MAX;

fn callers(ground: &Ground, ledger: &Arc<Ledger>, seed: u64) -> Vec<Caller> {
    (0..CALLERS).map(|number| Caller::new(ground, ledger, number, seed)).collect()
}

async fn work(callers: &mut [Caller], server: &Server, rounds: u32) {
    join_all(callers.iter_mut().map(|caller| caller.work(server, rounds))).await;
}

/// Instants that a seed gives, in milliseconds after the server came up.
struct Instants(u64);

impl Instants {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

async fn killed_at_random(kills: usize) {
    let seed = u64::from(std::process::id());
    eprintln!("seed {seed}");
    let (house, ledger, mut instants) = (House::new(), Arc::new(Ledger::default()), Instants(seed));
    let server = house.start().await;
    let ground = Ground::make(&server).await;
    server.kill();
    let mut callers = callers(&ground, &ledger, seed);
    for number in 0..kills {
        // One in eight does not even come up.
        if instants.next(8) == 0 {
            let mut child = house.spawn(Fault::None);
            tokio::time::sleep(Duration::from_millis(instants.next(400))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let server = house.start().await;
        let instant = Duration::from_millis(20 + instants.next(1_500));
        let killer = async {
            tokio::time::sleep(instant).await;
            server.kill();
        };
        let label = format!("{seed}-{number}");
        let import = import(&server, &ground, &ledger, &label);
        let ((), (), ()) = tokio::join!(work(&mut callers, &server, ENDLESS), import, killer);
    }
    let report = judge(&house, house.start().await, &ground, &ledger).await;
    eprintln!("{kills} kills: {report:?}");
    assert!(report.acknowledged > kills, "too little was done between the kills: {report:?}");
}

/// A folder with its ground, at rest.
async fn prepared() -> (House, Ground) {
    let house = House::new();
    let server = house.start().await;
    let ground = Ground::make(&server).await;
    server.stop().await;
    (house, ground)
}

/// One round of every caller, until the last job has ended.
async fn scenario(house: &House, callers: &mut [Caller], ground: &Ground, fault: Fault) {
    let Some(server) = house.try_start(fault).await else { return };
    work(callers, &server, 1).await;
    let idle = async || {
        // A server that dies meanwhile has reached its flush.
        let Ok(progress) = server.get("/v1/progress", &ground.key).await else { return Some(()) };
        (progress.body["open_jobs"] == 0 || server.is_dead()).then_some(())
    };
    until("the jobs end, or the server", idle).await;
    server.kill();
}

/// Kills a server at its n-th flush, lets callers finish their round with the next one, and judges.
async fn killed_at_flush(prepared: &House, ground: &Ground, number: u64) -> Report {
    let (house, ledger) = (prepared.copy(), Arc::new(Ledger::default()));
    let mut callers = callers(ground, &ledger, number);
    let fault = if number.is_multiple_of(2) { Fault::KillBefore(number) } else { Fault::KillAfter(number) };
    scenario(&house, &mut callers, ground, fault).await;
    let server = house.start().await;
    for _ in 0..3 {
        work(&mut callers, &server, 1).await;
    }
    assert!(callers.iter().all(|caller| caller.rounds() == 1), "a round was not finished after flush {number}: {}", house.log());
    judge(&house, server, ground, &ledger).await
}

/// How many flushes the scenario has, from the start of the server on.
async fn flushes(prepared: &House, ground: &Ground) -> u64 {
    let (house, ledger) = (prepared.copy(), Arc::new(Ledger::default()));
    let mut callers = callers(ground, &ledger, 0);
    scenario(&house, &mut callers, ground, Fault::None).await;
    house.shim.flushes()
}

async fn killed_at_flushes(choose: impl Fn(u64) -> Vec<u64>) {
    let (prepared, ground) = prepared().await;
    let all = flushes(&prepared, &ground).await;
    let chosen = choose(all);
    let (mut acknowledged, mut in_doubt, mut records) = (0, 0, 0);
    for number in &chosen {
        let report = killed_at_flush(&prepared, &ground, *number).await;
        acknowledged += report.acknowledged;
        in_doubt += report.in_doubt;
        records += report.records;
        eprintln!("flush {number} of {all}: {acknowledged} operations acknowledged so far");
    }
    let kills = chosen.len();
    eprintln!("{kills} of {all} flushes: {acknowledged} operations acknowledged, {in_doubt} in doubt, {records} records");
    assert!(kills > 0 && acknowledged > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_done_twice_when_the_server_dies_at_any_moment() {
    killed_at_random(12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_while_it_flushes_goes_on_where_it_was() {
    killed_at_flushes(|all| (1..=4).map(|part| part * all / 5).collect()).await;
}

mod long {
    use super::{killed_at_flushes, killed_at_random};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_three_hundred_kills_lose_nothing() {
        killed_at_random(300).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_a_kill_at_every_flush_loses_nothing() {
        killed_at_flushes(|all| (1..=all).collect()).await;
    }
}
