//! Regions at the terminal: settings, set-up, the doctor, and a server that is started without one of them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::program::{FREE_PORTS, Serving, run, satchel};
use crate::stores_setup::peer::{Kind, Peer};
use crate::support::until;

/// The settings of a server whose home is in its folder, with one region more.
fn settings(peer: &Peer, file: &Path) {
    let store = &peer.settings;
    let text = format!(
        "[store.regions.eu-west-1]\nendpoint = \"{}\"\naccess_key = \"{}\"\nsecret_key = \"{}\"\npath_style = true\nregion = \"us-east-1\"\n\
         checksums_when_required = true\nfiles_bucket = \"{}\"\nmetadata_bucket = \"{}\"\n",
        store.endpoint.as_deref().unwrap(),
        store.access_key,
        store.secret_key,
        store.files_bucket,
        store.metadata_bucket
    );
    std::fs::write(file, text).unwrap();
}

fn said(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn an_operator_adds_a_region_and_cannot_lose_it_by_mistake() {
    let peer = Peer::reach(Kind::Rgw).await;
    let dir = tempfile::tempdir().unwrap();
    let (config, data) = (dir.path().join("satchel.toml"), dir.path().join("data"));
    settings(&peer, &config);
    let flags = ["--config", config.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let (code, plan) = said(satchel().args(["store", "setup", "--plan", "--json"]).args(flags));
    let plan: Value = serde_json::from_str(&plan).unwrap_or_else(|error| panic!("{error}: {plan}"));
    let regions: Vec<&str> = plan["lines"].as_array().unwrap().iter().map(|line| line["region"].as_str().unwrap()).collect();
    assert!(code == Some(0) && regions.contains(&"us-east-1") && regions.contains(&"eu-west-1"), "{plan}");
    let (code, applied) = said(satchel().args(["store", "setup", "--apply"]).args(flags));
    assert!(code == Some(0) && applied.contains("\neu-west-1\n"), "{code:?} {applied}");
    let (code, rights) = said(satchel().args(["store", "policy", "--role", "server", "--region", "eu-west-1"]).args(flags));
    assert!(code == Some(0) && rights.contains(&peer.settings.files_bucket), "{code:?} {rights}");
    let (code, rights) = said(satchel().args(["store", "policy", "--role", "server", "--region", "eu-west-2"]).args(flags));
    assert!(code == Some(2) && rights.contains("`eu-west-1`"), "{code:?} {rights}");
    let (code, probed) = said(satchel().args(["doctor"]).args(flags));
    assert!(code == Some(0) && probed.contains("`eu-west-1`: both buckets answer"), "{code:?} {probed}");
    // A customer there.
    let mut command = satchel();
    command.args(["serve"]).args(flags).args(FREE_PORTS);
    let mut serving = Serving::running(command);
    let create = |region: &str| {
        let flags = ["customer", "create", "Acme", "--region", region, "--json", "--data", data.to_str().unwrap()];
        run(&flags)
    };
    until("the server to say where it is", async || data.join("server.json").exists().then_some(())).await;
    assert_eq!(create("eu-west-1").code, Some(0));
    let refused = create("eu-west-2");
    assert!(refused.code != Some(0) && refused.remarks.contains("is one of `us-east-1`, `eu-west-1`"), "{refused:?}");
    assert_eq!(serving.stop().0, Some(0));
    // And a start that would not know where its bytes are.
    let data = data.to_str().unwrap();
    let without = run(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--bytes-listen", "127.0.0.1:0"]);
    assert!(
        without.code == Some(2) && without.remarks.contains("bytes of customers lie in `eu-west-1`, for which no store is set"),
        "{without:?}"
    );
    peer.close().await;
}
