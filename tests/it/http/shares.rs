//! Shares over HTTP: who has what, and taking it back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Tenant, World};

async fn open(world: &World, path: &str, code: &str) -> u16 {
    let request = world.request(Method::POST, path, "").header("content-type", "application/x-www-form-urlencoded");
    Answer::of(request.body(format!("code={code}")).send().await.unwrap()).await.status
}

fn ids(answer: &Answer) -> Vec<String> {
    let answer = answer.json();
    answer["shares"].as_array().unwrap().iter().map(|share| share["id"].as_str().unwrap().to_owned()).collect()
}

/// Actions and outcomes of the trail that are about taking back.
async fn revocations(world: &World, tenant: &Tenant) -> Vec<(String, String)> {
    world.audit(tenant).await.into_iter().filter(|(action, _)| ["revoke", "take_back"].contains(&action.as_str())).collect()
}

#[tokio::test]
async fn a_share_is_listed_with_what_it_gives_and_ends_when_it_is_taken_back() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let share = world.share(&tenant, b"the numbers").await;
    assert_eq!(open(&world, &share.path, &share.code).await, 303);
    let listed = world.get(&format!("/v1/files/{}/shares", share.file), &tenant.key).await.expect(200);
    let one = listed.json()["shares"][0].clone();
    assert_eq!((one["title"].as_str(), one["recipient_name"].as_str()), (Some("Quarterly Report"), Some("Jonas Weber")));
    assert_eq!((&one["rights"], &one["downloads"], &one["revoked_at"]), (&json!("view"), &json!(1), &Value::Null));
    assert_eq!(ids(&world.get("/v1/shares?living=true", &tenant.key).await.expect(200)), ids(&listed));

    let path = format!("/v1/shares/{}", one["id"].as_str().unwrap());
    world.delete(&path, &tenant.key).await.expect(204);
    assert_eq!(open(&world, &share.path, &share.code).await, 403);
    world.delete(&path, &tenant.key).await.expect(204);
    let after = world.get("/v1/shares", &tenant.key).await.expect(200).json();
    assert_eq!((after["shares"][0]["revoked_at"].is_string(), after["next"].is_null()), (true, true));
    assert!(ids(&world.get("/v1/shares?living=true", &tenant.key).await.expect(200)).is_empty());
    let told = revocations(&world, &tenant).await;
    assert_eq!(told, [("revoke", "done"), ("revoke", "already")].map(|(action, outcome)| (action.to_owned(), outcome.to_owned())));
}

#[tokio::test]
async fn all_shares_of_a_file_or_to_a_person_end_at_once() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let (anna, ben) = (world.user(&tenant, "Anna Lee", "member").await, world.user(&tenant, "Ben Okoro", "member").await);
    let first = world.file(&tenant.key, "name=a.txt", b"a").await;
    let second = world.file(&tenant.key, "name=b.txt", b"b").await;
    for (file, person) in [(&first, &anna), (&first, &ben), (&second, &anna), (&second, &ben)] {
        world.grant(&tenant, file, person).await;
    }
    let ended = async |query: &str| {
        let answer = world.delete(&format!("/v1/shares?{query}"), &tenant.key).await.expect(200).json();
        answer["ended"].as_array().unwrap().len()
    };
    assert_eq!(ended(&format!("file={first}&recipient={anna}")).await, 1);
    assert_eq!(ended(&format!("file={first}")).await, 1);
    assert_eq!(ended(&format!("file={first}")).await, 0);
    assert_eq!(ended(&format!("recipient={ben}")).await, 1);
    assert_eq!(ids(&world.get(&format!("/v1/shares?living=true&recipient={anna}"), &tenant.key).await.expect(200)).len(), 1);
    world.delete("/v1/shares", &tenant.key).await.expect_problem(400, "invalid");
}

#[tokio::test]
async fn a_member_ends_his_own_share_and_not_that_of_others() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    // What the customer's service user owns may be shared on by any member.
    let file = world.file(&tenant.key, "name=common.txt&title=House%20Rules", b"common").await;
    world.person(&tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    let (anna, ben) = (world.user(&tenant, "Anna Lee", "member").await, world.user(&tenant, "Ben Okoro", "member").await);
    let (hers, his) = (world.call(&tenant, &anna).await, world.call(&tenant, &ben).await);
    world.post("/v1/tools/share_file", &hers.token, &json!({"file": "house rules", "with": "Jonas"})).await.expect(200);
    world.clock.advance_seconds(30);
    let given = world.post("/v1/tools/confirm_action", &hers.token, &json!({"answer": "yes"})).await.expect(200);
    let path = format!("/v1/shares/{}", given.text("/data/share"));
    assert_eq!(ids(&world.get("/v1/shares", &hers.token).await.expect(200)).len(), 1, "her own");
    assert!(ids(&world.get("/v1/shares", &his.token).await.expect(200)).is_empty());
    world.get(&format!("/v1/files/{file}/shares"), &his.token).await.expect_problem(403, "forbidden");
    world.delete(&path, &his.token).await.expect_problem(403, "forbidden");
    world.delete(&path, &hers.token).await.expect(204);
    let told: Vec<String> = revocations(&world, &tenant).await.into_iter().map(|(action, outcome)| format!("{action} {outcome}")).collect();
    assert_eq!(told, ["revoke refused", "take_back done"]);
}

