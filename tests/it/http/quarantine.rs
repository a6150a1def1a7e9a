//! Quarantine for people: what lies there, two who let it out, and what is told of it over a period.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Tenant, World};

/// A customer with one harmful file, sent twice, and an administrator beside the key.
struct House {
    world: World,
    tenant: Tenant,
    /// The token of a call of the administrator.
    admin: String,
    file: String,
    copy: String,
}

impl House {
    async fn new() -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Northwind").await;
        let olga = world.user(&tenant, "Olga Berg", "administrator").await;
        let admin = world.call(&tenant, &olga).await.token;
        let file = world.file(&tenant.key, "name=installer.txt&title=Installer", b"HARMFUL as it seems").await;
        let copy = world.file(&tenant.key, "name=copy.txt", b"HARMFUL as it seems").await;
        let house = Self { world, tenant, admin, file, copy };
        assert_eq!(
            (house.status(&house.file).await, house.status(&house.copy).await),
            ("quarantined".to_owned(), "quarantined".to_owned())
        );
        house
    }

    async fn status(&self, file: &str) -> String {
        self.world.get(&format!("/v1/files/{file}"), &self.tenant.key).await.expect(200).text("/lifecycle/status")
    }

    fn release(&self) -> String {
        format!("/v1/quarantine/{}/release", self.file)
    }

    async fn propose(&self, days: u32) {
        let body = json!({"reason": "our own installer", "days": days});
        self.world.post(&self.release(), &self.tenant.key, &body).await.expect(201);
    }

    async fn confirm(&self) {
        let confirmed =
            self.world.post(&format!("{}/confirm", self.release()), &self.admin, &json!({"reason": "the vendor says so"})).await;
        assert_eq!(confirmed.expect(200).json()["release"]["in_force"], json!(true));
        self.world.inspect_all().await;
    }

    async fn listed(&self, token: &str) -> Vec<Value> {
        let page = self.world.get("/v1/quarantine", token).await.expect(200).json();
        page["files"].as_array().unwrap().clone()
    }

    async fn outcomes(&self, action: &str) -> Vec<String> {
        let all = self.world.audit(&self.tenant).await;
        all.into_iter().filter(|(known, _)| known == action).map(|(_, outcome)| outcome).collect()
    }
}

#[tokio::test]
async fn what_lies_in_quarantine_is_listed_with_why_and_only_for_who_may_let_it_out() {
    let house = House::new().await;
    let listed = house.listed(&house.tenant.key).await;
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0]["findings"], &listed[0]["engine"]), (&json!(["test.harmful"]), &json!("test")));
    assert_eq!((&listed[0]["release"], &listed[0]["status"]), (&Value::Null, &json!("quarantined")));
    let one = house.world.get(&format!("/v1/quarantine/{}", house.file), &house.admin).await.expect(200).json();
    assert_eq!(one["sha256"], listed[0]["sha256"]);
    let ben = house.world.user(&house.tenant, "Ben Okafor", "member").await;
    let ben = house.world.call(&house.tenant, &ben).await.token;
    assert!(house.listed(&ben).await.is_empty());
    // He may know of the file, and not why it is there.
    house.world.get(&format!("/v1/files/{}", house.file), &ben).await.expect(200);
    house.world.get(&format!("/v1/quarantine/{}", house.file), &ben).await.expect_problem(403, "forbidden");
    let other = house.world.tenant("Southwind").await;
    assert!(house.listed(&other.key).await.is_empty());
    for (method, path) in [
        (Method::GET, format!("/v1/quarantine/{}", house.file)),
        (Method::DELETE, format!("/v1/quarantine/{}?reason=x", house.file)),
        (Method::POST, house.release()),
        (Method::POST, format!("{}/confirm", house.release())),
        (Method::DELETE, format!("{}?reason=x", house.release())),
    ] {
        let body = if method == Method::POST { json!({"reason": "x"}) } else { Value::Null };
        house.world.send(method, &path, &other.key, &body).await.expect(404);
    }
}

