//! A password for a file, over HTTP and on the page by which it came, with real workers.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use satchel::domain::CustomerId;
use serde_json::{Value, json};

use super::previews::work;
use crate::support::{Answer, Call, Tenant, World};

const RIGHT: &str = "open sesame 7";
const PDF: &[u8] = include_bytes!("../inspect/files/locked/aes-256.pdf");
const DOCX: &[u8] = include_bytes!("../inspect/files/locked/agile.docx");

/// A customer with one locked file that was read as far as it goes.
struct Locked {
    world: World,
    tenant: Tenant,
    file: String,
}

impl Locked {
    async fn of(name: &str, bytes: &[u8]) -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Northwind").await;
        let file = world.put(&tenant.key, &format!("name={name}"), bytes).await.expect(201).text("/id");
        work(&world, &tenant).await;
        Self { world, tenant, file }
    }

    async fn give(&self, password: &str) -> Answer {
        self.world.post(&format!("/v1/files/{}/unlock", self.file), &self.tenant.key, &json!({ "password": password })).await
    }

    async fn work(&self) {
        work(&self.world, &self.tenant).await;
    }

    async fn json_of(&self, file: &str) -> Value {
        self.world.get(&format!("/v1/files/{file}"), &self.tenant.key).await.expect(200).json()
    }

    async fn json(&self) -> Value {
        self.json_of(&self.file).await
    }

    /// Every text of the catalog that holds the words, as the bytes of its files.
    async fn is_anywhere(&self, words: &str) -> bool {
        let mut database = self.world.database().await;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut database).await.unwrap();
        let folder = self.world.folder().join("catalog");
        std::fs::read_dir(folder).unwrap().any(|file| {
            let path = file.unwrap().path();
            path.is_file() && std::fs::read(path).unwrap().windows(words.len()).any(|window| window == words.as_bytes())
        })
    }

    async fn records(&self, action: &str) -> Vec<String> {
        self.world.audit(&self.tenant).await.into_iter().filter(|record| record.0 == action).map(|record| record.1).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_password_makes_a_file_readable_and_found_by_what_it_says() {
    let locked = Locked::of("settlement.docx", DOCX).await;
    let before = locked.json().await;
    assert_eq!((&before["metadata"]["extraction"]["status"], &before["metadata"]["unlock"]), (&json!("locked"), &Value::Null));
    assert_eq!(before["metadata"]["findings"], Value::Null);
    locked.give(RIGHT).await.expect(204);
    assert_eq!(locked.json().await["metadata"]["unlock"], "trying");
    locked.give(RIGHT).await.expect_problem(409, "conflict");
    locked.work().await;
    let after = locked.json().await;
    assert_eq!((&after["metadata"]["extraction"]["status"], &after["metadata"]["unlock"]), (&json!("done"), &json!("opened")));
    assert_eq!(after["lifecycle"]["status"], "active");
    assert!(after["metadata"]["extracted_text"].as_str().unwrap().contains("four million"), "{after}");
    // What is in it holds for it now.
    assert_eq!(after["metadata"]["findings"], json!([{"type": "card", "count": 1}]));
    assert_ne!(after["metadata"]["classification"], before["metadata"]["classification"]);
    let stages: Vec<_> = after["stages"].as_array().unwrap().iter().map(|stage| (stage["name"].clone(), stage["state"].clone())).collect();
    assert!(stages.contains(&(json!("unlock"), json!("done"))), "{stages:?}");
    locked.world.files.follow(CustomerId::parse(&locked.tenant.customer).unwrap()).await.unwrap();
    let person = json!({"kind": "user", "name": "Nora Lind", "roles": ["owner"]});
    let user = locked.world.person(&locked.tenant, &person).await;
    let call = locked.world.call(&locked.tenant, &user).await;
    let found = locked.world.post("/v1/tools/find_file", &call.token, &json!({"query": "Acme four million"})).await.expect(200);
    assert!(found.body.contains("settlement"), "{found:?}");
    let said = locked.world.post("/v1/tools/describe_file", &call.token, &json!({"file": "the settlement"})).await.expect(200);
    assert!(said.text("/say").contains("Whoever opens it needs its password."), "{said:?}");
    // The bytes are as locked as they came.
    let url = locked.world.get(&format!("/v1/files/{}/content?redirect=false", locked.file), &locked.tenant.key).await.expect(200);
    let bytes = locked.world.client.get(url.text("/access/presigned_url")).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes, DOCX);
    assert_eq!(locked.records("unlock").await, ["asked", "refused", "opened"]);
    locked.give(RIGHT).await.expect_problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_says_so_and_another_may_be_given() {
    let locked = Locked::of("settlement.pdf", PDF).await;
    locked.give("open sesame 8").await.expect(204);
    locked.work().await;
    let after = locked.json().await;
    assert_eq!((&after["metadata"]["extraction"]["status"], &after["metadata"]["unlock"]), (&json!("locked"), &json!("wrong")));
    assert_eq!(after["metadata"]["extraction"]["reason"], "it is locked with a password, and the one that was given does not open it");
    locked.give(RIGHT).await.expect(204);
    locked.work().await;
    assert_eq!(locked.json().await["metadata"]["unlock"], "opened");
    assert_eq!(locked.records("unlock").await, ["asked", "wrong", "asked", "opened"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_lies_nowhere_in_clear_and_is_gone_once_it_was_tried() {
    let locked = Locked::of("settlement.pdf", PDF).await;
    let kept = async || {
        let mut database = locked.world.database().await;
        sqlx::query_scalar::<_, Option<String>>("SELECT password FROM unlocks").fetch_one(&mut database).await.unwrap()
    };
    for (password, state) in [("a wrong one 4711", "wrong"), (RIGHT, "opened")] {
        locked.give(password).await.expect(204);
        let sealed = kept().await.expect("it waits to be tried");
        assert!(!sealed.contains(password));
        assert!(!locked.is_anywhere(password).await, "{state}: waiting");
        locked.work().await;
        assert_eq!(locked.json().await["metadata"]["unlock"], state);
        assert_eq!(kept().await, None, "{state}");
        assert!(!locked.is_anywhere(password).await, "{state}: tried");
    }
    assert!(locked.is_anywhere("settlement").await, "the search finds what is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_of_one_file_opens_no_other_of_the_same_bytes() {
    let locked = Locked::of("settlement.pdf", PDF).await;
    let twin = locked.world.put(&locked.tenant.key, "name=copy.pdf", PDF).await.expect(201).text("/id");
    locked.work().await;
    locked.give(RIGHT).await.expect(204);
    locked.work().await;
    let late = locked.world.put(&locked.tenant.key, "name=late.pdf", PDF).await.expect(201).text("/id");
    locked.work().await;
    assert_eq!(locked.json().await["metadata"]["extraction"]["status"], "done");
    for other in [&twin, &late] {
        let other = locked.json_of(other).await;
        assert_eq!((&other["metadata"]["extraction"]["status"], &other["metadata"]["extracted_text"]), (&json!("locked"), &Value::Null));
    }
    let customer = CustomerId::parse(&locked.tenant.customer).unwrap();
    locked.world.files.follow(customer).await.unwrap();
    let person = json!({"kind": "user", "name": "Nora Lind", "roles": ["owner"]});
    let user = locked.world.person(&locked.tenant, &person).await;
    let call = locked.world.call(&locked.tenant, &user).await;
    let found = locked.world.post("/v1/tools/find_file", &call.token, &json!({"query": "Acme four million"})).await.expect(200);
    assert!(found.body.contains("settlement") && !found.body.contains("copy") && !found.body.contains("late"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn harm_behind_a_password_locks_every_file_of_those_bytes_away_and_any_that_comes_later() {
    let bytes = include_bytes!("../inspect/files/locked/launches.pdf");
    let locked = Locked::of("invoice.pdf", bytes).await;
    let twin = locked.world.put(&locked.tenant.key, "name=copy.pdf", bytes).await.expect(201).text("/id");
    locked.work().await;
    assert_eq!(locked.json().await["lifecycle"]["status"], "active", "nobody could look");
    locked.give(RIGHT).await.expect(204);
    locked.work().await;
    let late = locked.world.put(&locked.tenant.key, "name=late.pdf", bytes).await.expect(201).text("/id");
    locked.work().await;
    for file in [&locked.file, &twin, &late] {
        let json = locked.json_of(file).await;
        assert_eq!(
            (&json["lifecycle"]["status"], &json["lifecycle"]["scan_status"]),
            (&json!("quarantined"), &json!("suspicious")),
            "{json}"
        );
        assert_eq!(json["metadata"]["extracted_text"], Value::Null);
    }
    assert_eq!(locked.records("unlock").await, ["asked", "suspicious"]);
    locked.give(RIGHT).await.expect_problem(403, "quarantined");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_cannot_be_guessed_on_and_on() {
    let locked = Locked::of("settlement.pdf", PDF).await;
    for number in 0..10 {
        locked.give(&format!("guess {number}")).await.expect(204);
        locked.work().await;
    }
    locked.give(RIGHT).await.expect_problem(429, "too_many");
    locked.world.clock.advance_seconds(3601);
    locked.give(RIGHT).await.expect(204);
    locked.work().await;
    assert_eq!(locked.json().await["metadata"]["unlock"], "opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_locked_or_not_unlocked_here_takes_no_password() {
    let locked = Locked::of("plain.txt", b"hello").await;
    locked.give("x").await.expect_problem(409, "conflict");
    for (password, code) in [(json!(""), "invalid"), (json!("x".repeat(256)), "invalid"), (json!(7), "invalid")] {
        let address = format!("/v1/files/{}/unlock", locked.file);
        locked.world.post(&address, &locked.tenant.key, &json!({ "password": password })).await.expect_problem(400, code);
    }
    let written = include_bytes!("../inspect/files/locked/written.odt");
    let odt = locked.world.put(&locked.tenant.key, "name=written.odt", written).await.expect(201).text("/id");
    locked.work().await;
    assert_eq!(locked.json_of(&odt).await["metadata"]["extraction"]["status"], "locked");
    let refused = locked.world.post(&format!("/v1/files/{odt}/unlock"), &locked.tenant.key, &json!({"password": "x"})).await;
    assert!(refused.expect_problem(409, "conflict").text("/detail").contains("PDF, Office and ZIP files are"));
}

/// A link by which a locked file came.
struct Sent {
    locked: Locked,
    call: Call,
    path: String,
}

impl Sent {
    async fn new() -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Larkfield Foods").await;
        let person = json!({"kind": "user", "name": "Nora Lind", "roles": ["member"], "phone": "+15550100100"});
        let user = world.person(&tenant, &person).await;
        let call = world.call(&tenant, &user).await;
        let asked = world.post("/v1/tools/request_upload", &call.token, &json!({"what": "the settlement"})).await.expect(200);
        let url = asked.text("/data/upload_link/url");
        let path = url.strip_prefix(&world.url).unwrap().to_owned();
        let sent = world.request(Method::POST, &format!("{path}/files?name=settlement.pdf"), "").body(PDF).send().await.unwrap();
        Answer::of(sent).await.expect(201);
        work(&world, &tenant).await;
        let files = world.get("/v1/files", &call.token).await.expect(200).json();
        let file = files["files"][0]["id"].as_str().unwrap().to_owned();
        Self { locked: Locked { world, tenant, file }, call, path }
    }

    async fn give(&self, file: &str, body: &str) -> Answer {
        let address = format!("{}/files/{file}/unlock", self.path);
        let request = self.locked.world.request(Method::POST, &address, "").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        Answer::of(request.body(body.to_owned()).send().await.unwrap()).await
    }

    async fn page(&self) -> String {
        self.locked.world.get(&self.path, "").await.expect(200).body
    }

    async fn say(&self) -> String {
        self.locked.world.post("/v1/tools/check_progress", &self.call.token, &json!({})).await.expect(200).text("/say")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sent_a_locked_file_gives_its_password_on_the_same_page_and_the_call_hears_of_it() {
    let sent = Sent::new().await;
    let page = sent.page().await;
    assert!(page.contains("locked with a password") && page.contains("Password of settlement.pdf"), "{page}");
    assert_eq!(sent.say().await, "The settlement is here and clean, but locked with a password.");
    let refused = sent.give(&sent.locked.file, "password=").await.expect(422);
    assert!(refused.body.contains("role=\"alert\"") && refused.body.contains("Enter the password"), "{}", refused.body);
    assert!(refused.body.contains("aria-describedby=\"limits\">"), "the choice of files is not at fault: {}", refused.body);
    let answer = sent.give(&sent.locked.file, "password=open+sesame+8").await.expect(303);
    assert_eq!(answer.header("location"), sent.path);
    let page = sent.page().await;
    assert!(page.contains("being tried") && !page.contains("Password of settlement.pdf"), "{page}");
    assert_eq!(sent.say().await, "The settlement is here, and the password is being tried.");
    sent.locked.work().await;
    assert!(sent.page().await.contains("That password doesn&#x27;t open it"), "{}", sent.page().await);
    assert_eq!(sent.say().await, "The settlement is here and clean, but the password that was given doesn't open it.");
    sent.give(&sent.locked.file, "password=open+sesame+7").await.expect(303);
    sent.locked.work().await;
    let page = sent.page().await;
    assert!(page.contains("The password fits") && !page.contains("Password of settlement.pdf"), "{page}");
    assert_eq!(sent.say().await, "The settlement is here, checked and clean, and the password fits.");
    let mut database = sent.locked.world.database().await;
    let told: Vec<String> = sqlx::query_scalar("SELECT kind FROM events ORDER BY seq").fetch_all(&mut database).await.unwrap();
    assert_eq!(told[told.len() - 2..], ["file_still_locked", "file_unlocked"], "{told:?}");
    assert_eq!(sent.locked.records("unlock").await, ["asked", "wrong", "asked", "opened"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_takes_passwords_for_what_came_by_it_alone() {
    let sent = Sent::new().await;
    let world = &sent.locked.world;
    let other = world.put(&sent.call.token, "name=other.pdf", PDF).await.expect(201).text("/id");
    sent.locked.work().await;
    for file in [other.as_str(), "file_01h455vb4pex5vsknk084sn02q", "no-id"] {
        let refused = sent.give(file, "password=open+sesame+7").await.expect(422);
        assert!(refused.body.contains("can&#x27;t be given for it any more"), "{file}: {}", refused.body);
    }
    world.clock.advance_seconds(3 * 3600);
    sent.give(&sent.locked.file, "password=open+sesame+7").await.expect(404);
}
