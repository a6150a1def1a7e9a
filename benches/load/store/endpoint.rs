//! The store that is measured: one that is named, or the embedded endpoint in a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use satchel::blob::embedded::{Embedded, EmbeddedSettings};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::Where;
use crate::Failure;
use crate::server::folder;

const ACCESS_KEY: &str = "load";
const SECRET_KEY: &str = "load-secret";

/// A store, and the keys to it; what was started for the run ends when this is dropped.
pub struct Endpoint {
    pub url: String,
    pub access_key: String,
    pub secret_key: String,
    pub without_checksums: bool,
    started: Option<(Child, TempDir)>,
}

impl Endpoint {
    pub async fn of(which: &Where) -> Result<Self, Failure> {
        if let Where { endpoint: Some(url), access_key: Some(access_key), secret_key: Some(secret_key), .. } = which {
            let (url, access_key, secret_key) = (url.clone(), access_key.clone(), secret_key.clone());
            return Ok(Self { url, access_key, secret_key, without_checksums: which.without_checksums, started: None });
        }
        let dir = folder()?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg("endpoint")
            .arg("--folder")
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let out = process.stdout.take().ok_or("the endpoint has no output")?;
        let address = BufReader::new(out).lines().next_line().await?.ok_or("the endpoint did not start")?;
        Ok(Self {
            url: format!("http://{address}"),
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            without_checksums: false,
            started: Some((process, dir)),
        })
    }

    /// The process that was started.
    pub fn process(&self) -> Option<u32> {
        self.started.as_ref().and_then(|(process, _)| process.id())
    }
}

/// Serves until it is killed; prints its address first.
pub async fn serve(folder: Option<&Path>) -> Result<(), Failure> {
    let dir = folder.map(PathBuf::from).ok_or("the endpoint needs a folder")?;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = EmbeddedSettings { dir, listen, access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.to_owned() };
    let embedded = Embedded::start(settings).await?;
    println!("{}", embedded.local_addr());
    std::future::pending().await
}
