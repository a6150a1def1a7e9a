//! What a record says of a request, beside what was asked for and how it ended.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Tenant, World};

/// The newest record of an action.
async fn newest(world: &World, tenant: &Tenant, action: &str) -> Value {
    let page = world.get(&format!("/v1/audit?limit=1000&action={action}"), &tenant.key).await.expect(200).json();
    page["records"].as_array().unwrap().last().unwrap_or_else(|| panic!("no record of `{action}`")).clone()
}

#[tokio::test]
async fn a_record_says_how_sure_the_platform_was_which_request_it_was_what_for_and_how_many_bytes() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "owner").await;
    let file = world.file(&tenant.key, &format!("name=alpha.txt&owner={user}"), b"twelve bytes").await;
    let added = newest(&world, &tenant, "add").await;
    assert_eq!((&added["on_behalf_of"], &added["bytes"]), (&json!(user), &json!(12)));
    assert_eq!((&added["actor_kind"], added.get("assurance"), added.get("purpose")), (&json!("key"), None, None));

    let body = json!({"caller_id": user, "verified": {"method": "pin", "level": 2}});
    let call = world.post("/v1/calls", &tenant.key, &body).await.expect(201).text("/token");
    let path = format!("/v1/files/{file}/content");
    let request = world.request(Method::GET, &path, &call).header("satchel-purpose", "TREAT").header("x-request-id", "mine");
    let answer = Answer::of(request.send().await.unwrap()).await.expect(302);
    let record = newest(&world, &tenant, "download").await;
    assert_eq!(record["request_id"].as_str(), Some(answer.header("x-request-id")), "{record}");
    assert_eq!((&record["assurance"], &record["purpose"], &record["bytes"]), (&json!("pin/2"), &json!("TREAT"), &json!(12)));
    assert_eq!((&record["actor"], &record["on_behalf_of"], &record["source"]), (&json!(user), &Value::Null, &json!("127.0.0.1")));

    let prose = world.request(Method::GET, &path, &call).header("satchel-purpose", "since she asked for it");
    Answer::of(prose.send().await.unwrap()).await.expect_problem(400, "invalid");
}

#[tokio::test]
async fn what_the_operator_does_is_recorded_with_his_address_and_his_request() {
    let world = World::start().await;
    let answer = world.post("/v1/customers", &world.operator, &json!({"name": "Acme"})).await.expect(201);
    let tenant = Tenant { customer: answer.text("/customer_id"), key: answer.text("/api_key") };
    let record = newest(&world, &tenant, "create_customer").await;
    assert_eq!((record["request_id"].as_str(), &record["source"]), (Some(answer.header("x-request-id")), &json!("127.0.0.1")));
}
