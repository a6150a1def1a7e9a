//! The embedded endpoint alone, with a disk that fails or a process that dies at a chosen write or flush
//! below its folder: what was acknowledged is there whole, what was not is as it was or whole, and after
//! the next start the index and the folder agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures::{StreamExt, stream};
use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use tempfile::TempDir;

use super::server::{LOOK_AGAIN, PATIENCE};
use super::shim::{Fault, Shim};
use crate::cli::program::{FREE_PORTS, satchel};

const BUCKET: &str = "satchel-files-us-east-1";
const PART: usize = 5 * 1024 * 1024;

/// SHA-256 of what lies under a key; `None` for nothing.
type Content = Option<Vec<u8>>;

fn content(size: usize, seed: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from((at / 253 + at + seed) % 256).unwrap()).collect()
}

fn sum(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// What may lie under each key, by what the client was told.
#[derive(Default)]
struct Ledger(BTreeMap<&'static str, BTreeSet<Content>>);

impl Ledger {
    fn told(&mut self, key: &'static str, new: Content, is_acknowledged: bool) {
        let allowed = self.0.entry(key).or_insert_with(|| BTreeSet::from([None]));
        if is_acknowledged {
            allowed.clear();
        }
        allowed.insert(new);
    }
}

struct Place {
    dir: TempDir,
    shim: Shim,
}

struct Endpoint {
    child: Child,
    s3: Client,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have died by its fault already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the server has probed its store, for which it writes objects of its own.
async fn probed(url: &str) {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let ready: Value = reqwest::get(format!("{url}/readyz")).await.unwrap().json().await.unwrap();
            if !ready["regions"][0]["capabilities"].is_null() {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    });
    waited.await.expect("the server did not probe its store");
}

impl Place {
    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The folder of a server that was stopped, once more.
    fn copy(&self) -> Self {
        let copy = Self { dir: tempfile::tempdir().unwrap(), shim: Shim::new() };
        let copied = Command::new("cp").arg("-a").arg(self.data()).arg(copy.dir.path()).status().unwrap();
        assert!(copied.success());
        copy
    }

    /// Starts the server; `None` when it ended first. A fault is armed once it serves.
    async fn start(&self) -> Option<Endpoint> {
        let card = self.data().join("server.json");
        let _ = fs::remove_file(&card);
        self.shim.arm(Fault::None);
        let mut command: Command = satchel();
        command.arg("serve").arg("--data").arg(self.data()).args(FREE_PORTS).env("SATCHEL__WORKERS__COUNT", "0");
        command.envs(self.shim.environment(&self.data().join("objects")));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let card = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(card) = fs::read(&card).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) {
                    return Some(card);
                }
                if child.try_wait().unwrap().is_some() {
                    return None;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        let card = card.await.expect("the server neither started nor ended")?;
        let secrets: Value = serde_json::from_slice(&fs::read(self.data().join("secrets.json")).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        probed(&text(&card["url"])).await;
        let credentials = Credentials::new(text(&secrets["store_access_key"]), text(&secrets["store_secret_key"]), None, None, "test");
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(text(&card["bytes_url"]))
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .force_path_style(true)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            // A second try would hide what the first one was told.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(PATIENCE).build());
        Some(Endpoint { child, s3: Client::from_conf(config.build()) })
    }
}

/// Replaces one object, makes one of parts, copies it, deletes one, and makes a new one.
async fn scenario(s3: &Client, ledger: &mut Ledger) {
    for (key, seed) in [("replaced", 2), ("deleted", 3), ("new", 4)] {
        let bytes = content(40_000, seed);
        let put = s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from(bytes.clone())).send().await;
        ledger.told(key, Some(sum(&bytes)), put.is_ok());
    }
    let parts = [content(PART, 5), content(70_000, 6)];
    let whole = Some(sum(&parts.concat()));
    ledger.told("parts", whole.clone(), in_parts(s3, &parts).await.is_some());
    let copy = s3.copy_object().copy_source(format!("{BUCKET}/replaced")).bucket(BUCKET).key("copied").send().await;
    let known = ledger.0["replaced"].clone();
    // A copy is one of what its source may be.
    for content in known {
        ledger.told("copied", content, false);
    }
    if copy.is_ok() {
        ledger.0.get_mut("copied").unwrap().remove(&None);
    }
    let deleted = s3.delete_object().bucket(BUCKET).key("deleted").send().await;
    ledger.told("deleted", None, deleted.is_ok());
    // A listing answers, or says that it cannot.
    let _ = s3.list_objects_v2().bucket(BUCKET).send().await;
}

async fn in_parts(s3: &Client, parts: &[Vec<u8>]) -> Option<()> {
    let begun = s3.create_multipart_upload().bucket(BUCKET).key("parts").send().await.ok()?;
    let id = begun.upload_id()?;
    let mut sent = Vec::new();
    for (number, bytes) in (1..).zip(parts) {
        let part = s3.upload_part().bucket(BUCKET).key("parts").upload_id(id).part_number(number);
        let part = part.body(ByteStream::from(bytes.clone())).send().await.ok()?;
        sent.push(CompletedPart::builder().part_number(number).e_tag(part.e_tag()?).build());
    }
    let list = CompletedMultipartUpload::builder().set_parts(Some(sent)).build();
    s3.complete_multipart_upload().bucket(BUCKET).key("parts").upload_id(id).multipart_upload(list).send().await.ok()?;
    Some(())
}

/// Every file that the index refers to.
fn referred(data: &Path) -> BTreeSet<String> {
    const OBJECTS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("objects");
    const PARTS: TableDefinition<(&str, u16), &[u8]> = TableDefinition::new("parts");
    let index = redb::Database::open(data.join("objects/index.redb")).unwrap();
    let look = index.begin_read().unwrap();
    let id = |segment: &Value| segment["id"].as_str().unwrap().to_owned();
    let mut ids = BTreeSet::new();
    for entry in look.open_table(OBJECTS).unwrap().iter().unwrap() {
        let row: Value = serde_json::from_slice(entry.unwrap().1.value()).unwrap();
        ids.extend(row["segments"].as_array().unwrap().iter().map(id));
    }
    for entry in look.open_table(PARTS).unwrap().iter().unwrap() {
        let row: Value = serde_json::from_slice(entry.unwrap().1.value()).unwrap();
        ids.insert(id(&row["segment"]));
    }
    ids
}

fn on_disk(data: &Path) -> BTreeSet<String> {
    let names = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let shards = fs::read_dir(data.join("objects/blobs")).unwrap();
    shards.flat_map(|shard| names(shard.unwrap().path())).chain(names(data.join("objects/temp"))).collect()
}

/// Starts the endpoint again, and compares what lies there with what was told.
async fn judge(place: &Place, ledger: &Ledger, fault: Fault) {
    let endpoint = place.start().await.unwrap_or_else(|| panic!("{fault:?}: the endpoint does not come up again"));
    for (key, allowed) in &ledger.0 {
        let found = match endpoint.s3.get_object().bucket(BUCKET).key(*key).send().await {
            Ok(object) => Some(sum(&object.body.collect().await.unwrap().into_bytes())),
            Err(error) => {
                assert_eq!(
                    error.as_service_error().map(aws_sdk_s3::operation::get_object::GetObjectError::is_no_such_key),
                    Some(true),
                    "{fault:?}: `{key}`: {error:?}"
                );
                None
            }
        };
        assert!(allowed.contains(&found), "{fault:?}: `{key}` is not what was told");
    }
    // The sweep at the start is over; nothing was written since.
    drop(endpoint);
    assert_eq!(on_disk(&place.data()), referred(&place.data()), "{fault:?}: the index and the folder do not agree");
}

/// A stopped server's folder with two objects.
async fn prepared() -> (Place, Ledger) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let place = Place { dir: tempfile::tempdir().unwrap(), shim: Shim::new() };
    fs::create_dir_all(place.data().join("objects")).unwrap();
    let endpoint = place.start().await.expect("the server starts");
    let mut ledger = Ledger::default();
    for (key, seed) in [("replaced", 0), ("kept", 1)] {
        let bytes = content(30_000, seed);
        endpoint.s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from(bytes.clone())).send().await.unwrap();
        ledger.told(key, Some(sum(&bytes)), true);
    }
    drop(endpoint);
    (place, ledger)
}

