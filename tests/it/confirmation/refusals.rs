//! What is refused leaves everything as it was, and the caller's own yes still counts.

use satchel::files::{Evidence, EvidenceSettings};
use serde_json::{Value, json};

use super::Scene;

#[tokio::test]
async fn a_yes_of_the_batch_that_asked_does_nothing_and_the_callers_own_then_counts() {
    let scene = Scene::open().await;
    scene.ask("Jonas Weber").await;
    scene.world.clock.advance_seconds(30);
    assert_eq!(scene.answer("b-1", "yes").await, "confirm");
    assert_eq!(scene.left().await, (0, 0));
    scene.heard(&scene.call, &json!({"text": "yes please"})).await;
    assert_eq!(scene.answer("b-2", "yes").await, "done");
    assert_eq!(scene.left().await, (1, 1));
}

#[tokio::test]
async fn a_yes_in_another_call_of_the_same_caller_does_nothing() {
    let scene = Scene::open().await;
    scene.ask("Jonas Weber").await;
    let other = scene.world.call(&scene.tenant, &scene.user).await;
    scene.heard(&other, &json!({"text": "yes"})).await;
    let answer = scene.tool(&other, Some("b-2"), "confirm_action", json!({"answer": "yes"})).await;
    assert_eq!((answer.text("/outcome").as_str(), scene.left().await), ("refused", (0, 0)));
    scene.world.clock.advance_seconds(20);
    assert_eq!(scene.answer("b-2", "yes").await, "done", "it still waits in its own call");
}

#[tokio::test]
async fn a_yes_of_another_person_on_the_line_does_nothing() {
    let scene = Scene::open().await;
    scene.ask("Jonas Weber").await;
    let ben = scene.world.user(&scene.tenant, "Ben Okafor", "member").await;
    let path = format!("/v1/calls/{}", scene.call.id);
    scene.world.send(reqwest::Method::PATCH, &path, &scene.tenant.key, &json!({"caller_id": ben})).await.expect(204);
    scene.heard(&scene.call, &json!({"text": "yes"})).await;
    assert_eq!((scene.answer("b-2", "yes").await.as_str(), scene.left().await), ("refused", (0, 0)));
}

#[tokio::test]
async fn a_yes_counts_once() {
    let scene = Scene::open().await;
    scene.ask("Jonas Weber").await;
    scene.heard(&scene.call, &json!({"digits": "1"})).await;
    assert_eq!(scene.answer("b-2", "1").await, "done");
    assert_eq!((scene.answer("b-3", "1").await.as_str(), scene.left().await), ("refused", (1, 1)));
}

#[tokio::test]
async fn a_yes_after_two_minutes_does_nothing() {
    let scene = Scene::open().await;
    scene.ask("Jonas Weber").await;
    scene.world.clock.advance_seconds(121);
    scene.heard(&scene.call, &json!({"text": "yes"})).await;
    assert_eq!((scene.answer("b-2", "yes").await.as_str(), scene.left().await), ("refused", (0, 0)));
}

#[tokio::test]
async fn a_yes_to_another_version_of_the_file_does_nothing() {
    let scene = Scene::open().await;
    let file = scene.world.file(&scene.call.token, "name=plan.txt&title=Office%20Plan", b"one").await;
    let asked = scene.tool(&scene.call, None, "share_file", json!({"file": "the office plan", "with": "Jonas Weber"})).await;
    assert_eq!(asked.text("/outcome"), "confirm");
    scene.world.file(&scene.call.token, &format!("name=plan.txt&replaces={file}"), b"two").await;
    scene.heard(&scene.call, &json!({"text": "yes"})).await;
    assert_eq!((scene.answer("b-2", "yes").await.as_str(), scene.left().await), ("refused", (0, 0)));
}

