//! The whole way with the program itself: settings, server, worker and command line.

use std::fs;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation};
use serde_json::Value;

use crate::cli::program::{FREE_PORTS, Serving, client, run, text};
use crate::support::until;

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A server on the folder, ready to be asked.
fn serving(data: &Path, flags: &[&str]) -> Serving {
    let mut arguments = vec!["serve", "--data", data.to_str().unwrap()];
    arguments.extend(FREE_PORTS);
    arguments.extend(flags);
    let mut server = Serving::start(&arguments);
    while !data.join("server.json").exists() {
        assert!(server.is_running(), "{:?}", server.stop());
        std::thread::yield_now();
    }
    server
}

/// A client of the embedded store, as whoever has its keys.
fn store(data: &Path) -> Client {
    let (card, secrets) = (json_of(&data.join("server.json")), json_of(&data.join("secrets.json")));
    let keys = Credentials::new(text(&secrets, "/store_access_key"), text(&secrets, "/store_secret_key"), None, None, "test");
    let config = Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(text(&card, "/bytes_url"))
        .region(Region::from_static("us-east-1"))
        .credentials_provider(keys)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .force_path_style(true);
    Client::from_conf(config.build())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_lets_a_customer_adopt_a_bucket_and_the_customer_does_at_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), dir.path().join("satchel.toml"));
    let data_text = data.to_str().unwrap();
    let mut server = serving(&data, &[]);
    let created = run(&["customer", "create", "Larkfield Foods", "--json", "--data", data_text]).json();
    let (customer, key) = (text(&created, "/customer_id"), text(&created, "/api_key"));
    run(&["import", "s3://archive/legal/", "--key", key, "--data", data_text])
        .refused(1, "no location that the operator lets this customer");
    server.stop();

    let location = |prefix: &str| format!("[[store.locations]]\ncustomer = \"{customer}\"\nbucket = \"archive\"\nprefix = \"{prefix}\"\n");
    fs::write(&config, location("legal")).unwrap();
    let printed = ["serve", "--config", config.to_str().unwrap(), "--data", data_text];
    run(&printed).refused(2, "must be empty or end with a slash");
    fs::write(&config, location("legal/")).unwrap();
    let shown = run(&[&printed[..], &["--print-settings"]].concat());
    assert!(shown.out.contains("[[store.locations]]") && shown.out.contains("bucket = \"archive\""), "{shown:?}");

    let mut server = serving(&data, &["--config", config.to_str().unwrap()]);
    let bare = store(&data);
    bare.create_bucket().bucket("archive").send().await.unwrap();
    for (name, content) in
        [("legal/2024/lease.txt", "The lease of the warehouse in Larkfield."), ("legal/note.txt", "A note."), ("other.txt", "No.")]
    {
        bare.put_object().bucket("archive").key(name).body(content.as_bytes().to_vec().into()).send().await.unwrap();
    }
    let adopt = ["import", "s3://archive/legal/", "--customer", customer, "--key", key, "--data", data_text];
    let adopted = run(&[&adopt[..], &["--json"]].concat());
    assert_eq!((adopted.code, adopted.json()["import"]["seen"]["adopted"].as_u64()), (Some(0), Some(2)), "{adopted:?}");
    let again = run(&adopt);
    assert!(again.code == Some(0) && again.out.contains("2 there already"), "{again:?}");
    // The workers of the server scan and read them.
    let url = text(&json_of(&data.join("server.json")), "/url").to_owned();
    let listed = async || {
        let answer = client().get(format!("{url}/v1/files")).bearer_auth(key).send().await.unwrap();
        serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()
    };
    until("both files are active", async || {
        let files = listed().await;
        let files = files["files"].as_array().unwrap();
        (files.len() == 2 && files.iter().all(|file| file["lifecycle"]["status"] == "active")).then_some(())
    })
    .await;
    let files = listed().await;
    let excerpts: Vec<_> = files["files"].as_array().unwrap().iter().map(|file| text(file, "/metadata/extracted_text")).collect();
    assert!(excerpts.iter().any(|excerpt| excerpt.contains("warehouse in Larkfield")), "{files}");
    server.stop();
}