#[tokio::test]
async fn two_people_let_bytes_out_and_one_does_not() {
    let house = House::new().await;
    let (world, confirm) = (&house.world, format!("{}/confirm", house.release()));
    let why = json!({"reason": "looked at by hand"});
    world.post(&confirm, &house.admin, &why).await.expect_problem(409, "conflict");
    world.post(&house.release(), &house.tenant.key, &json!({"reason": " "})).await.expect(400);
    world.post(&house.release(), &house.tenant.key, &json!({"reason": "x", "days": 366})).await.expect(400);
    house.propose(30).await;
    world.post(&house.release(), &house.admin, &why).await.expect_problem(409, "conflict");
    world.post(&confirm, &house.tenant.key, &why).await.expect_problem(409, "conflict");
    world.inspect_all().await;
    assert_eq!(house.status(&house.file).await, "quarantined", "one person is not enough");
    world.get(&format!("/v1/files/{}/content", house.file), &house.tenant.key).await.expect(403);
    house.confirm().await;
    for file in [&house.file, &house.copy] {
        assert_eq!(house.status(file).await, "active", "every file of these bytes");
        world.get(&format!("/v1/files/{file}/content"), &house.tenant.key).await.expect(302);
    }
    // The same bytes, sent again, pass as well; other bytes do not.
    let again = world.file(&house.tenant.key, "name=again.txt", b"HARMFUL as it seems").await;
    let worse = world.file(&house.tenant.key, "name=worse.txt", b"HARMFUL in truth").await;
    assert_eq!((house.status(&again).await, house.status(&worse).await), ("active".to_owned(), "quarantined".to_owned()));
    let stored = world.get(&format!("/v1/files/{}", house.file), &house.tenant.key).await.expect(200).text("/stored_path");
    assert!(!stored.contains("/quarantine/"), "{stored}");
    world.post(&confirm, &house.admin, &why).await.expect_problem(409, "conflict");
    let told = house.outcomes("release_quarantine").await;
    assert_eq!(told.iter().filter(|outcome| *outcome == "confirmed").count(), 1);
    assert_eq!(told.iter().filter(|outcome| *outcome == "refused").count(), 4, "{told:?}");
    let other = world.tenant("Southwind").await;
    let theirs = world.file(&other.key, "name=installer.txt", b"HARMFUL as it seems").await;
    assert_eq!(world.get(&format!("/v1/files/{theirs}"), &other.key).await.expect(200).text("/lifecycle/status"), "quarantined");
}

#[tokio::test]
async fn a_release_that_is_over_or_taken_back_closes_what_it_let_out() {
    for taken_back in [false, true] {
        let house = House::new().await;
        house.propose(1).await;
        house.confirm().await;
        assert_eq!(house.world.files.close_lapsed_releases().await.unwrap(), 0);
        assert_eq!(house.status(&house.file).await, "active", "it stands");
        if taken_back {
            house.world.delete(&format!("{}?reason=it%20was%20harmful", house.release()), &house.admin).await.expect(204);
        } else {
            house.world.clock.advance_seconds(86_401);
            assert_eq!(house.world.files.close_lapsed_releases().await.unwrap(), 1);
        }
        for file in [&house.file, &house.copy] {
            assert_eq!(house.status(file).await, "scanning");
            house.world.get(&format!("/v1/files/{file}/content"), &house.tenant.key).await.expect(403);
        }
        house.world.inspect_all().await;
        for file in [&house.file, &house.copy] {
            assert_eq!(house.status(file).await, "quarantined");
        }
        let again = house.world.file(&house.tenant.key, "name=late.txt", b"HARMFUL as it seems").await;
        assert_eq!(house.status(&again).await, "quarantined");
        let last = if taken_back { "withdrawn" } else { "over" };
        assert_eq!(house.outcomes("release_quarantine").await.last().map(String::as_str), Some(last));
        // Another one may be proposed then.
        house.propose(1).await;
    }
}

#[tokio::test]
async fn what_nobody_confirms_in_time_is_over() {
    let house = House::new().await;
    house.propose(1).await;
    house.world.clock.advance_seconds(86_401);
    // The call of then is over too.
    let olga = house.world.user(&house.tenant, "Olga Berg", "administrator").await;
    let admin = house.world.call(&house.tenant, &olga).await.token;
    let late = house.world.post(&format!("{}/confirm", house.release()), &admin, &json!({"reason": "late"})).await;
    late.expect_problem(409, "conflict");
    assert_eq!(house.status(&house.file).await, "quarantined");
    house.propose(1).await;
}

