//! Starting and not starting: folders, ports, settings.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use super::program::{FREE_PORTS, Serving, run, satchel, text};

#[test]
fn a_taken_port_is_named_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(&["serve", "--data", data.to_str().unwrap(), "--listen", &address, "--bytes-listen", "127.0.0.1:0"]);
    ended.refused(2, &format!("cannot listen on `{address}`"));
    assert!(!data.join("catalog").exists());
    let ended = run(&["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0", "--bytes-listen", &address]);
    ended.refused(2, &format!("cannot listen on `{address}`"));
}

#[test]
fn a_file_in_place_of_the_folder_is_a_clear_refusal() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for command in ["serve", "demo"] {
        let mut arguments = vec![command, "--data", file.path().to_str().unwrap()];
        arguments.extend(FREE_PORTS);
        run(&arguments).refused(2, "cannot be used");
    }
}

#[test]
fn unknown_settings_are_named_wherever_they_come_from() {
    let mut command = satchel();
    let output = command.env("SATCHEL__HTTP__LISTN", "x").args(["serve", "--print-settings"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("there is no setting `http.listn` (in the environment)"), "{said}");

    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "[store]\nbuckets = 3\n").unwrap();
    let path = file.path().to_str().unwrap();
    let ended = run(&["serve", "--config", path, "--print-settings"]);
    ended.refused(2, "there is no setting `store.buckets`");
    assert!(ended.remarks.contains(path), "{ended:?}");
    run(&["serve", "--config", "/nowhere/satchel.toml"]).refused(2, "cannot be read");
}

#[test]
fn printed_settings_hide_secrets_and_show_who_wins() {
    let mut command = satchel();
    command.env("SATCHEL__STORE__ACCESS_KEY", "0123").env("SATCHEL__STORE__SECRET_KEY", "hush-hush").env("SATCHEL__WORKERS__COUNT", "5");
    let output = command.args(["serve", "--workers", "7", "--print-settings"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !shown.contains("hush-hush"), "{shown}");
    for line in ["access_key = \"0123\"", "secret_key = \"(hidden)\"", "count = 7"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn a_server_shows_its_card_to_its_owner_only_and_takes_it_away() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut arguments = vec!["serve", "--data", data.to_str().unwrap()];
    arguments.extend(FREE_PORTS);
    let mut server = Serving::start(&arguments);
    let card = data.join("server.json");
    while !card.exists() {
        std::thread::yield_now();
    }
    assert_eq!(fs::metadata(&card).unwrap().permissions().mode() & 0o777, 0o600);
    let created = run(&["customer", "create", "Acme", "--json", "--data", data.to_str().unwrap()]);
    assert_eq!(created.code, Some(0), "{created:?}");
    let created = created.json();
    let key = text(&created, "/api_key");
    let data_text = data.to_str().unwrap();
    let added = run(&["person", "add", "Ann Lee", "--role", "owner", "--key", key, "--data", data_text]);
    assert!(added.code == Some(0) && added.out.starts_with("user_"), "{added:?}");
    let made = run(&["key", "create", "reader", "--permission", "files:read", "--json", "--key", key, "--data", data_text]).json();
    let rotated = run(&["key", "rotate", text(&made, "/id"), "--overlap", "60", "--key", key, "--data", data_text]);
    assert!(rotated.code == Some(0) && rotated.out.contains("sk_") && !rotated.out.contains(text(&made, "/api_key")), "{rotated:?}");
    assert!(rotated.remarks.contains("opens it too until"), "{rotated:?}");
    run(&["key", "rotate", text(&made, "/id"), "--overlap", "700000", "--key", key, "--data", data_text]).refused(1, "at most 604800");
    let operator = run(&["key", "create", "backup", "--operator", "--days", "30", "--json", "--data", data_text]).json();
    assert!(text(&operator, "/api_key").starts_with("sop_"));
    let operators = run(&["key", "list", "--operator", "--data", data_text]);
    assert!(operators.out.contains("backup") && operators.out.lines().count() == 3, "{operators:?}");
    assert_eq!(run(&["key", "revoke", text(&operator, "/id"), "--operator", "--data", data_text]).code, Some(0));
    let revoked = run(&["key", "revoke", text(&made, "/id"), "--key", key, "--data", data_text]);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    let listed = run(&["key", "list", "--key", key, "--data", data_text]);
    assert!(listed.out.contains("reader") && listed.out.contains("revoked"), "{listed:?}");
    let (code, remarks) = server.stop();
    assert_eq!(code, Some(0), "{remarks}");
    assert!(!card.exists());
    run(&["person", "list", "--data", data_text]).refused(2, "no server runs on");
}
