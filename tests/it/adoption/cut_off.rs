//! A run that is cut off goes on where it was, and nothing becomes a file twice.

use std::collections::BTreeSet;

use satchel::domain::CustomerId;

use super::bucket::{Adopting, Versions};
use crate::support::Kind;

/// More than two pages.
const OBJECTS: u64 = 230;
/// Looks at the catalog until a page is half done; far more than it takes.
const LOOKS: usize = 100_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cut_off_in_the_middle_of_a_page_adopts_each_object_once() {
    let place = Adopting::start(Kind::Embedded, Versions::Lost).await;
    for number in 0..OBJECTS {
        place.put(&format!("ann/{number:04}.txt"), format!("page {number}").as_bytes()).await;
    }
    let customer = CustomerId::parse(&place.ann.customer).unwrap();
    let begun = place.begin(&place.ann, &place.bucket, "ann/").await.expect(202).text("/import_id");
    let files = &place.world.files;
    let import = files.lease_import(60).await.unwrap().unwrap();
    let second = files.import_page(&import).await.unwrap().unwrap();
    assert_eq!(files.open_jobs(customer).await.unwrap(), 100);
    // The process dies while the second page is half done: files are there, and the page is not written down.
    let half = async {
        for _ in 0..LOOKS {
            if files.open_jobs(customer).await.unwrap() > 130 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the page never got so far");
    };
    tokio::select! {
        page = files.import_page(&second) => panic!("the page was done first: {page:?}"),
        () = half => {}
    }
    assert!(files.lease_import(60).await.unwrap().is_none(), "its lease still holds");
    place.world.clock.advance_seconds(61);
    // The one that was cut off wakes too late: it has nothing to say any more.
    let taken = files.lease_import(60).await.unwrap().unwrap();
    assert!(files.import_page(&second).await.is_err(), "another worker has it");
    assert!(files.put_back_import(&second, 0, None).await.is_err());
    let mut next = Some(taken);
    while let Some(import) = next {
        next = files.import_page(&import).await.unwrap();
    }
    let report = place.report(&place.ann, &begun).await;
    assert_eq!((report.counts()[0], report.counts()[3]), (OBJECTS, 0), "{report:?}");
    assert_eq!(files.open_jobs(customer).await.unwrap(), OBJECTS, "one job for each object");
    let first = place.world.get("/v1/files?limit=200", &place.ann.key).await.expect(200).json();
    let rest = place.world.get(&format!("/v1/files?limit=200&after={}", first["next"].as_str().unwrap()), &place.ann.key).await.expect(200);
    let pages = [first["files"].as_array().unwrap().clone(), rest.json()["files"].as_array().unwrap().clone()].concat();
    let names: BTreeSet<_> = pages.iter().map(|file| file["original_name"].as_str().unwrap()).collect();
    assert_eq!((pages.len() as u64, names.len() as u64), (OBJECTS, OBJECTS));
    assert_eq!(place.adopt(&place.ann, "ann/").await.counts(), [0, OBJECTS, 0, 0, 0, 0]);
    place.close().await;
}
