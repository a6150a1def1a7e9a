//! Keys: their secrets change, they are used, they end.

use serde_json::{Value, json};

use crate::support::{Tenant, World};

/// A key of the customer with these permissions: its id and its secret.
async fn key(world: &World, tenant: &Tenant, permissions: &[&str]) -> (String, String) {
    let body = json!({"label": "voice platform", "permissions": permissions});
    let made = world.post("/v1/keys", &tenant.key, &body).await.expect(201);
    (made.text("/id"), made.text("/api_key"))
}

/// A key as it is listed.
async fn listed(world: &World, path: &str, token: &str, id: &str) -> Value {
    let keys = world.get(path, token).await.expect(200).json();
    keys["keys"].as_array().unwrap().iter().find(|key| key["id"] == id).unwrap_or_else(|| panic!("{id}: {keys}")).clone()
}

#[tokio::test]
async fn after_a_rotation_both_secrets_open_until_the_overlap_is_over() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let (id, first) = key(&world, &tenant, &["files:read"]).await;
    let path = format!("/v1/keys/{id}/rotate");
    let rotated = world.post(&path, &tenant.key, &json!({"overlap_seconds": 3600})).await.expect(200);
    let second = rotated.text("/api_key");
    assert!(second.starts_with("sk_") && second != first);
    assert_eq!((rotated.text("/id"), rotated.text("/previous_until")), (id.clone(), "2026-03-02T10:00:00Z".to_owned()));
    for secret in [&first, &second] {
        world.get("/v1/files", secret).await.expect(200);
    }
    let shown = listed(&world, "/v1/keys", &tenant.key, &id).await;
    assert_eq!((&shown["rotated_at"], &shown["previous_until"]), (&json!("2026-03-02T09:00:00Z"), &json!("2026-03-02T10:00:00Z")));
    world.clock.advance_seconds(3600);
    world.get("/v1/files", &first).await.expect_problem(401, "unauthenticated");
    world.get("/v1/files", &second).await.expect(200);
    assert_eq!(listed(&world, "/v1/keys", &tenant.key, &id).await["previous_until"], Value::Null);
    // A secret that leaked is changed without an overlap; a day is the usual one.
    world.post(&path, &tenant.key, &json!({"overlap_seconds": 0})).await.expect(200);
    world.get("/v1/files", &second).await.expect_problem(401, "unauthenticated");
    assert_eq!(world.post(&path, &tenant.key, &json!({})).await.expect(200).text("/previous_until"), "2026-03-03T10:00:00Z");
    for body in [json!({"overlap_seconds": 604_801}), json!({"overlap_seconds": -1}), json!({"overlap": 1}), json!([])] {
        world.post(&path, &tenant.key, &body).await.expect_problem(400, "invalid");
    }
    let rotations = world.audit(&tenant).await.into_iter().filter(|(action, _)| action == "rotate_key").collect::<Vec<_>>();
    assert_eq!(rotations, vec![("rotate_key".to_owned(), "done".to_owned()); 3]);
}

#[tokio::test]
async fn nobody_gets_more_by_changing_a_key_than_he_has() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let (mighty, secret) = key(&world, &tenant, &["admin", "files:read", "files:share"]).await;
    let (_, administrator) = key(&world, &tenant, &["admin"]).await;
    world.post(&format!("/v1/keys/{mighty}/rotate"), &administrator, &json!({})).await.expect_problem(403, "forbidden");
    world.get("/v1/files", &secret).await.expect(200);
    let refused = world.audit(&tenant).await.into_iter().filter(|(action, outcome)| action == "rotate_key" && outcome == "refused").count();
    assert_eq!(refused, 1);
    let (modest, _) = key(&world, &tenant, &["admin"]).await;
    world.post(&format!("/v1/keys/{modest}/rotate"), &administrator, &json!({})).await.expect(200);
}

#[tokio::test]
async fn the_list_of_keys_tells_to_the_minute_when_each_was_used() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let (id, secret) = key(&world, &tenant, &["files:read"]).await;
    let used = async || listed(&world, "/v1/keys", &tenant.key, &id).await["last_used_at"].clone();
    assert_eq!(used().await, Value::Null);
    for (seconds, expected) in [(0, "2026-03-02T09:00:00Z"), (59, "2026-03-02T09:00:00Z"), (1, "2026-03-02T09:01:00Z")] {
        world.clock.advance_seconds(seconds);
        world.get("/v1/files", &secret).await.expect(200);
        assert_eq!(used().await, json!(expected));
    }
}

#[tokio::test]
async fn a_secret_says_what_it_opens_and_opens_nothing_else() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &user).await;
    for (secret, prefix) in [(&tenant.key, "sk_"), (&world.operator, "sop_"), (&call.token, "sct_")] {
        assert!(secret.starts_with(prefix), "{prefix}");
        let random = secret.strip_prefix(prefix).unwrap();
        for other in ["sk_", "sop_", "sct_", "", "xyz_"].into_iter().filter(|other| *other != prefix) {
            world.get("/v1/files", &format!("{other}{random}")).await.expect_problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn the_operator_makes_rotates_and_revokes_keys_and_keeps_one() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let body = json!({"label": "backup", "expires_at": "2026-03-02T10:00:00Z"});
    let made = world.post("/v1/operator/keys", &world.operator, &body).await.expect(201);
    let (id, secret) = (made.text("/id"), made.text("/api_key"));
    assert!(secret.starts_with("sop_"));
    world.get("/v1/customers", &secret).await.expect(200);
    let shown = listed(&world, "/v1/operator/keys", &world.operator, &id).await;
    assert_eq!((&shown["label"], &shown["last_used_at"]), (&json!("backup"), &json!("2026-03-02T09:00:00Z")));
    let rotated = world.post(&format!("/v1/operator/keys/{id}/rotate"), &secret, &json!({"overlap_seconds": 60})).await.expect(200);
    for secret in [&secret, &rotated.text("/api_key")] {
        world.get("/v1/customers", secret).await.expect(200);
    }
    world.clock.advance_seconds(60);
    world.get("/v1/customers", &secret).await.expect_problem(401, "unauthenticated");
    world.delete(&format!("/v1/operator/keys/{id}"), &world.operator).await.expect(204);
    world.get("/v1/customers", &rotated.text("/api_key")).await.expect_problem(401, "unauthenticated");
    world.delete(&format!("/v1/operator/keys/{id}"), &world.operator).await.expect_problem(404, "not_found");
    // A customer's key is none of the operator's.
    let (customers, _) = key(&world, &tenant, &["files:read"]).await;
    for id in [customers.as_str(), "key_01h455vb4pex5vsknk084sn02q", "nonsense"] {
        world.delete(&format!("/v1/operator/keys/{id}"), &world.operator).await.expect_problem(404, "not_found");
        world.post(&format!("/v1/operator/keys/{id}/rotate"), &world.operator, &json!({})).await.expect_problem(404, "not_found");
    }
    let keys = world.get("/v1/operator/keys", &world.operator).await.expect(200).json();
    let own = keys["keys"].as_array().unwrap().iter().find(|key| key["revoked_at"].is_null()).unwrap()["id"].as_str().unwrap().to_owned();
    world.delete(&format!("/v1/operator/keys/{own}"), &world.operator).await.expect_problem(409, "conflict");
    world.get("/v1/customers", &world.operator).await.expect(200);
    let verified = world.get("/v1/audit/verify", &world.operator).await.expect(200).json();
    assert_eq!(verified["intact"], true, "{verified}");
}
