//! Uploads and downloads of 10 MB beside the bare SDK against the same store.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client as Sdk;
use bytes::Bytes;
use hyper::Method;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bare::{self, noise};
use crate::client::Client;
use crate::pace::{Seen, count};
use crate::report::{Report, ms};
use crate::server::{Customer, Server, folder};
use crate::{Failure, Scale};

const SECTION: &str = "10 MB";
const SIZE: usize = 10 * 1000 * 1000;
/// At once, where it is more than one.
const SEVERAL: usize = 4;

pub async fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let dir = folder()?;
    // One file that can be read, then a server without workers: what inspection costs is its own figure.
    let server = Server::start(dir.path(), 1).await?;
    let customer = server.customer().await?;
    let mut client = server.client().await?;
    let file = Server::upload(&mut client, &customer, "large.bin", content(0)).await?;
    Server::active(&mut client, &customer, &file).await?;
    server.stop().await?;

    let server = Server::start(dir.path(), 0).await?;
    let (sdk, bucket) = sdk(dir.path(), &server)?;
    for at_once in [1, SEVERAL] {
        // In turns, so that neither has the quieter half of the run.
        let (mut ours, mut bare) = (Figure::default(), Figure::default());
        for round in 0..scale.files / at_once / 5 {
            let first = 1 + round * 5 * at_once * 2;
            ours.add(uploads(&server, &customer, first, at_once).await?);
            bare.add(sdk_uploads(&sdk, &bucket, first + 5 * at_once, at_once).await?);
        }
        add(report, format!("upload, {at_once} at once"), &ours.seen(), &bare.seen());
        let (mut ours, mut bare) = (Figure::default(), Figure::default());
        let object = sdk_upload(&sdk, &bucket, 0).await?;
        for _ in 0..scale.files / at_once / 5 {
            ours.add(downloads(&server, &customer, &file, at_once).await?);
            bare.add(sdk_downloads(&sdk, &bucket, &object, at_once).await?);
        }
        add(report, format!("download, {at_once} at once"), &ours.seen(), &bare.seen());
    }
    server.stop().await
}

/// Latencies of several rounds, and the time of those rounds.
#[derive(Default)]
struct Figure(Vec<Duration>, Duration);

impl Figure {
    fn add(&mut self, (latencies, time): (Vec<Duration>, Duration)) {
        self.0.extend(latencies);
        self.1 += time;
    }

    fn seen(self) -> Seen {
        Seen::of(self.0, self.1)
    }
}

fn add(report: &mut Report, what: String, ours: &Seen, bare: &Seen) {
    let shown = |seen: &Seen| {
        let megabytes = seen.rate() * count(SIZE) / 1e6;
        format!("{megabytes:.0} MB/s, p50 {}, p99 {}", ms(seen.percentile(50)), ms(seen.percentile(99)))
    };
    report.add(SECTION, what, shown(ours), shown(bare), Some(ours.rate() / bare.rate()));
}

/// Bytes that no other number has, so that none is stored already.
fn content(number: usize) -> Bytes {
    noise(number, SIZE)
}

/// Five on each of the connections.
async fn rounds<F>(at_once: usize, mut one: impl FnMut(usize) -> F) -> Result<(Vec<Duration>, Duration), Failure>
where
    F: Future<Output = Result<Vec<Duration>, Failure>> + Send + 'static,
{
    let begin = Instant::now();
    let mut running: JoinSet<_> = (0..at_once).map(&mut one).collect();
    let mut latencies = Vec::new();
    while let Some(ended) = running.join_next().await {
        latencies.extend(ended??);
    }
    Ok((latencies, begin.elapsed()))
}

async fn uploads(server: &Server, customer: &Customer, first: usize, at_once: usize) -> Result<(Vec<Duration>, Duration), Failure> {
    let mut lanes = Vec::new();
    for lane in 0..at_once {
        let contents: Vec<Bytes> = (0..5).map(|number| content(first + lane * 5 + number)).collect();
        lanes.push(Some((server.client().await?, contents)));
    }
    let key = customer.key.clone();
    rounds(at_once, move |lane| {
        let (ready, key) = (lanes.get_mut(lane).and_then(Option::take), key.clone());
        async move {
            let (mut client, contents) = ready.ok_or("there is no such lane")?;
            let mut latencies = Vec::new();
            for bytes in contents {
                let sent = Instant::now();
                client.send(Method::POST, "/v1/files?name=large.bin", &key, bytes).await?.done()?;
                latencies.push(sent.elapsed());
            }
            Ok(latencies)
        }
    })
    .await
}

