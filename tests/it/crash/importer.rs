//! The command line as one more client: `satchel import` of a folder, while the server may die.

use ring::digest::{SHA256, digest};

use super::caller::{Ground, content};
use super::ledger::{Ledger, Upload};
use super::server::Server;
use crate::cli::program::run;

const FILES: usize = 3;

/// Imports a folder of new files, and notes what the command says of each.
pub async fn import(server: &Server, ground: &Ground, ledger: &Ledger, label: &str) {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        let name = format!("imported-{label}-{number}.txt");
        std::fs::write(dir.path().join(&name), content(&name, 400)).unwrap();
    }
    let (folder, url, key) = (dir.path().display().to_string(), server.url.clone(), ground.key.clone());
    let command = move || run(&["import", &folder, "--json", "--url", &url, "--key", &key]);
    let ended = tokio::task::spawn_blocking(command).await.unwrap();
    let report = ended.json();
    let list = report["list"].as_array().unwrap();
    assert_eq!(list.len(), FILES, "{report}");
    for entry in list {
        let name = entry["path"].as_str().and_then(|path| path.rsplit('/').next()).unwrap().to_owned();
        let bytes = content(&name, 400);
        match entry["id"].as_str() {
            Some(id) => ledger.facts().uploads.push(Upload {
                id: id.to_owned(),
                name,
                // What it is called is read from its text.
                title: None,
                sha256: hex::encode(digest(&SHA256, &bytes)),
                bytes: bytes.len(),
            }),
            None => ledger.facts().doubtful_uploads.push(name),
        }
    }
    // The command succeeds exactly when every file was stored.
    let stored = list.iter().filter(|entry| entry["outcome"] != "not_stored").count();
    assert_eq!(ended.code == Some(0), stored == FILES, "{ended:?}");
}
