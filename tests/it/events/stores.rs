//! What a store tells of its objects reaches the rows: over a real queue, and by a real push; a server runs as it
//! would for an operator.

use std::path::Path;
use std::process::Command;

use satchel::blob::{Destination, Mode, SetupSettings, State};
use serde_json::Value;

use crate::cli::program::{FREE_PORTS, Serving, run, text};
use crate::stores_setup::peer::{Kind, Peer};
use crate::support::beside;
use crate::support::until;

/// Makes a queue, or a topic that pushes to an address, and prints its ARN and its URL.
const MAKE: &str = r#"
import boto3, sys
from botocore.config import Config
kind, endpoint, secret, name, push = sys.argv[1:6]
client = boto3.client(kind, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key=secret, region_name="us-east-1")
if kind == "sqs":
    url = client.create_queue(QueueName=name)["QueueUrl"]
    if push:
        client.send_message(QueueUrl=url, MessageBody=push)
    print(client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"], url)
else:
    print(client.create_topic(Name=name, Attributes={"push-endpoint": push})["TopicArn"], "")
"#;

fn make(kind: &str, peer: &Peer, push: &str) -> (String, String) {
    let endpoint = peer.settings.endpoint.as_deref().unwrap();
    let made = Command::new(beside("SATCHEL_TEST_PYTHON"))
        .args(["-c", MAKE, kind, endpoint, &peer.settings.secret_key, &peer.settings.files_bucket, push])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said = String::from_utf8(made.stdout).unwrap();
    let (arn, url) = said.trim_end_matches('\n').split_once(' ').unwrap();
    (arn.to_owned(), url.to_owned())
}

/// A server over a store, and a customer of it.
struct Stage {
    server: Serving,
    url: String,
    key: String,
    client: reqwest::Client,
}

impl Stage {
    async fn over(peer: &Peer, dir: &Path, events: &str) -> Self {
        let settings = &peer.settings;
        let config = dir.join("satchel.toml");
        let text_of = format!(
            "[store]\nendpoint = \"{}\"\naccess_key = \"{}\"\nsecret_key = \"{}\"\nfiles_bucket = \"{}\"\nmetadata_bucket = \"{}\"\n\
             path_style = true\nchecksums_when_required = {}\ncreate_buckets = true\n\n[store.events]\n{events}\n",
            settings.endpoint.as_deref().unwrap(),
            settings.access_key,
            settings.secret_key,
            settings.files_bucket,
            settings.metadata_bucket,
            settings.checksums_when_required,
        );
        std::fs::write(&config, text_of).unwrap();
        let data = dir.join("data");
        let mut arguments = vec!["serve", "--config", config.to_str().unwrap(), "--data", data.to_str().unwrap()];
        arguments.extend(FREE_PORTS);
        let server = Serving::start(&arguments);
        let card = until("the server's card", async || std::fs::read_to_string(data.join("server.json")).ok()).await;
        let card: Value = serde_json::from_str(&card).unwrap();
        let created = run(&["customer", "create", "Acme", "--json", "--data", data.to_str().unwrap()]).json();
        let (url, key) = (text(&card, "/url").to_owned(), text(&created, "/api_key").to_owned());
        Self { server, url, key, client: reqwest::Client::new() }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.key).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Uploads a file and waits until it has moved to where documents lie; gives its key in the bucket.
    async fn document(&self) -> String {
        let request = self.client.post(format!("{}/v1/files?name=note.txt", self.url)).bearer_auth(&self.key);
        let added: Value = serde_json::from_str(&request.body("A note.\n").send().await.unwrap().text().await.unwrap()).unwrap();
        let path = format!("/v1/files/{}", text(&added, "/id"));
        let file =
            until("an active file", async || Some(self.get(&path).await).filter(|file| text(file, "/lifecycle/status") == "active")).await;
        text(&file, "/stored_path").strip_prefix("files/").unwrap().to_owned()
    }

    async fn alarms(&self) -> usize {
        let records = self.get("/v1/audit?limit=1000").await;
        let records = records["records"].as_array().unwrap().clone();
        records.iter().filter(|one| one["action"] == "object_removed" && one["outcome"] == "alarm").count()
    }

    /// Removes a document behind the server's back, and waits for the alarm: one, and none for what the
    /// server itself moved and removed.
    async fn a_loss_raises_one_alarm(&self, peer: &Peer) {
        let key = self.document().await;
        self.document().await;
        peer.bare.delete_object().bucket(&peer.settings.files_bucket).key(&key).send().await.unwrap();
        until("an alarm", async || Some(self.alarms().await).filter(|count| *count > 0)).await;
        assert_eq!(self.alarms().await, 1);
    }

    fn close(mut self) {
        assert_eq!(self.server.stop().0, Some(0));
    }
}

async fn set_up(peer: &Peer, destination: Destination) {
    let wanted = SetupSettings { destination: Some(destination), ..SetupSettings::default() };
    let report = peer.store().await.setup(&wanted, Mode::Apply).await.unwrap();
    assert_eq!(report.count(State::Differs) + report.count(State::Denied), 0, "{report:#?}");
}

#[tokio::test]
async fn a_loss_is_told_through_a_queue_and_a_message_that_nobody_can_read_does_not_stop_it() {
    let peer = Peer::reach(Kind::MiniStack).await;
    let dir = tempfile::tempdir().unwrap();
    let (arn, queue) = make("sqs", &peer, "no event at all");
    set_up(&peer, Destination::Queue(arn)).await;
    let stage = Stage::over(&peer, dir.path(), &format!("queue_url = \"{queue}\"")).await;
    stage.a_loss_raises_one_alarm(&peer).await;
    stage.close();
    peer.close().await;
}

#[tokio::test]
async fn a_loss_is_told_by_a_push_that_shows_the_token_and_by_no_other() {
    let peer = Peer::reach(Kind::Rgw).await;
    let dir = tempfile::tempdir().unwrap();
    let stage = Stage::over(&peer, dir.path(), "webhook_token = \"open sesame\"").await;
    let (arn, _) = make("sns", &peer, &format!("{}/v1/store/events?token=open%20sesame", stage.url));
    set_up(&peer, Destination::Topic(arn)).await;
    stage.a_loss_raises_one_alarm(&peer).await;
    for (query, status) in [("", 401), ("?token=open", 401), ("?token=open%20sesame", 400)] {
        let posted = stage.client.post(format!("{}/v1/store/events{query}", stage.url)).body("{}").send().await.unwrap();
        assert_eq!(posted.status().as_u16(), status, "{query}");
    }
    stage.close();
    peer.close().await;
}
