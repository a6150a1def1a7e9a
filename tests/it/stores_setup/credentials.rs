//! The standard chain of credentials, from each of its sources to a real store: the program itself is run
//! with what the source takes, and looks at buckets that only these credentials open.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sts::types::Credentials as Given;
use satchel::blob::{Mode, SetupSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::peer::{Kind, Peer};
use crate::cli::program::satchel;

/// What a container's service wants to be shown.
const TOKEN: &str = "Bearer of-the-container";
/// What an instance's service gives to be shown.
const SESSION: &str = "of-the-instance";
/// What a cluster gives to its programs.
const IDENTITY: &str = "an.identity.token";

/// Credentials of RGW's role, as its own STS gives them: with a token and an end.
async fn given(peer: &Peer) -> Given {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(peer.settings.endpoint.as_deref().unwrap())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new(&peer.settings.access_key, &peer.settings.secret_key, None, None, "test"));
    let sts = aws_sdk_sts::Client::from_conf(config.build());
    let answer = sts.assume_role().role_arn("arn:aws:iam:::role/r").role_session_name("chain").send().await.unwrap();
    answer.credentials.unwrap()
}

/// A service on loopback that hands out credentials, and what it was asked.
struct Service {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Service {
    async fn start(given: &Given) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
        let (log, stopped, given) = (Arc::clone(&asked), stop.clone(), given.clone());
        TaskTracker::new().spawn(async move {
            while let Some(Ok((client, _))) = stopped.run_until_cancelled(listener.accept()).await {
                // A client that hangs up is none to answer.
                let _ended = serve(client, &given, &log).await;
            }
        });
        Self { url, asked, stop }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request, whole: it ends with its head or with the body that the head announces.
async fn serve(mut client: TcpStream, given: &Given, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut read = Vec::new();
    let request = loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            let length =
                lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).find_map(|(_, value)| value.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break text;
            }
        }
        if read.len() > 64 * 1024 || client.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    };
    let line = request.lines().next().unwrap_or_default().to_owned();
    let (status, kind, body) = answer(&line, &request, given);
    asked.lock().unwrap().push(line);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nx-aws-ec2-metadata-token-ttl-seconds: 600\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(format!("{head}{body}").as_bytes()).await?;
    client.shutdown().await
}

fn answer(line: &str, request: &str, given: &Given) -> (&'static str, &'static str, String) {
    let shown = |name: &str, value: &str| {
        request.lines().filter_map(|line| line.split_once(": ")).any(|(header, text)| header.eq_ignore_ascii_case(name) && text == value)
    };
    let (key, secret, token) = (given.access_key_id(), given.secret_access_key(), given.session_token());
    let end = given.expiration().to_string();
    let json = serde_json::json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": end, "RoleArn": "r",
        "AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": end,
    });
    match line.split(' ').collect::<Vec<_>>().as_slice() {
        ["GET", "/container", _] if shown("authorization", TOKEN) => ("200 OK", "application/json", json.to_string()),
        ["PUT", "/latest/api/token", _] => ("200 OK", "text/plain", SESSION.to_owned()),
        ["GET", "/latest/meta-data/iam/security-credentials/", _] if shown("x-aws-ec2-metadata-token", SESSION) => {
            ("200 OK", "text/plain", "satchel".to_owned())
        }
        ["GET", "/latest/meta-data/iam/security-credentials/satchel", _] if shown("x-aws-ec2-metadata-token", SESSION) => {
            ("200 OK", "application/json", json.to_string())
        }
        ["POST", "/", _] if request.contains("Action=AssumeRoleWithWebIdentity") && request.contains(IDENTITY) => {
            let xml = format!(
                "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>\
                 <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>\
                 <Expiration>{end}</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>\
                 <AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult>\
                 <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>"
            );
            ("200 OK", "text/xml", xml)
        }
        _ => ("404 Not Found", "text/plain", String::new()),
    }
}

/// The program, looking at the buckets by the chain, with nothing of this machine's own in it.
fn looking(peer: &Peer, home: &Path) -> Command {
    let settings = &peer.settings;
    let mut command = satchel();
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    for (name, value) in [
        ("ENDPOINT", settings.endpoint.as_deref().unwrap()),
        ("CREDENTIALS_BY_CHAIN", "true"),
        ("FILES_BUCKET", &settings.files_bucket),
        ("METADATA_BUCKET", &settings.metadata_bucket),
        ("PATH_STYLE", "true"),
        ("CHECKSUMS_WHEN_REQUIRED", "true"),
    ] {
        command.env(format!("SATCHEL__STORE__{name}"), value);
    }
    // Asked last, and not there unless a case sets it.
    command.env("HOME", home).env("AWS_EC2_METADATA_DISABLED", "true");
    command.args(["store", "setup", "--check"]);
    command
}

async fn ended(mut command: Command) -> (Option<i32>, String) {
    // The service answers meanwhile.
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn credentials_of_every_source_of_the_chain_reach_a_store() {
    let peer = Peer::reach(Kind::Rgw).await;
    let store = peer.store().await;
    assert!(!store.setup(&SetupSettings::default(), Mode::Apply).await.unwrap().has_drift());
    let (given, home) = (given(&peer).await, tempfile::tempdir().unwrap());
    let service = Service::start(&given).await;
    let (key, secret) = (&peer.settings.access_key, &peer.settings.secret_key);
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let profile = file(
        "shared",
        &format!(
            "[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n\n[satchel]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        ),
    );
    let process = format!("printf '%s' '{{\"Version\": 1, \"AccessKeyId\": \"{key}\", \"SecretAccessKey\": \"{secret}\"}}'");
    let script = file("give.sh", &process);
    let by_process = file("config", &format!("[default]\ncredential_process = sh {script}\n"));
    let identity = file("token", IDENTITY);
    let container = format!("{}/container", service.url);
    let pair = |name: &'static str, value: &str| (name, value.to_owned());
    let sources = [
        ("environment", vec![pair("AWS_ACCESS_KEY_ID", key), pair("AWS_SECRET_ACCESS_KEY", secret)], 0),
        ("profile", vec![pair("AWS_SHARED_CREDENTIALS_FILE", &profile), pair("AWS_PROFILE", "satchel")], 0),
        ("process", vec![pair("AWS_CONFIG_FILE", &by_process)], 0),
        ("container", vec![pair("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container), pair("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)], 1),
        (
            "web identity",
            vec![
                pair("AWS_WEB_IDENTITY_TOKEN_FILE", &identity),
                pair("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
                pair("AWS_ROLE_SESSION_NAME", "chain"),
                pair("AWS_ENDPOINT_URL_STS", &service.url),
            ],
            1,
        ),
        ("instance", vec![pair("AWS_EC2_METADATA_SERVICE_ENDPOINT", &service.url), pair("AWS_EC2_METADATA_DISABLED", "false")], 3),
    ];
    for (source, variables, asks) in sources {
        let before = service.asked().len();
        let mut command = looking(&peer, home.path());
        command.envs(variables);
        let (code, said) = ended(command).await;
        let asked = service.asked().split_off(before);
        assert_eq!(code, Some(0), "{source}: {said} {asked:?}");
        // A program with dozens of requests asks once for credentials that live for an hour.
        assert!(asked.len() >= asks && asked.len() <= asks + 1, "{source}: {asked:?}");
    }
    let (code, said) = ended(looking(&peer, home.path())).await;
    assert!(code.is_some_and(|code| code != 0) && !said.contains("panicked") && said.contains("object store"), "{code:?} {said}");
    peer.close().await;
}
