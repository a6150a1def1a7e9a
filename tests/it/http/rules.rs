//! A customer's own policies, over HTTP: what is refused, what is kept, and that what is in force holds everywhere.

use serde_json::{Value, json};

use crate::support::{Answer, Tenant, World};

struct House {
    world: World,
    tenant: Tenant,
    ana: String,
    file: String,
}

impl House {
    async fn new() -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Acme").await;
        let ana = world.user(&tenant, "Ana Adeyemi", "member").await;
        let call = world.call(&tenant, &ana).await;
        let file = world.file(&call.token, "name=kestrel.txt&title=Kestrel%20Terms&folder=legal/2026", b"kestrel\nHolds: health").await;
        Self { world, tenant, ana, file }
    }

    async fn as_caller(&self, user: &str) -> String {
        self.world.call(&self.tenant, user).await.token
    }

    async fn draft(&self, text: &str) -> Answer {
        let body = json!({"policies": [{"name": "own.cedar", "text": text}], "note": "as agreed"});
        self.world.post("/v1/policies", &self.tenant.key, &body).await
    }

    async fn activate(&self, number: u64) -> Answer {
        self.world.post(&format!("/v1/policies/{number}/activate"), &self.tenant.key, &Value::Null).await
    }

    /// Keeps a text and puts it in force; its number.
    async fn rule(&self, text: &str) -> u64 {
        let number = self.draft(text).await.expect(201).json()["number"].as_u64().unwrap();
        self.activate(number).await.expect(204);
        number
    }

    async fn content(&self, token: &str) -> Answer {
        self.world.get(&format!("/v1/files/{}/content", self.file), token).await
    }

    async fn last(&self, action: &str) -> Value {
        let records = self.world.get("/v1/audit?limit=1000", &self.tenant.key).await.expect(200).json();
        records["records"].as_array().unwrap().iter().rfind(|record| record["action"] == action).unwrap().clone()
    }
}

const NO_DOWNLOADS: &str = r#"@id("no-downloads") forbid (principal is User, action == Action::"download", resource);"#;

#[tokio::test]
async fn a_set_holds_once_it_is_in_force_and_no_longer_than_that() {
    let house = House::new().await;
    let token = house.as_caller(&house.ana).await;
    let number = house.draft(NO_DOWNLOADS).await.expect(201).json()["number"].clone();
    assert_eq!(number, 1);
    house.content(&token).await.expect(302);
    house.activate(1).await.expect(204);
    house.content(&token).await.expect_problem(403, "forbidden");
    let record = house.last("download").await;
    assert_eq!((&record["policy"], &record["decision"]), (&json!("no-downloads"), &json!("deny")));
    house.content(&house.tenant.key).await.expect(302);
    assert_eq!(house.rule("").await, 2);
    house.content(&token).await.expect(302);
    let back = |number: u64| format!("/v1/policies/{number}/rollback");
    house.world.post(&back(1), &house.tenant.key, &Value::Null).await.expect(204);
    house.content(&token).await.expect_problem(403, "forbidden");
    house.draft("").await.expect(201);
    house.world.post(&back(3), &house.tenant.key, &Value::Null).await.expect_problem(409, "conflict");
    house.world.post(&back(9), &house.tenant.key, &Value::Null).await.expect_problem(404, "not_found");
    house.world.post(&back(0), &house.tenant.key, &Value::Null).await.expect(204);
    house.content(&token).await.expect(302);
    let listed = house.world.get("/v1/policies", &house.tenant.key).await.expect(200).json();
    let states: Vec<&str> = listed["sets"].as_array().unwrap().iter().map(|set| set["state"].as_str().unwrap()).collect();
    assert_eq!((&listed["active"], states), (&json!(0), vec!["draft", "retired", "retired"]));
    let shown = house.world.get("/v1/policies/1", &house.tenant.key).await.expect(200).json();
    assert_eq!((&shown["policies"][0]["text"], &shown["note"]), (&json!(NO_DOWNLOADS), &json!("as agreed")));
}

