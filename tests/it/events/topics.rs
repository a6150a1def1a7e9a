//! Topics that push: what they signed is taken, and nothing else has any effect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use satchel::files::{Demand, EventToken, Fetch, FetchError, PostRules, TopicArn};
use serde_json::{Value, json};
use url::Url;

use crate::support::{Answer, Ground, Tenant, World};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:files";
const CERTIFICATE: &str = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";
const TOKEN: &str = "open sesame";
const PATH: &str = "/v1/store/events";

/// What lies outside: some addresses with what they answer, and what was asked of it.
#[derive(Debug, Default)]
struct Outside {
    answers: Mutex<HashMap<String, Bytes>>,
    asked: Mutex<Vec<String>>,
}

impl Outside {
    fn with_certificate() -> Arc<Self> {
        let outside = Self::default();
        outside.put(CERTIFICATE, include_bytes!("../topics/signing.pem"));
        Arc::new(outside)
    }

    fn put(&self, url: &str, answer: &'static [u8]) {
        self.answers.lock().unwrap().insert(url.to_owned(), Bytes::from_static(answer));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait]
impl Fetch for Outside {
    async fn get(&self, url: &Url) -> Result<Bytes, FetchError> {
        self.asked.lock().unwrap().push(url.to_string());
        self.answers.lock().unwrap().get(url.as_str()).cloned().ok_or_else(|| FetchError("nothing there".into()))
    }
}

fn rules(outside: &Arc<Outside>, demand: Demand) -> PostRules {
    let topics = vec![TopicArn::parse(TOPIC).unwrap()];
    PostRules { token: Some(EventToken::of(TOKEN)), topics, demand, fetch: Some(outside.clone()) }
}

async fn world(outside: &Arc<Outside>, demand: Demand) -> World {
    let rules = rules(outside, demand);
    World::with(Ground::new(u64::from(std::process::id())).await, |settings| settings.posts = rules).await
}

fn message(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../topics/messages.json")).unwrap();
    all[name].clone()
}

fn with(mut message: Value, field: &str, value: &str) -> Value {
    message[field] = value.into();
    message
}

/// A notification that the topic signs now.
fn signed(world: &World, inner: &Value) -> Value {
    let mut message = message("without a subject");
    message["Message"] = inner.to_string().into();
    message["Timestamp"] = world.files.now().to_string().into();
    let fields = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"];
    let mut text = String::new();
    for field in fields {
        text.extend([field, "\n", message[field].as_str().unwrap(), "\n"]);
    }
    let key = RsaKeyPair::from_pkcs8(include_bytes!("../topics/key.pk8")).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    with(message, "Signature", &BASE64_STANDARD.encode(signature))
}

async fn post(world: &World, token: &str, body: &Value) -> Answer {
    // As SNS sends it, and never as JSON.
    let request = world.request(Method::POST, PATH, token).header("content-type", "text/plain; charset=UTF-8");
    Answer::of(request.body(body.to_string()).send().await.unwrap()).await
}

/// That a scanner found something in a file.
async fn threat(world: &World, tenant: &Tenant, file: &str) -> Value {
    let place = world.get(&format!("/v1/files/{file}"), &tenant.key).await.expect(200).text("/stored_path");
    let key = place.strip_prefix("files/").unwrap();
    json!({
        "source": "aws.guardduty", "detail-type": "GuardDuty Malware Protection Object Scan Result", "time": "2026-03-02T09:00:00Z",
        "detail": {
            "s3ObjectDetails": {"bucketName": "satchel-files", "objectKey": key},
            "scanResultDetails": {"scanResultStatus": "THREATS_FOUND"},
        },
    })
}

async fn status(world: &World, tenant: &Tenant, file: &str) -> String {
    world.get(&format!("/v1/files/{file}"), &tenant.key).await.expect(200).text("/lifecycle/status")
}

#[tokio::test]
async fn what_a_topic_signed_has_its_effect_and_what_it_did_not_sign_has_none() {
    let outside = Outside::with_certificate();
    let world = world(&outside, Demand::Either).await;
    let tenant = world.tenant("Northwind").await;
    let file = world.file(&tenant.key, "name=letter.txt", b"dear all").await;
    let told = signed(&world, &threat(&world, &tenant, &file).await);
    let elsewhere = "https://sns.us-east-1.example.com/SimpleNotificationService-01.pem";
    for (body, asks) in [
        (with(told.clone(), "Message", "{}"), true),
        (with(told.clone(), "Subject", "added"), true),
        (with(told.clone(), "SignatureVersion", "1"), true),
        (with(told.clone(), "Signature", "AAAA"), true),
        (with(told.clone(), "SignatureVersion", "9"), false),
        (with(told.clone(), "TopicArn", "arn:aws:sns:us-east-1:123456789012:others"), false),
        (with(told.clone(), "SigningCertURL", elsewhere), false),
        (with(told.clone(), "Timestamp", "2026-03-02T07:59:59Z"), false),
        // What is within, without its envelope: raw delivery is for those who show the token.
        (threat(&world, &tenant, &file).await, false),
        (json!({}), false),
        (Value::Null, false),
    ] {
        // Nothing is known of the certificate yet each time, so that what is asked for shows.
        let fresh = Outside::with_certificate();
        let strict = World::with(Ground::new(1).await, |settings| settings.posts = rules(&fresh, Demand::Either)).await;
        post(&strict, "", &body).await.expect_problem(401, "unauthenticated");
        assert_eq!(fresh.asked().len(), usize::from(asks), "{body}");
        post(&world, "", &body).await.expect_problem(401, "unauthenticated");
    }
    assert_eq!(status(&world, &tenant, &file).await, "active");
    assert_eq!(post(&world, "", &told).await.expect(200).json(), json!({"noted": 1, "foreign": 0}));
    assert_eq!(status(&world, &tenant, &file).await, "quarantined");
    // An hour later it is nobody's word any more.
    world.clock.advance_seconds(3601);
    post(&world, "", &told).await.expect_problem(401, "unauthenticated");
    assert_eq!(outside.asked(), [CERTIFICATE], "asked for once");
}

#[tokio::test]
async fn messages_of_another_implementation_pass_through_the_door() {
    let outside = Outside::with_certificate();
    let world = world(&outside, Demand::Signature).await;
    for name in ["first version", "second version", "without a subject"] {
        assert_eq!(post(&world, "", &message(name)).await.expect(200).json(), json!({"noted": 0, "foreign": 1}), "{name}");
    }
}

#[tokio::test]
async fn a_subscription_is_confirmed_once_it_is_proved_and_for_an_allowed_topic_alone() {
    let outside = Outside::with_certificate();
    let world = world(&outside, Demand::Either).await;
    let asks = message("subscription");
    let confirm = Url::parse(asks["SubscribeURL"].as_str().unwrap()).unwrap().to_string();
    for forged in [
        with(asks.clone(), "SubscribeURL", "https://sns.us-east-1.amazonaws.com/?Action=DeleteTopic"),
        with(asks.clone(), "TopicArn", "arn:aws:sns:us-east-1:123456789012:others"),
        with(asks.clone(), "Token", "another"),
    ] {
        post(&world, "", &forged).await.expect_problem(401, "unauthenticated");
        // The token lets events in, and confirms nothing.
        post(&world, "open sesame", &forged).await.expect_problem(400, "invalid");
    }
    assert!(!outside.asked().contains(&confirm));
    // It is asked for again until the topic took it.
    post(&world, "", &asks).await.expect_problem(503, "unavailable");
    outside.answers.lock().unwrap().insert(confirm.clone(), Bytes::new());
    post(&world, "", &asks).await.expect(200);
    assert_eq!(outside.asked(), [confirm.clone(), confirm]);
    post(&world, "", &message("end of a subscription")).await.expect(200);
    assert_eq!(outside.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_certificate_that_does_not_come_or_does_not_hold_lets_nothing_in() {
    let outside = Arc::new(Outside::default());
    let world = world(&outside, Demand::Signature).await;
    let told = message("second version");
    post(&world, "", &told).await.expect_problem(503, "unavailable");
    for wrong in [&include_bytes!("../topics/expired.pem")[..], include_bytes!("../topics/foreign.pem")] {
        let outside = Arc::new(Outside::default());
        outside.put(CERTIFICATE, wrong);
        let strict = World::with(Ground::new(1).await, |settings| settings.posts = rules(&outside, Demand::Signature)).await;
        post(&strict, "", &told).await.expect_problem(401, "unauthenticated");
    }
    outside.put(CERTIFICATE, include_bytes!("../topics/signing.pem"));
    post(&world, "", &told).await.expect(200);
    // Made-up addresses are not all asked for.
    outside.asked();
    for number in 0..30 {
        let url = format!("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-{number}.pem");
        let answer = post(&world, "", &with(told.clone(), "SigningCertURL", &url)).await;
        assert!(matches!(answer.status, 429 | 503), "{answer:?}");
    }
    assert!(outside.asked().len() < 10);
    post(&world, "", &told).await.expect(200);
}

#[tokio::test]
async fn either_proof_may_be_demanded() {
    let event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-03-02T09:00:00.000Z", "Bucket": "b"});
    for (demand, by_token, by_signature, by_both) in
        [(Demand::Either, 200, 200, 200), (Demand::Token, 200, 401, 200), (Demand::Signature, 401, 200, 200), (Demand::Both, 401, 401, 200)]
    {
        let world = world(&Outside::with_certificate(), demand).await;
        let signed = signed(&world, &event);
        for (token, body, expected) in
            [(TOKEN, &event, by_token), ("", &signed, by_signature), (TOKEN, &signed, by_both), ("", &event, 401), ("wrong", &event, 401)]
        {
            assert_eq!(post(&world, token, body).await.status, expected, "{demand:?} with `{token}` and {body}");
        }
    }
    let world = World::start().await;
    post(&world, TOKEN, &event).await.expect_problem(404, "not_found");
}
