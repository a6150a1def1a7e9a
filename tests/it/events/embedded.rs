//! The embedded store tells of its objects as others do: from an upload, by the event, to the row, in a server
//! that runs as it would for an operator.

use std::path::Path;

use satchel::blob::{ObjectKey, Store, StoreSettings};
use serde_json::Value;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::cli::program::{FREE_PORTS, Serving, run, text};
use crate::support::until;

/// What is known of an object by what was told; `None` when nothing was.
async fn presence(data: &Path, object_key: &str) -> Option<String> {
    let options = SqliteConnectOptions::new().filename(data.join("catalog/catalog.db")).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let query = sqlx::query_scalar("SELECT presence FROM object_events WHERE object_key = $1").bind(object_key);
    query.fetch_optional(&mut connection).await.unwrap()
}

async fn get(card: &Value, key: &str, path: &str) -> Value {
    let answer = reqwest::Client::new().get(format!("{}{path}", text(card, "/url"))).bearer_auth(key).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn alarms(card: &Value, key: &str) -> usize {
    let records = get(card, key, "/v1/audit?limit=1000").await;
    let records = records["records"].as_array().unwrap().clone();
    records.iter().filter(|one| one["action"] == "object_removed" && one["outcome"] == "alarm").count()
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

#[tokio::test]
async fn what_the_embedded_store_does_reaches_the_rows_and_a_loss_behind_the_servers_back_is_an_alarm() {
    // Fails only when another test of this process was first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut arguments = vec!["serve", "--data", data.to_str().unwrap()];
    arguments.extend(FREE_PORTS);
    let mut server = Serving::start(&arguments);
    let card = until("the server's card", async || read(&data.join("server.json"))).await;
    let created = run(&["customer", "create", "Acme", "--json", "--data", data.to_str().unwrap()]).json();
    let (customer, key) = (text(&created, "/customer_id").to_owned(), text(&created, "/api_key").to_owned());
    let upload = reqwest::Client::new().post(format!("{}/v1/files?name=note.txt", text(&card, "/url"))).bearer_auth(&key);
    let added: Value = serde_json::from_str(&upload.body("A note.\n").send().await.unwrap().text().await.unwrap()).unwrap();
    let arrived = text(&added, "/stored_path").to_owned();
    let path = format!("/v1/files/{}", text(&added, "/id"));
    let file =
        until("an active file", async || Some(get(&card, &key, &path).await).filter(|file| text(file, "/lifecycle/status") == "active"))
            .await;
    let document = text(&file, "/stored_path").to_owned();
    assert_ne!(arrived, document);
    // Where it came in it came and went; where it lies it came.
    until("the arrival's end", async || presence(&data, &arrived).await.filter(|word| word == "removed")).await;
    until("the document", async || presence(&data, &document).await.filter(|word| word == "created")).await;
    assert_eq!(alarms(&card, &key).await, 0, "what the server moves is no loss");

    let secrets = read(&data.join("secrets.json")).unwrap();
    let store = Store::connect(StoreSettings {
        endpoint: Some(text(&card, "/bytes_url").to_owned()),
        credentials_by_chain: false,
        access_key: text(&secrets, "/store_access_key").to_owned(),
        secret_key: text(&secrets, "/store_secret_key").to_owned(),
        files_bucket: "satchel-files-us-east-1".to_owned(),
        metadata_bucket: "satchel-metadata-us-east-1".to_owned(),
        path_style: true,
        ..StoreSettings::default()
    })
    .await
    .unwrap();
    store.delete(&ObjectKey::parse(customer.parse().unwrap(), &document).unwrap()).await.unwrap();
    until("an alarm", async || Some(alarms(&card, &key).await).filter(|count| *count > 0)).await;
    assert_eq!(presence(&data, &document).await.as_deref(), Some("removed"));
    assert_eq!(alarms(&card, &key).await, 1);
    assert_eq!(server.stop().0, Some(0));
}