#[tokio::test]
async fn a_broken_set_is_refused_with_its_line_and_the_old_one_stays() {
    let house = House::new().await;
    house.rule(NO_DOWNLOADS).await;
    let token = house.as_caller(&house.ana).await;
    for (text, told) in [
        ("// why\n\npermit (principal", "`own.cedar`, line 3"),
        ("@id(\"a\")\nforbid (principal, action == Action::\"shred\", resource);", "line "),
        ("\n@id(\"a\") forbid (principal, action, resource) when { resource.colour == \"red\" };", "line 2"),
        ("@id(\"unready\") permit (principal, action, resource);", "a second time"),
        ("permit (principal, action, resource);", "`@id`"),
    ] {
        let answer = house.draft(text).await.expect_problem(400, "invalid");
        assert!(answer.text("/detail").contains(told), "{answer:?}");
        let checked = json!({"policies": [{"name": "own.cedar", "text": text}]});
        let checked = house.world.post("/v1/policies/validate", &house.tenant.key, &checked).await.expect(200);
        assert!(checked.json()["valid"] == false && checked.text("/fault").contains(told), "{checked:?}");
    }
    assert_eq!(house.last("draft_policies").await["outcome"], "invalid");
    let listed = house.world.get("/v1/policies", &house.tenant.key).await.expect(200).json();
    assert_eq!((listed["active"].clone(), listed["sets"].as_array().unwrap().len()), (json!(1), 1));
    house.content(&token).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn nobody_locks_himself_out_and_nobody_lifts_what_is_forbidden_to_all() {
    let house = House::new().await;
    house.draft(r#"@id("closed") forbid (principal, action, resource);"#).await.expect(201);
    let answer = house.activate(1).await.expect_problem(400, "invalid");
    assert!(answer.text("/detail").contains("`closed`"), "{answer:?}");
    assert_eq!(house.last("activate_policies").await["outcome"], "refused");
    // A permit for everybody opens nothing that safety or a narrowed key closes.
    house.rule(r#"@id("all") permit (principal, action, resource);"#).await;
    let world = &house.world;
    let harmful = world.file(&house.as_caller(&house.ana).await, "name=h.txt&title=Harmful", b"HARMFUL").await;
    world.get(&format!("/v1/files/{harmful}/content"), &house.as_caller(&house.ana).await).await.expect_problem(403, "forbidden");
    let narrow = world.key(&house.tenant, &["files:share"]).await;
    world.get(&format!("/v1/files/{}", house.file), &narrow).await.expect_problem(404, "not_found");
    world.get("/v1/policies", &narrow).await.expect_problem(403, "forbidden");
    let other = world.tenant("Borealis").await;
    world.get(&format!("/v1/files/{}", house.file), &other.key).await.expect_problem(404, "not_found");
    // It is this customer's alone.
    let stranger = world.user(&other, "Sam", "guest").await;
    world.file(&other.key, "name=p.txt&title=Peregrine", b"p").await;
    let call = world.call(&other, &stranger).await;
    assert_eq!(world.get("/v1/files", &call.token).await.expect(200).json()["files"], json!([]));
}

#[tokio::test]
async fn only_owners_and_programs_with_the_right_change_policies() {
    let house = House::new().await;
    let body = json!({"policies": [{"name": "own.cedar", "text": ""}]});
    for (role, status) in [("owner", 201), ("administrator", 403), ("auditor", 403), ("member", 403), ("guest", 403)] {
        let user = house.world.user(&house.tenant, role, role).await;
        house.world.post("/v1/policies", &house.as_caller(&user).await, &body).await.expect(status);
    }
}

#[tokio::test]
async fn finding_listing_and_telling_go_by_the_customers_own_policies() {
    let house = House::new().await;
    let world = &house.world;
    let guest = world.user(&house.tenant, "Gwen", "guest").await;
    let team = world.person(&house.tenant, &json!({"kind": "team", "name": "Contractors", "members": [house.ana]})).await;
    world.file(&house.tenant.key, "name=c.txt&title=Common%20Kestrel&folder=notices", b"common").await;
    let found = async |user: &str| {
        let token = house.as_caller(user).await;
        let found = world.post("/v1/tools/find_file", &token, &json!({"query": "kestrel"})).await.expect(200);
        let listed = world.get("/v1/files", &token).await.expect(200).json();
        (found.text("/outcome"), listed["files"].as_array().unwrap().len())
    };
    assert_eq!(found(&guest).await, ("not_found".to_owned(), 0));
    assert_eq!(found(&house.ana).await, ("done".to_owned(), 2));
    house.rule(r#"@id("open-notices") permit (principal in Role::"guest", action in [Action::"find", Action::"describe"], resource in Folder::"notices");"#).await;
    assert_eq!(found(&guest).await, ("done".to_owned(), 1));
    let confined = format!(
        r#"@id("confined") forbid (principal in Team::"{team}", action, resource is File) unless {{ resource in Folder::"legal" }};"#
    );
    house.rule(&confined).await;
    assert_eq!(found(&house.ana).await, ("done".to_owned(), 1));
    assert_eq!(found(&guest).await, ("not_found".to_owned(), 0));
}

#[tokio::test]
async fn what_was_found_verification_door_and_hour_decide_on_a_call() {
    let house = House::new().await;
    let world = &house.world;
    let by = async |method: &str, zone: &str| {
        let body = json!({"caller_id": house.ana, "verified": {"method": method, "level": 1}, "time_zone": zone});
        world.post("/v1/calls", &house.tenant.key, &body).await.expect(201).text("/token")
    };
    house.rule(include_str!("../../../policies/examples/medical-by-pin.cedar")).await;
    house.content(&by("number", "UTC").await).await.expect_problem(403, "forbidden");
    house.content(&by("pin", "UTC").await).await.expect(302);
    // The clock of the test stands at nine in the morning, UTC, of a Monday.
    house.rule(include_str!("../../../policies/examples/no-downloads-at-night.cedar")).await;
    house.content(&by("none", "UTC").await).await.expect(302);
    house.content(&by("none", "America/Los_Angeles").await).await.expect_problem(403, "forbidden");
    house.rule(include_str!("../../../policies/examples/removal-by-programs.cedar")).await;
    world.delete(&format!("/v1/files/{}", house.file), &by("pin", "UTC").await).await.expect_problem(403, "forbidden");
    world.delete(&format!("/v1/files/{}", house.file), &house.tenant.key).await.expect(204);
}

#[tokio::test]
async fn text_that_was_read_out_counts_in_policies() {
    let house = House::new().await;
    let world = &house.world;
    world.person(&house.tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    house.rule(r#"@id("after-text") forbid (principal, action == Action::"share", resource) when { context.untrusted_text && context.external };"#).await;
    let text = b"In short: the lease of the hall runs until the end of June.";
    world.file(&house.as_caller(&house.ana).await, "name=lease.txt&title=Hall%20Lease", text).await;
    let share = async |token: &str| {
        let asked = json!({"file": "Hall Lease", "with": "Jonas Weber"});
        world.post("/v1/tools/share_file", token, &asked).await.expect(200).text("/outcome")
    };
    let token = house.as_caller(&house.ana).await;
    assert_eq!(share(&token).await, "confirm");
    let token = house.as_caller(&house.ana).await;
    let told = world.post("/v1/tools/describe_file", &token, &json!({"file": "Hall Lease"})).await.expect(200);
    assert_eq!(told.json()["data"]["summary"]["untrusted"], true, "{told:?}");
    assert_ne!(share(&token).await, "confirm");
    assert_eq!(house.last("share").await["policy"], "after-text");
}

#[tokio::test]
async fn a_comparison_tells_what_would_change_and_changes_nothing() {
    let house = House::new().await;
    let world = &house.world;
    house.rule(NO_DOWNLOADS).await;
    let text = r#"@id("no-downloads") forbid (principal is User, action == Action::"download", resource) when { context.external };
                  @id("no-reading") forbid (principal in Role::"member", action == Action::"read", resource in Folder::"legal");"#;
    let proposed = json!({"policies": [{"name": "own.cedar", "text": text}]});
    let diff = world.post("/v1/policies/diff", &house.tenant.key, &proposed).await.expect(200).json();
    assert_eq!(
        (&diff["active"], &diff["added"], &diff["removed"], &diff["changed"]),
        (&json!(1), &json!(["no-reading"]), &json!([]), &json!(["no-downloads"]))
    );
    let cell = |action: &str| {
        diff["matrix"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|cell| cell["action"] == action && cell["who"] == "member" && cell["on"] == "own")
            .count()
    };
    assert_eq!((cell("download"), cell("read"), cell("find")), (1, 0, 0), "{diff}");
    let told = diff["decisions"]["told"].as_array().unwrap();
    assert_eq!((diff["decisions"]["changed"].as_u64(), told.len()), (Some(2), 2), "{diff}");
    let read = told.iter().find(|decision| decision["action"] == "read").unwrap();
    assert_eq!((&read["name"], &read["title"]), (&json!("Ana Adeyemi"), &json!("Kestrel Terms")));
    assert_eq!((&read["before"]["permitted"], &read["after"]["permitted"]), (&json!(true), &json!(false)));
    assert_eq!(read["after"]["policies"], "no-reading");
    let same = world.post("/v1/policies/diff", &house.tenant.key, &json!({"number": 1})).await.expect(200).json();
    assert_eq!((&same["matrix"], &same["decisions"]["changed"]), (&json!([]), &json!(0)));
    world.post("/v1/policies/diff", &house.tenant.key, &json!({})).await.expect_problem(400, "invalid");
    world.post("/v1/policies/diff", &house.tenant.key, &json!({"number": 9})).await.expect_problem(404, "not_found");
    let listed = world.get("/v1/policies", &house.tenant.key).await.expect(200).json();
    assert_eq!((&listed["active"], listed["sets"].as_array().unwrap().len()), (&json!(1), 1));
}
