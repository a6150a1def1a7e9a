//! A clamd that is killed, hangs and learns, while somebody tries to read at every step.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Client;
use satchel::inspect::Inspector;
use satchel::jobs::{WorkerSettings, Workers};
use sqlx::Row;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::daemon::Daemon;
use super::with_clamd;
use crate::support::{Tenant, World, until};

/// Tries to read every file that must not be readable, all the time.
#[derive(Clone, Default)]
struct Reader {
    closed: Arc<Mutex<BTreeSet<String>>>,
    tries: Arc<AtomicUsize>,
    leaked: Arc<AtomicBool>,
}

impl Reader {
    fn watch(&self, file: &str) {
        self.closed.lock().unwrap().insert(file.to_owned());
    }

    fn let_go(&self, file: &str) {
        self.closed.lock().unwrap().remove(file);
    }

    async fn run(self, url: String, key: String, client: Client, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let files: Vec<String> = self.closed.lock().unwrap().iter().cloned().collect();
            for file in files {
                let answer = client.get(format!("{url}/v1/files/{file}/content")).bearer_auth(&key).send().await.unwrap();
                // One that was let go of meanwhile may have been read.
                if answer.status() != 403 && self.closed.lock().unwrap().contains(&file) {
                    self.leaked.store(true, Ordering::SeqCst);
                }
                self.tries.fetch_add(1, Ordering::SeqCst);
            }
            tokio::task::yield_now().await;
        }
    }
}

struct Scene {
    world: World,
    tenant: Tenant,
    reader: Reader,
}

impl Scene {
    async fn status(&self, file: &str) -> String {
        self.world.get(&format!("/v1/files/{file}"), &self.tenant.key).await.expect(200).text("/lifecycle/status")
    }

    async fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let file = self.world.put(&self.tenant.key, &format!("name={name}"), bytes).await.expect(201).text("/id");
        self.reader.watch(&file);
        file
    }

    /// Lets waits of jobs end, but no lease: those who hold one work by the real clock.
    async fn time_goes_by(&self) {
        let mut database = self.world.database().await;
        let query = "SELECT COUNT(*) AS held FROM jobs WHERE state = 'leased'";
        if sqlx::query(query).fetch_one(&mut database).await.unwrap().get::<i64, _>("held") == 0 {
            self.world.clock.advance_seconds(20);
        }
    }

    /// Waits until its job was put back at least so often, while time goes by.
    async fn put_back(&self, file: &str, attempts: i64) {
        let mut database = self.world.database().await;
        until("the job was tried again", async || {
            self.time_goes_by().await;
            let query = "SELECT attempts, state, last_error FROM jobs WHERE file_id = $1";
            let row = sqlx::query(query).bind(file).fetch_one(&mut database).await.unwrap();
            assert_ne!(row.get::<String, _>("state"), "given_up", "an outage is nobody's fault");
            (row.get::<i64, _>("attempts") >= attempts && row.get::<Option<String>, _>("last_error").is_some()).then_some(())
        })
        .await;
        assert_eq!(self.status(file).await, "scanning");
    }

    async fn becomes(&self, file: &str, wanted: &str) {
        if wanted == "active" {
            self.reader.let_go(file);
        }
        until(wanted, async || {
            self.time_goes_by().await;
            (self.status(file).await == wanted).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_unscanned_is_readable_while_clamd_is_killed_hangs_and_learns() {
    let mut daemon = Daemon::start(&[("Local.First", b"the first bad word")]).await;
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut settings = with_clamd(&daemon.place());
    settings.clamd.as_mut().unwrap().timeout = Duration::from_secs(10);
    let workers =
        Workers::new(world.files.clone(), Arc::new(Inspector::new(settings)), WorkerSettings { count: 2, ..WorkerSettings::default() });
    tasks.spawn(workers.run(stop.clone()));
    let reader = Reader::default();
    tasks.spawn(reader.clone().run(world.url.clone(), tenant.key.clone(), world.client.clone(), stop.clone()));
    let scene = Scene { world, tenant, reader };

    let plain = scene.upload("plain.txt", b"a plain note").await;
    scene.becomes(&plain, "active").await;
    let bad = scene.upload("bad.txt", b"a note with the first bad word in it").await;
    scene.becomes(&bad, "quarantined").await;

    // Killed: more tries than a file's own fault would get, and none of them counts.
    daemon.kill();
    let late = scene.upload("late.txt", b"a note while nobody scans").await;
    let late_and_bad = scene.upload("late-bad.txt", b"the first bad word while nobody scans").await;
    scene.put_back(&late, 7).await;
    scene.put_back(&late_and_bad, 7).await;
    daemon.again().await;
    scene.becomes(&late, "active").await;
    scene.becomes(&late_and_bad, "quarantined").await;

    // Hung: it takes connections and says nothing.
    daemon.hang();
    let patient = scene.upload("patient.txt", b"a note for a scanner that hangs").await;
    scene.put_back(&patient, 2).await;
    daemon.go_on();
    scene.becomes(&patient, "active").await;

    // Another database: what it did not know before it knows now.
    let second: &[u8] = b"the second bad word";
    let before = scene.upload("before.txt", b"before: the second bad word").await;
    scene.becomes(&before, "active").await;
    daemon.learn(&[("Local.First", b"the first bad word"), ("Local.Second", second)], second).await;
    let after = scene.upload("after.txt", b"after: the second bad word").await;
    scene.becomes(&after, "quarantined").await;

    let tries = scene.reader.tries.load(Ordering::SeqCst);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    assert!(!scene.reader.leaked.load(Ordering::SeqCst), "somebody read what nobody had judged");
    assert!(tries > 50, "the reader was there all the time: {tries} tries");
    assert_eq!(scene.status(&bad).await, "quarantined");
}