#[tokio::test]
async fn a_file_is_removed_from_quarantine_and_no_other_this_way() {
    let house = House::new().await;
    let fine = house.world.file(&house.tenant.key, "name=fine.txt", b"a plain note").await;
    let path = |file: &str| format!("/v1/quarantine/{file}?reason=of%20no%20use");
    house.world.delete(&path(&fine), &house.tenant.key).await.expect_problem(409, "conflict");
    assert_eq!(house.status(&fine).await, "active");
    house.world.post(&format!("/v1/files/{}/hold", house.file), &house.tenant.key, &json!({"reason": "a claim"})).await.expect(201);
    house.world.delete(&path(&house.file), &house.tenant.key).await.expect_problem(423, "held");
    house.world.delete(&path(&house.copy), &house.tenant.key).await.expect(204);
    assert_eq!(house.listed(&house.tenant.key).await.len(), 1);
    house.world.delete(&path(&house.copy), &house.tenant.key).await.expect(404);
}

#[tokio::test]
async fn the_owner_and_administrators_hear_of_a_file_that_was_closed() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let (olga, ana) = (world.user(&tenant, "Olga Berg", "administrator").await, world.user(&tenant, "Ana Adeyemi", "member").await);
    let ben = world.user(&tenant, "Ben Okafor", "member").await;
    let calls = [world.call(&tenant, &olga).await, world.call(&tenant, &ana).await, world.call(&tenant, &ben).await];
    let file = world.file(&calls[1].token, "name=installer.txt", b"HARMFUL").await;
    let heard = async |call: &crate::support::Call| {
        let subject = world.files.caller(&world.context(&call.token).await).await.unwrap();
        let listening = world.files.listen(&subject, &call.id).await.unwrap();
        let page = world.files.events(&listening, 0).await.unwrap().events;
        page.iter().filter(|event| event.kind == "file_quarantined" && event.data.contains(&file)).count()
    };
    assert_eq!((heard(&calls[0]).await, heard(&calls[1]).await, heard(&calls[2]).await), (1, 1, 0));
}

#[tokio::test]
async fn a_report_tells_what_was_found_let_out_and_removed_in_every_form() {
    let house = House::new().await;
    let fine = house.world.file(&house.tenant.key, "name=fine.txt", b"a plain note").await;
    assert_eq!(house.status(&fine).await, "active");
    house.world.clock.advance_seconds(3600);
    house.propose(30).await;
    house.confirm().await;
    let worse = house.world.file(&house.tenant.key, "name=worse.txt", b"HARMFUL in truth").await;
    house.world.delete(&format!("/v1/quarantine/{worse}?reason==of%20no%20use"), &house.tenant.key).await.expect(204);
    let path = |from: &str, to: &str, format: &str| format!("/v1/security-report?from={from}&to={to}&format={format}");
    let (start, middle, end) = ("2026-03-02T09:00:00Z", "2026-03-02T09:30:00Z", "2026-03-03T00:00:00Z");
    let report = house.world.get(&path(start, end, "json"), &house.admin).await.expect(200).json();
    let lines = |report: &Value, list: &str| report[list].as_array().unwrap().iter().map(|line| line["what"].clone()).collect::<Vec<_>>();
    assert_eq!(report["scanned"]["infected"], json!(3), "{report}");
    assert_eq!(lines(&report, "found"), ["infected", "infected", "infected"]);
    assert_eq!(lines(&report, "released"), ["proposed", "confirmed"]);
    assert_eq!(lines(&report, "removed"), ["deleted"]);
    assert_ne!(report["released"][0]["by"], report["released"][1]["by"], "by whom");
    assert_eq!(report["released"][1]["reason"], json!("the vendor says so"));
    let early = house.world.get(&path(start, middle, "json"), &house.admin).await.expect(200).json();
    assert_eq!((lines(&early, "found").len(), lines(&early, "released").len()), (2, 0));
    let late = house.world.get(&path(middle, end, "json"), &house.admin).await.expect(200).json();
    assert_eq!((lines(&late, "found").len(), lines(&late, "released").len()), (1, 2));
    let csv = house.world.get(&path(start, end, "csv"), &house.admin).await.expect(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    let table = csv.body.clone();
    assert_eq!(table.lines().count(), 1 + 3 + 2 + 1, "{table}");
    assert!(table.lines().any(|line| line.contains("removed,deleted,") && line.ends_with("'=of no use")), "{table}");
    let html = house.world.get(&path(start, end, "html"), &house.admin).await.expect(200);
    assert!(html.header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(html.body.contains("the vendor says so"));
    let query = format!("/v1/security-report?from={end}&to={start}");
    house.world.get(&query, &house.admin).await.expect(400);
    let ben = house.world.user(&house.tenant, "Ben Okafor", "member").await;
    let ben = house.world.call(&house.tenant, &ben).await.token;
    house.world.get(&path(start, end, "json"), &ben).await.expect(403);
}
