//! Who gets in: each endpoint with no credential, a wrong one, another customer's, too few rights.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::World;

/// Whose credential an endpoint takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Operator,
    Key,
    KeyOrCall,
    Call,
    Anyone,
}

/// Every endpoint that takes a credential, with a body it can read.
fn endpoints() -> Vec<(Method, &'static str, Value, Takes)> {
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let none = Value::Null;
    vec![
        (post.clone(), "/v1/customers", json!({"name": "x"}), Takes::Operator),
        (get.clone(), "/v1/customers", none.clone(), Takes::Operator),
        (get.clone(), "/v1/people", none.clone(), Takes::Key),
        (post.clone(), "/v1/people", json!({"kind": "user", "name": "x"}), Takes::Key),
        (get.clone(), "/v1/keys", none.clone(), Takes::Key),
        (post.clone(), "/v1/keys", json!({"label": "x"}), Takes::Key),
        (delete.clone(), "/v1/keys/key_x", none.clone(), Takes::Key),
        (post.clone(), "/v1/calls", json!({}), Takes::Key),
        (patch, "/v1/calls/call_x", json!({}), Takes::Key),
        (delete.clone(), "/v1/calls/call_x", none.clone(), Takes::Key),
        (post.clone(), "/v1/calls/call_x/heard", json!({"text": "yes"}), Takes::Key),
        (post.clone(), "/v1/tools/find_file", json!({"query": "x"}), Takes::Call),
        (post, "/v1/files?name=a.txt", none.clone(), Takes::KeyOrCall),
        (get.clone(), "/v1/files", none.clone(), Takes::KeyOrCall),
        (get.clone(), "/v1/files/file_x", none.clone(), Takes::KeyOrCall),
        (delete, "/v1/files/file_x", none.clone(), Takes::KeyOrCall),
        (get.clone(), "/v1/files/file_x/versions", none.clone(), Takes::KeyOrCall),
        (get.clone(), "/v1/files/file_x/content", none.clone(), Takes::KeyOrCall),
        (get.clone(), "/v1/audit", none.clone(), Takes::Anyone),
        (get.clone(), "/v1/audit/verify", none.clone(), Takes::Anyone),
        (get.clone(), "/v1/outbox", none.clone(), Takes::Key),
        (get, "/v1/progress", none, Takes::KeyOrCall),
    ]
}

