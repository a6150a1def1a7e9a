//! "I have a code": a file heard on a call, by whoever was given a code for it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Tenant, World};

const DANA: &str = "+15550100123";

struct Line {
    world: World,
    tenant: Tenant,
    /// Eight digits, told to the caller who relays them.
    code: String,
    file: String,
}

impl Line {
    /// A member shares a file with Dana, who has a telephone, and asks for a code for a call.
    async fn open(style: &str) -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Acme").await;
        let owner = world.user(&tenant, "Amira Haddad", "member").await;
        world.person(&tenant, &json!({"kind": "contact", "name": "Dana Reyes", "phone": DANA})).await;
        let call = world.call(&tenant, &owner).await;
        let file = world.file(&call.token, "name=plan.txt&title=Harbour%20Plan", b"In short: Two piers.\nTwo piers.").await;
        let line = Self { world, tenant, code: String::new(), file };
        let asked = line.tool(&call, "share_file", json!({"file": "the harbour plan", "with": "Dana Reyes"})).await;
        assert_eq!(asked.text("/outcome"), "confirm", "{asked:?}");
        line.world.clock.advance_seconds(30);
        assert_eq!(line.tool(&call, "confirm_action", json!({"answer": "yes"})).await.text("/outcome"), "done");
        let given = line.tool(&call, "generate_access_code", json!({"opens": "call", "style": style})).await;
        assert_eq!(given.text("/outcome"), "done", "{given:?}");
        let code = given.json()["data"]["code"][style].as_str().unwrap().to_owned();
        Self { code, ..line }
    }

    async fn tool(&self, call: &Call, name: &str, arguments: Value) -> Answer {
        let request = self.world.request(Method::POST, &format!("/v1/tools/{name}"), &call.token).json(&arguments);
        Answer::of(request.send().await.unwrap()).await.expect(200)
    }

    async fn call_from(&self, number: &str) -> Call {
        let opened = self.world.post("/v1/calls", &self.tenant.key, &json!({"caller_number": number})).await.expect(201);
        Call { id: opened.text("/call_id"), token: opened.text("/token") }
    }

    async fn keyed(&self, call: &Call, said: Value) -> Answer {
        self.world.clock.advance_seconds(1);
        self.world.post(&format!("/v1/calls/{}/heard", call.id), &self.tenant.key, &said).await.expect(204);
        self.tool(call, "confirm_action", json!({"answer": "I have a code"})).await
    }
}

#[tokio::test]
async fn a_code_keyed_from_its_number_opens_the_file_for_this_call() {
    let line = Line::open("digits").await;
    assert_eq!(line.code.len(), 8);
    let call = line.call_from(DANA).await;
    assert_eq!(line.tool(&call, "find_file", json!({"query": "harbour plan"})).await.text("/outcome"), "not_found");
    let asked = line.tool(&call, "confirm_action", json!({"answer": "I have a code"})).await;
    assert!(asked.text("/outcome") == "choose" && asked.text("/say").contains("eight digits"), "{asked:?}");
    let opened = line.keyed(&call, json!({"digits": format!("{}#", line.code)})).await;
    assert_eq!((opened.text("/outcome").as_str(), opened.text("/data/files/0/title").as_str()), ("done", "Harbour Plan"), "{opened:?}");
    assert!(!opened.body.contains(&line.code), "the model never has the digits");
    let told = line.tool(&call, "describe_file", json!({"file": "f1"})).await;
    assert_eq!((told.text("/outcome").as_str(), told.text("/data/summary/text").as_str()), ("done", "Two piers."), "{told:?}");
    // It opens what the code opens: nothing may be passed on.
    let on = line.tool(&call, "share_file", json!({"file": "f1", "with": "Dana Reyes"})).await;
    assert!(["refused", "not_found"].contains(&on.text("/outcome").as_str()), "{on:?}");
    // The next call begins with nothing.
    let next = line.call_from(DANA).await;
    assert_eq!(line.tool(&next, "describe_file", json!({ "file": line.file })).await.text("/outcome"), "not_found");
}

#[tokio::test]
async fn words_are_said_and_the_platform_hears_them() {
    let line = Line::open("words").await;
    assert_eq!(line.code.split(' ').count(), 5);
    let call = line.call_from(DANA).await;
    let opened = line.keyed(&call, json!({"text": format!("it's {}, thank you", line.code.replace(' ', ", "))})).await;
    assert_eq!(opened.text("/outcome"), "done", "{opened:?}");
}

#[tokio::test]
async fn wrong_used_up_unknown_and_from_another_phone_are_one_answer() {
    let line = Line::open("digits").await;
    let wrong = if line.code.starts_with('9') { "80461357" } else { "90461357" };
    let (dana, stranger, nobody) = (line.call_from(DANA).await, line.call_from("+15550100777").await, {
        let opened = line.world.post("/v1/calls", &line.tenant.key, &json!({})).await.expect(201);
        Call { id: opened.text("/call_id"), token: opened.text("/token") }
    });
    let mut answers =
        vec![line.keyed(&stranger, json!({"digits": line.code})).await, line.keyed(&nobody, json!({"digits": line.code})).await];
    for _ in 0..5 {
        answers.push(line.keyed(&dana, json!({ "digits": wrong })).await);
    }
    // Burned by now.
    answers.push(line.keyed(&dana, json!({"digits": line.code})).await);
    for answer in &answers {
        assert_eq!((answer.text("/outcome").as_str(), answer.json()), ("not_found", answers[0].json()));
    }
    let alarms = line.world.audit(&line.tenant).await.into_iter().filter(|(action, _)| action == "code_alarm").count();
    assert_eq!(alarms, 1);
}

#[tokio::test]
async fn what_was_keyed_once_is_tried_once() {
    let line = Line::open("digits").await;
    let call = line.call_from(DANA).await;
    let wrong = if line.code.starts_with('9') { "80461357" } else { "90461357" };
    assert_eq!(line.keyed(&call, json!({ "digits": wrong })).await.text("/outcome"), "not_found");
    for _ in 0..10 {
        let again = line.tool(&call, "confirm_action", json!({"answer": "they keyed the code"})).await;
        assert_eq!(again.text("/outcome"), "choose", "it is to be keyed again: {again:?}");
    }
    assert_eq!(line.keyed(&call, json!({"digits": line.code})).await.text("/outcome"), "done", "one try was used, not eleven");
}

#[tokio::test]
async fn what_a_code_opened_closes_with_its_share_and_with_another_person_on_the_line() {
    let line = Line::open("digits").await;
    let call = line.call_from(DANA).await;
    assert_eq!(line.keyed(&call, json!({"digits": line.code})).await.text("/outcome"), "done");
    let path = format!("/v1/calls/{}", call.id);
    line.world.send(Method::PATCH, &path, &line.tenant.key, &json!({"caller_number": "+15550100777"})).await.expect(204);
    assert_eq!(line.tool(&call, "describe_file", json!({ "file": line.file })).await.text("/outcome"), "not_found");
    let again = line.call_from(DANA).await;
    assert_eq!(line.keyed(&again, json!({"digits": line.code})).await.text("/outcome"), "done");
    // A week later the share is over.
    line.world.clock.advance_seconds(3 * 3600);
    assert_eq!(
        line.tool(&again, "describe_file", json!({ "file": "f1" })).await.text("/outcome"),
        "done",
        "as long as the call and the share last"
    );
}
