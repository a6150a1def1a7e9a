//! Customers, people, keys, audit, outbox, progress.

use reqwest::Method;
use satchel::domain::{PersonKind, Role};
use satchel::files::{CheckpointVerifier, PersonRequest};
use serde_json::{Value, json};

use crate::support::World;

#[tokio::test]
async fn the_operator_makes_customers_and_lists_them() {
    let world = World::start().await;
    let made = world.post("/v1/customers", &world.operator, &json!({"name": " Acme "})).await.expect(201);
    assert!(made.text("/customer_id").starts_with("cust_"));
    world.get("/v1/files", &made.text("/api_key")).await.expect(200);
    let listed = world.get("/v1/customers", &world.operator).await.expect(200).json();
    assert_eq!(listed["customers"][0]["name"], "Acme");
    world.post("/v1/customers", &world.operator, &json!({"name": " "})).await.expect_problem(400, "invalid");
}

#[tokio::test]
async fn people_are_added_with_defaults_and_listed() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = json!({"kind": "user", "name": "Amira Haddad", "email": "amira@example.com", "phone": "+1 555 010 0100"});
    let added = world.post("/v1/people", &tenant.key, &user).await.expect(201);
    assert_eq!(added.json()["roles"], json!(["member"]));
    assert_eq!(added.text("/phone"), "+15550100100");
    let team = json!({"kind": "team", "name": "Finance", "members": [added.text("/id")]});
    assert!(world.person(&tenant, &team).await.starts_with("team_"));
    let people = world.get("/v1/people", &tenant.key).await.expect(200).json();
    assert_eq!(people["people"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_named() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    for (body, named) in [
        (json!({"kind": "user", "name": "x", "nmae": "y"}), "`nmae`"),
        (json!({"kind": "robot", "name": "x"}), "`robot`"),
        (json!({"kind": "user"}), "`name`"),
        (json!({"kind": "user", "name": ""}), "`name`"),
        (json!({"kind": "user", "name": "x", "email": "nowhere"}), "`email`"),
        (json!({"kind": "user", "name": "x", "phone": "5550100"}), "`phone`"),
        (json!({"kind": "contact", "name": "x", "members": ["user_01h455vb4pex5vsknk084sn02q"]}), "`members`"),
        (json!(["user"]), "an object with `kind` and `name`"),
    ] {
        let answer = world.post("/v1/people", &tenant.key, &body).await.expect_problem(400, "invalid");
        let detail = answer.text("/detail");
        assert!(detail.contains(named), "{body}: {detail}");
        assert!(!detail.contains("struct") && !detail.contains("::"), "a type's name leaks: {detail}");
    }
    let request = world.request(Method::POST, "/v1/people", &tenant.key).body("{");
    crate::support::Answer::of(request.send().await.unwrap()).await.expect_problem(400, "invalid");
    let huge = json!({"kind": "user", "name": "x".repeat(70_000)});
    world.post("/v1/people", &tenant.key, &huge).await.expect_problem(413, "too_large");
}

#[tokio::test]
async fn a_key_ends_when_it_expires_or_is_revoked() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let body = json!({"label": "nightly", "permissions": ["files:read"], "expires_at": "2026-03-02T10:00:00Z"});
    let made = world.post("/v1/keys", &tenant.key, &body).await.expect(201);
    let (id, secret) = (made.text("/id"), made.text("/api_key"));
    world.get("/v1/files", &secret).await.expect(200);
    let listed = world.get("/v1/keys", &tenant.key).await.expect(200);
    assert!(!listed.body.contains(&secret), "a secret is shown once");
    assert_eq!(listed.json()["keys"].as_array().unwrap().iter().filter(|key| key["label"] == "nightly").count(), 1);
    world.clock.advance_seconds(3600);
    world.get("/v1/files", &secret).await.expect_problem(401, "unauthenticated");
    let other = world.post("/v1/keys", &tenant.key, &json!({"label": "b"})).await.expect(201);
    world.delete(&format!("/v1/keys/{}", other.text("/id")), &tenant.key).await.expect(204);
    world.get("/v1/files", &other.text("/api_key")).await.expect(401);
    world.delete(&format!("/v1/keys/{id}"), &tenant.key).await;
    let past = json!({"label": "c", "expires_at": "2020-01-01T00:00:00Z"});
    world.post("/v1/keys", &tenant.key, &past).await.expect_problem(400, "invalid");
}

