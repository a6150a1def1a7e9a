//! Calls, as a voice platform opens, changes and ends them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::World;

#[tokio::test]
async fn a_call_is_opened_for_a_user_a_number_or_nobody_known() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let person = json!({"kind": "user", "name": "Amira Haddad", "phone": "+15550100100"});
    let user = world.person(&tenant, &person).await;
    for (body, known) in [
        (json!({"caller_id": user}), true),
        (json!({"caller_number": "+1 (555) 010-0100"}), true),
        (json!({"caller_number": "+15550100999"}), false),
        (json!({}), false),
    ] {
        let opened = world.post("/v1/calls", &tenant.key, &body).await.expect(201);
        assert!(opened.text("/call_id").starts_with("call_"));
        assert!(opened.text("/expires_at").starts_with("2026-03-02T13:00:00"));
        let context = world.context(&opened.text("/token")).await;
        assert_eq!(context.caller.user().is_some(), known, "{body}");
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_opened_says_why() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    for (body, named) in [
        (json!({"caller_id": "user_x", "caller_number": "+15550100100"}), "not both"),
        (json!({"caller_number": "anonymous"}), "`caller_number`"),
        (json!({"call_id": "x".repeat(200)}), "`call_id`"),
        (json!({"permissions": ["files:everything"]}), "files:everything"),
        (json!({"verified": {"method": "guess"}}), "guess"),
        (json!({"verified": {"method": "pin", "level": 9}}), "`verified`"),
        (json!({"locale": "no such"}), "`locale`"),
        (json!({"time_zone": "Mars/Olympus"}), "`time_zone`"),
        (json!({"tenant": "cust_x"}), "`tenant`"),
    ] {
        let answer = world.post("/v1/calls", &tenant.key, &body).await.expect_problem(400, "invalid");
        assert!(answer.text("/detail").contains(named), "{body}: {answer:?}");
    }
    world.post("/v1/calls", &tenant.key, &json!({"call_id": "p-1"})).await.expect(201);
    world.post("/v1/calls", &tenant.key, &json!({"call_id": "p-1"})).await.expect_problem(409, "conflict");
}

#[tokio::test]
async fn a_change_of_caller_forgets_how_sure_the_platform_was_of_the_one_before() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let (first, second) = (world.user(&tenant, "Amira Haddad", "member").await, world.user(&tenant, "Nora Lind", "member").await);
    let body = json!({"caller_id": first, "call_id": "p-7", "verified": {"method": "pin", "level": 2}, "time_zone": "Europe/Berlin"});
    let token = world.post("/v1/calls", &tenant.key, &body).await.expect(201).text("/token");
    world.send(Method::PATCH, "/v1/calls/p-7", &tenant.key, &json!({"caller_id": second, "locale": "en-GB"})).await.expect(204);
    let context = world.context(&token).await;
    assert_eq!(context.caller.user().map(|user| user.to_string()), Some(second));
    assert_eq!(context.verified.level, 0);
    assert_eq!((context.settings.locale.as_str(), context.settings.time_zone.as_str()), ("en-GB", "Europe/Berlin"));
}

#[tokio::test]
async fn what_the_caller_said_or_keyed_is_kept() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &user).await;
    let path = format!("/v1/calls/{}/heard", call.id);
    for body in [json!({"digits": "12#"}), json!({"text": "yes please"})] {
        world.post(&path, &tenant.key, &body).await.expect(204);
    }
    assert_eq!(world.context(&call.token).await.heard.map(|heard| heard.text), Some("yes please".to_owned()));
    for body in [json!({}), json!({"digits": "1", "text": "one"}), json!({"digits": "one"}), json!({"text": " "}), json!({"said": "x"})] {
        world.post(&path, &tenant.key, &body).await.expect_problem(400, "invalid");
    }
}