async fn through(prepared: &Place, ledger: &Ledger, fault: Fault) -> (u64, u64) {
    let place = prepared.copy();
    let mut ledger = Ledger(ledger.0.clone());
    let endpoint = place.start().await.expect("the server starts");
    place.shim.arm(fault);
    scenario(&endpoint.s3, &mut ledger).await;
    let counted = (place.shim.writes(), place.shim.flushes());
    drop(endpoint);
    judge(&place, &ledger, fault).await;
    counted
}

/// Faults that are tried at once, each on a folder and a server of its own.
const AT_ONCE: usize = 8;

async fn swept(choose: impl Fn(u64, u64) -> Vec<Fault>) {
    let (place, ledger) = prepared().await;
    let (writes, flushes) = through(&place, &ledger, Fault::None).await;
    assert!(writes > 20 && flushes > 10, "{writes} writes, {flushes} flushes");
    let faults = choose(writes, flushes);
    // Most of each is waiting: for answers that do not come, and for a server to stop.
    let each = stream::iter(&faults).map(|fault| through(&place, &ledger, *fault)).buffer_unordered(AT_ONCE);
    assert_eq!(each.count().await, faults.len());
    eprintln!("{} faults at {writes} writes and {flushes} flushes", faults.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_disk_fails_or_whose_process_dies_keeps_what_it_acknowledged() {
    swept(|writes, flushes| {
        let part = |of: u64, at: u64| 1 + at * of / 4;
        let of_writes = (0..3).flat_map(|at| [Fault::Full(part(writes, at)), Fault::BrokenOnce(part(writes, at) + 1)]);
        let of_flushes = (0..3).flat_map(|at| [Fault::KillBefore(part(flushes, at)), Fault::KillAfter(part(flushes, at) + 1)]);
        of_writes.chain(of_flushes).chain([Fault::KillWrite(writes / 2), Fault::FullOnce(writes / 3)]).collect()
    })
    .await;
}

mod long {
    use super::{Fault, swept};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_a_store_dies_at_every_write_and_every_flush() {
        swept(|writes, flushes| {
            let of_flushes = (1..=flushes).flat_map(|at| [Fault::KillBefore(at), Fault::KillAfter(at)]);
            (1..=writes).map(Fault::KillWrite).chain(of_flushes).collect()
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_every_write_and_every_flush_of_a_store_fails() {
        swept(|writes, flushes| {
            let every = 1..=writes + flushes;
            let full = (1..=writes).flat_map(|at| [Fault::Full(at), Fault::FullOnce(at)]);
            every.flat_map(|at| [Fault::Broken(at), Fault::BrokenOnce(at)]).chain(full).collect()
        })
        .await;
    }
}
