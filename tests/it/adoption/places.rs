//! Whose objects a customer may adopt: those of its own locations, and nobody else's.

use satchel::blob::{Store, StoreSettings};
use satchel::domain::{AdoptedPlace, CustomerId, Pin};
use serde_json::json;

use super::bucket::{Adopting, Versions};
use crate::support::Kind;

#[tokio::test]
async fn no_place_but_the_customers_own_location_is_adopted_from() {
    let place = Adopting::start(Kind::Embedded, Versions::Lost).await;
    place.put("ben/secret.txt", b"of ben").await;
    place.put("annex/secret.txt", b"of annex").await;
    let own = place.world.file(&place.ann.key, "name=own.txt", b"own").await;
    place.world.get(&format!("/v1/files/{own}"), &place.ann.key).await.expect(200);
    let (bucket, files) = (place.bucket.clone(), place.settings.files_bucket.clone());
    let elsewhere = [
        (bucket.as_str(), "ben/"),
        (bucket.as_str(), "ben/secret.txt"),
        (bucket.as_str(), ""),
        (bucket.as_str(), "an"),
        (bucket.as_str(), "ann"),
        (bucket.as_str(), "annex/"),
        (bucket.as_str(), "/ann/"),
        ("nowhere", "ann/"),
        ("", ""),
        (files.as_str(), ""),
        (files.as_str(), "ann/"),
        (files.as_str(), place.ann.customer.as_str()),
        (files.as_str(), place.ben.customer.as_str()),
        (place.settings.metadata_bucket.as_str(), "ann/"),
    ];
    let mut answers = Vec::new();
    for (bucket, prefix) in elsewhere {
        let refused = place.begin(&place.ann, bucket, prefix).await.expect_problem(400, "invalid");
        answers.push(refused.comparable(""));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "what is there and what is not are told alike: {answers:?}");
    assert!(place.world.files.lease_import(60).await.unwrap().is_none(), "nothing was begun");
    let refused = place.world.audit(&place.ann).await.into_iter().filter(|record| *record == ("import".to_owned(), "refused".to_owned()));
    assert_eq!(refused.count(), elsewhere.len());
    // Nor does it climb out of its own.
    place.put("ann/a.txt", b"of ann").await;
    assert_eq!(place.adopt(&place.ann, "ann/").await.counts(), [1, 0, 0, 0, 0, 0]);
    assert_eq!(place.adopt(&place.ann, "ann/../ben/").await.counts(), [0; 6]);
    assert_eq!(place.files(&place.ben).await.len(), 0);
    place.close().await;
}

#[tokio::test]
async fn one_run_at_a_time_goes_over_a_place_and_another_customer_knows_nothing_of_it() {
    let place = Adopting::start(Kind::Embedded, Versions::Lost).await;
    place.put("ann/a.txt", b"of ann").await;
    let import = place.begin(&place.ann, &place.bucket, "ann/").await.expect(202).text("/import_id");
    let again = place.begin(&place.ann, &place.bucket, "ann/").await.expect_problem(409, "conflict");
    assert!(again.body.contains("under way"), "{again:?}");
    for number in 0..3 {
        place.begin(&place.ann, &place.bucket, &format!("ann/{number}/")).await.expect(202);
    }
    place.begin(&place.ann, &place.bucket, "ann/4/").await.expect_problem(429, "too_many");
    place.begin(&place.ben, &place.bucket, "ben/").await.expect(202);
    for path in [format!("/v1/imports/{import}"), format!("/v1/imports/{import}/notes")] {
        place.world.get(&path, &place.ben.key).await.expect_problem(404, "not_found");
    }
    let reader = place.world.key(&place.ann, &["files:read", "files:write"]).await;
    let body = json!({"bucket": place.bucket, "prefix": "ann/"});
    place.world.post("/v1/imports", &reader, &body).await.expect_problem(403, "forbidden");
    place.run_all().await;
    assert_eq!(place.report(&place.ann, &import).await.counts(), [1, 0, 0, 0, 0, 0]);
    place.close().await;
}

#[tokio::test]
async fn a_location_that_is_taken_away_closes_what_was_adopted_from_it() {
    let place = Adopting::start(Kind::Embedded, Versions::Lost).await;
    place.put("ann/a.txt", b"of ann").await;
    place.put("ben/b.txt", b"of ben").await;
    let (ann, ben) = (CustomerId::parse(&place.ann.customer).unwrap(), CustomerId::parse(&place.ben.customer).unwrap());
    let at = |name: &str| AdoptedPlace { bucket: place.bucket.clone(), name: name.to_owned() };
    let pin = Pin { etag: "\"x\"".to_owned(), version: None };
    let store = Store::connect(place.settings.clone()).await.unwrap();
    assert!(store.adopted(ann, at("ann/a.txt"), pin.clone()).is_some());
    // A row that names another customer's object opens nothing.
    assert!(store.adopted(ann, at("ben/b.txt"), pin.clone()).is_none());
    assert!(store.examine(ann, &at("ben/b.txt")).await.is_err() && store.examine(ben, &at("ben/b.txt")).await.unwrap().is_some());
    assert!(store.list_adoptable(ann, &place.bucket, "ben/", None, 10).await.is_err());
    let closed = Store::connect(StoreSettings { locations: Vec::new(), ..place.settings.clone() }).await.unwrap();
    assert!(closed.adopted(ann, at("ann/a.txt"), pin).is_none());
    place.close().await;
}
