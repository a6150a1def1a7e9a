//! By which words files are sorted: told with its reasons, said otherwise, learnt from, and looked at again.

use std::path::PathBuf;

use reqwest::Method;
use satchel::inspect::{Inspector, InspectorSettings};
use satchel::jobs::reread_round;
use serde_json::{Value, json};

use crate::support::{Answer, Tenant, World};

struct House {
    world: World,
    tenant: Tenant,
    inspector: Inspector,
}

impl House {
    async fn new() -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Acme").await;
        Self { world, tenant, inspector: Inspector::new(InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel")))) }
    }

    async fn file(&self, query: &str, text: &str) -> String {
        self.world.file(&self.tenant.key, query, text.as_bytes()).await
    }

    async fn metadata(&self, file: &str) -> Value {
        self.world.get(&format!("/v1/files/{file}"), &self.tenant.key).await.expect(200).json()["metadata"].clone()
    }

    async fn category(&self, file: &str) -> String {
        self.metadata(file).await["category"].as_str().unwrap().to_owned()
    }

    async fn say(&self, file: &str, category: Value) -> Answer {
        self.world.send(Method::PUT, &format!("/v1/files/{file}/category"), &self.tenant.key, &json!({"category": category})).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.world.send(Method::PUT, path, &self.tenant.key, &body).await
    }

    /// Looks again through all files, one a round, and tells how it went.
    async fn reread(&self, path: &str) -> Value {
        let asked = self.world.post(path, &self.tenant.key, &Value::Null).await.expect(202).json();
        assert_eq!((&asked["files"], &asked["ended_at"]), (&json!(0), &Value::Null));
        for _ in 0..20 {
            self.world.clock.advance_seconds(6);
            let is_under_way = reread_round(&self.world.files, &self.inspector, 1).await.unwrap();
            assert!(is_under_way);
            let now = self.world.get(path, &self.tenant.key).await.expect(200).json();
            if now["ended_at"].is_string() {
                self.world.clock.advance_seconds(6);
                assert!(!reread_round(&self.world.files, &self.inspector, 1).await.unwrap(), "nothing is left");
                return now;
            }
        }
        panic!("it never came to an end");
    }

    async fn last(&self, action: &str) -> Value {
        let records = self.world.get("/v1/audit?limit=1000", &self.tenant.key).await.expect(200).json();
        records["records"].as_array().unwrap().iter().rfind(|record| record["action"] == action).unwrap().clone()
    }
}

#[tokio::test]
async fn a_person_says_what_a_file_is_and_that_holds_until_it_is_taken_back() {
    let house = House::new().await;
    let file = house.file("name=paper.txt", "a paper").await;
    let metadata = house.metadata(&file).await;
    assert_eq!((&metadata["kind"], &metadata["category"]), (&json!("document"), &json!("general")));
    assert_eq!(metadata["categorised"]["said"], Value::Null);
    house.say(&file, json!("contracts")).await.expect(204);
    let metadata = house.metadata(&file).await;
    let categorised = &metadata["categorised"];
    assert_eq!((&metadata["category"], &categorised["found"]["category"]), (&json!("contracts"), &json!("general")));
    assert_eq!((&categorised["said"]["category"], categorised["said"]["by"].is_string()), (&json!("contracts"), true));
    assert_eq!(house.last("categorise").await["reason"], "`general` becomes `contracts`");
    house.file(&format!("name=paper.txt&replaces={file}"), "another paper").await;
    assert_eq!(house.category(&file).await, "contracts", "of its next version too");
    for bad in [json!("poems"), json!("A Poem"), json!(3)] {
        house.say(&file, bad.clone()).await.expect_problem(400, "invalid");
    }
    house.say(&file, Value::Null).await.expect(204);
    assert_eq!(house.category(&file).await, "general");
    let ana = house.world.user(&house.tenant, "Ana Adeyemi", "auditor").await;
    let token = house.world.call(&house.tenant, &ana).await.token;
    let body = json!({"category": "contracts"});
    house.world.send(Method::PUT, &format!("/v1/files/{file}/category"), &token, &body).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn whoever_sends_a_file_may_say_its_kind_or_its_category() {
    let house = House::new().await;
    let file = house.file("name=a.txt&category=invoices", "x").await;
    let metadata = house.metadata(&file).await;
    assert_eq!((&metadata["kind"], &metadata["category"]), (&json!("document"), &json!("invoices")));
    let file = house.file("name=b.txt&category=spreadsheet", "y").await;
    let metadata = house.metadata(&file).await;
    assert_eq!((&metadata["kind"], &metadata["category"]), (&json!("spreadsheet"), &json!("general")));
    house.world.put(&house.tenant.key, "name=c.txt&category=lab%20results", b"z").await.expect_problem(400, "invalid");
    house.put("/v1/categories/own", json!({"name": "lab results", "words": ["haemoglobin"]})).await.expect(200);
    let file = house.file("name=c.txt&category=lab%20results", "z").await;
    assert_eq!(house.category(&file).await, "lab results");
}

#[tokio::test]
async fn two_files_that_were_said_to_be_something_shift_the_next_like_them_and_say_so() {
    let house = House::new().await;
    for number in ["01", "02"] {
        let file = house.file(&format!("name=blue_form_{number}.txt"), number).await;
        assert_eq!(house.category(&file).await, "general", "one alone is not enough");
        house.say(&file, json!("contracts")).await.expect(204);
    }
    let third = house.file("name=Blue%20form%20(3).txt", "3").await;
    let metadata = house.metadata(&third).await;
    assert_eq!(metadata["category"], "contracts");
    let reason = &metadata["categorised"]["found"]["reasons"][0];
    assert_eq!((&reason["part"], &reason["rule"]), (&json!("memory"), &json!("2 files with a name like this were said to be contracts")));
    house.say(&third, json!("reports")).await.expect(204);
    house.file(&format!("name=blue_form_03.txt&replaces={third}"), "33").await;
    assert_eq!(house.category(&third).await, "reports", "a person's word is never overruled");
    // Nothing is learnt across customers.
    let other = house.world.tenant("Northwind").await;
    let theirs = house.world.file(&other.key, "name=blue_form_04.txt", b"4").await;
    let theirs = house.world.get(&format!("/v1/files/{theirs}"), &other.key).await.expect(200).json();
    assert_eq!(theirs["metadata"]["category"], "general");
}

#[tokio::test]
async fn a_customer_has_categories_of_its_own() {
    let house = House::new().await;
    let key = &house.tenant.key;
    let listed = house.world.get("/v1/categories", key).await.expect(200).json();
    assert_eq!((listed["usual"].as_array().unwrap().len(), &listed["own"]), (8, &json!([])));
    let kept = house.put("/v1/categories/own", json!({"name": "lab results", "words": ["haemoglobin"]})).await.expect(200).json();
    assert_eq!(kept, json!({"name": "lab results", "words": ["haemoglobin"], "pattern": null}));
    for bad in [
        json!({"name": "bad"}),
        json!({"name": "Not a name", "words": ["ab"]}),
        json!({"name": "invoices", "words": ["ab"]}),
        json!({"name": "bad", "words": ["ab"], "pattern": "x"}),
        json!({"name": "bad", "pattern": "("}),
        json!({"name": "bad", "words": []}),
    ] {
        house.put("/v1/categories/own", bad).await.expect_problem(400, "invalid");
    }
    let file = house.file("name=a.txt", "x").await;
    house.say(&file, json!("lab results")).await.expect(204);
    house.world.delete("/v1/categories/own/lab%20results", key).await.expect(204);
    house.world.delete("/v1/categories/own/lab%20results", key).await.expect_problem(404, "not_found");
    assert_eq!(house.category(&file).await, "lab results", "what a person said stays");
    house.say(&file, json!("lab results")).await.expect_problem(400, "invalid");
}

#[tokio::test]
async fn files_that_lie_there_are_looked_through_again_by_a_new_rule_and_a_persons_word_holds() {
    let house = House::new().await;
    let mut files = Vec::new();
    for (name, text) in [("plan", "On Project Heron."), ("note", "Nothing."), ("said", "Project Heron again."), ("gone", "Project Heron")] {
        files.push(house.file(&format!("name={name}.txt"), text).await);
    }
    let said = json!({"classification": "internal", "reason": "known to everybody"});
    house.put(&format!("/v1/files/{}/classification", files[2]), said).await.expect(204);
    house.world.delete(&format!("/v1/files/{}", files[3]), &house.tenant.key).await.expect(204);
    let never = house.world.get("/v1/dlp/reread", &house.tenant.key).await.expect(200).json();
    assert_eq!((&never["asked_by"], &never["files"]), (&Value::Null, &json!(0)));
    house.put("/v1/dlp/rules", json!({"name": "heron", "words": ["project heron"], "level": "restricted"})).await.expect(200);
    assert_eq!(house.metadata(&files[0]).await["classification"], "internal", "it holds for what is read from then on");
    let ended = house.reread("/v1/dlp/reread").await;
    assert_eq!((&ended["files"], &ended["changed"], &ended["failed"]), (&json!(3), &json!(2), &json!(0)));
    for (file, level, count) in [(&files[0], "restricted", 1), (&files[1], "internal", 0), (&files[2], "internal", 1)] {
        let metadata = house.metadata(file).await;
        assert_eq!((&metadata["classification"], metadata["findings"].as_array().unwrap().len()), (&json!(level), count), "{file}");
    }
    let record = house.last("reread_findings").await;
    assert_eq!((&record["outcome"], &record["reason"]), (&json!("ended"), &json!("3 files, 2 changed, 0 could not be looked at")));
    // The same again changes nothing.
    let again = house.reread("/v1/dlp/reread").await;
    assert_eq!((&again["files"], &again["changed"]), (&json!(3), &json!(0)));
    // Without the rule it is as before, but for a file on hold, of which nothing that was found goes.
    let held = house.file("name=held.txt", "Project Heron, held").await;
    house.reread("/v1/dlp/reread").await;
    let lawsuit = json!({"reason": "a lawsuit"});
    house.world.post(&format!("/v1/files/{held}/hold"), &house.tenant.key, &lawsuit).await.expect(201);
    house.world.delete("/v1/dlp/rules/heron", &house.tenant.key).await.expect(204);
    house.reread("/v1/dlp/reread").await;
    assert_eq!(house.metadata(&files[0]).await["classification"], "internal");
    assert_eq!(house.metadata(&held).await["classification"], "restricted");
}

#[tokio::test]
async fn files_that_lie_there_are_sorted_again_by_a_category_of_the_customers_own() {
    let house = House::new().await;
    let text = "Haemoglobin 14.1\nLeukocytes 6.0\nReference range 4 to 10";
    let (lab, said) = (house.file("name=a.txt", text).await, house.file("name=b.txt", &format!("{text}.")).await);
    house.say(&said, json!("reports")).await.expect(204);
    let own = json!({"name": "lab results", "words": ["haemoglobin", "leukocytes", "reference range"]});
    house.put("/v1/categories/own", own).await.expect(200);
    assert_eq!(house.category(&lab).await, "general");
    let ended = house.reread("/v1/categories/reread").await;
    assert_eq!((&ended["files"], &ended["changed"]), (&json!(2), &json!(2)));
    assert_eq!((house.category(&lab).await.as_str(), house.category(&said).await.as_str()), ("lab results", "reports"));
    let metadata = house.metadata(&said).await;
    assert_eq!(metadata["categorised"]["found"]["category"], "lab results", "what the rules say is told beside it");
    let again = house.reread("/v1/categories/reread").await;
    assert_eq!(again["changed"], json!(0));
}
