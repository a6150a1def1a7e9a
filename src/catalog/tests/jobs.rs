//! The durable job queue.

use std::collections::BTreeSet;

use super::fixture::{Engine, Fixture, at_once, catalog_suite, conflicts, entry};
use crate::catalog::{JobState, Pick, Putback};

async fn a_job_is_leased_to_one_worker_until_its_lease_ends(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    assert_eq!(fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap(), None);
    let file = fx.arrived(customer, "report").await;
    let job = fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap().unwrap();
    assert_eq!((job.customer, job.file, job.version, job.attempts), (customer, file, 1, 1));
    for seconds in [0, 59] {
        fx.clock.advance_seconds(seconds);
        assert_eq!(fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap(), None);
    }
    fx.clock.advance_seconds(1);
    let again = fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap().unwrap();
    assert_eq!((again.id, again.attempts), (job.id, 2));
    assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 1);
}

async fn jobs_are_taken_oldest_first(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let mut files = Vec::new();
    for index in 0..3 {
        files.push(fx.arrived(customer, &format!("bytes {index}")).await);
        fx.clock.advance_seconds(1);
    }
    let first = fx.catalog.lease_job(fx.in_seconds(5), Pick::MostUrgent).await.unwrap().unwrap();
    fx.clock.advance_seconds(5);
    // Its lease ran out, and it is still the oldest.
    let taken = [fx.lease().await.file, fx.lease().await.file, fx.lease().await.file];
    assert_eq!((first.file, taken.as_slice()), (files[0], files.as_slice()));
}

async fn a_lease_that_is_renewed_lasts_and_one_that_was_taken_over_is_not_renewed(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    fx.arrived(customer, "report").await;
    let job = fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap().unwrap();
    fx.clock.advance_seconds(50);
    fx.catalog.renew_job(&job, fx.in_seconds(60)).await.unwrap();
    fx.clock.advance_seconds(50);
    assert_eq!(fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap(), None);
    fx.clock.advance_seconds(10);
    let next = fx.lease().await;
    assert_eq!(next.id, job.id);
    assert!(conflicts(fx.catalog.renew_job(&job, fx.in_seconds(60)).await));
}

async fn a_job_put_back_waits_for_its_time(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    fx.arrived(customer, "report").await;
    let job = fx.lease().await;
    fx.catalog.retry_job(&job, fx.in_seconds(30), "the store is down", Putback::Failed).await.unwrap();
    fx.clock.advance_seconds(29);
    assert_eq!(fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap(), None);
    fx.clock.advance_seconds(1);
    assert_eq!(fx.lease().await.attempts, 2);
}

async fn a_closed_job_is_never_run_again(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    for (state, bytes) in [(JobState::Done, "a"), (JobState::GivenUp, "b")] {
        fx.arrived(customer, bytes).await;
        let job = fx.lease().await;
        fx.catalog.close_job(&job, state, Some("why"), &entry("inspect")).await.unwrap();
        assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 0);
        fx.clock.advance_seconds(86_400);
        assert_eq!(fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap(), None);
        assert!(conflicts(fx.catalog.close_job(&job, state, None, &entry("inspect")).await));
        assert!(conflicts(fx.catalog.retry_job(&job, fx.now(), "late", Putback::Failed).await));
    }
}

async fn a_job_cannot_be_closed_into_an_open_state(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    fx.arrived(customer, "report").await;
    let job = fx.lease().await;
    for state in [JobState::Ready, JobState::Leased] {
        assert!(conflicts(fx.catalog.close_job(&job, state, None, &entry("inspect")).await), "{state:?}");
    }
    fx.catalog.close_job(&job, JobState::Done, None, &entry("inspect")).await.unwrap();
}

async fn a_lease_that_was_taken_over_closes_and_retries_nothing(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    fx.arrived(customer, "report").await;
    let slow = fx.lease().await;
    fx.clock.advance_seconds(301);
    let quick = fx.lease().await;
    let before = fx.records(customer).await;
    assert!(conflicts(fx.catalog.retry_job(&slow, fx.now(), "late", Putback::Failed).await));
    assert!(conflicts(fx.catalog.close_job(&slow, JobState::GivenUp, None, &entry("inspect")).await));
    assert_eq!(fx.records(customer).await, before);
    fx.catalog.close_job(&quick, JobState::Done, None, &entry("inspect")).await.unwrap();
}

async fn a_job_that_a_gone_process_held_is_leased_at_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    fx.arrived(customer, "report").await;
    let gone = fx.lease().await;
    if fx.engine() == Engine::Postgres {
        // Others live beside it, so only time tells that it is gone.
        assert_eq!(fx.catalog.take_over().await.unwrap(), 0);
        assert_eq!(fx.catalog.lease_job(fx.in_seconds(60), Pick::MostUrgent).await.unwrap(), None);
        return;
    }
    assert_eq!(fx.catalog.take_over().await.unwrap(), 1);
    let next = fx.lease().await;
    assert_eq!((next.id, next.attempts), (gone.id, gone.attempts + 1));
    assert!(conflicts(fx.catalog.retry_job(&gone, fx.now(), "late", Putback::Failed).await));
}

async fn a_lease_that_ran_out_still_counts_while_nobody_took_it(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    fx.arrived(customer, "report").await;
    let job = fx.lease().await;
    fx.clock.advance_seconds(301);
    fx.catalog.close_job(&job, JobState::Done, None, &entry("inspect")).await.unwrap();
}

async fn workers_at_once_never_share_a_job_and_none_goes_idle(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    for index in 0..12 {
        fx.arrived(customer, &format!("bytes {index}")).await;
    }
    let until = fx.in_seconds(60);
    let tasks = (0..12).map(|_| {
        let catalog = fx.catalog.clone();
        async move { catalog.lease_job(until, Pick::MostUrgent).await.unwrap() }
    });
    let leased = at_once(tasks).await;
    assert!(leased.iter().all(Option::is_some), "there was a job for each");
    let ids: BTreeSet<_> = leased.into_iter().flatten().map(|job| job.id).collect();
    assert_eq!(ids.len(), 12);
}

catalog_suite!(
    a_job_is_leased_to_one_worker_until_its_lease_ends,
    jobs_are_taken_oldest_first,
    a_lease_that_is_renewed_lasts_and_one_that_was_taken_over_is_not_renewed,
    a_job_put_back_waits_for_its_time,
    a_closed_job_is_never_run_again,
    a_job_cannot_be_closed_into_an_open_state,
    a_lease_that_was_taken_over_closes_and_retries_nothing,
    a_job_that_a_gone_process_held_is_leased_at_once,
    a_lease_that_ran_out_still_counts_while_nobody_took_it,
    workers_at_once_never_share_a_job_and_none_goes_idle;
    pooled: workers_at_once_never_share_a_job_and_none_goes_idle,
);
