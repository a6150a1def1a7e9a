//! What is sensitive in files: found, told, said otherwise, and kept inside.

use reqwest::Method;
use satchel::domain::Edition;
use serde_json::{Value, json};

use super::pages::open;
use crate::support::{Tenant, World};

struct House {
    world: World,
    tenant: Tenant,
    ana: String,
    file: String,
}

impl House {
    /// Ana's file with card numbers in it.
    async fn new() -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Acme").await;
        let ana = world.user(&tenant, "Ana Adeyemi", "member").await;
        world.user(&tenant, "Ben Okafor", "member").await;
        world.person(&tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
        let call = world.call(&tenant, &ana).await;
        let file = world.file(&call.token, "name=deposits.txt&title=Hotel%20Deposits", b"deposits\nHolds: card").await;
        Self { world, tenant, ana, file }
    }

    fn path(&self, end: &str) -> String {
        format!("/v1/files/{}{end}", self.file)
    }

    async fn as_caller(&self) -> String {
        self.world.call(&self.tenant, &self.ana).await.token
    }

    async fn level(&self) -> String {
        self.world.get(&self.path(""), &self.tenant.key).await.expect(200).text("/metadata/classification")
    }

    async fn say(&self, token: &str, level: Value, reason: &str) -> crate::support::Answer {
        let said = json!({"classification": level, "reason": reason});
        self.world.send(Method::PUT, &self.path("/classification"), token, &said).await
    }

    /// What a caller is told who wants it shared.
    async fn share(&self, with: &str) -> Value {
        let asked = json!({"file": "Hotel Deposits", "with": with});
        self.world.post("/v1/tools/share_file", &self.as_caller().await, &asked).await.expect(200).json()
    }

    async fn last(&self, action: &str) -> Value {
        let records = self.world.get("/v1/audit?limit=1000", &self.tenant.key).await.expect(200).json();
        records["records"].as_array().unwrap().iter().rfind(|record| record["action"] == action).unwrap().clone()
    }
}

#[tokio::test]
async fn what_is_found_is_told_masked_to_those_who_may_read_it_and_keeps_the_file_inside() {
    let house = House::new().await;
    let file = house.world.get(&house.path(""), &house.tenant.key).await.expect(200).json();
    assert_eq!(file["metadata"]["classification"], "restricted");
    assert_eq!(file["metadata"]["findings"], json!([{"type": "card", "count": 1}]));
    let found = house.world.get(&house.path("/findings"), &house.as_caller().await).await.expect(200).json();
    assert_eq!((&found["classification"], &found["found"], &found["said"]), (&json!("restricted"), &json!("restricted"), &Value::Null));
    assert_eq!((&found["findings"][0]["rule"], &found["findings"][0]["sample"]), (&json!("card"), &json!("****")));
    let auditor = house.world.user(&house.tenant, "Vera Lind", "auditor").await;
    let auditor = house.world.call(&house.tenant, &auditor).await.token;
    house.world.get(&house.path("/findings"), &auditor).await.expect_problem(403, "forbidden");
    let told =
        house.world.post("/v1/tools/describe_file", &house.as_caller().await, &json!({"file": "Hotel Deposits"})).await.expect(200).json();
    assert_eq!((&told["data"]["classification"], &told["data"]["findings"][0]["type"]), (&json!("restricted"), &json!("card")));
    for with in ["Jonas Weber", "anyone with the link", "jane at example dot com"] {
        let refused = house.share(with).await;
        assert_eq!(refused["outcome"], "refused", "{with}: {refused}");
        let why = "It contains card numbers, so it can't be shared outside the company. You can still share it with a colleague.";
        assert_eq!(refused["say"], why, "{with}");
    }
    assert_eq!(house.last("share").await["policy"], "restricted-outside");
    assert_eq!(house.share("Ben Okafor").await["outcome"], "confirm", "inside it may go");
}

#[tokio::test]
async fn anybody_who_may_edit_raises_and_only_who_may_classify_lowers() {
    let house = House::new().await;
    house.say(&house.as_caller().await, json!("internal"), "a mistake").await.expect_problem(403, "forbidden");
    house.say(&house.tenant.key, json!("internal"), "  ").await.expect_problem(400, "invalid");
    house.say(&house.tenant.key, json!("secret"), "x").await.expect_problem(400, "invalid");
    assert_eq!(house.level().await, "restricted");
    house.say(&house.tenant.key, json!("internal"), "numbers for tests").await.expect(204);
    assert_eq!(house.level().await, "internal");
    let record = house.last("classify").await;
    assert_eq!(record["reason"], "`restricted` becomes `internal`: numbers for tests");
    assert_eq!(house.share("Jonas Weber").await["outcome"], "confirm");
    let found = house.world.get(&house.path("/findings"), &house.tenant.key).await.expect(200).json();
    assert_eq!((&found["found"], &found["said"]["reason"]), (&json!("restricted"), &json!("numbers for tests")));
    house.say(&house.as_caller().await, json!("restricted"), "not public yet").await.expect(204);
    let refused = house.share("Jonas Weber").await;
    assert_eq!(refused["outcome"], "refused");
    house.say(&house.as_caller().await, Value::Null, "as found").await.expect(204);
    assert_eq!(house.level().await, "restricted");
    // A file in which nothing was found, of which a person said so.
    let token = house.as_caller().await;
    let plan = house.world.file(&token, "name=plan.txt&title=Merger%20Plan", b"plan").await;
    let said = json!({"classification": "restricted", "reason": "a secret"});
    house.world.send(Method::PUT, &format!("/v1/files/{plan}/classification"), &token, &said).await.expect(204);
    let asked = json!({"file": "Merger Plan", "with": "Jonas Weber"});
    let refused = house.world.post("/v1/tools/share_file", &token, &asked).await.expect(200).json();
    assert_eq!(
        refused["say"],
        "It's marked as restricted, so it can't be shared outside the company. You can still share it with a colleague."
    );
}