#[tokio::test]
async fn of_what_others_gave_a_caller_takes_back_what_he_may_and_no_more() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let (anna, carl) = (world.user(&tenant, "Anna Lee", "member").await, world.user(&tenant, "Carl Moreau", "administrator").await);
    world.person(&tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    let (hers, his) = (world.call(&tenant, &anna).await, world.call(&tenant, &carl).await);
    let own = world.file(&hers.token, "name=plan.txt&title=Merger%20Plan", b"plan").await;
    let common = world.file(&tenant.key, "name=common.txt&title=House%20Rules", b"common").await;
    for file in [&own, &common] {
        world.post("/v1/tools/share_file", &his.token, &json!({"file": file, "with": "Jonas"})).await.expect(200);
        world.clock.advance_seconds(30);
        let given = world.post("/v1/tools/confirm_action", &his.token, &json!({"answer": "yes"})).await.expect(200);
        assert_eq!(given.text("/outcome"), "done");
    }
    let ended = world.post("/v1/tools/revoke_access", &hers.token, &json!({"file": "everything", "with": "Jonas"})).await.expect(200);
    assert_eq!(ended.text("/outcome"), "done");
    let living = world.get("/v1/shares?living=true", &tenant.key).await.expect(200).json();
    let files: Vec<&str> = living["shares"].as_array().unwrap().iter().map(|share| share["file"].as_str().unwrap()).collect();
    assert_eq!(files, [common.as_str()]);
}

#[tokio::test]
async fn a_link_to_oneself_is_worth_no_more_than_the_right_it_stands_on() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let owner = world.user(&tenant, "Olga Brandt", "owner").await;
    let member = json!({"kind": "user", "name": "Ben Okoro", "email": "ben@acme.example", "roles": ["member"]});
    let ben = world.person(&tenant, &member).await;
    let file = world.file(&world.call(&tenant, &owner).await.token, "name=plan.txt&title=Merger%20Plan", b"plan").await;
    let given = world.grant(&tenant, &file, &ben).await;
    let call = world.call(&tenant, &ben).await;
    world.post("/v1/tools/share_file", &call.token, &json!({"file": file, "with": "me"})).await.expect(200);
    world.clock.advance_seconds(30);
    let sent = world.post("/v1/tools/confirm_action", &call.token, &json!({"answer": "yes"})).await.expect(200);
    let (link, code) = (sent.text("/data/link/url").replace(&world.url, ""), sent.text("/data/code/digits"));
    assert_eq!(open(&world, &link, &code).await, 303);
    world.delete(&format!("/v1/shares/{given}"), &tenant.key).await.expect(204);
    world.get(&format!("/v1/files/{file}"), &call.token).await.expect_problem(404, "not_found");
    assert_eq!(open(&world, &link, &code).await, 409, "the link outlived his right");
}

#[tokio::test]
async fn somebody_new_is_in_the_directory_after_a_yes_and_not_before() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    world.file(&tenant.key, "name=common.txt&title=House%20Rules", b"common").await;
    let anna = json!({"kind": "user", "name": "Anna Lee", "email": "anna@acme.example", "roles": ["member"]});
    let call = world.call(&tenant, &world.person(&tenant, &anna).await).await;
    let contacts = async || {
        let people = world.get("/v1/people", &tenant.key).await.expect(200).json();
        let people = people["people"].as_array().unwrap().clone();
        people.into_iter().filter(|person| person["kind"] == "contact").collect::<Vec<_>>()
    };
    for (with, answer, expected) in [
        ("jane at example dot com", "no", 0),
        ("jane at example dot com", "yes", 1),
        ("anyone with the link", "yes", 1),
        ("jane@example.com", "yes", 1),
    ] {
        world.clock.advance_seconds(700);
        world.post("/v1/tools/share_file", &call.token, &json!({"file": "house rules", "with": with, "rights": "view"})).await.expect(200);
        world.clock.advance_seconds(30);
        world.post("/v1/tools/confirm_action", &call.token, &json!({"answer": answer})).await.expect(200);
        assert_eq!(contacts().await.len(), expected, "{with} {answer}");
    }
    assert_eq!(contacts().await[0]["email"], "jane@example.com");
    let added = world.audit(&tenant).await.into_iter().filter(|(action, outcome)| action == "add_contact" && outcome == "done").count();
    assert_eq!(added, 1);
}

#[tokio::test]
async fn a_share_inside_is_prolonged_by_asking_for_longer() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let file = world.file(&tenant.key, "name=common.txt&title=House%20Rules", b"common").await;
    let (anna, ben) = (world.user(&tenant, "Anna Lee", "owner").await, world.user(&tenant, "Ben Okoro", "member").await);
    world.grant(&tenant, &file, &ben).await;
    let call = world.call(&tenant, &anna).await;
    for (lifetime, expected) in [("a week", "done"), ("three days", "done"), ("two weeks", "confirm")] {
        let arguments = json!({"file": "house rules", "with": "Ben Okoro", "lifetime": lifetime});
        let answer = world.post("/v1/tools/share_file", &call.token, &arguments).await.expect(200);
        assert_eq!(answer.text("/outcome"), expected, "{lifetime}");
    }
    world.clock.advance_seconds(30);
    world.post("/v1/tools/confirm_action", &call.token, &json!({"answer": "yes"})).await.expect(200);
    world.clock.advance_seconds(10 * 86_400);
    assert_eq!(ids(&world.get(&format!("/v1/shares?living=true&recipient={ben}"), &tenant.key).await.expect(200)).len(), 1);
}