async fn downloads(server: &Server, customer: &Customer, file: &str, at_once: usize) -> Result<(Vec<Duration>, Duration), Failure> {
    let mut lanes = Vec::new();
    for _ in 0..at_once {
        lanes.push(Some((server.client().await?, Client::connect(server.bytes_url.trim_start_matches("http://")).await?)));
    }
    let (key, path) = (customer.key.clone(), format!("/v1/files/{file}/content"));
    let origin = server.bytes_url.clone();
    rounds(at_once, move |lane| {
        let (ready, key, path, origin) = (lanes.get_mut(lane).and_then(Option::take), key.clone(), path.clone(), origin.clone());
        async move {
            let (mut door, mut bytes) = ready.ok_or("there is no such lane")?;
            let mut latencies = Vec::new();
            for _ in 0..5 {
                let sent = Instant::now();
                let answer = door.get(&path, &key).await?;
                let location = answer.headers.get("location").and_then(|value| value.to_str().ok()).ok_or("there is no redirect")?;
                let there = location.strip_prefix(&origin).ok_or("the redirect leads elsewhere")?;
                whole(bytes.get(there, "").await?.done()?.body.len())?;
                latencies.push(sent.elapsed());
            }
            Ok(latencies)
        }
    })
    .await
}

fn whole(size: usize) -> Result<(), Failure> {
    if size == SIZE { Ok(()) } else { Err(format!("{size} bytes came of {SIZE}").into()) }
}

/// The SDK with the keys of the server's own store, and the bucket of what people put in.
fn sdk(data: &Path, server: &Server) -> Result<(Sdk, String), Failure> {
    let secrets: Value = serde_json::from_slice(&std::fs::read(data.join("secrets.json"))?)?;
    let secret = |name: &str| secrets.get(name).and_then(Value::as_str).ok_or_else(|| format!("the secrets have no `{name}`"));
    let client = bare::client(&server.bytes_url, secret("store_access_key")?, secret("store_secret_key")?, true);
    Ok((client, "satchel-files-us-east-1".to_owned()))
}

async fn sdk_upload(sdk: &Sdk, bucket: &str, number: usize) -> Result<String, Failure> {
    let key = format!("bare/{number}");
    sdk.put_object().bucket(bucket).key(&key).body(content(number).into()).send().await?;
    Ok(key)
}

async fn sdk_uploads(sdk: &Sdk, bucket: &str, first: usize, at_once: usize) -> Result<(Vec<Duration>, Duration), Failure> {
    let mut lanes: Vec<Vec<(usize, Bytes)>> = Vec::new();
    for lane in 0..at_once {
        lanes.push((0..5).map(|number| first + lane * 5 + number).map(|number| (number, content(number))).collect());
    }
    let (sdk, bucket) = (sdk.clone(), bucket.to_owned());
    rounds(at_once, move |lane| {
        let contents = lanes.get_mut(lane).map(std::mem::take).unwrap_or_default();
        let (sdk, bucket) = (sdk.clone(), bucket.clone());
        async move {
            let mut latencies = Vec::new();
            for (number, bytes) in contents {
                let sent = Instant::now();
                sdk.put_object().bucket(&bucket).key(format!("bare/{number}")).body(bytes.into()).send().await?;
                latencies.push(sent.elapsed());
            }
            Ok(latencies)
        }
    })
    .await
}

async fn sdk_downloads(sdk: &Sdk, bucket: &str, key: &str, at_once: usize) -> Result<(Vec<Duration>, Duration), Failure> {
    let (sdk, bucket, key) = (sdk.clone(), bucket.to_owned(), key.to_owned());
    rounds(at_once, move |_| {
        let (sdk, bucket, key) = (sdk.clone(), bucket.clone(), key.clone());
        async move {
            let mut latencies = Vec::new();
            for _ in 0..5 {
                let sent = Instant::now();
                let answer = sdk.get_object().bucket(&bucket).key(&key).send().await?;
                whole(answer.body.collect().await?.into_bytes().len())?;
                latencies.push(sent.elapsed());
            }
            Ok(latencies)
        }
    })
    .await
}