#[tokio::test]
async fn who_may_not_read_a_file_is_not_told_what_is_in_it() {
    let house = House::new().await;
    let rule = r#"@id("no-reading") forbid (principal is User, action == Action::"read", resource is File);"#;
    let body = json!({"policies": [{"name": "own.cedar", "text": rule}]});
    let number = house.world.post("/v1/policies", &house.tenant.key, &body).await.expect(201).json()["number"].as_u64().unwrap();
    house.world.post(&format!("/v1/policies/{number}/activate"), &house.tenant.key, &Value::Null).await.expect(204);
    let refused = house.share("Jonas Weber").await;
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["say"], "I'm not allowed to do that for you. The owner of the file or an administrator can help.");
}

#[tokio::test]
async fn a_link_that_was_given_before_opens_nothing_that_is_restricted_since() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let share = world.share_edition(&tenant, b"the first", Edition::Newest).await;
    open(&world, &share.path, &share.code).await.expect(303);
    world.file(&tenant.key, &format!("name=quarterly-report.txt&replaces={}", share.file), b"the second\nHolds: credential").await;
    open(&world, &share.path, &share.code).await.expect(409);
    let path = format!("/v1/files/{}/classification", share.file);
    let said = json!({"classification": "internal", "reason": "a password of nothing"});
    world.send(Method::PUT, &path, &tenant.key, &said).await.expect(204);
    open(&world, &share.path, &share.code).await.expect(303);
}

#[tokio::test]
async fn a_customer_says_what_counts_and_what_else_is_looked_for() {
    let house = House::new().await;
    let (world, key) = (&house.world, &house.tenant.key);
    let rules = world.get("/v1/dlp/rules", key).await.expect(200).json();
    assert_eq!((&rules["rules"], &rules["levels_are_usual"]), (&json!([]), &json!(true)));
    let put = async |path: &str, body: Value| world.send(Method::PUT, path, key, &body).await;
    let kept = put("/v1/dlp/rules", json!({"name": "heron", "words": ["Project Heron", "project heron"], "level": "restricted"}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        kept,
        json!({"name": "heron", "words": ["Project Heron", "project heron"], "pattern": null, "at_least": 1, "level": "restricted"})
    );
    for bad in [
        json!({"name": "bad", "level": "restricted"}),
        json!({"name": "Not a name", "words": ["ab"], "level": "restricted"}),
        json!({"name": "bad", "words": ["ab"], "pattern": "x", "level": "restricted"}),
        json!({"name": "bad", "pattern": "(", "level": "restricted"}),
        json!({"name": "bad", "words": [], "level": "restricted"}),
        json!({"name": "bad", "words": ["ab"], "level": "secret"}),
        json!({"name": "bad", "words": ["ab"], "level": "restricted", "at_least": 0}),
    ] {
        put("/v1/dlp/rules", bad).await.expect_problem(400, "invalid");
    }
    put("/v1/dlp/levels", json!({"levels": [{"type": "card", "at_least": 2, "level": "restricted"}]})).await.expect(204);
    let twice = json!([{"type": "card", "at_least": 2, "level": "restricted"}, {"type": "card", "at_least": 2, "level": "public"}]);
    put("/v1/dlp/levels", json!({"levels": twice})).await.expect_problem(400, "invalid");
    assert_eq!(house.level().await, "restricted", "it holds for what is read from then on");
    world.file(key, &format!("name=deposits.txt&replaces={}", house.file), b"one card\nHolds: card").await;
    assert_eq!(house.level().await, "internal");
    put("/v1/dlp/levels", json!({"levels": []})).await.expect(204);
    world.delete("/v1/dlp/rules/heron", key).await.expect(204);
    world.delete("/v1/dlp/rules/heron", key).await.expect_problem(404, "not_found");
    let rules = world.get("/v1/dlp/rules", key).await.expect(200).json();
    assert_eq!((&rules["rules"], &rules["levels_are_usual"]), (&json!([]), &json!(true)));
}
