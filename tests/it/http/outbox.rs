//! The page on which a customer that is marked as test looks at what it would have sent.

use reqwest::Method;
use serde_json::json;
use url::form_urlencoded;

use crate::support::{Answer, Tenant, World};

async fn look(world: &World, key: &str) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("key", key).finish();
    let request = world.request(Method::POST, "/outbox", "").header("content-type", "application/x-www-form-urlencoded").body(form);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_test_customers_key_shows_what_was_sent_and_no_markup_of_whom_it_names() {
    let world = World::start().await;
    let tenant = world.tenant("Acme <b>& Sons</b>").await;
    assert!(look(&world, &tenant.key).await.expect(200).body.contains("Nothing was sent yet."));
    let share = world.share(&tenant, b"numbers").await;
    for typed in [tenant.key.clone(), format!(" {}\n", tenant.key)] {
        let shown = look(&world, &typed).await.expect(200);
        assert!(shown.body.contains("jonas@example.com") && shown.body.replace("&#x2f;", "/").contains(&share.path), "{shown:?}");
        assert!(!shown.body.contains("<b>") && !shown.body.contains(&tenant.key), "{shown:?}");
        assert_eq!(shown.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn no_other_credential_shows_an_outbox() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    world.share(&tenant, b"numbers").await;
    let made = world.post("/v1/customers", &world.operator, &json!({"name": "Northwind"})).await.expect(201);
    let real = Tenant { customer: made.text("/customer_id"), key: made.text("/api_key") };
    world.share(&real, b"numbers").await;
    let user = world.user(&tenant, "Dana Reed", "owner").await;
    let narrow = world.key(&tenant, &["files:read", "files:share"]).await;
    let call = world.call(&tenant, &user).await.token;
    let mut refused = Vec::new();
    for key in ["", "sk_guess", "not\u{e9} one", &real.key, &world.operator, &narrow, &call] {
        let answer = look(&world, key).await.expect(403);
        assert!(!answer.body.contains("jonas@example.com"), "{key}: {answer:?}");
        refused.push(answer.body);
    }
    assert!(refused.windows(2).all(|pair| pair[0] == pair[1]), "the page tells what kind of credential it was");
}