#[tokio::test]
async fn an_ended_or_expired_call_has_no_token_any_more() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let (ended, expired) = (world.call(&tenant, &user).await, world.call(&tenant, &user).await);
    let path = format!("/v1/calls/{}", ended.id);
    world.get("/v1/files", &ended.token).await.expect(200);
    world.delete(&path, &tenant.key).await.expect(204);
    world.get("/v1/files", &ended.token).await.expect_problem(401, "unauthenticated");
    // A platform that says it twice, or says it of a call whose time is over, is not told that it is wrong.
    world.delete(&path, &tenant.key).await.expect(204);
    world.send(Method::PATCH, &path, &tenant.key, &json!({"locale": "en"})).await.expect_problem(404, "not_found");
    world.clock.advance_seconds(5 * 3600);
    world.get("/v1/files", &expired.token).await.expect_problem(401, "unauthenticated");
    world.delete(&format!("/v1/calls/{}", expired.id), &tenant.key).await.expect(204);
    world.delete("/v1/calls/never-opened", &tenant.key).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_call_narrowed_to_reading_cannot_add_files() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let body = json!({"caller_id": user, "permissions": ["files:read"]});
    let token = world.post("/v1/calls", &tenant.key, &body).await.expect(201).text("/token");
    world.put(&token, "name=a.txt", b"alpha").await.expect_problem(403, "forbidden");
    assert_eq!(world.get("/v1/files", &token).await.expect(200).json()["next"], Value::Null);
}

#[tokio::test]
async fn a_number_that_two_users_have_or_that_is_written_for_one_country_tells_nobody() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    for name in ["Amira Haddad", "Nora Lind"] {
        world.person(&tenant, &json!({"kind": "user", "name": name, "phone": "+15550100100"})).await;
    }
    let opened = world.post("/v1/calls", &tenant.key, &json!({"caller_number": "+15550100100"})).await.expect(201);
    let context = world.context(&opened.text("/token")).await;
    assert_eq!(context.caller.user(), None, "of two nobody knows which");
    for number in ["030 1234567", "0049301234567", "+0049301234567", "+49 (0) 30 1234567", "5550100"] {
        let answer = world.post("/v1/calls", &tenant.key, &json!({"caller_number": number})).await.expect_problem(400, "invalid");
        let detail = answer.text("/detail");
        assert!(detail.contains("`caller_number`") && detail.contains("the country's code"), "{number}: {detail}");
    }
}

#[tokio::test]
async fn an_administrator_sees_who_is_on_the_line() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let other = world.tenant("Borealis").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let body = json!({"caller_id": user, "call_id": "p-1", "permissions": ["files:read"], "verified": {"method": "pin", "level": 2}});
    let first = world.post("/v1/calls", &tenant.key, &body).await.expect(201);
    let guest = world.post("/v1/calls", &tenant.key, &json!({"caller_number": "+15550100100"})).await.expect(201);
    let ended = world.call(&tenant, &user).await;
    world.delete(&format!("/v1/calls/{}", ended.id), &tenant.key).await.expect(204);
    world.post("/v1/calls", &other.key, &json!({})).await.expect(201);
    let answer = world.get("/v1/calls", &tenant.key).await.expect(200);
    let calls = answer.json()["calls"].as_array().unwrap().clone();
    let of = |id: &str| calls.iter().find(|call| call["call_id"] == id).unwrap_or_else(|| panic!("{id}: {answer:?}")).clone();
    assert_eq!(calls.len(), 2, "{answer:?}");
    let known = of(&first.text("/call_id"));
    assert_eq!((&known["caller_id"], &known["external_id"]), (&json!(user), &json!("p-1")));
    assert_eq!((&known["permissions"], &known["verified"]["method"]), (&json!(["files:read"]), &json!("pin")));
    assert_eq!(of(&guest.text("/call_id"))["caller_number"], "+15550100100");
    assert!(!answer.body.contains("sct_") && !answer.body.contains(&guest.text("/token")));
    world.clock.advance_seconds(4 * 3600);
    assert_eq!(world.get("/v1/calls", &tenant.key).await.expect(200).json(), json!({"calls": []}));
}
