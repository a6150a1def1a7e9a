//! Where adopted bytes lie, what becomes of them there, and what is served of them.

use std::time::Duration;

use aws_sdk_s3::types::StorageClass;
use reqwest::Method;
use satchel::blob::AssumeRole;
use satchel::domain::{Edition, Lifetime, Rights};
use satchel::files::{Answered, Confirmed, ShareAnswer, ShareRequest};
use serde_json::json;

use super::bucket::{Adopting, GROUNDS, Versions};
use crate::support::{Answer, Kind};

/// Longer than deleted files and unreferenced bytes are kept.
const LONG: i64 = 40 * 86_400;

#[tokio::test]
async fn objects_become_files_where_they_lie_and_a_second_run_adopts_nothing() {
    for (kind, versions) in GROUNDS {
        let place = Adopting::start(kind, versions).await;
        for (key, bytes) in [("ann/2024/q1/lease.txt", "the lease"), ("ann/letter.txt", "dear Larkfield"), ("ann/ü (1).txt", "odd")] {
            place.put(key, bytes.as_bytes()).await;
        }
        place.put("ann/2024/", b"").await;
        place.put("ben/secret.txt", b"of ben").await;
        let report = place.adopt(&place.ann, "ann/").await;
        assert_eq!(report.counts(), [3, 0, 0, 1, 0, 0], "{kind:?} {versions:?}: {report:?}");
        assert!(report.why("ann/2024/").1.contains("its name cannot be used"), "{report:?}");
        // Not readable before the scanner's word, as with every file.
        let lease = place.file(&place.ann, "lease.txt").await;
        place.download(&place.ann, &lease, "").await.expect_problem(403, "forbidden");
        place.world.inspect_all().await;
        let told = place.world.get(&format!("/v1/files/{lease}"), &place.ann.key).await.expect(200);
        assert_eq!(told.text("/lifecycle/status"), "active");
        assert_eq!(told.text("/stored_path"), format!("s3://{}/ann/2024/q1/lease.txt", place.bucket));
        for (name, bytes) in [("lease.txt", "the lease"), ("letter.txt", "dear Larkfield"), ("ü (1).txt", "odd")] {
            let got = place.download(&place.ann, &place.file(&place.ann, name).await, "").await.expect(200);
            assert_eq!(got.body, bytes, "{kind:?} {versions:?}");
            // MiniStack forgets what an answer is to say where a version is named.
            let says_so = (kind, versions) != (Kind::MiniStack, Versions::Kept);
            assert!(!says_so || got.header("content-disposition").starts_with("attachment; filename="), "{got:?}");
        }
        assert_eq!(place.own().await, Vec::<String>::new(), "no bytes were copied");
        let again = place.adopt(&place.ann, "ann/").await;
        assert_eq!(again.counts(), [0, 3, 0, 1, 0, 0], "{kind:?} {versions:?}: {again:?}");
        assert_eq!(place.files(&place.ann).await.len(), 3);
        // Below a prefix that is no whole segment, too.
        assert_eq!(place.adopt(&place.ann, "ann/2024/q1/le").await.counts(), [0, 1, 0, 0, 0, 0]);
        assert_eq!(place.files(&place.ben).await.len(), 0);
        place.close().await;
    }
}

#[tokio::test]
async fn what_changed_behind_our_back_is_never_served_and_becomes_the_next_version() {
    for (kind, versions) in GROUNDS {
        let place = Adopting::start(kind, versions).await;
        place.put("ann/plan.txt", b"the first plan").await;
        place.adopt(&place.ann, "ann/").await;
        place.world.inspect_all().await;
        let plan = place.file(&place.ann, "plan.txt").await;
        place.put("ann/plan.txt", b"another, longer plan").await;
        let old = place.download(&place.ann, &plan, "").await;
        match versions {
            Versions::Kept => assert_eq!(old.expect(200).body, "the first plan", "{kind:?}"),
            Versions::Lost => assert!(old.expect_problem(409, "conflict").body.contains("changed or removed where it lies"), "{kind:?}"),
        }
        let report = place.adopt(&place.ann, "ann/").await;
        assert_eq!(report.counts(), [0, 0, 1, 0, 0, 0], "{kind:?} {versions:?}");
        assert_eq!(report.why("ann/plan.txt").0, "changed");
        place.world.inspect_all().await;
        let told = place.world.get(&format!("/v1/files/{plan}"), &place.ann.key).await.expect(200).json();
        assert_eq!((&told["lifecycle"]["version"], &told["lifecycle"]["status"]), (&json!(2), &json!("active")));
        assert_eq!(place.download(&place.ann, &plan, "").await.expect(200).body, "another, longer plan");
        let first = place.download(&place.ann, &plan, "?version=1").await;
        match versions {
            Versions::Kept => assert_eq!(first.expect(200).body, "the first plan"),
            Versions::Lost => drop(first.expect_problem(409, "conflict")),
        }
        // Changed before it was scanned: no verdict on the old bytes is waited for.
        place.put("ann/early.txt", b"before the scan").await;
        assert_eq!(place.adopt(&place.ann, "ann/").await.counts(), [1, 1, 0, 0, 0, 0]);
        place.put("ann/early.txt", b"before the scan, changed").await;
        assert_eq!(place.adopt(&place.ann, "ann/").await.counts(), [0, 1, 1, 0, 0, 0]);
        place.world.inspect_all().await;
        let early = place.file(&place.ann, "early.txt").await;
        assert_eq!(place.download(&place.ann, &early, "").await.expect(200).body, "before the scan, changed", "{kind:?} {versions:?}");
        place.close().await;
    }
}

