//! How much a customer may have: set by the operator, held at every way in.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Tenant, World};

async fn allow(world: &World, tenant: &Tenant, quota: &Value) -> Value {
    let path = format!("/v1/customers/{}/quota", tenant.customer);
    world.send(Method::PUT, &path, &world.operator, quota).await.expect(200).json()
}

#[tokio::test]
async fn what_is_over_the_quota_is_refused_and_nothing_of_it_stays() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let told = allow(&world, &tenant, &json!({"bytes": 20, "files": 3})).await;
    assert_eq!(told, json!({"quota": {"files": 3, "bytes": 20}, "used": {"files": 0, "bytes": 0}}));
    let first = world.put(&tenant.key, "name=a.txt", b"twelve bytes").await.expect(201).text("/id");
    let refused = world.put(&tenant.key, "name=b.txt", b"another dozen").await.expect_problem(403, "over_quota");
    assert!(refused.json()["detail"].as_str().unwrap().contains("room"), "{refused:?}");
    // A direct upload is refused when it is announced: nobody sends what will not be taken.
    let announced = json!({"name": "c.txt", "size_bytes": 9});
    world.post("/v1/uploads", &tenant.key, &announced).await.expect_problem(403, "over_quota");
    let told = world.get(&format!("/v1/customers/{}/quota", tenant.customer), &world.operator).await.expect(200).json();
    assert_eq!(told["used"], json!({"files": 1, "bytes": 12}));
    assert!(world.audit(&tenant).await.contains(&("begin_upload".to_owned(), "refused".to_owned())));
    assert!(world.audit(&tenant).await.contains(&("add".to_owned(), "refused".to_owned())));
    // There is room again once something is deleted.
    world.inspect_all().await;
    world.delete(&format!("/v1/files/{first}"), &tenant.key).await.expect(204);
    world.put(&tenant.key, "name=b.txt", b"another dozen").await.expect(201);
    // Another customer never noticed.
    let other = world.tenant("Southwind").await;
    world.put(&other.key, "name=b.txt", &[b'x'; 100]).await.expect(201);
}

#[tokio::test]
async fn a_number_of_files_is_held_and_a_new_version_is_no_new_file() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    allow(&world, &tenant, &json!({"files": 1})).await;
    let file = world.file(&tenant.key, "name=a.txt", b"one").await;
    world.put(&tenant.key, "name=b.txt", b"two").await.expect_problem(403, "over_quota");
    let body = json!({"name": "a.txt", "size_bytes": 3, "replaces": file});
    world.post("/v1/uploads", &tenant.key, &body).await.expect(201);
    allow(&world, &tenant, &json!({})).await;
    world.put(&tenant.key, "name=b.txt", b"two").await.expect(201);
}

#[tokio::test]
async fn a_quota_is_set_for_a_customer_that_is_there_with_numbers_that_can_be_kept() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let path = |customer: &str| format!("/v1/customers/{customer}/quota");
    let put = async |path: String, body: Value| world.send(Method::PUT, &path, &world.operator, &body).await;
    put(path("cust_01h455vb4pex5vsknk084sn02q"), json!({"files": 1})).await.expect_problem(404, "not_found");
    put(path("nobody"), json!({"files": 1})).await.expect_problem(404, "not_found");
    for body in [json!({"files": -1}), json!({"bytes": u64::MAX}), json!({"people": 1}), json!([])] {
        put(path(&tenant.customer), body).await.expect_problem(400, "invalid");
    }
}
