//! The keys of an issuer: they change, they go, and they cannot always be had.

use serde_json::json;

use super::issuer::Pair;
use super::stage::{Set, Stage};

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it_and_an_old_one_is_forgotten() {
    let stage = Stage::of(Pair::p256(), Set::default()).await;
    let old = stage.token(&json!({}));
    stage.files(&old).await.expect(200);
    let next = Pair::ed25519();
    let new = next.token("k2", &stage.claims(&json!({})));
    // The issuer signs with its next key before it gives it out, and gives both out for a while.
    stage.files(&new).await.expect(401);
    stage.keys.set(&[stage.pair.public("k1"), next.public("k2")]);
    stage.files(&new).await.expect(401);
    assert_eq!(stage.keys.asked().len(), 1, "it was asked just now");
    stage.world.clock.advance_seconds(30);
    stage.files(&new).await.expect(200);
    stage.files(&old).await.expect(200);
    assert_eq!(stage.keys.asked().len(), 2);
    // It takes the old one back: no token of it is taken ten minutes later, though nobody asks for another.
    stage.keys.set(&[next.public("k2")]);
    stage.world.clock.advance_seconds(9 * 60);
    let claims = stage.claims(&json!({}));
    stage.files(&stage.pair.token("k1", &claims)).await.expect(200);
    stage.world.clock.advance_seconds(60);
    stage.files(&stage.pair.token("k1", &claims)).await.expect(401);
    stage.files(&next.token("k2", &claims)).await.expect(200);
}

#[tokio::test]
async fn made_up_names_of_keys_do_not_make_the_server_ask_for_each() {
    let stage = Stage::of(Pair::p256(), Set::default()).await;
    stage.files(&stage.token(&json!({}))).await.expect(200);
    for minute in 1..4 {
        stage.world.clock.advance_seconds(30);
        let names: Vec<String> = (0..20).map(|number| format!("made-up-{minute}-{number}")).collect();
        let tokens: Vec<String> = names.iter().map(|name| stage.pair.token(name, &stage.claims(&json!({})))).collect();
        let answers = futures::future::join_all(tokens.iter().map(|token| stage.files(token))).await;
        assert!(answers.iter().all(|answer| answer.status == 401));
        assert_eq!(stage.keys.asked().len(), 1 + minute);
    }
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_no_fault_of_its_tokens() {
    let stage = Stage::of(Pair::p256(), Set::default()).await;
    stage.keys.fail();
    let token = stage.token(&json!({}));
    let answer = stage.files(&token).await.expect_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(stage.rpc(&token, "tools/list", json!({})).await.status, 503);
    assert_eq!(stage.keys.asked().len(), 1, "it is not asked again at once");
    stage.keys.set(&[stage.pair.public("k1")]);
    stage.world.clock.advance_seconds(30);
    stage.files(&token).await.expect(200);
    // What is known counts on for an hour, and no longer.
    stage.keys.fail();
    let long = stage.token(&json!({"exp": stage.now() + 7200}));
    for (seconds, status) in [(600, 200), (2999, 200), (1, 503)] {
        stage.world.clock.advance_seconds(seconds);
        stage.files(&long).await.expect(status);
    }
    // What is no set of keys is none, and takes none away.
    stage.keys.set(&[stage.pair.public("k1")]);
    stage.world.clock.advance_seconds(30);
    stage.files(&long).await.expect(200);
    stage.keys.set_text("<html>we are back soon</html>");
    stage.world.clock.advance_seconds(600);
    stage.files(&long).await.expect(200);
}

#[tokio::test]
async fn nothing_of_a_token_leaves_the_server_or_stays_in_its_records() {
    let stage = Stage::of(Pair::p256(), Set::default()).await;
    let token = stage.token(&json!({}));
    stage.files(&token).await.expect(200);
    stage.rpc(&token, "tools/call", json!({"name": "find_file", "arguments": {"query": "lease"}})).await.expect(200);
    let signature = token.rsplit_once('.').unwrap().1;
    for headers in stage.keys.asked() {
        let told = format!("{headers:?}");
        assert!(!headers.contains_key("authorization") && !told.contains(signature) && !told.contains("amira"), "{told}");
    }
    let records = stage.world.get("/v1/audit?limit=1000", &stage.acme.tenant.key).await.expect(200).body;
    assert!(records.contains("open_call") && !records.contains(signature) && !records.contains("idp|7"), "{records}");
    stage.keys.shutdown().await;
}