#[tokio::test]
async fn what_vanished_is_told_and_answered_with_a_sentence_until_it_is_back() {
    for (kind, versions) in GROUNDS {
        let place = Adopting::start(kind, versions).await;
        place.put("ann/a.txt", b"here today").await;
        place.put("ann/b.txt", b"here to stay").await;
        place.adopt(&place.ann, "ann/").await;
        place.world.inspect_all().await;
        let file = place.file(&place.ann, "a.txt").await;
        place.remove("ann/a.txt").await;
        for query in ["", "?redirect=false", "?version=1"] {
            let gone = place.download(&place.ann, &file, query).await.expect_problem(409, "conflict");
            assert!(gone.body.contains("changed or removed where it lies"), "{kind:?} {versions:?} {query}: {gone:?}");
        }
        let audit = place.world.audit(&place.ann).await;
        assert!(audit.contains(&("download".to_owned(), "unavailable".to_owned())), "{audit:?}");
        let report = place.adopt(&place.ann, "ann/").await;
        assert_eq!(report.counts(), [0, 1, 0, 0, 1, 0], "{kind:?} {versions:?}");
        assert_eq!(report.why("ann/a.txt").0, "vanished");
        // The same bytes again: maybe under another version, so they are taken in anew.
        place.put("ann/a.txt", b"here today").await;
        assert_eq!(place.adopt(&place.ann, "ann/").await.counts(), [0, 1, 1, 0, 0, 0], "{kind:?} {versions:?}");
        place.world.inspect_all().await;
        assert_eq!(place.download(&place.ann, &file, "").await.expect(200).body, "here today");
        place.close().await;
    }
}

#[tokio::test]
async fn a_file_that_was_deleted_is_not_adopted_again_and_its_object_stays() {
    for (kind, versions) in [(Kind::Embedded, Versions::Lost), (Kind::Rgw, Versions::Kept)] {
        let place = Adopting::start(kind, versions).await;
        place.put("ann/a.txt", b"the same bytes").await;
        place.put("ann/b.txt", b"the same bytes").await;
        let own = place.world.file(&place.ann.key, "name=before.txt", b"the same bytes").await;
        assert_eq!(place.adopt(&place.ann, "ann/").await.counts(), [2, 0, 0, 0, 0, 0]);
        place.world.inspect_all().await;
        let later = place.world.file(&place.ann.key, "name=later.txt", b"the same bytes").await;
        assert_eq!(place.own().await.len(), 1, "uploads share bytes with each other and with nothing that was adopted");
        let files = [place.file(&place.ann, "a.txt").await, place.file(&place.ann, "b.txt").await];
        for file in &files {
            place.world.delete(&format!("/v1/files/{file}"), &place.ann.key).await.expect(204);
        }
        let mut swept = 0;
        for _ in 0..3 {
            place.world.clock.advance_seconds(LONG);
            swept += place.world.files.sweep_deleted().await.unwrap().collected;
        }
        place.world.files.sweep_uploads().await.unwrap();
        place.world.files.reconcile_uploads().await.unwrap();
        assert_eq!(swept, 2, "what was known of them is let go");
        for key in ["ann/a.txt", "ann/b.txt"] {
            assert_eq!(place.lies(key).await.as_deref(), Some(b"the same bytes".as_slice()), "{kind:?} {key}");
        }
        let report = place.adopt(&place.ann, "ann/").await;
        assert_eq!(report.counts(), [0, 0, 0, 0, 0, 2], "{report:?}");
        // What was uploaded needs nothing that lies elsewhere.
        place.remove("ann/a.txt").await;
        place.remove("ann/b.txt").await;
        for file in [&own, &later] {
            assert_eq!(place.download(&place.ann, file, "").await.expect(200).body, "the same bytes", "{kind:?}");
        }
        place.close().await;
    }
}