#[tokio::test]
async fn without_a_valid_credential_every_endpoint_asks_for_one() {
    let world = World::start().await;
    for (method, path, body, _) in endpoints() {
        for token in ["", "sk_never-made"] {
            let answer = world.send(method.clone(), path, token, &body).await.expect_problem(401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_credential_of_the_wrong_kind_is_refused() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "owner").await;
    let call = world.call(&tenant, &user).await;
    for (method, path, body, takes) in endpoints() {
        let wrong: &[&str] = match takes {
            Takes::Operator => &[&tenant.key, &call.token],
            Takes::Key => &[&world.operator, &call.token],
            Takes::KeyOrCall => &[&world.operator],
            Takes::Call => &[&world.operator, &tenant.key],
            Takes::Anyone => &[],
        };
        for token in wrong {
            let answer = world.send(method.clone(), path, token, &body).await;
            assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
            answer.expect_problem(403, "forbidden");
        }
    }
}

#[tokio::test]
async fn a_narrow_key_is_refused_what_it_has_no_permission_for() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let file = world.file(&tenant.key, "name=a.txt", b"alpha").await;
    let reader = world.key(&tenant, &["files:read"]).await;
    let writer = world.key(&tenant, &["files:write"]).await;
    let one = format!("/v1/files/{file}");
    let (versions, content) = (format!("{one}/versions"), format!("{one}/content"));
    for (method, path, body, token) in [
        (Method::GET, "/v1/people", Value::Null, &reader),
        (Method::POST, "/v1/people", json!({"kind": "user", "name": "x"}), &reader),
        (Method::GET, "/v1/keys", Value::Null, &reader),
        (Method::POST, "/v1/keys", json!({"label": "x"}), &reader),
        (Method::DELETE, "/v1/keys/key_01h455vb4pex5vsknk084sn02q", Value::Null, &reader),
        (Method::POST, "/v1/files?name=b.txt", Value::Null, &reader),
        (Method::DELETE, &one, Value::Null, &reader),
        (Method::GET, "/v1/audit", Value::Null, &reader),
        (Method::GET, "/v1/audit/verify", Value::Null, &reader),
        (Method::GET, "/v1/outbox", Value::Null, &reader),
        (Method::GET, &one, Value::Null, &writer),
        (Method::GET, &versions, Value::Null, &writer),
        (Method::GET, &content, Value::Null, &writer),
    ] {
        let answer = world.send(method.clone(), path, token, &body).await;
        // Who may not even know of a file gets the answer for one that is not there.
        assert!(matches!(answer.status, 403 | 404), "{method} {path}: {answer:?}");
    }
    assert_eq!(world.get("/v1/files", &writer).await.expect(200).json()["files"], json!([]));
    assert_eq!(world.get(&one, &tenant.key).await.expect(200).text("/lifecycle/status"), "active");
}

#[tokio::test]
async fn a_foreign_id_an_unknown_one_and_a_malformed_one_get_the_same_answer() {
    let world = World::start().await;
    let (ours, theirs) = (world.tenant("Acme").await, world.tenant("Borealis").await);
    let file = world.file(&theirs.key, "name=secret.txt", b"theirs").await;
    let user = world.user(&theirs, "Nora Lind", "member").await;
    let call = world.call(&theirs, &user).await;
    let keys = world.get("/v1/keys", &theirs.key).await.expect(200);
    let key = keys.text("/keys/0/id");
    let unknown = |id: &str| format!("{}_01h455vb4pex5vsknk084sn02q", id.split('_').next().unwrap());
    let not_text = world.get("/v1/files/%ff%fe", &ours.key).await.expect_problem(404, "not_found");
    assert_eq!(not_text.comparable(""), world.get("/v1/files/nonsense", &ours.key).await.comparable(""));
    for (method, pattern, foreign, body) in [
        (Method::GET, "/v1/files/{}", &file, Value::Null),
        (Method::DELETE, "/v1/files/{}", &file, Value::Null),
        (Method::GET, "/v1/files/{}/versions", &file, Value::Null),
        (Method::GET, "/v1/files/{}/content", &file, Value::Null),
        (Method::GET, "/v1/files/{}/content?redirect=false", &file, Value::Null),
        (Method::POST, "/v1/files?name=x.txt&replaces={}", &file, Value::Null),
        (Method::POST, "/v1/files?name=x.txt&owner={}", &user, Value::Null),
        (Method::DELETE, "/v1/keys/{}", &key, Value::Null),
        (Method::PATCH, "/v1/calls/{}", &call.id, json!({"locale": "en"})),
        (Method::DELETE, "/v1/calls/{}", &call.id, Value::Null),
        (Method::POST, "/v1/calls/{}/heard", &call.id, json!({"text": "yes"})),
    ] {
        let mut answers = Vec::new();
        for id in [foreign.clone(), unknown(foreign), "nonsense".to_owned()] {
            let answer = world.send(method.clone(), &pattern.replace("{}", &id), &ours.key, &body).await;
            assert!(matches!(answer.status, 404 | 400), "{method} {pattern}: {answer:?}");
            answers.push(answer.comparable(&id));
        }
        assert_eq!(answers[0], answers[1], "{method} {pattern}");
        assert_eq!(answers[0], answers[2], "{method} {pattern}");
    }
    for caller in [user.clone(), unknown(&user), "nobody".to_owned()] {
        let answer = world.post("/v1/calls", &ours.key, &json!({"caller_id": caller})).await.expect_problem(400, "invalid");
        assert_eq!(answer.text("/detail"), "`caller_id`: is not a user of this customer");
    }
    assert_eq!(world.get(&format!("/v1/files/{file}"), &theirs.key).await.expect(200).text("/lifecycle/status"), "active");
    world.get("/v1/files", &call.token).await.expect(200);
}

#[tokio::test]
async fn refusals_of_strangers_become_one_record() {
    let world = World::start().await;
    for _ in 0..5 {
        world.get("/v1/files", "sk_guess").await.expect(401);
    }
    let before = system_records(&world).await;
    world.shutdown().await;
    let chains = world.files.verify_all_audits().await.unwrap();
    let after = chains.iter().find(|chain| chain.chain == "system").map_or(0, |chain| chain.records);
    assert_eq!(after, before + 1);
    assert!(chains.iter().all(|chain| chain.fault.is_none()));
}

async fn system_records(world: &World) -> u64 {
    let verified = world.get("/v1/audit/verify", &world.operator).await.expect(200).json();
    assert_eq!(verified["intact"], true);
    let chains = verified["chains"].as_array().unwrap();
    chains.iter().find(|chain| chain["chain"] == "system").map_or(0, |chain| chain["records"].as_u64().unwrap())
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let world = World::start().await;
    world.get("/v2/files", "").await.expect_problem(404, "not_found");
    world.delete("/v1/tools", "").await.expect_problem(405, "invalid");
    let health = world.get("/healthz", "").await.expect(200);
    assert_eq!(health.json(), json!({"status": "ok"}));
    assert!(health.header("x-request-id").starts_with("req_"));
    assert_eq!(world.get("/readyz", "").await.expect(200).json(), json!({"ready": true, "catalog": true, "store": true}));
}