#[tokio::test]
async fn the_audit_is_paged_whole_and_read_by_the_operator_with_a_customer() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    for name in ["a", "b", "c"] {
        world.put(&tenant.key, &format!("name={name}.txt"), name.as_bytes()).await.expect(201);
    }
    let first = world.get("/v1/audit?limit=2", &tenant.key).await.expect(200).json();
    assert_eq!(first["records"].as_array().unwrap().len(), 2);
    let next = first["next"].as_u64().unwrap();
    let second = world.get(&format!("/v1/audit?limit=2&after={next}"), &tenant.key).await.expect(200).json();
    assert_eq!(second["records"][0]["seq"].as_u64(), Some(next + 1));
    assert_eq!(second["records"][0]["previous"].as_str().map(str::len), Some(64));
    let adds = world.audit(&tenant).await.iter().filter(|(action, outcome)| action == "add" && outcome == "done").count();
    assert_eq!(adds, 3);
    let verified = world.get("/v1/audit/verify", &tenant.key).await.expect(200).json();
    assert_eq!((verified["intact"].as_bool(), verified["chains"].as_array().unwrap().len()), (Some(true), 1));
    world.get("/v1/audit", &world.operator).await.expect_problem(400, "invalid");
    let export = world.get(&format!("/v1/audit?customer={}", tenant.customer), &world.operator).await.expect(200).json();
    assert_eq!(export["records"][0]["action"], "create_customer");
    world.get("/v1/audit?limit=0", &tenant.key).await.expect_problem(400, "invalid");
    world.get("/v1/audit?sicne=1", &tenant.key).await.expect_problem(400, "invalid");
}

#[tokio::test]
async fn the_audit_is_searched_by_who_what_and_when_and_whoever_reads_it_is_in_it() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    for name in ["a", "b", "c"] {
        world.put(&tenant.key, &format!("name={name}.txt"), name.as_bytes()).await.expect(201);
        world.clock.advance_seconds(60);
    }
    let found = async |query: &str| {
        let page = world.get(&format!("/v1/audit?{query}"), &tenant.key).await.expect(200).json();
        page["records"].as_array().unwrap().clone()
    };
    let adds = found("action=add&outcome=done").await;
    assert_eq!(adds.len(), 3);
    let (object, at) = (adds[1]["object"].as_str().unwrap(), adds[1]["at"].as_str().unwrap());
    assert!(found(&format!("object={object}")).await.iter().all(|record| record["object"] == object));
    assert_eq!(found(&format!("action=add&outcome=done&since={at}")).await, adds[1..]);
    assert_eq!(found(&format!("action=add&outcome=done&until={at}")).await, adds[..1]);
    assert_eq!(found(&format!("action=add&outcome=done&actor={}", adds[0]["actor"].as_str().unwrap())).await, adds);
    assert!(found("action=add&actor=nobody").await.is_empty());
    assert!(found("call=none").await.is_empty());
    let one = world.get("/v1/audit?action=add&limit=1", &tenant.key).await.expect(200).json();
    assert_eq!(one["next"], one["records"][0]["seq"], "the next page goes on after the last that was found");
    assert_eq!(found("action=read_audit").await.len(), 9, "each look, this one too");
    world.get(&format!("/v1/audit?customer={}", tenant.customer), &world.operator).await.expect(200);
    assert_eq!(found("action=read_audit&actor=operator").await.len(), 1);
    world.get("/v1/audit?since=yesterday", &tenant.key).await.expect_problem(400, "invalid");
    let nobody = tenant.customer.replace(|letter: char| letter.is_ascii_digit(), "7");
    world.get(&format!("/v1/audit?customer={nobody}"), &world.operator).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn checkpoints_are_signed_noted_in_the_store_and_given_to_whoever_may_read_the_audit() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let path = format!("/v1/audit/checkpoints?customer={}", tenant.customer);
    assert_eq!(world.get("/v1/audit/checkpoints", &tenant.key).await.expect(200).json()["checkpoints"], json!([]));
    let sealed = world.files.seal_chains().await.unwrap();
    assert!(sealed.signed >= 2 && sealed.anchored == sealed.signed && sealed.broken.is_empty(), "{sealed:?}");
    let own = world.get("/v1/audit/checkpoints", &tenant.key).await.expect(200).json();
    let note = own["checkpoints"][0]["note"].as_str().unwrap();
    let verifier = CheckpointVerifier::parse(own["verifier"].as_str().unwrap()).unwrap();
    let checkpoint = verifier.open(note).unwrap();
    assert_eq!((checkpoint.chain.as_str(), Some(checkpoint.size)), (tenant.customer.as_str(), own["checkpoints"][0]["size"].as_u64()));
    assert_eq!(world.get(&path, &world.operator).await.expect(200).json()["checkpoints"], own["checkpoints"]);
    world.get(&path, &tenant.key).await.expect_problem(403, "forbidden");
    // What grew meanwhile is signed in the next round, and all of it holds.
    assert!(world.files.seal_chains().await.unwrap().signed > 0);
    let whole = world.get("/v1/audit/verify", &tenant.key).await.expect(200).json();
    assert_eq!(whole["intact"], true, "{whole}");
    assert!(whole["chains"][0]["sealed"].as_u64().unwrap() > checkpoint.size, "{whole}");
}