#[tokio::test]
async fn a_harmful_object_is_read_by_nobody_and_stays_where_it_lies() {
    for (kind, versions) in [(Kind::Embedded, Versions::Lost), (Kind::MiniStack, Versions::Kept)] {
        let place = Adopting::start(kind, versions).await;
        place.put("ann/x.txt", b"HARMFUL").await;
        place.adopt(&place.ann, "ann/").await;
        place.world.inspect_all().await;
        let listed = place.files(&place.ann).await;
        assert_eq!(listed[0]["lifecycle"]["status"], "quarantined", "{listed:?}");
        let file = listed[0]["id"].as_str().unwrap();
        for query in ["", "?redirect=false", "?version=1"] {
            let answer = place.download(&place.ann, file, query).await;
            assert!(answer.status == 403 && !answer.body.contains("HARMFUL"), "{query}: {answer:?}");
        }
        assert_eq!(place.lies("ann/x.txt").await.as_deref(), Some(b"HARMFUL".as_slice()));
        place.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_named_with_the_reason() {
    let place = Adopting::start(Kind::MiniStack, Versions::Lost).await;
    place.put("ann/good.txt", b"good").await;
    place.put("ann/large.bin", &vec![7; 2 * 1024 * 1024 + 1]).await;
    place.put("ann/x/../y.txt", b"dots").await;
    place.put_in("ann/cold.txt", b"cold", Some(StorageClass::Glacier)).await;
    let report = place.adopt(&place.ann, "ann/").await;
    assert_eq!(report.counts(), [1, 0, 0, 3, 0, 0], "{report:?}");
    for (key, word) in [("ann/large.bin", "too large"), ("ann/x/../y.txt", "its folder cannot be used"), ("ann/cold.txt", "archive class")]
    {
        let (outcome, reason) = report.why(key);
        assert!(outcome == "refused" && reason.contains(word), "{key}: {reason}");
    }
    // Once it is no hindrance any more, the next run takes it.
    place.put("ann/cold.txt", b"cold").await;
    assert_eq!(place.adopt(&place.ann, "ann/").await.counts(), [1, 1, 0, 2, 0, 0]);
    place.close().await;
}

#[tokio::test]
async fn an_adopted_file_is_shared_by_link_and_code_and_the_link_says_when_it_changed() {
    for (kind, versions) in [(Kind::Embedded, Versions::Lost), (Kind::Rgw, Versions::Kept)] {
        let place = Adopting::start(kind, versions).await;
        let world = &place.world;
        place.put("ann/quarterly report.txt", b"Revenue rose.").await;
        place.adopt(&place.ann, "ann/").await;
        world.inspect_all().await;
        let owner = world.user(&place.ann, "Amira Haddad", "member").await;
        world.person(&place.ann, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
        let call = world.call(&place.ann, &owner).await;
        let request = ShareRequest {
            file: "the quarterly report".to_owned(),
            with: "Jonas Weber".to_owned(),
            rights: Rights::View,
            lifetime: Lifetime::SHARE,
            edition: Edition::Confirmed,
            downloads: None,
        };
        let asked = world.files.ask_share(&world.context(&call.token).await, &request).await.unwrap();
        assert!(matches!(asked, ShareAnswer::Confirm(_)), "{asked:?}");
        world.clock.advance_seconds(30);
        let answered = world.files.answer(&world.context(&call.token).await, "yes").await.unwrap();
        let Answered::Done(Confirmed::Shared(shared)) = answered else { panic!("not shared: {answered:?}") };
        let (url, code) = (shared.url.unwrap(), shared.code.unwrap().text);
        let open = async || {
            let path = url.strip_prefix(&world.url).unwrap();
            let request = world.request(Method::POST, path, "").body(format!("code={code}"));
            let opened = Answer::of(request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()).await;
            if opened.status == 303 { Answer::of(world.client.get(opened.header("location")).send().await.unwrap()).await } else { opened }
        };
        let opened = open().await.expect(200);
        assert_eq!(opened.body, "Revenue rose.", "{kind:?}");
        assert!(opened.header("content-disposition").contains("quarterly report.txt"), "{opened:?}");
        place.remove("ann/quarterly report.txt").await;
        place.put("ann/quarterly report.txt", b"Revenue fell.").await;
        let changed = open().await.expect(409);
        assert!(!changed.body.contains("Revenue") && changed.body.contains("<html"), "{changed:?}");
        place.close().await;
    }
}

#[tokio::test]
async fn a_customers_own_session_reaches_its_location() {
    let role = AssumeRole { arn: "arn:aws:iam:::role/r".to_owned(), external_id: None, duration: Duration::from_mins(15), endpoint: None };
    for versions in [Versions::Lost, Versions::Kept] {
        let place = Adopting::with(Kind::Rgw, versions, Some(role.clone())).await;
        place.put("ann/deed.txt", b"the deed").await;
        assert_eq!(place.adopt(&place.ann, "ann/").await.counts(), [1, 0, 0, 0, 0, 0]);
        place.world.inspect_all().await;
        let deed = place.file(&place.ann, "deed.txt").await;
        assert_eq!(place.download(&place.ann, &deed, "").await.expect(200).body, "the deed", "{versions:?}");
        place.close().await;
    }
}
