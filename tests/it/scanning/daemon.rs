//! A clamd of a test's own, to be killed, stopped, and given another database.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::{beside, until};

/// It ends with this.
pub struct Daemon {
    dir: TempDir,
    child: Child,
}

impl Daemon {
    /// One that knows these bytes, by the names beside them.
    pub async fn start(signatures: &[(&str, &[u8])]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        fs::create_dir(dir.path().join("database")).unwrap();
        write_database(dir.path(), signatures);
        let conf = format!(
            "DatabaseDirectory {}\nLocalSocket {}\nForeground yes\nStreamMaxLength 4M\nMaxScanTime 10000\nSelfCheck 100000\n\
             ConcurrentDatabaseReload no\n",
            at("database"),
            at("socket")
        );
        fs::write(dir.path().join("clamd.conf"), conf).unwrap();
        let child = run(dir.path());
        let daemon = Self { dir, child };
        daemon.answers().await;
        daemon
    }

    /// Where it listens, as the settings name it.
    pub fn place(&self) -> String {
        format!("unix:{}", self.dir.path().join("socket").display())
    }

    async fn ask(&self, command: &[u8]) -> Option<Vec<u8>> {
        let mut wire = UnixStream::connect(self.dir.path().join("socket")).await.ok()?;
        wire.write_all(command).await.ok()?;
        let mut said = Vec::new();
        wire.read_to_end(&mut said).await.ok()?;
        Some(said)
    }

    async fn answers(&self) {
        until("clamd answers", async || (self.ask(b"zPING\0").await? == b"PONG\0").then_some(())).await;
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// It no longer runs a step, and its socket still takes connections.
    pub fn hang(&self) {
        self.signal("-STOP");
    }

    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was.
    pub async fn again(&mut self) {
        self.child = run(self.dir.path());
        self.answers().await;
    }

    /// Gives it another database, and waits until it judges by that: until it finds `known`.
    pub async fn learn(&self, signatures: &[(&str, &[u8])], known: &[u8]) {
        write_database(self.dir.path(), signatures);
        assert_eq!(self.ask(b"zRELOAD\0").await.unwrap(), b"RELOADING\0");
        let length = u32::try_from(known.len()).unwrap().to_be_bytes();
        let command = [b"zINSTREAM\0", &length[..], known, &[0; 4]].concat();
        until("clamd has its new database", async || self.ask(&command).await?.ends_with(b"FOUND\0").then_some(())).await;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let (_killed, _reaped) = (self.child.kill(), self.child.wait());
    }
}

fn write_database(dir: &Path, signatures: &[(&str, &[u8])]) {
    let lines: Vec<String> = signatures.iter().map(|(name, bytes)| format!("{name}:0:*:{}", hex::encode(bytes))).collect();
    fs::write(dir.join("database/local.ndb"), lines.join("\n") + "\n").unwrap();
}

fn run(dir: &Path) -> Child {
    Command::new(beside("SATCHEL_TEST_CLAMD_PROGRAM"))
        .arg("--config-file")
        .arg(dir.join("clamd.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