#[tokio::test]
async fn progress_counts_what_is_under_way_and_the_outbox_shows_what_was_sent() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    world.put(&tenant.key, "name=a.txt", b"alpha").await.expect(201);
    assert_eq!(world.get("/v1/progress", &tenant.key).await.expect(200).json(), json!({"open_jobs": 1}));
    let share = world.share(&tenant, b"numbers").await;
    assert_eq!(world.get("/v1/progress", &tenant.key).await.expect(200).json(), json!({"open_jobs": 0}));
    let outbox = world.get("/v1/outbox", &tenant.key).await.expect(200);
    assert_eq!(outbox.text("/messages/0/address"), "jonas@example.com");
    assert!(outbox.text("/messages/0/body").contains(&share.path));
    assert!(!outbox.body.contains(&share.code), "link and code never travel together");
}

#[tokio::test]
async fn an_administrator_on_the_line_makes_no_owners() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    for (role, may) in [("administrator", false), ("owner", true)] {
        let user = world.user(&tenant, "Amira Haddad", role).await;
        let body = json!({"caller_id": user, "permissions": ["admin"], "verified": {"method": "platform", "level": 2}});
        let token = world.post("/v1/calls", &tenant.key, &body).await.expect(201).text("/token");
        let subject = world.files.caller(&world.context(&token).await).await.unwrap();
        let person = |roles| PersonRequest {
            kind: PersonKind::User,
            name: "Jonas Weber".to_owned(),
            email: None,
            phone: None,
            roles: Some(roles),
            detail: None,
            members: Vec::new(),
        };
        world.files.add_person(&subject, &person(vec![Role::Member])).await.unwrap();
        let made = world.files.add_person(&subject, &person(vec![Role::Owner])).await;
        assert_eq!(made.is_ok(), may, "{role}: {made:?}");
    }
}

#[tokio::test]
async fn what_is_done_with_keys_and_calls_is_recorded_with_which_one_and_the_policy_that_allowed_it() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let key = world.post("/v1/keys", &tenant.key, &json!({"label": "nightly"})).await.expect(201).text("/id");
    world.get("/v1/keys", &tenant.key).await.expect(200);
    world.delete(&format!("/v1/keys/{key}"), &tenant.key).await.expect(204);
    let call = world.post("/v1/calls", &tenant.key, &json!({})).await.expect(201).text("/call_id");
    let path = format!("/v1/calls/{call}");
    world.send(Method::PATCH, &path, &tenant.key, &json!({"locale": "en-GB"})).await.expect(204);
    world.post(&format!("{path}/heard"), &tenant.key, &json!({"text": "yes"})).await.expect(204);
    world.delete(&path, &tenant.key).await.expect(204);
    let answer = world.get("/v1/audit?limit=1000", &tenant.key).await.expect(200).json();
    let records = answer["records"].as_array().unwrap();
    for (action, object, decided) in [
        ("create_key", Some(&key), true),
        ("list_keys", None, true),
        ("revoke_key", Some(&key), true),
        ("open_call", Some(&call), true),
        // Who may open a call may steer it.
        ("change_call", Some(&call), true),
        ("heard", Some(&call), true),
        ("end_call", Some(&call), true),
    ] {
        let of_action = |record: &&Value| record["action"] == action;
        let record = records.iter().find(of_action).unwrap_or_else(|| panic!("{action}: {answer}"));
        assert_eq!((record["object"].as_str(), &record["outcome"]), (object.map(String::as_str), &json!("done")), "{record}");
        assert_eq!((record["decision"] == "allow", record["policy"].is_string()), (decided, decided), "{record}");
    }
}