#[tokio::test]
async fn a_yes_to_another_question_is_no_yes_to_the_one_before() {
    let scene = Scene::open().await;
    for (title, text) in [("Harbour Lease March", "one"), ("Harbour Lease June", "two")] {
        let title = title.replace(' ', "%20");
        scene.world.file(&scene.call.token, &format!("name=lease-{text}.txt&title={title}"), text.as_bytes()).await;
    }
    scene.ask("Jonas Weber").await;
    scene.world.clock.advance_seconds(10);
    let which = scene.tool(&scene.call, Some("b-2"), "find_file", json!({"query": "harbour lease"})).await;
    assert_eq!(which.text("/outcome"), "choose", "{which:?}");
    // The key names the first lease. The model takes it for a yes.
    scene.heard(&scene.call, &json!({"digits": "1"})).await;
    assert_eq!((scene.answer("b-3", "1").await.as_str(), scene.left().await), ("confirm", (0, 0)));
    scene.heard(&scene.call, &json!({"digits": "1"})).await;
    assert_eq!((scene.answer("b-4", "1").await.as_str(), scene.left().await), ("done", (1, 1)), "the question was put again");
}

#[tokio::test]
async fn where_the_platform_tells_what_is_said_silence_is_no_yes() {
    let scene = Scene::open().await;
    scene.heard(&scene.call, &json!({"text": "share the quarterly report with Jonas"})).await;
    scene.ask("Jonas Weber").await;
    scene.world.clock.advance_seconds(60);
    assert_eq!((scene.answer("b-2", "yes").await.as_str(), scene.left().await), ("confirm", (0, 0)));
    // The request itself, told late, is no answer to its question.
    scene.heard(&scene.call, &json!({"text": "share it with Jonas"})).await;
    assert_eq!((scene.answer("b-3", "yes").await.as_str(), scene.left().await), ("confirm", (0, 0)));
    scene.heard(&scene.call, &json!({"text": "yes, go ahead"})).await;
    assert_eq!((scene.answer("b-4", "yes").await.as_str(), scene.left().await), ("done", (1, 1)));
}

#[tokio::test]
async fn the_second_failure_rewords_and_the_third_offers_keys() {
    let scene = Scene::open().await;
    scene.ask("Jonas Weber").await;
    let mut said = Vec::new();
    for batch in ["b-2", "b-3", "b-4"] {
        let answer = scene.tool(&scene.call, Some(batch), "confirm_action", json!({"answer": "mhm, the thing"})).await;
        assert_eq!(answer.text("/outcome"), "confirm");
        said.push(answer.text("/say"));
    }
    assert!(said[0] != said[1] && said[2].contains("press one"), "{said:?}");
}

#[tokio::test]
async fn as_much_is_asked_for_as_the_settings_say() {
    let settings = EvidenceSettings { inside: Evidence::ModelWord, outside: Evidence::Keypad };
    let scene = Scene::with(|files| files.evidence = settings).await;
    scene.ask("Jonas Weber").await;
    scene.world.clock.advance_seconds(30);
    assert_eq!(scene.answer("b-2", "yes").await, "confirm");
    scene.heard(&scene.call, &json!({"text": "yes"})).await;
    let spoken = scene.tool(&scene.call, Some("b-3"), "confirm_action", json!({"answer": "yes"})).await;
    assert_eq!((spoken.text("/outcome").as_str(), scene.left().await), ("confirm", (0, 0)));
    assert!(spoken.text("/say").contains("press one"), "{spoken:?}");
    scene.heard(&scene.call, &json!({"digits": "1"})).await;
    assert_eq!((scene.answer("b-4", "yes").await.as_str(), scene.left().await), ("done", (1, 1)));
}

#[tokio::test]
async fn as_much_is_asked_for_as_a_policy_in_force_says() {
    let scene = Scene::open().await;
    let (world, key) = (&scene.world, &scene.tenant.key);
    let text =
        r#"@id("outside-keyed") @evidence("keypad") forbid (principal, action == Action::"share", resource) when { context.external };"#;
    let set = json!({"policies": [{"name": "own.cedar", "text": text}], "note": "keys alone"});
    let number = world.post("/v1/policies", key, &set).await.expect(201).json()["number"].clone();
    world.post(&format!("/v1/policies/{number}/activate"), key, &Value::Null).await.expect(204);
    scene.ask("Jonas Weber").await;
    scene.world.clock.advance_seconds(30);
    assert_eq!(scene.answer("b-2", "yes").await, "confirm");
    scene.heard(&scene.call, &json!({"text": "yes"})).await;
    assert_eq!((scene.answer("b-3", "yes").await.as_str(), scene.left().await), ("confirm", (0, 0)));
    scene.heard(&scene.call, &json!({"digits": "1"})).await;
    assert_eq!((scene.answer("b-4", "yes").await.as_str(), scene.left().await), ("done", (1, 1)));
}
